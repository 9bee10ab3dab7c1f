//! The members of a JSON object in their order; a name may occur twice.

use std::borrow::Cow;
use std::fmt;

use serde::de::{Deserializer as _, MapAccess, Visitor};
use serde_json::value::RawValue;

use super::text::Text;

/// Calls `each` with each member of an object.
///
/// # Errors
///
/// The text is not a JSON object, or one of its names is not valid; `each` has been called with the members before it.
pub(crate) fn each_member<'a>(object: &'a str, each: impl FnMut(Cow<'a, str>, &'a RawValue)) -> serde_json::Result<()> {
    struct Each<F>(F);

    impl<'de, F: FnMut(Cow<'de, str>, &'de RawValue)> Visitor<'de> for Each<F> {
        type Value = ();

        fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("an object")
        }

        fn visit_map<A: MapAccess<'de>>(mut self, mut map: A) -> Result<(), A::Error> {
            while let Some((Text(name), value)) = map.next_entry()? {
                (self.0)(name, value);
            }
            Ok(())
        }
    }

    let mut deserializer = serde_json::Deserializer::from_str(object);
    deserializer.deserialize_map(Each(each))?;
    deserializer.end()
}

/// Returns the members of an object.
///
/// # Errors
///
/// The text is not a JSON object, or one of its names is not valid.
#[cfg_attr(
    not(any(feature = "http", feature = "records", feature = "logging")),
    allow(dead_code, reason = "the adapters read them")
)]
pub(crate) fn members(object: &str) -> serde_json::Result<Vec<(Cow<'_, str>, &RawValue)>> {
    let mut members = Vec::new();
    each_member(object, |name, value| members.push((name, value)))?;
    Ok(members)
}

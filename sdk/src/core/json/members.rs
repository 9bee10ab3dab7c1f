//! The members of a JSON object in their order; a name may occur twice.

use std::borrow::Cow;
use std::fmt;

use serde::de::{Deserialize, Deserializer, IgnoredAny, MapAccess, Visitor};
use serde_json::value::RawValue;

use super::text::Text;

/// The members of a JSON object. Any other value is an error.
#[derive(Debug, Default)]
pub(crate) struct Members<'a>(pub(crate) Vec<(Cow<'a, str>, &'a RawValue)>);

impl<'de: 'a, 'a> Deserialize<'de> for Members<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let mut members = Vec::with_capacity(16);
        deserializer.deserialize_map(Each(|name, value| members.push((name, value))))?;
        Ok(Self(members))
    }
}

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

/// Calls `each` with each member of an object.
///
/// # Errors
///
/// The text is not a JSON object, or one of its names is not valid; `each` has been called with the members before it.
pub(crate) fn each_member<'a>(object: &'a str, each: impl FnMut(Cow<'a, str>, &'a RawValue)) -> serde_json::Result<()> {
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
    serde_json::from_str(object).map(|Members(members)| members)
}

/// Returns the value of one member of an object; of a name that occurs twice, the last.
#[cfg_attr(
    not(any(feature = "http", feature = "logging", feature = "mcp")),
    allow(dead_code, reason = "contexts and logs read it")
)]
pub(crate) fn member<'a>(object: &'a str, name: &str) -> Option<&'a RawValue> {
    struct Member<'n>(&'n str);

    impl<'de> Visitor<'de> for Member<'_> {
        type Value = Option<&'de RawValue>;

        fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("an object")
        }

        fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
            let mut found = None;
            while let Some(Text(name)) = map.next_key()? {
                match name == self.0 {
                    true => found = Some(map.next_value()?),
                    false => drop(map.next_value::<IgnoredAny>()?),
                }
            }
            Ok(found)
        }
    }

    serde_json::Deserializer::from_str(object).deserialize_map(Member(name)).ok()?
}

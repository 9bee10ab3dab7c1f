//! Looks at the first items of a list without reading the others.

use serde::de::{Deserializer as _, SeqAccess, Visitor};
use serde_json::value::RawValue;

use super::{EventSource, text};
use crate::core::json::members::each_member;
use crate::core::json::text::Text;

/// Returns the first item of a list, such as that of a batch of AppSync, without reading those after it.
#[cfg(feature = "otel")]
pub(crate) fn first_item(list: &str) -> Option<&str> {
    struct First<'f, 'de>(&'f mut Option<&'de str>);

    impl<'de> Visitor<'de> for First<'_, 'de> {
        type Value = ();

        fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
            f.write_str("a list")
        }

        fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<(), A::Error> {
            *self.0 = items.next_element::<&RawValue>()?.map(RawValue::get);
            Ok(())
        }
    }

    let mut first = None;
    // serde_json returns an error, since the visitor stops early.
    let _ = serde_json::Deserializer::from_str(list).deserialize_seq(First(&mut first));
    first
}

/// Returns the first source that a record names, without reading the records after it.
pub(crate) fn first_source(records: &str) -> Option<EventSource> {
    struct First<'f>(&'f mut Option<EventSource>);

    impl<'de> Visitor<'de> for First<'_> {
        type Value = ();

        fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
            f.write_str("records")
        }

        fn visit_seq<A: SeqAccess<'de>>(self, mut records: A) -> Result<(), A::Error> {
            while self.0.is_none()
                && let Some(record) = records.next_element::<&RawValue>()?
            {
                // One that is not an object names no source.
                let _ = each_member(record.get(), |name, value| {
                    if let "eventSource" | "EventSource" = &*name {
                        *self.0 = text(value.get()).and_then(|Text(name)| EventSource::named(&name));
                    }
                });
            }
            Ok(())
        }
    }

    let mut first = None;
    // serde_json returns an error, since the visitor stops early.
    let _ = serde_json::Deserializer::from_str(records).deserialize_seq(First(&mut first));
    first
}

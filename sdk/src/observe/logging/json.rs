//! JSON helpers for log lines.

use std::borrow::Cow;
use std::fmt;

use serde::de::{Deserializer, MapAccess, Visitor};
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

/// Writes a JSON string.
pub(super) fn write_str(to: &mut Vec<u8>, text: &str) {
    to.reserve(text.len() + 2);
    write_value(to, text);
}

/// Writes a value that always has a JSON form: a string, a number, a list of strings.
pub(super) fn write_value(to: &mut Vec<u8>, value: impl Serialize) {
    // Writing to a Vec does not fail.
    let _ = serde_json::to_writer(to, &value);
}

/// Writes text that is known to be JSON, on one line: a line break in JSON can only be white space between tokens.
pub(super) fn write_json(to: &mut Vec<u8>, json: &str) {
    let start = to.len();
    to.extend_from_slice(json.as_bytes());
    for byte in &mut to[start..] {
        if matches!(byte, b'\n' | b'\r') {
            *byte = b' ';
        }
    }
}

/// The keys and values of an object, in their order.
pub(super) struct Entries<'a>(pub(super) Vec<(Cow<'a, str>, &'a RawValue)>);

impl<'de> Deserialize<'de> for Entries<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct InOrder;
        impl<'de> Visitor<'de> for InOrder {
            type Value = Entries<'de>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Entries<'de>, A::Error> {
                let mut entries = Vec::new();
                while let Some(entry) = map.next_entry()? {
                    entries.push(entry);
                }
                Ok(Entries(entries))
            }
        }
        deserializer.deserialize_map(InOrder)
    }
}

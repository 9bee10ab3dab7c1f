//! Finds a correlation id in an event without decoding the rest of it.

use std::borrow::Cow;
use std::fmt;

use serde::Deserialize;
use serde::de::{Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde_json::value::RawValue;

/// A longer one is no id, in bytes.
const MAX_ID: usize = 1024;

/// The string or number at a JSON Pointer (RFC 6901).
pub(super) fn find(event: &RawValue, pointer: &str) -> Option<String> {
    let mut value = event;
    for token in pointer.strip_prefix('/')?.split('/') {
        value = member(value.get(), &token.replace("~1", "/").replace("~0", "~"))?;
    }
    let json = value.get();
    let id = match json.as_bytes().first()? {
        b'"' => serde_json::from_str(json).ok()?,
        b'-' | b'0'..=b'9' => json.to_owned(),
        _ => return None,
    };
    (!id.is_empty() && id.len() <= MAX_ID).then_some(id)
}

fn member<'a>(json: &'a str, token: &str) -> Option<&'a RawValue> {
    struct Member<'t>(&'t str);

    impl<'de> Visitor<'de> for Member<'_> {
        type Value = Option<&'de RawValue>;

        fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("an object or an array")
        }

        fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
            let mut found = None;
            while let Some(Key(key)) = map.next_key()? {
                match key == self.0 {
                    true => found = Some(map.next_value()?),
                    false => drop(map.next_value::<IgnoredAny>()?),
                }
            }
            Ok(found)
        }

        fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Self::Value, A::Error> {
            let (index, mut at) = (self.0.parse::<usize>().ok(), 0);
            let mut found = None;
            while let Some(item) = items.next_element()? {
                if index == Some(at) {
                    found = Some(item);
                }
                at += 1;
            }
            Ok(found)
        }
    }

    serde_json::Deserializer::from_str(json).deserialize_any(Member(token)).ok()?
}

/// Borrowed unless it has an escape.
#[derive(Deserialize)]
struct Key<'a>(#[serde(borrow)] Cow<'a, str>);

#[cfg(test)]
mod tests {
    use super::*;

    fn find_in(event: &str, pointer: &str) -> Option<String> {
        find(&RawValue::from_string(event.to_owned()).unwrap(), pointer)
    }

    #[test]
    fn a_string_or_a_number_is_found() {
        let event = r#"{"other": [1, {}], "requestContext": {"requestId": "a\"b"}, "list": [{"id": 7}], "a/b": "c"}"#;
        assert_eq!(find_in(event, "/requestContext/requestId").as_deref(), Some("a\"b"));
        assert_eq!(find_in(event, "/list/0/id").as_deref(), Some("7"));
        assert_eq!(find_in(event, "/a~1b").as_deref(), Some("c"));
    }

    #[test]
    fn what_is_no_id_is_none() {
        let long = format!(r#"{{"id": "{}"}}"#, "x".repeat(MAX_ID + 1));
        assert_eq!(find_in(&long, "/id"), None);
        for (event, pointer) in
            [(r#"{"id": {}}"#, "/id"), (r#"{"id": ""}"#, "/id"), ("{}", "/id"), ("7", "/id"), ("[1]", "/1"), ("{}", "")]
        {
            assert_eq!(find_in(event, pointer), None, "{event} {pointer}");
        }
    }
}

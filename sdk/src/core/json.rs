//! Decodes JSON text into a type; an error has the path of the field.

#[cfg(feature = "tools")]
pub(crate) mod distinct;
#[cfg(any(feature = "http", feature = "jwt", feature = "appsync"))]
pub(crate) mod field;
#[cfg(feature = "records")]
pub(crate) mod lenient;
pub(crate) mod members;
#[cfg(any(feature = "http", feature = "appsync", feature = "tools"))]
pub(crate) mod message;
pub(crate) mod text;

use std::borrow::Cow;
use std::fmt;

use serde::de::{Deserialize, DeserializeOwned, Deserializer};
use serde_path_to_error::Segment;

/// The maximum length of a pointer in a message, in bytes: the keys of a map come from the sender, and may be as long
/// as the text.
const POINTER: usize = 1024;

/// The maximum length of the description of a mistake, in bytes.
const TEXT: usize = 512;

/// The maximum length of the parts of a message that the sender may choose, in bytes: a pointer, and the message of a
/// custom `Deserialize`.
const REPEATED: usize = 64;

/// The error of JSON text that is not a `T`: the place in the text, and a description of the mistake. It does not
/// repeat the value, which may be secret; the text shows at most 64 bytes of the pointer, and of the message of a custom
/// `Deserialize`.
pub struct JsonError {
    pointer: String,
    source: serde_json::Error,
}

impl JsonError {
    /// Creates the error of text that was decoded elsewhere, without a place in it.
    #[cfg_attr(not(feature = "records"), allow(dead_code, reason = "records are read by parts"))]
    pub(crate) fn of(source: serde_json::Error) -> Self {
        Self { pointer: String::new(), source }
    }

    /// Returns a JSON Pointer (RFC 6901) to the value that is wrong; empty for the whole text.
    pub fn pointer(&self) -> &str {
        &self.pointer
    }

    /// Returns the field and what it expected, in terms of JSON, for a client: also without the message of a custom
    /// `Deserialize`, which may repeat a value that the client has never seen.
    #[cfg(feature = "appsync")]
    pub(crate) fn for_client(&self) -> String {
        let message = self.source.to_string();
        placed(&message::field_of(self.pointer.clone(), &message), &message::without_values(&message))
    }
}

impl fmt::Display for JsonError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&placed(&self.pointer, &described(&self.source.to_string())))
    }
}

/// serde's own `Debug` repeats what it found.
impl fmt::Debug for JsonError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("JsonError").field(&self.to_string()).finish()
    }
}

/// Returns the kind of value, such as `string`, that serde found in the text according to the rest of a message
/// `invalid type: …`.
pub(crate) fn found(rest: &str) -> Option<&'static str> {
    const KINDS: [&str; 14] = [
        "boolean",
        "integer",
        "floating point",
        "number",
        "character",
        "string",
        "byte array",
        "null",
        "unit",
        "Option value",
        "newtype struct",
        "sequence",
        "map",
        "enum",
    ];
    KINDS.into_iter().find(|kind| rest.starts_with(kind))
}

/// Returns the end of serde's message: what the type expected. The value before it may contain the same words.
pub(crate) fn expected(message: &str) -> Option<&str> {
    // No type was expected, and the words before are the sender's.
    if ["there are no fields", "there are no variants"].iter().any(|none| message.ends_with(none)) {
        return None;
    }
    message.rsplit_once(", expected ").map(|(_, expected)| expected)
}

/// Returns serde's message without the value that it found in the text; the expectation is the type's own.
fn without_value(message: &str) -> Cow<'_, str> {
    for wrong in ["invalid type", "invalid value"] {
        let Some(found) = message.strip_prefix(wrong).and_then(|rest| rest.strip_prefix(": ")) else { continue };
        let kind = self::found(found).map(|kind| format!("{kind}, ")).unwrap_or_default();
        return expected(message).map_or(wrong.into(), |expected| format!("{wrong}: {kind}expected {expected}").into());
    }
    for unknown in ["unknown variant", "unknown field"] {
        if message.starts_with(unknown) {
            return expected(message)
                .map_or(unknown.into(), |expected| format!("{unknown}, expected {expected}").into());
        }
    }
    message.into()
}

/// Returns the description of a mistake with its place.
pub(crate) fn placed(pointer: &str, description: &str) -> String {
    match pointer {
        "" => description.to_owned(),
        pointer => format!("{}: {description}", shortened(pointer.into(), REPEATED)),
    }
}

/// Describes a mistake by serde's message, without the value. The message of a custom `Deserialize`, which may repeat
/// what was sent, is shortened.
pub(crate) fn described(message: &str) -> Cow<'_, str> {
    const OF_SERDE: [&str; 10] = [
        "invalid type",
        "invalid value",
        "invalid length ",
        "unknown variant",
        "unknown field",
        "missing field `",
        "duplicate field `",
        "data did not match any variant of ",
        "no variant of enum ",
        "control character ",
    ];
    let message = without_value(message);
    let is_of_serde = OF_SERDE.iter().any(|start| message.starts_with(start));
    shortened(message, if is_of_serde { TEXT } else { REPEATED })
}

fn shortened(text: Cow<'_, str>, longest: usize) -> Cow<'_, str> {
    match text.len() <= longest {
        true => text,
        false => format!("{}…", &text[..text.floor_char_boundary(longest)]).into(),
    }
}

/// Decodes `null` as the default of a type.
pub(crate) fn or_default<'de, D: Deserializer<'de>, T: Deserialize<'de> + Default>(json: D) -> Result<T, D::Error> {
    Option::deserialize(json).map(Option::unwrap_or_default)
}

/// Returns `true` for the text of an object: a derived `Deserialize` also accepts an array of the fields in their order.
pub(crate) fn is_object(text: &str) -> bool {
    text.trim_start().starts_with('{')
}

/// Decodes an object of `json` as a struct; `None` also for an array of its fields.
#[cfg(feature = "jwt")]
pub(crate) fn object<'de, T: Deserialize<'de>>(json: &'de [u8]) -> Option<T> {
    let is_object = json.trim_ascii_start().first() == Some(&b'{');
    is_object.then(|| serde_json::from_slice(json).ok())?
}

// Its own text includes the source's.
impl std::error::Error for JsonError {}

/// Decodes `T`. The path is determined only after a mistake, by decoding again.
pub(crate) fn decode<T: DeserializeOwned>(text: &[u8]) -> Result<T, JsonError> {
    serde_json::from_slice(text).map_err(|error| locate::<T>(text, error))
}

/// Decodes `T` as [`decode`] does. A struct must be an object: a derived `Deserialize` also accepts an array of the fields
/// in their order.
#[cfg(feature = "appsync")]
pub(crate) fn decode_by_name<T: DeserializeOwned>(text: &[u8]) -> Result<T, JsonError> {
    if text.trim_ascii_start().first() == Some(&b'[') && field::is_struct::<T>() {
        return Err(JsonError::of(serde::de::Error::custom("invalid type: sequence, expected an object")));
    }
    decode(text)
}

fn locate<T: DeserializeOwned>(text: &[u8], error: serde_json::Error) -> JsonError {
    let deserializer = &mut serde_json::Deserializer::from_slice(text);
    match serde_path_to_error::deserialize::<_, T>(deserializer) {
        Err(found) => JsonError { pointer: pointer(found.path()), source: found.into_inner() },
        Ok(_) => JsonError { pointer: String::new(), source: error },
    }
}

/// Formats a path of serde as a JSON Pointer (RFC 6901).
pub(crate) fn pointer(path: &serde_path_to_error::Path) -> String {
    let mut pointer = String::new();
    for segment in path.iter() {
        let whole = match segment {
            Segment::Seq { index } => push_step(&mut pointer, &index.to_string()),
            Segment::Map { key } => push_step(&mut pointer, key),
            // The variant of an enum is not a step in the JSON.
            Segment::Enum { .. } | Segment::Unknown => true,
        };
        if !whole {
            break;
        }
    }
    pointer
}

/// Adds a step to a JSON Pointer; returns `false` if it would be too long: it then points at the enclosing value.
pub(crate) fn push_step(pointer: &mut String, step: &str) -> bool {
    if pointer.len() + step.len() >= POINTER {
        return false;
    }
    pointer.push('/');
    pointer.push_str(&step.replace('~', "~0").replace('/', "~1"));
    true
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug, serde::Deserialize)]
    #[allow(dead_code)]
    struct Order {
        lines: Vec<Line>,
    }

    #[derive(Debug, serde::Deserialize)]
    #[allow(dead_code)]
    struct Line {
        count: u8,
    }

    #[test]
    fn what_stands_in_the_text_is_not_repeated() {
        #[derive(Debug, serde::Deserialize)]
        #[serde(deny_unknown_fields)]
        #[allow(dead_code)]
        struct Card {
            number: u64,
            kind: Kind,
        }
        #[derive(Debug, serde::Deserialize)]
        enum Kind {
            Credit,
        }
        for text in [
            r#"{"number": "hunter2"}"#,
            r#"{"number": -4242424242}"#,
            r#"{"number": 42.424242}"#,
            r#"{"number": "a, expected hunter2"}"#,
            r#"{"kind": "hunter2"}"#,
            r#""hunter2""#,
            "hunter2",
        ] {
            let error = decode::<Card>(text.as_bytes()).unwrap_err();
            let said = format!("{error} {error:?}");
            assert!(!said.contains("hunter2") && !said.contains("4242"), "{said}");
        }
        let said = decode::<Card>(br#"{"number": "hunter2"}"#).unwrap_err().to_string();
        assert_eq!(said, "/number: invalid type: string, expected u64 at line 1 column 20");
    }

    #[test]
    fn at_most_64_bytes_of_the_text_are_repeated() {
        #[derive(Debug, serde::Deserialize)]
        #[serde(deny_unknown_fields)]
        #[allow(dead_code)]
        struct Closed {
            count: u8,
        }
        #[derive(Debug)]
        struct Custom;
        impl<'de> Deserialize<'de> for Custom {
            fn deserialize<D: Deserializer<'de>>(json: D) -> Result<Self, D::Error> {
                Err(serde::de::Error::custom(format!("{} is taken", String::deserialize(json)?)))
            }
        }
        type Map<T> = std::collections::BTreeMap<String, T>;

        let key = "k".repeat(500);
        for error in [
            decode::<Map<u8>>(format!(r#"{{"{key}":"x"}}"#).as_bytes()).unwrap_err(),
            decode::<Map<Map<u8>>>(format!(r#"{{"{key}":{{"{key}":"x"}}}}"#).as_bytes()).unwrap_err(),
            decode::<Closed>(format!(r#"{{"{key}":1}}"#).as_bytes()).unwrap_err(),
            decode::<Custom>(format!(r#""{key}""#).as_bytes()).unwrap_err(),
            decode::<Vec<Custom>>(format!(r#"["{key}"]"#).as_bytes()).unwrap_err(),
        ] {
            let repeated = error.to_string().matches('k').count();
            assert!((32..=64).contains(&repeated), "{repeated} in {error}");
        }
        let error = decode::<Custom>(br#""a""#).unwrap_err().to_string();
        assert!(error.starts_with("a is taken"), "{error}");
    }

    #[cfg(feature = "appsync")]
    #[test]
    fn a_struct_is_not_read_from_an_array() {
        #[derive(Debug, PartialEq, serde::Deserialize)]
        struct Empty {}
        for text in [&b"[3]"[..], b" [3]", b"[[]]"] {
            let error = decode_by_name::<Line>(text).unwrap_err();
            assert_eq!(error.to_string(), "invalid type: sequence, expected an object");
        }
        assert!(decode_by_name::<Option<Line>>(b"[3]").is_err() && decode_by_name::<Empty>(b"[]").is_err());
        assert_eq!(decode_by_name::<Line>(br#"{"count":3}"#).unwrap().count, 3);
        assert_eq!(decode_by_name::<Vec<Line>>(br#"[{"count":3}]"#).unwrap().len(), 1);
        assert_eq!(decode_by_name::<(u8, String)>(br#"[3,"a"]"#).unwrap(), (3, "a".to_owned()));
        assert_eq!(decode_by_name::<serde_json::Value>(b"[3]").unwrap(), serde_json::json!([3]));
    }

    #[test]
    fn a_mistake_is_told_with_its_place() {
        let error = decode::<Order>(br#"{"lines": [{"count": 1}, {"count": -1}]}"#).unwrap_err();
        assert_eq!(error.pointer(), "/lines/1/count");
        assert!(error.to_string().starts_with("/lines/1/count: invalid value: integer, expected u8"), "{error}");
        let error = decode::<Order>(format!(r#"{{"lines": "{}"}}"#, "é".repeat(10_000)).as_bytes()).unwrap_err();
        assert!(error.to_string().len() < 600, "{}", error.to_string().len());
        let error = decode::<Order>(b"{").unwrap_err();
        assert!(error.to_string().starts_with("EOF while parsing"), "{error}");
    }
}

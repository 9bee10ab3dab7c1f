//! Helpers of the event builders: content as text or base64, and fixed ids.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::Serialize;

/// The region, the account and the time of every event.
pub(super) const REGION: &str = "eu-central-1";
pub(super) const ACCOUNT: &str = "123456789012";
pub(super) const TIME: &str = "2026-01-02T03:04:05.678Z";
pub(super) const TIME_MS: u64 = 1_767_323_045_678;

/// Returns text unchanged, and the JSON of anything else.
///
/// # Panics
///
/// If the content cannot be serialized as JSON, such as a map whose keys are not strings.
pub(super) fn text(content: impl Serialize) -> String {
    let json = match serde_json::to_string(&content) {
        Ok(json) => json,
        Err(error) => panic!("the content of an event cannot be serialized as JSON: {error}"),
    };
    // Any value that serializes as a string is text: `&str`, `String`, `Cow<str>`, an id type.
    match json.starts_with('"') {
        true => serde_json::from_str(&json).unwrap_or(json),
        false => json,
    }
}

/// The data of a record: unchanged text, [`raw`] bytes, or the JSON of any other value.
pub trait Content {
    /// Returns its bytes.
    fn into_bytes(self) -> Vec<u8>;
}

impl<T: Serialize> Content for T {
    fn into_bytes(self) -> Vec<u8> {
        text(self).into_bytes()
    }
}

/// Passes bytes unchanged as [`Content`]: an image, Avro, or any other bytes that are not UTF-8.
///
/// # Example
///
/// ```
/// use pilaster::testing::{kinesis, raw};
///
/// let event = kinesis([raw(*b"\xff\x00")]).event();
/// assert_eq!(event["Records"][0]["kinesis"]["data"], "/wA=");
/// ```
pub fn raw(bytes: impl Into<Vec<u8>>) -> Raw {
    Raw(bytes.into())
}

/// Unchanged bytes. See [`raw`].
#[derive(Clone, Debug)]
pub struct Raw(Vec<u8>);

impl Content for Raw {
    fn into_bytes(self) -> Vec<u8> {
        self.0
    }
}

/// Encodes bytes in base64, as most events do.
pub(super) fn base64(bytes: impl AsRef<[u8]>) -> String {
    STANDARD.encode(bytes)
}

/// Returns a UUID that ends in this number and is the same in each run.
pub(super) fn uuid(kind: u16, number: usize) -> String {
    format!("{kind:08x}-0000-4000-8000-{number:012x}")
}

/// Implements conversion of a builder into a `Value`, and serialization, so that it can be the content of another
/// event.
macro_rules! built {
    ($($builder:ty),+) => {$(
        impl From<$builder> for serde_json::Value {
            fn from(builder: $builder) -> Self {
                builder.event()
            }
        }

        /// Serializes the event, which can be the content of another one.
        impl serde::Serialize for $builder {
            fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                self.event().serialize(serializer)
            }
        }
    )+};
}
pub(super) use built;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_stands_as_it_is_and_all_else_is_json() {
        assert_eq!(text("a \"b\"\n"), "a \"b\"\n");
        assert_eq!(text(String::from("{\"a\": 1}")), "{\"a\": 1}");
        assert_eq!(text(serde_json::json!({ "a": ["b"] })), r#"{"a":["b"]}"#);
        assert_eq!(text(u128::MAX), u128::MAX.to_string());
        assert_eq!(text(None::<u8>), "null");
    }

    #[test]
    #[should_panic(expected = "cannot be serialized as JSON")]
    fn what_is_no_json_is_told() {
        text(std::collections::BTreeMap::from([((1, 2), 3)]));
    }
}

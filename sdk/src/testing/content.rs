//! What the builders of events share: how content becomes text or base64, and ids that tell which record they are of.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::Serialize;

/// The region, the account and the moment of every event that is built.
pub(super) const REGION: &str = "eu-central-1";
pub(super) const ACCOUNT: &str = "123456789012";
pub(super) const TIME: &str = "2026-01-02T03:04:05.678Z";
pub(super) const TIME_MS: u64 = 1_767_323_045_678;

/// Text as it stands; of anything else its JSON.
///
/// # Panics
///
/// If it cannot be JSON, as a map whose keys are no text.
pub(super) fn text(content: impl Serialize) -> String {
    let json = match serde_json::to_string(&content) {
        Ok(json) => json,
        Err(error) => panic!("the content of an event cannot be written as JSON: {error}"),
    };
    // Whatever serializes as a string is text: `&str`, `String`, `Cow<str>`, an id type.
    match json.starts_with('"') {
        true => serde_json::from_str(&json).unwrap_or(json),
        false => json,
    }
}

/// What a record of a stream carries: text as it stands, [`raw`] bytes, anything else as its JSON.
pub trait Content {
    /// Its bytes.
    fn into_bytes(self) -> Vec<u8>;
}

impl<T: Serialize> Content for T {
    fn into_bytes(self) -> Vec<u8> {
        text(self).into_bytes()
    }
}

/// Bytes as they are, where [`Content`] is asked for: an image, Avro, what is no UTF-8.
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

/// Bytes as they are. See [`raw`].
#[derive(Clone, Debug)]
pub struct Raw(Vec<u8>);

impl Content for Raw {
    fn into_bytes(self) -> Vec<u8> {
        self.0
    }
}

/// Bytes as they stand in most events.
pub(super) fn base64(bytes: impl AsRef<[u8]>) -> String {
    STANDARD.encode(bytes)
}

/// A UUID that ends in this number, the same in each run.
pub(super) fn uuid(kind: u16, number: usize) -> String {
    format!("{kind:08x}-0000-4000-8000-{number:012x}")
}

/// The event of a builder as a `Value`, and as something to be put into another event.
macro_rules! built {
    ($($builder:ty),+) => {$(
        impl From<$builder> for serde_json::Value {
            fn from(builder: $builder) -> Self {
                builder.event()
            }
        }

        /// As its event, so that it can be the content of another one.
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
    #[should_panic(expected = "cannot be written as JSON")]
    fn what_is_no_json_is_told() {
        text(std::collections::BTreeMap::from([((1, 2), 3)]));
    }
}

//! What a record carries, as the type that the function asks for.

use std::any::Any;
use std::borrow::Cow;
use std::error::Error as StdError;
use std::fmt;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use serde::Deserialize;
use serde::de::DeserializeOwned;

use crate::core::error::BoxError;
use crate::core::json::{self, JsonError};

/// The part of a record that could not be read, and why.
///
/// ```
/// use pilaster::records::DecodeError;
///
/// let error = DecodeError::new("the body of the message", "it is no Avro");
/// assert_eq!(error.to_string(), "the body of the message cannot be read");
/// ```
#[derive(Debug)]
pub struct DecodeError {
    what: &'static str,
    source: BoxError,
}

impl DecodeError {
    /// For a [`FromRecord`](crate::records::FromRecord) of one's own: which part, such as `the body of the message`, and why.
    pub fn new(what: &'static str, source: impl Into<BoxError>) -> Self {
        // serde_json repeats what it found, which may be secret.
        let source = source.into().downcast::<serde_json::Error>();
        Self { what, source: source.map_or_else(|other| other, |error| JsonError::of(*error).into()) }
    }
}

impl fmt::Display for DecodeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} cannot be read", self.what)
    }
}

impl StdError for DecodeError {
    fn source(&self) -> Option<&(dyn StdError + 'static)> {
        Some(&*self.source)
    }
}

/// A text in a record. Borrowed unless it has an escape.
#[derive(Deserialize)]
pub(crate) struct Text<'a>(#[serde(borrow)] pub(crate) Cow<'a, str>);

/// The payload that is not read: `Some` where `T` is `()`.
pub(crate) fn unread<T: 'static>() -> Option<T> {
    let mut value = None::<T>;
    let plain: &mut dyn Any = &mut value;
    if let Some(nothing) = plain.downcast_mut::<Option<()>>() {
        *nothing = Some(());
    }
    value
}

/// Reads what came as base64, which AWS writes in the standard alphabet and padded; for `()` it is not decoded.
pub(crate) fn decode_base64<T: DeserializeOwned + 'static>(what: &'static str, text: &str) -> Result<T, DecodeError> {
    if let Some(unread) = unread() {
        return Ok(unread);
    }
    let bytes = STANDARD.decode(text).map_err(|error| DecodeError::new(what, error))?;
    decode(what, &bytes)
}

/// Reads what a record carries: for `String` the text, for `Vec<u8>` and `Bytes` the bytes, for `()` nothing, for any
/// other type JSON.
pub(crate) fn decode<T: DeserializeOwned + 'static>(what: &'static str, bytes: &[u8]) -> Result<T, DecodeError> {
    let mut value = None::<T>;
    // `None::<T>` is a `None::<String>` only where `T` is `String`; rustc knows which, and drops the others.
    let plain: &mut dyn Any = &mut value;
    if let Some(text) = plain.downcast_mut::<Option<String>>() {
        let read = std::str::from_utf8(bytes).map_err(|error| DecodeError::new(what, error))?;
        *text = Some(read.to_owned());
    } else if let Some(all) = plain.downcast_mut::<Option<Vec<u8>>>() {
        *all = Some(bytes.to_vec());
    } else if let Some(all) = plain.downcast_mut::<Option<Bytes>>() {
        *all = Some(Bytes::copy_from_slice(bytes));
    } else if let Some(unread) = unread() {
        return Ok(unread);
    } else {
        return json::decode(bytes).map_err(|error| DecodeError::new(what, error));
    }
    value.ok_or_else(|| DecodeError::new(what, "it is empty"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_and_bytes_are_taken_as_they_are_and_all_else_is_json() {
        assert_eq!(decode::<String>("it", b"{\"a\": 1}").unwrap(), "{\"a\": 1}");
        assert_eq!(decode::<Vec<u8>>("it", b"\xff\x00").unwrap(), [255, 0]);
        assert_eq!(decode::<Bytes>("it", b"\xff").unwrap(), Bytes::from_static(b"\xff"));
        assert_eq!(decode::<u8>("it", b" 7 ").unwrap(), 7);
        assert_eq!(decode::<serde_json::Value>("it", b"\"a\"").unwrap(), "a");
    }

    #[test]
    fn what_cannot_be_read_says_what_and_why() {
        let error = decode::<String>("the body", b"\xff").unwrap_err();
        assert_eq!(error.to_string(), "the body cannot be read");
        let error = decode::<(u8, u8)>("the body", b"[1, -1]").unwrap_err();
        assert!(error.source().unwrap().to_string().starts_with("/1: invalid value"), "{error:?}");
    }
}

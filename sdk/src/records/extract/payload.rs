//! Decodes the payload of a record into the type that the function takes.

use std::any::Any;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use serde::de::DeserializeOwned;

use crate::core::json;
use crate::records::error::DecodeError;

/// Returns an ignored payload: `Some` if `T` is `()`.
pub(super) fn unread<T: 'static>() -> Option<T> {
    let mut value = None::<T>;
    let plain: &mut dyn Any = &mut value;
    if let Some(nothing) = plain.downcast_mut::<Option<()>>() {
        *nothing = Some(());
    }
    value
}

/// Decodes base64, which AWS writes with padding in the standard alphabet, and then the payload; `()` ignores both.
pub(super) fn decode_base64<T: DeserializeOwned + 'static>(what: &'static str, text: &str) -> Result<T, DecodeError> {
    if let Some(unread) = unread() {
        return Ok(unread);
    }
    let bytes = STANDARD.decode(text).map_err(|error| DecodeError::new(what, error))?;
    decode(what, &bytes)
}

/// Decodes a payload: `String` is its text, `Vec<u8>` and `Bytes` are its bytes, `()` ignores it, and any other type is
/// decoded from JSON.
pub(super) fn decode<T: DeserializeOwned + 'static>(what: &'static str, bytes: &[u8]) -> Result<T, DecodeError> {
    let mut value = None::<T>;
    // `None::<T>` is a `None::<String>` only if `T` is `String`; the compiler removes the other branches.
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
    value.ok_or_else(|| DecodeError::new(what, "no value"))
}

#[cfg(test)]
mod tests {
    use std::error::Error as _;

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
        assert_eq!(error.to_string(), "the body could not be decoded");
        let error = decode::<(u8, u8)>("the body", b"[1, -1]").unwrap_err();
        assert!(error.source().unwrap().to_string().starts_with("/1: invalid value"), "{error:?}");
    }
}

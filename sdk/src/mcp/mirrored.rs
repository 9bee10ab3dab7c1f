//! The headers that repeat parts of a request, so that a proxy can route by them: `Mcp-Method`, `Mcp-Name` and
//! `Mcp-Param-*` (<https://modelcontextprotocol.io/specification/2026-07-28/basic/transports/streamable-http#request-metadata>).

use std::borrow::Cow;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use http::{HeaderMap, HeaderName};
use serde_json::value::RawValue;

use super::era::Era;
use super::error::RpcError;
use super::header::single;
use super::message::text;
use crate::core::json::members::member;
use crate::tools::dialect::mcp::MirroredArgument;

const METHOD: HeaderName = HeaderName::from_static("mcp-method");
const NAME: HeaderName = HeaderName::from_static("mcp-name");

/// The largest integer of JavaScript that is exact.
const SAFE: f64 = 9_007_199_254_740_991.0;

/// Compares `Mcp-Method` with the method. Older clients may leave it out.
pub(super) fn check_method(headers: &HeaderMap, era: Era, method: &str) -> Result<(), RpcError> {
    match single(headers, &METHOD) {
        Some(Ok(header)) if header == method => Ok(()),
        Some(_) => Err(RpcError::header_mismatch("the header Mcp-Method differs from `method`")),
        None if era.is_legacy() => Ok(()),
        None => Err(RpcError::header_mismatch("the header Mcp-Method is missing")),
    }
}

/// Compares `Mcp-Name` with the name of the tool. Older clients may leave it out.
pub(super) fn check_name(headers: &HeaderMap, era: Era, name: &str) -> Result<(), RpcError> {
    match single(headers, &NAME) {
        Some(Ok(header)) if decoded(header).is_some_and(|header| *header == *name) => Ok(()),
        Some(_) => Err(RpcError::header_mismatch("the header Mcp-Name differs from `params.name`")),
        None if era.is_legacy() => Ok(()),
        None => Err(RpcError::header_mismatch("the header Mcp-Name is missing")),
    }
}

/// Compares the header of an argument with its value. An argument that is absent or null has no header; older clients may
/// leave out any.
pub(super) fn check_argument(
    headers: &HeaderMap,
    era: Era,
    argument: &MirroredArgument,
    arguments: Option<&RawValue>,
) -> Result<(), RpcError> {
    let value = arguments.and_then(|arguments| {
        let mut at = arguments;
        for step in &argument.path {
            at = member(at.get(), step)?;
        }
        (at.get() != "null").then_some(at)
    });
    let wrong = |what: &str| RpcError::header_mismatch(format!("the header {} {what}", argument.header));
    match (single(headers, &argument.header), value) {
        (None, None) => Ok(()),
        (None, Some(_)) if era.is_legacy() => Ok(()),
        (None, Some(_)) => Err(wrong("is missing: its argument has a value")),
        (Some(_), None) => Err(wrong("has a value that its argument lacks")),
        (Some(header), Some(value)) => {
            let header = header.ok().and_then(decoded);
            let fits = header.is_some_and(|header| is_same(&header, value));
            if fits { Ok(()) } else { Err(wrong("differs from its argument")) }
        }
    }
}

/// Returns the text of a header: base64 between `=?base64?` and `?=`, or the header itself; `None` if it is not valid.
fn decoded(header: &str) -> Option<Cow<'_, str>> {
    match header.strip_prefix("=?base64?").and_then(|rest| rest.strip_suffix("?=")) {
        Some(encoded) => String::from_utf8(STANDARD.decode(encoded).ok()?).ok().map(Cow::Owned),
        None => Some(header.into()),
    }
}

/// Compares a header with a value. Numbers are compared as numbers: `42.0` is `42`.
fn is_same(header: &str, value: &RawValue) -> bool {
    if value.get().starts_with('"') {
        return text(value).is_some_and(|text| text == header);
    }
    if header == value.get() {
        return true;
    }
    // Above it, two integers may be one number. The protocol does not allow them there.
    let number = |text: &str| text.parse::<f64>().ok().filter(|number| number.abs() <= SAFE);
    value.get().starts_with(|first: char| first == '-' || first.is_ascii_digit())
        && matches!((number(header), number(value.get())), (Some(header), Some(value)) if header == value)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_text_of_a_header_is_base64_only_between_its_marks() {
        for (header, expected) in [
            ("us-west1", Some("us-west1")),
            ("=?base64?SGVsbG8sIOS4lueVjA==?=", Some("Hello, 世界")),
            ("=?base64?SGVsbG8?=", None),
            ("=?base64?SGVs!!!bG8=?=", None),
            ("=?base64?/w==?=", None),
            ("=?base64?SGVsbG8=", Some("=?base64?SGVsbG8=")),
            ("SGVsbG8=?=", Some("SGVsbG8=?=")),
            ("=?BASE64?SGVsbG8=?=", Some("=?BASE64?SGVsbG8=?=")),
            ("=?base64??=", Some("")),
            ("=?base64?=", Some("=?base64?=")),
            ("", Some("")),
        ] {
            assert_eq!(decoded(header).as_deref(), expected, "{header}");
        }
    }

    #[test]
    fn numbers_are_compared_as_numbers_and_texts_as_texts() {
        let same = |header: &str, value: &str| is_same(header, &RawValue::from_string(value.to_owned()).unwrap());
        assert!(same("42.0", "42") && same("-7", "-7") && same("true", "true") && same("a\"", r#""a\"""#));
        assert!(!same("42", "43") && !same("42.0", r#""42""#) && !same("1", "true") && !same("NaN", "1"));
        assert!(!same("True", "true") && !same("inf", "1e999") && !same("9007199254740993", "9007199254740992"));
        assert!(same("9007199254740993", "9007199254740993"));
    }
}

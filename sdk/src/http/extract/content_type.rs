//! The media type and the coding of a body.

use http::{HeaderMap, HeaderValue, StatusCode, header};
use mime::Mime;

use crate::http::error::Rejection;

/// Returns the media type in `Content-Type`.
pub(super) fn media_type(headers: &HeaderMap) -> Option<Mime> {
    headers.get(header::CONTENT_TYPE)?.to_str().ok()?.parse().ok()
}

/// Rejects a body with a `Content-Encoding` other than `identity`: it could inflate to a thousand times its size. A
/// layer such as tower-http's `RequestDecompressionLayer` decodes it within a limit and removes the header.
pub(super) fn reject_encoded(headers: &HeaderMap) -> Result<(), Rejection> {
    let is_plain = |value: &HeaderValue| {
        let mut codings = value.as_bytes().split(|byte| *byte == b',').map(<[u8]>::trim_ascii);
        codings.all(|coding| coding.is_empty() || coding.eq_ignore_ascii_case(b"identity"))
    };
    match headers.get_all(header::CONTENT_ENCODING).iter().all(is_plain) {
        true => Ok(()),
        // The header lists the accepted codings (RFC 9110, section 12.5.3).
        false => Err(Rejection::new(StatusCode::UNSUPPORTED_MEDIA_TYPE, "compressed request bodies are not supported")
            .with_header(header::ACCEPT_ENCODING, HeaderValue::from_static("identity"))),
    }
}

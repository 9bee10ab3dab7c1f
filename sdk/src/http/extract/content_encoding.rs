//! Bodies with a `Content-Encoding`: what inflates to a thousand times its size is not read unasked. A layer such as
//! tower-http's `RequestDecompressionLayer`, which takes the header away, makes them plain.

use http::{HeaderMap, HeaderValue, StatusCode, header};

use crate::http::rejection::Rejection;

/// A 415 where the body has any coding but `identity`.
pub(super) fn refuse_coded(headers: &HeaderMap) -> Result<(), Rejection> {
    let is_plain = |value: &HeaderValue| {
        let mut codings = value.as_bytes().split(|byte| *byte == b',').map(<[u8]>::trim_ascii);
        codings.all(|coding| coding.is_empty() || coding.eq_ignore_ascii_case(b"identity"))
    };
    match headers.get_all(header::CONTENT_ENCODING).iter().all(is_plain) {
        true => Ok(()),
        // The header tells what is taken (RFC 9110, section 12.5.3).
        false => Err(Rejection::new(StatusCode::UNSUPPORTED_MEDIA_TYPE, "compressed bodies are not read here")
            .with_header(header::ACCEPT_ENCODING, HeaderValue::from_static("identity"))),
    }
}

//! The length of a body in a response.

use crate::core::limits::PAYLOAD_LIMIT;

/// Returns `true` for a body of a known length that is not empty and can be sent, which a layer may read as a whole.
pub(crate) fn is_readable(body: &impl http_body::Body) -> bool {
    body.size_hint().exact().is_some_and(|size| size > 0 && size <= PAYLOAD_LIMIT as u64)
}

/// Returns the length of this number of bytes in base64.
pub(crate) fn base64_length(bytes: usize) -> usize {
    bytes.div_ceil(3) * 4
}

/// Returns the length of a body without a content coding: text unchanged, other bytes in base64.
#[cfg(feature = "compression")]
pub(crate) fn sent_length(body: &[u8]) -> usize {
    match std::str::from_utf8(body) {
        Ok(_) => body.len(),
        Err(_) => base64_length(body.len()),
    }
}

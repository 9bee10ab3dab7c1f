//! How long a body is in an answer.

/// How long so many bytes are in base64.
pub(crate) fn base64_length(bytes: usize) -> usize {
    bytes.div_ceil(3) * 4
}

/// How long a body without a content coding is: text as it is, other bytes in base64.
#[cfg(feature = "compression")]
pub(crate) fn sent_length(body: &[u8]) -> usize {
    match std::str::from_utf8(body) {
        Ok(_) => body.len(),
        Err(_) => base64_length(body.len()),
    }
}

//! Entity tags of responses in several codings: the function's `"7"` is sent as `"7"` uncompressed and as `"7-gzip"`
//! compressed. A function's tag that ends in such a suffix gets `-identity` if it is sent uncompressed, so that each
//! tag that a client sends back has one meaning.

use http::{HeaderMap, Method};

use super::coding::Coding;
use crate::http::layers::entity_tag::Suffixes;

/// The names of [`CODINGS`](super::coding::CODINGS).
const NAMES: &[&str] = &[
    #[cfg(feature = "compression-zstd")]
    Coding::Zstd.name(),
    #[cfg(feature = "compression-br")]
    Coding::Brotli.name(),
    Coding::Gzip.name(),
];

const SUFFIXES: Suffixes<'static, &str> = Suffixes { separator: b'-', names: NAMES, unchanged: "identity" };

/// Rewrites the preconditions of a request to the function's tags. Returns the tags that the client has in the coding
/// of its response.
pub(super) fn rewrite(headers: &mut HeaderMap, method: &Method, coding: Option<Coding>) -> Vec<Vec<u8>> {
    // A partial response is never compressed, so `If-Range` matches only an uncompressed response.
    SUFFIXES.rewrite(headers, method, coding.map(Coding::name), None)
}

/// Adds the suffix of the coding to the `ETag` of a response, if it needs one.
pub(super) fn mark(headers: &mut HeaderMap, coding: Option<Coding>) {
    SUFFIXES.mark(headers, coding.map(Coding::name));
}

/// Adds the suffix of the client's stored response to the `ETag` of a 304.
pub(super) fn mark_held(headers: &mut HeaderMap, coding: Option<Coding>, held: &[Vec<u8>]) {
    SUFFIXES.mark_held(headers, coding.map(Coding::name), held);
}

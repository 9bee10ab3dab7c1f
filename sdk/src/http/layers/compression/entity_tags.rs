//! Entity tags of answers in several codings: the function's `"7"` is sent as `"7"` uncompressed and as `"7-gzip"` compressed. A tag
//! of the function's own that ends as such a suffix gets `-identity` where it is sent uncompressed, so that each tag that a client
//! sends back has one meaning.

use http::{HeaderMap, Method};

use super::Coding;
use crate::http::layers::entity_tag::Marks;

/// The names of [`CODINGS`](super::CODINGS).
const NAMES: &[&str] = &[
    #[cfg(feature = "compression-zstd")]
    Coding::Zstd.name(),
    #[cfg(feature = "compression-br")]
    Coding::Brotli.name(),
    Coding::Gzip.name(),
];

const MARKS: Marks<'static, &str> = Marks { separator: b'-', names: NAMES, unchanged: "identity" };

/// Rewrites the preconditions of a request into the function's tags. Returns those tags of the function that the client has in
/// the coding that its answer would have.
pub(super) fn rewrite(headers: &mut HeaderMap, method: &Method, coding: Option<Coding>) -> Vec<Vec<u8>> {
    // A part is never compressed, so `If-Range` fits only an uncompressed answer.
    MARKS.rewrite(headers, method, coding.map(Coding::name), None)
}

/// Gives the `ETag` of an answer the suffix of its coding, if it needs one.
pub(super) fn mark(headers: &mut HeaderMap, coding: Option<Coding>) {
    MARKS.mark(headers, coding.map(Coding::name));
}

/// Gives the `ETag` of a 304 the suffix under which the client has the answer.
pub(super) fn mark_held(headers: &mut HeaderMap, coding: Option<Coding>, held: &[Vec<u8>]) {
    MARKS.mark_held(headers, coding.map(Coding::name), held);
}

//! Entity tags of answers in several codings: each coding's bytes have a tag of their own ([RFC 9110, section
//! 8.8.3.3](https://www.rfc-editor.org/rfc/rfc9110#section-8.8.3.3)), and the services within see only the function's.
//!
//! The function's `"7"` is sent as `"7"` uncompressed and as `"7-gzip"` compressed. A tag of the function's own that ends as
//! such a suffix gets `-identity` where it is sent uncompressed, so that each tag that a client sends back has one meaning.

use http::{HeaderMap, HeaderName, HeaderValue, Method, header};

use super::{CODINGS, Coding};
use crate::http::entity_tag::{EntityTag, EntityTags};

/// The suffix of an uncompressed answer whose tag could otherwise be taken for that of a compressed one.
const IDENTITY: &str = "identity";

/// The suffix of a tag in a request whose coding is not the one that this answer would have. The function has no such tag.
const UNSELECTED: &[u8] = b"-unselected";

/// Rewrites the preconditions of a request into the function's tags. Returns those tags of the function that the client has in
/// the coding that its answer would have.
pub(super) fn rewrite(headers: &mut HeaderMap, method: &Method, coding: Option<Coding>) -> Vec<Vec<u8>> {
    let mut held = Vec::new();
    let reads = matches!(*method, Method::GET | Method::HEAD);
    for name in [header::IF_NONE_MATCH, header::IF_MATCH] {
        let Some(EntityTags::List(tags)) = EntityTags::read(headers, &name) else { continue };
        let mut value = Vec::new();
        for tag in &tags {
            if !value.is_empty() {
                value.extend_from_slice(b", ");
            }
            value_of(*tag, reads, coding, &mut value, &mut held);
        }
        replace(headers, name, value);
    }
    if let Some(tag) = headers.get(header::IF_RANGE).and_then(|value| EntityTag::parse(value.as_bytes())) {
        let mut value = Vec::new();
        // A part is never compressed, so it fits only an uncompressed answer.
        value_of(tag, true, None, &mut value, &mut held);
        replace(headers, header::IF_RANGE, value);
    }
    held
}

fn value_of(tag: EntityTag<'_>, reads: bool, coding: Option<Coding>, value: &mut Vec<u8>, held: &mut Vec<Vec<u8>>) {
    let (own, of) = split(tag.opaque);
    match of {
        // What is written is a version, whatever coding the client read it in. A client can use uncompressed bytes always.
        None => tag.write(own, value),
        Some(of) if Some(of) == coding => {
            held.push(own.to_vec());
            tag.write(own, value);
        }
        Some(_) if !reads => tag.write(own, value),
        Some(_) => tag.write(&[tag.opaque, UNSELECTED].concat(), value),
    }
}

fn replace(headers: &mut HeaderMap, name: HeaderName, value: Vec<u8>) {
    // A list without a single tag stays as it came: it matches nothing.
    if let Some(value) = Some(value).filter(|value| !value.is_empty()).and_then(|v| HeaderValue::from_bytes(&v).ok()) {
        headers.insert(name, value);
    }
}

/// A tag that a client sent as the function's tag and the coding.
fn split(opaque: &[u8]) -> (&[u8], Option<Coding>) {
    for coding in CODINGS {
        if let Some(own) = without_suffix(opaque, coding.name()) {
            return (own, Some(*coding));
        }
    }
    (without_suffix(opaque, IDENTITY).unwrap_or(opaque), None)
}

fn without_suffix<'a>(opaque: &'a [u8], name: &str) -> Option<&'a [u8]> {
    opaque.strip_suffix(name.as_bytes())?.strip_suffix(b"-")
}

/// Gives the `ETag` of an answer the suffix of its coding, if it needs one.
pub(super) fn mark(headers: &mut HeaderMap, coding: Option<Coding>) {
    let Some(value) = headers.get(header::ETAG) else { return };
    let Some(tag) = EntityTag::parse(value.as_bytes()) else { return };
    let suffix = match coding {
        Some(coding) => coding.name(),
        None if is_ambiguous(tag.opaque) => IDENTITY,
        None => return,
    };
    let mut marked = Vec::with_capacity(value.len() + suffix.len() + 1);
    tag.write(&[tag.opaque, b"-", suffix.as_bytes()].concat(), &mut marked);
    if let Ok(value) = HeaderValue::from_bytes(&marked) {
        headers.insert(header::ETAG, value);
    }
}

fn is_ambiguous(opaque: &[u8]) -> bool {
    split(opaque).0.len() < opaque.len()
}

/// Gives the `ETag` of a 304 the suffix under which the client has the answer.
pub(super) fn mark_held(headers: &mut HeaderMap, coding: Option<Coding>, held: &[Vec<u8>]) {
    let tag = headers.get(header::ETAG).and_then(|value| EntityTag::parse(value.as_bytes()));
    let is_held = tag.is_some_and(|tag| held.iter().any(|own| own == tag.opaque));
    mark(headers, coding.filter(|_| is_held));
}

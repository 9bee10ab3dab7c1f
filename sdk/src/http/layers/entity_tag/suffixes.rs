//! Suffixes of entity tags: a layer that produces several representations of one response adds a suffix to the tag of
//! each, so that each has its own tag
//! ([RFC 9110, section 8.8.3.3](https://www.rfc-editor.org/rfc/rfc9110#section-8.8.3.3)), while the inner services only
//! see the function's tags.

use http::{HeaderMap, HeaderName, HeaderValue, Method, header};

use super::{EntityTag, EntityTags};

/// The suffix of a request's tag for another representation than that of the response. A function's tag never has it.
const UNSELECTED: &[u8] = b"-unselected";

/// The suffixes that a layer adds.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Suffixes<'m, N> {
    /// The separator between the function's tag and the suffix.
    pub(crate) separator: u8,
    pub(crate) names: &'m [N],
    /// The suffix for a response that the layer has not changed, if its tag looks like one with a suffix.
    pub(crate) unchanged: &'static str,
}

impl<'m, N: AsRef<str>> Suffixes<'m, N> {
    /// Rewrites the preconditions of a request to the function's tags. Returns the tags that the client has in the
    /// representation `selected`, which its response would have. `of_part` is the representation of a response to
    /// `Range`.
    pub(crate) fn rewrite(
        &self,
        headers: &mut HeaderMap,
        method: &Method,
        selected: Option<&str>,
        of_part: Option<&str>,
    ) -> Vec<Vec<u8>> {
        let mut held = Vec::new();
        let reads = matches!(*method, Method::GET | Method::HEAD);
        for name in [header::IF_NONE_MATCH, header::IF_MATCH] {
            let Some(EntityTags::List(tags)) = EntityTags::read(headers, &name) else { continue };
            let mut value = Vec::new();
            for tag in &tags {
                if !value.is_empty() {
                    value.extend_from_slice(b", ");
                }
                self.rewrite_tag(*tag, reads, selected, &mut value, &mut held);
            }
            replace(headers, name, value);
        }
        if let Some(tag) = headers.get(header::IF_RANGE).and_then(|value| EntityTag::parse(value.as_bytes())) {
            let mut value = Vec::new();
            self.rewrite_tag(tag, true, of_part, &mut value, &mut held);
            replace(headers, header::IF_RANGE, value);
        }
        held
    }

    fn rewrite_tag(
        &self,
        tag: EntityTag<'_>,
        reads: bool,
        selected: Option<&str>,
        value: &mut Vec<u8>,
        held: &mut Vec<Vec<u8>>,
    ) {
        let (own, of) = self.split(tag.opaque);
        match of {
            // A client can always use an unchanged response.
            None => tag.write(own, value),
            Some(of) if Some(of) == selected => {
                held.push(own.to_vec());
                tag.write(own, value);
            }
            Some(_) if !reads => tag.write(own, value),
            Some(_) => tag.write(&[tag.opaque, UNSELECTED].concat(), value),
        }
    }

    /// Splits a client's tag into the function's tag and the suffix.
    fn split<'t>(&self, opaque: &'t [u8]) -> (&'t [u8], Option<&'m str>) {
        for name in self.names {
            if let Some(own) = self.without(opaque, name.as_ref()) {
                return (own, Some(name.as_ref()));
            }
        }
        (self.without(opaque, self.unchanged).unwrap_or(opaque), None)
    }

    fn without<'t>(&self, opaque: &'t [u8], name: &str) -> Option<&'t [u8]> {
        opaque.strip_suffix(name.as_bytes())?.strip_suffix(&[self.separator])
    }

    /// Adds the suffix of the representation to the `ETag` of a response, if it needs one.
    pub(crate) fn mark(&self, headers: &mut HeaderMap, name: Option<&str>) {
        let Some(value) = headers.get(header::ETAG) else { return };
        let Some(tag) = EntityTag::parse(value.as_bytes()) else { return };
        let name = match name {
            Some(name) => name,
            None if self.split(tag.opaque).0.len() < tag.opaque.len() => self.unchanged,
            None => return,
        };
        let mut marked = Vec::with_capacity(value.len() + name.len() + 1);
        tag.write(&[tag.opaque, &[self.separator], name.as_bytes()].concat(), &mut marked);
        if let Ok(value) = HeaderValue::from_bytes(&marked) {
            headers.insert(header::ETAG, value);
        }
    }

    /// Adds the suffix of the client's stored response to the `ETag` of a 304.
    pub(crate) fn mark_held(&self, headers: &mut HeaderMap, selected: Option<&str>, held: &[Vec<u8>]) {
        let tag = headers.get(header::ETAG).and_then(|value| EntityTag::parse(value.as_bytes()));
        let is_held = tag.is_some_and(|tag| held.iter().any(|own| own == tag.opaque));
        self.mark(headers, selected.filter(|_| is_held));
    }
}

fn replace(headers: &mut HeaderMap, name: HeaderName, value: Vec<u8>) {
    // A list without any tag is kept unchanged: it matches nothing.
    if let Some(value) = Some(value).filter(|value| !value.is_empty()).and_then(|v| HeaderValue::from_bytes(&v).ok()) {
        headers.insert(name, value);
    }
}

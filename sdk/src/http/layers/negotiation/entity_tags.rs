//! Entity tags of values that writers write: the function's `"7"` is sent as `"7;text/csv"` and as `"7;application/json"`. A tag of
//! an answer that no writer wrote gets `;own` where it ends as such a suffix.

use http::{HeaderMap, Method};

use crate::http::layers::entity_tag::Marks;

/// The media types of the writers, as they stand in a tag.
#[derive(Clone, Debug, Default)]
pub(super) struct MediaTypes(Vec<String>);

impl MediaTypes {
    pub(super) fn add(&mut self, media_type: &str) {
        let name = name(media_type);
        if !self.0.contains(&name) {
            self.0.push(name);
        }
    }

    fn marks(&self) -> Marks<'_, String> {
        // A media type's name has no `;`, so that no name is the end of another with what stands before it.
        Marks { separator: b';', names: &self.0, unchanged: "own" }
    }

    /// Rewrites the preconditions of a request into the function's tags. Returns those tags of the function that the client has in
    /// the media type that its answer would have.
    pub(super) fn rewrite(&self, headers: &mut HeaderMap, method: &Method, chosen: Option<&str>) -> Vec<Vec<u8>> {
        if self.0.is_empty() {
            return Vec::new();
        }
        let chosen = chosen.map(name);
        self.marks().rewrite(headers, method, chosen.as_deref(), chosen.as_deref())
    }

    /// Gives the `ETag` of an answer the mark of the media type that a writer wrote it in; `None` where none did.
    pub(super) fn mark(&self, headers: &mut HeaderMap, written: Option<&str>) {
        if self.0.is_empty() {
            return;
        }
        self.marks().mark(headers, written.map(name).as_deref());
    }

    /// Gives the `ETag` of a 304 the mark under which the client has the answer.
    pub(super) fn mark_held(&self, headers: &mut HeaderMap, chosen: Option<&str>, held: &[Vec<u8>]) {
        if self.0.is_empty() {
            return;
        }
        self.marks().mark_held(headers, chosen.map(name).as_deref(), held);
    }
}

/// A media type as it may stand in a tag: a parameter may have blanks and quotes.
fn name(media_type: &str) -> String {
    let in_tag = |c: char| if c.is_ascii_alphanumeric() || "/+-.*!#$&^_=".contains(c) { c } else { '_' };
    media_type.chars().map(in_tag).collect()
}

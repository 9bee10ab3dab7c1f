//! Entity tags of values that writers write: the function's `"7"` is sent as `"7;text/csv"` and as
//! `"7;application/json"`. The tag of a response without a writer gets `;own` if it ends in such a suffix.

use http::{HeaderMap, Method};

use crate::http::layers::entity_tag::Suffixes;

/// The media types of the writers, in the form used in tags.
#[derive(Clone, Debug, Default)]
pub(super) struct MediaTypes(Vec<String>);

impl MediaTypes {
    pub(super) fn add(&mut self, media_type: &str) {
        let name = name(media_type);
        if !self.0.contains(&name) {
            self.0.push(name);
        }
    }

    fn suffixes(&self) -> Suffixes<'_, String> {
        // A media type has no `;`, so a suffix is never the end of another suffix.
        Suffixes { separator: b';', names: &self.0, unchanged: "own" }
    }

    /// Rewrites the preconditions of a request to the function's tags. Returns the tags that the client has in the
    /// media type of its response.
    pub(super) fn rewrite(&self, headers: &mut HeaderMap, method: &Method, chosen: Option<&str>) -> Vec<Vec<u8>> {
        if self.0.is_empty() {
            return Vec::new();
        }
        let chosen = chosen.map(name);
        self.suffixes().rewrite(headers, method, chosen.as_deref(), chosen.as_deref())
    }

    /// Adds the suffix of the writer's media type to the `ETag` of a response; `None` means no writer.
    pub(super) fn mark(&self, headers: &mut HeaderMap, written: Option<&str>) {
        if self.0.is_empty() {
            return;
        }
        self.suffixes().mark(headers, written.map(name).as_deref());
    }

    /// Adds the suffix of the client's stored response to the `ETag` of a 304.
    pub(super) fn mark_held(&self, headers: &mut HeaderMap, chosen: Option<&str>, held: &[Vec<u8>]) {
        if self.0.is_empty() {
            return;
        }
        self.suffixes().mark_held(headers, chosen.map(name).as_deref(), held);
    }
}

/// Returns a media type in the form used in a tag, since a parameter may have spaces and quotes.
fn name(media_type: &str) -> String {
    let in_tag = |c: char| if c.is_ascii_alphanumeric() || "/+-.*!#$&^_=".contains(c) { c } else { '_' };
    media_type.chars().map(in_tag).collect()
}

//! [`EventPath`]: the path in the event, which may have a stage or a base path before that of the request.

/// The path in the event, compared with that of the request.
#[derive(Clone, Debug, Default)]
pub(crate) struct EventPath {
    /// The length of the path in the event, in bytes.
    pub(crate) length: usize,
    /// The path in the event, escaped for a URI, if the adapter has removed the beginning of it.
    pub(crate) whole: Option<String>,
    /// The part of the client's URL that has been removed, escaped, such as `/v1`.
    pub(crate) base: String,
}

impl EventPath {
    /// Returns the stage as in `/prod`, if a REST API's `requestContext.path` has it before the path in the event.
    pub(super) fn stage_of_rest(&self, sent: &str, stage: &str) -> Option<String> {
        let rest = sent.strip_prefix('/')?.strip_prefix(stage)?;
        // The URL of the root may lack its slash.
        let is_before_path = rest.len() == self.length && rest.starts_with('/') || rest.is_empty() && self.length == 1;
        (is_before_path && !stage.is_empty()).then(|| format!("/{stage}"))
    }
}

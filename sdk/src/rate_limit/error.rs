//! [`RateLimitError`]: the reason why a limit could not be checked.

use std::error::Error as StdError;
use std::fmt;

use crate::core::error::{BoxError, Refusal, chain};

/// `Retry-After` while the store fails, in seconds.
const RETRY_AFTER: u32 = 1;

/// The reason why a limit could not be checked: the store failed and the limit
/// [fails closed](super::RateLimit::fail_closed), or the limit is misconfigured.
///
/// An HTTP function responds with a 503 with `Retry-After` to a store that failed, also if the error is returned with
/// `?` or is the cause of your own error, and with a 500 to a mistake.
pub struct RateLimitError {
    text: String,
    source: Option<BoxError>,
    refusal: Option<Refusal>,
}

impl RateLimitError {
    pub(super) fn store(source: BoxError) -> Self {
        let text = "the rate limit could not be checked".to_owned();
        let refusal = Refusal {
            status: 503,
            retry_after: Some(RETRY_AFTER),
            detail: "the rate limit failed",
            text: cause(&*source),
        };
        Self { text, source: Some(source), refusal: Some(refusal) }
    }

    pub(super) fn setup(mistake: String) -> Self {
        Self { text: mistake, source: None, refusal: None }
    }

    /// Returns `true` if the store failed or did not respond in time.
    pub fn is_store_error(&self) -> bool {
        self.source.is_some()
    }
}

/// Returns the texts of an error and its causes.
pub(super) fn cause(error: &(dyn StdError + 'static)) -> String {
    chain(error).join(": ")
}

impl fmt::Display for RateLimitError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

impl fmt::Debug for RateLimitError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // The `Debug` of a cause may reveal the store's data.
        let causes = self.source.as_ref().map(|source| chain(&**source)).unwrap_or_default();
        f.debug_struct("RateLimitError").field("text", &self.text).field("causes", &causes).finish()
    }
}

impl StdError for RateLimitError {
    fn source(&self) -> Option<&(dyn StdError + 'static)> {
        self.refusal.as_ref().map(|refusal| refusal as &(dyn StdError + 'static))
    }
}

//! [`Refusal`]: the response of an HTTP function to an error that its caller may know, whichever module the error is
//! from.

use std::error::Error as StdError;
use std::fmt;

use super::with_sources;

/// A source in the chain of causes, so that it is found also below `#[error(transparent)]`, which leaves out an error
/// itself.
#[derive(Clone, Debug)]
#[cfg_attr(not(all(feature = "http", feature = "idempotency")), allow(dead_code))]
pub(crate) struct Refusal {
    /// A 4xx, or 503.
    pub(crate) status: u16,
    /// The time after which a retry makes sense, in seconds.
    pub(crate) retry_after: Option<u32>,
    /// The detail for the client.
    pub(crate) detail: &'static str,
    /// The text of the error itself, which the log does not repeat.
    pub(crate) text: String,
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

impl StdError for Refusal {}

/// Returns the first refusal in the chain of an error.
#[cfg_attr(not(feature = "http"), allow(dead_code))]
pub(crate) fn refusal<'e>(error: &'e (dyn StdError + 'static)) -> Option<&'e Refusal> {
    with_sources(error).find_map(|error| error.downcast_ref())
}

//! [`Internal`]: marks the text of an error that no caller may read, whichever module the error is from.

use std::error::Error as StdError;
use std::fmt;

use super::BoxError;
#[cfg(any(feature = "appsync", feature = "tools"))]
use super::causes;

/// A source in the chain of causes, so that it is found also below `#[error(transparent)]`, which leaves out an error
/// itself.
#[cfg_attr(not(feature = "idempotency"), allow(dead_code))]
pub(crate) struct Internal {
    /// The text of the error itself, which the log does not repeat.
    pub(crate) text: String,
    pub(crate) source: Option<BoxError>,
}

impl fmt::Display for Internal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

/// The `Debug` of a cause may reveal data.
impl fmt::Debug for Internal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Internal").field(&self.text).finish()
    }
}

impl StdError for Internal {
    fn source(&self) -> Option<&(dyn StdError + 'static)> {
        self.source.as_ref().map(|source| &**source as &(dyn StdError + 'static))
    }
}

/// Returns `true` if a text has that of an internal error among the causes.
#[cfg(any(feature = "appsync", feature = "tools"))]
pub(super) fn is_internal(text: &str, error: &(dyn StdError + 'static)) -> bool {
    causes(error).any(|cause| {
        cause
            .downcast_ref::<Internal>()
            .is_some_and(|internal| !internal.text.is_empty() && text.contains(&internal.text))
    })
}

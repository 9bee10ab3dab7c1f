//! [`RecordError`]: whether a record that failed is worth another try.

use std::error::Error as StdError;
use std::fmt;

use crate::core::error::BoxError;

/// An error that says what becomes of its record: sent again, which is what any other error means, or not.
///
/// It works wherever it stands in the chain of causes of what the function fails with.
///
/// # Example
///
/// ```
/// use pilaster::records::RecordError;
/// use pilaster::{BoxError, Sqs};
///
/// async fn ship(order: Sqs<String>) -> Result<(), BoxError> {
///     if order.is_empty() {
///         // No try will ever make an order of this: logged, and the message is deleted.
///         return Err(RecordError::discard("an order without a line").into());
///     }
///     Ok(())
/// }
/// # let _ = ship;
/// ```
pub struct RecordError(Verdict);

/// What stands in the chain of causes also where its `RecordError` does not: `#[error(transparent)]` and `anyhow` leave out an error
/// itself, and go on with its source.
#[derive(Debug)]
struct Verdict {
    discarded: bool,
    source: BoxError,
}

impl RecordError {
    /// The record is sent again, as its source does it.
    pub fn retry(error: impl Into<BoxError>) -> Self {
        Self(Verdict { discarded: false, source: error.into() })
    }

    /// The record can never succeed: it is logged and not sent again. Where a dead-letter queue should get it, fail with any
    /// other error instead.
    pub fn discard(error: impl Into<BoxError>) -> Self {
        Self(Verdict { discarded: true, source: error.into() })
    }

    /// Whether the record is not sent again.
    pub fn is_discarded(&self) -> bool {
        self.0.discarded
    }

    /// What the outermost `RecordError` of a chain says.
    pub(crate) fn discards(error: &(dyn StdError + 'static)) -> bool {
        let mut next = Some(error);
        while let Some(error) = next {
            if let Some(verdict) = error.downcast_ref::<Verdict>() {
                return verdict.discarded;
            }
            next = error.source();
        }
        false
    }
}

impl fmt::Debug for RecordError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Verdict { discarded, source } = &self.0;
        f.debug_struct("RecordError").field("discarded", discarded).field("source", source).finish()
    }
}

impl fmt::Display for RecordError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&self.0, f)
    }
}

impl StdError for RecordError {
    fn source(&self) -> Option<&(dyn StdError + 'static)> {
        Some(&self.0)
    }
}

impl fmt::Display for Verdict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&self.source, f)
    }
}

impl StdError for Verdict {
    fn source(&self) -> Option<&(dyn StdError + 'static)> {
        // The cause itself, not what it is caused by: a log line leaves out a text that repeats.
        Some(&*self.source)
    }
}

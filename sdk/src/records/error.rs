//! [`RecordError`] decides whether a failed record is retried; [`DecodeError`] is the reason why a record could not be
//! decoded.

use std::error::Error as StdError;
use std::fmt;

use crate::core::error::{BoxError, FunctionError, as_error, causes, with_sources};
use crate::core::json::JsonError;

/// An error that decides whether its record is retried. Any other error is retried.
///
/// It takes effect anywhere in the chain of causes of the function's error.
///
/// # Example
///
/// ```
/// use pilaster::records::RecordError;
/// use pilaster::{BoxError, Sqs};
///
/// async fn ship(order: Sqs<String>) -> Result<(), BoxError> {
///     if order.is_empty() {
///         // Permanent: log it and delete the message.
///         return Err(RecordError::discard("an order without a line").into());
///     }
///     Ok(())
/// }
/// # let _ = ship;
/// ```
///
/// # Typed errors
///
/// A function with its own error type returns `Result<(), RecordError>` and decides in one place, for each variant. The
/// `errorType` of the record's log line and of a failed invocation is that of the inner error, and
/// [`downcast_ref`](Self::downcast_ref) returns it.
///
/// ```
/// use pilaster::Sqs;
/// use pilaster::records::RecordError;
///
/// #[derive(Debug, thiserror::Error)]
/// enum ShipError {
///     #[error("the order has no lines")]
///     NoLines,
///     #[error("the warehouse is unavailable")]
///     Warehouse(#[source] std::io::Error),
/// }
///
/// impl From<ShipError> for RecordError {
///     fn from(error: ShipError) -> Self {
///         match error {
///             ShipError::NoLines => RecordError::discard(error),
///             ShipError::Warehouse(_) => RecordError::retry(error),
///         }
///     }
/// }
///
/// fn check(order: &str) -> Result<(), ShipError> {
///     if order.is_empty() { Err(ShipError::NoLines) } else { Ok(()) }
/// }
///
/// async fn ship(order: Sqs<String>) -> Result<(), RecordError> {
///     check(&order)?;
///     Ok(())
/// }
/// # let _ = pilaster::handler(ship);
///
/// let error = RecordError::from(check("").unwrap_err());
/// assert!(error.is_discarded());
/// assert!(matches!(error.downcast_ref(), Some(ShipError::NoLines)));
/// ```
pub struct RecordError(Decision);

/// The part of a `RecordError` that stays in the chain of causes: `#[error(transparent)]` and `anyhow` skip an error
/// and continue with its source.
#[derive(Debug)]
struct Decision {
    discard: bool,
    source: BoxError,
}

impl RecordError {
    /// Creates an error whose record is retried, according to its source.
    pub fn retry<E: Into<BoxError>>(error: E) -> Self {
        Self::new(false, error)
    }

    /// Creates an error whose record can never succeed: it is logged and not retried. If the record should reach a
    /// dead-letter queue, return any other error instead.
    pub fn discard<E: Into<BoxError>>(error: E) -> Self {
        Self::new(true, error)
    }

    fn new<E: Into<BoxError>>(discard: bool, error: E) -> Self {
        // A boxed error does not know the name of its type, which is the `errorType`.
        Self(Decision { discard, source: FunctionError::of(error).into() })
    }

    /// Returns `true` if the record is discarded instead of retried.
    pub fn is_discarded(&self) -> bool {
        self.0.discard
    }

    /// Returns the inner error, if it is an `E`.
    pub fn downcast_ref<E: StdError + 'static>(&self) -> Option<&E> {
        causes(&*self.0.source).find_map(as_error)
    }

    /// Returns the decision of the outermost `RecordError` in the chain of causes.
    pub(super) fn discards(error: &(dyn StdError + 'static)) -> bool {
        let decision = with_sources(error).find_map(|error| error.downcast_ref::<Decision>());
        decision.is_some_and(|decision| decision.discard)
    }
}

impl fmt::Debug for RecordError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Decision { discard, source } = &self.0;
        f.debug_struct("RecordError").field("discard", discard).field("source", source).finish()
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

impl fmt::Display for Decision {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&self.source, f)
    }
}

impl StdError for Decision {
    fn source(&self) -> Option<&(dyn StdError + 'static)> {
        // The error itself instead of its cause; the log omits a repeated message.
        Some(&*self.source)
    }
}

/// The part of a record that could not be decoded, and the reason.
///
/// ```
/// use pilaster::records::DecodeError;
///
/// let error = DecodeError::new("the message body", "not Avro");
/// assert_eq!(error.to_string(), "the message body could not be decoded");
/// ```
#[derive(Debug)]
pub struct DecodeError {
    what: &'static str,
    source: BoxError,
}

impl DecodeError {
    /// Creates the error of your own [`FromRecord`](crate::records::FromRecord): from the part, such as
    /// `the message body`, and the cause.
    pub fn new(what: &'static str, source: impl Into<BoxError>) -> Self {
        // serde_json's message repeats the value, which may be a secret.
        let source = source.into().downcast::<serde_json::Error>();
        Self { what, source: source.map_or_else(|other| other, |error| JsonError::of(*error).into()) }
    }
}

impl fmt::Display for DecodeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} could not be decoded", self.what)
    }
}

impl StdError for DecodeError {
    fn source(&self) -> Option<&(dyn StdError + 'static)> {
        Some(&*self.source)
    }
}

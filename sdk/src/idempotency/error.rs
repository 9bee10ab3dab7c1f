//! [`IdempotencyError`]: the reason why a call was neither run nor replayed.

use std::error::Error as StdError;
use std::fmt;

use crate::core::error::{BoxError, FunctionError, Internal, Refusal, chain};

/// `Retry-After` for a caller whose key is in use, in seconds.
const RETRY_AFTER: u32 = 1;

/// The reason why a call was neither run nor replayed.
///
/// An HTTP function responds with the status in the last column, as the
/// [draft of the header](https://datatracker.ietf.org/doc/html/draft-ietf-httpapi-idempotency-key-header) requires,
/// even if the error is returned with `?` from an `#[idempotent]` function or is the cause of your own error. Any other
/// function fails with Powertools' name as the `errorType`.
///
/// A client of AppSync and a model read the text of an error that they can act on, if it is converted to a
/// [`FunctionError`](crate::FunctionError) or, in a tool, to a `ToolError`: a call in progress, another payload, a missing
/// key, a lost lock. An invalid key, a failed store and a mistake in the set-up are an internal error for them.
///
/// | kind | `errorType` | HTTP |
/// |---|---|---|
/// | [`is_in_progress`](Self::is_in_progress) | `IdempotencyAlreadyInProgressError` | 409 with `Retry-After` |
/// | [`is_payload_mismatch`](Self::is_payload_mismatch) | `IdempotencyValidationError` | 422 |
/// | [`is_key_error`](Self::is_key_error) | `IdempotencyKeyError` | 400 |
/// | [`is_lost`](Self::is_lost) | `IdempotencyInconsistentStateError` | 409 with `Retry-After` |
/// | [`is_store_error`](Self::is_store_error) | `IdempotencyPersistenceLayerError` | 500, or 503 if AWS throttles |
pub struct IdempotencyError {
    kind: Kind,
    /// The response of an HTTP function, if the caller should know the reason; a mark and the cause, if no caller may read
    /// the text.
    source: BoxError,
}

#[derive(Clone, Debug)]
enum Kind {
    InProgress,
    Mismatch,
    OtherCaller,
    NoKey,
    BadKey(String),
    Inconsistent,
    Lost,
    Store(&'static str),
    Result(&'static str),
    Setup(String),
}

impl IdempotencyError {
    fn new(kind: Kind) -> Self {
        match kind.refusal() {
            Some(refusal) if !kind.is_internal() => Self { kind, source: refusal.into() },
            refusal => Self::internal(kind, refusal.map(Into::into)),
        }
    }

    fn internal(kind: Kind, source: Option<BoxError>) -> Self {
        let text = kind.to_string();
        Self { kind, source: Internal { text, source }.into() }
    }

    pub(crate) fn in_progress() -> Self {
        Self::new(Kind::InProgress)
    }

    pub(crate) fn mismatch() -> Self {
        Self::new(Kind::Mismatch)
    }

    #[cfg_attr(not(feature = "http"), allow(dead_code))]
    pub(crate) fn other_caller() -> Self {
        Self::new(Kind::OtherCaller)
    }

    pub(crate) fn no_key() -> Self {
        Self::new(Kind::NoKey)
    }

    pub(crate) fn bad_key(reason: impl Into<String>) -> Self {
        Self::new(Kind::BadKey(reason.into()))
    }

    pub(crate) fn inconsistent() -> Self {
        Self::new(Kind::Inconsistent)
    }

    pub(crate) fn lost() -> Self {
        Self::new(Kind::Lost)
    }

    pub(crate) fn store(step: &'static str, source: BoxError) -> Self {
        Self::internal(Kind::Store(step), Some(source))
    }

    pub(crate) fn result(step: &'static str, source: impl Into<BoxError>) -> Self {
        Self::internal(Kind::Result(step), Some(source.into()))
    }

    pub(crate) fn setup(mistake: impl Into<String>) -> Self {
        Self::new(Kind::Setup(mistake.into()))
    }

    /// Returns `true` if another call with the same key is running, or its result is not recorded yet. Retry later.
    pub fn is_in_progress(&self) -> bool {
        matches!(self.kind, Kind::InProgress)
    }

    /// Returns `true` if the key was used with a different payload or, in an HTTP request, by another caller.
    pub fn is_payload_mismatch(&self) -> bool {
        matches!(self.kind, Kind::Mismatch | Kind::OtherCaller)
    }

    /// Returns `true` if the key is required and missing, or invalid.
    pub fn is_key_error(&self) -> bool {
        matches!(self.kind, Kind::NoKey | Kind::BadKey(_))
    }

    /// Returns `true` if another call holds the key: the record kept changing while it was read, or this call outlived
    /// its lock. Retry to get the recorded result.
    pub fn is_lost(&self) -> bool {
        matches!(self.kind, Kind::Inconsistent | Kind::Lost)
    }

    /// Returns `true` if the store failed before the call ran, so it did not run.
    pub fn is_store_error(&self) -> bool {
        matches!(self.kind, Kind::Store(_))
    }

    /// Returns `true` if the recorded result cannot be decoded as the expected type.
    pub fn is_result_error(&self) -> bool {
        matches!(self.kind, Kind::Result(_))
    }

    /// Returns `true` if the key is required and missing.
    #[cfg_attr(not(feature = "http"), allow(dead_code))]
    pub(crate) fn is_missing_key(&self) -> bool {
        matches!(self.kind, Kind::NoKey)
    }

    /// Returns `true` if no client and no model reads the reason.
    #[cfg(feature = "tools")]
    pub(crate) fn is_internal(&self) -> bool {
        self.kind.is_internal()
    }

    /// Returns Powertools' name of the error.
    pub(crate) fn name(&self) -> &'static str {
        match self.kind {
            Kind::InProgress => "IdempotencyAlreadyInProgressError",
            Kind::Mismatch | Kind::OtherCaller => "IdempotencyValidationError",
            Kind::NoKey | Kind::BadKey(_) => "IdempotencyKeyError",
            Kind::Inconsistent | Kind::Lost => "IdempotencyInconsistentStateError",
            Kind::Store(_) | Kind::Result(_) => "IdempotencyPersistenceLayerError",
            Kind::Setup(_) => "IdempotencySetupError",
        }
    }
}

impl Kind {
    /// Returns `true` if the text names a part of the function or of its store, and not what the caller can change.
    fn is_internal(&self) -> bool {
        matches!(self, Self::BadKey(_) | Self::Store(_) | Self::Result(_) | Self::Setup(_))
    }

    /// Returns the response of an HTTP function; `None` if the caller is not the cause.
    fn refusal(&self) -> Option<Refusal> {
        let (status, retry_after, detail) = match self {
            Self::InProgress => {
                (409, Some(RETRY_AFTER), "another request with this idempotency key is in progress; retry")
            }
            Self::Inconsistent | Self::Lost => {
                (409, Some(RETRY_AFTER), "another request with this idempotency key is finishing; retry")
            }
            Self::Mismatch => (422, None, "the idempotency key was already used with a different payload"),
            Self::OtherCaller => (422, None, "the idempotency key was already used by another caller"),
            Self::NoKey => (400, None, "the idempotency key is missing"),
            Self::BadKey(_) => (400, None, "invalid idempotency key"),
            Self::Store(_) | Self::Result(_) | Self::Setup(_) => return None,
        };
        Some(Refusal { status, retry_after, detail, text: self.to_string() })
    }
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::InProgress => f.write_str("a call with the same idempotency key is in progress"),
            Self::Mismatch => f.write_str("the idempotency key was already used with a different payload"),
            Self::OtherCaller => f.write_str("the idempotency key was already used by another caller"),
            Self::NoKey => f.write_str("the idempotency key is missing"),
            Self::BadKey(reason) => write!(f, "invalid idempotency key: {reason}"),
            Self::Inconsistent => f.write_str("the idempotency record kept changing while it was read"),
            Self::Lost => f.write_str("the call outlived its lock, and another call holds its idempotency key"),
            Self::Store(step) => write!(f, "the idempotency record could not be {step}"),
            Self::Result(step) => write!(f, "the result could not be {step}"),
            Self::Setup(mistake) => f.write_str(mistake),
        }
    }
}

impl fmt::Display for IdempotencyError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.kind.fmt(f)
    }
}

impl fmt::Debug for IdempotencyError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // The `Debug` of a cause may reveal the store's data.
        let causes = chain(self).split_off(1);
        f.debug_struct("IdempotencyError").field("kind", &self.kind).field("causes", &causes).finish()
    }
}

impl StdError for IdempotencyError {
    fn source(&self) -> Option<&(dyn StdError + 'static)> {
        Some(&*self.source)
    }
}

impl From<IdempotencyError> for FunctionError {
    fn from(error: IdempotencyError) -> Self {
        Self::new(error.name(), error.to_string()).with_source(error)
    }
}

//! [`IdempotencyError`]: why a call neither ran nor was answered from its record.

use std::error::Error as StdError;
use std::fmt;

use crate::error::{BoxError, FunctionError};

/// Why a call neither ran nor was answered from its record.
///
/// An HTTP function answers it with the status in the last column, as the
/// [draft of the header](https://datatracker.ietf.org/doc/html/draft-ietf-httpapi-idempotency-key-header) asks. Any other
/// function fails with Powertools' name as its `errorType`.
///
/// | question | `errorType` | HTTP |
/// |---|---|---|
/// | [`is_in_progress`](Self::is_in_progress) | `IdempotencyAlreadyInProgressError` | 409 with `Retry-After` |
/// | [`is_payload_mismatch`](Self::is_payload_mismatch) | `IdempotencyValidationError` | 422 |
/// | [`is_key_error`](Self::is_key_error) | `IdempotencyKeyError` | 400 |
/// | [`is_lost`](Self::is_lost) | `IdempotencyInconsistentStateError` | 409 with `Retry-After` |
/// | [`is_store_error`](Self::is_store_error) | `IdempotencyPersistenceLayerError` | 500, or 503 where AWS throttles |
pub struct IdempotencyError {
    kind: Kind,
    source: Option<BoxError>,
}

#[derive(Clone, Debug)]
enum Kind {
    InProgress,
    Mismatch,
    NoKey,
    BadKey(String),
    Inconsistent,
    Lost,
    Store(&'static str),
    Answer(&'static str),
    Setup(String),
}

impl IdempotencyError {
    fn new(kind: Kind) -> Self {
        Self { kind, source: None }
    }

    pub(super) fn in_progress() -> Self {
        Self::new(Kind::InProgress)
    }

    pub(super) fn mismatch() -> Self {
        Self::new(Kind::Mismatch)
    }

    pub(super) fn no_key() -> Self {
        Self::new(Kind::NoKey)
    }

    pub(super) fn bad_key(reason: impl Into<String>) -> Self {
        Self::new(Kind::BadKey(reason.into()))
    }

    pub(super) fn inconsistent() -> Self {
        Self::new(Kind::Inconsistent)
    }

    pub(super) fn lost() -> Self {
        Self::new(Kind::Lost)
    }

    pub(super) fn store(step: &'static str, source: BoxError) -> Self {
        Self { kind: Kind::Store(step), source: Some(source) }
    }

    pub(super) fn answer(step: &'static str, source: impl Into<BoxError>) -> Self {
        Self { kind: Kind::Answer(step), source: Some(source.into()) }
    }

    pub(super) fn setup(mistake: impl Into<String>) -> Self {
        Self::new(Kind::Setup(mistake.into()))
    }

    /// Another call with the same key is running, or its end is not known yet. Trying again later is right.
    pub fn is_in_progress(&self) -> bool {
        matches!(self.kind, Kind::InProgress)
    }

    /// The key was used before with another payload.
    pub fn is_payload_mismatch(&self) -> bool {
        matches!(self.kind, Kind::Mismatch)
    }

    /// There is no key and one is required, or it cannot be read.
    pub fn is_key_error(&self) -> bool {
        matches!(self.kind, Kind::NoKey | Kind::BadKey(_))
    }

    /// The record changed hands: while it was read, or because this call took longer than its lock lasted and another one has
    /// taken over. Trying again gives the answer that is recorded.
    pub fn is_lost(&self) -> bool {
        matches!(self.kind, Kind::Inconsistent | Kind::Lost)
    }

    /// The store failed before the call ran, so it did not run.
    pub fn is_store_error(&self) -> bool {
        matches!(self.kind, Kind::Store(_))
    }

    /// The recorded answer is not of the type that is asked for, or the answer cannot be recorded as JSON.
    pub fn is_answer_error(&self) -> bool {
        matches!(self.kind, Kind::Answer(_))
    }

    /// The same as Powertools names it.
    pub(super) fn name(&self) -> &'static str {
        match self.kind {
            Kind::InProgress => "IdempotencyAlreadyInProgressError",
            Kind::Mismatch => "IdempotencyValidationError",
            Kind::NoKey | Kind::BadKey(_) => "IdempotencyKeyError",
            Kind::Inconsistent | Kind::Lost => "IdempotencyInconsistentStateError",
            Kind::Store(_) | Kind::Answer(_) => "IdempotencyPersistenceLayerError",
            Kind::Setup(_) => "IdempotencySetupError",
        }
    }
}

impl fmt::Display for IdempotencyError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.kind {
            Kind::InProgress => f.write_str("a call with the same idempotency key is in progress"),
            Kind::Mismatch => f.write_str("the idempotency key was used before with another payload"),
            Kind::NoKey => f.write_str("there is no idempotency key"),
            Kind::BadKey(reason) => write!(f, "the idempotency key cannot be read: {reason}"),
            Kind::Inconsistent => f.write_str("the idempotency record kept changing while it was read"),
            Kind::Lost => {
                f.write_str("the call took longer than its lock, and another call has its idempotency key now")
            }
            Kind::Store(step) => write!(f, "the idempotency record could not be {step}"),
            Kind::Answer(step) => write!(f, "the answer could not be {step}"),
            Kind::Setup(mistake) => f.write_str(mistake),
        }
    }
}

impl fmt::Debug for IdempotencyError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("IdempotencyError").field("kind", &self.kind).field("source", &self.source).finish()
    }
}

impl StdError for IdempotencyError {
    fn source(&self) -> Option<&(dyn StdError + 'static)> {
        self.source.as_ref().map(|source| &**source as &(dyn StdError + 'static))
    }
}

impl From<IdempotencyError> for FunctionError {
    fn from(error: IdempotencyError) -> Self {
        Self::new(error.name(), error.to_string()).with_source(error)
    }
}

//! [`ParameterError`]: a parameter that could not be fetched, read or written.

use std::error::Error as StdError;
use std::fmt;

use crate::config::cache::Chain;
use crate::config::failure::{Failure, Reason, Subject};
use crate::core::error::BoxError;

/// The error of a parameter that could not be fetched, read or written. It names the parameter and the reason, and
/// never holds a value.
#[derive(Clone)]
pub struct ParameterError(Failure);

impl ParameterError {
    pub(super) fn no_name(variable: &str, why: &str) -> Self {
        Self(Failure::no_name(variable, "a parameter", why))
    }

    pub(super) fn not_fetched(of: &impl Subject, reason: Reason) -> Self {
        Self(Failure::not_fetched(of, reason))
    }

    pub(super) fn not_written(of: &impl Subject, reason: BoxError) -> Self {
        Self(Failure::not_written(of, reason))
    }

    pub(super) fn malformed(of: &impl Subject, why: impl Into<String>) -> Self {
        Self(Failure::malformed(of, why))
    }

    /// Returns the error of `FromParameter::from_parameter`, which may already be a `ParameterError`.
    #[cfg(feature = "parameters")]
    pub(super) fn not_decoded(of: &impl Subject, reason: BoxError) -> Self {
        match reason.downcast::<Self>() {
            Ok(error) => *error,
            Err(reason) => Self(Failure::not_decoded(of, reason)),
        }
    }

    /// Returns the name or path; `None` if the variable that should name it is not set.
    pub fn parameter(&self) -> Option<&str> {
        self.0.name()
    }

    /// Returns `true` if it could not be fetched: it does not exist, access is denied, or the service failed.
    pub fn is_unavailable(&self) -> bool {
        self.0.is_unavailable()
    }

    /// Returns `true` if the source refused to read or write it ([`Refused`](crate::config::cache::Refused)): it does
    /// not exist, or the function lacks the permission. An outage is not a refusal.
    pub fn is_refused(&self) -> bool {
        self.0.is_refused()
    }

    /// Returns `true` if it could not be written.
    pub fn is_not_written(&self) -> bool {
        self.0.is_not_written()
    }

    /// Returns `true` if it was fetched but cannot be decoded: it is not JSON, does not match the type, is not base64,
    /// or is not decrypted.
    pub fn is_malformed(&self) -> bool {
        self.0.is_malformed()
    }
}

impl fmt::Debug for ParameterError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Without the `Debug` of the reason, which may reveal the service's response.
        f.debug_tuple("ParameterError").field(&Chain(self)).finish()
    }
}

impl fmt::Display for ParameterError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl StdError for ParameterError {
    fn source(&self) -> Option<&(dyn StdError + 'static)> {
        self.0.source()
    }
}

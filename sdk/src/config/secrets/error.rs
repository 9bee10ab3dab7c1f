//! [`SecretError`]: a secret that could not be fetched, read or written.

use std::error::Error as StdError;
use std::fmt;

use crate::config::cache::Chain;
use crate::config::failure::{Failure, Reason, Subject};
use crate::core::error::BoxError;

/// The error of a secret that could not be fetched, read or written. It contains the name and the reason, but never a
/// value.
#[derive(Clone)]
pub struct SecretError(Failure);

impl SecretError {
    pub(super) fn no_name(variable: &str, why: &str) -> Self {
        Self(Failure::no_name(variable, "a secret", why))
    }

    pub(super) fn not_fetched(of: &impl Subject, reason: Reason) -> Self {
        Self(Failure::not_fetched(of, reason))
    }

    pub(super) fn not_written(of: &impl Subject, reason: BoxError) -> Self {
        Self(Failure::not_written(of, reason))
    }

    pub(super) fn unchanged(of: &impl Subject) -> Self {
        Self(Failure::unchanged(of))
    }

    pub(super) fn malformed(of: &impl Subject, why: impl Into<String>) -> Self {
        Self(Failure::malformed(of, why))
    }

    /// Returns the error of [`FromSecret::from_secret`](super::FromSecret::from_secret), which may be one of these
    /// already.
    pub(super) fn not_decoded(of: &impl Subject, reason: BoxError) -> Self {
        match reason.downcast::<Self>() {
            Ok(error) => *error,
            Err(reason) => Self(Failure::not_decoded(of, reason)),
        }
    }

    /// Returns the name or ARN of the secret; `None` if the variable that should name it is not set.
    pub fn secret(&self) -> Option<&str> {
        self.0.name()
    }

    /// Returns `true` if it could not be fetched: it does not exist, access is denied, or the service failed.
    pub fn is_unavailable(&self) -> bool {
        self.0.is_unavailable()
    }

    /// Returns `true` if the service refused to read or write it ([`Refused`](crate::config::cache::Refused)): it does
    /// not exist, or the function lacks the permission. An outage is not a refusal.
    pub fn is_refused(&self) -> bool {
        self.0.is_refused()
    }

    /// Returns `true` if it could not be written.
    pub fn is_not_written(&self) -> bool {
        self.0.is_not_written()
    }

    /// Returns `true` if a newer value was requested but there is none.
    pub fn is_unchanged(&self) -> bool {
        self.0.is_unchanged()
    }

    /// Returns `true` if it was fetched but cannot be decoded: it is not JSON, does not match the type, or is binary
    /// instead of text or vice versa.
    pub fn is_malformed(&self) -> bool {
        self.0.is_malformed()
    }
}

impl fmt::Debug for SecretError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Without the `Debug` of the reason, which may reveal the service's response.
        f.debug_tuple("SecretError").field(&Chain(self)).finish()
    }
}

impl fmt::Display for SecretError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl StdError for SecretError {
    fn source(&self) -> Option<&(dyn StdError + 'static)> {
        self.0.source()
    }
}

//! [`SecretError`]: a secret that could not be had, read or written.

use std::error::Error as StdError;
use std::fmt;
use std::sync::Arc;

use super::SecretId;
use crate::config::cache::{Chain, Refused};
use crate::core::error::BoxError;

/// A secret that could not be had, read or written. It names the secret and the reason, and never holds a value.
#[derive(Clone)]
pub struct SecretError {
    kind: Kind,
}

#[derive(Clone)]
enum Kind {
    NoName { variable: &'static str, why: &'static str },
    NotFetched { id: SecretId, reason: Arc<dyn StdError + Send + Sync> },
    NotWritten { id: SecretId, reason: Arc<dyn StdError + Send + Sync> },
    Unchanged { id: SecretId },
    Malformed { id: SecretId, why: String, reason: Option<Arc<dyn StdError + Send + Sync>> },
}

impl SecretError {
    pub(super) fn no_name(variable: &'static str, why: &'static str) -> Self {
        Self { kind: Kind::NoName { variable, why } }
    }

    pub(super) fn not_fetched(id: &SecretId, reason: Arc<dyn StdError + Send + Sync>) -> Self {
        Self { kind: Kind::NotFetched { id: id.clone(), reason } }
    }

    pub(super) fn not_written(id: &SecretId, reason: BoxError) -> Self {
        Self { kind: Kind::NotWritten { id: id.clone(), reason: Arc::from(reason) } }
    }

    pub(super) fn unchanged(id: &SecretId) -> Self {
        Self { kind: Kind::Unchanged { id: id.clone() } }
    }

    pub(super) fn malformed(id: &SecretId, why: impl Into<String>) -> Self {
        Self { kind: Kind::Malformed { id: id.clone(), why: why.into(), reason: None } }
    }

    /// What [`FromSecret::from_secret`](super::FromSecret::from_secret) said, under the secret's name.
    pub(super) fn not_decoded(id: &SecretId, reason: BoxError) -> Self {
        match reason.downcast::<Self>() {
            Ok(error) => *error,
            Err(reason) => {
                let why = "could not be decoded".to_owned();
                Self { kind: Kind::Malformed { id: id.clone(), why, reason: Some(Arc::from(reason)) } }
            }
        }
    }

    /// The name or ARN of the secret; `None` if the variable that should name it is not set.
    pub fn secret(&self) -> Option<&str> {
        match &self.kind {
            Kind::NoName { .. } => None,
            Kind::NotFetched { id, .. }
            | Kind::NotWritten { id, .. }
            | Kind::Unchanged { id }
            | Kind::Malformed { id, .. } => Some(id.name()),
        }
    }

    /// Whether the service did not give it: it does not exist, may not be read, or the service failed.
    pub fn is_unavailable(&self) -> bool {
        matches!(self.kind, Kind::NotFetched { .. })
    }

    /// Whether the service refused to give or to write it ([`Refused`]): it does not exist, or may not be read or written. An
    /// outage is no refusal.
    pub fn is_refused(&self) -> bool {
        match &self.kind {
            Kind::NotFetched { reason, .. } | Kind::NotWritten { reason, .. } => Refused::is_in(&**reason),
            _ => false,
        }
    }

    /// Whether it could not be written.
    pub fn is_not_written(&self) -> bool {
        matches!(self.kind, Kind::NotWritten { .. })
    }

    /// Whether a newer value was asked for and there is none.
    pub fn is_unchanged(&self) -> bool {
        matches!(self.kind, Kind::Unchanged { .. })
    }

    /// Whether it is there and cannot be read: no JSON, another shape, binary for text or the reverse.
    pub fn is_malformed(&self) -> bool {
        matches!(self.kind, Kind::Malformed { .. })
    }
}

impl fmt::Debug for SecretError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Not the reason's own `Debug`, which may show what the service sent.
        f.debug_tuple("SecretError").field(&Chain(self)).finish()
    }
}

impl fmt::Display for SecretError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.kind {
            Kind::NoName { variable, why } => {
                write!(f, "the environment variable `{variable}`, which names a secret, {why}")
            }
            Kind::NotFetched { id, .. } => write!(f, "could not get {id}"),
            Kind::NotWritten { id, .. } => write!(f, "could not write {id}"),
            Kind::Unchanged { id } => write!(f, "{id} was refused, and there is no newer version of it"),
            Kind::Malformed { id, why, .. } => write!(f, "{id} {why}"),
        }
    }
}

impl StdError for SecretError {
    fn source(&self) -> Option<&(dyn StdError + 'static)> {
        match &self.kind {
            Kind::NotFetched { reason, .. } | Kind::NotWritten { reason, .. } => Some(&**reason),
            Kind::Malformed { reason, .. } => reason.as_ref().map(|reason| &**reason as &(dyn StdError + 'static)),
            Kind::NoName { .. } | Kind::Unchanged { .. } => None,
        }
    }
}

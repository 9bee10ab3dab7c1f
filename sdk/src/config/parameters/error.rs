//! [`ParameterError`]: a parameter that could not be had, read or written.

use std::error::Error as StdError;
use std::fmt;
use std::sync::Arc;

use super::{ParameterId, ParameterPath};
use crate::config::cache::{Chain, Refused};
use crate::core::error::BoxError;

/// A parameter that could not be had, read or written. It names the parameter and the reason, and never holds a value.
#[derive(Clone)]
pub struct ParameterError {
    kind: Kind,
}

type Reason = Arc<dyn StdError + Send + Sync>;

#[derive(Clone)]
enum Kind {
    NoName { variable: &'static str, why: &'static str },
    NotFetched { what: String, name: String, reason: Reason },
    Malformed { id: ParameterId, why: String, reason: Option<Reason> },
    NotWritten { name: String, reason: Reason },
}

impl ParameterError {
    pub(super) fn no_name(variable: &'static str, why: &'static str) -> Self {
        Self { kind: Kind::NoName { variable, why } }
    }

    pub(super) fn not_fetched(id: &ParameterId, reason: Reason) -> Self {
        Self { kind: Kind::NotFetched { what: id.to_string(), name: id.name().to_owned(), reason } }
    }

    pub(super) fn not_fetched_below(path: &ParameterPath, reason: Reason) -> Self {
        Self { kind: Kind::NotFetched { what: path.to_string(), name: path.path().to_owned(), reason } }
    }

    pub(super) fn malformed(id: &ParameterId, why: impl Into<String>) -> Self {
        Self { kind: Kind::Malformed { id: id.clone(), why: why.into(), reason: None } }
    }

    /// What `FromParameter::from_parameter` said, under the parameter's name.
    #[cfg(feature = "parameters")]
    pub(super) fn not_decoded(id: &ParameterId, reason: BoxError) -> Self {
        match reason.downcast::<Self>() {
            Ok(error) => *error,
            Err(reason) => {
                let why = "could not be decoded".to_owned();
                Self { kind: Kind::Malformed { id: id.clone(), why, reason: Some(Arc::from(reason)) } }
            }
        }
    }

    pub(super) fn not_written(name: &str, reason: BoxError) -> Self {
        Self { kind: Kind::NotWritten { name: name.to_owned(), reason: Arc::from(reason) } }
    }

    /// The name or path; `None` if the variable that should name it is not set.
    pub fn parameter(&self) -> Option<&str> {
        match &self.kind {
            Kind::NoName { .. } => None,
            Kind::NotFetched { name, .. } | Kind::NotWritten { name, .. } => Some(name),
            Kind::Malformed { id, .. } => Some(id.name()),
        }
    }

    /// Whether the source did not give it: it does not exist, may not be read, or the service failed.
    pub fn is_unavailable(&self) -> bool {
        matches!(self.kind, Kind::NotFetched { .. })
    }

    /// Whether the source refused to give or to write it ([`Refused`]): it does not exist, or may not be read or written. An
    /// outage is no refusal.
    pub fn is_refused(&self) -> bool {
        match &self.kind {
            Kind::NotFetched { reason, .. } | Kind::NotWritten { reason, .. } => Refused::is_in(&**reason),
            _ => false,
        }
    }

    /// Whether it is there and cannot be read: no JSON, another shape, no base64, not decrypted.
    pub fn is_malformed(&self) -> bool {
        matches!(self.kind, Kind::Malformed { .. })
    }
}

impl fmt::Debug for ParameterError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Not the reason's own `Debug`, which may show what the service sent.
        f.debug_tuple("ParameterError").field(&Chain(self)).finish()
    }
}

impl fmt::Display for ParameterError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.kind {
            Kind::NoName { variable, why } => {
                write!(f, "the environment variable `{variable}`, which names a parameter, {why}")
            }
            Kind::NotFetched { what, .. } => write!(f, "could not get {what}"),
            Kind::Malformed { id, why, .. } => write!(f, "{id} {why}"),
            Kind::NotWritten { name, .. } => write!(f, "could not write parameter `{name}`"),
        }
    }
}

impl StdError for ParameterError {
    fn source(&self) -> Option<&(dyn StdError + 'static)> {
        match &self.kind {
            Kind::NotFetched { reason, .. } | Kind::NotWritten { reason, .. } => Some(&**reason),
            Kind::Malformed { reason, .. } => reason.as_ref().map(|reason| &**reason as &(dyn StdError + 'static)),
            Kind::NoName { .. } => None,
        }
    }
}

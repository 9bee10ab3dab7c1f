//! [`FlagsError`]: flags that could not be evaluated.

use std::error::Error as StdError;
use std::fmt;
use std::sync::Arc;

use super::SchemaError;
use crate::config::cache::Chain;

/// The error of flags that could not be evaluated. It names the flag or the document, and never contains a value.
#[derive(Clone)]
pub struct FlagsError {
    kind: Kind,
}

#[derive(Clone)]
enum Kind {
    Unavailable { name: String, reason: Arc<dyn StdError + Send + Sync> },
    WrongType { flag: String },
    NoContext,
}

impl FlagsError {
    pub(super) fn unavailable(name: &str, reason: Arc<dyn StdError + Send + Sync>) -> Self {
        Self { kind: Kind::Unavailable { name: name.to_owned(), reason } }
    }

    pub(super) fn wrong_type(flag: &str) -> Self {
        Self { kind: Kind::WrongType { flag: flag.to_owned() } }
    }

    pub(super) fn no_context() -> Self {
        Self { kind: Kind::NoContext }
    }

    /// Returns `true` if the document is unavailable: the source did not return it, or it does not match the schema.
    pub fn is_unavailable(&self) -> bool {
        matches!(self.kind, Kind::Unavailable { .. })
    }

    /// Returns the errors in the document, if it is unavailable because of them.
    pub fn schema(&self) -> Option<&SchemaError> {
        match &self.kind {
            Kind::Unavailable { reason, .. } => reason.downcast_ref(),
            _ => None,
        }
    }

    /// Returns `true` if the flag's value does not have the requested type.
    pub fn is_wrong_type(&self) -> bool {
        matches!(self.kind, Kind::WrongType { .. })
    }
}

impl fmt::Debug for FlagsError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("FlagsError").field(&Chain(self)).finish()
    }
}

impl fmt::Display for FlagsError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.kind {
            Kind::Unavailable { name, .. } => write!(f, "could not get the feature flags `{name}`"),
            Kind::WrongType { flag } => {
                write!(f, "the value of the feature flag `{flag}` does not have the requested type")
            }
            Kind::NoContext => f.write_str("the context of a feature flag must be an object: a struct or a map"),
        }
    }
}

impl StdError for FlagsError {
    fn source(&self) -> Option<&(dyn StdError + 'static)> {
        match &self.kind {
            Kind::Unavailable { reason, .. } => Some(&**reason),
            _ => None,
        }
    }
}

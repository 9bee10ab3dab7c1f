//! [`Failure`]: the common part of the errors of secrets and parameters.

use std::error::Error as StdError;
use std::fmt;
use std::sync::Arc;

use super::cache::Refused;
use crate::core::error::BoxError;

pub(crate) type Reason = Arc<dyn StdError + Send + Sync>;

/// A secret, a parameter or a path of parameters. Its `Display` is its name within a sentence.
pub(crate) trait Subject: fmt::Display {
    /// Returns only the name.
    fn subject(&self) -> &str;
}

/// A failed operation on a value. It contains the name and the reason, but never the value.
#[derive(Clone)]
pub(crate) struct Failure {
    /// The name of the value, and its name in a sentence.
    of: Option<(String, String)>,
    kind: Kind,
}

#[derive(Clone)]
enum Kind {
    NoName(String),
    NotFetched(Reason),
    NotWritten(Reason),
    #[cfg(feature = "secrets")]
    Unchanged,
    Malformed(String, Option<Reason>),
}

impl Failure {
    fn new(of: &impl Subject, kind: Kind) -> Self {
        Self { of: Some((of.subject().to_owned(), of.to_string())), kind }
    }

    /// Creates the failure of a variable that names a value (`"a secret"`) and, for example, "is not set".
    pub(crate) fn no_name(variable: &str, what: &str, why: &str) -> Self {
        let sentence = format!("the environment variable `{variable}`, which names {what}, {why}");
        Self { of: None, kind: Kind::NoName(sentence) }
    }

    pub(crate) fn not_fetched(of: &impl Subject, reason: Reason) -> Self {
        Self::new(of, Kind::NotFetched(reason))
    }

    pub(crate) fn not_written(of: &impl Subject, reason: BoxError) -> Self {
        Self::new(of, Kind::NotWritten(Arc::from(reason)))
    }

    #[cfg(feature = "secrets")]
    pub(crate) fn unchanged(of: &impl Subject) -> Self {
        Self::new(of, Kind::Unchanged)
    }

    /// Creates the failure of a value that "is not valid JSON", for example.
    pub(crate) fn malformed(of: &impl Subject, why: impl Into<String>) -> Self {
        Self::new(of, Kind::Malformed(why.into(), None))
    }

    /// Creates the failure of a value that could not be decoded as the user's type.
    #[cfg(any(feature = "secrets", feature = "parameters"))]
    pub(crate) fn not_decoded(of: &impl Subject, reason: BoxError) -> Self {
        Self::new(of, Kind::Malformed("could not be decoded".to_owned(), Some(Arc::from(reason))))
    }

    pub(crate) fn name(&self) -> Option<&str> {
        self.of.as_ref().map(|(name, _)| &**name)
    }

    pub(crate) fn is_unavailable(&self) -> bool {
        matches!(self.kind, Kind::NotFetched(_))
    }

    pub(crate) fn is_refused(&self) -> bool {
        matches!(&self.kind, Kind::NotFetched(reason) | Kind::NotWritten(reason) if Refused::is_in(&**reason))
    }

    pub(crate) fn is_not_written(&self) -> bool {
        matches!(self.kind, Kind::NotWritten(_))
    }

    #[cfg(feature = "secrets")]
    pub(crate) fn is_unchanged(&self) -> bool {
        matches!(self.kind, Kind::Unchanged)
    }

    pub(crate) fn is_malformed(&self) -> bool {
        matches!(self.kind, Kind::Malformed(..))
    }

    pub(crate) fn source(&self) -> Option<&(dyn StdError + 'static)> {
        match &self.kind {
            Kind::NotFetched(reason) | Kind::NotWritten(reason) | Kind::Malformed(_, Some(reason)) => Some(&**reason),
            _ => None,
        }
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let what = self.of.as_ref().map_or("", |(_, what)| what);
        match &self.kind {
            Kind::NoName(sentence) => f.write_str(sentence),
            Kind::NotFetched(_) => write!(f, "could not get {what}"),
            Kind::NotWritten(_) => write!(f, "could not write {what}"),
            #[cfg(feature = "secrets")]
            Kind::Unchanged => write!(f, "{what} was rejected, and there is no newer version of it"),
            Kind::Malformed(why, _) => write!(f, "{what} {why}"),
        }
    }
}

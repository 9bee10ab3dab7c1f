//! [`TableError`].

use std::error::Error;
use std::fmt;

use crate::core::error::BoxError;
#[cfg(feature = "http")]
use crate::core::error::{as_error, causes};

/// The error of a [`Table`](super::Table). It repeats no value and no key.
///
/// In an HTTP function an opaque 500, and a 503 with `Retry-After` if DynamoDB has throttled the request or
/// [`is_conflict`](Self::is_conflict) is true.
pub struct TableError(Kind);

enum Kind {
    Conflict,
    Invalid(String, Option<BoxError>),
    #[cfg_attr(not(feature = "dynamodb"), allow(dead_code, reason = "a table in memory does not fail"))]
    Failed(BoxError),
}

impl TableError {
    /// Returns `true` if other writers changed the same items first, each time: the call may succeed later.
    pub fn is_conflict(&self) -> bool {
        matches!(self.0, Kind::Conflict)
    }

    pub(super) fn conflict() -> Self {
        Self(Kind::Conflict)
    }

    pub(super) fn invalid(message: impl Into<String>) -> Self {
        Self(Kind::Invalid(message.into(), None))
    }

    pub(super) fn unreadable(message: impl Into<String>, source: impl Into<BoxError>) -> Self {
        Self(Kind::Invalid(message.into(), Some(source.into())))
    }

    #[cfg(feature = "dynamodb")]
    pub(super) fn failed(error: impl Into<BoxError>) -> Self {
        Self(Kind::Failed(error.into()))
    }
}

impl fmt::Display for TableError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.0 {
            Kind::Conflict => {
                f.write_str("other writers changed the same items first, in each attempt: try again later")
            }
            Kind::Invalid(message, _) => f.write_str(message),
            Kind::Failed(_) => f.write_str("the request to DynamoDB failed"),
        }
    }
}

impl fmt::Debug for TableError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("TableError").field(&self.to_string()).finish()
    }
}

impl Error for TableError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        match &self.0 {
            Kind::Conflict | Kind::Invalid(_, None) => None,
            Kind::Invalid(_, Some(source)) | Kind::Failed(source) => Some(&**source),
        }
    }
}

/// Returns `true` if an error, or one of its causes, [is a conflict](TableError::is_conflict).
#[cfg(feature = "http")]
pub(crate) fn is_conflict(error: &(dyn Error + 'static)) -> bool {
    causes(error).any(|error| as_error::<TableError>(error).is_some_and(TableError::is_conflict))
}

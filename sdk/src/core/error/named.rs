//! [`ErrorType`], and [`NamedErrors`]: the error types that a function names.

use std::error::Error as StdError;
use std::sync::Arc;

use super::{Described, FunctionError, as_error, causes, text};

/// An error with an `errorType` of its own, on which the `Catch` or `Retry` of a state machine branches. The derive
/// macro makes it the name of the variant, or of the struct.
///
/// ```
/// use pilaster::ErrorType as _;
///
/// #[derive(Debug, thiserror::Error, pilaster::ErrorType)]
/// enum ReserveError {
///     #[error("out of stock")]
///     OutOfStock,
///     #[error("the stock could not be read")]
///     #[error_type("StockUnavailable")]
///     Read(#[source] std::io::Error),
/// }
///
/// assert_eq!(ReserveError::OutOfStock.error_type(), "OutOfStock");
/// assert_eq!(ReserveError::Read(std::io::ErrorKind::TimedOut.into()).error_type(), "StockUnavailable");
/// ```
///
/// `#[lambda_handler]` finds it automatically; without the macro, [`Function::error_type`](crate::Function::error_type)
/// names it.
pub trait ErrorType: StdError + 'static {
    /// Returns the `errorType`: short and stable.
    fn error_type(&self) -> &str;

    /// Returns `true` for an error whose text must stay in the log, since it has details of the function: its callers read
    /// `internal error`. The derive macro returns it for a variant or a struct with `#[error_type(internal)]`, such as one
    /// that holds the error of a service.
    fn is_internal(&self) -> bool {
        false
    }
}

/// A function that returns an error as an [`ErrorType`], if it has a certain type.
type Find = for<'e> fn(&'e (dyn StdError + 'static)) -> Option<&'e dyn ErrorType>;

/// The error types that a function names by [`ErrorType`]. Other crates cannot name this type, so they cannot implement a trait
/// with a method that takes it.
#[derive(Clone, Debug, Default)]
pub struct NamedErrors(Vec<Find>);

impl<E: ErrorType> ErrorType for Box<E> {
    fn error_type(&self) -> &str {
        (**self).error_type()
    }

    fn is_internal(&self) -> bool {
        (**self).is_internal()
    }
}

impl<E: ErrorType> ErrorType for Arc<E> {
    fn error_type(&self) -> &str {
        (**self).error_type()
    }

    fn is_internal(&self) -> bool {
        (**self).is_internal()
    }
}

impl NamedErrors {
    pub(crate) fn add<E: ErrorType>(&mut self) {
        self.0.push(|error| as_error::<E>(error).map(|error| error as &dyn ErrorType));
    }

    /// Adds the error types of a part of the function.
    #[cfg(any(feature = "appsync", feature = "tools"))]
    pub(crate) fn append(&mut self, other: &Self) {
        self.0.extend(other.0.iter().copied());
    }

    /// Returns the error, if its type is known.
    pub(super) fn find<'e>(&self, error: &'e (dyn StdError + 'static)) -> Option<&'e dyn ErrorType> {
        self.0.iter().find_map(|find| find(error))
    }

    /// Returns the first of the causes of an error whose type is known, and `true` if the text of the error must stay in
    /// the log: that of an internal cause. A message that is not the text of its source was written for the caller.
    pub(super) fn cause_of<'e>(&self, described: &'e Described) -> Option<(&'e dyn ErrorType, bool)> {
        let sources = [&described.text_of, &described.source].into_iter().flatten();
        let (source, named) = sources.into_iter().find_map(|source| {
            let named = causes(&**source).find_map(|at| self.find(at))?;
            Some((source, named))
        })?;
        let is_text_of_source = || described.is_text_of_source || text(&**source) == described.message;
        Some((named, named.is_internal() && is_text_of_source()))
    }

    /// Renames the error after the first of its causes whose type is known. The text of an internal one stays in the log.
    pub(crate) fn apply(&self, mut error: FunctionError) -> FunctionError {
        if self.0.is_empty() {
            return error;
        }
        let named =
            self.cause_of(&error.described).map(|(named, is_hidden)| (named.error_type().to_owned(), is_hidden));
        if let Some((name, is_hidden)) = named {
            error.described.error_type = name;
            if is_hidden {
                "internal error".clone_into(&mut error.described.message);
            }
        }
        error
    }
}

//! [`IntoHttpError`]: the errors that `?` converts.

use std::error::Error as StdError;

/// An error that `?` converts to [`HttpError`](super::HttpError): every `std::error::Error + Send + Sync + 'static`, and no other type.
///
/// The compiler names this trait in two messages:
///
/// - *`?` couldn't convert the error: `BoxError: IntoHttpError` is not satisfied*: the error is not a `std::error::Error`. A boxed error,
///   `anyhow::Error` and a text are not. Write `.map_err(HttpError::internal)?`; for a type of your own implement `std::error::Error`,
///   for example by `thiserror`. See [`HttpError`](super::HttpError#-on-other-errors).
/// - *conflicting implementations of trait `From<MyError>` for type `HttpError`* (E0119): `MyError` is a `std::error::Error`, so `?` converts
///   it already. To set its response, write `#[derive(ToHttpError)]` above it instead of the `impl From`. See
///   [`ToHttpError`](super::ToHttpError).
///
/// # Example
///
/// ```
/// use pilaster::http::{HttpError, IntoHttpError};
///
/// fn logged<E: IntoHttpError>(error: E) -> HttpError {
///     HttpError::from(error)
/// }
/// assert_eq!(logged(std::io::Error::other("the disk is full")).status(), 500);
/// ```
#[diagnostic::on_unimplemented(
    message = "`{Self}` does not convert to `HttpError`: it is not a `std::error::Error`",
    label = "not a `std::error::Error`; if it is a box, `anyhow::Error` or a text, write `.map_err(HttpError::internal)?`",
    note = "if it is a box, `anyhow::Error` or a text, write `.map_err(HttpError::internal)?`",
    note = "if it is a type of your own, implement `std::error::Error` for it",
    note = "see https://pilaster-rs.github.io/pilaster/troubleshooting-compile.html"
)]
pub trait IntoHttpError: StdError + Send + Sync + 'static {}

// Otherwise the compiler reports that `dyn Error` has no size.
#[diagnostic::do_not_recommend]
impl<E: StdError + Send + Sync + 'static> IntoHttpError for E {}

//! [`ToHttpError`]: the response of each variant of an application's error.

use std::error::Error as StdError;

use super::{HttpError, Rejection};

/// An application error that maps each of its variants to a response.
///
/// It is usually derived: each variant has a `status`, and a variant without one does not compile. The detail of a 4xx
/// is the `Display` text, unless `detail` replaces it; that of a 5xx is never sent. `transparent` uses the response of
/// the only field, which must be a `ToHttpError` too.
///
/// A handler returns the error itself, or the function's [`ErrorLayer`](crate::http::ErrorLayer) maps it with
/// [`map`](crate::http::ErrorLayer::map), so that handlers return [`HttpError`] and use `?` for every other error as
/// well.
///
/// # Example
///
/// ```
/// use pilaster::http::{ErrorLayer, HttpError, IntoResponse, ToHttpError};
///
/// #[derive(Debug, thiserror::Error, ToHttpError)]
/// enum SignUpError {
///     #[error("the e-mail address is already in use")]
///     #[http(status = 409)]
///     EmailTaken,
///     #[error("the invitation {0} has expired")]
///     #[http(status = 410, detail = "the invitation has expired")]
///     Expired(u64),
///     #[error("the table could not be read")]
///     #[http(status = 503)]
///     Table(#[from] std::io::Error),
/// }
///
/// // A handler that returns it:
/// async fn sign_up() -> Result<String, SignUpError> {
///     Err(SignUpError::Expired(7))
/// }
///
/// // A handler that returns any error, and the layer that maps this one:
/// async fn invite() -> Result<String, HttpError> {
///     let seats: u8 = "3".parse()?;
///     Err(SignUpError::EmailTaken)?;
///     Ok(seats.to_string())
/// }
/// let errors = ErrorLayer::new().map::<SignUpError>();
///
/// assert_eq!(SignUpError::EmailTaken.into_response().status(), 409);
/// assert_eq!(SignUpError::Expired(7).to_http_error().detail(), Some("the invitation has expired"));
/// # let _ = (sign_up, invite, errors);
/// ```
///
/// Without the derive, one `match` is as exhaustive:
///
/// ```
/// use pilaster::http::{HttpError, ToHttpError};
///
/// #[derive(Debug, thiserror::Error)]
/// enum PayError {
///     #[error("the card was declined")]
///     Declined,
///     #[error("retry in {0} s")]
///     Busy(u32),
/// }
///
/// impl ToHttpError for PayError {
///     fn to_http_error(&self) -> HttpError {
///         match self {
///             Self::Declined => HttpError::conflict("the card was declined"),
///             Self::Busy(seconds) => HttpError::too_many_requests("too many payments").with_retry_after(*seconds),
///         }
///     }
/// }
/// # assert_eq!(PayError::Busy(3).to_http_error().headers()["retry-after"], "3");
/// # assert_eq!(PayError::Declined.to_http_error().status(), 409);
/// ```
#[diagnostic::on_unimplemented(
    message = "`{Self}` does not map its variants to responses: it does not implement `ToHttpError`",
    label = "not a `ToHttpError`",
    note = "write `#[derive(pilaster::http::ToHttpError)]` above it and `#[http(status = 404)]` above each variant",
    note = "see https://pilaster-rs.github.io/pilaster/troubleshooting-compile.html"
)]
pub trait ToHttpError: StdError {
    /// Returns the response of this error. The cause need not be set: it is the error itself.
    fn to_http_error(&self) -> HttpError;
}

impl ToHttpError for Rejection {
    fn to_http_error(&self) -> HttpError {
        HttpError::clone(self)
    }
}

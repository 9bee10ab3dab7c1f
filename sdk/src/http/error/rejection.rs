//! [`Rejection`]: the error of an extractor.

use std::borrow::Cow;
use std::error::Error as StdError;
use std::fmt;
use std::ops::Deref;

use axum_core::extract::rejection::BytesRejection;
use axum_core::response::{IntoResponse, Response};
use http::{HeaderName, HeaderValue, StatusCode};

use super::{FieldError, HttpError};
use crate::core::error::BoxError;

/// The error of an extractor that rejects a request: an [`HttpError`] that is a [`std::error::Error`]. A handler
/// receives it as `Result<Json<T>, Rejection>`; otherwise it is the response.
///
/// A 4xx is a mistake of the client: it names the mistake and its location, and never repeats the client's input. A
/// mistake of the function itself, such as `Path` behind a route without parameters, is an opaque 500.
///
/// # Example
///
/// ```
/// use pilaster::http::{Json, Rejection};
///
/// async fn create(body: Result<Json<Vec<u8>>, Rejection>) -> String {
///     match body {
///         Ok(Json(bytes)) => format!("{} numbers", bytes.len()),
///         Err(rejection) => format!("no numbers: {rejection}"),
///     }
/// }
/// # let _ = create;
/// ```
#[derive(Clone)]
pub struct Rejection(HttpError);

impl Rejection {
    /// Creates a rejection with this status, which should be a 4xx, and a detail for the client. A status outside of
    /// 400 to 599 becomes a 500, as with [`HttpError::new`].
    pub fn new(status: StatusCode, detail: impl Into<Cow<'static, str>>) -> Self {
        Self(HttpError::new(status, detail))
    }

    /// Adds an invalid field.
    #[must_use]
    pub fn with_field(self, field: FieldError) -> Self {
        Self(self.0.with_field(field))
    }

    /// Adds a header to the response.
    #[must_use]
    pub fn with_header(self, name: HeaderName, value: HeaderValue) -> Self {
        Self(self.0.with_header(name, value))
    }

    /// Sets the cause, which is never sent.
    #[must_use]
    pub fn with_source(self, source: impl Into<BoxError>) -> Self {
        Self(self.0.with_source(source))
    }

    /// Returns the detail that the client reads.
    pub fn detail(&self) -> &str {
        self.0.detail().unwrap_or_default()
    }

    /// Returns the same error as an [`HttpError`]. `?` does this in a function that returns
    /// [`HttpError`].
    pub fn into_http_error(self) -> HttpError {
        self.0
    }
}

impl Deref for Rejection {
    type Target = HttpError;

    fn deref(&self) -> &HttpError {
        &self.0
    }
}

impl From<HttpError> for Rejection {
    fn from(error: HttpError) -> Self {
        Self(error)
    }
}

/// The body could not be read: it is larger than the limit, or it ended early.
impl From<BytesRejection> for Rejection {
    fn from(rejection: BytesRejection) -> Self {
        if rejection.status() == StatusCode::PAYLOAD_TOO_LARGE {
            return Self::new(StatusCode::PAYLOAD_TOO_LARGE, "the request body exceeds the size limit");
        }
        Self::new(StatusCode::BAD_REQUEST, "the request body could not be read").with_source(rejection)
    }
}

impl IntoResponse for Rejection {
    fn into_response(self) -> Response {
        self.0.into_response()
    }
}

impl fmt::Display for Rejection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.detail())
    }
}

impl fmt::Debug for Rejection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Rejection").field(&self.0).finish()
    }
}

impl StdError for Rejection {
    fn source(&self) -> Option<&(dyn StdError + 'static)> {
        self.0.source().map(|source| source as &(dyn StdError + 'static))
    }
}

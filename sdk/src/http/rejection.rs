//! [`Rejection`]: why an extractor did not take a request.
//!
//! It is the caller's mistake (a 4xx), says what is wrong and where, and never repeats what the caller sent. Where the
//! function itself is wrong, as with a `Path` behind a route that has no parameters, it is an opaque 500.

use std::borrow::Cow;
use std::error::Error as StdError;
use std::fmt;

use axum_core::extract::rejection::BytesRejection;
use axum_core::response::{IntoResponse, Response};
use http::{HeaderName, HeaderValue, Request, StatusCode};
use serde_json::{Value, json};

use crate::core::error::{BoxError, chain};
use crate::http::error::HttpError;

/// A request that an extractor refused. Ask for it with `Result<Json<T>, Rejection>`; otherwise it is the answer.
///
/// # Example
///
/// ```
/// use pilaster::http::{Json, Rejection};
///
/// async fn create(body: Result<Json<Vec<u8>>, Rejection>) -> String {
///     match body {
///         Ok(Json(bytes)) => format!("{} numbers", bytes.len()),
///         Err(rejection) => format!("no numbers: {}", rejection.detail()),
///     }
/// }
/// # let _ = create;
/// ```
pub struct Rejection {
    status: StatusCode,
    detail: Cow<'static, str>,
    fields: Vec<FieldError>,
    headers: Vec<(HeaderName, HeaderValue)>,
    source: Option<BoxError>,
}

/// One field of the input that is wrong.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FieldError {
    pointer: String,
    detail: String,
}

impl FieldError {
    /// A mistake at this JSON Pointer ([RFC 6901](https://www.rfc-editor.org/rfc/rfc6901)).
    pub fn new(pointer: impl Into<String>, detail: impl Into<String>) -> Self {
        Self { pointer: pointer.into(), detail: detail.into() }
    }

    /// Where: a JSON Pointer such as `/address/lines/0`; empty for the whole.
    pub fn pointer(&self) -> &str {
        &self.pointer
    }

    /// What is wrong, without the value.
    pub fn detail(&self) -> &str {
        &self.detail
    }
}

impl Rejection {
    /// A rejection with this status, which should be a 4xx, and this detail, which the caller reads.
    pub fn new(status: StatusCode, detail: impl Into<Cow<'static, str>>) -> Self {
        Self { status, detail: detail.into(), fields: Vec::new(), headers: Vec::new(), source: None }
    }

    /// Adds a field that is wrong.
    #[must_use]
    pub fn with_field(mut self, field: FieldError) -> Self {
        self.fields.push(field);
        self
    }

    /// Adds a header of the answer.
    #[must_use]
    pub fn with_header(mut self, name: HeaderName, value: HeaderValue) -> Self {
        self.headers.push((name, value));
        self
    }

    /// Adds the cause, which is never sent.
    #[must_use]
    pub fn with_source(mut self, source: impl Into<BoxError>) -> Self {
        self.source = Some(source.into());
        self
    }

    /// The status of the answer.
    pub fn status(&self) -> StatusCode {
        self.status
    }

    /// What the caller reads.
    pub fn detail(&self) -> &str {
        &self.detail
    }

    /// The fields that are wrong: the `errors` member of the answer.
    pub fn fields(&self) -> &[FieldError] {
        &self.fields
    }

    pub(crate) fn into_http_error(self) -> HttpError {
        let error = self.to_http_error();
        match self.source {
            Some(source) => error.with_source(source),
            None => error,
        }
    }

    /// The error without its cause.
    pub(crate) fn to_http_error(&self) -> HttpError {
        let mut error = HttpError::new(self.status).with_detail(self.detail.clone());
        if !self.fields.is_empty() {
            let fields = self.fields.iter().map(|f| json!({ "pointer": f.pointer, "detail": f.detail }));
            error = error.with_member("errors", fields.collect::<Value>());
        }
        for (name, value) in &self.headers {
            error = error.with_header(name.clone(), value.clone());
        }
        error
    }
}

/// Why the adapter could not decode an event. The request that stands for it has this in its extensions and goes through the
/// layers, so that its answer has their headers; neither the function nor a layer of the user's below the error layer sees it.
#[derive(Clone)]
pub(crate) struct Refused(pub(crate) HttpError);

pub(crate) fn refused<R>(request: &Request<R>) -> Option<HttpError> {
    request.extensions().get::<Refused>().map(|refused| refused.0.clone())
}

/// The body was not read: too large, or broken off.
impl From<BytesRejection> for Rejection {
    fn from(rejection: BytesRejection) -> Self {
        if rejection.status() == StatusCode::PAYLOAD_TOO_LARGE {
            return Self::new(StatusCode::PAYLOAD_TOO_LARGE, "the body is larger than the limit");
        }
        Self::new(StatusCode::BAD_REQUEST, "the body could not be read").with_source(rejection)
    }
}

impl IntoResponse for Rejection {
    fn into_response(self) -> Response {
        self.into_http_error().into_response()
    }
}

impl fmt::Display for Rejection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.detail)
    }
}

impl fmt::Debug for Rejection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Neither the headers' values nor the cause's own `Debug`, which may show what the request or the cause holds.
        let causes = self.source.as_ref().map(|source| chain(&**source)).unwrap_or_default();
        f.debug_struct("Rejection")
            .field("status", &self.status)
            .field("detail", &self.detail)
            .field("fields", &self.fields)
            .field("headers", &self.headers.iter().map(|(name, _)| name).collect::<Vec<_>>())
            .field("causes", &causes)
            .finish()
    }
}

impl StdError for Rejection {
    fn source(&self) -> Option<&(dyn StdError + 'static)> {
        self.source.as_ref().map(|source| &**source as &(dyn StdError + 'static))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_answer_lists_each_field_with_its_pointer() {
        let rejection = Rejection::new(StatusCode::UNPROCESSABLE_ENTITY, "the body is not as expected")
            .with_field(FieldError::new("/age", "is missing"));
        let problem = rejection.into_http_error().problem();
        assert_eq!(problem["errors"], json!([{ "pointer": "/age", "detail": "is missing" }]));
    }
}

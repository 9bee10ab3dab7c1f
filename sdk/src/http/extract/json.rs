//! [`Json`]: a JSON body as a typed value, and a typed value as a JSON response.
//!
//! | the request | the response |
//! |---|---|
//! | `Content-Type` is missing, or neither `application/json` nor `application/*+json` | 415 |
//! | `Content-Encoding` is not `identity`: the body is compressed | 415 |
//! | the body is larger than the limit (6 MB) | 413 |
//! | the body is empty, not UTF-8, not JSON, nested deeper than 128 levels, or has a number beyond `f64` | 400 |
//! | the body is JSON and does not match `T` | 422, with a JSON Pointer to the field |
//!
//! Edge cases are serde's: a struct rejects a duplicate key (422) and a map keeps the last one; unknown fields are
//! ignored unless `T` denies them; an integer that does not fit its type is a 422; a struct also accepts an array of
//! its fields in order. A `Value` reads an object whose only key is `$serde_json::private::RawValue` as the JSON text in
//! it, so it may be nested 2,700 levels deep: in a release build this needs less than 1 MiB of stack, of which Lambda's main
//! thread has 8 and a worker of tokio 2. A body is always UTF-8; the `charset` of its `Content-Type` is ignored.
//!
//! # Example
//!
//! ```
//! use pilaster::http::{HttpError, Json};
//! use serde::{Deserialize, Serialize};
//!
//! #[derive(Deserialize)]
//! struct NewUser { email: String }
//! #[derive(Serialize)]
//! struct User { id: u32, email: String }
//!
//! async fn create(Json(new): Json<NewUser>) -> Result<Json<User>, HttpError> {
//!     Ok(Json(User { id: 1, email: new.email }))
//! }
//! # let _ = create;
//! ```

#[cfg(test)]
mod tests;

use std::ops::{Deref, DerefMut};

use axum_core::body::Body;
use axum_core::extract::{FromRequest, OptionalFromRequest, Request};
use axum_core::response::{IntoResponse, Response};
use bytes::Bytes;
use http::{HeaderMap, HeaderValue, StatusCode, header};
use http_body::Body as _;
use serde::Serialize;
use serde::de::{DeserializeOwned, IgnoredAny};

use crate::core::json::message::{field_of, without_values};
use crate::core::json::pointer;
use crate::http::error::{FieldError, HttpError, Rejection};
use crate::http::extract::content_type::{media_type, reject_encoded};
use crate::http::extract::context::{EventKind, EventParts};

/// A typed value as JSON: extractor and response. See the [module docs](self).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Json<T>(pub T);

impl<T: DeserializeOwned> Json<T> {
    /// Reads a `T` from JSON text, with the same rejections as the extractor.
    ///
    /// # Errors
    ///
    /// 400 if it is not JSON, 422 if it is JSON and does not match `T`.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, Rejection> {
        // serde_json checks only the text that `T` requires.
        let text = std::str::from_utf8(bytes).map_err(|_| Rejection::new(StatusCode::BAD_REQUEST, NOT_UTF8))?;
        // Only an invalid body pays for tracking the path.
        serde_json::from_str(text).map(Self).map_err(|error| reject::<T>(text, &error))
    }
}

impl<T, S> FromRequest<S> for Json<T>
where
    T: DeserializeOwned,
    S: Send + Sync,
{
    type Rejection = Rejection;

    async fn from_request(request: Request, state: &S) -> Result<Self, Rejection> {
        check_headers(request.headers())?;
        Self::from_bytes(&Bytes::from_request(request, state).await?)
    }
}

impl<T, S> OptionalFromRequest<S> for Json<T>
where
    T: DeserializeOwned,
    S: Send + Sync,
{
    type Rejection = Rejection;

    /// Returns `None` if the request has neither a `Content-Type` nor a body, and for an empty WebSocket message, whose
    /// media type is unknown.
    async fn from_request(request: Request, state: &S) -> Result<Option<Self>, Rejection> {
        let kind = request.extensions().get::<EventParts>().map(|event| event.kind);
        if kind == Some(EventKind::WebSocket) && request.body().is_end_stream() {
            return Ok(None);
        }
        if request.headers().contains_key(header::CONTENT_TYPE) {
            return <Self as FromRequest<S>>::from_request(request, state).await.map(Some);
        }
        let bytes = Bytes::from_request(request, state).await?;
        if bytes.is_empty() { Ok(None) } else { Err(not_json()) }
    }
}

/// Rejects a body that is not JSON by its headers, or is encoded.
pub(in crate::http) fn check_headers(headers: &HeaderMap) -> Result<(), Rejection> {
    if !is_json(headers) {
        return Err(not_json());
    }
    reject_encoded(headers)
}

fn not_json() -> Rejection {
    Rejection::new(
        StatusCode::UNSUPPORTED_MEDIA_TYPE,
        "the request body must be JSON; set `Content-Type: application/json`",
    )
}

pub(in crate::http) fn is_json(headers: &HeaderMap) -> bool {
    let Some(value) = headers.get(header::CONTENT_TYPE) else { return false };
    if value == "application/json" {
        return true;
    }
    media_type(headers).is_some_and(|mime| {
        mime.type_() == mime::APPLICATION && (mime.subtype() == mime::JSON || mime.suffix() == Some(mime::JSON))
    })
}

const NOT_UTF8: &str = "the request body is not valid UTF-8";

fn reject<T: DeserializeOwned>(text: &str, error: &serde_json::Error) -> Rejection {
    // A type error may come before a syntax error; text that is not JSON is a 400 in any case.
    if !is_of_shape(error) || serde_json::from_str::<IgnoredAny>(text).is_err() {
        let detail = match text.trim_ascii().is_empty() {
            true => "the request body must not be empty".to_owned(),
            false => format!("the request body is not valid JSON (line {}, column {})", error.line(), error.column()),
        };
        return Rejection::new(StatusCode::BAD_REQUEST, detail);
    }
    let deserializer = &mut serde_json::Deserializer::from_str(text);
    let (at, text) = match serde_path_to_error::deserialize::<_, T>(deserializer) {
        Err(error) => (pointer(error.path()), error.inner().to_string()),
        Ok(_) => (String::new(), error.to_string()),
    };
    Rejection::new(StatusCode::UNPROCESSABLE_ENTITY, "the request body does not match the expected schema")
        .with_field(FieldError::new(field_of(at, &text), without_values(&text)))
}

/// Returns `true` if the text may still be JSON. serde_json also reports a syntax error for an unknown variant of an
/// enum, an array that is longer than the tuple, and a key that is not a number.
fn is_of_shape(error: &serde_json::Error) -> bool {
    let message = error.to_string();
    error.is_data()
        || ["expected value", "trailing characters", "invalid value: expected key"]
            .iter()
            .any(|m| message.starts_with(m))
}

impl<T: Serialize> IntoResponse for Json<T> {
    fn into_response(self) -> Response {
        match serde_json::to_vec(&self.0) {
            Ok(body) => {
                let mut response = Response::new(Body::from(body));
                response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
                response
            }
            Err(error) => HttpError::internal(error).into_response(),
        }
    }
}

impl<T> Deref for Json<T> {
    type Target = T;
    fn deref(&self) -> &T {
        &self.0
    }
}

impl<T> DerefMut for Json<T> {
    fn deref_mut(&mut self) -> &mut T {
        &mut self.0
    }
}

impl<T> From<T> for Json<T> {
    fn from(value: T) -> Self {
        Self(value)
    }
}

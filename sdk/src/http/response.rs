//! Responses: what a handler returns beside `Json`, tuples, strings and `Response` itself.
//!
//! All are axum's `IntoResponse`, so that any response type of its ecosystem will do, and any of these can be the last of a
//! tuple with a status and headers.

use axum_core::response::{IntoResponse, Response};
use http::{HeaderName, HeaderValue, StatusCode, header};
use serde::Serialize;

use crate::http::error::HttpError;
use crate::http::extract::Json;

/// 201 with the new thing as JSON and its address in `Location`.
///
/// # Example
///
/// ```
/// use pilaster::http::{Created, IntoResponse};
///
/// let response = Created::at("/users/7", "Ada").into_response();
/// assert_eq!(response.status(), 201);
/// assert_eq!(response.headers()["location"], "/users/7");
/// ```
#[derive(Clone, Debug)]
pub struct Created<T> {
    location: String,
    value: T,
}

impl<T> Created<T> {
    /// A new thing and its address: a path or a URI, percent-encoded as far as it needs it.
    pub fn at(location: impl Into<String>, value: T) -> Self {
        Self { location: location.into(), value }
    }

    /// The new thing.
    pub fn value(&self) -> &T {
        &self.value
    }
}

impl<T: Serialize> IntoResponse for Created<T> {
    fn into_response(self) -> Response {
        located(StatusCode::CREATED, self.location, Json(self.value).into_response())
    }
}

/// 202 with the address where the outcome can be asked for: the answer of an API that goes on by itself.
///
/// # Example
///
/// ```
/// use pilaster::http::{Accepted, IntoResponse};
///
/// let response = Accepted::at("/jobs/7").retry_after(5).into_response();
/// assert_eq!(response.status(), 202);
/// assert_eq!(response.headers()["retry-after"], "5");
/// ```
#[derive(Clone, Debug)]
pub struct Accepted {
    location: String,
    retry_after: Option<u32>,
}

impl Accepted {
    /// The work is taken on; its state is at this address.
    pub fn at(location: impl Into<String>) -> Self {
        Self { location: location.into(), retry_after: None }
    }

    /// When to ask first, in seconds.
    #[must_use]
    pub fn retry_after(mut self, seconds: u32) -> Self {
        self.retry_after = Some(seconds);
        self
    }
}

impl IntoResponse for Accepted {
    fn into_response(self) -> Response {
        let mut response = located(StatusCode::ACCEPTED, self.location, ().into_response());
        if let Some(seconds) = self.retry_after {
            response.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from(seconds));
        }
        response
    }
}

/// 204.
///
/// # Example
///
/// ```
/// use pilaster::http::{IntoResponse, NoContent};
/// assert_eq!(NoContent.into_response().status(), 204);
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct NoContent;

impl IntoResponse for NoContent {
    fn into_response(self) -> Response {
        StatusCode::NO_CONTENT.into_response()
    }
}

/// A redirection.
///
/// # Example
///
/// ```
/// use pilaster::http::{IntoResponse, Redirect};
///
/// let response = Redirect::see_other("/users/7").into_response();
/// assert_eq!((response.status().as_u16(), &response.headers()["location"]), (303, &"/users/7".parse().unwrap()));
/// ```
#[derive(Clone, Debug)]
pub struct Redirect {
    status: StatusCode,
    location: String,
}

impl Redirect {
    /// 303: see there, by `GET`. After a `POST`.
    pub fn see_other(location: impl Into<String>) -> Self {
        Self { status: StatusCode::SEE_OTHER, location: location.into() }
    }

    /// 307: for now there, by the same method.
    pub fn temporary(location: impl Into<String>) -> Self {
        Self { status: StatusCode::TEMPORARY_REDIRECT, location: location.into() }
    }

    /// 308: from now on there, by the same method.
    pub fn permanent(location: impl Into<String>) -> Self {
        Self { status: StatusCode::PERMANENT_REDIRECT, location: location.into() }
    }
}

impl IntoResponse for Redirect {
    fn into_response(self) -> Response {
        located(self.status, self.location, ().into_response())
    }
}

/// The response with this status and `Location`; an address that no header can hold is the function's mistake.
fn located(status: StatusCode, location: String, mut response: Response) -> Response {
    if response.status().is_server_error() {
        return response;
    }
    match header_value(header::LOCATION, location) {
        Ok((name, value)) => {
            *response.status_mut() = status;
            response.headers_mut().insert(name, value);
            response
        }
        Err(error) => error.into_response(),
    }
}

fn header_value(name: HeaderName, value: String) -> Result<(HeaderName, HeaderValue), HttpError> {
    Ok((name, HeaderValue::try_from(value)?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_location_cannot_smuggle_a_header_in() {
        let response = Redirect::see_other("/a\r\nset-cookie: a=b").into_response();
        assert_eq!(response.status(), 500);
        assert!(!response.headers().contains_key("set-cookie"));
    }
}

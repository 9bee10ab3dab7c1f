//! Responses that a handler returns, other than `Json`, tuples, strings and `Response` itself.
//!
//! All implement axum's `IntoResponse`. A handler may return any response type of axum's ecosystem, and each of these
//! can be the last element of a tuple with a status and headers.
//!
//! You write `Location` in readable form, such as `/files/ü b?q=é`: characters that a URI cannot contain are
//! percent-encoded as UTF-8 ([RFC 3986, 2](https://www.rfc-editor.org/rfc/rfc3986#section-2)), and existing escapes
//! stay. Data inside a location must be encoded for its position first, since `/`, `?`, `#`, `&` and `%41` have a
//! meaning in a URI.
//!
//! A body that is not UTF-8, such as an image, reaches clients of a **REST API** as base64 text, unless its media type
//! is in the API's `binaryMediaTypes`; see [`http::adapter`](crate::http::adapter).

use axum_core::response::{IntoResponse, Response};
use http::{HeaderName, HeaderValue, StatusCode, header};
use percent_encoding::{AsciiSet, CONTROLS, utf8_percent_encode};
use serde::Serialize;

use crate::http::error::HttpError;
use crate::http::extract::Json;

/// 201 with the new resource as JSON and its URI in `Location`.
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
    /// Creates the response with the new resource and its location: a path or a URI, which is percent-encoded where
    /// necessary.
    pub fn at(location: impl Into<String>, value: T) -> Self {
        Self { location: location.into(), value }
    }

    /// Returns the new resource.
    pub fn value(&self) -> &T {
        &self.value
    }
}

impl<T: Serialize> IntoResponse for Created<T> {
    fn into_response(self) -> Response {
        located(StatusCode::CREATED, self.location, Json(self.value).into_response())
    }
}

#[cfg(feature = "validate")]
impl<T: Serialize> crate::http::extract::valid::ValidResponse for Created<T> {
    type Value = T;

    fn value(&self) -> &T {
        &self.value
    }
}

/// 202 with the URI of the job in `Location`: the response of an API that continues in the background.
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
    /// Creates the response with the location of the job: a path or a URI, which is percent-encoded where necessary.
    pub fn at(location: impl Into<String>) -> Self {
        Self { location: location.into(), retry_after: None }
    }

    /// Sets `Retry-After`, in seconds: the time until the client should poll the result.
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

/// 204 without a body.
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

/// A redirect to a path or a URI, which is percent-encoded where necessary.
///
/// A location from the request is an open redirect: check that it belongs to your site (`/\example.com` is safe here,
/// since the backslash is encoded; `//example.com` is another server).
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
    /// Creates a 303 See Other: the client continues with `GET`, as after a `POST`.
    pub fn see_other(location: impl Into<String>) -> Self {
        Self { status: StatusCode::SEE_OTHER, location: location.into() }
    }

    /// Creates a 307 Temporary Redirect: the client repeats the request with the same method.
    pub fn temporary(location: impl Into<String>) -> Self {
        Self { status: StatusCode::TEMPORARY_REDIRECT, location: location.into() }
    }

    /// Creates a 308 Permanent Redirect: the client repeats the request with the same method, now and in the future.
    pub fn permanent(location: impl Into<String>) -> Self {
        Self { status: StatusCode::PERMANENT_REDIRECT, location: location.into() }
    }
}

impl IntoResponse for Redirect {
    fn into_response(self) -> Response {
        located(self.status, self.location, ().into_response())
    }
}

/// The characters that no part of a URI can contain (RFC 3986, 2). Brackets are kept: clients accept them, and an IPv6
/// address needs them.
const NOT_IN_URI: &AsciiSet =
    &CONTROLS.add(b' ').add(b'"').add(b'<').add(b'>').add(b'\\').add(b'^').add(b'`').add(b'{').add(b'|').add(b'}');

/// Encodes a location as a URI reference: valid escapes stay, and any other `%` is encoded.
fn escaped(location: &str) -> String {
    let mut escaped = String::with_capacity(location.len());
    let mut pieces = location.split('%');
    escaped.extend(pieces.next().map(|piece| utf8_percent_encode(piece, NOT_IN_URI)).into_iter().flatten());
    for piece in pieces {
        let digits = piece.as_bytes().get(..2).is_some_and(|digits| digits.iter().all(u8::is_ascii_hexdigit));
        escaped.push_str(if digits { "%" } else { "%25" });
        escaped.extend(utf8_percent_encode(piece, NOT_IN_URI));
    }
    escaped
}

/// Sets the status and `Location` of a response.
fn located(status: StatusCode, location: String, mut response: Response) -> Response {
    if response.status().is_server_error() {
        return response;
    }
    match header_value(header::LOCATION, escaped(&location)) {
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
    fn a_location_cannot_inject_a_header() {
        let response = Redirect::see_other("/a\r\nset-cookie: a=b").into_response();
        assert_eq!(response.headers()["location"], "/a%0D%0Aset-cookie:%20a=b");
        assert!(!response.headers().contains_key("set-cookie"));
    }

    #[test]
    fn a_location_is_escaped_where_necessary() {
        for (address, location) in [
            ("/files/ü b%2Fc?q=é", "/files/%C3%BC%20b%2Fc?q=%C3%A9"),
            ("/users/7", "/users/7"),
            ("https://[::1]:3000/a?b[]=1&c=d+e#f", "https://[::1]:3000/a?b[]=1&c=d+e#f"),
            ("/100%", "/100%25"),
            ("/100%ü/%4", "/100%25%C3%BC/%254"),
            ("/%zz%c3%BC", "/%25zz%c3%BC"),
            ("/\\example.com", "/%5Cexample.com"),
            ("/{id}|<a>\"`^\u{7f}", "/%7Bid%7D%7C%3Ca%3E%22%60%5E%7F"),
            ("", ""),
        ] {
            assert_eq!(escaped(address), location, "{address}");
            assert_eq!(escaped(location), location, "twice: {address}");
            assert_eq!(Created::at(address, 1).into_response().headers()["location"], location);
            assert_eq!(Accepted::at(address).into_response().headers()["location"], location);
            assert_eq!(Redirect::permanent(address).into_response().headers()["location"], location);
        }
    }
}

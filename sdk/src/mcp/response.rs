//! The HTTP responses of a server.

use axum_core::body::Body;
use axum_core::response::Response;
use http::{HeaderValue, StatusCode, header};
use serde_json::value::RawValue;

use super::encode::Answer;
use super::error::RpcError;
use super::methods::Answered;
use crate::core::raw::DescribesFailure;

/// Returns the response of an answer.
pub(super) fn answered(answer: Answered) -> Response {
    let mut response = json(StatusCode::OK, answer.text);
    if answer.has_failed {
        response.extensions_mut().insert(DescribesFailure);
    }
    response
}

/// Returns the response of an error.
pub(super) fn failed(id: Option<&RawValue>, error: &RpcError) -> Response {
    let mut response = json(error.status, Answer::error(id, error));
    response.extensions_mut().insert(DescribesFailure);
    if error.status == StatusCode::METHOD_NOT_ALLOWED {
        response.headers_mut().insert(header::ALLOW, HeaderValue::from_static("POST"));
    }
    response
}

/// Returns a response of JSON.
fn json(status: StatusCode, text: Vec<u8>) -> Response {
    let mut response = Response::new(Body::from(text));
    *response.status_mut() = status;
    response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
    response
}

/// Returns a response without a body.
pub(super) fn empty(status: StatusCode) -> Response {
    let mut response = Response::new(Body::empty());
    *response.status_mut() = status;
    response
}

/// Returns the 403, to which a layer of tokens adds `WWW-Authenticate`.
#[cfg(feature = "jwt")]
pub(super) fn lacks_scopes(id: &RawValue, scopes: Vec<String>) -> Response {
    let error = RpcError::refused(StatusCode::FORBIDDEN, "the token lacks the scopes that this tool needs");
    let mut response = failed(Some(id), &error);
    // The characters of a scope are those of a quoted text.
    if let Ok(value) = format!("Bearer error=\"insufficient_scope\", scope=\"{}\"", scopes.join(" ")).parse() {
        response.headers_mut().insert(header::WWW_AUTHENTICATE, value);
    }
    response.extensions_mut().insert(crate::jwt::MissingScopes(scopes));
    response
}

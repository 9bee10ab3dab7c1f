//! Bearer tokens: that of a request, and the response to a refused one
//! ([RFC 6750](https://www.rfc-editor.org/rfc/rfc6750)).

use http::{HeaderMap, HeaderValue, StatusCode, header};

use crate::http::error::{HttpError, Rejection};
use crate::jwt::{JwtError, JwtReason};

/// Returns the bearer token of a request.
///
/// # Errors
///
/// There is none, or more than one `Authorization` header.
pub(crate) fn token(headers: &HeaderMap) -> Result<&str, JwtReason> {
    let mut values = headers.get_all(header::AUTHORIZATION).into_iter();
    let value = values.next().ok_or(JwtReason::Missing)?;
    if values.next().is_some() {
        return Err(JwtReason::Several);
    }
    let value = value.as_bytes().trim_ascii();
    let (scheme, token) = value.split_at(value.iter().position(|byte| *byte == b' ').unwrap_or(value.len()));
    if !scheme.eq_ignore_ascii_case(b"bearer") {
        // Another scheme is not an attempt to send a token.
        return Err(JwtReason::Missing);
    }
    std::str::from_utf8(token.trim_ascii()).map_err(|_| JwtReason::Malformed)
}

/// The parameters of `WWW-Authenticate` beside the error.
#[derive(Clone, Copy, Default)]
pub(crate) struct Challenge<'a> {
    /// The scopes that the request needs.
    pub(crate) scopes: &'a [String],
    /// The URL of the metadata of the protected resource.
    pub(crate) resource_metadata: Option<&'a str>,
}

/// Logs why a token is refused, and returns the response: that of the error, with a challenge for a better token.
pub(crate) fn rejection(error: &JwtError, challenge: Challenge<'_>) -> Rejection {
    error.log();
    let response = HttpError::from(error.clone());
    let code = match error.reason() {
        JwtReason::Missing => None,
        JwtReason::Scope => Some(INSUFFICIENT_SCOPE),
        _ if response.status() == StatusCode::UNAUTHORIZED => Some("invalid_token"),
        _ => return response.into(),
    };
    match header_value(code, challenge) {
        Some(value) => response.with_header(header::WWW_AUTHENTICATE, value).into(),
        None => response.into(),
    }
}

/// Logs that a token lacks scopes that an inner service asks for, and returns `WWW-Authenticate`.
#[cfg(feature = "mcp")]
pub(crate) fn insufficient_scope(challenge: Challenge<'_>) -> Option<HeaderValue> {
    JwtError::new(JwtReason::Scope).log();
    header_value(Some(INSUFFICIENT_SCOPE), challenge)
}

const INSUFFICIENT_SCOPE: &str = "insufficient_scope";

fn header_value(code: Option<&str>, challenge: Challenge<'_>) -> Option<HeaderValue> {
    // A client that finds its authorization server by the metadata asks there for these scopes.
    let is_for_login = challenge.resource_metadata.is_some() && !challenge.scopes.is_empty();
    let has_scope = code == Some(INSUFFICIENT_SCOPE) || is_for_login;
    let error = code.map(|code| format!("error=\"{code}\""));
    let scope = has_scope.then(|| format!("scope=\"{}\"", challenge.scopes.join(" ")));
    let metadata = challenge.resource_metadata.map(|url| format!("resource_metadata=\"{url}\""));
    let parameters = [error, scope, metadata].into_iter().flatten().collect::<Vec<_>>().join(", ");
    HeaderValue::from_str(format!("Bearer {parameters}").trim_end()).ok()
}

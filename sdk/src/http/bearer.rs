//! Bearer tokens: where a request has one, and how a refused one is answered
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
        // Another scheme is no attempt to send a token.
        return Err(JwtReason::Missing);
    }
    std::str::from_utf8(token.trim_ascii()).map_err(|_| JwtReason::Malformed)
}

/// What `WWW-Authenticate` says beside the error.
#[derive(Clone, Copy, Default)]
pub(crate) struct Challenge<'a> {
    /// The scopes that the request needs.
    pub(crate) scopes: &'a [String],
    /// The URL of the metadata of the protected resource.
    pub(crate) resource_metadata: Option<&'a str>,
}

/// Logs why a token is refused, and returns the response.
pub(crate) fn rejection(error: &JwtError, challenge: Challenge<'_>) -> Rejection {
    error.log();
    let answer = match error.reason() {
        JwtReason::Misconfigured => HttpError::internal(error.clone()),
        JwtReason::KeysUnavailable => {
            let seconds = error.retry_after().map_or(1, |after| after.as_secs());
            let unavailable = HttpError::service_unavailable("the keys of the issuer are unavailable");
            unavailable.with_retry_after(u32::try_from(seconds).unwrap_or(u32::MAX))
        }
        JwtReason::Group | JwtReason::Mismatch => HttpError::forbidden(error.detail()),
        JwtReason::Scope => {
            let scopes = format!(", scope=\"{}\"", challenge.scopes.join(" "));
            let answer = HttpError::forbidden(error.detail());
            challenged(answer, &format!("error=\"insufficient_scope\"{scopes}"), challenge)
        }
        JwtReason::Missing => challenged(HttpError::unauthorized(error.detail()), "", challenge),
        _ => challenged(HttpError::new(StatusCode::UNAUTHORIZED, error.detail()), "error=\"invalid_token\"", challenge),
    };
    answer.into()
}

/// Logs that a token lacks scopes that an inner service asks for, and returns `WWW-Authenticate`.
#[cfg(feature = "mcp")]
pub(crate) fn insufficient_scope(challenge: Challenge<'_>) -> Option<HeaderValue> {
    JwtError::new(JwtReason::Scope).log();
    header_value(&format!("error=\"insufficient_scope\", scope=\"{}\"", challenge.scopes.join(" ")), challenge)
}

fn challenged(answer: HttpError, error: &str, challenge: Challenge<'_>) -> HttpError {
    match header_value(error, challenge) {
        Some(value) => answer.with_header(header::WWW_AUTHENTICATE, value),
        None => answer,
    }
}

fn header_value(error: &str, challenge: Challenge<'_>) -> Option<HeaderValue> {
    let metadata = challenge.resource_metadata.map(|url| format!("resource_metadata=\"{url}\""));
    let parameters = [(!error.is_empty()).then(|| error.to_owned()), metadata];
    let parameters = parameters.into_iter().flatten().collect::<Vec<_>>().join(", ");
    let value = format!("Bearer {parameters}");
    HeaderValue::from_str(value.trim_end()).ok()
}

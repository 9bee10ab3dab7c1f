//! [`Claims`]: the verified claims of the caller, from the API's authorizer.
//!
//! It reads only claims that API Gateway, the function URL or VPC Lattice has verified and put into the event's
//! `requestContext`, or that the function has verified itself, and never a header:
//!
//! | the source | the authorizer | the fields of `T` |
//! |---|---|---|
//! | HTTP API | JWT | `authorizer.jwt.claims` |
//! | HTTP API | Lambda | `authorizer.lambda`: the context that the authorizer returned |
//! | HTTP API, function URL | IAM | `authorizer.iam`: `userArn`, `accountId`, `cognitoIdentity`, … |
//! | REST API, HTTP API 1.0 | Cognito, JWT | `authorizer.claims` |
//! | REST API, HTTP API 1.0, WebSocket | Lambda | `authorizer`: `principalId` and the context that the authorizer returned |
//! | REST API, HTTP API 1.0, WebSocket | IAM | `identity`: `userArn`, `accountId`, `cognitoIdentityId`, … |
//! | VPC Lattice | IAM | `identity`: `principal`, `sessionName`, … |
//! | any, without an authorizer | [`JwtLayer`](crate::http::JwtLayer) or [`Jwt`](crate::http::Jwt) of the function | the claims of the token |
//!
//! An unauthenticated request is a 401, or `None` of an `Option<Claims<T>>`. A request whose claims do not match `T` is
//! a 403: the API admits callers that the function does not support. The response gives no further reason; the log
//! names the claim, if it is a field of `T`.
//!
//! **Never trusted:** a load balancer's `x-amzn-oidc-*` headers and VPC Lattice 1.0's headers. Any client that reaches
//! the function directly can forge them, so their signature must be verified first; requests from these sources have no
//! claims here. An API key does not authenticate a caller.
//!
//! # Numbers, booleans and lists
//!
//! API Gateway turns claims into text: `exp` is `"1718722804"`, `email_verified` is `"true"`, a list of groups is
//! `"[a b]"` in an HTTP API and `"a,b"` in a REST API, `scope` is `"openid email"`. A text is therefore parsed as a
//! number, a `bool` or a `Vec` where `T` requires one. A REST API formats `exp` and `iat` as textual dates, which stay
//! text. An element that contains a space or a comma looks like two elements: **do not grant permissions from a list
//! whose elements callers can choose.** (Inside `#[serde(flatten)]` and untagged enums serde does not report which type
//! it requires, so text stays text.)
//!
//! # Example
//!
//! ```
//! use pilaster::http::Claims;
//! use serde::Deserialize;
//!
//! #[derive(Deserialize)]
//! struct User {
//!     sub: String,
//!     #[serde(rename = "cognito:groups", default)]
//!     groups: Vec<String>,
//! }
//!
//! async fn greet(Claims(user): Claims<User>) -> String {
//!     format!("{} of {}", user.sub, user.groups.join(" and "))
//! }
//!
//! # #[cfg(feature = "testing")]
//! # tokio::runtime::Builder::new_current_thread().build()?.block_on(async {
//! let caller = pilaster::testing::Caller::new(pilaster::handler(greet));
//! let mut event = serde_json::json!({
//!     "rawPath": "/",
//!     "requestContext": {
//!         "http": { "method": "GET" },
//!         "authorizer": { "jwt": { "claims": { "sub": "7", "cognito:groups": "[admins staff]" } } },
//!     },
//! });
//! assert_eq!(caller.call(event.clone()).await?["body"], "7 of admins and staff");
//!
//! event["requestContext"]["authorizer"] = serde_json::Value::Null;
//! assert_eq!(caller.call(event).await?["statusCode"], 401);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! # })?;
//! # let _ = greet;
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

pub(crate) mod authorizer;
mod claim;
#[cfg(test)]
mod tests;

use std::fmt;
use std::ops::Deref;

use axum_core::extract::{FromRequestParts, OptionalFromRequestParts};
use http::request::Parts;
use http::{HeaderValue, StatusCode, header};
use serde::de::DeserializeOwned;
use serde::de::value::MapDeserializer;
use serde_json::{Map, Value};

use self::claim::Claim;
use crate::core::json::field::field;
use crate::core::json::message::without_values;
use crate::http::error::Rejection;

/// The verified claims of the caller. See the [module docs](self).
///
/// Its `Debug` does not show them: claims are personal data.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Claims<T>(pub T);

impl<T, S> FromRequestParts<S> for Claims<T>
where
    T: DeserializeOwned,
    S: Send + Sync,
{
    type Rejection = Rejection;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Rejection> {
        match claims(parts)? {
            Some(claims) => typed(claims),
            None => Err(Rejection::new(StatusCode::UNAUTHORIZED, "authentication is required")
                .with_header(header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"))),
        }
    }
}

impl<T, S> OptionalFromRequestParts<S> for Claims<T>
where
    T: DeserializeOwned,
    S: Send + Sync,
{
    type Rejection = Rejection;

    /// Returns `None` for an unauthenticated request. Claims that do not match `T` are still a 403.
    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Option<Self>, Rejection> {
        claims(parts)?.map(typed).transpose()
    }
}

/// Returns whether an authorizer or IAM has verified the caller of a request; also if that cannot be read.
#[cfg(feature = "cache-control")]
pub(crate) fn is_authenticated(extensions: &http::Extensions) -> bool {
    #[cfg(feature = "jwt")]
    if extensions.get::<crate::jwt::VerifiedJwt>().is_some() {
        return true;
    }
    let is_of_event = extensions.get::<crate::http::extract::context::EventParts>().is_some();
    is_of_event && !matches!(authorizer::claims(extensions), Ok(None))
}

/// Returns the claims that the authorizer of the API has verified, or else those that the function has.
pub(crate) fn claims(parts: &Parts) -> Result<Option<Map<String, Value>>, Rejection> {
    let of_authorizer = authorizer::claims(&parts.extensions);
    #[cfg(feature = "jwt")]
    if !matches!(of_authorizer, Ok(Some(_)))
        && let Some(verified) = parts.extensions.get::<crate::jwt::VerifiedJwt>()
    {
        return Ok(Some(verified.all().clone()));
    }
    of_authorizer
}

fn typed<T: DeserializeOwned>(claims: Map<String, Value>) -> Result<Claims<T>, Rejection> {
    let claims = claims.into_iter().map(|(name, value)| (name, Claim(value)));
    let deserializer: MapDeserializer<'_, _, serde_json::Error> = MapDeserializer::new(claims);
    serde_path_to_error::deserialize(deserializer).map(Claims).map_err(|error| {
        let reason = error.inner().to_string();
        // "missing field `sub`" names a field of `T`; every other message may contain a value.
        let reason = if reason.starts_with("missing field") { reason } else { without_values(&reason) };
        tracing::warn!(claim = field::<T>(error.path()), reason, "the claims do not match the expected type");
        Rejection::new(StatusCode::FORBIDDEN, "the token lacks the claims this API needs")
    })
}

impl<T> fmt::Debug for Claims<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Claims").finish_non_exhaustive()
    }
}

impl<T> Deref for Claims<T> {
    type Target = T;
    fn deref(&self) -> &T {
        &self.0
    }
}

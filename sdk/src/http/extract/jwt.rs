//! [`Jwt`]: the claims of a token that the function verifies itself.
//!
//! Use it where no authorizer of the API verifies tokens: behind a load balancer, in a function URL, or if the API's
//! authorizer cannot verify them. The token is the bearer token of the `Authorization` header. The verifier is the
//! [`JwtVerifier`] in the registry of clients: made from the variables `PILASTER_JWT_ISSUER`,
//! `PILASTER_JWT_AUDIENCE`, `PILASTER_JWT_CLIENT_ID`, `PILASTER_JWT_TOKEN_USE` and `PILASTER_JWT_JWKS_URI`, or inserted
//! with [`Clients::insert`](crate::Clients::insert). Inside a [`JwtLayer`](crate::http::JwtLayer), the claims are those that
//! the layer has verified.
//!
//! | the request | the response |
//! |---|---|
//! | has no token | 401, `WWW-Authenticate: Bearer`; `None` of an `Option<Jwt<T>>` |
//! | has a token that is not valid | 401, `WWW-Authenticate: Bearer error="invalid_token"` |
//! | has a token without a required scope | 403, `WWW-Authenticate: Bearer error="insufficient_scope", scope="…"` |
//! | has a token whose claims are no `T` | 403 |
//! | has a token whose key cannot be fetched | 503, `Retry-After` |
//!
//! The log line of a refused token has the reason as `jwt.reason`, and neither the token nor a claim.
//!
//! # Example
//!
//! ```
//! use pilaster::http::Jwt;
//! use serde::Deserialize;
//!
//! #[derive(Deserialize)]
//! struct User {
//!     sub: String,
//! }
//!
//! async fn greet(Jwt(user): Jwt<User>) -> String {
//!     format!("hello {}", user.sub)
//! }
//!
//! # #[cfg(feature = "testing")]
//! # tokio::runtime::Builder::new_current_thread().enable_time().build()?.block_on(async {
//! use pilaster::Clients;
//! use pilaster::testing::{Caller, TokenIssuer, http::get};
//! use serde_json::json;
//!
//! let issuer = TokenIssuer::new("https://id.example.com")?;
//! let clients = Clients::new();
//! clients.insert(issuer.verifier().audience("https://api.example.com"));
//! let caller = Caller::new(pilaster::handler(greet)).with_clients(clients);
//!
//! let token = issuer.token(json!({ "sub": "ada", "aud": "https://api.example.com" }));
//! assert_eq!(caller.send(get("/").bearer(token)).await?.text(), "hello ada");
//! assert_eq!(caller.send(get("/")).await?.status(), 401);
//! # Ok::<(), pilaster::BoxError>(())
//! # })?;
//! # let _ = greet;
//! # Ok::<(), pilaster::BoxError>(())
//! ```

use std::fmt;
use std::ops::Deref;

use axum_core::extract::{FromRequestParts, OptionalFromRequestParts};
use http::request::Parts;
use serde::de::DeserializeOwned;

use crate::clients::{Clients, Warm};
use crate::core::error::BoxError;
use crate::http::bearer::{self, Challenge};
use crate::http::error::{HttpError, Rejection};
use crate::http::extract::client::registry;
use crate::jwt::{JwtError, JwtReason, JwtVerifier, VerifiedJwt};

/// The claims of a token that the function has verified. See the [module docs](self).
///
/// `#[lambda_handler(warm(Jwt<User>))]` fetches the keys of the issuer in the init phase.
///
/// Its `Debug` does not show them: claims are personal data.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Jwt<T>(pub T);

impl<T, S> FromRequestParts<S> for Jwt<T>
where
    T: DeserializeOwned,
    S: Send + Sync,
{
    type Rejection = Rejection;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Rejection> {
        match verified(parts).await? {
            Some(verified) => typed(&verified),
            None => Err(bearer::rejection(&JwtError::new(JwtReason::Missing), Challenge::default())),
        }
    }
}

impl<T, S> OptionalFromRequestParts<S> for Jwt<T>
where
    T: DeserializeOwned,
    S: Send + Sync,
{
    type Rejection = Rejection;

    /// Returns `None` for a request without a token. A token that is not valid is still a 401.
    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Option<Self>, Rejection> {
        verified(parts).await?.as_ref().map(typed).transpose()
    }
}

/// Returns the token of the request, verified by a layer, an earlier extractor, or now.
async fn verified(parts: &mut Parts) -> Result<Option<VerifiedJwt>, Rejection> {
    if let Some(verified) = parts.extensions.get::<VerifiedJwt>() {
        return Ok(Some(verified.clone()));
    }
    let verifier = registry(&parts.extensions).get::<JwtVerifier>().await;
    let verifier = verifier.map_err(|error| Rejection::from(HttpError::internal(error)))?;
    let verified = match bearer::token(&parts.headers) {
        Ok(token) => verifier.verify(token).await,
        Err(JwtReason::Missing) => return Ok(None),
        Err(reason) => Err(JwtError::new(reason)),
    };
    let verified = verified.map_err(|error| {
        bearer::rejection(&error, Challenge { scopes: &verifier.required_scopes(), resource_metadata: None })
    })?;
    // `Claims` and a further `Jwt` read it there.
    parts.extensions.insert(verified.clone());
    Ok(Some(verified))
}

fn typed<T: DeserializeOwned>(verified: &VerifiedJwt) -> Result<Jwt<T>, Rejection> {
    verified.claims().map(Jwt).map_err(|error| bearer::rejection(&error, Challenge::default()))
}

impl<T: 'static> Warm for Jwt<T> {
    async fn warm(clients: &Clients) -> Result<(), BoxError> {
        Ok(clients.get::<JwtVerifier>().await?.warm().await?)
    }
}

impl<T> fmt::Debug for Jwt<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Jwt").finish_non_exhaustive()
    }
}

impl<T> Deref for Jwt<T> {
    type Target = T;
    fn deref(&self) -> &T {
        &self.0
    }
}

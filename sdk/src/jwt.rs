//! Tokens of an identity provider: JSON Web Tokens ([RFC 7519](https://www.rfc-editor.org/rfc/rfc7519)), verified by the
//! keys of their issuer.
//!
//! [`JwtVerifier`] names the issuers, and what the claims of their tokens must say. It is used by
//! [`http::Jwt`](crate::http::Jwt) and [`http::JwtLayer`](crate::http::JwtLayer), as a Lambda authorizer
//! ([`JwtVerifier::authorize`]), and directly, for a token from any other source:
//!
//! ```
//! # #[cfg(feature = "testing")]
//! # tokio::runtime::Builder::new_current_thread().enable_time().build()?.block_on(async {
//! use pilaster::jwt::JwtReason;
//! use pilaster::testing::TokenIssuer;
//! use serde_json::json;
//!
//! let issuer = TokenIssuer::new("https://id.example.com")?;
//! let verifier = issuer.verifier().audience("https://api.example.com"); // in production: JwtVerifier::issuer(..)
//!
//! let token = issuer.token(json!({ "sub": "ada", "aud": "https://api.example.com" }));
//! assert_eq!(verifier.verify(&token).await?.subject(), Some("ada"));
//!
//! let token = issuer.token(json!({ "sub": "ada", "aud": "https://other.example.com" }));
//! assert_eq!(verifier.verify(&token).await.unwrap_err().reason(), JwtReason::Audience);
//! # Ok::<(), pilaster::BoxError>(()) })?;
//! # Ok::<(), pilaster::BoxError>(())
//! ```
//!
//! # What is verified
//!
//! | | |
//! |---|---|
//! | form | at most 8 KiB, three parts of base64url without padding, no `crit`, no encryption |
//! | algorithm | in the list of the verifier, and that of the key; `none` never |
//! | key | the one with the `kid` of the token, or the only one that fits; never one that the token itself has or points to |
//! | strength | RSA of 2048 to 8192 bits, secrets as long as the hash |
//! | `iss` | equal to a configured issuer |
//! | `aud`, `client_id`, other claims | as configured: one of them has to be |
//! | `exp` | required, and not passed; `nbf` and `iat` not in the future; a minute of difference is tolerated |
//!
//! # Keys
//!
//! They are fetched on first use, or by [`JwtVerifier::warm`], and kept for 10 minutes, or for the `max-age` of the
//! response between 1 minute and 24 hours. Before that time ends they are refreshed in the background; while the issuer
//! is unreachable, known keys are used for another hour. A token with an unknown `kid` causes one more fetch, and then
//! none for 30 seconds, which bounds what forged tokens can cause: a key that the issuer publishes within them is unknown
//! until they end ([`JwtReason::UnknownKey`]). If that fetch fails, the error is [`JwtReason::KeysUnavailable`], and not
//! that of a bad token. A set without usable keys replaces the known ones. No call waits longer than 3 seconds.
//!
//! The signatures are verified by ring, through a provider of the crate `jsonwebtoken` that is not installed for the
//! process: a program may use that crate with any provider of its own.

mod algorithm;
mod claims;
mod cognito;
mod crypto;
mod error;
mod fetch;
mod from_clients;
mod key;
mod key_set;
mod keys;
#[cfg(feature = "mcp")]
mod missing_scopes;
mod rules;
mod token;
#[cfg(any(test, feature = "testing"))]
mod token_issuer;
mod verified;
mod verifier;

pub use self::algorithm::Algorithm;
pub use self::error::{JwtError, JwtReason};
#[cfg(feature = "http")]
pub(crate) use self::fetch::is_loopback;
#[cfg(feature = "mcp")]
pub(crate) use self::missing_scopes::MissingScopes;
#[cfg(any(feature = "http", feature = "mcp"))]
pub(crate) use self::rules::is_scope;
#[cfg(feature = "http")]
pub(crate) use self::rules::{NO_RIGHT, NO_SCOPE};
#[cfg(any(test, feature = "testing"))]
#[doc(hidden)]
pub use self::token_issuer::TokenIssuer;
pub use self::verified::VerifiedJwt;
pub use self::verifier::JwtVerifier;

#[cfg(test)]
mod tests;

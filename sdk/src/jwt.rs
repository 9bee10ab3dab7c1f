//! Tokens of an identity provider: JSON Web Tokens, verified by the keys of their issuer.

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
mod rules;
mod token;
#[cfg(any(test, feature = "testing"))]
mod token_issuer;
mod verified;
mod verifier;

pub use self::algorithm::Algorithm;
pub use self::error::{JwtError, JwtReason};
#[cfg(feature = "http")]
pub(crate) use self::rules::is_scope;
#[cfg(any(test, feature = "testing"))]
#[doc(hidden)]
pub use self::token_issuer::TokenIssuer;
pub use self::verified::VerifiedJwt;
pub use self::verifier::JwtVerifier;

#[cfg(test)]
mod tests;

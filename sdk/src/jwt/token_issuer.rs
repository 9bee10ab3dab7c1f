//! [`TokenIssuer`]: an issuer of tokens for tests.

use std::fmt;
use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use ring::rand::{SecureRandom, SystemRandom};
use ring::signature::{Ed25519KeyPair, KeyPair};
use serde_json::{Value, json};

use super::verifier::JwtVerifier;
use crate::core::clock::unix_seconds;
use crate::core::error::BoxError;

/// An issuer of tokens for tests: with a key of its own (`EdDSA`), and without a network. Cheap to clone.
///
/// # Example
///
/// ```
/// use pilaster::testing::TokenIssuer;
/// use serde_json::json;
///
/// # tokio::runtime::Builder::new_current_thread().enable_time().build()?.block_on(async {
/// let issuer = TokenIssuer::new("https://id.example.com")?;
/// let verifier = issuer.verifier().audience("https://api.example.com");
///
/// let token = issuer.token(json!({ "sub": "ada", "aud": "https://api.example.com", "scope": "users:read" }));
/// let verified = verifier.verify(&token).await?;
/// assert_eq!(verified.subject(), Some("ada"));
/// assert!(verified.require_scopes(["users:write"]).is_err());
/// # Ok::<(), pilaster::BoxError>(()) })?;
/// # Ok::<(), pilaster::BoxError>(())
/// ```
#[derive(Clone)]
pub struct TokenIssuer {
    iss: String,
    kid: String,
    key: Arc<Ed25519KeyPair>,
}

impl TokenIssuer {
    /// Creates an issuer with this name, the claim `iss` of its tokens, and a new key.
    ///
    /// # Errors
    ///
    /// The system has no random numbers.
    pub fn new(iss: impl Into<String>) -> Result<Self, BoxError> {
        let mut seed = [0; 40];
        SystemRandom::new().fill(&mut seed).map_err(|_| "the system has no random numbers")?;
        let (id, seed) = seed.split_at(8);
        let key = Ed25519KeyPair::from_seed_unchecked(seed).map_err(|_| "a key cannot be made of random numbers")?;
        Ok(Self { iss: iss.into(), kid: URL_SAFE_NO_PAD.encode(id), key: Arc::new(key) })
    }

    /// Returns its key set, which a test may serve in place of the issuer's own.
    pub fn jwks(&self) -> Value {
        json!({ "keys": [self.jwk()] })
    }

    pub(crate) fn jwk(&self) -> Value {
        let x = URL_SAFE_NO_PAD.encode(self.key.public_key());
        json!({ "kty": "OKP", "crv": "Ed25519", "alg": "EdDSA", "use": "sig", "kid": self.kid, "x": x })
    }

    /// Returns a verifier of its tokens. It needs an audience, a client or an expected claim, as any verifier.
    pub fn verifier(&self) -> JwtVerifier {
        JwtVerifier::jwks(&self.iss, self.jwks().to_string())
    }

    /// Returns a token with these claims. Without `iss`, `iat` and `exp` it is one of this issuer, issued now, for an
    /// hour.
    pub fn token(&self, claims: Value) -> String {
        self.sign(&json!({ "alg": "EdDSA", "kid": self.kid, "typ": "JWT" }), claims)
    }

    /// Returns a token with this header.
    pub(crate) fn sign(&self, header: &Value, mut claims: Value) -> String {
        if let Value::Object(claims) = &mut claims {
            let now = unix_seconds() as u64;
            claims.entry("iss").or_insert_with(|| self.iss.clone().into());
            claims.entry("iat").or_insert_with(|| now.into());
            claims.entry("exp").or_insert_with(|| (now + 3600).into());
        }
        self.sign_text(&header.to_string(), &claims.to_string())
    }

    /// Returns a token of these texts.
    pub(crate) fn sign_text(&self, header: &str, payload: &str) -> String {
        let message = format!("{}.{}", URL_SAFE_NO_PAD.encode(header), URL_SAFE_NO_PAD.encode(payload));
        let signature = URL_SAFE_NO_PAD.encode(self.key.sign(message.as_bytes()));
        format!("{message}.{signature}")
    }
}

impl fmt::Debug for TokenIssuer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TokenIssuer").field("iss", &self.iss).finish_non_exhaustive()
    }
}

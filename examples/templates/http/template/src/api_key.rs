//! The API key, which a request that changes a note must have in the header `x-api-key`.

use pilaster::config::secrets::{ExposeSecret, SecretString};
use pilaster::http::{HttpError, Next, Request, Response};
use pilaster::{FromSecret, Secret};
use subtle::ConstantTimeEq;

/// The JSON of the secret: `{"key": "…"}`.
#[derive(serde::Deserialize, FromSecret)]
#[secret(env = "API_KEY_SECRET")]
pub struct ApiKey {
    pub key: SecretString,
}

pub async fn require(Secret(own): Secret<ApiKey>, request: Request, next: Next) -> Result<Response, HttpError> {
    let sent = request.headers().get("x-api-key").map(|key| key.as_bytes());
    if request.method().is_safe() || own.accepts(sent.unwrap_or_default()) {
        return Ok(next.run(request).await);
    }
    Err(HttpError::unauthorized("the `x-api-key` header is missing or wrong"))
}

impl ApiKey {
    /// Compares in constant time: the duration does not show how much of a guess was right.
    pub fn accepts(&self, sent: &[u8]) -> bool {
        !sent.is_empty() && self.key.expose_secret().as_bytes().ct_eq(sent).into()
    }
}

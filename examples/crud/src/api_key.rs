//! The API key check: compares the caller's key with those in Secrets Manager.

use pilaster::config::secrets::{ExposeSecret, SecretError, SecretString};
use pilaster::http::header::WWW_AUTHENTICATE;
use pilaster::http::{HeaderValue, HttpError, Next, Request, Response};
use pilaster::{BoxError, Client, Clients, FromClients, Secrets};
use serde::Deserialize;
use subtle::ConstantTimeEq;
use time::OffsetDateTime;

/// Layer, as a function, that rejects a request without a valid API key.
pub async fn require_key(Client(keys): Client<Keys>, request: Request, next: Next) -> Result<Response, HttpError> {
    let sent = request.headers().get("x-api-key").map(HeaderValue::as_bytes);
    if keys.accept(sent.unwrap_or_default()).await? {
        return Ok(next.run(request).await);
    }
    let error = HttpError::unauthorized("a valid API key is required in the `x-api-key` header");
    Err(error.with_header(WWW_AUTHENTICATE, HeaderValue::from_static("ApiKey")))
}

/// The keys of callers, in the secret that `API_KEY_SECRET` names. In a local run without it, no key is required.
#[derive(Clone, Debug)]
pub struct Keys(Option<(Secrets, String)>);

impl FromClients for Keys {
    async fn from_clients(clients: &Clients) -> Result<Self, BoxError> {
        let in_secret = async |id: String| {
            let secrets: Secrets = clients.get().await?;
            // Fetched before the first request.
            secrets.get(id.as_str()).json::<ApiKeys>().await?;
            Ok(Some((secrets, id)))
        };
        clients.env_or("API_KEY_SECRET", in_secret, || None).await.map(Self)
    }
}

impl Keys {
    async fn accept(&self, sent: &[u8]) -> Result<bool, SecretError> {
        let Some((secrets, id)) = &self.0 else { return Ok(true) };
        let cached = secrets.get(id.as_str()).value().await?;
        if cached.json::<ApiKeys>()?.accept(sent) {
            return Ok(true);
        }
        // The key may be newer than the cached secret. Secrets Manager is asked at most once in five seconds.
        let Ok(fresh) = secrets.fresh(&cached).await else { return Ok(false) };
        Ok(fresh.json::<ApiKeys>()?.accept(sent))
    }
}

/// The JSON of the secret: `{"key":"…"}`, after a rotation also `"previous":{"key":"…","until":"2026-12-06T00:00:00Z"}`.
#[derive(Debug, Deserialize)]
struct ApiKeys {
    key: SecretString,
    previous: Option<Previous>,
}

/// The key before the last rotation, which callers may send until they have the new one.
#[derive(Debug, Deserialize)]
struct Previous {
    key: SecretString,
    #[serde(with = "time::serde::rfc3339")]
    until: OffsetDateTime,
}

impl ApiKeys {
    fn accept(&self, sent: &[u8]) -> bool {
        let previous = self.previous.as_ref().filter(|previous| OffsetDateTime::now_utc() < previous.until);
        // In constant time, so that the duration does not reveal how much of a guess was right.
        let is_sent = |key: &SecretString| key.expose_secret().as_bytes().ct_eq(sent).into();
        !sent.is_empty() && (is_sent(&self.key) || previous.is_some_and(|previous| is_sent(&previous.key)))
    }
}

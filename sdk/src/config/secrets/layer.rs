//! [`SecretsLayer`]: fetches the declared secrets before the handler runs.

use std::time::Duration;

use futures_util::FutureExt;
use tower::Layer;

use super::{FromSecret, Secret};
use crate::clients::Clients;
use crate::config::max_age::MaxAge;
use crate::config::prefetch::{Declared, Prefetch};

/// Layer that fetches the declared secrets before the handler runs.
///
/// It is a layer around the raw event ([`Function::outer`](crate::Function::outer)), so it serves every kind of
/// function. It fetches all declared secrets concurrently, while a handler's arguments would be fetched sequentially.
/// Later calls find them in the cache, which refreshes them before they expire. A secret that is unavailable and has no
/// last good value ends the invocation with a [`FunctionError`](crate::FunctionError) of type `SecretUnavailable` that
/// names it.
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
#[derive(Clone, Debug)]
#[must_use = "a layer does nothing until it is applied"]
pub struct SecretsLayer(Declared);

impl SecretsLayer {
    /// Creates a layer without secrets.
    pub fn new() -> Self {
        Self(Declared::new("SecretUnavailable"))
    }

    /// Declares the secret of `T`.
    pub fn secret<T: FromSecret>(mut self) -> Self {
        let fetch =
            |clients: Clients, max_age| async move { Secret::<T>::read(&clients, max_age).await.map(drop) }.boxed();
        self.0.fetches.push(fetch);
        self
    }

    /// Sets the maximum age of all declared secrets, like [`SecretRequest::max_age`](super::SecretRequest::max_age).
    pub fn max_age(mut self, max_age: Duration) -> Self {
        self.0.max_age = MaxAge::Of(max_age);
        self
    }

    /// Fetches all declared secrets, like [`SecretRequest::force`](super::SecretRequest::force): each invocation calls
    /// the service.
    pub fn force(mut self) -> Self {
        self.0.max_age = MaxAge::Forced;
        self
    }

    /// Uses the [`Secrets`](super::Secrets) of this registry instead of [`Clients::global`].
    pub fn clients(mut self, clients: Clients) -> Self {
        self.0.clients = Some(clients);
        self
    }
}

impl Default for SecretsLayer {
    fn default() -> Self {
        Self::new()
    }
}

impl<S> Layer<S> for SecretsLayer {
    type Service = Prefetch<S>;

    fn layer(&self, inner: S) -> Prefetch<S> {
        Prefetch::new(inner, self.0.clone())
    }
}

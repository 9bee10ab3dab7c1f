//! [`ParametersLayer`]: fetches the declared parameters before the handler runs.

use std::time::Duration;

use futures_util::FutureExt;
use tower::Layer;

use super::{FromParameter, Parameter};
use crate::clients::Clients;
use crate::config::max_age::MaxAge;
use crate::config::prefetch::{Declared, Prefetch};

/// Layer that fetches the declared parameters before the handler runs.
///
/// It is a layer around the raw event ([`Function::outer`](crate::Function::outer)), so it serves every kind of
/// function. It fetches all declared parameters concurrently, while a handler's arguments would be fetched
/// sequentially: up to ten of SSM in one call, which needs `ssm:GetParameters`. Later calls find them in the cache,
/// which refreshes them before they expire. A parameter that is unavailable and has no last good value ends the
/// invocation with a [`FunctionError`](crate::FunctionError) of type `ParameterUnavailable` that names it.
///
/// # Example
///
/// ```
/// use pilaster::FromParameter;
/// use pilaster::config::parameters::ParametersLayer;
/// use std::time::Duration;
///
/// #[derive(serde::Deserialize, FromParameter)]
/// #[parameter(name = "/shop/limits")]
/// struct Limits { items: u32 }
///
/// #[derive(serde::Deserialize, FromParameter)]
/// #[parameter(env = "GREETING_PARAMETER")]
/// struct Greeting(String);
///
/// let layer = ParametersLayer::new().parameter::<Limits>().parameter::<Greeting>().max_age(Duration::from_secs(30));
/// # let _ = layer;
/// ```
#[derive(Clone, Debug)]
#[must_use = "a layer does nothing until it is applied"]
pub struct ParametersLayer(Declared);

impl ParametersLayer {
    /// Creates a layer without parameters.
    pub fn new() -> Self {
        Self(Declared::new("ParameterUnavailable"))
    }

    /// Declares the parameter of `T`.
    pub fn parameter<T: FromParameter>(mut self) -> Self {
        let fetch =
            |clients: Clients, max_age| async move { Parameter::<T>::read(&clients, max_age).await.map(drop) }.boxed();
        self.0.fetches.push(fetch);
        self
    }

    /// Sets the maximum age of all declared parameters, like
    /// [`ParameterRequest::max_age`](super::ParameterRequest::max_age).
    pub fn max_age(mut self, max_age: Duration) -> Self {
        self.0.max_age = MaxAge::Of(max_age);
        self
    }

    /// Fetches all declared parameters, like [`ParameterRequest::force`](super::ParameterRequest::force): each
    /// invocation calls the service.
    pub fn force(mut self) -> Self {
        self.0.max_age = MaxAge::Forced;
        self
    }

    /// Uses the parameters of this registry instead of [`Clients::global`].
    pub fn clients(mut self, clients: Clients) -> Self {
        self.0.clients = Some(clients);
        self
    }
}

impl Default for ParametersLayer {
    fn default() -> Self {
        Self::new()
    }
}

impl<S> Layer<S> for ParametersLayer {
    type Service = Prefetch<S>;

    fn layer(&self, inner: S) -> Prefetch<S> {
        Prefetch::new(inner, self.0.clone())
    }
}

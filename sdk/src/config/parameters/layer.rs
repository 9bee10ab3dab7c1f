//! [`ParametersLayer`]: the declared parameters are at hand before the handler runs.

use std::fmt;
use std::task::{Context, Poll};
use std::time::Duration;

use futures_util::FutureExt;
use futures_util::future::{self, BoxFuture};
use tower::{Layer, Service};

use super::{FromParameter, ParameterRequest, Read};
use crate::clients::Clients;
use crate::core::error::{BoxError, FunctionError};
use crate::core::raw::{Incoming, Outgoing};

type Ensure = fn(Clients, Read) -> BoxFuture<'static, Result<(), BoxError>>;

/// Layer that applies [`WithParameters`]: the declared parameters are at hand before the handler runs.
///
/// It stands on the raw landing, outside the door, so it serves every kind of function. All declared parameters are fetched at the
/// same time, ten of SSM in one call (which needs `ssm:GetParameters`), where a handler's arguments would be fetched one after another; later calls find them in the
/// cache and are refreshed ahead of expiry. One that is unavailable and has no last good value ends the invocation with a
/// [`FunctionError`] that names it.
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
#[derive(Clone)]
#[must_use = "a layer does nothing until it is applied"]
pub struct ParametersLayer {
    declared: Vec<Ensure>,
    clients: Option<Clients>,
    read: Read,
}

impl Default for ParametersLayer {
    fn default() -> Self {
        Self { declared: Vec::new(), clients: None, read: Read::Default }
    }
}

impl ParametersLayer {
    /// No parameters yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// Declares the parameter that `T` is read from.
    pub fn parameter<T: FromParameter>(mut self) -> Self {
        self.declared.push(|clients, read| ensure::<T>(clients, read).boxed());
        self
    }

    /// As [`ParameterRequest::max_age`], for all declared parameters.
    pub fn max_age(mut self, max_age: Duration) -> Self {
        self.read = Read::Within(max_age);
        self
    }

    /// As [`ParameterRequest::force`], for all declared parameters: each invocation asks the service.
    pub fn force(mut self) -> Self {
        self.read = Read::Force;
        self
    }

    /// Takes the parameters of this registry instead of [`Clients::global`].
    pub fn clients(mut self, clients: Clients) -> Self {
        self.clients = Some(clients);
        self
    }
}

async fn ensure<T: FromParameter>(clients: Clients, read: Read) -> Result<(), BoxError> {
    let parameters = T::parameters(&clients).await?;
    let request = ParameterRequest { parameters: &parameters, id: T::parameter_id()?, is_shared: true, read };
    request.value().await?.decode::<T>()?;
    Ok(())
}

impl<S> Layer<S> for ParametersLayer {
    type Service = WithParameters<S>;

    fn layer(&self, inner: S) -> Self::Service {
        WithParameters { inner, layer: self.clone() }
    }
}

impl fmt::Debug for ParametersLayer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut shown = f.debug_struct("ParametersLayer");
        shown.field("declared", &self.declared.len()).field("read", &self.read).finish_non_exhaustive()
    }
}

/// Service that fetches the declared parameters before it calls the inner one. See [`ParametersLayer`].
#[derive(Clone, Debug)]
pub struct WithParameters<S> {
    inner: S,
    layer: ParametersLayer,
}

impl<S> Service<Incoming> for WithParameters<S>
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
        let ParametersLayer { declared, clients, read } = &self.layer;
        let clients = clients.as_ref().unwrap_or_else(|| Clients::within(&incoming.invocation));
        let ready = future::try_join_all(declared.iter().map(|ensure| ensure(clients.clone(), *read)));
        async move {
            if let Err(error) = ready.await {
                return Err(FunctionError::new("ParameterUnavailable", error.to_string()).with_source(error));
            }
            inner.call(incoming).await
        }
        .boxed()
    }
}

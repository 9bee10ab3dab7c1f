//! [`Prefetch`]: the service of `SecretsLayer` and `ParametersLayer`.

use std::fmt;
use std::task::{Context, Poll};

use futures_util::FutureExt;
use futures_util::future::{self, BoxFuture};
use tower::Service;

use crate::clients::Clients;
use crate::config::max_age::MaxAge;
use crate::core::error::{BoxError, FunctionError};
use crate::core::raw::{Incoming, Outgoing};

/// A function that fetches one declared value into the cache and decodes it.
type Fetch = fn(Clients, MaxAge) -> BoxFuture<'static, Result<(), BoxError>>;

/// The values that a layer declares.
#[derive(Clone)]
pub(crate) struct Declared {
    pub(crate) fetches: Vec<Fetch>,
    pub(crate) clients: Option<Clients>,
    pub(crate) max_age: MaxAge,
    /// The `errorType` of an invocation with an unavailable value.
    error_type: &'static str,
}

impl Declared {
    pub(crate) fn new(error_type: &'static str) -> Self {
        Self { fetches: Vec::new(), clients: None, max_age: MaxAge::TimeToLive, error_type }
    }
}

impl fmt::Debug for Declared {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut shown = f.debug_struct("Declared");
        shown.field("values", &self.fetches.len()).field("max_age", &self.max_age).finish_non_exhaustive()
    }
}

/// Service that fetches the declared secrets or parameters before it calls the inner one: that of
/// [`SecretsLayer`](crate::SecretsLayer) and [`ParametersLayer`](crate::ParametersLayer).
#[derive(Clone, Debug)]
pub struct Prefetch<S> {
    inner: S,
    declared: Declared,
}

impl<S> Prefetch<S> {
    pub(crate) fn new(inner: S, declared: Declared) -> Self {
        Self { inner, declared }
    }
}

impl<S> Service<Incoming> for Prefetch<S>
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
        let Declared { fetches, clients, max_age, error_type } = &self.declared;
        let clients = clients.as_ref().unwrap_or_else(|| Clients::within(&incoming.invocation));
        let fetched = future::try_join_all(fetches.iter().map(|fetch| fetch(clients.clone(), *max_age)));
        let error_type = *error_type;
        async move {
            if let Err(error) = fetched.await {
                return Err(FunctionError::new(error_type, error.to_string()).with_source(error));
            }
            inner.call(incoming).await
        }
        .boxed()
    }
}

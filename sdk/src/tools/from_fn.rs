//! [`from_fn`]: a layer around calls of tools, written as an async function.

use std::fmt;
use std::pin::Pin;
use std::task::{Context, Poll};

use tower::util::BoxCloneSyncService;
use tower::{Layer, Service, ServiceExt};

use super::call::Call;
use super::outcome::Outcome;
use crate::core::error::BoxError;

/// Creates a layer from an async function, which is called with each call of a tool and the inner layers.
///
/// # Example
///
/// ```
/// use pilaster::BoxError;
/// use pilaster::tools::{Call, Next, Outcome, Tools, from_fn};
/// use tracing::Instrument as _;
///
/// async fn traced(call: Call, next: Next) -> Result<Outcome, BoxError> {
///     let span = tracing::info_span!("tool", name = call.name(), request = call.context().invocation().request_id());
///     next.run(call).instrument(span).await
/// }
///
/// fn tools(tools: Tools) -> Tools {
///     tools.layer(from_fn(traced))
/// }
/// # let _ = tools;
/// ```
pub fn from_fn<F, Fut>(function: F) -> FromFnLayer<F>
where
    F: Fn(Call, Next) -> Fut + Clone,
    Fut: Future<Output = Result<Outcome, BoxError>>,
{
    FromFnLayer { function }
}

/// Layer that applies [`FromFn`]. Created by [`from_fn`].
#[derive(Clone)]
#[must_use]
pub struct FromFnLayer<F> {
    function: F,
}

impl<F: Clone, S> Layer<S> for FromFnLayer<F>
where
    S: Service<Call, Response = Outcome> + Clone + Send + Sync + 'static,
    S::Error: Into<BoxError>,
    S::Future: Send,
{
    type Service = FromFn<F>;

    fn layer(&self, inner: S) -> FromFn<F> {
        let inner = BoxCloneSyncService::new(inner.map_err(Into::into));
        FromFn { function: self.function.clone(), inner }
    }
}

impl<F> fmt::Debug for FromFnLayer<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("FromFnLayer").finish_non_exhaustive()
    }
}

/// Service that calls an async function around each call of a tool. Created by [`from_fn`].
#[derive(Clone)]
pub struct FromFn<F> {
    function: F,
    inner: BoxCloneSyncService<Call, Outcome, BoxError>,
}

impl<F, Fut> Service<Call> for FromFn<F>
where
    F: Fn(Call, Next) -> Fut,
    Fut: Future<Output = Result<Outcome, BoxError>> + Send + 'static,
{
    type Response = Outcome;
    type Error = BoxError;
    type Future = Pin<Box<dyn Future<Output = Result<Outcome, BoxError>> + Send>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), BoxError>> {
        // `Next::run` polls the inner service.
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, call: Call) -> Self::Future {
        Box::pin((self.function)(call, Next { inner: self.inner.clone() }))
    }
}

impl<F> fmt::Debug for FromFn<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("FromFn").finish_non_exhaustive()
    }
}

/// The inner layers and the tool. Cheap to clone, so that a call can be repeated.
#[derive(Clone, Debug)]
pub struct Next {
    inner: BoxCloneSyncService<Call, Outcome, BoxError>,
}

impl Next {
    /// Calls the next layer.
    ///
    /// # Errors
    ///
    /// The error of the tool or of a layer.
    pub async fn run(self, call: Call) -> Result<Outcome, BoxError> {
        self.inner.oneshot(call).await
    }
}

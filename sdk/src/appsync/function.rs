//! [`FieldFunction`]: a function of one field, or of the fields of [`Resolvers`](super::Resolvers).

#[cfg(feature = "macros")]
pub(crate) mod check;

use std::time::Duration;

use tower::layer::util::Identity;
use tower::{Layer, Service};

use super::adapter::config::{AdapterConfig, Routes};
use super::adapter::{AppSyncAdapter, config};
use super::call::{ByBatch, ByResolver, FieldCall, FieldResponse, Innermost};
use super::handler::{BatchHandler, ResolverHandler};
use crate::core::deadline::MARGIN;
use crate::core::error::{BoxError, ErrorType, NamedErrors};
use crate::core::layer_mistakes::reject;
use crate::function::builder::{Function, Sealed};
use crate::function::handler::{Handler, HandlerService};
use crate::function::into_service::Kind;

/// A resolver, with the settings of its batches.
#[derive(Clone, Debug)]
pub struct FieldFunction<S> {
    pub(super) service: S,
    pub(super) routes: Routes,
    pub(super) concurrency: usize,
    pub(super) margin: Option<Duration>,
    pub(super) error_types: NamedErrors,
    pub(super) mistake: Option<String>,
}

impl<S> FieldFunction<S> {
    pub(super) fn new(service: S, routes: Routes) -> Self {
        let (concurrency, margin) = (config::CONCURRENCY, Some(MARGIN));
        Self { service, routes, concurrency, margin, error_types: NamedErrors::default(), mistake: None }
    }
}

impl<F, Args> Handler<ByResolver<Args>> for F
where
    F: ResolverHandler<Args>,
    Args: 'static,
{
    type Kind = FieldFunction<Innermost>;
    type Layers = Identity;

    fn into_kind(self, _: Sealed) -> Self::Kind {
        FieldFunction::new(
            HandlerService::new::<F, ByResolver<Args>>(self),
            Routes::OfOneField { takes_batches: false },
        )
    }
}

impl<F, Args> Handler<ByBatch<Args>> for F
where
    F: BatchHandler<Args>,
    Args: 'static,
{
    type Kind = FieldFunction<Innermost>;
    type Layers = Identity;

    fn into_kind(self, _: Sealed) -> Self::Kind {
        FieldFunction::new(HandlerService::new::<F, ByBatch<Args>>(self), Routes::OfOneField { takes_batches: true })
    }
}

impl<S, L, O> Function<FieldFunction<S>, L, O> {
    /// Sends the text of an `E` to the client, with its `errorType`, where `E` is anywhere in the chain of causes of an
    /// error. `#[lambda_handler]` does this for the error type of the function; the text of any other error than a
    /// [`FunctionError`](crate::FunctionError) does not reach the client.
    pub fn error_type<E: ErrorType>(self) -> Self {
        self.with_error_type::<E>()
    }

    /// Sets the number of items of a batch that a resolver of single fields handles concurrently; the default is 10.
    pub fn concurrency(mut self, items: usize) -> Self {
        self.kind.concurrency = items;
        self
    }

    /// Sets the time between the end of the work and the deadline of the invocation: 250 ms by default, and at most half
    /// of the time that is left. What is not done then is cancelled and answered as `Timeout`; in a batch, the items that
    /// are done keep their values. With `None`, nothing is cancelled.
    ///
    /// AppSync waits 30 s for all resolvers of a request, so a function should have a time-out of at most 25 s.
    pub fn margin(mut self, margin: impl Into<Option<Duration>>) -> Self {
        self.kind.margin = margin.into();
        self
    }
}

#[diagnostic::do_not_recommend]
impl<S, L> Kind<L> for FieldFunction<S>
where
    L: Layer<S>,
    L::Service: Service<FieldCall, Response = FieldResponse> + Clone + Send + Sync + 'static,
    <L::Service as Service<FieldCall>>::Error: Into<BoxError>,
    <L::Service as Service<FieldCall>>::Future: Send,
{
    type Adapter = AppSyncAdapter<L::Service>;

    fn adapter(self, layers: L, error_types: NamedErrors) -> Self::Adapter {
        let Self { service, routes, concurrency, margin, error_types: mut named, mistake } = self;
        if concurrency == 0 {
            reject("the concurrency of a batch must not be 0: no item would be resolved");
        }
        if let Some(mistake) = mistake {
            reject(mistake);
        }
        named.append(&error_types);
        AppSyncAdapter::new(layers.layer(service), AdapterConfig { routes, concurrency, margin, error_types: named })
    }
}

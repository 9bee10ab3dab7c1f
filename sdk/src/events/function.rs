//! Event functions: handlers of one whole event.

#[cfg(feature = "macros")]
pub(crate) mod check;

use std::time::Duration;

use tower::layer::util::Identity;
use tower::{Layer, Service};

use super::handler::{EventHandler, FromEvent, Wrap};
use crate::core::deadline::MARGIN;
use crate::core::error::{BoxError, ErrorType};
use crate::core::raw::{Incoming, Outgoing};
use crate::events::adapter::EventAdapter;
use crate::function::builder::{Function, Sealed};
use crate::function::handler::{Handler, HandlerService};
use crate::function::into_service::{ErrorTypes, Kind};

/// The marker of event functions; the arguments of the function are within.
#[doc(hidden)]
#[derive(Debug)]
pub struct ByEvent<Args>(std::marker::PhantomData<Args>);

/// A handler of one whole event, with its settings.
#[derive(Clone, Debug)]
pub struct EventFunction<S> {
    service: S,
    wrap: Option<Wrap>,
    margin: Option<Duration>,
}

impl<S, L, O> Function<EventFunction<S>, L, O> {
    /// Takes the `errorType` of a failed invocation from `E`, wherever it stands in the chain of causes. `#[lambda_handler]` does this for
    /// the error type of the function.
    ///
    /// `anyhow` and `#[error(transparent)]` hide the error that they stand for and continue with its cause: within these an `E` is not
    /// found. A [`FunctionError`](crate::FunctionError) is.
    pub fn error_type<E: ErrorType>(self) -> Self {
        self.with_error_type::<E>()
    }

    /// Sets how long before the deadline of its invocation the work is cancelled, which fails the invocation as `Timeout`: 250 ms unless it
    /// is set, and at most half of the time that there is. The rest of the time is for what runs when the work is dropped, and for the
    /// response.
    ///
    /// With `Duration::ZERO` the work has all of the time, and Lambda may be the first to end it; with `None` nothing is cancelled. Where
    /// Lambda ends it, the caller sees `Sandbox.Timedout`, nothing that the work holds is dropped, and the process is started anew. A
    /// [`CloudFormation`](crate::events) resource responds within the margin, so that the stack does not wait for an hour.
    ///
    /// # Example
    ///
    /// ```no_run
    /// use std::time::Duration;
    /// use pilaster::{BoxError, Event};
    ///
    /// async fn import(Event(file): Event<String>) -> Result<usize, BoxError> {
    ///     Ok(file.len())
    /// }
    ///
    /// fn main() -> Result<(), pilaster::StartError> {
    ///     pilaster::run(pilaster::handler(import).margin(Duration::from_secs(2)))
    /// }
    /// ```
    pub fn margin(mut self, margin: impl Into<Option<Duration>>) -> Self {
        self.kind.margin = margin.into();
        self
    }
}

impl<F, Args> Handler<ByEvent<Args>> for F
where
    F: EventHandler<Args>,
    Args: 'static,
{
    type Kind = EventFunction<HandlerService<F, Args>>;
    type Layers = Identity;

    fn into_kind(self, _: Sealed) -> Self::Kind {
        EventFunction { service: HandlerService::new(self), wrap: F::Event::WRAP, margin: Some(MARGIN) }
    }
}

impl<S, L> Kind<L> for EventFunction<S>
where
    L: Layer<S>,
    L::Service: Service<Incoming, Response = Outgoing> + Clone + Send + Sync + 'static,
    <L::Service as Service<Incoming>>::Error: Into<BoxError> + 'static,
    <L::Service as Service<Incoming>>::Future: Send,
{
    type Adapter = EventAdapter<L::Service>;
    const IS_OF_WHOLE_EVENTS: bool = true;

    fn adapter(self, layers: L, error_types: ErrorTypes) -> Self::Adapter {
        EventAdapter::new(layers.layer(self.service), self.wrap, error_types.0, self.margin)
    }
}

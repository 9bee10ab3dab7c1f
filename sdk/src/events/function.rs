//! Event functions: handlers of one whole event.

#[cfg(feature = "macros")]
pub(crate) mod check;

use std::time::Duration;

use tower::layer::util::Identity;
use tower::{Layer, Service};

use super::handler::{EventHandler, FromEvent, Wrap};
use crate::core::deadline::MARGIN;
use crate::core::error::{BoxError, ErrorType, FunctionError, NamedErrors};
use crate::core::raw::{Incoming, Outgoing};
use crate::events::adapter::EventAdapter;
use crate::function::builder::{Function, Sealed};
use crate::function::handler::{Handler, HandlerService};
use crate::function::into_service::Kind;

/// The marker of event functions with these arguments.
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
    /// Uses `E` for the `errorType` of a failed invocation, anywhere in the chain of causes. `#[lambda_handler]` does
    /// this for the error type of the function.
    ///
    /// `anyhow` and `#[error(transparent)]` hide the error that they wrap and continue with its cause: an `E` inside
    /// them is not found. Inside a [`FunctionError`](crate::FunctionError), it is.
    pub fn error_type<E: ErrorType>(self) -> Self {
        self.with_error_type::<E>()
    }

    /// Sets the time between the cancellation of the work, which fails the invocation as `Timeout`, and the deadline:
    /// 250 ms by default, and at most half of the available time. The remaining time is for destructors and for the
    /// response.
    ///
    /// With `Duration::ZERO`, the work has all of the time, and Lambda may terminate it first; with `None`, nothing is
    /// cancelled. If Lambda terminates it, the caller sees `Sandbox.Timedout`, no destructor runs, and the process is
    /// restarted. A [`CloudFormation`](crate::events) resource responds within the margin, so that the stack does not
    /// wait for an hour.
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
    type Kind = EventFunction<HandlerService<Incoming, Outgoing, FunctionError>>;
    type Layers = Identity;

    fn into_kind(self, _: Sealed) -> Self::Kind {
        EventFunction { service: HandlerService::new(self), wrap: F::Event::WRAP, margin: Some(MARGIN) }
    }
}

#[diagnostic::do_not_recommend]
impl<S, L> Kind<L> for EventFunction<S>
where
    L: Layer<S>,
    L::Service: Service<Incoming, Response = Outgoing> + Clone + Send + Sync + 'static,
    <L::Service as Service<Incoming>>::Error: Into<BoxError> + 'static,
    <L::Service as Service<Incoming>>::Future: Send,
{
    type Adapter = EventAdapter<L::Service>;
    const IS_OF_WHOLE_EVENTS: bool = true;

    fn adapter(self, layers: L, error_types: NamedErrors) -> Self::Adapter {
        EventAdapter::new(layers.layer(self.service), self.wrap, error_types, self.margin)
    }
}

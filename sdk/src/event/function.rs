//! Event functions: handlers of one whole event.

use tower::layer::util::Identity;
use tower::{Layer, Service};

use super::door::Door;
use super::handler::{Around, EventHandler, FromEvent, HandlerService};
use crate::error::BoxError;
use crate::event::{Incoming, RawResponse};
use crate::handler::{Buffered, Function, Handler, IntoRaw, RawService, Start};

/// The marker of event functions; the arguments of the function are within.
#[doc(hidden)]
#[derive(Debug)]
pub struct ByEvent<Args>(std::marker::PhantomData<Args>);

/// The innermost service of the event hall.
#[derive(Clone, Debug)]
pub struct Hall<S> {
    service: S,
    around: Option<Around>,
}

impl<F, Args> Handler<ByEvent<Args>> for F
where
    F: EventHandler<Args>,
    Args: 'static,
{
    type Hall = Hall<HandlerService<F, Args>>;
    type Layers = Identity;

    fn into_hall(self) -> Self::Hall {
        Hall { service: HandlerService::new(self), around: F::Event::AROUND }
    }
}

impl<S, L, O> IntoRaw for Function<Hall<S>, L, O>
where
    L: Layer<S>,
    L::Service: Service<Incoming, Response = RawResponse> + Clone + Send + Sync + 'static,
    <L::Service as Service<Incoming>>::Error: Into<BoxError> + 'static,
    <L::Service as Service<Incoming>>::Future: Send,
    O: Layer<Door<L::Service>>,
    O::Service: RawService,
{
    type Raw = O::Service;
    type Mode = Buffered;

    fn into_raw(self) -> Self::Raw {
        let Hall { service, around } = self.hall;
        self.outer.layer(Door::new(self.layer.layer(service), around, self.names))
    }

    fn take_start(&mut self) -> Start {
        Start { is_of_whole_events: true, ..std::mem::take(&mut self.start) }
    }
}

//! The checks of functions of events.

use std::time::Duration;

use serde::Serialize;
use tower::{Layer, Service};

use super::{Answer, Argument, Beside, Failure, Kind, Layered, Part, Timed, Type, of};
use crate::core::error::BoxError;
use crate::core::invocation::FromInvocation;
use crate::core::raw::Incoming;
use crate::events::{Event, EventFunction, FromEvent};
use crate::function::builder::Function;

/// The kind of event functions.
#[derive(Debug)]
pub enum Events {}

impl<T: FromEvent> Argument<Events, ()> for T {
    holds!(Events);
}

impl<T: FromInvocation> Part<Events, ()> for T {
    holds!(Events);
}

impl<T: FromInvocation> Beside<Events, Event<()>> for T {
    holds!(Events);
}

impl<T: FromEvent> Beside<Events, ()> for T {
    holds!(Events);
}

impl<T: Serialize> Answer<Events, ()> for T {
    holds!(Events);
}

impl<E: Into<BoxError> + 'static> Failure<Events, ()> for E {
    holds!(Events);
}

impl<T, S> Layered<EventFunction<S>, ()> for T
where
    T: Layer<S, Service: Service<Incoming>>,
{
    type Checked<X> = X;

    fn checked<L, O>(function: Function<EventFunction<S>, L, O>, layer: Self) -> Function<EventFunction<S>, T, O> {
        function.map_layers(|_| layer)
    }
}

impl<S, L, O> Timed for Function<EventFunction<S>, L, O> {
    fn margin(self, margin: impl Into<Option<Duration>>) -> Self {
        Function::margin(self, margin)
    }
}

impl<T> Type<Event<T>> {
    pub fn received(&self) -> Type<T> {
        of()
    }
}

#[cfg(feature = "cloudformation")]
impl<P> Type<crate::events::CloudFormation<P>> {
    pub fn received(&self) -> Type<P> {
        of()
    }
}

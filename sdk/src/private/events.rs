//! The checks of functions of events.

use std::time::Duration;

use serde::Serialize;
use tower::{Layer, Service};

use super::{Answer, Argument, Beside, Failure, Kind, Layered, Part, Timed, Type, of};
use crate::error::BoxError;
use crate::event::{Event, FromEvent, FromInvocation, Hall, Incoming};
use crate::handler::Function;

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

impl<T, S> Layered<Hall<S>, ()> for T
where
    T: Layer<S, Service: Service<Incoming>>,
{
    type Checked<X> = X;

    fn checked<L, O>(function: Function<Hall<S>, L, O>, layer: Self) -> Function<Hall<S>, T, O> {
        function.layer(layer)
    }
}

impl<S, L, O> Timed for Function<Hall<S>, L, O> {
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
impl<P> Type<crate::event::CloudFormation<P>> {
    pub fn received(&self) -> Type<P> {
        of()
    }
}

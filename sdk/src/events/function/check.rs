//! The checks of event functions. Not public API.
#![allow(missing_docs)]

use std::time::Duration;

use serde::Serialize;
use tower::{Layer, Service};

use super::EventFunction;
use crate::core::check::probe::{Is, check};
use crate::core::error::BoxError;
use crate::core::from_event::FromEvent;
use crate::core::invocation::FromInvocation;
use crate::core::raw::Incoming;
use crate::events::extract::event::Event;
use crate::function::builder::Function;
use crate::function::check::{
    HasMargin, IsError, IsExtractor, IsLastExtractor, IsLayer, IsPartsExtractor, IsResponse, IsReturned,
};

/// The kind of event functions.
#[derive(Debug)]
pub enum Events {}

check! {
    impl [T: FromEvent] IsLastExtractor<Events, Event<()>> for T;
    // For every kind, so that the compiler reports that it must be the last argument.
    impl [K, T: FromEvent] IsExtractor<K, Event<()>> for T;
    impl [T: FromInvocation] IsExtractor<Events, ()> for T;
    impl [T: FromInvocation] IsPartsExtractor<Events, ()> for T;
    impl [R: Is<Result<T, E>>, T, E] IsReturned<Events, (T, E)> for R;
    impl [T: Serialize] IsResponse<Events, ()> for T;
    impl [E: Into<BoxError> + 'static] IsError<Events, ()> for E;
}

impl<T, S> IsLayer<EventFunction<S>, ()> for T
where
    T: Layer<S, Service: Service<Incoming>>,
{
    type Checked<X> = X;

    fn check<L, O>(function: Function<EventFunction<S>, L, O>, layer: Self) -> Function<EventFunction<S>, T, O> {
        function.map_layers(|_| layer)
    }
}

impl<S, L, O> HasMargin for Function<EventFunction<S>, L, O> {
    fn margin(self, margin: impl Into<Option<Duration>>) -> Self {
        Self::margin(self, margin)
    }
}

//! The checks of resolvers. Not public API.
#![allow(missing_docs)]

use std::time::Duration;

use serde::Serialize;
use tower::{Layer, Service};

use super::FieldFunction;
use crate::appsync::batch::Batched;
use crate::appsync::call::FieldCall;
use crate::appsync::context::FieldContext;
use crate::appsync::extract::{FromContext, FromField, FromRequestContext};
use crate::appsync::handler::FromBatch;
use crate::core::check::probe::{Is, check};
use crate::core::error::BoxError;
use crate::function::builder::Function;
use crate::function::check::{
    HasConcurrency, HasMargin, IsError, IsExtractor, IsLastExtractor, IsLayer, IsPartsExtractor, IsResponse, IsReturned,
};

/// The kind of resolvers of single fields.
#[derive(Debug)]
pub enum Fields {}

/// The kind of resolvers of batches.
#[derive(Debug)]
pub enum Batches {}

/// The value of a resolver of batches.
pub trait IsBatched {}

impl<T: Serialize> IsBatched for Batched<T> {}

check! {
    impl [T: FromField] IsLastExtractor<Fields, FieldContext> for T;
    impl [T: FromContext] IsExtractor<Fields, ()> for T;
    impl [T: FromContext] IsPartsExtractor<Fields, ()> for T;
    impl [R: Is<Result<T, E>>, T, E] IsReturned<Fields, (T, E)> for R;
    impl [T: Serialize] IsResponse<Fields, ()> for T;
    impl [E: Into<BoxError> + 'static] IsError<Fields, ()> for E;

    impl [T: FromBatch] IsLastExtractor<Batches, FieldCall> for T;
    // For every kind, so that the compiler reports that it must be the last argument.
    impl [K, T: FromBatch] IsExtractor<K, FieldCall> for T;
    impl [T: FromRequestContext] IsExtractor<Batches, ()> for T;
    impl [T: FromRequestContext] IsPartsExtractor<Batches, ()> for T;
    impl [R: Is<Result<T, E>>, T, E] IsReturned<Batches, (T, E)> for R;
    impl [T: IsBatched] IsResponse<Batches, ()> for T;
    impl [E: Into<BoxError> + 'static] IsError<Batches, ()> for E;
}

impl<T, S> IsLayer<FieldFunction<S>, ()> for T
where
    T: Layer<S, Service: Service<FieldCall>>,
{
    type Checked<X> = X;

    fn check<L, O>(function: Function<FieldFunction<S>, L, O>, layer: Self) -> Function<FieldFunction<S>, T, O> {
        function.map_layers(|_| layer)
    }
}

impl<S, L, O> HasConcurrency for Function<FieldFunction<S>, L, O> {
    fn concurrency(self, items: usize) -> Self {
        Self::concurrency(self, items)
    }
}

impl<S, L, O> HasMargin for Function<FieldFunction<S>, L, O> {
    fn margin(self, margin: impl Into<Option<Duration>>) -> Self {
        Self::margin(self, margin)
    }
}

//! The checks of HTTP functions. Not public API.
#![allow(missing_docs)]

use axum_core::body::Body;
use axum_core::extract::{FromRequest, FromRequestParts};
use axum_core::response::{ErrorResponse, IntoResponse};
use http::Request;
use tower::{Layer, Service};

use super::HttpFunction;
use crate::core::check::Serializable;
use crate::core::check::probe::{Is, check};
use crate::function::builder::Function;
use crate::function::check::{
    IsError, IsExtractor, IsHttpFunction, IsLastExtractor, IsLayer, IsPartsExtractor, IsResponse, IsReturned,
};
use crate::http::extract::Json;
#[cfg(feature = "validate")]
use crate::http::extract::Valid;
use crate::http::layers::catch_panic::CatchPanic;
use crate::http::layers::stack::Stack;
use crate::http::response::Created;

/// The kind of HTTP functions.
#[derive(Debug)]
pub enum Http {}

/// One of axum's markers.
#[derive(Debug)]
pub struct Via<M>(std::marker::PhantomData<M>);

check! {
    impl [T: FromRequest<(), M>, M] IsLastExtractor<Http, Via<M>> for T;
    impl [T: FromRequest<(), M>, M] IsExtractor<Http, Via<M>> for T;
    impl [T: FromRequestParts<()>] IsPartsExtractor<Http, ()> for T;
    impl [T] IsReturned<Http, ()> for T;
    impl [T: IntoResponse] IsResponse<Http, ()> for T;
    impl [E: IntoResponse] IsError<Http, ()> for E;
    impl [E: Is<ErrorResponse>] IsError<Http, ErrorResponse> for E;
    Response => Serializable: Json<T>, Created<T>;
}

#[cfg(feature = "validate")]
check! { Response => Serializable: Valid<Json<T>>, Valid<Created<T>>; }

impl<T, S, const STREAMS: bool> IsLayer<HttpFunction<S, STREAMS>, ()> for T
where
    T: Is<Stack> + Layer<CatchPanic<S>, Service: Service<Request<Body>>>,
{
    type Checked<X> = X;

    fn check<L, O>(
        #[allow(unused_mut)] mut function: Function<HttpFunction<S, STREAMS>, L, O>,
        layer: Self,
    ) -> Function<HttpFunction<S, STREAMS>, Self, O> {
        #[cfg(feature = "openapi")]
        layer.itself().describe(&mut function.lifecycle.descriptions);
        function.map_layers(|_| layer)
    }
}

impl<S, L, O> IsHttpFunction<Function<HttpFunction<S, true>, L, O>> for Function<HttpFunction<S>, L, O> {
    fn route(self, route: &'static str) -> Self {
        Self::route(self, route)
    }

    fn streaming(self) -> Function<HttpFunction<S, true>, L, O> {
        Self::streaming(self)
    }
}

//! The checks of HTTP functions.

use axum_core::body::Body;
use axum_core::extract::{FromRequest, FromRequestParts};
use axum_core::response::{ErrorResponse, IntoResponse};
use http::Request;
use tower::{Layer, Service};

use super::{Answer, Argument, Beside, Failure, Kind, Layered, Part, Streamed, Type, of};
use crate::function::builder::Function;
use crate::http::layers::catch_panic::CatchPanic;
use crate::http::{Created, HttpFunction, Json, Path, Query, Stack};

/// The kind of HTTP functions.
#[derive(Debug)]
pub enum Http {}

/// A marker of axum's, apart from ours.
#[derive(Debug)]
pub struct Via<M>(std::marker::PhantomData<M>);

impl<T: FromRequest<(), M>, M> Argument<Http, Via<M>> for T {
    holds!(Http);
}

impl<T: FromRequest<(), M>, M> Beside<Http, Via<M>> for T {
    holds!(Http);
}

impl<T: FromRequestParts<()>> Part<Http, ()> for T {
    holds!(Http);
}

impl<T: IntoResponse> Answer<Http, ()> for T {
    holds!(Http);
}

impl<E: Failing<M>, M> Failure<Http, Via<M>> for E {
    holds!(Http);
}

/// A response, or axum's error that becomes one.
pub trait Failing<M> {}

impl<E: IntoResponse> Failing<()> for E {}

impl Failing<ErrorResponse> for ErrorResponse {}

impl<S> Layered<HttpFunction<S>, ()> for Stack
where
    Self: Layer<CatchPanic<S>, Service: Service<Request<Body>>>,
{
    type Checked<X> = X;

    fn checked<L, O>(function: Function<HttpFunction<S>, L, O>, layer: Self) -> Function<HttpFunction<S>, Self, O> {
        function.map_layers(|_| layer)
    }
}

impl<S, L, O> Streamed for Function<HttpFunction<S>, L, O> {
    type Streaming = Function<HttpFunction<S, true>, L, O>;

    fn streaming(self) -> Self::Streaming {
        Function::streaming(self)
    }
}

macro_rules! holding {
    ($($check:ident: $($outer:ty),*;)*) => {$($(
        impl<T> Type<$outer> {
            pub fn $check(&self) -> Type<T> {
                of()
            }
        }
    )*)*};
}

holding! {
    received: Json<T>, Path<T>, Query<T>, Option<Json<T>>, Option<Path<T>>, Option<Query<T>>;
    sent: Json<T>, Created<T>;
}

#[cfg(feature = "form")]
mod form {
    use super::{Type, of};
    use crate::http::Form;

    holding! { received: Form<T>, Option<Form<T>>; }
}

#[cfg(feature = "validate")]
mod valid {
    use garde::Validate;

    use super::super::Validated;
    use super::{Kind, Type, of};
    use crate::http::{Json, Path, Query, Valid};

    impl<K, T: Validate<Context: Default>> Validated<K, ()> for T {
        holds!(K);
    }

    holding! {
        received: Valid<Json<T>>, Valid<Path<T>>, Valid<Query<T>>;
        validated: Valid<Json<T>>, Valid<Path<T>>, Valid<Query<T>>;
    }
}

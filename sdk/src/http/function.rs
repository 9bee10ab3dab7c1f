//! HTTP functions: handlers of requests, and whole services such as an `axum::Router`.

use axum_core::body::Body;
use bytes::Bytes;
use http::{Request, Response};
use tower::{Layer, Service};

use crate::error::BoxError;
use crate::handler::{Buffered, Function, Handler, IntoRaw, RawService, Start, Streaming};
use crate::http::door::Door;
use crate::http::handler::{HandlerService, HttpHandler};
use crate::http::panic::{CatchPanic, PanicLayer};
use crate::http::stack::Stack;

/// The marker of HTTP functions; the arguments of the function are within.
#[doc(hidden)]
#[derive(Debug)]
pub struct ByHttp<Args>(std::marker::PhantomData<Args>);

/// The innermost service of the HTTP hall.
#[derive(Clone, Debug)]
pub struct Hall<S>(CatchPanic<S>);

impl<F, Args> Handler<ByHttp<Args>> for F
where
    F: HttpHandler<Args>,
    Args: 'static,
{
    type Hall = Hall<HandlerService<F, Args>>;
    type Layers = Stack;

    fn into_hall(self) -> Self::Hall {
        Hall(PanicLayer::new().layer(HandlerService::new(self)))
    }
}

/// Makes a function of a whole HTTP service, such as an `axum::Router` with many routes.
///
/// # Example
///
/// ```no_run
/// use axum::Router;
/// use axum::routing::get;
/// use pilaster::http::{self, HttpError};
///
/// fn main() -> Result<(), pilaster::StartError> {
///     let app = Router::new()
///         .route("/health", get(async || "well"))
///         // Without these two, axum's own answers have no body.
///         .fallback(async || HttpError::not_found("nothing is here"))
///         .method_not_allowed_fallback(async || HttpError::method_not_allowed("not by this method"));
///     pilaster::run(http::service(app).layer(http::Stack::new()))
/// }
/// ```
pub fn service<S>(service: S) -> Function<Hall<S>, Stack>
where
    S: Service<Request<Body>, Response = axum_core::response::Response> + Clone + Send + Sync + 'static,
    S::Future: Send,
{
    Function::new(Hall(PanicLayer::new().layer(service)), Stack::new())
}

/// The innermost service of a streaming function.
#[derive(Clone, Debug)]
pub struct StreamingHall<S>(CatchPanic<S>);

impl<S, L, O> Function<Hall<S>, L, O> {
    /// Streams every response. See [`http::streaming`](crate::http::streaming).
    pub fn streaming(self) -> Function<StreamingHall<S>, L, O> {
        let Self { hall, layer, outer, start, names } = self;
        Function { hall: StreamingHall(hall.0), layer, outer, start, names }
    }
}

impl<S, L, O> IntoRaw for Function<StreamingHall<S>, L, O>
where
    Function<Hall<S>, L, O>: IntoRaw,
{
    type Raw = <Function<Hall<S>, L, O> as IntoRaw>::Raw;
    type Mode = Streaming;

    fn into_raw(self) -> Self::Raw {
        let Self { hall, layer, outer, start, names } = self;
        Function { hall: Hall(hall.0), layer, outer, start, names }.into_raw()
    }

    fn take_start(&mut self) -> Start {
        Start { is_http: true, is_streaming: true, ..std::mem::take(&mut self.start) }
    }
}

impl<S, L, O, B> IntoRaw for Function<Hall<S>, L, O>
where
    L: Layer<CatchPanic<S>>,
    L::Service: Service<Request<Body>, Response = Response<B>> + Clone + Send + Sync + 'static,
    <L::Service as Service<Request<Body>>>::Error: Into<BoxError>,
    <L::Service as Service<Request<Body>>>::Future: Send,
    B: http_body::Body<Data = Bytes> + Send + 'static,
    B::Error: Into<BoxError>,
    O: Layer<Door<L::Service>>,
    O::Service: RawService,
{
    type Raw = O::Service;
    type Mode = Buffered;

    fn into_raw(self) -> Self::Raw {
        self.outer.layer(Door::new(self.layer.layer(self.hall.0)))
    }

    fn take_start(&mut self) -> Start {
        Start { is_http: true, ..std::mem::take(&mut self.start) }
    }
}

//! HTTP functions: handlers of requests, and whole services such as an `axum::Router`.

use axum_core::body::Body;
use bytes::Bytes;
use http::{Request, Response};
use tower::{Layer, Service};

use crate::core::error::BoxError;
use crate::core::raw::RawService;
use crate::function::builder::Function;
use crate::function::handler::Handler;
use crate::function::lifecycle::Start;
use crate::function::service::IntoRaw;
use crate::http::adapter::HttpAdapter;
use crate::http::handler::{HandlerService, HttpHandler};
use crate::http::layers::panic::{CatchPanic, PanicLayer};
use crate::http::layers::stack::Stack;
use crate::http::streaming;

/// The marker of HTTP functions; the arguments of the function are within.
#[doc(hidden)]
#[derive(Debug)]
pub struct ByHttp<Args>(std::marker::PhantomData<Args>);

/// The innermost service of an HTTP function. `STREAMS` if its responses may be streams.
#[derive(Clone, Debug)]
pub struct HttpFunction<S, const STREAMS: bool = false>(CatchPanic<S>);

impl<F, Args> Handler<ByHttp<Args>> for F
where
    F: HttpHandler<Args>,
    Args: 'static,
{
    type Kind = HttpFunction<HandlerService<F, Args>>;
    type Layers = Stack;

    fn into_kind(self) -> Self::Kind {
        HttpFunction(PanicLayer::new().layer(HandlerService::new(self)))
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
pub fn service<S>(service: S) -> Function<HttpFunction<S>, Stack>
where
    S: Service<Request<Body>, Response = axum_core::response::Response> + Clone + Send + Sync + 'static,
    S::Future: Send,
{
    Function::new(HttpFunction(PanicLayer::new().layer(service)), Stack::new())
}

impl<S, L, O> Function<HttpFunction<S>, L, O> {
    /// Streams every response. See [`http::streaming`](crate::http::streaming).
    pub fn streaming(self) -> Function<HttpFunction<S, true>, L, O> {
        let Self { kind, layer, outer, start, names } = self;
        Function { kind: HttpFunction(kind.0), layer, outer, start, names }
    }
}

impl<S, L, O, B, const STREAMS: bool> IntoRaw for Function<HttpFunction<S, STREAMS>, L, O>
where
    L: Layer<CatchPanic<S>>,
    L::Service: Service<Request<Body>, Response = Response<B>> + Clone + Send + Sync + 'static,
    <L::Service as Service<Request<Body>>>::Error: Into<BoxError>,
    <L::Service as Service<Request<Body>>>::Future: Send,
    B: http_body::Body<Data = Bytes> + Send + 'static,
    B::Error: Into<BoxError>,
    O: Layer<HttpAdapter<L::Service>>,
    O::Service: RawService,
{
    type Raw = O::Service;
    const STREAMS: bool = STREAMS;

    fn into_raw(self) -> Self::Raw {
        let adapter = HttpAdapter::new(self.layer.layer(self.kind.0));
        self.outer.layer(if STREAMS { adapter.streaming(streaming::stream) } else { adapter })
    }

    fn take_start(&mut self) -> Start {
        Start { is_http: true, ..std::mem::take(&mut self.start) }
    }
}

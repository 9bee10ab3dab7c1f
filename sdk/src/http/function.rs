//! HTTP functions: handlers of requests, and whole services such as an `axum::Router`.

#[cfg(feature = "macros")]
pub(crate) mod check;

use std::borrow::Cow;
use std::convert::Infallible;

use axum_core::body::Body;
use bytes::Bytes;
use http::{Request, Response};
use tower::layer::util::Identity;
use tower::{Layer, Service};

use crate::core::error::{BoxError, NamedErrors};
use crate::core::layer_mistakes::reject;
use crate::function::builder::{AddLayer, Function, Sealed};
use crate::function::handler::{Handler, HandlerService};
use crate::function::into_service::Kind;
use crate::http::adapter::HttpAdapter;
use crate::http::handler::HttpHandler;
use crate::http::layers::catch_panic::{CatchPanic, CatchPanicLayer};
use crate::http::layers::stack::{DefaultStack, Stack};
use crate::http::streaming;

/// The marker of HTTP functions with these arguments.
#[doc(hidden)]
#[derive(Debug)]
pub struct ByHttp<Args>(std::marker::PhantomData<Args>);

/// A handler of HTTP requests that catches its panics. With `STREAMS`, its responses may be streams.
#[derive(Clone, Debug)]
pub struct HttpFunction<S, const STREAMS: bool = false> {
    service: CatchPanic<S>,
    mistake: Option<Cow<'static, str>>,
}

impl<F, Args> Handler<ByHttp<Args>> for F
where
    F: HttpHandler<Args>,
    Args: 'static,
{
    type Kind = HttpFunction<HandlerService<Request<Body>, axum_core::response::Response, Infallible>>;
    type Layers = DefaultStack;

    fn into_kind(self, _: Sealed) -> Self::Kind {
        let mistake = F::mistake(Sealed).map(Cow::Borrowed);
        HttpFunction { service: CatchPanicLayer::new().layer(HandlerService::new(self)), mistake }
    }
}

/// Creates a function from a whole HTTP service, such as an `axum::Router` with many routes.
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
///         // Without these two, axum's own responses have no body.
///         .fallback(async || HttpError::not_found("not found"))
///         .method_not_allowed_fallback(async || HttpError::method_not_allowed("method not allowed"));
///     pilaster::run(http::service(app).layer(http::Stack::new()))
/// }
/// ```
pub fn service<S: IntoHttpFunction>(service: S) -> Function<HttpFunction<S::Service>, DefaultStack> {
    service.into_http_function(Sealed)
}

/// A whole HTTP service, which [`service`] takes: any tower service of requests, and
#[cfg_attr(feature = "openapi", doc = "[`http::routes!`](crate::http::routes).")]
#[cfg_attr(not(feature = "openapi"), doc = "the routes of feature `openapi`.")]
///
/// The crate implements it; other crates cannot.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is no HTTP service",
    label = "not an HTTP service",
    note = "`http::service` takes an `axum::Router<()>`, or a `tower::Service` from `http::Request<http::Body>` to `http::Response` that is `Clone + Send + Sync + 'static`",
    note = "for one handler, write `pilaster::handler(..)`",
    note = "see https://pilaster-rs.github.io/pilaster/troubleshooting-compile.html"
)]
pub trait IntoHttpFunction {
    /// The service of requests.
    type Service;

    #[doc(hidden)]
    fn into_http_function(self, sealed: Sealed) -> Function<HttpFunction<Self::Service>, DefaultStack>;
}

impl<S> IntoHttpFunction for S
where
    S: Service<Request<Body>, Response = axum_core::response::Response> + Clone + Send + Sync + 'static,
    S::Future: Send,
{
    type Service = S;

    fn into_http_function(self, _: Sealed) -> Function<HttpFunction<S>, DefaultStack> {
        #[cfg(all(feature = "mcp", any(debug_assertions, feature = "local", feature = "testing")))]
        let descriptions = crate::core::descriptions::of_service(&self);
        let service = CatchPanicLayer::new().layer(self);
        let function = Function::new(HttpFunction { service, mistake: None }, DefaultStack);
        #[cfg(all(feature = "mcp", any(debug_assertions, feature = "local", feature = "testing")))]
        let function = function.described(descriptions);
        function
    }
}

#[cfg(feature = "openapi")]
impl IntoHttpFunction for crate::http::described::Routes {
    type Service = axum::Router;

    fn into_http_function(self, _: Sealed) -> Function<HttpFunction<axum::Router>, DefaultStack> {
        let (mistake, descriptions) = (self.mistake.clone(), self.descriptions.clone());
        let mut function = self.into_router().into_http_function(Sealed);
        function.kind.mistake = mistake;
        function.lifecycle.descriptions = descriptions;
        function
    }
}

impl<S, L, O> Function<HttpFunction<S>, L, O> {
    #[cfg(all(feature = "mcp", any(debug_assertions, feature = "local", feature = "testing")))]
    fn described(mut self, descriptions: crate::core::descriptions::Descriptions) -> Self {
        self.lifecycle.descriptions = descriptions;
        self
    }

    /// Adds a route of the function, such as `GET /users/{id}`. In a local run, path parameters are extracted from
    /// requests according to this route; on Lambda, the API has its own routes. Call it once for each route.
    pub fn route(mut self, route: &'static str) -> Self {
        self.lifecycle.routes.push(route);
        self
    }

    /// Streams every response. See [`http::streaming`](crate::http::streaming).
    pub fn streaming(self) -> Function<HttpFunction<S, true>, L, O> {
        let Self { kind, layers, outer, lifecycle, error_types } = self;
        let HttpFunction { service, mistake } = kind;
        Function { kind: HttpFunction { service, mistake }, layers, outer, lifecycle, error_types }
    }
}

impl<S, O, const STREAMS: bool> Function<HttpFunction<S, STREAMS>, DefaultStack, O> {
    /// Removes the default stack, for layers in your own order: [`layer`](Function::layer) can then be called several
    /// times. Without an [`ErrorLayer`](crate::http::ErrorLayer), an error of a layer is a bare 500, and without a
    /// [`DeadlineLayer`](crate::http::DeadlineLayer) Lambda terminates a request that takes too long.
    ///
    /// # Example
    ///
    /// ```no_run
    /// use pilaster::http::{DeadlineLayer, ErrorLayer, Json};
    ///
    /// async fn echo(Json(value): Json<serde_json::Value>) -> Json<serde_json::Value> {
    ///     Json(value)
    /// }
    ///
    /// fn main() -> Result<(), pilaster::StartError> {
    ///     let function = pilaster::handler(echo).without_stack();
    ///     pilaster::run(function.layer(ErrorLayer::new()).layer(DeadlineLayer::new()))
    /// }
    /// ```
    pub fn without_stack(self) -> Function<HttpFunction<S, STREAMS>, Identity, O> {
        self.map_layers(|DefaultStack| Identity::new())
    }
}

impl AddLayer<Stack> for DefaultStack {
    type Layers = Stack;

    fn add(self, stack: Stack, _: Sealed) -> Stack {
        stack
    }

    #[cfg(feature = "openapi")]
    fn describe(stack: &Stack, descriptions: &mut crate::core::descriptions::Descriptions, _: Sealed) {
        stack.describe(descriptions);
    }
}

impl AddLayer<Self> for DefaultStack {
    type Layers = Self;

    fn add(self, stack: Self, _: Sealed) -> Self {
        stack
    }
}

/// Never implemented. [`AddLayer`] for [`Stack`] requires it, so that the compiler reports a second layer with this
/// message.
#[diagnostic::on_unimplemented(
    message = "an HTTP function takes only one `pilaster::http::Stack`",
    label = "`.layer(..)` is called a second time",
    note = "add all layers to one stack: `.layer(http::Stack::new().layer(..))`; the first layer is the outermost",
    note = "for layers without the stack's error responses, in your own order, write `.without_stack().layer(..)`",
    note = "see https://pilaster-rs.github.io/pilaster/troubleshooting-compile.html"
)]
pub trait BesideStack {}

impl<N: BesideStack> AddLayer<N> for Stack {
    type Layers = Self;

    fn add(self, _: N, _: Sealed) -> Self {
        self
    }
}

#[diagnostic::do_not_recommend]
impl<S, L, B, const STREAMS: bool> Kind<L> for HttpFunction<S, STREAMS>
where
    L: Layer<CatchPanic<S>>,
    L::Service: Service<Request<Body>, Response = Response<B>> + Clone + Send + Sync + 'static,
    <L::Service as Service<Request<Body>>>::Error: Into<BoxError>,
    <L::Service as Service<Request<Body>>>::Future: Send,
    B: http_body::Body<Data = Bytes> + Send + 'static,
    B::Error: Into<BoxError>,
{
    type Adapter = HttpAdapter<L::Service>;
    const IS_HTTP: bool = true;
    const STREAMS: bool = STREAMS;

    fn adapter(self, layers: L, _: NamedErrors) -> Self::Adapter {
        if let Some(mistake) = self.mistake {
            reject(mistake);
        }
        let adapter = HttpAdapter::new(layers.layer(self.service));
        if STREAMS { adapter.streaming(streaming::stream) } else { adapter }
    }
}

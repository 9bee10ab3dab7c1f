//! The layers of an HTTP function in a fixed order, regardless of the order of the calls.
//!
//! From the outside in: base path → security headers → CORS → compression → cache control → conditional requests →
//! errors → deadline → your own layers → idempotency → panics → the function. A preflight, an error, a rejection and a panic therefore have
//! the same headers as any other response.
//!
//! A function without its own stack runs in [`Stack::new`]; [`Function::layer`](crate::Function::layer) replaces it
//! with another stack, once: a second stack does not compile. For another order, compose the same public layers after
//! [`Function::without_stack`](crate::Function::without_stack).
//!
//! # Your own layers
//!
//! [`Stack::layer`] adds any tower layer, and [`from_fn`](crate::http::from_fn()) creates one from an async function.
//! As with `tower::ServiceBuilder`, the first layer added is the outermost: it sees the request first and the response
//! last. An error of a layer is a response for the layers around it, which [`errors`](Stack::errors) maps like a
//! handler's error.
//!
#![cfg_attr(
    feature = "openapi-viewer",
    doc = "[`Stack::openapi_viewer`] is the innermost of your own layers, or the outermost if it is public."
)]
//!
//! The type of your own layer is erased, so a stack is always an `http::Stack`. The cost is a few boxes in each
//! invocation: of the instructions of a small request, 2 % for your first layer, 1 % for each additional one, and 4.5 %
//! for a layer of [`from_fn`](crate::http::from_fn()). A stack without your own layers does not box.
//!
//! # Example
//!
//! ```
//! use pilaster::http::{self, ErrorLayer};
//!
//! fn api() -> http::Stack {
//!     http::Stack::new()
//!         .errors(ErrorLayer::new().on::<std::num::ParseIntError>(400))
//!         .cors(http::cors::CorsLayer::new().allow_origins(["https://app.example.com"]))
//! }
//! # let _ = api();
//! ```

use std::fmt;
use std::sync::Arc;

use axum_core::body::Body;
use axum_core::response::Response;
use bytes::Bytes;
#[cfg(all(feature = "cors", feature = "rate-limit"))]
use http::HeaderName;
use http::Request;
#[cfg(all(feature = "cors", feature = "idempotency"))]
use http::header;
#[cfg(any(
    feature = "cache-control",
    feature = "compression",
    feature = "conditional",
    feature = "cors",
    feature = "idempotency",
    feature = "security-headers"
))]
use tower::util::Either;
use tower::{Layer, Service};

#[cfg(feature = "openapi")]
use crate::core::descriptions::Descriptions;
use crate::core::error::BoxError;
use crate::http::layers::base_path::{BasePath, BasePathLayer, BasePathService};
#[cfg(feature = "cache-control")]
use crate::http::layers::cache_control::CacheControlLayer;
#[cfg(feature = "compression")]
use crate::http::layers::compression::CompressionLayer;
#[cfg(feature = "conditional")]
use crate::http::layers::conditional::ConditionalLayer;
#[cfg(feature = "cors")]
use crate::http::layers::cors::CorsLayer;
use crate::http::layers::deadline::{Deadline, DeadlineLayer};
#[cfg(feature = "openapi")]
use crate::http::layers::described::describe;
use crate::http::layers::erased::{Erased, Own, erased};
use crate::http::layers::error_layer::{ErrorLayer, ErrorService};
#[cfg(feature = "openapi-viewer")]
use crate::http::layers::openapi_viewer::OpenApiViewerLayer;
#[cfg(feature = "rate-limit")]
use crate::http::layers::rate_limit::RateLimitLayer;
#[cfg(feature = "security-headers")]
use crate::http::layers::security_headers::SecurityHeadersLayer;
#[cfg(feature = "idempotency")]
use crate::idempotency::IdempotencyLayer;
#[cfg(feature = "openapi")]
use crate::openapi::Document;

/// The layers of an HTTP function without its own stack: those of [`Stack::new`].
/// [`Function::layer`](crate::Function::layer) replaces them with a [`Stack`].
#[derive(Clone, Copy, Debug, Default)]
#[non_exhaustive]
// `BesideStack` in `http/function.rs` rejects a second stack at compile time.
pub struct DefaultStack;

impl<S> Layer<S> for DefaultStack
where
    Stack: Layer<S>,
{
    type Service = <Stack as Layer<S>>::Service;

    fn layer(&self, inner: S) -> Self::Service {
        Layer::layer(&Stack::new(), inner)
    }
}

/// The user's own layers, the outermost first, as one.
type OwnLayers = Arc<dyn Fn(Erased) -> Erased + Send + Sync>;

/// The layers of an HTTP function in their order. See the [module docs](self).
#[derive(Clone, Default)]
#[must_use]
pub struct Stack {
    base_path: BasePathLayer,
    #[cfg(feature = "security-headers")]
    security_headers: Option<SecurityHeadersLayer>,
    #[cfg(feature = "cors")]
    cors: Option<CorsLayer>,
    #[cfg(feature = "compression")]
    compression: Option<CompressionLayer>,
    #[cfg(feature = "cache-control")]
    cache_control: Option<CacheControlLayer>,
    #[cfg(feature = "conditional")]
    conditional: Option<ConditionalLayer>,
    errors: ErrorLayer,
    deadline: DeadlineLayer,
    #[cfg(feature = "idempotency")]
    idempotency: Option<IdempotencyLayer>,
    own: Option<OwnLayers>,
    #[cfg(feature = "validate")]
    validates_responses: bool,
    #[cfg(feature = "openapi-viewer")]
    openapi_viewers: Vec<OpenApiViewerLayer>,
    #[cfg(feature = "openapi")]
    descriptions: Descriptions,
    /// What pages may also read, since layers of this stack write it.
    #[cfg(all(feature = "cors", feature = "rate-limit"))]
    exposed: Vec<HeaderName>,
}

impl Stack {
    /// Renders errors as problem details and logs them, without CORS and security headers.
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds security headers to every response.
    #[cfg(feature = "security-headers")]
    pub fn security_headers(mut self, layer: SecurityHeadersLayer) -> Self {
        self.security_headers = Some(layer);
        self
    }

    /// Responds to preflights and adds CORS headers to every response. With [`idempotency`](Self::idempotency) in the
    /// same stack, pages may also send the header of the key, and read `Location` and `Retry-After`.
    #[cfg(feature = "cors")]
    pub fn cors(mut self, layer: CorsLayer) -> Self {
        self.cors = Some(layer);
        self
    }

    /// Compresses responses for clients that accept it.
    #[cfg(feature = "compression")]
    pub fn compression(mut self, layer: CompressionLayer) -> Self {
        self.compression = Some(layer);
        self
    }

    /// Sets `Cache-Control` of the responses that have none.
    #[cfg(feature = "cache-control")]
    pub fn cache_control(mut self, layer: CacheControlLayer) -> Self {
        self.cache_control = Some(layer);
        self
    }

    /// Responds to conditional requests: with a 304 if the client already has the response.
    #[cfg(feature = "conditional")]
    pub fn conditional(mut self, layer: ConditionalLayer) -> Self {
        self.conditional = Some(layer);
        self
    }

    /// Sets the layer that converts errors into responses.
    pub fn errors(mut self, layer: ErrorLayer) -> Self {
        self.errors = layer;
        self
    }

    /// Sets the time before the deadline of the invocation at which the response is a 504.
    pub fn deadline(mut self, layer: DeadlineLayer) -> Self {
        self.deadline = layer;
        self
    }

    /// Replays the responses to repeated requests. See [`http::idempotency`](crate::http::idempotency). It is the
    /// innermost layer: a caller that your own layer rejects gets no replay.
    #[cfg(feature = "idempotency")]
    pub fn idempotency(mut self, layer: IdempotencyLayer) -> Self {
        self.idempotency = Some(layer);
        self
    }

    /// Refuses requests of callers that have used their quota. See [`http::rate_limit`](crate::http::rate_limit). It
    /// takes the place of [your own layer](Self::layer), so that a layer that is added before it runs first: one that
    /// verifies a token whose claims are the key, for example. With [`cors`](Self::cors) in the same stack, pages may
    /// also read `Retry-After`, `RateLimit` and `RateLimit-Policy`.
    #[cfg(feature = "rate-limit")]
    #[cfg_attr(not(feature = "cors"), allow(unused_mut))]
    pub fn rate_limit(mut self, layer: RateLimitLayer) -> Self {
        #[cfg(feature = "cors")]
        self.exposed.extend(layer.exposed());
        self.layer(layer)
    }

    /// Sets which base path of a custom domain is removed from request paths before any layer sees them: a text such as
    /// `v1` is removed as well as what the event shows, and [`BasePath::Keep`] keeps the path of the event. Call it
    /// again for another base path. See [`http::base_path`](crate::http::base_path).
    pub fn base_path(mut self, base_path: impl Into<BasePath>) -> Self {
        self.base_path = self.base_path.and(base_path);
        self
    }

    /// Adds your own layer around the function, inside the error layer. The first layer added is the outermost, as with
    /// `tower::ServiceBuilder`. See [your own layers](crate::http::stack#your-own-layers).
    ///
    /// # Example
    ///
    /// ```
    /// use std::time::Duration;
    /// use pilaster::http::{self, ErrorLayer};
    /// use tower::timeout::{TimeoutLayer, error::Elapsed};
    ///
    /// fn api() -> http::Stack {
    ///     http::Stack::new()
    ///         .errors(ErrorLayer::new().on::<Elapsed>(504))
    ///         .layer(TimeoutLayer::new(Duration::from_secs(2)))
    /// }
    /// # let _ = api();
    /// ```
    pub fn layer<L, B>(mut self, layer: L) -> Self
    where
        L: Layer<Erased> + Send + Sync + 'static,
        L::Service: Service<Request<Body>, Response = http::Response<B>> + Clone + Send + Sync + 'static,
        <L::Service as Service<Request<Body>>>::Error: Into<BoxError>,
        <L::Service as Service<Request<Body>>>::Future: Send + 'static,
        B: http_body::Body<Data = Bytes> + Send + 'static,
        B::Error: Into<BoxError>,
    {
        #[cfg(feature = "openapi")]
        describe(&layer, &mut self.descriptions);
        let around = self.own.take();
        self.own = Some(Arc::new(move |inner| {
            let service = erased(layer.layer(inner));
            match &around {
                Some(around) => around(service),
                None => service,
            }
        }));
        self
    }

    /// Validates the value of each [`Valid`](crate::http::Valid) that a handler returns in a release build, too: one that
    /// breaks a rule is a 500, and the log has its pointers. Debug builds and tests always do. It holds for the process.
    #[cfg(feature = "validate")]
    pub fn validate_responses(mut self) -> Self {
        self.validates_responses = true;
        self
    }

    /// Adds to the OpenAPI document what no type says: its title, its servers, and what the layers of the stack answer.
    /// See [`openapi`](crate::openapi).
    ///
    /// # Example
    ///
    /// ```
    /// use pilaster::http;
    ///
    /// let stack = http::Stack::new().openapi(|document| {
    ///     document.title("Users").server("https://api.example.com");
    /// });
    /// # let _ = stack;
    /// ```
    #[cfg(feature = "openapi")]
    pub fn openapi<R>(mut self, describe: impl Fn(&mut Document) -> R + Send + Sync + 'static) -> Self {
        self.descriptions.add(move |document: &mut Document| {
            describe(document);
        });
        self
    }

    /// Serves an OpenAPI document and pages that show it, inside [your own layers](Self::layer); around them if it is
    /// [public](OpenApiViewerLayer::public). See [`http::openapi_viewer`](crate::http::openapi_viewer). Call it again for
    /// another document, whose paths differ.
    #[cfg(feature = "openapi-viewer")]
    pub fn openapi_viewer(mut self, layer: OpenApiViewerLayer) -> Self {
        self.openapi_viewers.push(layer);
        self
    }

    /// Returns your own layers, and the viewers.
    #[cfg(feature = "openapi-viewer")]
    fn own_layers(&self) -> Option<OwnLayers> {
        if self.openapi_viewers.is_empty() {
            return self.own.clone();
        }
        let (own, viewers) = (self.own.clone(), self.openapi_viewers.clone());
        Some(Arc::new(move |inner| {
            OpenApiViewerLayer::check_paths(&viewers);
            // The first is the outermost.
            let within = |service, is_public| {
                let viewers = viewers.iter().rev().filter(|viewer| viewer.is_public() == is_public);
                viewers.fold(service, |service, viewer| erased(viewer.layer(service)))
            };
            let service = within(inner, false);
            within(
                match &own {
                    Some(own) => own(service),
                    None => service,
                },
                true,
            )
        }))
    }

    /// Returns your own layers.
    #[cfg(not(feature = "openapi-viewer"))]
    fn own_layers(&self) -> Option<OwnLayers> {
        self.own.clone()
    }

    /// Adds what the stack says in the document.
    #[cfg(feature = "openapi")]
    pub(crate) fn describe(&self, descriptions: &mut Descriptions) {
        descriptions.append(&self.descriptions);
        describe(&self.errors, descriptions);
        #[cfg(feature = "conditional")]
        self.conditional.iter().for_each(|layer| describe(layer, descriptions));
        #[cfg(feature = "idempotency")]
        self.idempotency.iter().for_each(|layer| describe(layer, descriptions));
    }

    /// Returns CORS with the headers that a page needs to send keys and to read the responses.
    #[cfg(feature = "cors")]
    fn cors_with_headers(&self) -> Option<CorsLayer> {
        let cors = self.cors.clone()?;
        #[cfg(feature = "idempotency")]
        let cors = match &self.idempotency {
            Some(idempotency) => {
                let sent = idempotency.key_header();
                cors.also_allow(sent.as_slice()).also_expose(&[header::LOCATION, header::RETRY_AFTER])
            }
            None => cors,
        };
        #[cfg(feature = "rate-limit")]
        let cors = cors.also_expose(&self.exposed);
        Some(cors)
    }
}

impl fmt::Debug for Stack {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut debug = f.debug_struct("Stack");
        debug.field("errors", &self.errors).field("deadline", &self.deadline);
        #[cfg(feature = "cors")]
        debug.field("cors", &self.cors);
        #[cfg(feature = "security-headers")]
        debug.field("security_headers", &self.security_headers);
        debug.finish_non_exhaustive()
    }
}

/// The service of a layer that a stack may have; without the feature of the layer, the inner service.
macro_rules! optional {
    ($($feature:literal: $service:ident of $layer:ident;)*) => {$(
        #[cfg(feature = $feature)]
        type $service<S> = Either<<$layer as Layer<S>>::Service, S>;
        #[cfg(not(feature = $feature))]
        type $service<S> = S;
    )*};
}

optional! {
    "security-headers": Secured of SecurityHeadersLayer;
    "cors": Cors of CorsLayer;
    "compression": Compressed of CompressionLayer;
    "cache-control": CacheControlled of CacheControlLayer;
    "conditional": Conditional of ConditionalLayer;
    "idempotency": Idempotent of IdempotencyLayer;
}

impl<S> Layer<S> for Stack
where
    S: Service<Request<Body>, Response = Response> + Clone + Send + Sync + 'static,
    S::Error: Into<BoxError> + Send,
    S::Future: Send + 'static,
{
    type Service = BasePathService<
        Secured<Cors<Compressed<CacheControlled<Conditional<ErrorService<Deadline<Own<Idempotent<S>>>>>>>>>,
    >;

    /// # Panics
    ///
    /// If a layer is misconfigured and the stack is applied outside of a [`Function`](crate::Function), which returns
    /// an error instead: see [`Function::into_service`](crate::Function::into_service).
    fn layer(&self, inner: S) -> Self::Service {
        #[cfg(feature = "validate")]
        if self.validates_responses {
            crate::http::extract::valid::validate_responses();
        }
        #[cfg(feature = "idempotency")]
        let inner = either(self.idempotency.as_ref(), inner);
        let inner = match self.own_layers() {
            Some(own) => Own::Layered(own(erased(inner))),
            None => Own::Plain(inner),
        };
        let service = self.errors.layer(self.deadline.layer(inner));
        #[cfg(feature = "conditional")]
        let service = either(self.conditional.as_ref(), service);
        #[cfg(feature = "cache-control")]
        let service = either(self.cache_control.as_ref(), service);
        #[cfg(feature = "compression")]
        let service = either(self.compression.as_ref(), service);
        #[cfg(feature = "cors")]
        let service = either(self.cors_with_headers().as_ref(), service);
        #[cfg(feature = "security-headers")]
        let service = either(self.security_headers.as_ref(), service);
        self.base_path.layer(service)
    }
}

#[cfg(any(
    feature = "cache-control",
    feature = "compression",
    feature = "conditional",
    feature = "cors",
    feature = "idempotency",
    feature = "security-headers"
))]
fn either<L: Layer<S>, S>(layer: Option<&L>, inner: S) -> Either<L::Service, S> {
    match layer {
        Some(layer) => Either::Left(layer.layer(inner)),
        None => Either::Right(inner),
    }
}

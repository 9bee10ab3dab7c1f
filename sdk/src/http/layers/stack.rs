//! The HTTP stack: layers in the one right order, whatever the order of the calls.
//!
//! From outside to inside: base path → security headers → CORS → compression → conditional requests → errors → deadline → the user's own
//! layers → idempotency → the function, whose panics are caught right around it. So the answer to a preflight, an error, a
//! rejection or a panic has the same headers as any other.
//! A function without `layer` runs in [`Stack::new`]. Who wants another order composes the same public layers with
//! `tower::ServiceBuilder`.
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

#[cfg(all(feature = "cors", feature = "idempotency"))]
use http::header;
use tower::Layer;
use tower::layer::util::{Identity, Stack as Below};
#[cfg(any(
    feature = "compression",
    feature = "conditional",
    feature = "cors",
    feature = "idempotency",
    feature = "security-headers"
))]
use tower::util::Either;

use crate::http::layers::base_path::{BasePath, BasePathLayer};
#[cfg(feature = "compression")]
use crate::http::layers::compression::CompressionLayer;
#[cfg(feature = "conditional")]
use crate::http::layers::conditional::ConditionalLayer;
#[cfg(feature = "cors")]
use crate::http::layers::cors::CorsLayer;
use crate::http::layers::deadline::{Deadline, DeadlineLayer};
use crate::http::layers::error_layer::{ErrorLayer, ErrorService};
#[cfg(feature = "security-headers")]
use crate::http::layers::security_headers::SecurityHeadersLayer;
#[cfg(feature = "idempotency")]
use crate::idempotency::IdempotencyLayer;

/// The layers of an HTTP function whose stack is not named: those of [`Stack::new`]. [`Function::layer`](crate::Function::layer) takes a
/// [`Stack`] in its place.
#[derive(Clone, Copy, Debug, Default)]
#[non_exhaustive]
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

/// The layers of an HTTP function in their order. See the [module docs](self).
#[derive(Clone, Debug, Default)]
#[must_use]
pub struct Stack<L = Identity> {
    base_path: BasePathLayer,
    #[cfg(feature = "security-headers")]
    security_headers: Option<SecurityHeadersLayer>,
    #[cfg(feature = "cors")]
    cors: Option<CorsLayer>,
    #[cfg(feature = "compression")]
    compression: Option<CompressionLayer>,
    #[cfg(feature = "conditional")]
    conditional: Option<ConditionalLayer>,
    errors: ErrorLayer,
    deadline: DeadlineLayer,
    #[cfg(feature = "idempotency")]
    idempotency: Option<IdempotencyLayer>,
    own: L,
}

impl Stack {
    /// Errors become problem details and are logged; no CORS, no security headers.
    pub fn new() -> Self {
        Self::default()
    }
}

impl<L> Stack<L> {
    /// Adds security headers to every answer.
    #[cfg(feature = "security-headers")]
    pub fn security_headers(mut self, layer: SecurityHeadersLayer) -> Self {
        self.security_headers = Some(layer);
        self
    }

    /// Answers preflights and adds CORS headers to every answer. With [`idempotency`](Self::idempotency) in the same stack, pages may
    /// also send the header of the key, and read `Location` and `Retry-After`.
    #[cfg(feature = "cors")]
    pub fn cors(mut self, layer: CorsLayer) -> Self {
        self.cors = Some(layer);
        self
    }

    /// Compresses answers for the clients that ask for it.
    #[cfg(feature = "compression")]
    pub fn compression(mut self, layer: CompressionLayer) -> Self {
        self.compression = Some(layer);
        self
    }

    /// Answers conditional requests: 304 where the client has the answer already.
    #[cfg(feature = "conditional")]
    pub fn conditional(mut self, layer: ConditionalLayer) -> Self {
        self.conditional = Some(layer);
        self
    }

    /// Says how errors become answers.
    pub fn errors(mut self, layer: ErrorLayer) -> Self {
        self.errors = layer;
        self
    }

    /// Says how long before the deadline of the invocation a request is answered with a 504.
    pub fn deadline(mut self, layer: DeadlineLayer) -> Self {
        self.deadline = layer;
        self
    }

    /// Answers repeated requests from their records; what else it takes is said in
    /// [`http::idempotency`](crate::http::layers::idempotency). It is the innermost layer: a caller whom one of your own refuses gets
    /// nobody's answer.
    #[cfg(feature = "idempotency")]
    pub fn idempotency(mut self, layer: IdempotencyLayer) -> Self {
        self.idempotency = Some(layer);
        self
    }

    /// Takes the base path of a custom domain off the paths of requests, such as `v1`, before any layer sees them. Where the event
    /// names the route, that is done without it: see [`http::base_path`](crate::http::layers::base_path). Several may be named by several
    /// calls.
    pub fn base_path(mut self, base_path: impl AsRef<str>) -> Self {
        self.base_path = self.base_path.and(base_path);
        self
    }

    /// Adds a layer of one's own around the function, below the error layer: what it fails with is mapped by
    /// [`errors`](Self::errors). The last one added is the innermost.
    ///
    /// It is part of the stack's type: a function that returns a stack with a layer `Mine` returns
    /// `http::Stack<tower::layer::util::Stack<Mine, tower::layer::util::Identity>>`.
    pub fn layer<N>(self, layer: N) -> Stack<Below<N, L>> {
        Stack {
            base_path: self.base_path,
            #[cfg(feature = "security-headers")]
            security_headers: self.security_headers,
            #[cfg(feature = "cors")]
            cors: self.cors,
            #[cfg(feature = "compression")]
            compression: self.compression,
            #[cfg(feature = "conditional")]
            conditional: self.conditional,
            errors: self.errors,
            deadline: self.deadline,
            #[cfg(feature = "idempotency")]
            idempotency: self.idempotency,
            own: Below::new(layer, self.own),
        }
    }
}

#[cfg(all(feature = "cors", feature = "idempotency"))]
impl<L> Stack<L> {
    /// CORS with what a page needs to send keys and to understand the answers.
    fn cors_of_keys(&self) -> Option<CorsLayer> {
        let (cors, idempotency) = (self.cors.as_ref()?, self.idempotency.as_ref()?);
        let sent = idempotency.key_header().cloned();
        Some(cors.clone().also_allow(sent.as_slice()).also_expose(&[header::LOCATION, header::RETRY_AFTER]))
    }
}

#[cfg(feature = "cors")]
type Cors<S> = Either<<CorsLayer as Layer<S>>::Service, S>;
#[cfg(not(feature = "cors"))]
type Cors<S> = S;

#[cfg(feature = "compression")]
type Compressed<S> = Either<<CompressionLayer as Layer<S>>::Service, S>;
#[cfg(not(feature = "compression"))]
type Compressed<S> = S;

#[cfg(feature = "conditional")]
type Conditional<S> = Either<<ConditionalLayer as Layer<S>>::Service, S>;
#[cfg(not(feature = "conditional"))]
type Conditional<S> = S;

#[cfg(feature = "security-headers")]
type Secured<S> = Either<<SecurityHeadersLayer as Layer<S>>::Service, S>;
#[cfg(not(feature = "security-headers"))]
type Secured<S> = S;

#[cfg(feature = "idempotency")]
type Once<S> = Either<<IdempotencyLayer as Layer<S>>::Service, S>;
#[cfg(not(feature = "idempotency"))]
type Once<S> = S;

impl<L, S> Layer<S> for Stack<L>
where
    L: Layer<Once<S>>,
{
    type Service = BasePath<Secured<Cors<Compressed<Conditional<ErrorService<Deadline<L::Service>>>>>>>;

    /// # Panics
    ///
    /// If a layer of it is configured wrongly, and the stack is not one of a [`Function`](crate::Function), which returns an error
    /// instead: see [`Function::into_service`](crate::Function::into_service).
    fn layer(&self, inner: S) -> Self::Service {
        #[cfg(feature = "idempotency")]
        let inner = either(self.idempotency.as_ref(), inner);
        let service = self.errors.layer(self.deadline.layer(self.own.layer(inner)));
        #[cfg(feature = "conditional")]
        let service = either(self.conditional.as_ref(), service);
        #[cfg(feature = "compression")]
        let service = either(self.compression.as_ref(), service);
        #[cfg(all(feature = "cors", feature = "idempotency"))]
        let service = either(self.cors_of_keys().as_ref().or(self.cors.as_ref()), service);
        #[cfg(all(feature = "cors", not(feature = "idempotency")))]
        let service = either(self.cors.as_ref(), service);
        #[cfg(feature = "security-headers")]
        let service = either(self.security_headers.as_ref(), service);
        self.base_path.layer(service)
    }
}

#[cfg(any(
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

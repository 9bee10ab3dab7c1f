//! From a user's function to one that can be run: [`handler`] and [`Function`].
//!
//! The arguments of the function choose the event source, by trait dispatch on a marker: extractors of requests make it an
//! HTTP function. There is no keyword to get wrong, and aliases and re-exports of the argument types work.

use std::fmt;
use std::pin::Pin;

use tower::Service;
use tower::layer::util::{Identity, Stack};

use crate::error::{BoxError, FunctionError};
use crate::event::{Incoming, RawResponse};

/// An async function that Pilaster can run. What its arguments are decides what it handles.
///
/// It is implemented by functions; nobody implements it by hand.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is no handler: its arguments do not make it a function for any event source",
    label = "not a handler",
    note = "each argument must be an extractor: `Json<T>`, `Path<T>`, `Query<T>`, `HeaderMap`, `Invocation`, `Client<T>`, … from `pilaster` or axum",
    note = "an extractor that takes the body (`Json`, `Form`, `Bytes`, `String`) must be the last argument, and there may be only one",
    note = "the function must be `async` and return a response, such as `Result<Json<T>, HttpError>`; `?` needs an error type that converts into it",
    note = "with `#[pilaster::lambda_handler]` on the function the compiler says which argument it is"
)]
pub trait Handler<Marker>: Sized {
    /// The typed hall that its door leads to.
    type Hall;
    /// The layers that surround it unless others are named.
    type Layers: Default;

    /// The function as the innermost service of its hall.
    fn into_hall(self) -> Self::Hall;
}

/// Makes a function of a handler; it answers as [`#[lambda_handler]`](crate::lambda_handler) does.
///
/// # Example
///
/// ```no_run
/// use pilaster::http::{HttpError, Json};
///
/// async fn double(Json(number): Json<i64>) -> Result<Json<i64>, HttpError> {
///     Ok(Json(number.checked_mul(2).ok_or_else(|| HttpError::unprocessable("too large to double"))?))
/// }
///
/// fn main() -> Result<(), pilaster::StartError> {
///     pilaster::run(pilaster::handler(double).layer(pilaster::http::Stack::new()))
/// }
/// ```
pub fn handler<H, Marker>(handler: H) -> Function<H::Hall, H::Layers>
where
    H: Handler<Marker>,
{
    Function::new(handler.into_hall(), H::Layers::default())
}

/// What [`Function::warm`] does before the first event.
pub(crate) type Warming = fn() -> Pin<Box<dyn Future<Output = Result<(), BoxError>> + Send>>;

/// A handler with its layers: what [`run`](crate::run) takes.
#[must_use = "a function does nothing until `pilaster::run` gets it"]
pub struct Function<H, L, O = Identity> {
    pub(crate) hall: H,
    pub(crate) layer: L,
    pub(crate) outer: O,
    pub(crate) warming: Vec<(&'static str, Warming)>,
    pub(crate) routes: Vec<&'static str>,
}

impl<H, L> Function<H, L> {
    pub(crate) fn new(hall: H, layer: L) -> Self {
        Self { hall, layer, outer: Identity::new(), warming: Vec::new(), routes: Vec::new() }
    }
}

impl<H, L, O> Function<H, L, O> {
    /// The layer of the typed hall, around the handler: [`http::Stack`](crate::http::Stack) or any tower layer. It replaces
    /// the default one.
    pub fn layer<N>(self, layer: N) -> Function<H, N, O> {
        Function { hall: self.hall, layer, outer: self.outer, warming: self.warming, routes: self.routes }
    }

    /// A layer of the raw landing, outside the door, where an event is JSON text: `SecretsLayer`, or one's own over
    /// [`Incoming`]. The last one added is the outermost; the log context is outside all of them.
    pub fn outer<N>(self, layer: N) -> Function<H, L, Stack<O, N>> {
        Function {
            hall: self.hall,
            layer: self.layer,
            outer: Stack::new(self.outer, layer),
            warming: self.warming,
            routes: self.routes,
        }
    }

    /// Makes `T` (a `Client<_>` or a `Secret<_>`) while Lambda initialises the function, where it has a burst of CPU,
    /// instead of in the first request. All are made at once. One that fails is logged and tried again when it is asked for.
    #[cfg(feature = "clients")]
    pub fn warm<T: crate::clients::Warm>(mut self) -> Self {
        self.warming.push((std::any::type_name::<T>(), || Box::pin(T::warm(crate::Clients::global()))));
        self
    }

    /// The route that leads here, such as `GET /users/{id}`: where the function runs by hand, its path parameters are taken
    /// from requests by it. In the cloud the API's own routes do that.
    pub fn route(mut self, route: &'static str) -> Self {
        self.routes.push(route);
        self
    }
}

impl<H, L, O> fmt::Debug for Function<H, L, O> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Function").field("routes", &self.routes).finish_non_exhaustive()
    }
}

/// A service of the raw landing: what every function is in the end.
pub trait RawService:
    Service<Incoming, Response = RawResponse, Error = FunctionError, Future: Send + 'static> + Clone + Send + Sync + 'static
{
}

impl<S> RawService for S where
    S: Service<Incoming, Response = RawResponse, Error = FunctionError, Future: Send + 'static>
        + Clone
        + Send
        + Sync
        + 'static
{
}

/// What [`run`](crate::run) can run: a [`Function`] whose layers fit its hall.
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be run: its layers do not fit its handler",
    note = "the layer of an HTTP function makes a service from `http::Request<http::Body>` to `http::Response<B>` that is `Clone + Send + Sync + 'static`"
)]
pub trait IntoRaw {
    /// The whole function: outer layers, door, layers, handler.
    type Raw: RawService;

    /// Builds it.
    fn into_raw(self) -> Self::Raw;
    /// What is made during initialisation.
    #[doc(hidden)]
    fn take_start(&mut self) -> Start;
}

/// What a function wants before its first event, and how it can be tried by hand.
#[doc(hidden)]
#[derive(Debug, Default)]
pub struct Start {
    pub(crate) warming: Vec<(&'static str, Warming)>,
    #[cfg_attr(not(all(feature = "http", any(debug_assertions, feature = "local"))), allow(dead_code))]
    pub(crate) routes: Vec<&'static str>,
}

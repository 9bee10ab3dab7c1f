//! From a user's function to one that can be run: [`handler`] and [`Function`].
//!
//! The arguments of the function choose the event source, by trait dispatch on a marker: extractors of requests make it an
//! HTTP function, a record (`Sqs<T>`, `S3Object`, …) a record function, `Event<T>` and its kin an event function. There is no
//! keyword to get wrong, and aliases and re-exports of the argument types work.

use std::fmt;
use std::pin::Pin;
use std::sync::Arc;

use lambda_runtime::SnapStartResource;
use tower::Service;
use tower::layer::util::{Identity, Stack};

use crate::error::{BoxError, ErrorType, FunctionError, Names};
use crate::event::{Incoming, RawResponse};

/// An async function that Pilaster can run. What its arguments are decides what it handles.
///
/// It is implemented by functions; nobody implements it by hand.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is no handler: its arguments do not make it a function for any event source",
    label = "not a handler",
    note = "the last argument says what it is a function of: a record, such as `Sqs<T>` or `S3Object`; an event, such as `Event<T>`; or a request, by any extractor",
    note = "each argument must be an extractor: `Json<T>`, `Path<T>`, `Query<T>`, `HeaderMap`, `Invocation`, `Client<T>`, … from `pilaster` or axum",
    note = "an extractor that takes the body (`Json`, `Form`, `Bytes`, `String`) must be the last argument, and there may be only one",
    note = "the function must be `async` and return a response, such as `Result<Json<T>, HttpError>`; `?` needs an error type that converts into it",
    note = "a function of records or events returns `Result<_, E>` with any error `E`",
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

/// What [`Function::on_shutdown`] and its kin were given.
#[derive(Default)]
pub(crate) struct Hooks(pub(crate) Vec<Hook>);

type Hook = Box<dyn FnOnce() -> Pin<Box<dyn Future<Output = ()> + Send>> + Send>;

impl fmt::Debug for Hooks {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} hooks", self.0.len())
    }
}

/// A handler with its layers: what [`run`](crate::run) takes.
#[must_use = "a function does nothing until `pilaster::run` gets it"]
pub struct Function<H, L, O = Identity> {
    pub(crate) hall: H,
    pub(crate) layer: L,
    pub(crate) outer: O,
    pub(crate) start: Start,
    pub(crate) names: Names,
}

impl<H, L> Function<H, L> {
    pub(crate) fn new(hall: H, layer: L) -> Self {
        Self { hall, layer, outer: Identity::new(), start: Start::default(), names: Names::default() }
    }
}

impl<H, L, O> Function<H, L, O> {
    /// The layer of the typed hall, around the handler: [`http::Stack`](crate::http::Stack) or any tower layer. It replaces
    /// the default one.
    pub fn layer<N>(self, layer: N) -> Function<H, N, O> {
        Function { hall: self.hall, layer, outer: self.outer, start: self.start, names: self.names }
    }

    /// A layer of the raw landing, outside the door, where an event is JSON text: `SecretsLayer`, or one's own over
    /// [`Incoming`]. The last one added is the outermost; the log context is outside all of them.
    pub fn outer<N>(self, layer: N) -> Function<H, L, Stack<O, N>> {
        let outer = Stack::new(self.outer, layer);
        Function { hall: self.hall, layer: self.layer, outer, start: self.start, names: self.names }
    }

    /// Takes the `errorType` of a failed invocation from `E`, wherever it stands in the chain of causes.
    /// `#[lambda_handler]` does this for the error type of the function.
    ///
    /// `anyhow` and `#[error(transparent)]` hide the error that they stand for and go on with its cause: within these an `E` is not
    /// found. A [`FunctionError`] and a `RecordError` are.
    ///
    /// It is for functions of records and events; an HTTP function answers its errors.
    pub fn error_type<E: ErrorType>(mut self) -> Self {
        self.names.add::<E>();
        self
    }

    /// Makes `T` (a `Client<_>`, a `Secret<_>` or a `Parameter<_>`) while Lambda initialises the function, where it has a burst of CPU,
    /// instead of in the first request. All are made at once. One that fails is logged and tried again when it is asked for.
    #[cfg(feature = "clients")]
    pub fn warm<T: crate::clients::Warm>(mut self) -> Self {
        self.start.warming.push((std::any::type_name::<T>(), || Box::pin(T::warm(crate::Clients::global()))));
        self
    }

    /// Runs this before the process ends: on Lambda's SIGTERM, and locally on Ctrl-C. Several run at the same time, and have
    /// 300 ms together; what is not done then is given up. They run on a thread and a tokio runtime of their own, so that they also run
    /// where handlers block all threads, and invocations go on meanwhile. On Lambda a function with a hook registers an internal extension,
    /// since SIGTERM is only sent where there is one; it starts also where that is refused, and logs so.
    ///
    /// # Example
    ///
    /// ```no_run
    /// use pilaster::http::Json;
    ///
    /// async fn echo(Json(value): Json<serde_json::Value>) -> Json<serde_json::Value> {
    ///     Json(value)
    /// }
    ///
    /// fn main() -> Result<(), pilaster::StartError> {
    ///     pilaster::run(pilaster::handler(echo).on_shutdown(async || println!("what was buffered")))
    /// }
    /// ```
    pub fn on_shutdown<F, Fut>(mut self, hook: F) -> Self
    where
        F: FnOnce() -> Fut + Send + 'static,
        Fut: Future<Output = ()> + Send + 'static,
    {
        self.start.hooks.0.push(Box::new(|| Box::pin(hook())));
        self
    }

    /// With SnapStart, runs this before the snapshot is taken, while the clients are still there: drop here what must not be in it,
    /// such as an open file or a value that is to be unique. Without SnapStart it never runs. Several run at the same time. One
    /// that panics is told to Lambda, which takes no snapshot then.
    ///
    /// Clients, connections and secrets of the registry are dropped in any case, and those of [`warm`](Self::warm) made again
    /// after the restore.
    pub fn before_snapshot<F, Fut>(mut self, hook: F) -> Self
    where
        F: FnOnce() -> Fut + Send + 'static,
        Fut: Future<Output = ()> + Send + 'static,
    {
        self.start.before_snapshot.0.push(Box::new(|| Box::pin(hook())));
        self
    }

    /// With SnapStart, runs this in each sandbox that begins from the snapshot, before its first event and after what is
    /// [warmed](Self::warm); without SnapStart it never runs. Several run at the same time; Lambda allows
    /// [10 s](https://docs.aws.amazon.com/lambda/latest/dg/snapstart-runtime-hooks.html). One that panics is told to Lambda,
    /// and this sandbox serves nothing.
    ///
    /// # Example
    ///
    /// ```no_run
    /// use pilaster::http::Json;
    ///
    /// async fn echo(Json(value): Json<serde_json::Value>) -> Json<serde_json::Value> {
    ///     Json(value)
    /// }
    ///
    /// fn main() -> Result<(), pilaster::StartError> {
    ///     pilaster::run(pilaster::handler(echo).on_restore(async || println!("a generator seeded anew")))
    /// }
    /// ```
    pub fn on_restore<F, Fut>(mut self, hook: F) -> Self
    where
        F: FnOnce() -> Fut + Send + 'static,
        Fut: Future<Output = ()> + Send + 'static,
    {
        self.start.on_restore.0.push(Box::new(|| Box::pin(hook())));
        self
    }

    /// The route that leads here, such as `GET /users/{id}`: where the function runs by hand, its path parameters are taken
    /// from requests by it. In the cloud the API's own routes do that.
    pub fn route(mut self, route: &'static str) -> Self {
        self.start.routes.push(route);
        self
    }
}

impl<H, L, O> fmt::Debug for Function<H, L, O> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Function").field("routes", &self.start.routes).finish_non_exhaustive()
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
    note = "the layer of an HTTP function makes a service from `http::Request<http::Body>` to `http::Response<B>` that is `Clone + Send + Sync + 'static`",
    note = "the layer of a record function makes one from `records::Record` to `records::Answer`, that of an event function one from `Incoming` to `RawResponse`"
)]
pub trait IntoRaw {
    /// The whole function: outer layers, door, layers, handler.
    type Raw: RawService;
    /// Whether its responses are streamed.
    #[doc(hidden)]
    type Mode: Mode;

    /// Builds it.
    fn into_raw(self) -> Self::Raw;
    /// What is made during initialisation.
    #[doc(hidden)]
    fn take_start(&mut self) -> Start;
}

/// How responses reach the Runtime API. A type, so that a function that does not stream has nothing of it in its binary.
#[doc(hidden)]
pub trait Mode {
    /// Serves events until the runtime ends.
    fn serve<S: RawService>(
        raw: S,
        snapshot: Option<Arc<dyn SnapStartResource>>,
    ) -> impl Future<Output = Result<(), lambda_runtime::Error>> + 'static;
}

/// Each response is one JSON text.
#[doc(hidden)]
#[derive(Debug)]
pub enum Buffered {}

/// The response of an HTTP function is a stream.
#[cfg(feature = "http")]
#[doc(hidden)]
#[derive(Debug)]
pub enum Streaming {}

/// What a function wants before its first event, and how it can be tried by hand.
#[doc(hidden)]
#[derive(Debug, Default)]
pub struct Start {
    pub(crate) warming: Vec<(&'static str, Warming)>,
    pub(crate) hooks: Hooks,
    pub(crate) before_snapshot: Hooks,
    pub(crate) on_restore: Hooks,
    #[cfg_attr(not(all(feature = "http", any(debug_assertions, feature = "local"))), allow(dead_code))]
    pub(crate) routes: Vec<&'static str>,
    /// Whether it serves HTTP by hand, or takes an event from a file.
    #[cfg_attr(not(all(feature = "http", any(debug_assertions, feature = "local"))), allow(dead_code))]
    pub(crate) is_http: bool,
    /// Whether its event may be anything, so that none is taken for a warm-up call.
    pub(crate) is_of_whole_events: bool,
    /// Whether its responses are streams.
    #[cfg_attr(not(all(feature = "http", any(debug_assertions, feature = "local"))), allow(dead_code))]
    pub(crate) is_streaming: bool,
}

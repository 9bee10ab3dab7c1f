//! [`Function`]: a handler with its layers.

use std::fmt;

use tower::layer::util::{Identity, Stack};

use crate::core::error::{ErrorType, Names};
use crate::function::lifecycle::Start;

/// A handler with its layers: what [`run`](crate::run) takes.
#[must_use = "a function does nothing until `pilaster::run` gets it"]
pub struct Function<H, L, O = Identity> {
    pub(crate) kind: H,
    pub(crate) layer: L,
    pub(crate) outer: O,
    pub(crate) start: Start,
    pub(crate) names: Names,
}

impl<H, L> Function<H, L> {
    pub(crate) fn new(kind: H, layer: L) -> Self {
        Self { kind, layer, outer: Identity::new(), start: Start::default(), names: Names::default() }
    }
}

impl<H, L, O> Function<H, L, O> {
    /// The layer of the typed hall, around the handler: [`http::Stack`](crate::http::Stack) or any tower layer. It replaces
    /// the default one.
    pub fn layer<N>(self, layer: N) -> Function<H, N, O> {
        Function { kind: self.kind, layer, outer: self.outer, start: self.start, names: self.names }
    }

    /// A layer of the raw landing, outside the door, where an event is JSON text: `SecretsLayer`, or one's own over
    /// [`Incoming`]. The last one added is the outermost; the log context is outside all of them.
    pub fn outer<N>(self, layer: N) -> Function<H, L, Stack<O, N>> {
        let outer = Stack::new(self.outer, layer);
        Function { kind: self.kind, layer: self.layer, outer, start: self.start, names: self.names }
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

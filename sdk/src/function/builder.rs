//! [`Function`]: a handler with its layers.

use std::fmt;

use tower::layer::util::{Identity, Stack};

use crate::core::error::{ErrorType, NamedErrors};
use crate::function::lifecycle::Lifecycle;

/// A handler with its layers, which [`run`](crate::run) runs. [`handler`](crate::handler) creates one.
#[must_use = "a function does nothing until `pilaster::run` runs it"]
pub struct Function<K, L, O = Identity> {
    pub(crate) kind: K,
    pub(crate) layers: L,
    pub(crate) outer: O,
    pub(crate) lifecycle: Lifecycle,
    pub(crate) error_types: NamedErrors,
}

impl<K, L> Function<K, L> {
    pub(crate) fn new(kind: K, layers: L) -> Self {
        let (lifecycle, error_types) = (Lifecycle::default(), NamedErrors::default());
        Self { kind, layers, outer: Identity::new(), lifecycle, error_types }
    }
}

/// Layers of a function to which a layer of type `N` can be added. The crate implements it; other crates cannot.
///
/// Record and event functions take any number of layers. An HTTP function takes one
/// [`http::Stack`](crate::http::Stack), which is added at most once and itself takes any number of layers.
#[diagnostic::on_unimplemented(
    message = "`.layer(..)` of an HTTP function takes a `pilaster::http::Stack`, not `{N}`",
    label = "not a stack",
    note = "add the layer to a stack, and the stack to the function: `.layer(http::Stack::new().layer(..))`; the first layer is the outermost",
    note = "for layers without the stack's error responses, in your own order, write `.without_stack().layer(..)`",
    note = "see https://pilaster-rs.github.io/pilaster/troubleshooting-compile.html"
)]
pub trait AddLayer<N> {
    /// The layers with the new one.
    type Layers;

    #[doc(hidden)]
    fn add(self, layer: N, sealed: Sealed) -> Self::Layers;

    /// Adds what the layer says in the OpenAPI document.
    #[cfg(feature = "openapi")]
    #[doc(hidden)]
    fn describe(layer: &N, descriptions: &mut crate::core::descriptions::Descriptions, sealed: Sealed) {
        let _ = (layer, descriptions, sealed);
    }
}

/// Other crates cannot name this type, so they cannot implement a trait with a method that takes it.
#[derive(Debug)]
pub struct Sealed;

impl<N> AddLayer<N> for Identity {
    type Layers = Stack<N, Identity>;

    fn add(self, layer: N, _: Sealed) -> Self::Layers {
        Stack::new(layer, self)
    }
}

impl<N, Inner, Outer> AddLayer<N> for Stack<Inner, Outer> {
    type Layers = Stack<N, Self>;

    fn add(self, layer: N, _: Sealed) -> Self::Layers {
        Stack::new(layer, self)
    }
}

impl<K, L, O> Function<K, L, O> {
    /// Adds a layer around the handler, inside the previously added layers: as in tower's `ServiceBuilder`, the first
    /// is the outermost.
    ///
    /// A record function takes layers of `records::Record`, an event function layers of [`Incoming`](crate::Incoming).
    /// An HTTP function takes one [`http::Stack`](crate::http::Stack), which replaces the default one and contains your
    /// own layers; neither a second stack nor a layer without a stack compiles, since error responses would be lost.
    ///
    /// # Example
    ///
    /// ```no_run
    /// use pilaster::http::{self, Json};
    ///
    /// async fn echo(Json(value): Json<serde_json::Value>) -> Json<serde_json::Value> {
    ///     Json(value)
    /// }
    ///
    /// fn main() -> Result<(), pilaster::StartError> {
    ///     let stack = http::Stack::new().security_headers(http::SecurityHeadersLayer::new());
    ///     pilaster::run(pilaster::handler(echo).layer(stack))
    /// }
    /// ```
    #[cfg_attr(not(feature = "openapi"), allow(unused_mut))]
    pub fn layer<N>(mut self, layer: N) -> Function<K, L::Layers, O>
    where
        L: AddLayer<N>,
    {
        #[cfg(feature = "openapi")]
        L::describe(&layer, &mut self.lifecycle.descriptions, Sealed);
        self.map_layers(|layers| layers.add(layer, Sealed))
    }

    /// Returns the function with other layers in place of its own.
    pub(crate) fn map_layers<N>(self, map: impl FnOnce(L) -> N) -> Function<K, N, O> {
        let Self { kind, layers, outer, lifecycle, error_types } = self;
        Function { kind, layers: map(layers), outer, lifecycle, error_types }
    }

    /// Adds a layer around the adapter, where an event is JSON text: `SecretsLayer`, or your own over
    /// [`Incoming`](crate::Incoming). As in tower's `ServiceBuilder`, the first is the outermost. The log context, the
    /// guard against panics and the responses to warm-up calls are outside of all these layers: see
    /// [`into_service`](Self::into_service).
    pub fn outer<N>(self, layer: N) -> Function<K, L, Stack<N, O>> {
        let Self { kind, layers, outer, lifecycle, error_types } = self;
        Function { kind, layers, outer: Stack::new(layer, outer), lifecycle, error_types }
    }

    /// Uses `E` for the `errorType` of a failed invocation, for the kinds whose invocations can fail.
    #[cfg_attr(not(any(feature = "macros", feature = "records", feature = "appsync")), allow(dead_code))]
    pub(crate) fn with_error_type<E: ErrorType>(mut self) -> Self {
        self.error_types.add::<E>();
        self
    }

    /// Creates `T` (a `Client<_>`, a `Secret<_>`, a `Parameter<_>`, or the keys of a `Jwt<_>`) in the init phase, in which
    /// a function has more CPU, instead of in the first invocation. Several values are created concurrently. A failure is logged, and
    /// retried on first use.
    #[cfg(feature = "clients")]
    pub fn warm<T: crate::clients::Warm>(mut self) -> Self {
        self.lifecycle.warm.add::<T>();
        self
    }

    /// Runs this hook before the process ends: on Lambda's SIGTERM, and locally on Ctrl-C. Several hooks run
    /// concurrently and have 300 ms in total; after that, they are abandoned. They have their own thread and tokio
    /// runtime, so that they run even if handlers block all threads; invocations continue in the meantime. On Lambda, a
    /// function with a hook registers an internal extension, since Lambda sends SIGTERM only to a function with one. If
    /// Lambda rejects the extension, the function logs a warning and starts.
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
    ///     pilaster::run(pilaster::handler(echo).on_shutdown(async || println!("the buffered lines")))
    /// }
    /// ```
    pub fn on_shutdown<F, Fut>(mut self, hook: F) -> Self
    where
        F: FnOnce() -> Fut + Send + 'static,
        Fut: Future<Output = ()> + Send + 'static,
    {
        self.lifecycle.on_shutdown.add(hook);
        self
    }

    /// With SnapStart, runs this hook before the snapshot is taken, while the clients still exist: use it to drop
    /// values that must not be in the snapshot, such as an open file or a unique id. Without SnapStart it never runs.
    /// Several hooks run concurrently. A panic of a hook is reported to Lambda, which then takes no snapshot.
    ///
    /// Clients, connections and secrets of the registry are always dropped, and those of [`warm`](Self::warm) are
    /// recreated after the restore.
    pub fn before_snapshot<F, Fut>(mut self, hook: F) -> Self
    where
        F: FnOnce() -> Fut + Send + 'static,
        Fut: Future<Output = ()> + Send + 'static,
    {
        self.lifecycle.before_snapshot.add(hook);
        self
    }

    /// With SnapStart, runs this hook in each sandbox that starts from the snapshot, before its first event and after
    /// the values of [`warm`](Self::warm) are created. Without SnapStart it never runs. Several hooks run concurrently;
    /// Lambda allows [10 s](https://docs.aws.amazon.com/lambda/latest/dg/snapstart-runtime-hooks.html). A panic of a
    /// hook is reported to Lambda, and the sandbox handles no event.
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
    ///     pilaster::run(pilaster::handler(echo).on_restore(async || println!("the generator is seeded again")))
    /// }
    /// ```
    pub fn on_restore<F, Fut>(mut self, hook: F) -> Self
    where
        F: FnOnce() -> Fut + Send + 'static,
        Fut: Future<Output = ()> + Send + 'static,
    {
        self.lifecycle.on_restore.add(hook);
        self
    }
}

impl<K, L, O> fmt::Debug for Function<K, L, O> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Function").field("routes", &self.lifecycle.routes).finish_non_exhaustive()
    }
}

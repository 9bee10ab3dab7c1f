//! [`Tools::layer`]: layers around each call of a tool, in every kind of function that serves it.

use std::fmt;
use std::sync::Arc;
use std::task::{Context, Poll};

use tower::util::BoxCloneSyncService;
use tower::{Layer, Service, ServiceExt};

use super::call::Call;
use super::outcome::Outcome;
use super::registry::{CallFuture, RegisteredTool, Tools};
use crate::core::error::BoxError;
use crate::core::layer_mistakes::collect;

/// A tool with the layers around it.
type LayeredService = BoxCloneSyncService<Call, Outcome, BoxError>;

/// A layer whose type is erased.
pub(super) type ErasedLayer = Arc<dyn Fn(LayeredService) -> LayeredService + Send + Sync>;

/// A tool of a registry.
#[derive(Clone)]
pub(super) struct Layered {
    pub(super) tool: Arc<RegisteredTool>,
    /// The tool with the layers of the registries within this one; `None` without any.
    inner: Option<LayeredService>,
    /// The tool with all layers.
    service: Option<LayeredService>,
}

impl Layered {
    pub(super) fn new(tool: RegisteredTool) -> Self {
        Self { tool: Arc::new(tool), inner: None, service: None }
    }

    /// Returns the tool as one of a registry around this one.
    pub(super) fn nested(self) -> Self {
        Self { inner: self.service.clone(), ..self }
    }

    pub(super) fn call(&self, call: Call) -> CallFuture {
        match &self.service {
            Some(service) => Box::pin(service.clone().oneshot(call)),
            None => self.tool.call(call),
        }
    }

    /// Applies layers, of which the first is the outermost.
    fn apply(&mut self, layers: &[ErasedLayer]) {
        if layers.is_empty() {
            return;
        }
        let inner = self.inner.clone();
        let inner = inner.unwrap_or_else(|| BoxCloneSyncService::new(Innermost(Arc::clone(&self.tool))));
        self.service = Some(layers.iter().rev().fold(inner, |inner, layer| layer(inner)));
    }
}

/// The service of a tool without layers.
#[derive(Clone)]
struct Innermost(Arc<RegisteredTool>);

impl Service<Call> for Innermost {
    type Response = Outcome;
    type Error = BoxError;
    type Future = CallFuture;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), BoxError>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, call: Call) -> CallFuture {
        self.0.call(call)
    }
}

impl fmt::Debug for Innermost {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Innermost").field(&self.0).finish()
    }
}

impl Tools {
    /// Adds a layer around each call of these tools, including those that are added later: a service from
    /// [`Call`](super::Call) to [`Outcome`], in every kind of function that serves the tools. The layer that is named
    /// first is the outermost. Layers of [`Function::layer`](crate::Function::layer), and of the HTTP function around an MCP
    /// server, are outside of these.
    ///
    /// For one tool, add a registry of its own: `Tools::new().add(search).add(Tools::new().add(refund).layer(limit))`. Its
    /// layers are inside those of the registry around it.
    ///
    /// Within the layers, [`Call::name`](super::Call::name) is the name of a tool that exists. The arguments are not decoded
    /// yet. A [`ToolError`](super::ToolError) of a layer reaches the model; any other error, a panic and the deadline are
    /// logged and opaque. [`from_fn`](super::from_fn()) makes a layer of an async function. `Layer::layer` is called for
    /// each tool, and again when a layer or a tool is added: state that calls share belongs in the layer.
    ///
    /// # Example
    ///
    /// ```
    /// use std::sync::atomic::{AtomicUsize, Ordering};
    /// use std::sync::Arc;
    ///
    /// use pilaster::tools::{Call, CallContext, Next, Outcome, ToolError, Tools, from_fn, tool};
    /// use pilaster::{BoxError, Invocation};
    /// use serde_json::json;
    ///
    /// /// Refunds an order.
    /// #[tool]
    /// async fn refund(order: String) -> String {
    ///     format!("refunded {order}")
    /// }
    ///
    /// let left = Arc::new(AtomicUsize::new(1));
    /// let limited = from_fn(move |call: Call, next: Next| {
    ///     let left = Arc::clone(&left);
    ///     async move {
    ///         let take = |left: usize| left.checked_sub(1);
    ///         match left.fetch_update(Ordering::Relaxed, Ordering::Relaxed, take) {
    ///             Ok(_) => next.run(call).await,
    ///             Err(_) => Err(BoxError::from(ToolError::new("no refund is left today"))),
    ///         }
    ///     }
    /// });
    /// let tools = Tools::new().add(refund::tool()).layer(limited);
    ///
    /// # tokio::runtime::Builder::new_current_thread().build()?.block_on(async {
    /// let context = || CallContext::new(Invocation::new(Default::default()));
    /// let order = json!({ "order": "A-17" });
    /// assert!(tools.call("refund", order.clone(), context()).await.is_success());
    /// match tools.call("refund", order, context()).await {
    ///     Outcome::Failed(error) => assert_eq!(error.message(), "no refund is left today"),
    ///     other => panic!("{other:?}"),
    /// }
    /// # });
    /// # Ok::<(), std::io::Error>(())
    /// ```
    pub fn layer<L>(mut self, layer: L) -> Self
    where
        L: Layer<BoxCloneSyncService<Call, Outcome, BoxError>> + Send + Sync + 'static,
        L::Service: Service<Call, Response = Outcome, Error: Into<BoxError>, Future: Send + 'static>
            + Clone
            + Send
            + Sync
            + 'static,
    {
        self.layers.push(Arc::new(move |inner| BoxCloneSyncService::new(layer.layer(inner).map_err(Into::into))));
        for at in 0..self.tools.len() {
            self.apply_layers(at);
        }
        self
    }

    /// Applies the layers to a tool. A mistake of a layer is that of the registry.
    pub(super) fn apply_layers(&mut self, at: usize) {
        let (layers, tool) = (&self.layers, self.tools.get_mut(at));
        if let Err(mistake) = collect(|| tool.map(|tool| tool.apply(layers))) {
            self.mistake.get_or_insert(mistake);
        }
    }
}

#[cfg(test)]
mod tests;

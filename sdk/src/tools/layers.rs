//! [`Tools::layer`]: layers around each call of a tool, in every kind of function that serves it.

use std::sync::Arc;

use tower::util::BoxCloneSyncService;
use tower::{Layer, Service, ServiceExt};

use super::call::Call;
use super::layered::LayeredService;
use super::outcome::Outcome;
use super::registry::{Registry, Tools};
use crate::core::error::BoxError;
use crate::core::layer_mistakes::collect;
use crate::function::builder::Sealed;

/// A layer of [`Tools::layer`]: a [`tower::Layer`] that makes a service from [`Call`](super::Call) to
/// [`Outcome`](super::Outcome), such as [`from_fn`](super::from_fn()), or one for any request.
///
/// The crate implements it for these layers; other crates cannot.
#[diagnostic::on_unimplemented(
    message = "`{Self}` does not fit around the calls of tools",
    label = "not a layer of calls",
    note = "`Tools::layer` takes `pilaster::tools::from_fn(..)`, a layer for any request, or one that makes a service from `tools::Call` to `tools::Outcome` that is `Clone + Send + Sync + 'static`",
    note = "a layer of raw events, such as `MetricsLayer`, is added by `.outer(..)`: `tools.for_bedrock().outer(..)`; one of requests, to the stack around an MCP server",
    note = "see https://pilaster-rs.github.io/pilaster/troubleshooting-tools.html"
)]
pub trait ToolLayer: Send + Sync + 'static {
    #[doc(hidden)]
    fn around(&self, inner: LayeredService, sealed: Sealed) -> LayeredService;
}

#[diagnostic::do_not_recommend]
impl<L> ToolLayer for L
where
    L: Layer<LayeredService> + Send + Sync + 'static,
    L::Service: Service<Call, Response = Outcome, Error: Into<BoxError>, Future: Send + 'static>
        + Clone
        + Send
        + Sync
        + 'static,
{
    fn around(&self, inner: LayeredService, _: Sealed) -> LayeredService {
        BoxCloneSyncService::new(self.layer(inner).map_err(Into::into))
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
    pub fn layer(mut self, layer: impl ToolLayer) -> Self {
        let registry = self.registry_mut();
        registry.layers.push(Arc::new(move |inner| layer.around(inner, Sealed)));
        for at in 0..registry.tools.len() {
            registry.apply_layers(at);
        }
        self
    }
}

impl Registry {
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

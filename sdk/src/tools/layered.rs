//! [`Layered`]: a tool of a registry with its layers.

use std::sync::Arc;

use tower::util::BoxCloneSyncService;
use tower::{ServiceExt, service_fn};

use super::call::Call;
use super::outcome::Outcome;
use super::registered::{CallFuture, RegisteredTool};
use crate::core::error::{BoxError, NamedErrors};

/// A tool with the layers around it.
pub(super) type LayeredService = BoxCloneSyncService<Call, Outcome, BoxError>;

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
    /// The error types that may reach the model from this tool: those of `#[tool]`, and of the registries within.
    pub(super) errors: NamedErrors,
}

impl Layered {
    pub(super) fn new(tool: RegisteredTool) -> Self {
        Self { tool: Arc::new(tool), inner: None, service: None, errors: NamedErrors::default() }
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
    pub(super) fn apply(&mut self, layers: &[ErasedLayer]) {
        if layers.is_empty() {
            return;
        }
        let inner = self.inner.clone().unwrap_or_else(|| {
            let tool = Arc::clone(&self.tool);
            BoxCloneSyncService::new(service_fn(move |call| tool.call(call)))
        });
        self.service = Some(layers.iter().rev().fold(inner, |inner, layer| layer(inner)));
    }
}

//! [`ToolService`]: the tools as the innermost service of a function, around which its layers are.

use std::sync::Arc;
use std::task::{Context, Poll};

use tower::Service;
use tower::util::BoxCloneSyncService;

use super::call::{Call, CallContext, contained};
use super::outcome::Outcome;
use super::registered::CallFuture;
use super::registry::Tools;
use crate::core::error::{BoxError, NamedErrors};

/// A service that calls the tool of a [`Call`]. A layer of [`Function::layer`](crate::Function::layer) wraps it, or the
/// layers inside.
#[derive(Clone, Debug)]
pub struct ToolService(pub(crate) Tools);

impl Service<Call> for ToolService {
    type Response = Outcome;
    type Error = BoxError;
    type Future = CallFuture;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), BoxError>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, call: Call) -> CallFuture {
        self.0.dispatch(call)
    }
}

/// The tools of a function with its layers around them. Clones share the tools and the error types.
#[derive(Clone, Debug)]
pub(crate) struct LayeredTools {
    pub(crate) tools: Tools,
    service: BoxCloneSyncService<Call, Outcome, BoxError>,
    errors: Arc<NamedErrors>,
}

impl LayeredTools {
    /// `errors` are those of the function, beside those of the tools.
    pub(crate) fn new<S>(tools: Tools, service: S, errors: &NamedErrors) -> Self
    where
        S: Service<Call, Response = Outcome, Error: Into<BoxError>, Future: Send + 'static>
            + Clone
            + Send
            + Sync
            + 'static,
    {
        let mut all = tools.errors().clone();
        all.append(errors);
        let service = BoxCloneSyncService::new(tower::ServiceExt::map_err(service, Into::into));
        Self { tools, service, errors: Arc::new(all) }
    }

    /// Calls a tool through the layers. A panic and the deadline end here.
    pub(crate) async fn call(self, call: Call) -> Outcome {
        let context: CallContext = call.context().clone();
        let called = self.tools.called(call.name());
        contained(tower::ServiceExt::oneshot(self.service, call), &context, called, &self.errors).await
    }
}

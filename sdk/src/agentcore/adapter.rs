//! The adapter of a gateway's target: the client context names the tool, the event is its arguments.

mod decode;
#[cfg(test)]
mod tests;

use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use serde_json::json;
use tower::Service;
use tower::util::BoxCloneSyncService;

use crate::core::error::{FunctionError, shown};
use crate::core::raw::{Incoming, Outgoing};
use crate::tools::call::log_unknown;
use crate::tools::error::{INVALID, UNKNOWN};
use crate::tools::service::LayeredTools;
use crate::tools::{Call, CallContext, Caller, Outcome};

/// The function of other invocations, whose type is erased.
pub(crate) type Otherwise = BoxCloneSyncService<Incoming, Outgoing, FunctionError>;

/// Service that answers the calls of a gateway with tools, and other events with another function, if there is one.
#[derive(Clone, Debug)]
pub struct AgentCoreAdapter {
    tools: LayeredTools,
    margin: Option<Duration>,
    otherwise: Option<Otherwise>,
}

impl AgentCoreAdapter {
    pub(crate) fn new(tools: LayeredTools, margin: Option<Duration>, otherwise: Option<Otherwise>) -> Self {
        Self { tools, margin, otherwise }
    }

    async fn answer(self, incoming: Incoming) -> Result<Outgoing, FunctionError> {
        let Some((name, gateway)) = decode::target(&incoming.invocation) else {
            return match self.otherwise {
                Some(otherwise) => tower::ServiceExt::oneshot(otherwise, incoming).await,
                None => {
                    let message = "the invocation names no tool: an AgentCore Gateway sends `bedrockAgentCoreToolName` in \
                                   `custom` of the client context";
                    Err(FunctionError::new("InvalidEvent", message))
                }
            };
        };
        let Incoming { event, invocation } = incoming;
        let context = CallContext::new(invocation).with_caller(Caller::AgentCore(gateway)).with_margin(self.margin);
        let outcome = self.tools.call(Call::new(name.clone(), event, context)).await;
        encode(outcome, &name)
    }
}

/// Returns the value for the gateway. A failure that the model should read is a value too, since the gateway hides the
/// errors of functions.
fn encode(outcome: Outcome, name: &str) -> Result<Outgoing, FunctionError> {
    let failed = |error_type: &str, message: &str| {
        Outgoing::serialize(&json!({ "error": { "type": error_type, "message": message } }))
    };
    let encoded = match outcome {
        Outcome::Structured(json) => return Ok(json.into()),
        Outcome::Text(text) => Outgoing::serialize(&text),
        Outcome::Content(content) => Outgoing::serialize(&content.text_only()),
        Outcome::Failed(error) => failed(error.error_type(), error.message()),
        Outcome::Invalid(invalid) => failed(INVALID, &invalid.to_string()),
        Outcome::UnknownTool => {
            let message = format!("there is no tool {}; deploy the tool schema of this function", shown(name));
            log_unknown(name);
            return Err(FunctionError::new(UNKNOWN, message).logged());
        }
        Outcome::Opaque(opaque) => return Err(FunctionError::new(opaque.error_type(), opaque.to_string()).logged()),
    };
    encoded.map_err(|_| FunctionError::new("InvalidResponse", "the output of the tool is not JSON"))
}

impl Service<Incoming> for AgentCoreAdapter {
    type Response = Outgoing;
    type Error = FunctionError;
    type Future = Pin<Box<dyn Future<Output = Result<Outgoing, FunctionError>> + Send>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), FunctionError>> {
        // `call` polls the inner service: an error here would end the process.
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, incoming: Incoming) -> Self::Future {
        Box::pin(self.clone().answer(incoming))
    }
}

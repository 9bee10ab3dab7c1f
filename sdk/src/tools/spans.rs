//! A call of a tool in the span of its invocation, by
//! <https://opentelemetry.io/docs/specs/semconv/gen-ai/gen-ai-agent-spans/#execute-tool-span>; never its arguments or its
//! output.

use super::caller::Caller;
use super::error::{INVALID, UNKNOWN};
use super::outcome::Outcome;
use crate::observe::traces::span;

/// Records the tool. The span of a request to an MCP server keeps the name of its route, and a call within another function
/// that of the function.
pub(crate) fn began(tool: Option<&'static str>, caller: &Caller) {
    let Some(tool) = tool.filter(|_| is_of_invocation(caller) && span::is_sampled()) else { return };
    if matches!(caller, Caller::Bedrock(_) | Caller::AgentCore(_)) {
        span::set_name(format!("execute_tool {tool}"));
    }
    span::set_attribute("gen_ai.operation.name", "execute_tool");
    span::set_attribute("gen_ai.tool.name", tool);
    span::set_attribute("gen_ai.tool.type", "function");
}

/// Marks the span of a call that failed: the invocation did not.
pub(crate) fn ended(outcome: &Outcome, caller: &Caller) {
    if !is_of_invocation(caller) {
        return;
    }
    match outcome {
        Outcome::Structured(_) | Outcome::Text(_) | Outcome::Content(_) => {}
        Outcome::Failed(error) => span::set_failed(error.error_type()),
        Outcome::Invalid(_) => span::set_failed(INVALID),
        Outcome::UnknownTool => span::set_failed(UNKNOWN),
        Outcome::Opaque(opaque) => span::set_failed(opaque.error_type()),
    }
}

fn is_of_invocation(caller: &Caller) -> bool {
    !matches!(caller, Caller::Direct)
}

//! Decodes the client context of a gateway
//! (<https://docs.aws.amazon.com/bedrock-agentcore/latest/devguide/gateway-add-target-lambda.html>).

use std::collections::BTreeMap;

use serde_json::value::RawValue;

use crate::core::invocation::Invocation;
use crate::core::json::members::members;
use crate::tools::Gateway;

/// The text between the name of the target and that of the tool.
const SEPARATOR: &str = "___";

/// Returns the name of the tool and the gateway; `None` for an invocation that is not a gateway's.
pub(super) fn target(invocation: &Invocation) -> Option<(String, Gateway)> {
    let custom = &invocation.context().client_context.as_ref()?.custom;
    let text = |name: &str| custom.get(&format!("bedrockAgentCore{name}")).cloned().unwrap_or_default();
    let whole = custom.get("bedrockAgentCoreToolName")?;
    // The name of a target has no `_`, so the first separator ends it: a tool may be called `a___b`.
    let (target, tool) = whole.split_once(SEPARATOR).unwrap_or(("", whole));
    let gateway = Gateway {
        id: text("GatewayId"),
        target_id: text("TargetId"),
        target_name: target.to_owned(),
        message_id: text("McpMessageId"),
        request_id: text("AwsRequestId"),
        headers: headers(&text("PropagatedHeaders")),
    };
    Some((tool.to_owned(), gateway))
}

/// Returns the headers that the gateway propagates: an object, whose JSON text the runtime of Pilaster leaves there. A
/// value that is not a header is skipped.
fn headers(json: &str) -> BTreeMap<String, String> {
    let headers = members(json).unwrap_or_default().into_iter();
    headers.filter_map(|(name, json)| Some((name.to_ascii_lowercase(), value(json)?))).collect()
}

/// Returns a text, or the texts of a list, joined as the values of a repeated header are.
fn value(json: &RawValue) -> Option<String> {
    let text = |json: &RawValue| serde_json::from_str::<String>(json.get()).ok();
    text(json).or_else(|| {
        let values = serde_json::from_str::<Vec<&RawValue>>(json.get()).ok()?;
        let values = values.into_iter().filter_map(text).collect::<Vec<_>>();
        (!values.is_empty()).then(|| values.join(", "))
    })
}

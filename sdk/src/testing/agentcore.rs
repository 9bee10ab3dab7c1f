//! Invocations by an AgentCore Gateway
//! (<https://docs.aws.amazon.com/bedrock-agentcore/latest/devguide/gateway-add-target-lambda.html>).

use lambda_runtime::Context;
use serde_json::json;

/// Returns the context of a call of this tool by a gateway, for [`Caller::with_context`](super::Caller::with_context). The
/// event is the arguments.
///
/// # Example
///
/// ```
/// use pilaster::testing::{Caller, agentcore};
/// use pilaster::tools::{Input, Tool, Tools};
/// use schemars::JsonSchema;
/// use serde::Deserialize;
/// use serde_json::json;
///
/// /// Greets somebody.
/// #[derive(Deserialize, JsonSchema, Tool)]
/// struct Greet {
///     name: String,
/// }
///
/// async fn greet(Input(ask): Input<Greet>) -> String {
///     format!("Hello {}", ask.name)
/// }
///
/// # tokio::runtime::Builder::new_current_thread().enable_time().build()?.block_on(async {
/// let caller = Caller::new(Tools::new().add(greet).for_agentcore()).with_context(agentcore::tool("greet"));
/// assert_eq!(caller.call(json!({ "name": "Ada" })).await?, "Hello Ada");
/// # Ok::<(), pilaster::BoxError>(())
/// # })?;
/// # Ok::<(), pilaster::BoxError>(())
/// ```
pub fn tool(name: &str) -> Context {
    let custom = json!({
        "bedrockAgentCoreToolName": format!("target___{name}"),
        "bedrockAgentCoreMessageVersion": "1.0",
        "bedrockAgentCoreAwsRequestId": "c9a1f2d0-0000-4000-8000-000000000000",
        "bedrockAgentCoreMcpMessageId": "1",
        "bedrockAgentCoreGatewayId": "gateway-abcdefghij",
        "bedrockAgentCoreTargetId": "TARGET0001",
    });
    let mut context = Context::default();
    context.request_id = "8476a536-e9f4-11e8-9739-2dfe598c3fcd".to_owned();
    context.client_context = serde_json::from_value(json!({ "custom": custom })).ok();
    context
}

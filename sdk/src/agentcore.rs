//! Lambda targets of an AgentCore Gateway: tools, which the gateway serves by MCP.
//!
//! [`Tools::for_agentcore`](crate::tools::Tools::for_agentcore) creates the function, and
//! [`Tools::agentcore_schema`](crate::tools::Tools::agentcore_schema) the schema of the target
//! (<https://docs.aws.amazon.com/bedrock-agentcore/latest/devguide/gateway-add-target-lambda.html>).

pub mod adapter;
pub(crate) mod function;

pub use self::function::AgentCoreFunction;

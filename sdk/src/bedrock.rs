//! Action groups of Bedrock Agents: tools as function details, and HTTP routes as an OpenAPI schema.
//!
//! [`Tools::for_bedrock`](crate::tools::Tools::for_bedrock) serves tools, [`openapi`] a router; one function can serve
//! both: an event has either `function` or `apiPath`
//! (<https://docs.aws.amazon.com/bedrock/latest/userguide/agents-lambda.html>).

pub mod adapter;
pub(crate) mod extract;
pub(crate) mod function;

pub use self::function::{BedrockFunction, OpenApiFunction, openapi};

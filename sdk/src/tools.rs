//! Tools: functions that a model calls, registered once and served by several kinds of functions.
//!
//! [`Tools`] is the registry. A tool is the type of its input, which derives [`Tool`] and [`schemars::JsonSchema`]; an
//! async function whose last argument is [`Input`] of this type implements it. For a function with plain arguments,
//! [`#[tool]`](tool) writes the type.
//!
//! | served by | method | feature |
//! |---|---|---|
//! | a Bedrock action group with function details | `Tools::for_bedrock` | `bedrock` |
//! | a Lambda target of an AgentCore Gateway | `Tools::for_agentcore` | `agentcore` |
//! | an MCP server, over HTTP | `mcp::Server::new` | `mcp` |
//! | your own code | [`Tools::call`] | `tools` |
//!
//! [`Tools::layer`] adds tower layers around calls, in all of them.
//!
//! [`Tools::schema`] exports the schemas for deployment, as does `cargo run -- tools --dialect agentcore` (or `bedrock`, `mcp`);
//! the command does not know the tools of an MCP server that is a route of a router.
//!
//! # Example
//!
//! ```
//! use pilaster::tools::{Input, Tool, Tools};
//! use schemars::JsonSchema;
//! use serde::{Deserialize, Serialize};
//!
//! /// The weather in a city, now.
//! #[derive(Deserialize, JsonSchema, Tool)]
//! #[tool(read_only)]
//! struct Weather {
//!     /// Its English name.
//!     city: String,
//! }
//!
//! #[derive(Serialize, JsonSchema)]
//! struct Forecast {
//!     celsius: f32,
//! }
//!
//! async fn weather(Input(_): Input<Weather>) -> Forecast {
//!     Forecast { celsius: 21.5 }
//! }
//!
//! let tools = Tools::new().add(weather);
//! assert_eq!(tools.get("weather").unwrap().input_schema()["required"], serde_json::json!(["city"]));
//! ```

pub(crate) mod call;
mod caller;
#[cfg(feature = "macros")]
mod check;
mod content;
mod definition;
pub(crate) mod dialect;
pub(crate) mod error;
mod extract;
pub(crate) mod finite;
mod from_fn;
mod handler;
mod input;
pub(crate) mod kinds;
mod layered;
mod layers;
mod outcome;
mod output;
mod registered;
mod registry;
#[cfg(feature = "macros")]
pub(crate) mod returned;
mod schema;
#[cfg(any(feature = "bedrock", feature = "agentcore"))]
pub(crate) mod service;
pub(crate) mod session;
#[cfg(feature = "otel")]
pub(crate) mod spans;
#[cfg(test)]
mod tests;
mod whole;

pub use self::call::{Call, CallContext};
#[cfg(feature = "mcp")]
pub use self::caller::McpClient;
pub use self::caller::{BedrockAgent, Caller, Gateway};
pub use self::content::{Block, Content};
#[doc(hidden)]
pub use self::definition::IsInput;
pub use self::definition::{Definition, Hints, Tool};
pub use self::dialect::{Dialect, SchemaFaults};
pub use self::error::{InvalidArguments, Opaque, ToolError};
pub use self::extract::FromToolCall;
pub use self::from_fn::{FromFn, FromFnLayer, Next, from_fn};
pub use self::handler::ToolFunction;
pub use self::input::{Arguments, Input};
pub use self::layers::ToolLayer;
pub use self::outcome::Outcome;
#[doc(hidden)]
pub use self::output::{ByContent, ByValue, Fallible, Plain};
pub use self::output::{ToolOutput, ToolResult};
pub use self::registered::RegisteredTool;
#[doc(hidden)]
pub use self::registry::ByFunction;
pub use self::registry::{IntoTool, Tools};
pub use self::session::Session;
#[cfg(feature = "macros")]
pub use pilaster_macros::Tool;
#[cfg(feature = "macros")]
#[doc = include_str!("tool.md")]
pub use pilaster_macros::tool;

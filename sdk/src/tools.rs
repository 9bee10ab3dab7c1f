//! Tools: functions that a model calls, registered once and served by several kinds of functions.
//!
//! [`Tools`] is the registry. A tool is the type of its input, which derives [`Tool`]; an async function whose last
//! argument is [`Input`] of this type implements it.

pub(crate) mod call;
mod caller;
#[cfg(feature = "macros")]
mod check;
mod content;
mod definition;
pub(crate) mod dialect;
mod error;
mod extract;
mod handler;
mod input;
mod outcome;
mod output;
mod registry;
mod schema;
#[cfg(any(feature = "bedrock", feature = "agentcore"))]
pub(crate) mod service;
pub(crate) mod session;
#[cfg(test)]
mod tests;

pub use self::call::{Call, CallContext};
pub use self::caller::{BedrockAgent, Caller, Gateway};
pub use self::content::{Block, Content};
#[doc(hidden)]
pub use self::definition::IsInput;
pub use self::definition::{Definition, Hints, Tool};
pub use self::dialect::{Dialect, SchemaFaults};
pub use self::error::{InvalidArguments, Opaque, ToolError};
pub use self::extract::FromToolCall;
pub use self::handler::ToolFunction;
pub use self::input::{Arguments, Input};
pub use self::outcome::Outcome;
#[doc(hidden)]
pub use self::output::{ByContent, ByValue, Fallible, Plain};
pub use self::output::{ToolOutput, ToolResult};
#[doc(hidden)]
pub use self::registry::ByFunction;
pub use self::registry::{IntoTool, RegisteredTool, Tools};
pub use self::session::Session;
#[cfg(feature = "macros")]
pub use pilaster_macros::{Tool, tool};

//! [`Caller`]: the agent, the gateway or the client that calls a tool, as an argument of the tool.

use std::collections::BTreeMap;
use std::fmt;
#[cfg(feature = "mcp")]
use std::sync::Arc;

#[cfg(feature = "mcp")]
use crate::core::raw::RawEvent;

/// The agent, the gateway or the client that calls a tool.
///
/// It states which protocol was used, and is not a proof of who the user is.
///
/// # Example
///
/// ```
/// use pilaster::BoxError;
/// use pilaster::tools::{Caller, Input, Tool};
/// use schemars::JsonSchema;
/// use serde::Deserialize;
///
/// /// Names the caller.
/// #[derive(Deserialize, JsonSchema, Tool)]
/// struct WhoCalls {}
///
/// async fn who_calls(caller: Caller, Input(WhoCalls {}): Input<WhoCalls>) -> Result<String, BoxError> {
///     Ok(match caller {
///         Caller::Bedrock(agent) => format!("the agent {}", agent.id()),
///         Caller::AgentCore(gateway) => format!("the gateway {}", gateway.id()),
///         _ => "another caller".to_owned(),
///     })
/// }
/// # let _ = pilaster::tools::Tools::new().add(who_calls);
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum Caller {
    /// An agent of Amazon Bedrock.
    Bedrock(BedrockAgent),
    /// A gateway of Amazon Bedrock AgentCore.
    AgentCore(Gateway),
    /// A client of an [MCP server](crate::mcp::Server).
    #[cfg(feature = "mcp")]
    Mcp(McpClient),
    /// A call of [`Tools::call`](super::Tools::call) with another context.
    #[default]
    Direct,
}

/// The agent of a Bedrock action group.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct BedrockAgent {
    pub(crate) id: String,
    pub(crate) name: String,
    pub(crate) alias: String,
    pub(crate) version: String,
    pub(crate) action_group: String,
}

impl BedrockAgent {
    /// Returns the id of the agent.
    pub fn id(&self) -> &str {
        &self.id
    }

    /// Returns the name of the agent.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Returns the alias that was invoked.
    pub fn alias(&self) -> &str {
        &self.alias
    }

    /// Returns the version of the agent, such as `DRAFT`.
    pub fn version(&self) -> &str {
        &self.version
    }

    /// Returns the name of the action group.
    pub fn action_group(&self) -> &str {
        &self.action_group
    }
}

/// The gateway of an AgentCore target.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Gateway {
    pub(crate) id: String,
    pub(crate) target_id: String,
    pub(crate) target_name: String,
    pub(crate) message_id: String,
    pub(crate) request_id: String,
    pub(crate) headers: BTreeMap<String, String>,
}

impl Gateway {
    /// Returns the id of the gateway.
    pub fn id(&self) -> &str {
        &self.id
    }

    /// Returns the id of the target.
    pub fn target_id(&self) -> &str {
        &self.target_id
    }

    /// Returns the name of the target, which precedes that of the tool.
    pub fn target_name(&self) -> &str {
        &self.target_name
    }

    /// Returns the id of the MCP message, as the client of the gateway sent it.
    pub fn message_id(&self) -> &str {
        &self.message_id
    }

    /// Returns the id of the request in AgentCore.
    pub fn request_id(&self) -> &str {
        &self.request_id
    }

    /// Returns a header that the gateway propagates, by its lower-case name.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).map(String::as_str)
    }
}

/// The client of an MCP server, and its HTTP request.
///
/// # Example
///
/// ```
/// use pilaster::tools::{Caller, ToolError};
///
/// /// The tenant of the token, which a layer around the server has verified.
/// #[derive(Clone)]
/// struct Tenant(String);
///
/// fn tenant(caller: &Caller) -> Result<Tenant, ToolError> {
///     let tenant = match caller {
///         Caller::Mcp(client) => client.extension::<Tenant>().cloned(),
///         _ => None,
///     };
///     tenant.ok_or_else(|| ToolError::new("sign in first"))
/// }
/// assert!(tenant(&Caller::Direct).is_err());
/// ```
#[cfg(feature = "mcp")]
#[derive(Clone)]
pub struct McpClient {
    /// The `clientInfo` of the request: the name and the version that the client states.
    pub(crate) info: Option<RawEvent>,
    pub(crate) version: &'static str,
    pub(crate) parts: Arc<http::request::Parts>,
}

#[cfg(feature = "mcp")]
impl McpClient {
    /// Returns the name of the client, as it states it; only clients of 2026-07-28 do so with each call.
    pub fn name(&self) -> Option<String> {
        self.stated("name")
    }

    /// Returns the version of the client, as it states it.
    pub fn version(&self) -> Option<String> {
        self.stated("version")
    }

    /// Returns the revision of the protocol, such as `2026-07-28`.
    pub fn protocol_version(&self) -> &'static str {
        self.version
    }

    /// Returns the headers of the HTTP request.
    pub fn headers(&self) -> &http::HeaderMap {
        &self.parts.headers
    }

    /// Returns a value that a layer around the server has put into the request, such as
    /// [`VerifiedJwt`](crate::jwt::VerifiedJwt) of a [`JwtLayer`](crate::http::JwtLayer).
    pub fn extension<T: Clone + Send + Sync + 'static>(&self) -> Option<&T> {
        self.parts.extensions.get()
    }

    fn stated(&self, member: &str) -> Option<String> {
        let value = crate::core::json::members::member(self.info.as_ref()?.get(), member)?;
        serde_json::from_str(value.get()).ok()
    }
}

/// The request has tokens, and is not shown.
#[cfg(feature = "mcp")]
impl fmt::Debug for McpClient {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("McpClient").field("protocol_version", &self.version).finish_non_exhaustive()
    }
}

/// Two calls have two requests.
#[cfg(feature = "mcp")]
impl PartialEq for McpClient {
    fn eq(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.parts, &other.parts)
    }
}

#[cfg(feature = "mcp")]
impl Eq for McpClient {}

/// The headers and the id of the message are the client's, and are not shown.
impl fmt::Debug for Gateway {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Gateway")
            .field("id", &self.id)
            .field("target_id", &self.target_id)
            .field("request_id", &self.request_id)
            .finish_non_exhaustive()
    }
}

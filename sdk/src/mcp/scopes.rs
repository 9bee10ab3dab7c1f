//! The scopes that a token needs for a tool.

use axum_core::response::Response;
use http::{Extensions, StatusCode, header};
use serde_json::value::RawValue;

use super::adapter::failed;
use super::error::RpcError;
use super::server::{Inner, Server};
use crate::core::layer_mistakes::reject;
use crate::jwt::{MissingScopes, VerifiedJwt, is_scope};
use crate::tools::RegisteredTool;

impl Server {
    /// Requires all of these scopes of the token for a tool. The token is that of a
    /// [`JwtLayer`](crate::http::JwtLayer) around the server: without one, the tool is refused. A token without a scope
    /// gets a 403 whose `WWW-Authenticate` names the scopes, so that a client can ask its user for them.
    ///
    /// ```
    /// use pilaster::http::{self, JwtLayer};
    /// use pilaster::tools::Tools;
    /// use pilaster::{JwtVerifier, mcp};
    ///
    /// # fn function(tools: Tools) -> impl pilaster::IntoService {
    /// let tokens = JwtVerifier::cognito("eu-west-1_AbCdEfGhI").client("4l0example");
    /// let layer = JwtLayer::new(tokens).protected_resource("https://api.example.com/mcp");
    /// let server = mcp::Server::new(tools).require_scopes("refund", ["payments:write"]);
    /// http::service(server).layer(http::Stack::new().layer(layer))
    /// # }
    /// ```
    ///
    /// # Panics
    ///
    /// The server does not have the tool, there is no scope, or a scope is not valid
    /// ([RFC 6749](https://www.rfc-editor.org/rfc/rfc6749#section-3.3)).
    #[track_caller]
    pub fn require_scopes<S: Into<String>>(self, tool: &str, scopes: impl IntoIterator<Item = S>) -> Self {
        let scopes: Vec<String> = scopes.into_iter().map(Into::into).collect();
        let name = self.tools().get(tool).map(RegisteredTool::name);
        if scopes.is_empty() || !scopes.iter().all(|scope| is_scope(scope)) {
            reject(format_args!("the scopes of the tool `{tool}` must be valid, and at least one"));
        }
        let Some(name) = name else {
            reject(format_args!("scopes are required for the tool `{tool}`, which the MCP server does not have"));
            return self;
        };
        self.with(|inner| inner.scopes.entry(name).or_default().extend(scopes))
    }
}

impl Inner {
    /// Checks the token of a request. The error is the scopes that the tool needs.
    pub(super) fn check_scopes(&self, tool: &str, extensions: &Extensions) -> Result<(), Vec<String>> {
        let Some(scopes) = self.scopes.get(tool) else { return Ok(()) };
        match extensions.get::<VerifiedJwt>() {
            Some(token) if token.require_scopes(scopes).is_ok() => Ok(()),
            Some(_) => Err(scopes.clone()),
            None => {
                tracing::error!(tool, "the tool needs scopes: put an `http::JwtLayer` around the MCP server");
                Err(scopes.clone())
            }
        }
    }
}

/// Returns the 403, to which a layer of tokens adds `WWW-Authenticate`.
pub(super) fn refusal(id: &RawValue, scopes: Vec<String>) -> Response {
    let error = RpcError::refused(StatusCode::FORBIDDEN, "the token lacks the scopes that this tool needs");
    let mut response = failed(Some(id), &error);
    // The characters of a scope are those of a quoted text.
    if let Ok(value) = format!("Bearer error=\"insufficient_scope\", scope=\"{}\"", scopes.join(" ")).parse() {
        response.headers_mut().insert(header::WWW_AUTHENTICATE, value);
    }
    response.extensions_mut().insert(MissingScopes(scopes));
    response
}

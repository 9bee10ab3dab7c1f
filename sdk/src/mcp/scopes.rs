//! The scopes that a token needs for a tool.

use http::Extensions;

use super::settings::Settings;
use crate::jwt::VerifiedJwt;

impl Settings {
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

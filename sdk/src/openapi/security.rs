//! [`SecurityScheme`]: how a caller proves who it is.

use serde_json::{Value, json};

/// The name of the security scheme of tokens that the function verifies.
#[cfg(feature = "jwt")]
pub(super) const JWT: &str = "jwt";

/// A way in which a caller proves who it is. The document describes it; a layer of the function, or the API in front
/// of it, has to enforce it.
#[derive(Clone, Debug)]
pub struct SecurityScheme(pub(super) Value);

impl SecurityScheme {
    /// Creates a scheme of a key in this header.
    pub fn key_in_header(name: &str) -> Self {
        Self(json!({ "type": "apiKey", "in": "header", "name": name }))
    }

    /// Creates a scheme of a token in `Authorization: Bearer`, such as a `JWT`.
    pub fn bearer(format: &str) -> Self {
        Self(json!({ "type": "http", "scheme": "bearer", "bearerFormat": format }))
    }

    /// Creates a scheme of tokens by an OpenID provider, by the URL of its configuration.
    pub fn openid(url: &str) -> Self {
        Self(json!({ "type": "openIdConnect", "openIdConnectUrl": url }))
    }

    /// Adds a description.
    #[must_use]
    pub fn description(mut self, text: &str) -> Self {
        self.0["description"] = text.into();
        self
    }
}

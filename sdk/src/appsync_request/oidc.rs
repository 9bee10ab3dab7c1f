//! [`OidcUser`]: a client with a token of another OpenID Connect provider.

use std::fmt;

use serde::Deserialize;
use serde_json::{Map, Value};

use crate::core::json::or_default;

/// A client that AppSync authenticated by a token of an OpenID Connect provider.
///
/// # Example
///
/// ```
/// use pilaster::appsync::{Identity, OidcUser};
///
/// fn tenant(user: &OidcUser) -> &str {
///     user.claim("tenant").unwrap_or(&user.sub)
/// }
///
/// async fn my_tenant(identity: Identity) -> Option<String> {
///     match identity {
///         Identity::Oidc(user) => Some(tenant(&user).to_owned()),
///         _ => None,
///     }
/// }
///
/// let user: OidcUser = serde_json::from_str(r#"{ "sub": "ada", "claims": { "tenant": "A-17" } }"#)?;
/// assert_eq!(tenant(&user), "A-17");
/// # let _ = my_tenant;
/// # Ok::<(), serde_json::Error>(())
/// ```
#[derive(Clone, PartialEq, Deserialize)]
#[non_exhaustive]
pub struct OidcUser {
    /// The user's id at the provider.
    #[serde(default, deserialize_with = "or_default")]
    pub sub: String,
    /// The provider.
    #[serde(default, deserialize_with = "or_default")]
    pub issuer: String,
    /// All claims of the token.
    #[serde(default, deserialize_with = "or_default")]
    pub claims: Map<String, Value>,
}

impl OidcUser {
    /// Returns a claim of the token that is a text.
    pub fn claim(&self, name: &str) -> Option<&str> {
        self.claims.get(name)?.as_str()
    }
}

/// The user's data is personal and is not shown.
impl fmt::Debug for OidcUser {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("OidcUser").finish_non_exhaustive()
    }
}

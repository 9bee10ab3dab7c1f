//! [`CognitoUser`]: a client with a token of a Cognito user pool.

use std::fmt;

use serde::Deserialize;
use serde_json::{Map, Value};

use crate::core::json::or_default;

/// A client that AppSync authenticated by a token of a Cognito user pool.
///
/// As an argument of a resolver it refuses every other client as unauthorized. See [`Unauthorized`](crate::appsync::Unauthorized)
/// for an example.
#[derive(Clone, PartialEq, Deserialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct CognitoUser {
    /// The user's id, which never changes.
    pub sub: String,
    /// The user's name in the pool.
    pub username: String,
    /// The issuer of the token: the URL of the pool.
    #[serde(default, deserialize_with = "or_default")]
    pub issuer: String,
    /// The groups of the user; empty for a user without one.
    #[serde(default, deserialize_with = "or_default")]
    pub groups: Vec<String>,
    /// The addresses of the client.
    #[serde(default, deserialize_with = "or_default")]
    pub source_ip: Vec<String>,
    /// What the API does for a client that no rule names: `ALLOW` or `DENY`.
    #[serde(default, deserialize_with = "or_default")]
    pub default_auth_strategy: String,
    /// All claims of the token.
    #[serde(default, deserialize_with = "or_default")]
    pub claims: Map<String, Value>,
}

impl CognitoUser {
    /// Returns `true` if the user is in this group.
    pub fn is_in_group(&self, group: &str) -> bool {
        self.groups.iter().any(|own| own == group)
    }

    /// Returns a claim of the token that is a text, such as `email` or `custom:tenant`.
    pub fn claim(&self, name: &str) -> Option<&str> {
        self.claims.get(name)?.as_str()
    }
}

/// The user's data is personal and is not shown.
impl fmt::Debug for CognitoUser {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CognitoUser").finish_non_exhaustive()
    }
}

//! [`Access`]: the response of the Lambda authorizer of a GraphQL API.

use std::fmt;
use std::time::Duration;

use serde::ser::Error as _;
use serde::{Serialize, Serializer};

use super::name::{is_name, not_a_name};
use crate::appsync_request::authorizer::Grant;

/// The response of a Lambda authorizer: [`Access::allow`] or [`Access::deny`]. See
/// [`Authorization`](super::Authorization).
///
/// AppSync caches it for the API and the token, so it must not depend on anything else of the request if its time to live
/// is not zero. Always set [`ttl`](Self::ttl): the default is that of the API.
///
/// # Example
///
/// ```
/// use std::time::Duration;
/// use pilaster::appsync::Access;
///
/// let access = Access::allow().context("tenant", "7").deny_field("User", "email").ttl(Duration::from_secs(60));
/// assert_eq!(
///     serde_json::to_string(&access)?,
///     r#"{"isAuthorized":true,"resolverContext":{"tenant":"7"},"deniedFields":["User.email"],"ttlOverride":60}"#,
/// );
/// # Ok::<(), serde_json::Error>(())
/// ```
#[derive(Clone, PartialEq, Eq)]
#[must_use = "return it from the authorizer"]
pub struct Access {
    grant: Grant,
    denied: Vec<String>,
}

impl Access {
    /// Lets the client in.
    pub fn allow() -> Self {
        Self { grant: Grant::new(true), denied: Vec::new() }
    }

    /// Refuses the client: AppSync responds with 401.
    pub fn deny() -> Self {
        Self { grant: Grant::new(false), denied: Vec::new() }
    }

    /// Adds a value for the resolvers, which read it as [`LambdaContext`](super::LambdaContext): a text, since AppSync
    /// accepts no nested value. All values have at most 5 MB as JSON.
    pub fn context(mut self, name: impl Into<String>, value: impl Into<String>) -> Self {
        self.grant.context.insert(name.into(), value.into());
        self
    }

    /// Hides a field from the client: it is null, with an error. A name that is not one of GraphQL is an error, which denies
    /// access.
    pub fn deny_field(mut self, parent_type: &str, field: &str) -> Self {
        self.denied.push(format!("{parent_type}.{field}"));
        self
    }

    /// Sets the time for which AppSync caches the response: at most an hour; zero for none. AppSync takes whole seconds: a
    /// fraction is rounded up, so that half a second is one and does not turn the cache off. A longer time is an error,
    /// which denies access and is logged.
    pub fn ttl(mut self, ttl: Duration) -> Self {
        self.grant.ttl = Some(ttl);
        self
    }

    /// Returns `true` if the client is let in.
    pub fn is_allowed(&self) -> bool {
        self.grant.is_authorized
    }
}

impl Serialize for Access {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut names = self.denied.iter().flat_map(|field| field.splitn(2, '.'));
        if let Some(name) = names.find(|name| !is_name(name)) {
            return Err(S::Error::custom(not_a_name(name)));
        }
        self.grant.serialize(serializer, "resolverContext", &self.denied)
    }
}

/// The context may be personal: only the names are shown.
impl fmt::Debug for Access {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Access")
            .field("is_allowed", &self.is_allowed())
            .field("context", &self.grant.context.keys().collect::<Vec<_>>())
            .field("denied_fields", &self.denied)
            .field("ttl", &self.grant.ttl)
            .finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_field_that_is_denied_has_the_names_of_graphql() {
        let of = |parent: &str, field: &str| serde_json::to_string(&Access::allow().deny_field(parent, field));
        assert!(of("User", "email").unwrap().contains(r#""deniedFields":["User.email"]"#));
        for (parent, field) in
            [("", ""), ("User", "email,name"), ("User", "email.x"), ("User.email", "name"), ("7", "a")]
        {
            let mistake = of(parent, field).unwrap_err().to_string();
            assert!(mistake.contains("is not a name of GraphQL"), "{mistake}");
        }
    }
}

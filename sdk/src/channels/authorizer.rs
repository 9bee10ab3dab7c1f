//! [`Access`]: the response of the Lambda authorizer of an Events API.

use std::fmt;
use std::time::Duration;

use serde::{Serialize, Serializer};

use crate::appsync_request::authorizer::Grant;

/// The response of a Lambda authorizer: [`Access::allow`] or [`Access::deny`]. See
/// [`Authorization`](super::Authorization).
///
/// AppSync caches it for the operation, the channel and the token, so it must not depend on anything else of the request
/// if its time to live is not zero. Always set [`ttl`](Self::ttl): the default is that of the API.
///
/// # Example
///
/// ```
/// use std::time::Duration;
/// use pilaster::channels::Access;
///
/// let access = Access::allow().context("tenant", "7").ttl(Duration::from_secs(60));
/// assert_eq!(
///     serde_json::to_string(&access)?,
///     r#"{"isAuthorized":true,"handlerContext":{"tenant":"7"},"ttlOverride":60}"#,
/// );
/// # Ok::<(), serde_json::Error>(())
/// ```
#[derive(Clone, PartialEq, Eq)]
#[must_use = "return it from the authorizer"]
pub struct Access(Grant);

impl Access {
    /// Lets the client in.
    pub fn allow() -> Self {
        Self(Grant::new(true))
    }

    /// Refuses the client.
    pub fn deny() -> Self {
        Self(Grant::new(false))
    }

    /// Adds a value for the handlers, which read it as [`LambdaContext`](super::LambdaContext): a text, since AppSync
    /// accepts no nested value. All values have at most 5 MB as JSON.
    pub fn context(mut self, name: impl Into<String>, value: impl Into<String>) -> Self {
        self.0.context.insert(name.into(), value.into());
        self
    }

    /// Sets the time for which AppSync caches the response: at most an hour; zero for none. AppSync takes whole seconds: a
    /// fraction is rounded up, so that half a second is one and does not turn the cache off. A longer time is an error,
    /// which denies access and is logged.
    pub fn ttl(mut self, ttl: Duration) -> Self {
        self.0.ttl = Some(ttl);
        self
    }

    /// Returns `true` if the client is let in.
    pub fn is_allowed(&self) -> bool {
        self.0.is_authorized
    }
}

impl Serialize for Access {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.0.serialize(serializer, "handlerContext", &[])
    }
}

/// The context may be personal: only the names are shown.
impl fmt::Debug for Access {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Access")
            .field("is_allowed", &self.is_allowed())
            .field("context", &self.0.context.keys().collect::<Vec<_>>())
            .field("ttl", &self.0.ttl)
            .finish()
    }
}

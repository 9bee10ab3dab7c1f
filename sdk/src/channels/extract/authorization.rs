//! [`Authorization`]: the request to the Lambda authorizer of an Events API.

use std::fmt;

use serde::Deserialize;

use super::super::context::Operation;
use crate::appsync_request::authorizer::{bearer, decode, denied_on_failure};
use crate::appsync_request::headers::RequestHeaders;
use crate::core::error::FunctionError;
use crate::core::from_event::{FromEvent, Wrap};
use crate::core::json::or_default;
use crate::core::raw::Incoming;

/// A request to the Lambda authorizer of an Events API, as the last argument of a function that returns
/// [`Access`](crate::channels::Access).
///
/// AppSync calls it when a client connects, subscribes and publishes, unless the response is cached for the operation, the
/// channel and the token. An authorizer that fails, panics, or does not finish before its deadline denies access, and the
/// reason is logged. The format is that of <https://docs.aws.amazon.com/appsync/latest/eventapi/configure-event-api-auth.html>.
///
/// # Example
///
/// ```no_run
/// use std::time::Duration;
/// use pilaster::channels::{Access, Authorization, Operation};
/// use pilaster::{BoxError, lambda_handler};
///
/// #[lambda_handler]
/// async fn authorize(request: Authorization) -> Result<Access, BoxError> {
///     let is_reader = request.token() == "reader";
///     Ok(match request.operation() {
///         Operation::Publish if is_reader => Access::deny(),
///         _ => Access::allow().context("role", if is_reader { "reader" } else { "writer" }),
///     }
///     .ttl(Duration::from_secs(60)))
/// }
/// ```
#[derive(Clone)]
pub struct Authorization {
    event: AuthorizationEvent,
    headers: RequestHeaders,
}

#[derive(Clone, Deserialize)]
#[serde(rename_all = "camelCase")]
struct AuthorizationEvent {
    authorization_token: String,
    request_context: Request,
}

#[derive(Clone, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Request {
    #[serde(default, deserialize_with = "or_default")]
    api_id: String,
    #[serde(default, deserialize_with = "or_default")]
    account_id: String,
    #[serde(default, deserialize_with = "or_default")]
    request_id: String,
    operation: AuthorizedOperation,
    #[serde(default)]
    channel_namespace_name: Option<String>,
    #[serde(default)]
    channel: Option<String>,
}

#[derive(Clone, Copy, Deserialize)]
enum AuthorizedOperation {
    #[serde(rename = "EVENT_CONNECT")]
    Connect,
    #[serde(rename = "EVENT_SUBSCRIBE")]
    Subscribe,
    #[serde(rename = "EVENT_PUBLISH")]
    Publish,
}

impl FromEvent for Authorization {
    const WRAP: Option<Wrap> = Some(denied_on_failure);

    fn from_event(incoming: &Incoming) -> Result<Self, FunctionError> {
        let text = incoming.event.get();
        Ok(Self { event: decode(text)?, headers: RequestHeaders::of_authorizer(text) })
    }
}

impl Authorization {
    /// Returns the token: the header `Authorization` as the client sent it.
    pub fn token(&self) -> &str {
        &self.event.authorization_token
    }

    /// Returns the [`token`](Self::token) without its prefix `Bearer`; `None` if the prefix is missing.
    pub fn bearer_token(&self) -> Option<&str> {
        bearer(self.token())
    }

    /// Returns the headers of the client's request.
    pub fn headers(&self) -> &RequestHeaders {
        &self.headers
    }

    /// Returns the operation.
    pub fn operation(&self) -> Operation {
        match self.event.request_context.operation {
            AuthorizedOperation::Connect => Operation::Connect,
            AuthorizedOperation::Subscribe => Operation::Subscribe,
            AuthorizedOperation::Publish => Operation::Publish,
        }
    }

    /// Returns the path of the channel, such as `/chat/room`; `None` when a client connects.
    pub fn channel(&self) -> Option<&str> {
        self.event.request_context.channel.as_deref()
    }

    /// Returns the namespace of the channel; `None` when a client connects.
    pub fn namespace(&self) -> Option<&str> {
        self.event.request_context.channel_namespace_name.as_deref()
    }

    /// Returns the id of the API.
    pub fn api_id(&self) -> &str {
        &self.event.request_context.api_id
    }

    /// Returns the account of the API.
    pub fn account_id(&self) -> &str {
        &self.event.request_context.account_id
    }

    /// Returns AppSync's id of the request.
    pub fn request_id(&self) -> &str {
        &self.event.request_context.request_id
    }
}

/// The token is not shown.
impl fmt::Debug for Authorization {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Authorization")
            .field("api_id", &self.api_id())
            .field("request_id", &self.request_id())
            .field("operation", &self.operation())
            .field("channel", &self.channel())
            .finish_non_exhaustive()
    }
}

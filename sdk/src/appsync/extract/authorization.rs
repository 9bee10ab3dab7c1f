//! [`Authorization`]: the request to the Lambda authorizer of a GraphQL API.

use std::fmt;

use serde::Deserialize;
use serde::de::DeserializeOwned;

use crate::appsync_request::authorizer::{bearer, decode, denied_on_failure};
use crate::appsync_request::headers::RequestHeaders;
use crate::core::error::FunctionError;
use crate::core::from_event::{FromEvent, Wrap};
use crate::core::json::{self, JsonError, or_default};
use crate::core::raw::{Incoming, RawEvent};

/// A request to the Lambda authorizer of a GraphQL API, as the last argument of a function that returns
/// [`Access`](crate::appsync::Access).
///
/// AppSync calls it before each request whose response is not cached, and waits at most 10 s. An authorizer that fails,
/// panics, or does not finish before its deadline denies access, and the reason is logged. The format is that of
/// <https://docs.aws.amazon.com/appsync/latest/devguide/security-authz.html>.
///
/// # Example
///
/// ```no_run
/// use std::time::Duration;
/// use pilaster::appsync::{Access, Authorization};
/// use pilaster::{BoxError, lambda_handler};
///
/// #[lambda_handler]
/// async fn authorize(request: Authorization) -> Result<Access, BoxError> {
///     Ok(match tenant_of(request.token()) {
///         Some(tenant) => Access::allow().context("tenant", tenant).ttl(Duration::from_secs(60)),
///         None => Access::deny().ttl(Duration::ZERO),
///     })
/// }
///
/// fn tenant_of(token: &str) -> Option<&str> {
///     token.split_once('.').map(|(tenant, _)| tenant)
/// }
/// ```
#[derive(Clone)]
pub struct Authorization {
    event: AuthorizationEvent,
    headers: RequestHeaders,
    text: RawEvent,
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
    #[serde(default, deserialize_with = "or_default")]
    query_string: String,
    #[serde(default)]
    operation_name: Option<String>,
}

impl FromEvent for Authorization {
    const WRAP: Option<Wrap> = Some(denied_on_failure);

    fn from_event(incoming: &Incoming) -> Result<Self, FunctionError> {
        let text = incoming.event.get();
        let event = decode(text)?;
        let headers = RequestHeaders::of_authorizer(text);
        Ok(Self { event, headers, text: incoming.event.clone() })
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

    /// Returns the GraphQL document of the request; empty when a WebSocket connects.
    pub fn query(&self) -> &str {
        &self.event.request_context.query_string
    }

    /// Returns the name of the operation; `None` for one without a name.
    pub fn operation_name(&self) -> Option<&str> {
        self.event.request_context.operation_name.as_deref()
    }

    /// Returns `true` when a WebSocket connects for subscriptions.
    pub fn is_connect(&self) -> bool {
        self.operation_name() == Some("DeepDish:Connect")
    }

    /// Decodes the variables of the request; missing ones are an empty object.
    ///
    /// # Errors
    ///
    /// They are not a `T`.
    pub fn variables<T: DeserializeOwned>(&self) -> Result<T, JsonError> {
        let context = json::members::member(self.text.get(), "requestContext");
        let variables = context.and_then(|context| json::members::member(context.get(), "variables"));
        let variables = variables.map(|variables| variables.get()).filter(|variables| *variables != "null");
        json::decode_by_name(variables.unwrap_or("{}").as_bytes())
    }
}

/// Tokens and variables are not shown.
impl fmt::Debug for Authorization {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Authorization")
            .field("api_id", &self.api_id())
            .field("request_id", &self.request_id())
            .field("operation_name", &self.operation_name())
            .finish_non_exhaustive()
    }
}

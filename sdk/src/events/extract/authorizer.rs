//! Lambda authorizers of API Gateway: the request is [`Authorizer`], the response a [`Policy`] or, in an HTTP API with
//! simple responses, a [`SimpleResponse`].
//!
//! | the API and its authorizer | response | no access |
//! |---|---|---|
//! | REST, of type `TOKEN` or `REQUEST` | [`Policy`] | a policy that denies: 403; [`AuthorizerError::Unauthorized`]: 401 |
//! | WebSocket | [`Policy`] | the same as REST |
//! | HTTP, payload 2.0, simple responses | [`SimpleResponse`] | [`SimpleResponse::deny`]: 403 |
//! | HTTP, payload 1.0, or 2.0 without simple responses | [`Policy`] | a policy that denies: 403 |
//!
//! Any other failure is a 500 from API Gateway, without the reason.
//!
//! # Responses are cached
//!
//! API Gateway caches the response for a token (by default for 5 minutes in REST APIs) and applies it to later requests
//! with this token, to any route. A policy that allows only the called method denies all others from then on, so allow
//! everything that the token may call, with [`MethodArn::all`] or with [`MethodArn::route`] and wildcards, or disable
//! the cache.
//!
//! # Example
//!
//! ```
//! use pilaster::Authorizer;
//! use pilaster::events::authorizer::{AuthorizerError, Policy};
//!
//! async fn authorize(request: Authorizer) -> Result<Policy, AuthorizerError> {
//!     let token = request.bearer_token().ok_or(AuthorizerError::Unauthorized)?;
//!     let user = verify(token)?; // any other error: a 500 from API Gateway
//!     Ok(Policy::allow(user, [request.arn()?.all()]).context("tenant", 7))
//! }
//!
//! fn verify(token: &str) -> Result<String, std::io::Error> {
//!     if token == "ada's" { Ok("ada".to_owned()) } else { Err(std::io::ErrorKind::PermissionDenied.into()) }
//! }
//! # let _ = pilaster::handler(authorize);
//! ```

mod arn;
#[cfg(feature = "jwt")]
mod jwt;
mod policy;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;
use std::error::Error as StdError;
use std::fmt;

use serde::Deserialize;

pub use self::arn::MethodArn;
pub use self::policy::{ContextValue, Policy, SimpleResponse};
use crate::core::error::{BoxError, FunctionError, shown};
use crate::core::json::or_default;
use crate::core::raw::Incoming;
use crate::events::extract::event::decode_object;
use crate::events::handler::FromEvent;

/// A request to a Lambda authorizer. See the [module docs](self).
///
/// The formats are those of
/// <https://docs.aws.amazon.com/apigateway/latest/developerguide/api-gateway-lambda-authorizer-input.html> and
/// <https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-lambda-authorizer.html>.
#[derive(Clone)]
pub struct Authorizer(AuthorizerEvent);

/// The kind of an authorizer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum AuthorizerKind {
    /// A REST API's authorizer that receives only a token.
    Token,
    /// A REST API's authorizer, or that of an HTTP API with payload 1.0, that receives the whole request.
    Request,
    /// A WebSocket API's authorizer, which receives the connect request.
    WebSocket,
    /// An HTTP API's authorizer with payload 2.0.
    Http,
}

/// The fields of all formats.
#[derive(Clone, Deserialize)]
#[serde(rename_all = "camelCase")]
struct AuthorizerEvent {
    #[serde(default)]
    version: Option<String>,
    #[serde(default)]
    r#type: Option<String>,
    #[serde(default)]
    method_arn: Option<String>,
    #[serde(default)]
    route_arn: Option<String>,
    #[serde(default)]
    authorization_token: Option<String>,
    #[serde(default)]
    identity_source: Option<Sources>,
    #[serde(default)]
    route_key: Option<String>,
    #[serde(default)]
    path: Option<String>,
    #[serde(default)]
    raw_path: Option<String>,
    #[serde(default)]
    http_method: Option<String>,
    #[serde(default)]
    cookies: Option<Vec<String>>,
    #[serde(default)]
    headers: Option<Texts>,
    #[serde(default)]
    multi_value_headers: Option<BTreeMap<String, Option<Vec<String>>>>,
    #[serde(default)]
    query_string_parameters: Option<Texts>,
    #[serde(default)]
    path_parameters: Option<Texts>,
    #[serde(default)]
    stage_variables: Option<Texts>,
    #[serde(default, deserialize_with = "or_default")]
    request_context: RequestContext,
}

type Texts = BTreeMap<String, Option<String>>;

/// A list, or in payload 1.0 a text separated by commas.
#[derive(Clone, Deserialize)]
#[serde(untagged)]
enum Sources {
    List(Vec<String>),
    Text(String),
}

#[derive(Clone, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct RequestContext {
    request_id: Option<String>,
    connection_id: Option<String>,
    route_key: Option<String>,
    identity: Option<Client>,
    http: Option<Http>,
}

#[derive(Clone, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Client {
    #[serde(default)]
    source_ip: Option<String>,
}

#[derive(Clone, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Http {
    #[serde(default)]
    method: Option<String>,
    #[serde(default)]
    source_ip: Option<String>,
}

impl FromEvent for Authorizer {
    fn from_event(incoming: &Incoming) -> Result<Self, FunctionError> {
        let event: AuthorizerEvent = decode_object(incoming)?;
        if event.method_arn.is_none() && event.route_arn.is_none() {
            let why = "the event does not match the expected schema: missing field `methodArn`";
            return Err(FunctionError::new("InvalidEvent", why));
        }
        Ok(Self(event))
    }
}

impl Authorizer {
    /// Returns the kind of authorizer that API Gateway called.
    pub fn kind(&self) -> AuthorizerKind {
        match (self.0.r#type.as_deref(), self.0.version.as_deref()) {
            (Some("TOKEN"), _) => AuthorizerKind::Token,
            (_, Some("2.0")) => AuthorizerKind::Http,
            _ if self.0.request_context.connection_id.is_some() => AuthorizerKind::WebSocket,
            _ => AuthorizerKind::Request,
        }
    }

    /// Returns the parsed ARN of the requested method.
    ///
    /// # Errors
    ///
    /// It is not an ARN of `execute-api`.
    pub fn arn(&self) -> Result<MethodArn, AuthorizerError> {
        MethodArn::parse(self.method_arn()).ok_or_else(|| {
            let why = format!("{} is not the ARN of a method of an API", shown(self.method_arn()));
            AuthorizerError::Failed(FunctionError::new("InvalidEvent", why).into())
        })
    }

    /// Returns the ARN of the requested method, as text. The client chooses its path, which may contain a `*`
    /// that matches everything in a policy: allow your own [`MethodArn::route`] instead.
    pub fn method_arn(&self) -> &str {
        self.0.method_arn.as_deref().or(self.0.route_arn.as_deref()).unwrap_or_default()
    }

    /// Returns the token: the input of a `TOKEN` authorizer, or the header `Authorization` for the others.
    pub fn token(&self) -> Option<&str> {
        match self.kind() {
            AuthorizerKind::Token => self.0.authorization_token.as_deref(),
            _ => self.header("authorization"),
        }
    }

    /// Returns the [`token`](Self::token) without its prefix `Bearer`; `None` if the prefix is missing.
    pub fn bearer_token(&self) -> Option<&str> {
        let (scheme, token) = self.token()?.trim().split_once(' ')?;
        let token = token.trim_start();
        (scheme.eq_ignore_ascii_case("bearer") && !token.is_empty()).then_some(token)
    }

    /// Returns the values that form the key of the cache, in the order of the authorizer's identity sources.
    pub fn identity_source(&self) -> Vec<&str> {
        match &self.0.identity_source {
            None => Vec::new(),
            Some(Sources::List(sources)) => sources.iter().map(String::as_str).collect(),
            Some(Sources::Text(sources)) => sources.split(',').collect(),
        }
    }

    /// Returns a header by its case-insensitive name; the last of several values.
    pub fn header(&self, name: &str) -> Option<&str> {
        let is_it = |own: &str| own.eq_ignore_ascii_case(name);
        let single = self.0.headers.iter().flatten().find(|(own, _)| is_it(own));
        single.and_then(|(_, value)| value.as_deref()).or_else(|| {
            let (_, values) = self.0.multi_value_headers.iter().flatten().find(|(own, _)| is_it(own))?;
            values.as_ref()?.last().map(String::as_str)
        })
    }

    /// Returns a query parameter; the last of several values, or all of them, separated by commas, in an HTTP API.
    pub fn query_parameter(&self, name: &str) -> Option<&str> {
        text(&self.0.query_string_parameters, name)
    }

    /// Returns a path parameter, such as `id` in `/users/{id}`.
    pub fn path_parameter(&self, name: &str) -> Option<&str> {
        text(&self.0.path_parameters, name)
    }

    /// Returns a stage variable.
    pub fn stage_variable(&self, name: &str) -> Option<&str> {
        text(&self.0.stage_variables, name)
    }

    /// Returns the cookies as `name=value`, in an HTTP API; other APIs pass them as a [`header`](Self::header).
    pub fn cookies(&self) -> &[String] {
        self.0.cookies.as_deref().unwrap_or_default()
    }

    /// Returns the method of the request; `None` for a `TOKEN` authorizer.
    pub fn method(&self) -> Option<&str> {
        let http = self.0.request_context.http.as_ref();
        self.0.http_method.as_deref().or_else(|| http?.method.as_deref())
    }

    /// Returns the path of the request; `None` for a `TOKEN` authorizer.
    pub fn path(&self) -> Option<&str> {
        self.0.path.as_deref().or(self.0.raw_path.as_deref())
    }

    /// Returns the route: `GET /users/{id}` in an HTTP API, `$connect` in a WebSocket API.
    pub fn route_key(&self) -> Option<&str> {
        self.0.route_key.as_deref().or(self.0.request_context.route_key.as_deref())
    }

    /// Returns the connection id, in a WebSocket API.
    pub fn connection_id(&self) -> Option<&str> {
        self.0.request_context.connection_id.as_deref()
    }

    /// Returns the IP address of the client, as seen by API Gateway.
    pub fn source_ip(&self) -> Option<&str> {
        let RequestContext { identity, http, .. } = &self.0.request_context;
        let identity = identity.as_ref().and_then(|identity| identity.source_ip.as_deref());
        identity.or_else(|| http.as_ref()?.source_ip.as_deref())
    }

    /// Returns API Gateway's id of the request.
    pub fn request_id(&self) -> Option<&str> {
        self.0.request_context.request_id.as_deref()
    }
}

fn text<'a>(texts: &'a Option<Texts>, name: &str) -> Option<&'a str> {
    texts.as_ref()?.get(name)?.as_deref()
}

/// Tokens and cookies are secrets and are not shown.
impl fmt::Debug for Authorizer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Authorizer")
            .field("kind", &self.kind())
            .field("method_arn", &self.method_arn())
            .finish_non_exhaustive()
    }
}

/// The error of an authorizer. `?` converts any error into one.
#[non_exhaustive]
pub enum AuthorizerError {
    /// The client is not authenticated: REST and WebSocket APIs respond with 401. API Gateway recognises it by the
    /// exact text `Unauthorized`.
    Unauthorized,
    /// The authorizer failed: API Gateway responds with 500.
    Failed(BoxError),
}

impl<E: StdError + Send + Sync + 'static> From<E> for AuthorizerError {
    fn from(error: E) -> Self {
        Self::Failed(error.into())
    }
}

impl From<AuthorizerError> for BoxError {
    fn from(error: AuthorizerError) -> Self {
        match error {
            AuthorizerError::Unauthorized => FunctionError::new("Unauthorized", "Unauthorized").into(),
            AuthorizerError::Failed(error) => error,
        }
    }
}

impl fmt::Debug for AuthorizerError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unauthorized => f.write_str("Unauthorized"),
            Self::Failed(error) => f.debug_tuple("Failed").field(error).finish(),
        }
    }
}

impl fmt::Display for AuthorizerError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unauthorized => f.write_str("Unauthorized"),
            Self::Failed(error) => fmt::Display::fmt(error, f),
        }
    }
}

//! [`EventKind`] and [`RequestContext`]: the source of a request and its `requestContext`, which the adapter inserts
//! into the request's extensions together with the path parameters.

mod event_path;
#[cfg(test)]
mod tests;
mod text;

use std::fmt;
use std::net::IpAddr;

use axum_core::extract::FromRequestParts;
use http::request::Parts;
#[cfg(feature = "lambda-http")]
use lambda_http::request::RequestContext as TypedContext;
use serde::de::DeserializeOwned;
use serde_json::value::RawValue;

pub(crate) use self::event_path::EventPath;
pub(crate) use self::text::ContextText;
use crate::core::json::members::member;
use crate::core::source::EventSource;
use crate::http::error::HttpError;

/// The source of an HTTP event. An extractor.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum EventKind {
    /// API Gateway REST API.
    Rest,
    /// API Gateway HTTP API with payload format 1.0: the event of a REST API, with `"version": "1.0"`.
    HttpApiV1,
    /// API Gateway HTTP API with payload format 2.0, or a function URL. Both send the same event and differ in
    /// `requestContext.domainName`. An HTTP API decodes the path (`/50%25` becomes `/50%2525` in the request's URI); a
    /// function URL (`{id}.lambda-url.…`) and a server on `localhost` do not.
    HttpApi,
    /// Application Load Balancer.
    Alb {
        /// `true` if multi-value headers are enabled for its target group.
        multi_value: bool,
    },
    /// VPC Lattice, event version 1.0.
    VpcLatticeV1,
    /// VPC Lattice, event version 2.0.
    VpcLattice,
    /// API Gateway WebSocket API.
    WebSocket,
}

impl EventKind {
    /// Returns the kind of a source; `None` for one that does not send requests.
    pub(crate) fn of(source: EventSource) -> Option<Self> {
        Some(match source {
            EventSource::RestApi => Self::Rest,
            EventSource::HttpApiV1 => Self::HttpApiV1,
            EventSource::HttpApi | EventSource::FunctionUrl => Self::HttpApi,
            EventSource::Alb { multi_value } => Self::Alb { multi_value },
            EventSource::VpcLatticeV1 => Self::VpcLatticeV1,
            EventSource::VpcLattice => Self::VpcLattice,
            EventSource::WebSocketApi => Self::WebSocket,
            _ => return None,
        })
    }
}

/// The parts of the event that are not in the request itself.
#[derive(Clone)]
pub(crate) struct EventParts {
    pub(crate) kind: EventKind,
    /// `requestContext`, decoded when an extractor needs it.
    pub(crate) context: Option<ContextText>,
    pub(crate) path: EventPath,
    pub(crate) stage_variables: Vec<(String, String)>,
}

impl EventParts {
    /// Returns a value of the context: see [`RequestContext::get`].
    pub(crate) fn get<T: DeserializeOwned>(&self, path: &str) -> Option<T> {
        let (first, inner) = path.split_once('.').map_or((path, None), |(first, inner)| (first, Some(inner)));
        let value = self.context.as_ref()?.member(first)?;
        let found = match inner {
            Some(inner) => inner.split('.').try_fold(value, |object, name| member(object, name).map(RawValue::get))?,
            None => value,
        };
        serde_json::from_str(found).ok()
    }

    /// Returns the address of the caller: see [`RequestContext::source_ip`].
    pub(crate) fn source_ip(&self) -> Option<IpAddr> {
        match self.kind {
            EventKind::HttpApi => self.get("http.sourceIp"),
            EventKind::Rest | EventKind::HttpApiV1 | EventKind::WebSocket => self.get("identity.sourceIp"),
            EventKind::Alb { .. } | EventKind::VpcLatticeV1 | EventKind::VpcLattice => None,
        }
    }
}

/// What `lambda_http` takes from an event unchanged, in the extensions of the request.
#[cfg(feature = "lambda-http")]
#[derive(Clone)]
pub(crate) struct AsInEvent {
    /// Then the body is a `Body::Binary`.
    pub(crate) was_base64: bool,
    /// Otherwise it is `Body::Empty`.
    pub(crate) had_body: bool,
    pub(crate) path: String,
    pub(crate) path_parameters: Vec<(String, String)>,
}

/// The path parameters of the event, decoded.
#[derive(Clone, Debug, Default)]
pub(crate) struct PathParams(pub(crate) Vec<(String, String)>);

/// The name of a path parameter with invalid escapes: a 400 only when the function extracts it, so that the layers run.
#[derive(Clone, Debug)]
pub(crate) struct BrokenPathParam(pub(crate) String);

pub(crate) fn outside() -> HttpError {
    HttpError::internal("the request does not come from a Lambda event")
}

impl<S: Send + Sync> FromRequestParts<S> for EventKind {
    type Rejection = HttpError;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, HttpError> {
        parts.extensions.get::<EventParts>().map(|event| event.kind).ok_or_else(outside)
    }
}

/// The source's `requestContext`: the caller, the API and the stage. An extractor.
///
/// A value is decoded when it is read.
///
/// # Example
///
/// ```
/// use pilaster::http::RequestContext;
///
/// async fn caller(context: RequestContext) -> String {
///     let stage: Option<String> = context.get("stage");
///     format!("{:?} calls the stage {stage:?}", context.source_ip())
/// }
/// # let _ = caller;
/// ```
#[derive(Clone)]
pub struct RequestContext {
    event: EventParts,
}

/// Shows only the source: the context contains claims, keys and addresses.
impl fmt::Debug for RequestContext {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RequestContext").field("kind", &self.event.kind).finish_non_exhaustive()
    }
}

impl RequestContext {
    /// Returns the context of a request.
    ///
    /// # Errors
    ///
    /// The request does not come from a Lambda event.
    pub(crate) fn of(parts: &Parts) -> Result<Self, HttpError> {
        let event = parts.extensions.get::<EventParts>().ok_or_else(outside)?.clone();
        Ok(Self { event })
    }

    /// Returns the source of the event.
    pub fn kind(&self) -> EventKind {
        self.event.kind
    }

    /// Returns the context as JSON text.
    pub fn raw(&self) -> &RawValue {
        match &self.event.context {
            Some(text) => text.raw(),
            None => empty(),
        }
    }

    /// Returns the value at a path of field names joined by dots, such as `http.sourceIp`; `None` if it is missing or
    /// not a `T`.
    pub fn get<T: DeserializeOwned>(&self, path: &str) -> Option<T> {
        self.event.get(path)
    }

    /// Returns the address of the connection to the API or the function URL, which AWS has seen: that of the client, or of
    /// a proxy before the API, such as CloudFront. A header, such as `X-Forwarded-For`, is never read: the caller can send
    /// one.
    ///
    /// `None` behind a load balancer and behind VPC Lattice, whose events have the address only in `X-Forwarded-For`: a
    /// load balancer [appends] it to what the caller sent, so at most the last entry is its own. `None` also for a test
    /// in the console of a REST API.
    ///
    /// | source | field of `requestContext` |
    /// |---|---|
    /// | [HTTP API, function URL][http-api] | `http.sourceIp` |
    /// | [REST API][rest-api], HTTP API with format 1.0, [WebSocket API][websocket] | `identity.sourceIp` |
    ///
    /// # Example
    ///
    /// ```
    /// use pilaster::http::{HttpError, RequestContext};
    /// use pilaster::testing::{Caller, http};
    ///
    /// async fn hello(context: RequestContext) -> Result<String, HttpError> {
    ///     let ip = context.source_ip().ok_or_else(|| HttpError::forbidden("the address is not known"))?;
    ///     Ok(if ip.is_loopback() { "a local run" } else { "an API" }.to_owned())
    /// }
    ///
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), pilaster::BoxError> {
    /// let response = Caller::new(pilaster::handler(hello)).send(http::get("/")).await?;
    /// assert_eq!(response.status(), 200);
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// [appends]: https://docs.aws.amazon.com/elasticloadbalancing/latest/application/x-forwarded-headers.html
    /// [http-api]: https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-develop-integrations-lambda.html
    /// [rest-api]: https://docs.aws.amazon.com/apigateway/latest/developerguide/set-up-lambda-proxy-integrations.html
    /// [websocket]: https://docs.aws.amazon.com/apigateway/latest/developerguide/apigateway-websocket-api-mapping-template-reference.html
    pub fn source_ip(&self) -> Option<IpAddr> {
        self.event.source_ip()
    }

    /// Returns a stage variable of API Gateway.
    pub fn stage_variable(&self, name: &str) -> Option<&str> {
        self.event.stage_variables.iter().find(|(n, _)| n == name).map(|(_, value)| value.as_str())
    }

    /// Returns the beginning of the URL's path that the request's path does not have: the base path of a custom domain,
    /// or the stage in a URL of API Gateway's own. It is empty if there is neither.
    ///
    /// | the client's URL | the request's path | the base path |
    /// |---|---|---|
    /// | `https://api.example.com/v1/users`, mapped by `v1` | `/users` | `/v1` |
    /// | `https://{id}.execute-api.{region}.amazonaws.com/prod/users` | `/users` | `/prod` |
    /// | `https://api.example.com/users` | `/users` | |
    ///
    /// It is also empty where the event does not show it: behind the `$default` route of an HTTP API without
    /// [`Stack::base_path`](crate::http::Stack::base_path), and if an HTTP API behind a custom domain has a named stage
    /// and its path begins with that.
    pub fn base_path(&self) -> String {
        let stage = || self.event.path.stage_of_rest(&self.get::<String>("path")?, &self.get::<String>("stage")?);
        let stage = matches!(self.event.kind, EventKind::Rest | EventKind::HttpApiV1).then(stage).flatten();
        format!("{}{}", stage.unwrap_or_default(), self.event.path.base)
    }

    /// Returns the path of this API in the client's form, with the [base path](Self::base_path): for `Location`, links
    /// and the `servers` of an OpenAPI document. A text without `/` at its beginning, such as a URL, and one with `//`
    /// are returned unchanged.
    ///
    /// # Example
    ///
    /// ```
    /// use pilaster::http::{Created, Json, RequestContext};
    ///
    /// async fn create(context: RequestContext, Json(name): Json<String>) -> Created<String> {
    ///     Created::at(context.with_base_path("/users/7"), name) // `Location: /v1/users/7` behind the mapping `v1`
    /// }
    /// # let _ = create;
    /// ```
    pub fn with_base_path(&self, path: &str) -> String {
        if !path.starts_with('/') || path.starts_with("//") {
            return path.to_owned();
        }
        self.base_path() + path
    }

    #[cfg(feature = "lambda-http")]
    pub(crate) fn stage_variables(&self) -> &[(String, String)] {
        &self.event.stage_variables
    }

    /// Returns the whole context as `lambda_http`'s type, with feature `lambda-http`.
    ///
    /// # Example
    ///
    /// ```
    /// use lambda_http::request::RequestContext as Typed;
    /// use pilaster::http::{HttpError, RequestContext};
    ///
    /// async fn source_ip(context: RequestContext) -> Result<Option<String>, HttpError> {
    ///     Ok(match context.typed()? {
    ///         Typed::ApiGatewayV2(context) => context.http.source_ip,
    ///         Typed::ApiGatewayV1(context) => context.identity.source_ip,
    ///         _ => None,
    ///     })
    /// }
    /// # let _ = source_ip;
    /// ```
    ///
    /// # Errors
    ///
    /// A 500 if it does not match the format that AWS documents; the log names the field. VPC Lattice 1.0 has no such
    /// type.
    #[cfg(feature = "lambda-http")]
    pub fn typed(&self) -> Result<TypedContext, HttpError> {
        let text = self.raw().get();
        let typed = match self.event.kind {
            EventKind::Rest | EventKind::HttpApiV1 => serde_json::from_str(text).map(TypedContext::ApiGatewayV1),
            EventKind::HttpApi => serde_json::from_str(text).map(TypedContext::ApiGatewayV2),
            EventKind::Alb { .. } => serde_json::from_str(text).map(TypedContext::Alb),
            EventKind::VpcLattice | EventKind::VpcLatticeV1 => serde_json::from_str(text).map(TypedContext::VpcLattice),
            EventKind::WebSocket => serde_json::from_str(text).map(TypedContext::WebSocket),
        };
        Ok(typed?)
    }
}

/// Returns the context of an event without one.
fn empty() -> &'static RawValue {
    serde_json::from_str("{}").unwrap_or(RawValue::NULL)
}

impl<S: Send + Sync> FromRequestParts<S> for RequestContext {
    type Rejection = HttpError;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, HttpError> {
        Self::of(parts)
    }
}

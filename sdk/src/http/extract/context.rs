//! [`EventKind`] and [`RequestContext`]: the source of a request and its `requestContext`, which the adapter inserts
//! into the request's extensions together with the path parameters.

mod text;

use std::fmt;

use axum_core::extract::FromRequestParts;
use http::request::Parts;
#[cfg(feature = "lambda-http")]
use lambda_http::request::RequestContext as TypedContext;
use serde::de::DeserializeOwned;
use serde_json::value::RawValue;

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
    pub(crate) stage_variables: Vec<(String, String)>,
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
/// async fn source_ip(context: RequestContext) -> String {
///     // Of an HTTP API or a function URL, or else of a REST API.
///     let ip = context.get("http.sourceIp").or_else(|| context.get("identity.sourceIp"));
///     ip.unwrap_or_default()
/// }
/// # let _ = source_ip;
/// ```
#[derive(Clone)]
pub struct RequestContext {
    kind: EventKind,
    text: ContextText,
    stage_variables: Vec<(String, String)>,
}

/// Shows only the source: the context contains claims, keys and addresses.
impl fmt::Debug for RequestContext {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RequestContext").field("kind", &self.kind).finish_non_exhaustive()
    }
}

impl RequestContext {
    /// Returns the context of a request.
    ///
    /// # Errors
    ///
    /// The request does not come from a Lambda event.
    pub(crate) fn of(parts: &Parts) -> Result<Self, HttpError> {
        let event = parts.extensions.get::<EventParts>().ok_or_else(outside)?;
        let text = event.context.clone().or_else(|| ContextText::parse("{}")).ok_or_else(outside)?;
        Ok(Self { kind: event.kind, text, stage_variables: event.stage_variables.clone() })
    }

    /// Returns the source of the event.
    pub fn kind(&self) -> EventKind {
        self.kind
    }

    /// Returns the context as JSON text.
    pub fn raw(&self) -> &RawValue {
        self.text.raw()
    }

    /// Returns the value at a path of field names joined by dots, such as `http.sourceIp`; `None` if it is missing or
    /// not a `T`.
    pub fn get<T: DeserializeOwned>(&self, path: &str) -> Option<T> {
        let (first, inner) = path.split_once('.').map_or((path, None), |(first, inner)| (first, Some(inner)));
        let value = self.text.member(first)?;
        let found = match inner {
            Some(inner) => inner.split('.').try_fold(value, |object, name| member(object, name).map(RawValue::get))?,
            None => value,
        };
        serde_json::from_str(found).ok()
    }

    /// Returns a stage variable of API Gateway.
    pub fn stage_variable(&self, name: &str) -> Option<&str> {
        self.stage_variables.iter().find(|(n, _)| n == name).map(|(_, value)| value.as_str())
    }

    #[cfg(feature = "lambda-http")]
    pub(crate) fn stage_variables(&self) -> &[(String, String)] {
        &self.stage_variables
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
        let text = self.text.get();
        let typed = match self.kind {
            EventKind::Rest | EventKind::HttpApiV1 => serde_json::from_str(text).map(TypedContext::ApiGatewayV1),
            EventKind::HttpApi => serde_json::from_str(text).map(TypedContext::ApiGatewayV2),
            EventKind::Alb { .. } => serde_json::from_str(text).map(TypedContext::Alb),
            EventKind::VpcLattice | EventKind::VpcLatticeV1 => serde_json::from_str(text).map(TypedContext::VpcLattice),
            EventKind::WebSocket => serde_json::from_str(text).map(TypedContext::WebSocket),
        };
        Ok(typed?)
    }
}

impl<S: Send + Sync> FromRequestParts<S> for RequestContext {
    type Rejection = HttpError;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, HttpError> {
        Self::of(parts)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_value_is_found_by_its_path() {
        let text = ContextText::parse(r#"{"a":{"b":[1]},"http":{"sourceIp":"::1","x":null}}"#).unwrap();
        let context = RequestContext { kind: EventKind::HttpApi, text, stage_variables: Vec::new() };
        assert_eq!(context.get::<String>("http.sourceIp").as_deref(), Some("::1"));
        assert_eq!(context.get::<Vec<u8>>("a.b"), Some(vec![1]));
        assert_eq!(context.get::<String>("http.none"), None);
        assert_eq!(context.get::<u8>("a.b.c"), None);
    }
}

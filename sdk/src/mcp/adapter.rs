//! From an HTTP request to a message, and from an answer to a response.

mod accept;
mod origin;

pub(super) use self::origin::check as check_origin;

use std::sync::Arc;

use axum_core::response::Response;
use bytes::Bytes;
use http::request::Parts;
use http::{HeaderMap, Method, Request, StatusCode, header};
use http_body_util::{BodyExt as _, Limited};

use super::error::RpcError;
use super::message::{Message, Params};
use super::methods::{self, Refused};
use super::response::{answered, empty, failed};
use super::settings::Settings;
use crate::core::error::{BoxError, log};
use crate::core::limits::PAYLOAD_LIMIT;
use crate::core::raw::RawEvent;

impl Settings {
    /// Answers a request.
    pub(super) async fn respond<B>(&self, request: Request<B>) -> Response
    where
        B: http_body::Body<Data = Bytes> + Send + 'static,
        B::Error: Into<BoxError>,
    {
        if let Some(mistake) = &self.mistake {
            tracing::error!(error = &**mistake, "the MCP server is configured wrongly: no request is served");
            return failed(None, &RpcError::internal(StatusCode::INTERNAL_SERVER_ERROR, "internal error"));
        }
        let (parts, body) = request.into_parts();
        let body = match self.admit(&parts) {
            Ok(()) => read(body).await,
            Err(error) => Err(error),
        };
        match body {
            Ok(body) => self.respond_to(parts, &body).await,
            Err(error) => failed(None, &error),
        }
    }

    /// Checks what does not need the body.
    fn admit(&self, parts: &Parts) -> Result<(), RpcError> {
        if !origin::is_allowed(parts, &self.origins) {
            let message = "the origin is not allowed: allow it by `mcp::Server::allow_origins`";
            return Err(RpcError::refused(StatusCode::FORBIDDEN, message));
        }
        if parts.method != Method::POST {
            return Err(RpcError::refused(StatusCode::METHOD_NOT_ALLOWED, "only POST is supported"));
        }
        if !accept::takes_answers(&parts.headers) {
            let message = "`Accept` must have `application/json` and `text/event-stream`";
            return Err(RpcError::refused(StatusCode::NOT_ACCEPTABLE, message));
        }
        if !is_json(&parts.headers) {
            let message = "`Content-Type` must be `application/json`, without a `Content-Encoding`";
            return Err(RpcError::refused(StatusCode::UNSUPPORTED_MEDIA_TYPE, message));
        }
        Ok(())
    }

    async fn respond_to(&self, parts: Parts, body: &RawEvent) -> Response {
        let message = match Message::parse(body.get()) {
            Ok(message) => message,
            Err(unreadable) => return failed(unreadable.id, &unreadable.error),
        };
        let Some(method) = &message.method else {
            // It is a response, although this server asks its clients nothing.
            return empty(StatusCode::ACCEPTED);
        };
        let Some(id) = message.id else {
            return empty(StatusCode::ACCEPTED);
        };
        let params = match Params::parse(message.params) {
            Ok(params) => params,
            Err(error) => return failed(Some(id), &error),
        };
        let request = methods::Request { parts: Arc::new(parts), body, id, method, params };
        match self.answer(request).await {
            Ok(answer) => answered(answer),
            Err(Refused::Error(error)) => failed(Some(id), &error),
            #[cfg(feature = "jwt")]
            Err(Refused::Scopes(scopes)) => super::response::lacks_scopes(id, scopes),
        }
    }
}

/// Reads the body, up to the largest that Lambda delivers.
async fn read<B>(body: B) -> Result<RawEvent, RpcError>
where
    B: http_body::Body<Data = Bytes> + Send + 'static,
    B::Error: Into<BoxError>,
{
    let read = Limited::new(body, PAYLOAD_LIMIT).collect().await;
    let bytes = read.map_err(|error| {
        if error.is::<http_body_util::LengthLimitError>() {
            return RpcError::refused(StatusCode::PAYLOAD_TOO_LARGE, "the body is larger than 6 MB");
        }
        log(&*error, |error| tracing::warn!(error, "the body of a request could not be read"));
        RpcError::invalid_request("the body could not be read")
    })?;
    RawEvent::delivered(bytes.to_bytes()).map_err(|_| RpcError::not_json())
}

/// Returns `true` for a JSON body, also without a `Content-Type`.
fn is_json(headers: &HeaderMap) -> bool {
    let is_encoded = headers.get(header::CONTENT_ENCODING).is_some_and(|coding| coding != "identity");
    let is_json = headers.get(header::CONTENT_TYPE).is_none_or(|value| {
        let media_type = value.to_str().unwrap_or_default().split(';').next().unwrap_or_default().trim();
        media_type.eq_ignore_ascii_case("application/json")
    });
    is_json && !is_encoded
}

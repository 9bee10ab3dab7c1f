//! The bodies of requests and of responses, checked by JSON Schema.
//!
//! A request without a payload passes, such as the `$disconnect` of a WebSocket: the extractor decides if it needs one.

use std::pin::Pin;
use std::task::{Context, Poll};

use axum_core::body::Body;
use axum_core::extract::FromRequest as _;
use axum_core::response::{IntoResponse, Response};
use bytes::Bytes;
use http::{HeaderMap, Method, Request, StatusCode, header};
use http_body_util::{BodyExt as _, Limited};
use serde_json::Value;
use tower::Service;

use crate::core::error::BoxError;
use crate::core::limits::PAYLOAD_LIMIT;
use crate::http::error::{FieldError, HttpError, Rejection};
use crate::http::extract::Json;
use crate::http::extract::json::{check_headers, is_json};
use crate::json_schema::{Mismatch, SchemaLayer, SchemaService};

/// The name of a response in the log.
const RESPONSE: &str = "the response";

/// Returns the request with the body that was checked.
async fn checked(layer: &SchemaLayer, request: Request<Body>) -> Result<Request<Body>, Rejection> {
    let (parts, body) = request.into_parts();
    let body = Bytes::from_request(Request::from_parts(parts.clone(), body), &()).await?;
    let announces_body = matches!(parts.method, Method::POST | Method::PUT | Method::PATCH)
        && parts.headers.contains_key(header::CONTENT_TYPE);
    if announces_body || !body.is_empty() {
        // A body that is not JSON is rejected as by the extractor.
        check_headers(&parts.headers)?;
        let Json(value) = Json::<Value>::from_bytes(&body)?;
        layer.check_incoming(&value, "the request body").map_err(rejection)?;
    }
    Ok(Request::from_parts(parts, Body::from(body)))
}

fn rejection(mismatch: Mismatch) -> Rejection {
    let fields = mismatch.violations().iter().map(|at| FieldError::new(at.pointer(), at.detail()));
    let rejection =
        Rejection::new(StatusCode::UNPROCESSABLE_ENTITY, "the request body does not match the expected schema");
    fields.fold(rejection, Rejection::with_field)
}

/// Returns the response, or a 500 in its place.
async fn checked_response(layer: &SchemaLayer, response: Response, is_head: bool) -> Response {
    let status = response.status();
    let has_body = !is_head && status != StatusCode::NO_CONTENT && status != StatusCode::RESET_CONTENT;
    if !status.is_success() || !has_body {
        return response;
    }
    let (parts, body) = response.into_parts();
    let body = match Limited::new(body, PAYLOAD_LIMIT).collect().await {
        Ok(body) => body.to_bytes(),
        Err(error) => return HttpError::internal(error).into_response(),
    };
    let readable = match is_plain_json(&parts.headers) {
        true => Ok(()),
        false => Err(Mismatch::whole(RESPONSE, "its media type is not JSON, or it is encoded")),
    };
    match readable.and_then(|()| layer.check_outgoing(&body, RESPONSE)) {
        Ok(()) => Response::from_parts(parts, Body::from(body)),
        Err(mismatch) => HttpError::internal(mismatch).into_response(),
    }
}

fn is_plain_json(headers: &HeaderMap) -> bool {
    is_json(headers) && !headers.contains_key(header::CONTENT_ENCODING)
}

impl<S, B> Service<Request<Body>> for SchemaService<S>
where
    S: Service<Request<Body>, Response = http::Response<B>> + Clone + Send + 'static,
    S::Error: Send,
    S::Future: Send,
    B: http_body::Body<Data = Bytes> + Send + 'static,
    B::Error: Into<BoxError>,
{
    type Response = Response;
    type Error = S::Error;
    type Future = Pin<Box<dyn Future<Output = Result<Response, S::Error>> + Send>>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        self.inner.poll_ready(cx)
    }

    fn call(&mut self, mut request: Request<Body>) -> Self::Future {
        let (mut inner, layer) = (self.take_ready(), self.layer.clone());
        Box::pin(async move {
            if layer.checks_incoming() {
                request = match checked(&layer, request).await {
                    Ok(request) => request,
                    Err(rejection) => return Ok(rejection.into_response()),
                };
            }
            let is_head = request.method() == Method::HEAD;
            let response = inner.call(request).await?.map(Body::new);
            match layer.checks_outgoing() {
                true => Ok(checked_response(&layer, response, is_head).await),
                false => Ok(response),
            }
        })
    }
}

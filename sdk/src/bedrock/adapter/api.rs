//! A router that answers the routes of an OpenAPI action group.

use std::panic::AssertUnwindSafe;
use std::time::Duration;

use axum_core::body::Body;
use bytes::Bytes;
use futures_util::FutureExt;
use http::{Request, Response, header};
use http_body_util::{BodyExt, LengthLimitError, Limited};
use tower::util::BoxCloneSyncService;
use tower::{Service, ServiceExt};

use super::encode::ApiResult;
use crate::core::deadline::{DeadlineExceeded, until};
use crate::core::error::{BoxError, log};
use crate::core::invocation::Invocation;
use crate::core::limits::PAYLOAD_LIMIT;
use crate::core::panic::{Cancellable, contained};
use crate::tools::error::INVALID;

/// A service of requests whose type is erased.
pub(crate) type Api = BoxCloneSyncService<Request<Body>, Response<Body>, BoxError>;

/// Erases the type of a service.
pub(crate) fn erased<S, B>(service: S) -> Api
where
    S: Service<Request<Body>, Response = Response<B>, Error: Into<BoxError>, Future: Send + 'static>
        + Clone
        + Send
        + Sync
        + 'static,
    B: http_body::Body<Data = Bytes, Error: Into<BoxError>> + Send + 'static,
{
    BoxCloneSyncService::new(service.map_err(Into::into).map_response(|response| response.map(Body::new)))
}

/// Calls the router and reads its response. An error and a panic are a 500, the deadline is a 504.
pub(super) async fn call(
    api: Api,
    request: Request<Body>,
    invocation: &Invocation,
    margin: Option<Duration>,
) -> ApiResult {
    let until = margin.and_then(|margin| until(invocation, margin));
    let called = Cancellable::new(AssertUnwindSafe(read(api, request)).catch_unwind());
    let called = match until {
        None => called.await,
        Some((at, time)) => match tokio::time::timeout_at(at, called).await {
            Ok(called) => called,
            Err(_) => {
                return late(&DeadlineExceeded::after(time));
            }
        },
    };
    match called {
        Ok(Ok(result)) => result,
        Ok(Err(error)) => {
            log(&*error, |error| tracing::error!(error, "the request failed"));
            // For an error of a layer whose `Drop` panics.
            contained(|| drop(error));
            problem(500, "Internal Server Error", None)
        }
        Err(payload) => {
            // The payload of a panic may panic again when it is dropped.
            contained(|| drop(payload));
            tracing::error!(error_type = "Panic", error = "the router panicked", "the request failed");
            problem(500, "Internal Server Error", None)
        }
    }
}

/// Logs a request that is late, and returns its response.
pub(super) fn late(exceeded: &DeadlineExceeded) -> ApiResult {
    tracing::error!(error_type = "Timeout", error = %exceeded, "the request failed");
    problem(504, "Gateway Timeout", None)
}

/// Logs a request whose parameters or properties do not fit, marks the span of the invocation, and returns the response. Its
/// sentence is for the model, and names may be the model's.
pub(super) fn refused(wrong: &str) -> ApiResult {
    tracing::info!(error_type = INVALID, "the arguments do not fit the route");
    #[cfg(feature = "otel")]
    crate::observe::traces::span::set_failed(INVALID);
    problem(400, "Bad Request", Some(wrong))
}

/// Returns a problem (RFC 9457).
pub(super) fn problem(status: u16, title: &str, detail: Option<&str>) -> ApiResult {
    let mut problem = serde_json::json!({ "title": title, "status": status });
    if let Some(detail) = detail {
        problem["detail"] = detail.into();
    }
    ApiResult { status, media_type: "application/problem+json".to_owned(), body: problem.to_string() }
}

async fn read(api: Api, request: Request<Body>) -> Result<ApiResult, BoxError> {
    let (parts, body) = api.oneshot(request).await?.into_parts();
    let body =
        Limited::new(body, PAYLOAD_LIMIT).collect().await.map_err(|error| match error.is::<LengthLimitError>() {
            true => format!("the body of the response is larger than {PAYLOAD_LIMIT} bytes").into(),
            false => error,
        })?;
    let body = String::from_utf8(body.to_bytes().into())
        .map_err(|_| "the body of the response is not text, which an agent requires")?;
    let media_type = parts.headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok());
    let is_error = parts.status.is_client_error() || parts.status.is_server_error();
    if is_error && media_type.is_none() && body.is_empty() {
        // As a router answers an unknown route: an empty text is not the JSON that it would be declared as.
        return Ok(problem(parts.status.as_u16(), parts.status.canonical_reason().unwrap_or("Error"), None));
    }
    let media_type = media_type.and_then(|value| value.split(';').next()).map(str::trim).unwrap_or("application/json");
    Ok(ApiResult { status: parts.status.as_u16(), media_type: media_type.to_owned(), body })
}

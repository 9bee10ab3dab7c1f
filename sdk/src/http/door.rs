//! The HTTP door: from the event's text to an [`http::Request`] and from the [`http::Response`] to the form that the event
//! source expects.
//!
//! It sits between the raw landing (logs, secrets) and the typed hall (security headers, CORS, errors, the function).
//! The event is parsed once: one look at its discriminating fields says which of API Gateway's REST API and HTTP API, a
//! function URL, an Application Load Balancer, VPC Lattice or a WebSocket API sent it. What cannot be decoded is answered
//! here: 400 where the source is known, a [`FunctionError`] where the event is no HTTP event at all. So is a response that is
//! larger than the 6 MB that Lambda takes, or the 1 MB of a load balancer: with a 500 that keeps the CORS headers. The answer to
//! `HEAD` has no body, so that a function for `GET` answers it too.

mod credentials;
mod decode;
mod encode;
mod fault;
mod signs;
#[cfg(feature = "otel")]
mod traced;
mod wire;

use std::fmt;
use std::panic::AssertUnwindSafe;
use std::pin::Pin;
use std::task::{Context, Poll};

use axum_core::body::Body;
use bytes::Bytes;
use futures_util::FutureExt;
use http::{HeaderMap, Method, Request, Response, header};
use http_body_util::{BodyExt, LengthLimitError, Limited};
use tower::Service;

use crate::deadline::{MARGIN, until};
use crate::error::{BoxError, FunctionError};
use crate::event::{Incoming, Invocation, PAYLOAD_LIMIT, RawResponse};
use crate::http::context::{EventKind, EventParts};
use crate::http::deadline::{self, DeadlineFuture};
use crate::http::error::HttpError;
use crate::http::error_layer::log_failure;

/// The HTTP door around a typed hall. See the [module docs](self).
#[derive(Clone)]
pub struct Door<S> {
    hall: S,
}

impl<S> Door<S> {
    /// The door to this hall.
    pub fn new(hall: S) -> Self {
        Self { hall }
    }
}

impl<S> fmt::Debug for Door<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Door").finish_non_exhaustive()
    }
}

impl<S, B> Service<Incoming> for Door<S>
where
    S: Service<Request<Body>, Response = Response<B>> + Clone + Send + 'static,
    S::Error: Into<BoxError>,
    S::Future: Send,
    B: http_body::Body<Data = Bytes> + Send + 'static,
    B::Error: Into<BoxError>,
{
    type Response = RawResponse;
    type Error = FunctionError;
    type Future = Pin<Box<dyn Future<Output = Result<RawResponse, FunctionError>> + Send>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), FunctionError>> {
        // The hall is asked in `call`: an error of its readiness is an answer, not the end of the process.
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, incoming: Incoming) -> Self::Future {
        let streaming = incoming.invocation.is_streaming().then(|| incoming.invocation.clone());
        // The layer that watches over the time has its answer before the body of the answer is there.
        let until = until(&incoming.invocation, MARGIN);
        let decoded = decode::decode(incoming);
        let mut hall = self.hall.clone();
        Box::pin(async move {
            let (kind, request) = match decoded {
                Ok(decoded) => decoded,
                Err(decode::Refused::NotHttp(error)) => return Err(error),
                Err(decode::Refused::Malformed(kind, mut error)) => {
                    log_failure(&mut error, None);
                    return answer(kind, streaming.filter(|_| can_stream(kind, None)).as_ref(), &error);
                }
            };
            let streaming = streaming.filter(|_| can_stream(kind, domain(&request).as_deref()));
            #[cfg(feature = "otel")]
            traced::began(&request);
            let head_only = request.method() == Method::HEAD;
            let answered = async {
                std::future::poll_fn(|cx| hall.poll_ready(cx)).await.map_err(failed)?;
                let (parts, body) = hall.call(request).await.map_err(failed)?.into_parts();
                // Dropped unread: what would make it, compression too, does not begin.
                let body = if head_only { Body::empty() } else { Body::new(body) };
                if let Some(invocation) = &streaming {
                    let head = parts.clone();
                    invocation.leave_response(Response::from_parts(parts, body));
                    return Ok((head, Ok(Bytes::new())));
                }
                // More of it cannot be sent, and a body may have no end.
                let body = DeadlineFuture::new(Limited::new(body, limit(kind)).collect(), until).await;
                Ok::<_, HttpError>((parts, body.map(|body| body.to_bytes())))
            };
            match AssertUnwindSafe(answered).catch_unwind().await {
                Ok(Ok((parts, Err(error)))) if error.is::<LengthLimitError>() => {
                    too_large(kind, parts.headers, format!("more than {}", limit(kind)))
                }
                Ok(Ok((parts, Err(error)))) => instead(kind, parts.headers, &failed(error)),
                Ok(Ok((parts, Ok(body)))) => {
                    let response = encode::encode(kind, &parts, &body)?;
                    match response.get().len() {
                        length if length <= limit(kind) => {
                            #[cfg(feature = "otel")]
                            traced::ended(parts.status);
                            Ok(response)
                        }
                        length => too_large(kind, parts.headers, length.to_string()),
                    }
                }
                Ok(Err(error)) => answer(kind, streaming.as_ref(), &error),
                // The function's own panics are caught below; here it is a layer's or a body's, and still an answer.
                Err(_) => answer(kind, streaming.as_ref(), &HttpError::panic()),
            }
        })
    }
}

/// A failure that no room below answered: logged here.
fn failed(error: impl Into<BoxError>) -> HttpError {
    let mut error = deadline::answer(error.into());
    log_failure(&mut error, None);
    error
}

/// The largest response in bytes as JSON. A load balancer answers 502 to a larger one, and only its own log tells why
/// (<https://docs.aws.amazon.com/elasticloadbalancing/latest/application/lambda-functions.html>).
fn limit(kind: EventKind) -> usize {
    match kind {
        EventKind::Alb { .. } => 1024 * 1024,
        _ => PAYLOAD_LIMIT,
    }
}

/// The 500 in place of a response that Lambda, or the load balancer, would refuse. What the layers put on it stays; what told of its body goes.
fn too_large(kind: EventKind, headers: HeaderMap, length: String) -> Result<RawResponse, FunctionError> {
    let taker = if let EventKind::Alb { .. } = kind { "a load balancer" } else { "Lambda" };
    let error = failed(format!("the response has {length} bytes as JSON; {taker} takes {}", limit(kind)));
    instead(kind, headers, &error)
}

/// An error in place of a response, with what the layers put on that.
fn instead(kind: EventKind, mut headers: HeaderMap, error: &HttpError) -> Result<RawResponse, FunctionError> {
    for name in [
        header::ACCEPT_RANGES,
        header::CACHE_CONTROL,
        header::CONTENT_DISPOSITION,
        header::CONTENT_ENCODING,
        header::CONTENT_LANGUAGE,
        header::CONTENT_LENGTH,
        header::CONTENT_LOCATION,
        header::CONTENT_RANGE,
        header::ETAG,
        header::EXPIRES,
        header::LAST_MODIFIED,
        header::LOCATION,
        header::SET_COOKIE,
    ] {
        headers.remove(name);
    }
    let (mut parts, body) = error.render().into_parts();
    headers.extend(parts.headers);
    parts.headers = headers;
    #[cfg(feature = "otel")]
    traced::ended(parts.status);
    encode::encode(kind, &parts, body.as_bytes())
}

/// Whether who sent this event can be answered by a stream: a REST API and a function URL, whose events look the same either
/// way. An HTTP API cannot, and has the same form of event, so the domain decides.
fn can_stream(kind: EventKind, domain: Option<&str>) -> bool {
    match kind {
        EventKind::Rest => true,
        EventKind::HttpApi => {
            domain.is_some_and(|domain| domain.contains(".lambda-url.") || domain.starts_with("localhost"))
        }
        _ => false,
    }
}

/// The domain that API Gateway or the function URL has by itself, or a custom one.
fn domain(request: &Request<Body>) -> Option<String> {
    request.extensions().get::<EventParts>()?.get("domainName")
}

fn answer(kind: EventKind, streaming: Option<&Invocation>, error: &HttpError) -> Result<RawResponse, FunctionError> {
    let (parts, body) = error.render().into_parts();
    #[cfg(feature = "otel")]
    traced::ended(parts.status);
    if let Some(invocation) = streaming {
        let body = Bytes::copy_from_slice(body.as_bytes());
        invocation.leave_response(Response::from_parts(parts.clone(), Body::from(body)));
    }
    encode::encode(kind, &parts, body.as_bytes())
}

#[cfg(test)]
mod tests {
    use std::time::{Duration, SystemTime};

    use futures_util::stream;
    use serde_json::value::RawValue;
    use tower::ServiceExt;

    use super::*;

    async fn answered(body: fn() -> Body) -> serde_json::Value {
        let mut context = lambda_runtime::Context::default();
        let at = SystemTime::now() + Duration::from_secs(5);
        context.deadline = at.duration_since(SystemTime::UNIX_EPOCH).unwrap().as_millis() as u64;
        let event = serde_json::json!({
            "version": "2.0", "rawPath": "/", "requestContext": { "http": { "method": "GET", "path": "/" } },
        });
        let event = RawValue::from_string(event.to_string()).unwrap();
        let hall = tower::service_fn(move |_: Request<Body>| {
            let response = Response::builder().header("access-control-allow-origin", "*").body(body()).unwrap();
            std::future::ready(Ok::<_, std::convert::Infallible>(response))
        });
        let answer = Door::new(hall).oneshot(Incoming { event, invocation: Invocation::new(context) }).await.unwrap();
        serde_json::from_str(answer.get()).unwrap()
    }

    #[tokio::test(start_paused = true)]
    async fn a_body_that_hangs_or_has_no_end_is_answered_in_time() {
        let hangs = answered(|| Body::from_stream(stream::pending::<Result<Bytes, BoxError>>()));
        let hangs = tokio::time::timeout(Duration::from_secs(6), hangs).await.expect("in time");
        assert_eq!(
            (&hangs["statusCode"], &hangs["headers"]["access-control-allow-origin"]),
            (&504.into(), &"*".into())
        );
        let endless = answered(|| {
            Body::from_stream(stream::repeat_with(|| Ok::<_, BoxError>(Bytes::from_static(&[b'a'; 65536]))))
        });
        assert_eq!(endless.await["statusCode"], 500);
    }

    #[tokio::test]
    async fn a_function_url_and_a_rest_api_are_answered_by_a_stream_and_an_http_api_as_a_whole() {
        let url = serde_json::json!({ "domainName": "u.lambda-url.eu-central-1.on.aws", "http": { "method": "GET", "path": "/" } });
        let api = serde_json::json!({ "domainName": "a.execute-api.eu-central-1.amazonaws.com", "http": { "method": "GET", "path": "/" } });
        for (event, streamed) in [
            (serde_json::json!({ "version": "2.0", "rawPath": "/", "requestContext": url }), true),
            (serde_json::json!({ "version": "2.0", "rawPath": "/", "requestContext": api }), false),
            (serde_json::json!({ "resource": "/", "path": "/", "httpMethod": "GET", "requestContext": {} }), true),
        ] {
            let invocation = Invocation::new(lambda_runtime::Context::default()).streaming();
            let hall = tower::service_fn(async |_: Request<Body>| {
                Ok::<_, std::convert::Infallible>(Response::new(Body::from("a")))
            });
            let raw = RawValue::from_string(event.to_string()).unwrap();
            Door::new(hall).oneshot(Incoming { event: raw, invocation: invocation.clone() }).await.unwrap();
            assert_eq!(invocation.take_response().is_some(), streamed, "{event}");
        }
    }
}

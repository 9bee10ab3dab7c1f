//! The HTTP door: from the event's text to an [`http::Request`] and from the [`http::Response`] to the form that the event
//! source expects.
//!
//! It sits between the raw landing (logs, secrets) and the typed hall (security headers, CORS, errors, the function).
//! The event is parsed once: one look at its discriminating fields says which of API Gateway's REST API and HTTP API, a
//! function URL, an Application Load Balancer, VPC Lattice or a WebSocket API sent it. What cannot be decoded is answered
//! here: 400 where the source is known, a [`FunctionError`] where the event is no HTTP event at all. So is a response that is
//! larger than the 6 MB that Lambda takes: with a 500 that keeps the CORS headers.

mod decode;
mod encode;
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
use http::{HeaderMap, Request, Response, header};
use http_body_util::BodyExt;
use tower::Service;

use crate::error::{BoxError, FunctionError};
use crate::event::{Incoming, Invocation, PAYLOAD_LIMIT, RawResponse};
use crate::http::context::EventKind;
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
            let streaming = streaming.filter(|_| can_stream(kind, request.uri().host()));
            #[cfg(feature = "otel")]
            traced::began(&request);
            let answered = async {
                std::future::poll_fn(|cx| hall.poll_ready(cx)).await.map_err(failed)?;
                let (parts, body) = hall.call(request).await.map_err(failed)?.into_parts();
                if let Some(invocation) = &streaming {
                    let head = parts.clone();
                    invocation.leave_response(Response::from_parts(parts, Body::new(body)));
                    return Ok((head, Bytes::new()));
                }
                let body = body.collect().await.map_err(failed)?.to_bytes();
                Ok::<_, HttpError>((parts, body))
            };
            match AssertUnwindSafe(answered).catch_unwind().await {
                Ok(Ok((parts, body))) => {
                    let response = encode::encode(kind, &parts, &body)?;
                    match response.get().len() {
                        0..=PAYLOAD_LIMIT => {
                            #[cfg(feature = "otel")]
                            traced::ended(parts.status);
                            Ok(response)
                        }
                        length => too_large(kind, parts.headers, length),
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
    let mut error = HttpError::from_boxed(error.into());
    log_failure(&mut error, None);
    error
}

/// The 500 in place of a response that Lambda would refuse. What the layers put on it stays; what told of its body goes.
fn too_large(kind: EventKind, mut headers: HeaderMap, length: usize) -> Result<RawResponse, FunctionError> {
    let error = failed(format!("the response has {length} bytes as JSON; Lambda takes {PAYLOAD_LIMIT}"));
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

/// Whether who sent this event can be answered by a stream: a function URL and a REST API, which looks the same either way.
fn can_stream(kind: EventKind, host: Option<&str>) -> bool {
    match kind {
        EventKind::Rest => true,
        EventKind::HttpApi => !host.is_some_and(|host| host.contains(".execute-api.")),
        _ => false,
    }
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

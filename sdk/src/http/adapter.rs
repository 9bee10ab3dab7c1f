//! The adapter of HTTP functions: it converts the text of the event to an [`http::Request`], and the [`http::Response`]
//! to the form of the event source.
//!
//! It is between the raw layers (logs, secrets) and the layers of the function (security headers, CORS, errors). The
//! event and its `requestContext` are parsed once each: the discriminating fields determine which of API Gateway's REST
//! API and HTTP API, a function URL, an Application Load Balancer, VPC Lattice or a WebSocket API sent it. An event of
//! another source fails as a [`FunctionError`]. If the source is known and the event cannot be decoded (an invalid
//! `host`, a body that is not valid base64), a rejected request goes through the layers:
//! [`ErrorLayer`](crate::http::ErrorLayer), or the [`CatchPanicLayer`](crate::http::CatchPanicLayer) around the
//! function, responds with a 400, and the layers above add their headers. Your own layers below the error layer, and
//! the function, do not see it; others see a body that cannot be read.
//!
//! On the way back:
//!
//! - An error that no error layer has seen is rendered and logged as by
//!   [`ErrorLayer::new`](crate::http::ErrorLayer::new).
//! - Fields about one connection are removed: `Connection` and the fields that it lists, `Keep-Alive`,
//!   `Proxy-Connection`, `TE`, `Trailer`, `Transfer-Encoding`, `Upgrade` ([RFC 9110,
//!   7.6.1](https://www.rfc-editor.org/rfc/rfc9110#section-7.6.1)), and `Content-Length`, which the gateway counts
//!   itself.
//! - A response to `HEAD` has no body, so that a function for `GET` handles it too; nor has one with a status 1xx, 204,
//!   205 or 304.
//! - A body that is UTF-8 and has no `Content-Encoding` is sent as text, any other one in base64; so is text whose
//!   control characters make it too large as JSON. A **REST API decodes base64 only for the media types in its
//!   [`binaryMediaTypes`](https://docs.aws.amazon.com/apigateway/latest/developerguide/api-gateway-payload-encodings.html)**
//!   (`*/*` for all): without them the client of an image or of a compressed response gets the base64 text. The other
//!   sources always decode it.
//! - A body that fails, panics or does not end in time, and a response that is larger than the 6 MB limit of Lambda,
//!   the 1 MB limit of a load balancer or the 128 KB limit of a WebSocket message, becomes a 500 or 504 that keeps the
//!   headers of the layers, such as CORS. If the headers alone are too large, it keeps those of CORS, and others up to
//!   8 KB. The size of a [streamed](crate::http::streaming) response is not checked.

mod call;
mod decode;
mod detect;
mod encode;
mod event;
mod locate;
mod path;
mod refused;
#[cfg(feature = "otel")]
mod spans;
#[cfg(any(debug_assertions, feature = "local", feature = "testing"))]
pub(crate) mod synthesize;
#[cfg(test)]
mod tests;
mod uri;

use std::fmt;
use std::future::ready;
use std::pin::Pin;
use std::task::{Context, Poll};

use axum_core::body::Body;
use axum_core::response::Response;
use bytes::Bytes;
use http::response::Parts;
use http::{HeaderMap, HeaderValue, Request, StatusCode, header};
use tower::Service;

use crate::core::deadline::{MARGIN, until};
use crate::core::error::{BoxError, FunctionError};
use crate::core::limits::{LOAD_BALANCER_LIMIT, PAYLOAD_LIMIT, WEBSOCKET_MESSAGE_LIMIT};
use crate::core::panic::{caught, contained};
#[cfg(feature = "mcp")]
use crate::core::raw::DescribesFailure;
use crate::core::raw::{Incoming, Outgoing};
use crate::http::encoded_length::base64_length;
use crate::http::error::{self, HttpError, Malformed, Renderer};
use crate::http::extract::context::EventKind;
use crate::http::framing;
use crate::http::layers::deadline;
use crate::http::layers::error_layer::{self, RequestLine, log_failure};
use crate::http::streaming::{Streamed, ToStream};

/// A service of raw events around a service of HTTP requests. See the [module docs](self).
pub struct HttpAdapter<S> {
    /// `None` after a panic of its `Clone`: each request of this copy then gets a 500.
    inner: Option<S>,
    /// A pointer, so that the binary of a function that does not stream contains none of it.
    stream: Option<ToStream>,
}

impl<S> HttpAdapter<S> {
    /// Wraps a service of HTTP requests.
    pub fn new(inner: S) -> Self {
        Self { inner: Some(inner), stream: None }
    }
}

impl<S> HttpAdapter<S> {
    /// Streams the responses to sources that support streams.
    pub(crate) fn streaming(mut self, stream: ToStream) -> Self {
        self.stream = Some(stream);
        self
    }
}

impl<S: Clone> Clone for HttpAdapter<S> {
    fn clone(&self) -> Self {
        // For a service whose `Clone` panics: the runtime clones the function for each invocation.
        Self { inner: caught(|| self.inner.clone()).flatten(), stream: self.stream }
    }
}

impl<S> Drop for HttpAdapter<S> {
    fn drop(&mut self) {
        let inner = self.inner.take();
        // For a service whose `Drop` panics.
        contained(|| drop(inner));
    }
}

impl<S> fmt::Debug for HttpAdapter<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("HttpAdapter").finish_non_exhaustive()
    }
}

impl<S, B> Service<Incoming> for HttpAdapter<S>
where
    S: Service<Request<Body>, Response = Response<B>> + Clone + Send + 'static,
    S::Error: Into<BoxError>,
    S::Future: Send,
    B: http_body::Body<Data = Bytes> + Send + 'static,
    B::Error: Into<BoxError>,
{
    type Response = Outgoing;
    type Error = FunctionError;
    type Future = Pin<Box<dyn Future<Output = Result<Outgoing, FunctionError>> + Send>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), FunctionError>> {
        // `call` polls the inner service: an error here would end the process.
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, incoming: Incoming) -> Self::Future {
        // The deadline layer has responded before the body of the response is read.
        let until = until(&incoming.invocation, MARGIN);
        let (source, mut request, malformed) = match decode::decode(&incoming) {
            Ok((source, request)) => (source, request, None),
            Err(decode::Undecodable::NotHttp(error)) => return Box::pin(ready(Err(error))),
            Err(decode::Undecodable::Malformed(source, error)) => {
                (source, refused::request(&incoming, source.kind), Some(error))
            }
        };
        let kind = source.kind;
        let streaming = self.stream.filter(|_| source.can_stream()).map(|stream| (stream, incoming.invocation.clone()));
        drop(incoming);
        // For a service whose `Clone` panics, as above: `call` clones it too.
        let inner = caught(|| self.inner.clone()).flatten();
        Box::pin(async move {
            let malformed = malformed.map(|mut error| {
                log_failure(&mut error, None);
                request.extensions_mut().insert(Malformed(error.clone()));
                error
            });
            if streaming.is_some() {
                request.extensions_mut().insert(Streamed);
            } else {
                #[cfg(feature = "mcp")]
                if let Some(invocation) = request.extensions_mut().get_mut::<crate::core::invocation::Invocation>() {
                    invocation.limit_response(body_limit(kind));
                }
            }
            #[cfg(feature = "otel")]
            spans::began(&request);
            // `ErrorLayer` builds its own: an extension costs more, and a layer may have changed the path.
            let line = RequestLine::of(&request);
            let result = call::call_layers(inner, request, until).await;
            let mut response = error_layer::complete(result, &line);
            if let Some(error) = malformed.filter(|_| !line.is_preflight() && response.status().as_u16() < 400) {
                // A service of another crate has responded as if the request were well-formed.
                let headers = std::mem::take(response.headers_mut());
                let renderer = response.extensions_mut().remove::<Renderer>();
                let replacement = rendered(headers, renderer.as_ref(), &error);
                let unsent = std::mem::replace(&mut response, replacement);
                // For a response whose body or extensions panic in `Drop`.
                contained(|| drop(unsent));
            }
            let (mut parts, body) = response.into_parts();
            #[cfg(feature = "mcp")]
            let has_failed = parts.extensions.get::<DescribesFailure>().is_some();
            #[cfg(not(feature = "mcp"))]
            let has_failed = false;
            framing::strip(&mut parts.headers);
            let has_body = line.has_body() && framing::has_content(parts.status);
            // Dropped unread, so that its producers, such as compression, do not start.
            let body = if has_body { body } else { call::without(&mut parts, body) };
            if let Some((stream, invocation)) = streaming {
                #[cfg(feature = "otel")]
                spans::ended(parts.status);
                call::clear(&mut parts.extensions);
                return Ok(stream(Response::from_parts(parts, body), &invocation));
            }
            let read = call::read(&mut parts, body, body_limit(kind), until).await;
            let renderer = parts.extensions.remove::<Renderer>();
            call::clear(&mut parts.extensions);
            let error = match read {
                Ok(body) => match encode_within_limit(kind, &parts, &body)? {
                    Ok(response) => return Ok(response.describing_failure(has_failed)),
                    Err(length) => too_large(kind, limit(kind), format_args!("{length}")),
                },
                Err(call::Unread::TooLarge) => {
                    let limit = body_limit(kind);
                    too_large(kind, limit, format_args!("more than {limit}"))
                }
                Err(call::Unread::Failed(error)) => failed(error),
                Err(call::Unread::Panicked) => HttpError::panic(),
            };
            // Boxed, since few responses end here.
            Box::pin(error_response(kind, parts.headers, renderer, error, line.has_body(), until)).await
        })
    }
}

/// Returns the source that this adapter detects.
#[cfg(all(test, feature = "http", feature = "records", feature = "otel"))]
pub(crate) fn detected(event: &str) -> Option<EventKind> {
    let event = crate::RawEvent::parse(event).ok()?;
    let invocation = crate::core::invocation::Invocation::new(lambda_runtime::Context::default());
    match decode::decode(&Incoming { event, invocation }) {
        Ok((source, _)) | Err(decode::Undecodable::Malformed(source, _)) => Some(source.kind),
        Err(decode::Undecodable::NotHttp(_)) => None,
    }
}

/// Encodes the response in the form of its source, or returns its length if it exceeds the source's limit.
fn encode_within_limit(kind: EventKind, parts: &Parts, body: &[u8]) -> Result<Result<Outgoing, usize>, FunctionError> {
    let mut response = encode::encode(kind, parts, body)?;
    if response.get().len() > limit(kind) && base64_length(body.len()) <= limit(kind) {
        // Text of many control characters, each of which is six as JSON, is smaller in base64.
        response = encode::encode_as_base64(kind, parts, body)?;
    }
    match response.get().len() {
        length if length <= limit(kind) => {
            #[cfg(feature = "otel")]
            spans::ended(parts.status);
            Ok(Ok(Outgoing::from(response).describing_failure(is_error(parts.status))))
        }
        length => Ok(Err(length)),
    }
}

fn is_error(status: StatusCode) -> bool {
    status.is_client_error() || status.is_server_error()
}

/// Logs a failure that no inner layer responded to.
fn failed(error: impl Into<BoxError>) -> HttpError {
    let mut error = deadline::layer_error(error.into());
    log_failure(&mut error, None);
    error
}

/// Returns the maximum size of a response in bytes as JSON. A load balancer responds with a 502 to a larger one, and
/// only its own log has the reason
/// (<https://docs.aws.amazon.com/elasticloadbalancing/latest/application/lambda-functions.html>).
fn limit(kind: EventKind) -> usize {
    match kind {
        EventKind::Alb { .. } => LOAD_BALANCER_LIMIT,
        _ => PAYLOAD_LIMIT,
    }
}

/// Returns the maximum size of a response body in bytes.
fn body_limit(kind: EventKind) -> usize {
    match kind {
        EventKind::WebSocket => WEBSOCKET_MESSAGE_LIMIT,
        _ => limit(kind),
    }
}

/// Renders the 500 in place of a response that Lambda, the load balancer or the WebSocket API would reject.
fn too_large(kind: EventKind, limit: usize, length: fmt::Arguments<'_>) -> HttpError {
    failed(match (kind, limit) {
        (EventKind::Alb { .. }, _) => {
            format!("the response has {length} bytes as JSON; the limit of a load balancer is {limit}")
        }
        (EventKind::WebSocket, WEBSOCKET_MESSAGE_LIMIT) => {
            format!("the response has {length} bytes; the limit of a WebSocket message is {limit}")
        }
        _ => format!("the response has {length} bytes as JSON; the limit of Lambda is {limit}"),
    })
}

/// Renders an error in place of a response that cannot be sent.
async fn error_response(
    kind: EventKind,
    headers: HeaderMap,
    renderer: Option<Renderer>,
    error: HttpError,
    has_body: bool,
    until: call::Until,
) -> Result<Outgoing, FunctionError> {
    if let Some(renderer) = renderer {
        let (mut parts, body) = rendered(headers.clone(), Some(&renderer), &error).into_parts();
        // The body of the renderer is user code, and may fail or be too large.
        if let Ok(body) = call::read(&mut parts, body, body_limit(kind), until).await {
            call::clear(&mut parts.extensions);
            let has_body = has_body && framing::has_content(parts.status);
            if let Ok(response) = encode_within_limit(kind, &parts, if has_body { &body } else { &[] })? {
                return Ok(response);
            }
        }
    }
    let (mut parts, body) = rendered(headers, None, &error).into_parts();
    let body = if has_body { body } else { Body::empty() };
    let body = call::read(&mut parts, body, body_limit(kind), None).await.unwrap_or_default();
    if let Ok(response) = encode_within_limit(kind, &parts, &body)? {
        return Ok(response);
    }
    framing::shorten(&mut parts.headers);
    #[cfg(feature = "otel")]
    spans::ended(parts.status);
    encode::encode(kind, &parts, &body).map(|response| Outgoing::from(response).describing_failure(true))
}

/// Renders an error in place of a response with these headers: those of the layers stay, those about its content are
/// removed. A response that may be stored for a time becomes an error that may not be.
fn rendered(mut headers: HeaderMap, renderer: Option<&Renderer>, error: &HttpError) -> Response {
    let is_stored = headers.contains_key(header::CACHE_CONTROL);
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
    if is_stored {
        headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    }
    let mut response = error::rendered(renderer, error);
    headers.extend(std::mem::take(response.headers_mut()));
    *response.headers_mut() = headers;
    response
}

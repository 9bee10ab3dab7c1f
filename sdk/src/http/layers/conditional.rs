//! Conditional requests (RFC 9110, section 13): a client that has the current response gets a 304, and a client that
//! would overwrite another client's change gets a 412.
//!
//! [`ConditionalLayer`] is for reads: it adds an `ETag`, a hash of the body, to responses to `GET` and `HEAD` unless
//! the function sets one, and evaluates `If-None-Match`, `If-Match`, `If-Modified-Since` and `If-Unmodified-Since`. The
//! function runs each time: only the transfer is saved. The layer goes inside compression ([`Stack::conditional`] puts
//! it there).
//!
//! [`Preconditions`] is for writes: only the function knows the current version, so it evaluates them.
//!
//! [`Stack::conditional`]: crate::http::Stack::conditional
//!
//! # Example
//!
//! ```
//! use http::Request;
//! use pilaster::http::{Body, Response, conditional::ConditionalLayer};
//! use tower::{Layer, Service, ServiceExt, service_fn};
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let list = service_fn(async |_: Request<Body>| Ok::<_, std::convert::Infallible>(Response::new(Body::from("[1, 2]"))));
//! let mut service = ConditionalLayer::new().layer(list);
//!
//! let first = service.call(Request::default()).await?;
//! let tag = &first.headers()["etag"];
//! let again = service.call(Request::builder().header("if-none-match", tag).body(Body::empty())?).await?;
//! assert_eq!(again.status(), 304);
//! # Ok(())
//! # }
//! ```
//!
//! An update that is rejected if another client was faster:
//!
//! ```
//! use pilaster::http::{HttpError, NoContent, Preconditions, headers::ETag};
//!
//! async fn rename(preconditions: Preconditions) -> Result<NoContent, HttpError> {
//!     let version = 7; // of the row in the database
//!     let tag: ETag = format!("\"{version}\"").parse()?;
//!     preconditions.required()?.check(Some(&tag))?; // 428 without `If-Match`, 412 with another tag
//!     Ok(NoContent)
//! }
//! # let _ = rename;
//! ```

mod preconditions;
#[cfg(test)]
mod tests;

use std::panic::AssertUnwindSafe;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::{Duration, SystemTime};

use axum_core::body::Body;
use axum_core::response::Response;
use axum_extra::headers::{ETag, HeaderMapExt, LastModified};
use bytes::Bytes;
use futures_util::FutureExt;
use http::{Extensions, HeaderMap, HeaderValue, Method, Request, StatusCode, header};
use http_body_util::BodyExt;
use sha2::{Digest, Sha256};
use tokio::time::Instant;
use tower::{Layer, Service};

use self::preconditions::Outcome;
pub use self::preconditions::Preconditions;
use crate::core::deadline::{MARGIN, until};
use crate::core::error::BoxError;
use crate::core::invocation::Invocation;
use crate::core::panic::{Cancellable, contained};
use crate::http::encoded_length::is_readable;
use crate::http::error::{self, HttpError, Renderer};
use crate::http::layers::deadline;

/// Layer that applies [`Conditional`]. See the [module docs](self).
#[derive(Clone, Debug)]
#[must_use]
pub struct ConditionalLayer {
    generate: bool,
}

impl ConditionalLayer {
    /// Adds an `ETag` to responses to `GET` and `HEAD` that have none.
    pub fn new() -> Self {
        Self { generate: true }
    }

    /// Sets whether an `ETag` is added to responses without one, which costs a SHA-256 of the body.
    pub fn generate_etags(mut self, generate: bool) -> Self {
        self.generate = generate;
        self
    }
}

impl Default for ConditionalLayer {
    fn default() -> Self {
        Self::new()
    }
}

impl<S> Layer<S> for ConditionalLayer {
    type Service = Conditional<S>;

    fn layer(&self, inner: S) -> Conditional<S> {
        Conditional { inner, generate: self.generate }
    }
}

/// Service that responds to conditional requests. See the [module docs](self).
#[derive(Clone, Debug)]
pub struct Conditional<S> {
    inner: S,
    generate: bool,
}

impl<S, R, B> Service<Request<R>> for Conditional<S>
where
    S: Service<Request<R>, Response = http::Response<B>>,
    S::Future: Send + 'static,
    S::Error: Send,
    B: http_body::Body<Data = Bytes> + Send + 'static,
    B::Error: Into<BoxError>,
{
    type Response = Response;
    type Error = S::Error;
    type Future = Pin<Box<dyn Future<Output = Result<Response, S::Error>> + Send>>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), Self::Error>> {
        self.inner.poll_ready(cx)
    }

    fn call(&mut self, request: Request<R>) -> Self::Future {
        let reads = matches!(*request.method(), Method::GET | Method::HEAD);
        let preconditions = reads.then(|| Preconditions::read(request.headers(), request.method()));
        let generate = self.generate;
        let until = request.extensions().get::<Invocation>().and_then(|invocation| until(invocation, MARGIN));
        let future = self.inner.call(request);
        Box::pin(async move {
            let response = future.await?.map(Body::new);
            match preconditions {
                Some(preconditions) if response.status() == StatusCode::OK => {
                    let response = if generate { tagged(response, until).await } else { response };
                    Ok(evaluated(&preconditions, response))
                }
                _ => Ok(response),
            }
        })
    }
}

/// Adds an `ETag` to a response. A stream gets none: its content is unknown before it is sent.
async fn tagged(response: Response, until: Option<(Instant, Duration)>) -> Response {
    // A router may have removed the body of a response to `HEAD`, which had another tag.
    if !is_readable(response.body()) || response.headers().contains_key(header::ETAG) {
        return response;
    }
    let (mut parts, body) = response.into_parts();
    // A body that panics or hangs becomes an error here, inside the layers that add headers.
    let reading = Cancellable::new(deadline::ResponseFuture::new(body.collect(), until));
    let body = match AssertUnwindSafe(reading).catch_unwind().await {
        Ok(Ok(body)) => body.to_bytes(),
        Ok(Err(error)) => return failed(deadline::layer_error(error), &mut parts.extensions),
        Err(_) => return failed(HttpError::panic(), &mut parts.extensions),
    };
    if let Ok(tag) = HeaderValue::from_str(&hash(&body)) {
        parts.headers.insert(header::ETAG, tag);
    }
    Response::from_parts(parts, Body::from(body))
}

/// Renders an error as the inner layers chose; the adapter, or an outer error layer, logs it.
fn failed(error: HttpError, extensions: &mut Extensions) -> Response {
    let renderer = extensions.remove::<Renderer>();
    let mut response = error::rendered(renderer.as_ref(), &error);
    if let Some(renderer) = renderer {
        response.extensions_mut().insert(renderer);
    }
    response.extensions_mut().insert(error);
    contained(|| extensions.clear());
    response
}

/// Returns half of the SHA-256 as an entity tag, which is long enough to avoid collisions.
fn hash(body: &[u8]) -> String {
    let digest = Sha256::digest(body);
    let hex = digest.iter().take(16).fold(String::with_capacity(34), |mut hex, byte| {
        const DIGITS: &[u8; 16] = b"0123456789abcdef";
        hex.push(char::from(DIGITS[usize::from(byte >> 4)]));
        hex.push(char::from(DIGITS[usize::from(byte & 15)]));
        hex
    });
    format!("\"{hex}\"")
}

/// Replaces a response whose preconditions do not hold with a 304 or a 412.
fn evaluated(preconditions: &Preconditions, mut response: Response) -> Response {
    let tag = response.headers().typed_get::<ETag>();
    let changed = response.headers().typed_get::<LastModified>().map(SystemTime::from);
    let outcome = preconditions.evaluate(true, tag.as_ref(), changed);
    if outcome == Outcome::Proceed {
        return response;
    }
    // An outer layer must not serialize the value that the function returned.
    #[cfg(feature = "negotiation")]
    response.extensions_mut().remove::<crate::http::layers::negotiation::Unwritten>();
    if outcome == Outcome::Failed {
        let error = HttpError::precondition_failed("the resource has changed; fetch it again");
        let (parts, body) = failed(error, response.extensions_mut()).into_parts();
        *response.status_mut() = parts.status;
        *response.extensions_mut() = parts.extensions;
        replace(&mut response, body);
        remove_content_headers(response.headers_mut());
        response.headers_mut().extend(parts.headers);
        return response;
    }
    *response.status_mut() = StatusCode::NOT_MODIFIED;
    replace(&mut response, Body::empty());
    remove_content_headers(response.headers_mut());
    response
}

/// Removes a body that is not sent, and catches a panic of its drop.
fn replace(response: &mut Response, body: Body) {
    let unsent = std::mem::replace(response.body_mut(), body);
    contained(|| drop(unsent));
}

/// Removes the headers that describe a body that is not sent.
fn remove_content_headers(headers: &mut HeaderMap) {
    for name in [
        header::CONTENT_ENCODING,
        header::CONTENT_LANGUAGE,
        header::CONTENT_LENGTH,
        header::CONTENT_RANGE,
        header::CONTENT_TYPE,
        header::TRANSFER_ENCODING,
    ] {
        headers.remove(name);
    }
}

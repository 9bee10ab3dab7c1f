//! Conditional requests (RFC 9110, section 13): a client that has the answer already gets 304, one that would overwrite the work of
//! another 412.
//!
//! [`ConditionalLayer`] is for what is read: it gives the answers to `GET` and `HEAD` an `ETag`, a hash of the body, where the function
//! set none, and answers `If-None-Match`, `If-Match`, `If-Modified-Since` and `If-Unmodified-Since`. The function runs each time; what is
//! saved is the way to the client. It stands within compression ([`Stack::conditional`] puts it there).
//!
//! [`Preconditions`] is for what is written: only the function knows which version there is now, so it asks.
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
//! A change that is refused if somebody else was faster:
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

#[cfg(test)]
mod tests;

use std::panic::AssertUnwindSafe;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::{Duration, SystemTime};

use axum_core::body::Body;
use axum_core::extract::FromRequestParts;
use axum_core::response::Response;
use axum_extra::headers::{ETag, HeaderMapExt, IfMatch, IfModifiedSince, IfNoneMatch, IfUnmodifiedSince, LastModified};
use bytes::Bytes;
use futures_util::FutureExt;
use http::request::Parts;
use http::{Extensions, HeaderMap, HeaderValue, Method, Request, StatusCode, header};
use http_body::Body as _;
use http_body_util::BodyExt;
use sha2::{Digest, Sha256};
use tokio::time::Instant;
use tower::{Layer, Service};

use crate::core::deadline::{Cancellable, MARGIN, contained, until};
use crate::core::error::BoxError;
use crate::core::invocation::Invocation;
use crate::core::raw::PAYLOAD_LIMIT;
use crate::http::error::{self, HttpError, Renderer};
use crate::http::layers::deadline::{self, DeadlineFuture};

/// Layer that applies [`Conditional`]. See the [module docs](self).
#[derive(Clone, Debug)]
#[must_use]
pub struct ConditionalLayer {
    generate: bool,
}

impl ConditionalLayer {
    /// Answers to `GET` and `HEAD` get an `ETag` where they have none.
    pub fn new() -> Self {
        Self { generate: true }
    }

    /// Whether answers without an `ETag` get one. It costs a SHA-256 of the body.
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

/// Service that answers conditional requests. See the [module docs](self).
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
        let answered = self.inner.call(request);
        Box::pin(async move {
            let response = answered.await?.map(Body::new);
            match preconditions {
                Some(preconditions) if response.status() == StatusCode::OK => {
                    let response = if generate { tagged(response, until).await } else { response };
                    Ok(preconditions.answer(response))
                }
                _ => Ok(response),
            }
        })
    }
}

/// The response with an `ETag`. A stream has none: its bytes are not known before it is sent.
async fn tagged(response: Response, until: Option<(Instant, Duration)>) -> Response {
    let size = response.body().size_hint().exact();
    // The body that a router took from the answer to `HEAD` had another tag.
    let known = size.is_some_and(|size| size > 0 && size <= PAYLOAD_LIMIT as u64);
    if !known || response.headers().contains_key(header::ETAG) {
        return response;
    }
    let (mut parts, body) = response.into_parts();
    // A panic of the body, or a body that hangs, is an answer here, below the layers that add headers to it.
    let reading = Cancellable::new(DeadlineFuture::new(body.collect(), until));
    let body = match AssertUnwindSafe(reading).catch_unwind().await {
        Ok(Ok(body)) => body.to_bytes(),
        Ok(Err(error)) => return failed(deadline::answer(error), &mut parts.extensions),
        Err(_) => return failed(HttpError::panic(), &mut parts.extensions),
    };
    if let Ok(tag) = HeaderValue::from_str(&hash(&body)) {
        parts.headers.insert(header::ETAG, tag);
    }
    Response::from_parts(parts, Body::from(body))
}

/// An error in the form that the layers within chose; the adapter, or an error layer around this one, logs it.
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

/// Half of the bytes' SHA-256: no two bodies have the same, nor can anybody make two.
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

/// What must be true of the present state for a request to be carried out: `If-Match`, `If-None-Match`, `If-Unmodified-Since` and
/// `If-Modified-Since`. See the [module docs](self).
#[derive(Clone, Debug)]
pub struct Preconditions {
    reads: bool,
    /// `Some(None)` is a header that is ill-formed: it matches nothing.
    if_match: Option<Option<IfMatch>>,
    /// Likewise; it also keeps `If-Modified-Since` from being looked at.
    if_none_match: Option<Option<IfNoneMatch>>,
    if_unmodified_since: Option<IfUnmodifiedSince>,
    if_modified_since: Option<IfModifiedSince>,
}

/// What becomes of a request by its preconditions.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Verdict {
    CarryOut,
    NotModified,
    Failed,
}

impl Preconditions {
    fn read(headers: &HeaderMap, method: &Method) -> Self {
        Self {
            reads: matches!(*method, Method::GET | Method::HEAD),
            if_match: headers.contains_key(header::IF_MATCH).then(|| headers.typed_get()),
            if_none_match: headers.contains_key(header::IF_NONE_MATCH).then(|| headers.typed_get()),
            if_unmodified_since: headers.typed_get(),
            if_modified_since: headers.typed_get(),
        }
    }

    /// Refuses a request without `If-Match`: nobody overwrites what they have not seen.
    ///
    /// # Errors
    ///
    /// 428, as RFC 6585 has it.
    pub fn required(self) -> Result<Self, HttpError> {
        match self.if_match {
            Some(_) => Ok(self),
            None => Err(HttpError::precondition_required("send `If-Match` with the `ETag` of what you read")),
        }
    }

    /// Whether a change may be made to what has this tag now; `None` is "there is no such thing yet".
    /// `If-None-Match: *` thus creates and never overwrites.
    ///
    /// # Errors
    ///
    /// 412.
    pub fn check(&self, current: Option<&ETag>) -> Result<(), HttpError> {
        self.check_with(current, None)
    }

    /// The same where the time of the last change is known; a tag goes before a time.
    ///
    /// # Errors
    ///
    /// 412.
    pub fn check_with(&self, current: Option<&ETag>, changed: Option<SystemTime>) -> Result<(), HttpError> {
        let exists = current.is_some() || changed.is_some();
        match self.verdict(exists, current, changed) {
            Verdict::Failed => {
                Err(HttpError::precondition_failed("it is not as the request expects it; read it again"))
            }
            // The layer answers, when it sees the response.
            Verdict::CarryOut | Verdict::NotModified => Ok(()),
        }
    }

    /// The order of RFC 9110, section 13.2.2.
    fn verdict(&self, exists: bool, tag: Option<&ETag>, changed: Option<SystemTime>) -> Verdict {
        let holds = match (&self.if_match, &self.if_unmodified_since) {
            (Some(Some(expected)), _) if expected.is_any() => exists,
            (Some(expected), _) => {
                expected.as_ref().zip(tag).is_some_and(|(expected, tag)| expected.precondition_passes(tag))
            }
            (None, Some(since)) => changed.is_none_or(|changed| since.precondition_passes(changed)),
            (None, None) => true,
        };
        if !holds {
            return Verdict::Failed;
        }
        let new = match (&self.if_none_match, &self.if_modified_since) {
            (Some(Some(known)), _) if *known == IfNoneMatch::any() => !exists,
            (Some(Some(known)), _) => tag.is_none_or(|tag| known.precondition_passes(tag)),
            (Some(None), _) => true,
            (None, Some(since)) if self.reads => changed.is_none_or(|changed| since.is_modified(changed)),
            _ => true,
        };
        match (new, self.reads) {
            (true, _) => Verdict::CarryOut,
            (false, true) => Verdict::NotModified,
            (false, false) => Verdict::Failed,
        }
    }

    fn answer(&self, mut response: Response) -> Response {
        let tag = response.headers().typed_get::<ETag>();
        let changed = response.headers().typed_get::<LastModified>().map(SystemTime::from);
        let verdict = self.verdict(true, tag.as_ref(), changed);
        if verdict == Verdict::CarryOut {
            return response;
        }
        // A layer around this one must not write the value that the function returned.
        #[cfg(feature = "negotiation")]
        response.extensions_mut().remove::<crate::http::layers::negotiation::Unwritten>();
        if verdict == Verdict::Failed {
            let error = HttpError::precondition_failed("it is not as the request expects it");
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
}

/// Another body in place of one that is not sent, and whose guard may panic when it is dropped.
fn replace(response: &mut Response, body: Body) {
    let unsent = std::mem::replace(response.body_mut(), body);
    contained(|| drop(unsent));
}

/// What tells of a body that is not sent.
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

impl<S: Send + Sync> FromRequestParts<S> for Preconditions {
    type Rejection = std::convert::Infallible;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Self::Rejection> {
        Ok(Self::read(&parts.headers, &parts.method))
    }
}

//! Compresses responses for clients that accept it.
//!
//! The layer goes between CORS and the error layer, so that problem details are compressed too; [`Stack::compression`]
//! puts it there. A response is not compressed if its type is not text, if it is small or already compressed, or if it
//! has `Cache-Control: no-transform`. Streamed responses ([`http::streaming`](crate::http::streaming)) are compressed
//! as they are sent; server-sent events are not.
//!
//! The adapter compresses a buffered response, once it has the whole body, and only if that makes it smaller. Event
//! sources take bytes as base64, which is a third longer, so text is only compressed if it becomes more than a quarter
//! smaller. A layer *around* the stack therefore sees the uncompressed body, without `Content-Encoding`.
//!
//! A **REST API** decodes base64 only for the media types in its
//! [`binaryMediaTypes`](https://docs.aws.amazon.com/apigateway/latest/developerguide/api-gateway-payload-encodings.html):
//! set them to `*/*`, or leave compression to the API (`minimumCompressionSize`). Otherwise, its clients receive base64
//! text labelled as gzip.
//!
//! The feature `compression` provides gzip, in pure Rust; `compression-br` and `compression-zstd` add the others. If a
//! client has no preference, the order is zstd, br, gzip.
//!
//! An `ETag` gets the coding's name as a suffix (`"7"` becomes `"7-gzip"`), since the compressed bytes are another
//! representation. A tag in `If-None-Match`, `If-Match` or `If-Range` is rewritten, so that the inner services see
//! `"7"`. For `GET` and `HEAD`, the tag of a coding that its `Accept-Encoding` does not select matches nothing: a 304
//! never selects bytes that the client cannot decode. An uncompressed response whose own tag ends in a coding's name
//! gets the suffix `-identity`.
//!
//! `Content-Digest`, `Repr-Digest`, `Digest` and `Content-MD5` are removed from a compressed response, since they
//! describe the uncompressed bytes. A buffered response to `HEAD` has neither a coding nor its tag, since without the
//! body it is unknown whether `GET` is compressed.
//!
//! The size of a compressed response reveals information about its content: keep secrets, such as a CSRF token, out of
//! responses that also contain text from the request (BREACH).
//!
//! [`Stack::compression`]: crate::http::Stack::compression
//!
//! # Example
//!
//! ```
//! use http::{Request, Response};
//! use pilaster::http::{Body, compression::CompressionLayer};
//! use tower::{Layer, ServiceExt, service_fn};
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let poem = service_fn(async |_: Request<()>| {
//!     Response::builder().header("content-type", "text/plain").body(Body::from("la ".repeat(1000)))
//! });
//! let request = Request::builder().header("accept-encoding", "gzip, deflate").body(())?;
//! let response = CompressionLayer::new().layer(poem).oneshot(request).await?;
//! assert_eq!(response.headers()["content-encoding"], "gzip");
//! assert_eq!(response.headers()["vary"], "accept-encoding");
//! # Ok(())
//! # }
//! ```
//!
//! The smallest responses, for bodies of 4 KiB or more:
//!
//! ```
//! use pilaster::http::{self, compression::CompressionLayer};
//!
//! let stack = http::Stack::new().compression(CompressionLayer::smallest().minimum_size(4096));
//! # let _ = stack;
//! ```

mod coding;
mod deferred;
mod entity_tags;
#[cfg(test)]
mod tests;

use std::fmt;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use axum_core::body::Body;
use bytes::Bytes;
use http::header::{self, HeaderMap, HeaderName, HeaderValue};
use http::response::Parts;
use http::{Request, Response, StatusCode};
use tower::{Layer, Service};
use tower_http::CompressionLevel;

use self::coding::{Coding, encode};
pub(crate) use self::deferred::DeferredCompression;
use crate::core::error::BoxError;
use crate::core::invocation::Invocation;
use crate::http::header_list;
use crate::http::streaming::Streamed;

/// Layer that applies [`Compression`]. See the [module docs](self).
#[derive(Clone, Copy, Debug)]
#[must_use]
pub struct CompressionLayer {
    minimum_size: u64,
    level: CompressionLevel,
}

impl CompressionLayer {
    /// Compresses bodies of 1024 bytes and more, at each coding's default level (4 for brotli, not its slow 11).
    pub fn new() -> Self {
        Self { minimum_size: 1024, level: CompressionLevel::Default }
    }

    /// Compresses as fast as possible.
    pub fn fastest() -> Self {
        Self { level: CompressionLevel::Fastest, ..Self::new() }
    }

    /// Compresses to as few bytes as possible, which is many times slower with brotli.
    pub fn smallest() -> Self {
        Self { level: CompressionLevel::Best, ..Self::new() }
    }

    /// Sets the minimum size of a body to compress, in bytes: below a few hundred, the coding and base64 cost more than
    /// they save. A body of unknown size is compressed.
    pub fn minimum_size(mut self, bytes: u64) -> Self {
        self.minimum_size = bytes;
        self
    }
}

impl Default for CompressionLayer {
    fn default() -> Self {
        Self::new()
    }
}

impl<S> Layer<S> for CompressionLayer {
    type Service = Compression<S>;

    fn layer(&self, inner: S) -> Compression<S> {
        Compression { inner, settings: *self }
    }
}

/// Service that compresses responses. See the [module docs](self).
#[derive(Clone, Debug)]
pub struct Compression<S> {
    inner: S,
    settings: CompressionLayer,
}

impl<S, R, B> Service<Request<R>> for Compression<S>
where
    S: Service<Request<R>, Response = Response<B>>,
    B: http_body::Body<Data = Bytes> + Send + 'static,
    B::Error: Into<BoxError>,
{
    type Response = Response<Body>;
    type Error = S::Error;
    type Future = ResponseFuture<S::Future>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), Self::Error>> {
        self.inner.poll_ready(cx)
    }

    fn call(&mut self, mut request: Request<R>) -> Self::Future {
        let preferences = RequestPreferences::read(&mut request);
        let extensions = request.extensions();
        let is_whole = extensions.get::<Invocation>().is_some() && extensions.get::<Streamed>().is_none();
        ResponseFuture { future: self.inner.call(request), preferences, is_whole, settings: self.settings }
    }
}

/// The coding that a request prefers.
#[derive(Clone, Debug)]
struct RequestPreferences {
    /// The coding of the response, if it can be compressed.
    coding: Option<Coding>,
    no_transform: bool,
    /// The function's tags of the responses that the client has in this coding.
    held: Vec<Vec<u8>>,
}

impl RequestPreferences {
    fn read<R>(request: &mut Request<R>) -> Self {
        let no_transform = contains_item(request.headers(), &header::CACHE_CONTROL, "no-transform");
        let coding = Coding::chosen(request.headers()).filter(|_| !no_transform);
        let method = request.method().clone();
        let held = entity_tags::rewrite(request.headers_mut(), &method, coding);
        Self { coding, no_transform, held }
    }
}

pin_project_lite::pin_project! {
    /// The response future of [`Compression`].
    pub struct ResponseFuture<F> {
        #[pin]
        future: F,
        preferences: RequestPreferences,
        // True if the response is buffered.
        is_whole: bool,
        settings: CompressionLayer,
    }
}

impl<F> fmt::Debug for ResponseFuture<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ResponseFuture").finish_non_exhaustive()
    }
}

impl<F, B, E> Future for ResponseFuture<F>
where
    F: Future<Output = Result<Response<B>, E>>,
    B: http_body::Body<Data = Bytes> + Send + 'static,
    B::Error: Into<BoxError>,
{
    type Output = Result<Response<Body>, E>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let this = self.project();
        let response = ready!(this.future.poll(cx))?;
        Poll::Ready(Ok(this.settings.complete(this.preferences, *this.is_whole, response.map(Body::new))))
    }
}

impl CompressionLayer {
    fn complete(self, preferences: &RequestPreferences, is_whole: bool, response: Response<Body>) -> Response<Body> {
        let (mut parts, body) = response.into_parts();
        if parts.status == StatusCode::NOT_MODIFIED {
            // Without its body it is unknown whether it would be compressed, so caches must keep both apart.
            vary(&mut parts.headers);
            entity_tags::mark_held(&mut parts.headers, preferences.coding, &preferences.held);
            return Response::from_parts(parts, body);
        }
        let can_compress = self.can_compress(&parts, &body);
        if can_compress {
            vary(&mut parts.headers);
        }
        if preferences.no_transform && !contains_item(&parts.headers, &header::CACHE_CONTROL, "no-transform") {
            // Copied from the request, since API Gateway and CloudFront compress too.
            parts.headers.append(header::CACHE_CONTROL, HeaderValue::from_static("no-transform"));
        }
        let coding = preferences.coding.filter(|_| can_compress);
        if let Some(coding) = coding.filter(|_| is_whole) {
            parts.extensions.insert(DeferredCompression { coding, level: self.level });
            return Response::from_parts(parts, body);
        }
        entity_tags::mark(&mut parts.headers, coding);
        if coding.is_some() {
            remove_digests(&mut parts.headers);
        }
        let response = Response::from_parts(parts, body);
        match coding {
            Some(coding) => encode(response, coding, self.level),
            None => response,
        }
    }

    fn can_compress(self, parts: &Parts, body: &Body) -> bool {
        use http_body::Body as _;
        let headers = &parts.headers;
        let whole = !matches!(parts.status.as_u16(), 100..200 | 204 | 205 | 206 | 304);
        let untouched =
            ![header::CONTENT_ENCODING, header::CONTENT_RANGE].iter().any(|name| headers.contains_key(name));
        whole
            && untouched
            && !body.is_end_stream()
            && body.size_hint().exact().is_none_or(|size| size > 0 && size >= self.minimum_size)
            && headers.get(header::CONTENT_TYPE).is_none_or(is_compressible)
            && !contains_item(headers, &header::CACHE_CONTROL, "no-transform")
    }
}

/// Returns `true` for types that are not compressed themselves: text and a few others.
fn is_compressible(content_type: &HeaderValue) -> bool {
    const OTHERS: [&str; 15] = [
        "application/json",
        "application/javascript",
        "application/xml",
        "application/yaml",
        "application/x-ndjson",
        "application/x-www-form-urlencoded",
        "application/graphql",
        "application/manifest+json",
        "application/wasm",
        "application/rtf",
        "application/vnd.ms-fontobject",
        "font/ttf",
        "font/otf",
        "image/bmp",
        "image/x-icon",
    ];
    let essence = content_type.to_str().unwrap_or_default().split(';').next().unwrap_or_default().trim();
    let essence = essence.to_ascii_lowercase();
    // Compression would delay the events.
    essence != "text/event-stream"
        && (essence.starts_with("text/")
            || ["+json", "+xml", "+yaml"].iter().any(|suffix| essence.ends_with(suffix))
            || OTHERS.contains(&&*essence))
}

/// Returns `true` if a list in this header has the item.
fn contains_item(headers: &HeaderMap, name: &HeaderName, item: &str) -> bool {
    let values = headers.get_all(name).into_iter().filter_map(|value| value.to_str().ok());
    values.flat_map(|value| header_list::split(value, b',')).any(|listed| listed.eq_ignore_ascii_case(item))
}

/// Removes the digests of the uncompressed content and representation
/// ([RFC 9530, 2 and 3](https://www.rfc-editor.org/rfc/rfc9530#section-2)), with the older forms of both.
fn remove_digests(headers: &mut HeaderMap) {
    for name in ["content-digest", "repr-digest", "digest", "content-md5"] {
        headers.remove(name);
    }
}

fn vary(headers: &mut HeaderMap) {
    if !contains_item(headers, &header::VARY, "accept-encoding") && !contains_item(headers, &header::VARY, "*") {
        headers.append(header::VARY, HeaderValue::from_static("accept-encoding"));
    }
}

//! Compresses answers for the clients that ask for it.
//!
//! Stands between CORS and the errors, so that problem details are compressed too; [`Stack::compression`] puts it there. What is not
//! text by its type, is small, is compressed already, or says `Cache-Control: no-transform` stays as it is. Streamed responses
//! ([`http::streaming`](crate::http::streaming)) are compressed as they come, server-sent events are not.
//!
//! A response that is sent as a whole is compressed by the adapter, when it has the whole body, and only where that makes it smaller. The
//! sources take bytes in base64, a third longer, so text is sent compressed where it becomes more than a quarter smaller. A layer
//! *around* the stack thus sees the body as it was, without `Content-Encoding`.
//!
//! A **REST API** decodes that base64 only for the media types in its
//! [`binaryMediaTypes`](https://docs.aws.amazon.com/apigateway/latest/developerguide/api-gateway-payload-encodings.html): set them to
//! `*/*`, or leave compression to the API (`minimumCompressionSize`). Without them its clients get base64 text that says it is gzip.
//!
//! With the feature `compression` it is gzip, by pure Rust; `compression-br` and `compression-zstd` add the others. Of those that a client
//! takes equally gladly the order is zstd, br, gzip.
//!
//! An `ETag` gets the coding's name behind it (`"7"` becomes `"7-gzip"`), since the compressed bytes are another representation. A tag
//! that comes back in `If-None-Match`, `If-Match` or `If-Range` is rewritten, so that the services within see `"7"`. When a client
//! reads, a tag of a coding that its `Accept-Encoding` does not lead to now matches nothing: a 304 never selects bytes that the client
//! cannot decode. An uncompressed answer whose own tag ends in a coding's name gets `-identity` behind it.
//!
//! `Content-Digest`, `Repr-Digest`, `Digest` and `Content-MD5` of the bytes as they were are removed from a compressed answer. An answer
//! to `HEAD` that would be sent as a whole has neither a coding nor a tag of one, since without the body it is not known whether `GET` is
//! compressed.
//!
//! The size of a compressed answer tells something of its content: keep secrets, such as a CSRF token, out of answers that also
//! hold text from the request (BREACH).
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
//! let answer = CompressionLayer::new().layer(poem).oneshot(request).await?;
//! assert_eq!(answer.headers()["content-encoding"], "gzip");
//! assert_eq!(answer.headers()["vary"], "accept-encoding");
//! # Ok(())
//! # }
//! ```
//!
//! The smallest result, for answers from 4 KiB on:
//!
//! ```
//! use pilaster::http::{self, compression::CompressionLayer};
//!
//! let stack = http::Stack::new().compression(CompressionLayer::smallest().minimum_size(4096));
//! # let _ = stack;
//! ```

mod entity_tags;
mod pending;
#[cfg(test)]
mod tests;

use std::convert::Infallible;
use std::fmt;
use std::future::ready;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use axum_core::body::Body;
use bytes::Bytes;
use futures_util::FutureExt;
use http::header::{self, HeaderMap, HeaderName, HeaderValue};
use http::response::Parts;
use http::{Request, Response, StatusCode};
use tower::{Layer, Service, service_fn};
use tower_http::CompressionLevel;
use tower_http::compression::predicate::SizeAbove;

pub(crate) use self::pending::Pending;
use crate::core::error::BoxError;
use crate::core::invocation::Invocation;
use crate::http::layers::{quality_values, quoted};
use crate::http::streaming::Streamed;

/// The codings that were compiled in; the first is preferred.
const CODINGS: &[Coding] = &[
    #[cfg(feature = "compression-zstd")]
    Coding::Zstd,
    #[cfg(feature = "compression-br")]
    Coding::Brotli,
    Coding::Gzip,
];

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Coding {
    Gzip,
    #[cfg(feature = "compression-br")]
    Brotli,
    #[cfg(feature = "compression-zstd")]
    Zstd,
}

impl Coding {
    const fn name(self) -> &'static str {
        match self {
            Self::Gzip => "gzip",
            #[cfg(feature = "compression-br")]
            Self::Brotli => "br",
            #[cfg(feature = "compression-zstd")]
            Self::Zstd => "zstd",
        }
    }

    fn is(self, name: &str) -> bool {
        let name = name.strip_prefix("x-").filter(|_| self == Self::Gzip).unwrap_or(name);
        name.eq_ignore_ascii_case(self.name())
    }

    /// What the client likes best. Nothing is the bytes as they are, also for a client that says it does not take them: an answer
    /// that it may not read is more use to it than a 406 (RFC 9110, section 12.5.3 allows both).
    fn chosen(headers: &HeaderMap) -> Option<Self> {
        let quality = |fits: &dyn Fn(&str) -> bool| {
            let mut items = quality_values::items(headers, &header::ACCEPT_ENCODING);
            items.find(|item| fits(item.name)).map(|item| item.quality)
        };
        if !headers.contains_key(header::ACCEPT_ENCODING) {
            return None;
        }
        let any = quality(&|name| name == "*").unwrap_or(0);
        let identity = quality(&|name| name.eq_ignore_ascii_case("identity")).unwrap_or(0);
        let mut best = None;
        for coding in CODINGS {
            let quality = quality(&|name| coding.is(name)).unwrap_or(any);
            // The first one stays where two are alike.
            if quality > 0 && quality >= identity && best.is_none_or(|(_, other)| quality > other) {
                best = Some((*coding, quality));
            }
        }
        best.map(|(coding, _)| coding)
    }
}

/// Layer that applies [`Compression`]. See the [module docs](self).
#[derive(Clone, Copy, Debug)]
#[must_use]
pub struct CompressionLayer {
    minimum_size: u64,
    level: CompressionLevel,
}

impl CompressionLayer {
    /// Each coding's usual level (brotli's 4, not its slow 11), bodies from 1024 bytes on.
    pub fn new() -> Self {
        Self { minimum_size: 1024, level: CompressionLevel::Default }
    }

    /// As little time as possible.
    pub fn fastest() -> Self {
        Self { level: CompressionLevel::Fastest, ..Self::new() }
    }

    /// As few bytes as possible, which takes brotli many times as long.
    pub fn smallest() -> Self {
        Self { level: CompressionLevel::Best, ..Self::new() }
    }

    /// Bodies of fewer bytes stay as they are: below some hundred bytes the coding and base64 cost more than they save. A body whose
    /// size is not known beforehand is compressed.
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

/// Service that compresses answers. See the [module docs](self).
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
        let asked = Asked::read(&mut request);
        let extensions = request.extensions();
        let is_whole = extensions.get::<Invocation>().is_some() && extensions.get::<Streamed>().is_none();
        ResponseFuture { future: self.inner.call(request), asked, is_whole, settings: self.settings }
    }
}

/// What a request says of the coding of its answer.
#[derive(Clone, Debug)]
struct Asked {
    /// The coding that the answer gets if it can be compressed.
    coding: Option<Coding>,
    no_transform: bool,
    /// The function's tags of the answers that the client has in this coding.
    held: Vec<Vec<u8>>,
}

impl Asked {
    fn read<R>(request: &mut Request<R>) -> Self {
        let no_transform = says(request.headers(), &header::CACHE_CONTROL, "no-transform");
        let coding = Coding::chosen(request.headers()).filter(|_| !no_transform);
        let method = request.method().clone();
        let held = entity_tags::rewrite(request.headers_mut(), &method, coding);
        Self { coding, no_transform, held }
    }
}

pin_project_lite::pin_project! {
    /// The future of [`Compression`].
    pub struct ResponseFuture<F> {
        #[pin]
        future: F,
        asked: Asked,
        // Whether the adapter sends the answer as a whole.
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
        Poll::Ready(Ok(this.settings.answer(this.asked, *this.is_whole, response.map(Body::new))))
    }
}

impl CompressionLayer {
    fn answer(self, asked: &Asked, is_whole: bool, response: Response<Body>) -> Response<Body> {
        let (mut parts, body) = response.into_parts();
        if parts.status == StatusCode::NOT_MODIFIED {
            // Whether the answer would have been compressed is not known without its body, so caches keep both apart.
            vary(&mut parts.headers);
            entity_tags::mark_held(&mut parts.headers, asked.coding, &asked.held);
            return Response::from_parts(parts, body);
        }
        let can_compress = self.can_compress(&parts, &body);
        if can_compress {
            vary(&mut parts.headers);
        }
        if asked.no_transform && !says(&parts.headers, &header::CACHE_CONTROL, "no-transform") {
            // Passed on to what stands between: API Gateway and CloudFront compress too.
            parts.headers.append(header::CACHE_CONTROL, HeaderValue::from_static("no-transform"));
        }
        let coding = asked.coding.filter(|_| can_compress);
        if let Some(coding) = coding.filter(|_| is_whole) {
            parts.extensions.insert(Pending { coding, level: self.level });
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
            && !says(headers, &header::CACHE_CONTROL, "no-transform")
    }
}

/// Whether content of this type gets smaller: text, and the few others that are not compressed by themselves.
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
    // Each event is to arrive when it is sent.
    essence != "text/event-stream"
        && (essence.starts_with("text/")
            || ["+json", "+xml", "+yaml"].iter().any(|suffix| essence.ends_with(suffix))
            || OTHERS.contains(&&*essence))
}

/// The same response in this coding. tower-http does it, as a layer around an answer that is there.
fn encode(response: Response<Body>, coding: Coding, level: CompressionLevel) -> Response<Body> {
    let mut response = Some(response);
    let answered = service_fn(move |_: Request<()>| ready(Ok::<_, Infallible>(response.take().unwrap_or_default())));
    let mut request = Request::new(());
    request.headers_mut().insert(header::ACCEPT_ENCODING, HeaderValue::from_static(coding.name()));
    let compression = tower_http::compression::Compression::new(answered).quality(level);
    let Some(Ok(encoded)) = compression.compress_when(SizeAbove::new(0)).call(request).now_or_never() else {
        unreachable!("nothing is waited for");
    };
    encoded.map(Body::new)
}

/// Whether a list in this header has the item.
fn says(headers: &HeaderMap, name: &HeaderName, item: &str) -> bool {
    let values = headers.get_all(name).into_iter().filter_map(|value| value.to_str().ok());
    values.flat_map(|value| quoted::split(value, b',')).any(|said| said.eq_ignore_ascii_case(item))
}

/// Removes the digests of the bytes as they were: of the content, and of the representation, which a coding is part of
/// ([RFC 9530, 2 and 3](https://www.rfc-editor.org/rfc/rfc9530#section-2)), with the older forms of both.
fn remove_digests(headers: &mut HeaderMap) {
    for name in ["content-digest", "repr-digest", "digest", "content-md5"] {
        headers.remove(name);
    }
}

fn vary(headers: &mut HeaderMap) {
    if !says(headers, &header::VARY, "accept-encoding") && !says(headers, &header::VARY, "*") {
        headers.append(header::VARY, HeaderValue::from_static("accept-encoding"));
    }
}

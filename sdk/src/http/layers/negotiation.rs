//! Content negotiation by `Accept` and `Accept-Language` (RFC 9110, section 12).
//!
//! [`NegotiationLayer`] chooses the media type and the language before the function runs, and responds with a 406 if
//! none is acceptable. The function gets the choice as [`Negotiated`]. The layer goes into
//! [`Stack::layer`](crate::http::Stack::layer) or `axum::Router::route_layer`. It sets `Vary` and `Content-Language`.
//! [`Accepts`] is for a function that chooses itself.
//!
//! A function that returns [`Negotiate`] lets the layer write the body: the layer calls [`NegotiationLayer::writer`]
//! with the value and [`NegotiationLayer::error_writer`] with an error. A writer is for one type;
//! `NegotiationLayer::format`, with the feature `negotiation-formats`, is for all types: `JsonFormat`, `CsvFormat`
//! (feature `negotiation-csv`) or your own.
//!
//! The `ETag` of a written value gets the media type as a suffix (`"7"` becomes `"7;text/csv"`), since each media type
//! is another representation. A tag in `If-None-Match`, `If-Match` or `If-Range` is rewritten, so that the function
//! sees `"7"`. For `GET` and `HEAD`, a tag of a media type other than that of the response matches nothing. If the
//! function also has several languages, its own tag must differ by language. A response without a writer gets the
//! suffix `;own` if its tag ends in such a suffix.
//!
//! [`compression`](crate::http) reads `Accept-Encoding`. `Accept-Charset` is ignored: RFC 9110 deprecates it, and the
//! text is UTF-8.
//!
//! # Example
//!
//! ```
//! use pilaster::http::{self, Json, IntoResponse, Negotiated, NegotiationLayer, Response};
//!
//! async fn report(negotiated: Negotiated) -> Response {
//!     let hello = if negotiated.language() == Some("de") { "Hallo" } else { "Hello" };
//!     match negotiated.media_type() {
//!         Some("text/csv") => ([("content-type", "text/csv")], format!("greeting\n{hello}\n")).into_response(),
//!         _ => Json(hello).into_response(),
//!     }
//! }
//!
//! let layer = NegotiationLayer::new().media_types(["application/json", "text/csv"]).languages(["en", "de"]);
//! let function = pilaster::handler(report).layer(http::Stack::new().layer(layer));
//! # let _ = function;
//! ```
//!
//! [`Accepts`] alone:
//!
//! ```
//! use pilaster::http::{HttpError, negotiation::Accepts};
//!
//! async fn report(accepts: Accepts) -> Result<String, HttpError> {
//!     match accepts.media_types(&["application/json", "text/plain"]).first() {
//!         Some(best) => Ok(format!("as {best}")),
//!         None => Err(HttpError::not_acceptable("available: application/json, text/plain")),
//!     }
//! }
//! # let _ = report;
//! ```

mod accepts;
#[cfg(feature = "negotiation-csv")]
mod csv_format;
mod entity_tags;
#[cfg(feature = "negotiation-formats")]
mod format;
mod lazy_json;
#[cfg(feature = "idempotency")]
mod response_writer;
#[cfg(test)]
mod tests;
mod writers;

use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use axum_core::body::Body;
use axum_core::extract::FromRequestParts;
use axum_core::response::{IntoResponse, Response};
use bytes::Bytes;
use http::Request;
use http::header::{self, HeaderMap, HeaderValue};
use http::request::Parts;
use tower::{Layer, Service};

use crate::core::error::BoxError;
use crate::core::invocation::Invocation;
use crate::core::layer_mistakes::reject;
use crate::http::error::HttpError;
use crate::http::layers::deadline;

pub use self::accepts::Accepts;
#[cfg(feature = "negotiation-csv")]
pub use self::csv_format::CsvFormat;
#[cfg(feature = "negotiation-formats")]
pub use self::format::{Content, Format, JsonFormat};
#[cfg(feature = "idempotency")]
pub(crate) use self::response_writer::ResponseWriter;
pub use self::writers::Negotiate;
#[cfg(feature = "conditional")]
pub(crate) use self::writers::Unwritten;
use self::writers::Writers;

/// Layer that applies [`Negotiation`]. See the [module docs](self).
#[derive(Clone, Debug, Default)]
#[must_use]
pub struct NegotiationLayer {
    offer: Arc<Offer>,
}

#[derive(Clone, Debug, Default)]
struct Offer {
    media_types: Vec<&'static str>,
    languages: Vec<&'static str>,
    lenient: bool,
    writers: Writers,
}

impl NegotiationLayer {
    /// Creates a layer without media types or languages.
    pub fn new() -> Self {
        Self::default()
    }

    /// Sets the media types that the function can return; the first is for a client without `Accept`. Those of
    /// [`writer`](Self::writer) and of formats need not be listed.
    pub fn media_types(mut self, available: impl IntoIterator<Item = &'static str>) -> Self {
        Arc::make_mut(&mut self.offer).media_types = available.into_iter().collect();
        self
    }

    /// Sets the languages that the function can return; the first is for a client without `Accept-Language`.
    pub fn languages(mut self, available: impl IntoIterator<Item = &'static str>) -> Self {
        Arc::make_mut(&mut self.offer).languages = available.into_iter().collect();
        self
    }

    /// Writes each [`Negotiate<T>`] in this media type if the client prefers it. The media types are offered in the
    /// order of their first writer, after those of [`media_types`](Self::media_types).
    ///
    /// The response has the headers of the function and of the writer; if both set a header, the function's is kept,
    /// except that `Set-Cookie` and `Vary` have the values of both. `Content-Type` is the media type of the writer. The
    /// status is the function's, unless the writer sets one other than 200. An unsuccessful response of the writer (not
    /// 2xx) is sent unchanged, and without the function's headers.
    ///
    /// With a writer, JSON is offered only if it has a writer too. A value without a writer for its type and media type
    /// is a 500, and the log names both.
    pub fn writer<T: Send + Sync + 'static, R: IntoResponse>(
        mut self,
        media_type: &'static str,
        write: impl Fn(&T) -> R + Send + Sync + 'static,
    ) -> Self {
        let offer = Arc::make_mut(&mut self.offer);
        if !offer.media_types.contains(&media_type) {
            offer.media_types.push(media_type);
        }
        offer.writers.add(media_type, write);
        self
    }

    /// Writes the value of each [`Negotiate`] in the media type of this format if the client prefers it. The media types
    /// are offered in the order of the calls. A [`writer`](Self::writer) of the same media type for the type of the value
    /// takes precedence; the rules for headers are the same.
    ///
    /// With a format, JSON is offered only by [`JsonFormat`] or by a writer. An error is sent as
    /// `application/problem+json` all the same.
    #[cfg(feature = "negotiation-formats")]
    pub fn format(mut self, format: impl Format) -> Self {
        let media_type = format.media_type();
        let offer = Arc::make_mut(&mut self.offer);
        if !offer.media_types.contains(&media_type) {
            offer.media_types.push(media_type);
        }
        offer.writers.add_format(media_type, format);
        self
    }

    /// Writes each error in this media type if the client prefers it to `application/problem+json`. For a 5xx, `write`
    /// gets neither the detail nor the cause. It requires an [`ErrorLayer`](crate::http::ErrorLayer) around this layer,
    /// as in every [`Stack`](crate::http::Stack): the error is written once its status is known.
    pub fn error_writer<R: IntoResponse>(
        mut self,
        media_type: &'static str,
        write: impl Fn(&HttpError) -> R + Send + Sync + 'static,
    ) -> Self {
        Arc::make_mut(&mut self.offer).writers.add_error(media_type, write);
        self
    }

    /// Sets whether a client gets the first media type and language instead of a 406 if it accepts none.
    pub fn default_to_first(mut self, lenient: bool) -> Self {
        Arc::make_mut(&mut self.offer).lenient = lenient;
        self
    }
}

#[cfg(feature = "openapi")]
impl NegotiationLayer {
    /// Returns `true` if a request may accept nothing that is available.
    pub(crate) fn may_refuse(&self) -> bool {
        let Offer { media_types, languages, lenient, .. } = &*self.offer;
        !(*lenient || media_types.is_empty() && languages.is_empty())
    }
}

impl Offer {
    fn choose(&self, headers: &HeaderMap) -> Result<Negotiated, HttpError> {
        let accepts = Accepts::read(headers);
        let choose = |available: &[&'static str], fitting: Vec<&'static str>, what: &str| {
            let first = available.first().copied().filter(|_| self.lenient);
            match fitting.first().copied().or(first) {
                None if !available.is_empty() => Err(HttpError::not_acceptable(format!(
                    "none of the accepted {what} is available; available: {}",
                    available.join(", ")
                ))),
                chosen => Ok(chosen),
            }
        };
        Ok(Negotiated {
            media_type: choose(&self.media_types, accepts.media_types(&self.media_types), "media types")?,
            language: choose(&self.languages, accepts.languages(&self.languages), "languages")?,
        })
    }

    /// Sets `Vary` and `Content-Language`.
    fn complete(&self, headers: &mut HeaderMap, language: Option<&'static str>) {
        let chosen_by = [(&self.media_types, header::ACCEPT), (&self.languages, header::ACCEPT_LANGUAGE)];
        for (available, name) in chosen_by {
            let named =
                headers.get_all(header::VARY).into_iter().filter_map(|value| value.to_str().ok()).any(|value| {
                    value.split(',').any(|item| item.trim().eq_ignore_ascii_case(name.as_str()) || item.trim() == "*")
                });
            if !available.is_empty() && !named {
                headers.append(header::VARY, name.into());
            }
        }
        if let Some(Ok(language)) = language.map(HeaderValue::from_str) {
            headers.entry(header::CONTENT_LANGUAGE).or_insert(language);
        }
    }
}

impl<S> Layer<S> for NegotiationLayer {
    type Service = Negotiation<S>;

    /// # Panics
    ///
    /// If a media type cannot be the value of a header and the layer is applied outside of a
    /// [`Function`](crate::Function). Within one, [`run`](crate::run) reports it as an error.
    fn layer(&self, inner: S) -> Negotiation<S> {
        let media_types = self.offer.media_types.iter().copied().chain(self.offer.writers.of_errors());
        for media_type in media_types {
            if !media_type.bytes().all(|byte| (b' '..=b'~').contains(&byte)) {
                reject(format_args!("`NegotiationLayer` takes media types in ASCII, not `{media_type}`"));
            }
        }
        Negotiation { inner, offer: Arc::clone(&self.offer) }
    }
}

/// Service that negotiates the media type and the language of the response. See the [module docs](self).
#[derive(Clone, Debug)]
pub struct Negotiation<S> {
    inner: S,
    offer: Arc<Offer>,
}

impl<S, R, B> Service<Request<R>> for Negotiation<S>
where
    S: Service<Request<R>, Response = http::Response<B>>,
    S::Future: Send + 'static,
    S::Error: Into<BoxError> + Send,
    B: http_body::Body<Data = Bytes> + Send + 'static,
    B::Error: Into<BoxError>,
{
    type Response = Response;
    type Error = S::Error;
    type Future = Pin<Box<dyn Future<Output = Result<Response, S::Error>> + Send>>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), Self::Error>> {
        self.inner.poll_ready(cx)
    }

    fn call(&mut self, mut request: Request<R>) -> Self::Future {
        let offer = Arc::clone(&self.offer);
        let error_writer = offer.writers.for_error(&Accepts::read(request.headers()));
        if let (Some(writer), Some(invocation)) = (&error_writer, request.extensions().get::<Invocation>()) {
            // Used for the response to a request that is cancelled inside this layer.
            invocation.share(writer.clone());
        }
        let outcome = self.offer.choose(request.headers()).map(|negotiated| {
            request.extensions_mut().insert(negotiated);
            let method = request.method().clone();
            let held = offer.writers.rewrite_tags(request.headers_mut(), &method, negotiated.media_type);
            #[cfg(feature = "idempotency")]
            request.extensions_mut().insert(ResponseWriter::new(&offer, negotiated, held.clone()));
            (self.inner.call(request), negotiated, held)
        });
        Box::pin(async move {
            let (mut response, language) = match outcome {
                Ok((response, chosen, held)) => match (response.await, &error_writer) {
                    (Ok(response), _) => (write(&offer, response.map(Body::new), chosen, &held), chosen.language),
                    // The error layer maps it like any layer's error, and renders it with the writer.
                    (Err(error), Some(_)) => (deadline::layer_error(error.into()).into_response(), None),
                    (Err(error), None) => return Err(error),
                },
                Err(error) => (error.into_response(), None),
            };
            if let Some(writer) = error_writer {
                response.extensions_mut().insert(writer);
            }
            let language = language.filter(|_| response.status().is_success());
            offer.complete(response.headers_mut(), language);
            Ok(response)
        })
    }
}

/// Writes the value of a response, unless an inner idempotency layer has written it.
#[cfg_attr(not(feature = "idempotency"), allow(unused_mut))]
fn write(offer: &Offer, mut response: Response, chosen: Negotiated, held: &[Vec<u8>]) -> Response {
    #[cfg(feature = "idempotency")]
    if ResponseWriter::is_written(&mut response) {
        return response;
    }
    offer.writers.write(response, chosen.media_type, held)
}

/// The choice of [`NegotiationLayer`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Negotiated {
    media_type: Option<&'static str>,
    language: Option<&'static str>,
}

impl Negotiated {
    /// Returns one of [`NegotiationLayer::media_types`], or `None` if the layer has none.
    pub fn media_type(&self) -> Option<&'static str> {
        self.media_type
    }

    /// Returns one of [`NegotiationLayer::languages`], or `None` if the layer has none.
    pub fn language(&self) -> Option<&'static str> {
        self.language
    }
}

impl<S: Send + Sync> FromRequestParts<S> for Negotiated {
    type Rejection = HttpError;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, HttpError> {
        let negotiated = parts.extensions.get::<Self>().copied();
        negotiated.ok_or_else(|| HttpError::internal("`Negotiated` requires a `NegotiationLayer` around the function"))
    }
}

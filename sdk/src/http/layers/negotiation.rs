//! Which form of an answer suits the client, by `Accept` and `Accept-Language` (RFC 9110, section 12).
//!
//! [`NegotiationLayer`] chooses before the function runs and answers 406 if nothing suits; the function takes the choice as
//! [`Negotiated`]. It is one of the user's own layers: `Stack::layer`, or `axum::Router::route_layer`. `Vary` and `Content-Language` are
//! set on the answer. [`Accepts`] is for a function that chooses by itself.
//!
//! A function that returns [`Negotiate`] leaves the writing to the layer: [`NegotiationLayer::writer`] is called with the value,
//! [`NegotiationLayer::error_writer`] with an error.
//!
//! A written value's `ETag` gets its media type behind it (`"7"` becomes `"7;text/csv"`), since each form is another representation. A
//! tag that comes back in `If-None-Match`, `If-Match` or `If-Range` is rewritten, so that the function sees `"7"`. When a client
//! reads, a tag of another media type than the one that its answer would have matches nothing. Where the function also answers in
//! several languages, its own tag must differ by language. Of an answer that no writer wrote, a tag that ends as such a mark gets `;own`
//! behind it.
//!
//! `Accept-Encoding` is [`compression`](crate::http)'s part. `Accept-Charset` is not looked at: browsers have ceased to send it, and RFC
//! 9110 deprecates it; the text is UTF-8.
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
//!         None => Err(HttpError::not_acceptable("there is `application/json` and `text/plain`")),
//!     }
//! }
//! # let _ = report;
//! ```

mod entity_tags;
mod later_json;
#[cfg(feature = "idempotency")]
mod recorded;
#[cfg(test)]
mod tests;
mod writers;

use std::cmp::Reverse;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use axum_core::body::Body;
use axum_core::extract::FromRequestParts;
use axum_core::response::{IntoResponse, Response};
use bytes::Bytes;
use http::Request;
use http::header::{self, HeaderMap, HeaderName, HeaderValue};
use http::request::Parts;
use tower::{Layer, Service};

use crate::core::error::BoxError;
use crate::core::invocation::Invocation;
use crate::http::error::HttpError;
use crate::http::layers::deadline;
use crate::http::layers::quality_values::items;

#[cfg(feature = "idempotency")]
pub(crate) use self::recorded::Writing;
pub use self::writers::Negotiate;
#[cfg(feature = "conditional")]
pub(crate) use self::writers::Unwritten;
use self::writers::Writers;

/// What the client takes: its `Accept` and `Accept-Language`.
#[derive(Clone, Debug)]
pub struct Accepts {
    headers: HeaderMap,
}

impl Accepts {
    fn read(headers: &HeaderMap) -> Self {
        let mut own = HeaderMap::new();
        for name in [header::ACCEPT, header::ACCEPT_LANGUAGE] {
            for value in headers.get_all(&name) {
                own.append(&name, value.clone());
            }
        }
        Self { headers: own }
    }

    /// Those of the media types that the client takes, the best first; all of them if it does not say.
    pub fn media_types<'a>(&self, available: &[&'a str]) -> Vec<&'a str> {
        self.ranked(&header::ACCEPT, available, fits_media_type)
    }

    /// Those of the languages that the client takes, the best first; all of them if it does not say. `en` suits who asks for
    /// `en-GB`, and the other way round, both less than the very same.
    pub fn languages<'a>(&self, available: &[&'a str]) -> Vec<&'a str> {
        self.ranked(&header::ACCEPT_LANGUAGE, available, fits_language)
    }

    /// By quality, then by how closely it fits, then as the client has them, then as the server has them.
    fn ranked<'a>(&self, name: &HeaderName, available: &[&'a str], fits: fn(&str, &str) -> Option<u8>) -> Vec<&'a str> {
        let asked: Vec<_> = items(&self.headers, name).enumerate().collect();
        // An empty header, or one with nothing that can be read, is as good as none.
        if asked.is_empty() {
            return available.to_vec();
        }
        let mut ranked: Vec<_> = available
            .iter()
            .filter_map(|available| {
                let fitting =
                    asked.iter().filter_map(|(at, item)| Some((fits(item.name, available)?, *at, item.quality)));
                // The closest item alone says how much it is liked: `text/*, text/html;q=0` is no HTML.
                let (closeness, at, quality) = fitting.max_by_key(|(closeness, at, _)| (*closeness, Reverse(*at)))?;
                (quality > 0).then_some(((Reverse(quality), Reverse(closeness), at), *available))
            })
            .collect();
        ranked.sort_by_key(|(rank, _)| *rank);
        ranked.into_iter().map(|(_, available)| available).collect()
    }
}

impl<S: Send + Sync> FromRequestParts<S> for Accepts {
    type Rejection = std::convert::Infallible;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Self::Rejection> {
        Ok(Self::read(&parts.headers))
    }
}

/// How closely a media range such as `text/*` fits; its parameters are not looked at. A `*` alone, which Java's
/// `HttpURLConnection` sends, is `*/*`.
fn fits_media_type(range: &str, available: &str) -> Option<u8> {
    let available = available.split(';').next().unwrap_or(available).trim_end();
    if matches!(range, "*/*" | "*") {
        return Some(0);
    }
    if range.eq_ignore_ascii_case(available) {
        return Some(2);
    }
    let kind = range.strip_suffix("/*")?;
    available.split('/').next().is_some_and(|own| own.eq_ignore_ascii_case(kind)).then_some(1)
}

/// How closely a language range such as `de` fits `de-CH`, or the other way round.
fn fits_language(range: &str, available: &str) -> Option<u8> {
    let within = |narrow: &str, wide: &str| {
        let head = narrow.get(..wide.len());
        head.is_some_and(|head| head.eq_ignore_ascii_case(wide)) && narrow.as_bytes().get(wide.len()) == Some(&b'-')
    };
    match range {
        "*" => Some(0),
        _ if range.eq_ignore_ascii_case(available) => Some(3),
        _ if within(range, available) => Some(2),
        _ if within(available, range) => Some(1),
        _ => None,
    }
}

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
    /// Nothing to choose from yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// The media types that the function can answer in; the first is for a client that does not say. Those of
    /// [`writer`](Self::writer) need not be named here.
    pub fn media_types(mut self, available: impl IntoIterator<Item = &'static str>) -> Self {
        Arc::make_mut(&mut self.offer).media_types = available.into_iter().collect();
        self
    }

    /// The languages that the function can answer in; the first is for a client that does not say.
    pub fn languages(mut self, available: impl IntoIterator<Item = &'static str>) -> Self {
        Arc::make_mut(&mut self.offer).languages = available.into_iter().collect();
        self
    }

    /// Writes each [`Negotiate<T>`] in this media type where the client prefers it. The media types are offered in the order of
    /// their first writer, behind those of [`media_types`](Self::media_types).
    ///
    /// The answer has the headers that the function set and those that the writer sets besides; of one that both set, the function's
    /// stays, but `Set-Cookie` and `Vary` have the values of both. `Content-Type` is the media type of the writer. The status is the
    /// function's, unless the writer sets another than 200. An answer of the writer that is not successful (not 2xx) is sent as it
    /// is, without the function's headers.
    ///
    /// With a writer, JSON is offered only where it has one too. A value for whose type and media type there is no writer is a 500, and
    /// the log has both.
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

    /// Writes each error in this media type where the client prefers it to `application/problem+json`. Of a 5xx `write` sees neither
    /// detail nor cause. It needs an [`ErrorLayer`](crate::http::ErrorLayer) around this layer, which every
    /// [`Stack`](crate::http::Stack) has: the error is written when its status is known.
    pub fn error_writer<R: IntoResponse>(
        mut self,
        media_type: &'static str,
        write: impl Fn(&HttpError) -> R + Send + Sync + 'static,
    ) -> Self {
        Arc::make_mut(&mut self.offer).writers.add_error(media_type, write);
        self
    }

    /// Whether a client that nothing suits gets the first of each instead of a 406.
    pub fn default_to_first(mut self, lenient: bool) -> Self {
        Arc::make_mut(&mut self.offer).lenient = lenient;
        self
    }
}

impl Offer {
    fn choose(&self, headers: &HeaderMap) -> Result<Negotiated, HttpError> {
        let accepts = Accepts::read(headers);
        let choose = |available: &[&'static str], fitting: Vec<&'static str>, what: &str| {
            let first = available.first().copied().filter(|_| self.lenient);
            match fitting.first().copied().or(first) {
                None if !available.is_empty() => Err(HttpError::not_acceptable(format!(
                    "there is no such {what}; there is {}",
                    available.join(", ")
                ))),
                chosen => Ok(chosen),
            }
        };
        Ok(Negotiated {
            media_type: choose(&self.media_types, accepts.media_types(&self.media_types), "media type")?,
            language: choose(&self.languages, accepts.languages(&self.languages), "language")?,
        })
    }

    /// Tells caches and the client what was chosen by.
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

    fn layer(&self, inner: S) -> Negotiation<S> {
        Negotiation { inner, offer: Arc::clone(&self.offer) }
    }
}

/// Service that chooses the form of the answer. See the [module docs](self).
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
            // For the answer where this layer is cancelled, and gives none.
            invocation.left().set_renderer(writer.clone());
        }
        let answered = self.offer.choose(request.headers()).map(|negotiated| {
            request.extensions_mut().insert(negotiated);
            let method = request.method().clone();
            let held = offer.writers.rewrite_tags(request.headers_mut(), &method, negotiated.media_type);
            #[cfg(feature = "idempotency")]
            request.extensions_mut().insert(Writing::new(&offer, negotiated, held.clone()));
            (self.inner.call(request), negotiated, held)
        });
        Box::pin(async move {
            let (mut response, language) = match answered {
                Ok((answered, chosen, held)) => match (answered.await, &error_writer) {
                    (Ok(response), _) => (write(&offer, response.map(Body::new), chosen, &held), chosen.language),
                    // The error layer maps it as it does the error of any layer, and renders it by the writer.
                    (Err(error), Some(_)) => (deadline::answer(error.into()).into_response(), None),
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

/// Writes the value of an answer, unless an idempotency layer below has done so.
#[cfg_attr(not(feature = "idempotency"), allow(unused_mut))]
fn write(offer: &Offer, mut response: Response, chosen: Negotiated, held: &[Vec<u8>]) -> Response {
    #[cfg(feature = "idempotency")]
    if Writing::is_done(&mut response) {
        return response;
    }
    offer.writers.write(response, chosen.media_type, held)
}

/// What [`NegotiationLayer`] chose.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Negotiated {
    media_type: Option<&'static str>,
    language: Option<&'static str>,
}

impl Negotiated {
    /// One of [`NegotiationLayer::media_types`]; `None` if the layer was given none.
    pub fn media_type(&self) -> Option<&'static str> {
        self.media_type
    }

    /// One of [`NegotiationLayer::languages`]; `None` if the layer was given none.
    pub fn language(&self) -> Option<&'static str> {
        self.language
    }
}

impl<S: Send + Sync> FromRequestParts<S> for Negotiated {
    type Rejection = HttpError;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, HttpError> {
        let negotiated = parts.extensions.get::<Self>().copied();
        negotiated.ok_or_else(|| HttpError::internal("`Negotiated` needs a `NegotiationLayer` around the function"))
    }
}

//! Values that are written in the negotiated media type: [`Negotiate`], and the writers of [`NegotiationLayer`].
//!
//! [`NegotiationLayer`]: super::NegotiationLayer

use std::any::{Any, TypeId, type_name};
use std::fmt;
use std::sync::Arc;

use axum_core::body::Body;
use axum_core::response::{IntoResponse, Response};
use http::header::{self, HeaderMap, HeaderValue};
use http::{Method, StatusCode};
use serde::Serialize;

use super::Accepts;
use super::entity_tags::MediaTypes;
#[cfg(feature = "negotiation-formats")]
use super::format::{Content, Format, Formats};
use super::lazy_json::LazyJson;
use crate::http::error::{HttpError, Renderer};

/// A response whose media type the client chooses: the function returns the value, and a writer of
/// [`NegotiationLayer`](super::NegotiationLayer) writes the body. Without the layer, or without writers, it is the
/// [`Json`](crate::http::Json) of the value.
///
/// A layer that changes JSON, such as [`PartialResponseLayer`](crate::http::PartialResponseLayer), goes around
/// `NegotiationLayer`: inside it, it would change a body that the writer replaces.
///
/// # Example
///
/// ```
/// use pilaster::http::{self, HttpError, Json, Method, Negotiate, NegotiationLayer};
/// use serde::Serialize;
///
/// #[derive(Serialize)]
/// struct Report { sold: u32 }
///
/// async fn report(_: Method) -> Result<Negotiate<Report>, HttpError> {
///     Ok(Negotiate(Report { sold: 7 }))
/// }
///
/// let layer = NegotiationLayer::new()
///     .writer("application/json", |report: &Report| Json(report).into_response())
///     .writer("text/csv", |report: &Report| format!("sold\n{}\n", report.sold))
///     .error_writer("text/plain", |error| format!("{}\n", error.title()));
/// # use pilaster::http::IntoResponse;
/// # use pilaster::testing::{Caller, http::get};
/// # tokio::runtime::Builder::new_current_thread().build()?.block_on(async {
/// let caller = Caller::new(pilaster::handler(report).layer(http::Stack::new().layer(layer)));
/// let response = caller.send(get("/").header("accept", "text/csv")).await?;
/// assert_eq!(response.text(), "sold\n7\n");
/// assert_eq!(response.headers()["content-type"], "text/csv");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// # })?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Negotiate<T>(pub T);

/// The value that the layer writes. A layer that responds in place of the function removes it from the response.
#[derive(Clone)]
pub(crate) struct Unwritten {
    value: Arc<dyn Any + Send + Sync>,
    type_name: &'static str,
    #[cfg(feature = "negotiation-formats")]
    serializable: Serializable,
}

/// Returns the value as one that a format can serialize.
#[cfg(feature = "negotiation-formats")]
type Serializable = fn(&(dyn Any + Send + Sync)) -> Option<&dyn erased_serde::Serialize>;

#[cfg(feature = "negotiation-formats")]
fn serializable<T: Serialize + 'static>(value: &(dyn Any + Send + Sync)) -> Option<&dyn erased_serde::Serialize> {
    value.downcast_ref::<T>().map(|value| value as &dyn erased_serde::Serialize)
}

#[cfg(feature = "validate")]
impl<T: Serialize + Send + Sync + 'static> crate::http::extract::valid::ValidResponse for Negotiate<T> {
    type Value = T;

    fn value(&self) -> &T {
        &self.0
    }
}

impl<T: Serialize + Send + Sync + 'static> IntoResponse for Negotiate<T> {
    fn into_response(self) -> Response {
        let value = Arc::new(self.0);
        let mut response = Response::new(Body::new(LazyJson::new(Arc::clone(&value))));
        response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
        response.extensions_mut().insert(Unwritten {
            value,
            type_name: type_name::<T>(),
            #[cfg(feature = "negotiation-formats")]
            serializable: serializable::<T>,
        });
        response
    }
}

type Write = dyn Fn(&(dyn Any + Send + Sync)) -> Option<Response> + Send + Sync;
type WriteError = dyn Fn(&HttpError) -> Response + Send + Sync;

#[derive(Clone)]
struct Writer {
    media_type: &'static str,
    of: TypeId,
    write: Arc<Write>,
}

/// The writers of a layer.
#[derive(Clone, Default)]
pub(super) struct Writers {
    values: Vec<Writer>,
    #[cfg(feature = "negotiation-formats")]
    formats: Formats,
    media_types: MediaTypes,
    errors: Vec<(&'static str, Arc<WriteError>)>,
}

impl Writers {
    pub(super) fn add<T: Send + Sync + 'static, R: IntoResponse>(
        &mut self,
        media_type: &'static str,
        write: impl Fn(&T) -> R + Send + Sync + 'static,
    ) {
        let write = move |value: &(dyn Any + Send + Sync)| Some(write(value.downcast_ref::<T>()?).into_response());
        self.media_types.add(media_type);
        self.values.push(Writer { media_type, of: TypeId::of::<T>(), write: Arc::new(write) });
    }

    #[cfg(feature = "negotiation-formats")]
    pub(super) fn add_format(&mut self, media_type: &'static str, format: impl Format) {
        self.media_types.add(media_type);
        self.formats.add(media_type, format);
    }

    /// Returns whether the layer writes values at all.
    fn is_empty(&self) -> bool {
        #[cfg(feature = "negotiation-formats")]
        if !self.formats.is_empty() {
            return false;
        }
        self.values.is_empty()
    }

    /// Writes a value in a media type by the writer of its type, or else by the format.
    fn written(&self, unwritten: &Unwritten, media_type: &str) -> Option<Response> {
        let of = (*unwritten.value).type_id();
        let writer = self.values.iter().find(|writer| writer.media_type == media_type && writer.of == of);
        let written = writer.and_then(|writer| (writer.write)(&*unwritten.value));
        #[cfg(feature = "negotiation-formats")]
        let written =
            written.or_else(|| self.formats.write(media_type, &Content((unwritten.serializable)(&*unwritten.value)?)));
        written
    }

    pub(super) fn add_error<R: IntoResponse>(
        &mut self,
        media_type: &'static str,
        write: impl Fn(&HttpError) -> R + Send + Sync + 'static,
    ) {
        self.errors.push((media_type, Arc::new(move |error| write(error).into_response())));
    }

    /// Rewrites the preconditions of a request to the function's tags. Returns those that the client has in the chosen
    /// media type.
    pub(super) fn rewrite_tags(
        &self,
        headers: &mut HeaderMap,
        method: &Method,
        chosen: Option<&'static str>,
    ) -> Vec<Vec<u8>> {
        self.media_types.rewrite(headers, method, chosen)
    }

    /// Writes the value in a response in the chosen media type. `held` are the function's tags that the client has in
    /// this media type.
    pub(super) fn write(&self, response: Response, chosen: Option<&'static str>, held: &[Vec<u8>]) -> Response {
        let (mut parts, body) = response.into_parts();
        let unwritten = parts.extensions.remove::<Unwritten>();
        // Without writers it is JSON, as without the layer.
        let (Some(unwritten), Some(media_type)) = (unwritten, chosen.filter(|_| !self.is_empty())) else {
            match parts.status {
                StatusCode::NOT_MODIFIED => self.media_types.mark_held(&mut parts.headers, chosen, held),
                _ => self.media_types.mark(&mut parts.headers, None),
            }
            return Response::from_parts(parts, body);
        };
        let Some(written) = self.written(&unwritten, media_type) else {
            let name = unwritten.type_name;
            return HttpError::internal(format!("`NegotiationLayer` has no writer for `{name}` as {media_type}"))
                .into_response();
        };
        // A writer that fails sets the status and the type.
        if !written.status().is_success() {
            return written;
        }
        let (written, body) = written.into_parts();
        if written.status != StatusCode::OK {
            parts.status = written.status;
        }
        // A router has set the length of the JSON.
        parts.headers.remove(header::CONTENT_LENGTH);
        parts.headers.remove(header::CONTENT_TYPE);
        if !matches!(parts.status, StatusCode::NO_CONTENT | StatusCode::RESET_CONTENT) {
            parts.headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(media_type));
        }
        add_headers(&mut parts.headers, &written.headers);
        self.media_types.mark(&mut parts.headers, Some(media_type));
        Response::from_parts(parts, body)
    }

    /// Returns the media types of errors.
    pub(super) fn of_errors(&self) -> impl Iterator<Item = &'static str> {
        self.errors.iter().map(|(media_type, _)| *media_type)
    }

    /// Returns the error writer that the client prefers, unless it prefers problem details.
    pub(super) fn for_error(&self, accepts: &Accepts) -> Option<Renderer> {
        if self.errors.is_empty() {
            return None;
        }
        let own = self.errors.iter().map(|(media_type, _)| *media_type);
        // A client without `Accept` gets problem details.
        let available: Vec<_> = ["application/problem+json", "application/json"].into_iter().chain(own).collect();
        let best = accepts.media_types(&available).into_iter().next()?;
        let (media_type, write) = self.errors.iter().find(|(media_type, _)| *media_type == best)?;
        let (media_type, write) = (HeaderValue::from_static(media_type), Arc::clone(write));
        Some(Renderer::new(move |error| {
            let mut response = write(error);
            *response.status_mut() = error.status();
            response.headers_mut().insert(header::CONTENT_TYPE, media_type.clone());
            response
        }))
    }
}

/// Adds the headers of a writer. A header that the function has set is kept, except those that can have several values.
fn add_headers(headers: &mut HeaderMap, written: &HeaderMap) {
    for name in written.keys() {
        let is_list = matches!(*name, header::SET_COOKIE | header::VARY);
        if *name == header::CONTENT_TYPE || (headers.contains_key(name) && !is_list) {
            continue;
        }
        for value in written.get_all(name) {
            headers.append(name, value.clone());
        }
    }
}

impl fmt::Debug for Writers {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let values: Vec<_> = self.values.iter().map(|writer| writer.media_type).collect();
        let errors: Vec<_> = self.errors.iter().map(|(media_type, _)| *media_type).collect();
        let mut debug = f.debug_struct("Writers");
        debug.field("values", &values).field("errors", &errors);
        #[cfg(feature = "negotiation-formats")]
        debug.field("formats", &self.formats.media_types().collect::<Vec<_>>());
        debug.finish()
    }
}

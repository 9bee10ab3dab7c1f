//! Values that are written in the media type that was chosen: [`Negotiate`], and the writers of [`NegotiationLayer`].
//!
//! [`NegotiationLayer`]: super::NegotiationLayer

use std::any::{Any, TypeId, type_name};
use std::fmt;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use axum_core::body::Body;
use axum_core::response::{IntoResponse, Response};
use bytes::Bytes;
use http::header::{self, HeaderValue};
use http_body::Frame;
use serde::Serialize;

use super::Accepts;
use crate::error::BoxError;
use crate::http::error::HttpError;
use crate::http::error_layer::Renderer;

/// A response whose media type the client chooses: the function returns the value, and a writer of
/// [`NegotiationLayer`](super::NegotiationLayer) makes the body. Without the layer it is JSON.
///
/// # Example
///
/// ```
/// use pilaster::http::{self, HttpError, Json, Negotiate, NegotiationLayer};
/// use serde::Serialize;
///
/// #[derive(Serialize)]
/// struct Report { sold: u32 }
///
/// async fn report() -> Result<Negotiate<Report>, HttpError> {
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
/// let answer = caller.send(get("/").header("accept", "text/csv")).await?;
/// assert_eq!(answer.text(), "sold\n7\n");
/// assert_eq!(answer.headers()["content-type"], "text/csv");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// # })?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Negotiate<T>(pub T);

/// The value on its way to the layer.
#[derive(Clone)]
struct Unwritten {
    value: Arc<dyn Any + Send + Sync>,
    type_name: &'static str,
}

impl<T: Serialize + Send + Sync + 'static> IntoResponse for Negotiate<T> {
    fn into_response(self) -> Response {
        let value = Arc::new(self.0);
        let mut response = Response::new(Body::new(LaterJson(Some(Arc::clone(&value)))));
        response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
        response.extensions_mut().insert(Unwritten { value, type_name: type_name::<T>() });
        response
    }
}

/// JSON that is made when it is read: the layer's writer replaces it unread.
struct LaterJson<T>(Option<Arc<T>>);

impl<T: Serialize + Send + Sync + 'static> http_body::Body for LaterJson<T> {
    type Data = Bytes;
    type Error = BoxError;

    fn poll_frame(mut self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, BoxError>>> {
        let Some(value) = self.0.take() else { return Poll::Ready(None) };
        let json = serde_json::to_vec(&*value).map(|json| Frame::data(Bytes::from(json)));
        Poll::Ready(Some(json.map_err(Into::into)))
    }

    fn is_end_stream(&self) -> bool {
        self.0.is_none()
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
    errors: Vec<(&'static str, Arc<WriteError>)>,
}

impl Writers {
    pub(super) fn add<T: Send + Sync + 'static, R: IntoResponse>(
        &mut self,
        media_type: &'static str,
        write: impl Fn(&T) -> R + Send + Sync + 'static,
    ) {
        let write = move |value: &(dyn Any + Send + Sync)| Some(write(value.downcast_ref::<T>()?).into_response());
        self.values.push(Writer { media_type, of: TypeId::of::<T>(), write: Arc::new(write) });
    }

    pub(super) fn add_error<R: IntoResponse>(
        &mut self,
        media_type: &'static str,
        write: impl Fn(&HttpError) -> R + Send + Sync + 'static,
    ) {
        self.errors.push((media_type, Arc::new(move |error| write(error).into_response())));
    }

    /// Writes the value that a function left in its response, in the chosen media type.
    pub(super) fn write(&self, response: Response, media_type: Option<&'static str>) -> Response {
        let (mut parts, body) = response.into_parts();
        let Some(unwritten) = parts.extensions.remove::<Unwritten>() else { return Response::from_parts(parts, body) };
        // Without writers at all it is JSON, as without the layer.
        let Some(media_type) = media_type.filter(|_| !self.values.is_empty()) else {
            return Response::from_parts(parts, body);
        };
        let of = (*unwritten.value).type_id();
        let writer = self.values.iter().find(|writer| writer.media_type == media_type && writer.of == of);
        let Some(written) = writer.and_then(|writer| (writer.write)(&*unwritten.value)) else {
            let name = unwritten.type_name;
            return HttpError::internal(format!("`NegotiationLayer` has no writer of `{name}` as {media_type}"))
                .into_response();
        };
        // A writer that failed has its own status and type.
        if !written.status().is_success() {
            return written;
        }
        let (written, body) = written.into_parts();
        for (name, value) in &written.headers {
            if name != header::CONTENT_TYPE {
                parts.headers.append(name, value.clone());
            }
        }
        parts.headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(media_type));
        Response::from_parts(parts, body)
    }

    /// The writer of an error that suits the client best, if one suits it better than problem details.
    pub(super) fn for_error(&self, accepts: &Accepts) -> Option<Renderer> {
        if self.errors.is_empty() {
            return None;
        }
        let own = self.errors.iter().map(|(media_type, _)| *media_type);
        // A client that does not say gets problem details.
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

impl fmt::Debug for Writers {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let values: Vec<_> = self.values.iter().map(|writer| writer.media_type).collect();
        let errors: Vec<_> = self.errors.iter().map(|(media_type, _)| *media_type).collect();
        f.debug_struct("Writers").field("values", &values).field("errors", &errors).finish()
    }
}

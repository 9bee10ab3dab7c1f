//! The response of an error: problem details as JSON.

use std::pin::Pin;
use std::sync::{Arc, Weak};
use std::task::{Context, Poll};

use axum_core::BoxError;
use axum_core::body::Body;
use axum_core::response::{IntoResponse, Response};
use bytes::Bytes;
use http::{HeaderValue, header};
use http_body::{Frame, SizeHint};
use serde::ser::{Serialize, SerializeMap, Serializer};
use serde_json::Value;

use super::HttpError;

/// The media type of a problem ([RFC 9457, 6.1](https://www.rfc-editor.org/rfc/rfc9457#section-6.1)).
pub(crate) const PROBLEM_JSON: HeaderValue = HeaderValue::from_static("application/problem+json");

/// The body of an error response, with its members in the order of the RFC.
struct Problem<'e>(&'e HttpError);

impl Serialize for Problem<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let inner = &*self.0.inner;
        let mut map = serializer.serialize_map(None)?;
        if let Some(kind) = &inner.kind {
            map.serialize_entry("type", kind)?;
        }
        map.serialize_entry("title", self.0.title())?;
        map.serialize_entry("status", &inner.status.as_u16())?;
        if let Some(detail) = inner.detail.as_ref().filter(|_| !self.0.hides_internals()) {
            map.serialize_entry("detail", detail)?;
        }
        if !inner.fields.is_empty() && !self.0.hides_internals() {
            map.serialize_entry("errors", &inner.fields)?;
        }
        for (name, value) in inner.members.iter().filter(|(name, _)| inner.fields.is_empty() || *name != "errors") {
            map.serialize_entry(name, value)?;
        }
        map.end()
    }
}

impl HttpError {
    /// Returns the problem as JSON: the body of the response.
    ///
    /// # Example
    ///
    /// ```
    /// use pilaster::http::HttpError;
    ///
    /// let problem = HttpError::conflict("the e-mail address is already in use").with_member("field", "email").problem();
    /// assert_eq!(problem["status"], 409);
    /// assert_eq!(problem["title"], "Conflict");
    /// assert_eq!(problem["field"], "email");
    /// ```
    pub fn problem(&self) -> Value {
        serde_json::to_value(Problem(self)).unwrap_or_default()
    }

    fn to_json(&self) -> String {
        serde_json::to_string(&Problem(self)).unwrap_or_default()
    }

    /// Returns the response with the body as text.
    pub(crate) fn render(&self) -> http::Response<String> {
        self.respond(self.to_json())
    }

    fn respond<B>(&self, body: B) -> http::Response<B> {
        let mut response = http::Response::new(body);
        *response.status_mut() = self.inner.status;
        response.headers_mut().insert(header::CONTENT_TYPE, PROBLEM_JSON);
        response.headers_mut().extend(self.inner.headers.clone());
        response
    }
}

impl HttpError {
    /// Returns the response with its body as JSON, which an outer layer may render again.
    pub(crate) fn into_rendered(self) -> Response {
        let json = self.to_json().into();
        self.into_own(Some(json))
    }

    fn into_own(self, json: Option<Bytes>) -> Response {
        let unread = Arc::new(());
        let own = OwnBody(Arc::downgrade(&unread));
        let mut response = self.respond(Body::new(ProblemBody(Some((self.clone(), json, unread)))));
        response.extensions_mut().insert(own);
        response.extensions_mut().insert(self);
        response
    }
}

impl IntoResponse for HttpError {
    fn into_response(self) -> Response {
        self.into_own(None)
    }
}

/// In the extensions of an error's response: shows whether it still has the body of the error.
#[derive(Clone)]
struct OwnBody(Weak<()>);

/// Returns `true` if a layer has read the body of an error's response, or put another one in its place.
pub(crate) fn is_replaced<B>(response: &http::Response<B>) -> bool {
    response.extensions().get::<OwnBody>().is_some_and(|OwnBody(unread)| unread.strong_count() == 0)
}

/// A body that is rendered when it is read, unless it is already. An error layer drops it unread and renders the error
/// that its rules produce.
struct ProblemBody(Option<(HttpError, Option<Bytes>, Arc<()>)>);

impl http_body::Body for ProblemBody {
    type Data = Bytes;
    type Error = BoxError;

    fn poll_frame(mut self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, BoxError>>> {
        let json = self.0.take().map(|(error, json, _)| json.unwrap_or_else(|| error.to_json().into()));
        Poll::Ready(json.map(|json| Ok(Frame::data(json))))
    }

    fn is_end_stream(&self) -> bool {
        self.0.is_none()
    }

    fn size_hint(&self) -> SizeHint {
        match &self.0 {
            Some((_, Some(json), _)) => SizeHint::with_exact(json.len() as u64),
            Some((_, None, _)) => SizeHint::default(),
            None => SizeHint::with_exact(0),
        }
    }
}

//! [`HttpError`]: any failure on its way to an HTTP answer.
//!
//! Every `std` error becomes one by `?`: an opaque 500 whose cause is logged and never sent. The named constructors make the
//! answers that a caller is meant to read. It renders as `application/problem+json` ([RFC 9457]) and leaves itself in the
//! response's extensions, where [`ErrorLayer`](crate::http::ErrorLayer) finds it.
//!
//! # Example
//!
//! ```
//! use pilaster::http::{HttpError, IntoResponse, StatusCode};
//!
//! fn find(id: &str) -> Result<u32, HttpError> {
//!     if id == "0" {
//!         return Err(HttpError::not_found("there is no user 0"));
//!     }
//!     Ok(id.parse::<u32>()?) // a `ParseIntError` is nothing the caller should see
//! }
//!
//! assert_eq!(find("0").unwrap_err().status(), StatusCode::NOT_FOUND);
//! let hidden = find("x").unwrap_err();
//! assert_eq!(hidden.into_response().status(), StatusCode::INTERNAL_SERVER_ERROR);
//! ```
//!
//! # Your error, and what to write
//!
//! | the error | in the function |
//! |---|---|
//! | implements `std::error::Error` | `?` |
//! | `BoxError`, `Box<dyn Error + Send + Sync>`, `String`, `&str` | `.map_err(HttpError::internal)?` |
//! | `anyhow::Error` | `.map_err(\|error\| HttpError::from_boxed(error.reallocate_into_boxed_dyn_error_without_backtrace()))?`: by `into()` alone anyhow wraps the error, and `ErrorLayer::on` does not find it |
//! | one that the caller should read | a constructor: `.map_err(\|_\| HttpError::not_found("no such user"))?`, or `ErrorLayer::on` |
//!
//! [RFC 9457]: https://www.rfc-editor.org/rfc/rfc9457

use std::borrow::Cow;
use std::error::Error as StdError;
use std::fmt;
use std::sync::Arc;

use axum_core::body::Body;
use axum_core::response::{IntoResponse, Response};
use http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header};
use serde::Serialize;
use serde_json::{Map, Value};

use crate::core::error::{BoxError, Refusal, chain, refusal};
use crate::http::rejection::Rejection;

/// The media type of a problem ([RFC 9457, 6.1](https://www.rfc-editor.org/rfc/rfc9457#section-6.1)).
pub(crate) const PROBLEM_JSON: HeaderValue = HeaderValue::from_static("application/problem+json");

/// An error that knows its HTTP answer. See the [module docs](self).
///
/// It does not implement [`std::error::Error`] itself, so that every type that does can become one by `?`.
#[derive(Clone)]
pub struct HttpError {
    // Boxed: a `Result<T, HttpError>` stays as small as its `T`.
    inner: Box<Inner>,
}

#[derive(Clone)]
struct Inner {
    status: StatusCode,
    kind: Option<Cow<'static, str>>,
    title: Option<Cow<'static, str>>,
    detail: Option<Cow<'static, str>>,
    headers: HeaderMap,
    members: Map<String, Value>,
    source: Option<Arc<dyn StdError + Send + Sync>>,
    logged: bool,
}

/// The body, its members in the order of the RFC.
#[derive(Serialize)]
struct Problem<'a> {
    #[serde(rename = "type", skip_serializing_if = "Option::is_none")]
    kind: Option<&'a str>,
    title: &'a str,
    status: u16,
    #[serde(skip_serializing_if = "Option::is_none")]
    detail: Option<&'a str>,
    #[serde(flatten)]
    members: &'a Map<String, Value>,
}

/// How an error becomes a response.
pub(crate) type Render = dyn Fn(&HttpError) -> Response + Send + Sync;

/// How errors of this request are rendered, in the extensions of its response: as a layer within chose, or as the error layer does it.
/// Layers around the error layer and the adapter use it for failures of their own.
#[derive(Clone)]
pub(crate) struct Renderer(pub(crate) Arc<Render>);

impl Renderer {
    #[cfg(feature = "negotiation")]
    pub(crate) fn new(render: impl Fn(&HttpError) -> Response + Send + Sync + 'static) -> Self {
        Self(Arc::new(render))
    }
}

macro_rules! constructors {
    ($($(#[$doc:meta])* $name:ident => $status:ident;)*) => {$(
        $(#[$doc])*
        pub fn $name(detail: impl Into<Cow<'static, str>>) -> Self {
            Self::new(StatusCode::$status).with_detail(detail)
        }
    )*};
}

impl HttpError {
    /// An error with this status and no detail.
    pub fn new(status: StatusCode) -> Self {
        Self {
            inner: Box::new(Inner {
                status,
                kind: None,
                title: None,
                detail: None,
                headers: HeaderMap::new(),
                members: Map::new(),
                source: None,
                logged: false,
            }),
        }
    }

    constructors! {
        /// 400: the request cannot be understood.
        bad_request => BAD_REQUEST;
        /// 401: who is asking is not known. Add `WWW-Authenticate` by [`with_header`](Self::with_header).
        unauthorized => UNAUTHORIZED;
        /// 403: who is asking is known and may not.
        forbidden => FORBIDDEN;
        /// 404: there is no such thing.
        not_found => NOT_FOUND;
        /// 405: not by this method. Add `Allow` by [`with_header`](Self::with_header).
        method_not_allowed => METHOD_NOT_ALLOWED;
        /// 406: no form of the answer suits the `Accept` headers.
        not_acceptable => NOT_ACCEPTABLE;
        /// 408: the caller took too long.
        request_timeout => REQUEST_TIMEOUT;
        /// 409: the state of the thing forbids it.
        conflict => CONFLICT;
        /// 410: it was there and will not come back.
        gone => GONE;
        /// 412: `If-Match` or another precondition does not hold.
        precondition_failed => PRECONDITION_FAILED;
        /// 413: the body is larger than the limit.
        payload_too_large => PAYLOAD_TOO_LARGE;
        /// 415: the body is of a type that is not read here.
        unsupported_media_type => UNSUPPORTED_MEDIA_TYPE;
        /// 422: understood, and wrong.
        unprocessable => UNPROCESSABLE_ENTITY;
        /// 428: a precondition such as `If-Match` is required.
        precondition_required => PRECONDITION_REQUIRED;
        /// 429: too many requests. Add `Retry-After` by [`with_header`](Self::with_header).
        too_many_requests => TOO_MANY_REQUESTS;
    }

    /// 500 caused by this. The cause is logged and never sent.
    pub fn internal(source: impl Into<BoxError>) -> Self {
        Self::from_boxed(source.into())
    }

    /// 503 that asks the caller to come back after `seconds`.
    pub fn unavailable(seconds: u32) -> Self {
        Self::new(StatusCode::SERVICE_UNAVAILABLE).with_header(header::RETRY_AFTER, HeaderValue::from(seconds))
    }

    /// 504: the time for this request is over.
    pub fn timeout() -> Self {
        Self::new(StatusCode::GATEWAY_TIMEOUT)
    }

    /// The same as `?` does, for an error that is boxed already: a [`Rejection`] keeps its status, an error that is or was caused by
    /// an `IdempotencyError` has that error's status, any other error is an opaque 500.
    pub fn from_boxed(source: BoxError) -> Self {
        match source.downcast::<Rejection>() {
            Ok(rejection) => rejection.into_http_error(),
            Err(source) => {
                let error =
                    refusal(&*source).map_or_else(|| Self::new(StatusCode::INTERNAL_SERVER_ERROR), Self::refused);
                error.with_shared_source(Arc::from(source))
            }
        }
    }

    fn refused(refusal: &Refusal) -> Self {
        let status = StatusCode::from_u16(refusal.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        let error = Self::new(status).with_detail(refusal.detail);
        match refusal.retry_after {
            Some(seconds) => error.with_header(header::RETRY_AFTER, HeaderValue::from(seconds)),
            None => error,
        }
    }

    /// The answer to a panic: logged already, by the panic hook.
    pub(crate) fn panic() -> Self {
        let mut error = Self::new(StatusCode::INTERNAL_SERVER_ERROR);
        error.inner.logged = true;
        error
    }

    /// What the caller reads. A 5xx answer never carries it.
    #[must_use]
    pub fn with_detail(mut self, detail: impl Into<Cow<'static, str>>) -> Self {
        self.inner.detail = Some(detail.into());
        self
    }

    /// A title other than the status' reason phrase: the same for every occurrence of this type of problem.
    #[must_use]
    pub fn with_title(mut self, title: impl Into<Cow<'static, str>>) -> Self {
        self.inner.title = Some(title.into());
        self
    }

    /// The `type` member: a URI that names this type of problem. Without it the type is `about:blank`.
    #[must_use]
    pub fn with_type(mut self, uri: impl Into<Cow<'static, str>>) -> Self {
        self.inner.kind = Some(uri.into());
        self
    }

    /// A header of the answer.
    #[must_use]
    pub fn with_header(mut self, name: HeaderName, value: HeaderValue) -> Self {
        self.inner.headers.append(name, value);
        self
    }

    /// An extension member of the problem ([RFC 9457, 3.2](https://www.rfc-editor.org/rfc/rfc9457#section-3.2)). The
    /// standard members `type`, `title`, `status`, `detail` cannot be overwritten by it. A 5xx answer carries members too:
    /// put nothing internal here.
    #[must_use]
    pub fn with_member(mut self, name: impl Into<String>, value: impl Into<Value>) -> Self {
        let name = name.into();
        if !matches!(name.as_str(), "type" | "title" | "status" | "detail") {
            self.inner.members.insert(name, value.into());
        }
        self
    }

    /// The cause: logged where the answer is a 5xx, never sent.
    #[must_use]
    pub fn with_source(self, source: impl Into<BoxError>) -> Self {
        self.with_shared_source(Arc::from(source.into()))
    }

    pub(crate) fn with_shared_source(mut self, source: Arc<dyn StdError + Send + Sync>) -> Self {
        self.inner.source = Some(source);
        self
    }

    /// The status of the answer.
    pub fn status(&self) -> StatusCode {
        self.inner.status
    }

    /// The detail, whether it will be sent or not.
    pub fn detail(&self) -> Option<&str> {
        self.inner.detail.as_deref()
    }

    /// The title: the one that was set, or the status' reason phrase.
    pub fn title(&self) -> &str {
        self.inner.title.as_deref().or(self.inner.status.canonical_reason()).unwrap_or("Error")
    }

    /// The extension members.
    pub fn members(&self) -> &Map<String, Value> {
        &self.inner.members
    }

    /// The headers that the answer gets.
    pub fn headers(&self) -> &HeaderMap {
        &self.inner.headers
    }

    /// The cause.
    pub fn source(&self) -> Option<&(dyn StdError + Send + Sync + 'static)> {
        self.inner.source.as_deref()
    }

    pub(crate) fn shared_source(&self) -> Option<Arc<dyn StdError + Send + Sync>> {
        self.inner.source.clone()
    }

    /// The texts of the cause and of its causes, outermost first: for the log.
    pub fn chain(&self) -> Vec<String> {
        self.source().map(|source| chain(source)).unwrap_or_default()
    }

    /// The pointers of the `errors` member, for the log: which fields were wrong, without what was wrong with them.
    pub(crate) fn pointers(&self) -> Option<String> {
        let errors = self.inner.members.get("errors")?.as_array()?;
        let pointers = errors.iter().filter_map(|error| error.get("pointer")?.as_str()).collect::<Vec<_>>();
        (!pointers.is_empty()).then(|| pointers.join(" "))
    }

    /// What a renderer may see: of a 5xx neither detail nor cause.
    pub(crate) fn shown(&self) -> Self {
        let mut shown = self.clone();
        if shown.inner.status.is_server_error() {
            shown.inner.detail = None;
            shown.inner.source = None;
        }
        shown
    }

    pub(crate) fn set_status(&mut self, status: StatusCode) {
        self.inner.status = status;
    }

    /// Whether some room has written this failure to the log already.
    pub(crate) fn is_logged(&self) -> bool {
        self.inner.logged
    }

    pub(crate) fn set_logged(&mut self) {
        self.inner.logged = true;
    }

    /// The problem as JSON: what the answer's body holds.
    ///
    /// # Example
    ///
    /// ```
    /// use pilaster::http::HttpError;
    ///
    /// let problem = HttpError::conflict("the e-mail address is taken").with_member("field", "email").problem();
    /// assert_eq!(problem["status"], 409);
    /// assert_eq!(problem["title"], "Conflict");
    /// assert_eq!(problem["field"], "email");
    /// ```
    pub fn problem(&self) -> Value {
        serde_json::to_value(self.as_problem()).unwrap_or_default()
    }

    fn as_problem(&self) -> Problem<'_> {
        let inner = &*self.inner;
        Problem {
            kind: inner.kind.as_deref(),
            title: self.title(),
            status: inner.status.as_u16(),
            detail: inner.detail.as_deref().filter(|_| !inner.status.is_server_error()),
            members: &inner.members,
        }
    }

    /// The answer, its body as text.
    pub(crate) fn render(&self) -> http::Response<String> {
        let mut response = http::Response::new(serde_json::to_string(&self.as_problem()).unwrap_or_default());
        *response.status_mut() = self.inner.status;
        response.headers_mut().insert(header::CONTENT_TYPE, PROBLEM_JSON);
        response.headers_mut().extend(self.inner.headers.clone());
        response
    }
}

impl IntoResponse for HttpError {
    fn into_response(self) -> Response {
        let mut response = self.render().map(Body::from);
        response.extensions_mut().insert(self);
        response
    }
}

impl<E: StdError + Send + Sync + 'static> From<E> for HttpError {
    fn from(error: E) -> Self {
        Self::from_boxed(Box::new(error))
    }
}

impl fmt::Debug for HttpError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("HttpError")
            .field("status", &self.inner.status)
            .field("detail", &self.inner.detail)
            .field("members", &self.inner.members)
            // Not the cause's own `Debug`, which may show what the cause holds.
            .field("causes", &self.chain())
            .finish_non_exhaustive()
    }
}

impl fmt::Display for HttpError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.inner.status.as_u16(), self.title())?;
        match &self.inner.detail {
            Some(detail) => write!(f, ": {detail}"),
            None => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_detail_of_a_5xx_is_never_in_the_answer() {
        let error = HttpError::new(StatusCode::BAD_GATEWAY).with_detail("db password is hunter2");
        assert!(!error.problem().to_string().contains("hunter2"));
    }

    #[test]
    fn any_error_is_an_opaque_500_that_keeps_its_chain() {
        let error: HttpError = std::io::Error::other("disk full").into();
        assert_eq!(error.status(), StatusCode::INTERNAL_SERVER_ERROR);
        assert_eq!(error.chain(), ["disk full"]);
        assert!(!error.problem().to_string().contains("disk"));
    }

    #[test]
    fn a_rejection_that_passes_by_question_mark_keeps_its_status() {
        let error: HttpError = Rejection::new(StatusCode::UNPROCESSABLE_ENTITY, "no").into();
        assert_eq!(error.status(), StatusCode::UNPROCESSABLE_ENTITY);
    }

    #[test]
    fn a_member_does_not_overwrite_a_standard_one() {
        let problem = HttpError::conflict("taken").with_member("status", 200).problem();
        assert_eq!(problem["status"], 409);
    }
}

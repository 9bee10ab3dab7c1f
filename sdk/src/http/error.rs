//! [`HttpError`]: an error together with its HTTP response.
//!
//! `?` converts every `std` error into an opaque 500, whose cause is logged and never sent. The constructors create
//! responses that the client should read. An error renders as `application/problem+json` ([RFC 9457]) and stays in the
//! extensions of its response, where [`ErrorLayer`](crate::http::ErrorLayer) finds it.
//!
//! # Example
//!
//! ```
//! use pilaster::http::{HttpError, IntoResponse, StatusCode};
//!
//! fn find(id: &str) -> Result<u32, HttpError> {
//!     if id == "0" {
//!         return Err(HttpError::not_found("no such user"));
//!     }
//!     Ok(id.parse::<u32>()?) // the client never sees a `ParseIntError`
//! }
//!
//! assert_eq!(find("0").unwrap_err().status(), StatusCode::NOT_FOUND);
//! let hidden = find("x").unwrap_err();
//! assert_eq!(hidden.into_response().status(), StatusCode::INTERNAL_SERVER_ERROR);
//! ```
//!
//! # Which conversion to use
//!
//! | the error | in the function |
//! |---|---|
//! | implements `std::error::Error` | `?` |
//! | `BoxError`, `anyhow::Error`, a text | `.map_err(HttpError::internal)?`: see [`HttpError`](HttpError#-on-other-errors) |
//! | an error that the client should read | a constructor: `.map_err(\|_\| HttpError::not_found("no such user"))?`, or `ErrorLayer::on` |
//! | an enum, each of whose variants has its own status | [`ToHttpError`]: derive it, or write one `match` |
//!
//! [RFC 9457]: https://www.rfc-editor.org/rfc/rfc9457

mod field;
mod into_http_error;
mod malformed;
mod problem;
mod rejection;
mod renderer;
mod to_http_error;

use std::borrow::Cow;
use std::error::Error as StdError;
use std::fmt;
use std::sync::Arc;

use http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header};
use serde_json::{Map, Value};

pub use self::field::FieldError;
pub use self::into_http_error::IntoHttpError;
pub(crate) use self::malformed::{Malformed, malformed};
pub(crate) use self::problem::{PROBLEM_JSON, is_replaced};
pub use self::rejection::Rejection;
pub(crate) use self::renderer::{Renderer, rendered};
pub use self::to_http_error::ToHttpError;
use crate::core::error::{BoxError, Refusal, as_error, chain, held, refusal};

/// An error with its HTTP response. Cheap to clone. See the [module docs](self).
///
/// It does not implement [`std::error::Error`] itself, so that `?` can convert every type that does.
///
/// # `?` on other errors
///
/// `?` converts a type that implements [`std::error::Error`]. Rust does not allow conversions of the types below beside
/// that one, so each of them needs a call:
///
/// | the error | write |
/// |---|---|
/// | [`BoxError`], `Box<dyn Error + Send + Sync>` | `.map_err(HttpError::internal)?` |
/// | `String`, `&str` | `.map_err(HttpError::internal)?` |
/// | `anyhow::Error`, `eyre::Report` | `.map_err(HttpError::internal)?` |
/// | `anyhow::Error` whose causes the rules of [`ErrorLayer::on`](crate::http::ErrorLayer::on) must find | `.map_err(\|error\| HttpError::internal(error.reallocate_into_boxed_dyn_error_without_backtrace()))?` |
/// | a type of your own without `std::error::Error` | `impl From<MyError> for HttpError`, and then `?` |
/// | a type of your own with `std::error::Error` whose status you choose (`impl From` is E0119) | `#[derive(ToHttpError)]`: see [`ToHttpError`] |
///
/// The first three become an opaque 500 whose cause is logged, like any error that `?` converts.
///
/// ```
/// use pilaster::BoxError;
/// use pilaster::http::{HttpError, Path};
///
/// fn find(id: u64) -> Result<String, BoxError> {
///     Err(format!("{id} is not in the cache").into())
/// }
///
/// async fn get(Path(id): Path<u64>) -> Result<String, HttpError> {
///     let user = find(id).map_err(HttpError::internal)?;
///     Ok(user)
/// }
/// # let _ = pilaster::handler(get);
/// ```
#[derive(Clone)]
pub struct HttpError {
    // One pointer: a `Result<T, HttpError>` stays as small as its `T`.
    inner: Arc<Inner>,
}

#[derive(Clone)]
struct Inner {
    status: StatusCode,
    kind: Option<Cow<'static, str>>,
    title: Option<Cow<'static, str>>,
    detail: Option<Cow<'static, str>>,
    headers: HeaderMap,
    fields: Vec<FieldError>,
    members: Map<String, Value>,
    source: Option<Arc<dyn StdError + Send + Sync>>,
    is_logged: bool,
    /// A response has replaced the status, which was a 5xx: the detail stays hidden.
    was_server_error: bool,
    /// No response replaces the status.
    is_fixed: bool,
}

macro_rules! constructors {
    ($($(#[$doc:meta])* $name:ident => $status:ident;)*) => {$(
        $(#[$doc])*
        pub fn $name(detail: impl Into<Cow<'static, str>>) -> Self {
            Self::new(StatusCode::$status, detail)
        }
    )*};
}

impl HttpError {
    /// Creates an error with this status and a detail for the client. The detail of a 5xx is logged and never sent.
    /// A status outside of 400 to 599 becomes a 500, and an ERROR line is logged: an error is never a success; in a
    /// tuple `(StatusCode, HttpError)`, such a status is ignored. For a redirect, return
    /// [`Redirect`](crate::http::Redirect).
    ///
    /// ```
    /// use pilaster::http::{HttpError, StatusCode};
    ///
    /// let error = HttpError::new(StatusCode::LOCKED, "another editor has the document open");
    /// assert_eq!(error.problem()["detail"], "another editor has the document open");
    /// ```
    pub fn new(status: StatusCode, detail: impl Into<Cow<'static, str>>) -> Self {
        let mut error = Self::from_status(status);
        error.inner_mut().detail = Some(detail.into());
        error
    }

    /// Creates an error with this status and no detail. A status that is not one of an error becomes a 500, as with [`new`](Self::new).
    pub fn from_status(status: StatusCode) -> Self {
        let is_error = is_of_error(status);
        if !is_error {
            let status = status.as_u16();
            tracing::error!(
                status,
                "an `HttpError` was created with a status that is not one of an error; it is a 500"
            );
        }
        Self {
            inner: Arc::new(Inner {
                status: if is_error { status } else { StatusCode::INTERNAL_SERVER_ERROR },
                kind: None,
                title: None,
                detail: None,
                headers: HeaderMap::new(),
                fields: Vec::new(),
                members: Map::new(),
                source: None,
                is_logged: false,
                was_server_error: false,
                is_fixed: false,
            }),
        }
    }

    constructors! {
        /// 400: the request is malformed.
        bad_request => BAD_REQUEST;
        /// 401: the request lacks valid credentials. Add `WWW-Authenticate` with [`with_header`](Self::with_header).
        unauthorized => UNAUTHORIZED;
        /// 403: the caller is authenticated and lacks permission.
        forbidden => FORBIDDEN;
        /// 404: the resource does not exist.
        not_found => NOT_FOUND;
        /// 405: the resource does not support the method. Add `Allow` with [`with_header`](Self::with_header).
        method_not_allowed => METHOD_NOT_ALLOWED;
        /// 406: the resource has no representation that matches the `Accept` headers.
        not_acceptable => NOT_ACCEPTABLE;
        /// 408: the client took too long to send the request.
        request_timeout => REQUEST_TIMEOUT;
        /// 409: the request conflicts with the state of the resource.
        conflict => CONFLICT;
        /// 410: the resource existed and is permanently gone.
        gone => GONE;
        /// 412: `If-Match` or another precondition does not hold.
        precondition_failed => PRECONDITION_FAILED;
        /// 413: the body is larger than the limit.
        payload_too_large => PAYLOAD_TOO_LARGE;
        /// 415: the media type or content encoding of the body is not supported.
        unsupported_media_type => UNSUPPORTED_MEDIA_TYPE;
        /// 422: the request is well-formed and invalid.
        unprocessable_entity => UNPROCESSABLE_ENTITY;
        /// 428: the request requires a precondition such as `If-Match`.
        precondition_required => PRECONDITION_REQUIRED;
        /// 429: the client sent too many requests. Add `Retry-After` with [`with_retry_after`](Self::with_retry_after).
        too_many_requests => TOO_MANY_REQUESTS;
        /// 500. The detail is logged and never sent. For an error as the cause, see [`internal`](Self::internal).
        internal_server_error => INTERNAL_SERVER_ERROR;
        /// 502: a service that the function depends on returned an invalid response. The detail is logged and never
        /// sent.
        bad_gateway => BAD_GATEWAY;
        /// 503. The detail is logged and never sent. Add `Retry-After` with
        ///      [`with_retry_after`](Self::with_retry_after).
        service_unavailable => SERVICE_UNAVAILABLE;
        /// 504: the function did not respond in time. The detail is logged and never sent.
        gateway_timeout => GATEWAY_TIMEOUT;
    }

    /// Creates a 500 with this cause, which is logged and never sent. A boxed error keeps its status as with
    /// [`from_boxed`](Self::from_boxed).
    pub fn internal(source: impl Into<BoxError>) -> Self {
        Self::from_boxed(source.into())
    }

    /// Converts a boxed error as `?` converts an unboxed one: a [`Rejection`] keeps its status, an error that is or was
    /// caused by an `IdempotencyError` has that error's status, and any other error is an opaque 500. A `Rejection` is also found in a
    /// `Box`, an `Arc` or an `io::Error`.
    pub fn from_boxed(source: BoxError) -> Self {
        let error: &(dyn StdError + 'static) = &*source;
        if let Some(rejection) = as_error::<Rejection>(error).or_else(|| as_error(held(error)?)) {
            return Self::clone(rejection);
        }
        let error =
            refusal(error).map_or_else(|| Self::from_status(StatusCode::INTERNAL_SERVER_ERROR), Self::from_refusal);
        error.with_shared_source(Arc::from(source))
    }

    fn from_refusal(refusal: &Refusal) -> Self {
        let status = StatusCode::from_u16(refusal.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        let error = Self::new(status, refusal.detail);
        match refusal.retry_after {
            Some(seconds) => error.with_retry_after(seconds),
            None => error,
        }
    }

    /// Returns the response to a panic, which the panic hook has logged.
    pub(crate) fn panic() -> Self {
        let mut error = Self::from_status(StatusCode::INTERNAL_SERVER_ERROR);
        error.set_logged();
        error
    }

    fn inner_mut(&mut self) -> &mut Inner {
        Arc::make_mut(&mut self.inner)
    }

    /// Replaces the title, which is the reason phrase of the status by default. It should be the same for every
    /// occurrence of this type of problem.
    #[must_use]
    pub fn with_title(mut self, title: impl Into<Cow<'static, str>>) -> Self {
        self.inner_mut().title = Some(title.into());
        self
    }

    /// Sets the `type` member: a URI that names this type of problem. Without it the type is `about:blank`.
    #[must_use]
    pub fn with_type(mut self, uri: impl Into<Cow<'static, str>>) -> Self {
        self.inner_mut().kind = Some(uri.into());
        self
    }

    /// Adds a header to the response.
    #[must_use]
    pub fn with_header(mut self, name: HeaderName, value: HeaderValue) -> Self {
        self.inner_mut().headers.append(name, value);
        self
    }

    /// Adds `Retry-After`, in seconds.
    #[must_use]
    pub fn with_retry_after(self, seconds: u32) -> Self {
        self.with_header(header::RETRY_AFTER, HeaderValue::from(seconds))
    }

    /// Adds an invalid field of the input to the member `errors`. A 5xx response does not contain it.
    #[must_use]
    pub fn with_field(mut self, field: FieldError) -> Self {
        self.inner_mut().fields.push(field);
        self
    }

    /// Adds an extension member ([RFC 9457, 3.2](https://www.rfc-editor.org/rfc/rfc9457#section-3.2)). It does not
    /// overwrite the standard members `type`, `title`, `status` and `detail`, nor the `errors` of
    /// [`with_field`](Self::with_field). A 5xx response contains the members too, so they must not reveal internals.
    #[must_use]
    pub fn with_member(mut self, name: impl Into<String>, value: impl Into<Value>) -> Self {
        let name = name.into();
        if !matches!(name.as_str(), "type" | "title" | "status" | "detail") {
            self.inner_mut().members.insert(name, value.into());
        }
        self
    }

    /// Sets the cause, which is logged if the response is a 5xx and never sent.
    #[must_use]
    pub fn with_source(self, source: impl Into<BoxError>) -> Self {
        self.with_shared_source(Arc::from(source.into()))
    }

    pub(crate) fn with_shared_source(mut self, source: Arc<dyn StdError + Send + Sync>) -> Self {
        self.inner_mut().source = Some(source);
        self
    }

    pub(crate) fn without_source(mut self) -> Self {
        self.inner_mut().source = None;
        self
    }

    /// Returns the status of the response.
    pub fn status(&self) -> StatusCode {
        self.inner.status
    }

    /// Returns the detail, including one that is not sent.
    pub fn detail(&self) -> Option<&str> {
        self.inner.detail.as_deref()
    }

    /// Returns the title: the configured one, or the reason phrase of the status.
    pub fn title(&self) -> &str {
        self.inner.title.as_deref().or(self.inner.status.canonical_reason()).unwrap_or("Error")
    }

    /// Returns the invalid fields of the input: the member `errors`.
    pub fn fields(&self) -> &[FieldError] {
        &self.inner.fields
    }

    /// Returns the extension members, without the `errors` of [`fields`](Self::fields).
    pub fn members(&self) -> &Map<String, Value> {
        &self.inner.members
    }

    /// Returns the additional headers of the response.
    pub fn headers(&self) -> &HeaderMap {
        &self.inner.headers
    }

    /// Returns the cause.
    pub fn source(&self) -> Option<&(dyn StdError + Send + Sync + 'static)> {
        self.inner.source.as_deref()
    }

    pub(crate) fn shared_source(&self) -> Option<Arc<dyn StdError + Send + Sync>> {
        self.inner.source.clone()
    }

    /// Returns the messages of the cause and its sources for the log, outermost first.
    pub fn chain(&self) -> Vec<String> {
        self.source().map(|source| chain(source)).unwrap_or_default()
    }

    /// Keeps the status also in a tuple with another one: the error is none that the handler has chosen.
    #[cfg(feature = "validate")]
    pub(crate) fn with_fixed_status(mut self) -> Self {
        self.inner_mut().is_fixed = true;
        self
    }

    /// Replaces the status by that of the response that the error came with, unless that is not one of an error or the
    /// status is fixed. The detail of a 5xx stays hidden.
    pub(crate) fn set_status(&mut self, status: StatusCode) {
        if self.inner.status != status && is_of_error(status) && !self.inner.is_fixed {
            let inner = self.inner_mut();
            inner.was_server_error |= inner.status.is_server_error();
            inner.status = status;
        }
    }

    /// Returns `true` if neither the detail nor the cause may be sent.
    fn hides_internals(&self) -> bool {
        self.inner.status.is_server_error() || self.inner.was_server_error
    }

    /// Returns `true` if a layer has already logged this failure.
    pub(crate) fn is_logged(&self) -> bool {
        self.inner.is_logged
    }

    pub(crate) fn set_logged(&mut self) {
        self.inner_mut().is_logged = true;
    }
}

/// Returns `true` for a 4xx and a 5xx.
pub(crate) fn is_of_error(status: StatusCode) -> bool {
    status.is_client_error() || status.is_server_error()
}

/// Since this covers every `std::error::Error`, you cannot implement `From<MyError> for HttpError` for a type that is
/// one (E0119): implement [`ToHttpError`] instead. For your other types, you can.
impl<E: IntoHttpError> From<E> for HttpError {
    fn from(error: E) -> Self {
        Self::from_boxed(Box::new(error))
    }
}

impl fmt::Debug for HttpError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Without header values and the cause's `Debug`, which may contain secrets.
        f.debug_struct("HttpError")
            .field("status", &self.inner.status)
            .field("detail", &self.inner.detail)
            .field("fields", &self.inner.fields)
            .field("members", &self.inner.members)
            .field("headers", &self.inner.headers.keys().collect::<Vec<_>>())
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
mod tests;

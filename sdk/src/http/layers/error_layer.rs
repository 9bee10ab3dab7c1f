//! Layer that turns failures into answers and logs those that are the function's fault.
//!
//! It goes below CORS and security headers, so that an error's answer has them too, and above everything that may fail. It
//! finds the [`HttpError`] that the function left in its response, maps it by the caller's rules, renders it, and writes
//! one line: ERROR with the chain of causes for a 5xx, INFO for a 4xx. Core logic thus needs no HTTP types. A panic of a
//! layer between it and the function is a 500 here, as one of the function is.
//!
//! A function without an error layer, such as one whose only layer is tower's `TimeoutLayer`, has its errors rendered and logged by
//! the adapter, as [`ErrorLayer::new`] does it. Then only layers below them can add headers to errors of layers.
//!
//! # `#[error(transparent)]`
//!
//! A transparent error, as thiserror makes it, leaves itself out of the chain of causes *and* the error that it holds: the chain goes on
//! with that error's own cause. [`ErrorLayer::transparent`] says what such a type holds, so that the rules find it. In debug builds an
//! error that no rule fits and that seems to hold another is a warning, once for each type.
//!
//! ```
//! # use std::fmt;
//! use pilaster::http::ErrorLayer;
//!
//! #[derive(Debug)]
//! struct NoSuchUser;
//! # impl fmt::Display for NoSuchUser {
//! #     fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result { f.write_str("there is no such user") }
//! # }
//! # impl std::error::Error for NoSuchUser {}
//!
//! // with thiserror: `#[error(transparent)] Find(#[from] NoSuchUser)`
//! #[derive(Debug)]
//! enum AppError { Find(NoSuchUser), Io(std::io::Error) }
//! # impl fmt::Display for AppError {
//! #     fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
//! #         match self { Self::Find(error) => error.fmt(f), Self::Io(error) => error.fmt(f) }
//! #     }
//! # }
//! # impl std::error::Error for AppError {
//! #     fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
//! #         match self { Self::Find(error) => error.source(), Self::Io(error) => error.source() }
//! #     }
//! # }
//!
//! let errors = ErrorLayer::new().on::<NoSuchUser>(404).transparent(|error: &AppError| match error {
//!     AppError::Find(error) => Some(error),
//!     AppError::Io(error) => Some(error),
//! });
//! # let _ = errors;
//! ```
//!
//! # Example
//!
//! ```
//! use pilaster::http::{ErrorLayer, HttpError, IntoResponse, Request, StatusCode, Body};
//! use tower::{Layer, ServiceExt, service_fn};
//!
//! #[derive(Debug)]
//! struct EmailTaken;
//! impl std::fmt::Display for EmailTaken {
//!     fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
//!         f.write_str("the e-mail address is taken")
//!     }
//! }
//! impl std::error::Error for EmailTaken {}
//!
//! # tokio::runtime::Builder::new_current_thread().build()?.block_on(async {
//! async fn create(_: Request<Body>) -> Result<pilaster::http::Response, std::convert::Infallible> {
//!     Ok(HttpError::from(EmailTaken).into_response()) // what `?` does in a handler
//! }
//!
//! let service = ErrorLayer::new().on::<EmailTaken>(409).layer(service_fn(create));
//! let response = service.oneshot(Request::default()).await?;
//! assert_eq!(response.status(), StatusCode::CONFLICT);
//! # Ok::<(), std::convert::Infallible>(())
//! # })?;
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod hint;

use std::any::type_name;
use std::convert::Infallible;
use std::error::Error as StdError;
use std::fmt;
use std::marker::PhantomData;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use axum_core::body::Body;
use axum_core::response::{IntoResponse, Response};
use bytes::Bytes;
use http::{Method, Request, StatusCode, Uri, header};
use tower::{Layer, Service};

#[cfg(feature = "negotiation")]
use crate::core::configuration::reject;
use crate::core::deadline::DeadlineExceeded;
use crate::core::deadline::{caught, contained};
use crate::core::error::BoxError;
use crate::http::error::{HttpError, PROBLEM_JSON, Renderer};
use crate::http::layers::deadline;
use crate::http::rejection::{Rejection, refused};

type Map = dyn Fn(&(dyn StdError + 'static)) -> Option<HttpError> + Send + Sync;
/// What a transparent error holds.
type Within = dyn for<'e> Fn(&'e (dyn StdError + 'static)) -> Option<&'e (dyn StdError + 'static)> + Send + Sync;

/// Layer that applies [`ErrorAnswers`]. See the [module docs](self).
#[derive(Clone, Default)]
#[must_use]
pub struct ErrorLayer {
    rules: Arc<Rules>,
}

#[derive(Clone, Default)]
struct Rules {
    maps: Vec<(&'static str, Arc<Map>)>,
    transparent: Vec<Arc<Within>>,
    render: Option<Renderer>,
    /// The first one, told when the layer is built.
    mistake: Option<String>,
}

impl ErrorLayer {
    /// Problem details for every failure, no rules of its own.
    pub fn new() -> Self {
        Self::default()
    }

    /// An error that is an `E`, or was caused by one, is answered with `status`; its `Display` text is the detail where the
    /// status is a 4xx. The first rule that fits wins.
    ///
    /// A `status` that is not between 400 and 599, which would not be an error's answer, keeps the function from starting: the
    /// layer panics when it is put around a service, and [`run`](crate::run) makes a readable error of it.
    pub fn on<E: StdError + 'static>(mut self, status: u16) -> Self {
        let error = StatusCode::from_u16(status).ok().filter(|s| s.is_client_error() || s.is_server_error());
        let Some(status) = error else {
            let mistake =
                || format!("ErrorLayer: `.on::<{}>({status})` takes a status from 400 to 599", type_name::<E>());
            Arc::make_mut(&mut self.rules).mistake.get_or_insert_with(mistake);
            return self;
        };
        self.on_with(move |error: &E| HttpError::new(status).with_detail(error.to_string()))
    }

    /// An error that is an `E`, or was caused by one, is answered by what `map` makes of it. The cause stays in the log.
    pub fn on_with<E: StdError + 'static>(mut self, map: impl Fn(&E) -> HttpError + Send + Sync + 'static) -> Self {
        let rule = move |error: &(dyn StdError + 'static)| error.downcast_ref::<E>().map(&map);
        Arc::make_mut(&mut self.rules).maps.push((type_name::<E>(), Arc::new(rule)));
        self
    }

    /// Returns the error that an `E` holds and leaves out of the chain of causes, as `#[error(transparent)]` does. The rules of this
    /// layer are then asked about that error too, and about its causes; a [`Rejection`] keeps its status without a rule. See the [module docs](self#errortransparent).
    pub fn transparent<E, F>(mut self, within: F) -> Self
    where
        E: StdError + 'static,
        F: for<'e> Fn(&'e E) -> Option<&'e (dyn StdError + 'static)> + Send + Sync + 'static,
    {
        Arc::make_mut(&mut self.rules)
            .transparent
            .push(Arc::new(move |error| error.downcast_ref::<E>().and_then(&within)));
        self
    }

    /// Renders every failure by `render` instead of as a problem: also that of a precondition, a body that fails, and a response that is
    /// too large to be sent. Headers of the error are added to the response. It has the error's status, unless `render` sets one that is
    /// none of a success. Of a 5xx `render` sees neither detail nor cause, so that it cannot send them. Where `render` panics, the failure
    /// is a problem.
    pub fn render_with<R: IntoResponse>(mut self, render: impl Fn(&HttpError) -> R + Send + Sync + 'static) -> Self {
        Arc::make_mut(&mut self.rules).render = Some(Renderer(Arc::new(move |error| render(error).into_response())));
        self
    }
}

impl fmt::Debug for ErrorLayer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let on = self.rules.maps.iter().map(|(name, _)| *name).collect::<Vec<_>>();
        f.debug_struct("ErrorLayer").field("on", &on).finish_non_exhaustive()
    }
}

impl Rules {
    /// The first rule that fits anything in the chain of causes.
    fn map(&self, error: HttpError) -> HttpError {
        let Some(source) = error.shared_source() else { return error };
        if let Some(mapped) = self.mapped(&*source, 0) {
            return match mapped.source() {
                Some(_) => mapped,
                None => mapped.with_shared_source(source.clone()),
            };
        }
        #[cfg(feature = "_aws")]
        if error.status() == StatusCode::INTERNAL_SERVER_ERROR && crate::clients::throttled(&*source) {
            // AWS refuses for the moment: the caller may come back, after a second or a little more.
            return HttpError::unavailable(1).with_shared_source(source);
        }
        if cfg!(debug_assertions) && !self.maps.is_empty() && error.status() == StatusCode::INTERNAL_SERVER_ERROR {
            hint::may_be_transparent(&*source);
        }
        error
    }

    /// What the first rule that fits makes of an error, of what it holds, or of a cause of either.
    fn mapped(&self, error: &(dyn StdError + 'static), depth: usize) -> Option<HttpError> {
        let mut cause = Some(error);
        while let Some(error) = cause {
            if let Some(mapped) = self.maps.iter().find_map(|(_, map)| map(error)) {
                return Some(mapped);
            }
            // Types that hold each other by a mistake do not end.
            let held = self.transparent.iter().filter(|_| depth < 16).find_map(|within| within(error));
            let rejected = |held: &(dyn StdError + 'static)| held.downcast_ref().map(Rejection::to_http_error);
            if let Some(mapped) = held.and_then(|held| self.mapped(held, depth + 1).or_else(|| rejected(held))) {
                return Some(mapped);
            }
            cause = error.source();
        }
        None
    }

    fn answer(&self, error: HttpError, asked: &Asked) -> Response {
        #[cfg(feature = "negotiation")]
        if let Some(exceeded) = error.source().and_then(|source| source.downcast_ref::<DeadlineExceeded>()) {
            let chosen = exceeded.renderer().cloned();
            return self.answer_by(chosen.or_else(|| self.render.clone()), error, asked);
        }
        self.answer_by(self.render.clone(), error, asked)
    }

    fn answer_by(&self, render: Option<Renderer>, error: HttpError, asked: &Asked) -> Response {
        // A rule, or the texts of an error, may panic: the answer has the headers of the layers all the same.
        let mut error = caught(|| self.map(error)).unwrap_or_else(HttpError::panic);
        log_failure(&mut error, Some(asked));
        let Some(render) = render else { return error.into_response() };
        let mut response = rendered(Some(&render), &error);
        response.extensions_mut().insert(Seen);
        response.extensions_mut().insert(render);
        response
    }
}

/// The answer to an error: by the renderer, or as a problem where there is none or where it panics.
pub(crate) fn rendered(renderer: Option<&Renderer>, error: &HttpError) -> Response {
    let Some(mut response) = renderer.and_then(|renderer| caught(|| (renderer.0)(&error.shown()))) else {
        return error.render().map(Body::from);
    };
    // Whoever renders a body rarely thinks of the status, and an error is no success.
    if response.status().is_success() {
        *response.status_mut() = error.status();
    }
    response.headers_mut().extend(error.headers().clone());
    response
}

/// In a response whose failure an error layer has rendered, or left as it is, and logged.
#[derive(Clone)]
struct Seen;

/// The response of all the layers, with a failure that no error layer has seen rendered and logged.
pub(crate) fn complete(answered: Result<Response, HttpError>, asked: &Asked) -> Response {
    let mut response = match answered {
        Ok(response) => response,
        Err(error) => return Rules::default().answer(error, asked),
    };
    let status = response.status();
    let error = response.extensions_mut().remove::<HttpError>();
    if error.is_none() && !status.is_server_error() || response.extensions_mut().remove::<Seen>().is_some() {
        return response;
    }
    let headers = response.headers();
    match error {
        // A layer of the user's may have rendered it already.
        Some(error) if !error.is_logged() && headers.get(header::CONTENT_TYPE) == Some(&PROBLEM_JSON) => {
            Rules::default().answer_within(error, response, asked)
        }
        error => {
            let mut error = error.unwrap_or_else(|| HttpError::new(status));
            error.set_status(status);
            log_failure(&mut error, Some(asked));
            response
        }
    }
}

/// What was asked for: the log says which route failed. The query may hold what is nobody's business.
#[derive(Clone, Debug)]
pub(crate) struct Asked {
    method: Method,
    uri: Uri,
}

impl Asked {
    pub(crate) fn of<R>(request: &Request<R>) -> Self {
        // Both are shared, not copied.
        Self { method: request.method().clone(), uri: request.uri().clone() }
    }

    /// Whether a CORS layer may have answered by itself.
    pub(crate) fn is_preflight(&self) -> bool {
        self.method == Method::OPTIONS
    }

    /// Whether the answer may have a body, which that to `HEAD` has not.
    pub(crate) fn has_body(&self) -> bool {
        self.method != Method::HEAD
    }
}

/// One ERROR line for a 5xx with the chain of causes, one INFO line for a 4xx, which is the caller's; none where a room below
/// wrote it.
pub(crate) fn log_failure(error: &mut HttpError, asked: Option<&Asked>) {
    if error.is_logged() {
        return;
    }
    error.set_logged();
    // The texts of an error are the user's code.
    let _ = caught(|| write_failure(error, asked));
}

fn write_failure(error: &HttpError, asked: Option<&Asked>) {
    let status = error.status().as_u16();
    let method = asked.map(|asked| asked.method.as_str());
    let path = asked.map(|asked| asked.uri.path());
    if !error.status().is_server_error() {
        let fields = error.pointers();
        tracing::info!(status, method, path, detail = error.detail(), fields, "the request was refused");
        return;
    }
    match error.source() {
        Some(source) => {
            let source: &(dyn StdError + 'static) = source;
            tracing::error!(status, method, path, error = source, "the request failed");
        }
        None => {
            tracing::error!(status, method, path, error_type = "HttpError", error = %error, "the request failed");
        }
    }
}

impl<S> Layer<S> for ErrorLayer {
    type Service = ErrorAnswers<S>;

    /// # Panics
    ///
    /// If [`on`](ErrorLayer::on) was given a status that is not one of an error, and the layer is not one of a
    /// [`Function`](crate::Function).
    fn layer(&self, inner: S) -> Self::Service {
        if let Some(mistake) = &self.rules.mistake {
            reject(mistake);
        }
        ErrorAnswers { inner, rules: self.rules.clone(), not_ready: None }
    }
}

/// Service that turns failures into answers. See the [module docs](self).
#[derive(Clone)]
pub struct ErrorAnswers<S> {
    inner: S,
    rules: Arc<Rules>,
    not_ready: Option<HttpError>,
}

impl<S: fmt::Debug> fmt::Debug for ErrorAnswers<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ErrorAnswers").field("inner", &self.inner).finish_non_exhaustive()
    }
}

impl<S, R, B> Service<Request<R>> for ErrorAnswers<S>
where
    S: Service<Request<R>, Response = Response<B>>,
    S::Error: Into<BoxError>,
    B: http_body::Body<Data = Bytes> + Send + 'static,
    B::Error: Into<BoxError>,
{
    type Response = Response;
    type Error = Infallible;
    type Future = ErrorAnswersFuture<S::Future, B>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        // An error of readiness is an answer too: passed on, it would end the process. So is a panic.
        let polled = catch_unwind(AssertUnwindSafe(|| self.inner.poll_ready(cx)));
        self.not_ready = match polled {
            Ok(ready) => ready!(ready).err().map(|error| deadline::answer(error.into())),
            Err(_) => Some(HttpError::panic()),
        };
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Request<R>) -> Self::Future {
        // What the adapter could not decode gets no further, and has the headers of any answer.
        let failed = self.not_ready.take().or_else(|| refused(&request));
        let asked = Asked::of(&request);
        // The function's own panics are answered below; here it is one of the user's layers.
        let call = || catch_unwind(AssertUnwindSafe(|| self.inner.call(request))).map_err(|_| HttpError::panic());
        let (inner, failed) = match failed.map_or_else(call, Err) {
            Ok(inner) => (Some(inner), None),
            Err(error) => (None, Some(error)),
        };
        ErrorAnswersFuture { inner, failed, asked, rules: self.rules.clone(), body: PhantomData }
    }
}

pin_project_lite::pin_project! {
    /// The answer on its way.
    pub struct ErrorAnswersFuture<F, B> {
        #[pin]
        inner: Option<F>,
        failed: Option<HttpError>,
        asked: Asked,
        rules: Arc<Rules>,
        body: PhantomData<fn() -> B>,
    }
}

impl<F, B> fmt::Debug for ErrorAnswersFuture<F, B> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ErrorAnswersFuture").finish_non_exhaustive()
    }
}

impl<F, B, E> Future for ErrorAnswersFuture<F, B>
where
    F: Future<Output = Result<Response<B>, E>>,
    E: Into<BoxError>,
    B: http_body::Body<Data = Bytes> + Send + 'static,
    B::Error: Into<BoxError>,
{
    type Output = Result<Response, Infallible>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let mut this = self.project();
        let Some(inner) = this.inner.as_mut().as_pin_mut() else {
            let error = this.failed.take().unwrap_or_else(|| HttpError::internal("polled after it was ready"));
            return Poll::Ready(Ok(this.rules.answer(error, this.asked)));
        };
        let polled = match catch_unwind(AssertUnwindSafe(|| inner.poll(cx))) {
            Ok(polled) => Some(ready!(polled)),
            Err(_) => None,
        };
        // A layer such as tower's `TimeoutLayer` answers before its work has ended, and what that holds may panic when it is dropped.
        contained(|| this.inner.set(None));
        Poll::Ready(Ok(match polled {
            Some(Ok(response)) => this.rules.complete(response, this.asked),
            Some(Err(error)) => {
                let error = caught(|| deadline::answer(error.into())).unwrap_or_else(HttpError::panic);
                this.rules.answer(error, this.asked)
            }
            None => this.rules.answer(HttpError::panic(), this.asked),
        }))
    }
}

impl Rules {
    /// The answer that a response of the services within becomes.
    fn complete<B>(&self, mut response: Response<B>, asked: &Asked) -> Response
    where
        B: http_body::Body<Data = Bytes> + Send + 'static,
        B::Error: Into<BoxError>,
    {
        match response.extensions_mut().remove::<HttpError>() {
            Some(error) => self.answer_within(error, response.map(Body::new), asked),
            None => {
                if response.status().is_server_error() && response.extensions().get::<Seen>().is_none() {
                    // A bare status, or a rejection of axum's: it is not rendered again, and yet no silent 5xx.
                    log_failure(&mut HttpError::new(response.status()), Some(asked));
                    response.extensions_mut().insert(Seen);
                }
                if let Some(render) = self.render.as_ref().filter(|_| response.extensions().get::<Renderer>().is_none())
                {
                    response.extensions_mut().insert(render.clone());
                }
                response.map(Body::new)
            }
        }
    }

    /// The answer to a failure that came with a response: headers that rooms below added to it stay.
    fn answer_within(&self, mut error: HttpError, mut response: Response, asked: &Asked) -> Response {
        // A tuple such as `(StatusCode, HttpError)` has the last word.
        error.set_status(response.status());
        let render = response.extensions_mut().remove::<Renderer>().or_else(|| self.render.clone());
        // What it tells of is the version that the request did not expect.
        let is_of_version = response.status() == StatusCode::PRECONDITION_FAILED;
        let mut answer = self.answer_by(render, error, asked);
        for name in response.headers().keys() {
            // What tells of the body that was rendered anew.
            let own = [
                header::CONTENT_TYPE,
                header::CONTENT_LENGTH,
                header::CONTENT_ENCODING,
                header::CONTENT_RANGE,
                header::ETAG,
                header::LAST_MODIFIED,
                header::ACCEPT_RANGES,
                header::TRANSFER_ENCODING,
            ];
            let is_kept = is_of_version && [header::ETAG, header::LAST_MODIFIED].contains(name);
            if (is_kept || !own.contains(name)) && !answer.headers().contains_key(name) {
                for value in response.headers().get_all(name) {
                    answer.headers_mut().append(name, value.clone());
                }
            }
        }
        // Its body, or what a layer has left in it, may panic when it is dropped.
        contained(|| drop(response));
        answer
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use http_body_util::BodyExt;
    use tower::{ServiceExt, service_fn};

    #[derive(Debug)]
    struct Taken;
    impl fmt::Display for Taken {
        fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("taken")
        }
    }
    impl StdError for Taken {}

    async fn answer(layer: ErrorLayer, error: HttpError) -> (StatusCode, String) {
        let handler = service_fn(move |_: Request<Body>| {
            let error = error.clone();
            async move { Ok::<_, Infallible>(error.into_response()) }
        });
        let response = layer.layer(handler).oneshot(Request::default()).await.unwrap();
        let status = response.status();
        let body = response.into_body().collect().await.unwrap().to_bytes();
        (status, String::from_utf8(body.to_vec()).unwrap())
    }

    #[tokio::test]
    async fn a_rule_finds_its_error_below_others() {
        let outer = crate::FunctionError::new("Save", "not saved").with_source(Taken);
        let (status, body) = answer(ErrorLayer::new().on::<Taken>(409), outer.into()).await;
        assert_eq!(status, 409);
        assert_eq!(body, r#"{"title":"Conflict","status":409,"detail":"taken"}"#);
    }

    #[derive(Debug, thiserror::Error)]
    enum App {
        #[error(transparent)]
        Save(#[from] Save),
        #[error(transparent)]
        Io(#[from] std::io::Error),
        #[error(transparent)]
        Body(#[from] Rejection),
        #[error("it has another form")]
        Form,
    }

    #[derive(Debug, thiserror::Error)]
    enum Save {
        #[error(transparent)]
        Taken(#[from] NameTaken),
        #[error("not saved")]
        Lost(#[source] NameTaken),
    }

    #[derive(Debug, thiserror::Error)]
    #[error("the name is taken")]
    struct NameTaken;

    #[tokio::test]
    async fn a_rule_finds_its_error_in_a_transparent_one() {
        let layer = || {
            ErrorLayer::new()
                .on::<NameTaken>(409)
                .on::<std::io::Error>(503)
                .transparent(|error: &App| match error {
                    App::Save(error) => Some(error),
                    App::Io(error) => Some(error),
                    App::Body(error) => Some(error),
                    App::Form => None,
                })
                .transparent(|error: &Save| match error {
                    Save::Taken(error) => Some(error),
                    Save::Lost(_) => None,
                })
        };
        let outer = |error: App| crate::FunctionError::new("Outer", "outer").with_source(error);
        for (error, status) in [
            (HttpError::from(App::Save(Save::Taken(NameTaken))), 409),
            (App::Save(Save::Lost(NameTaken)).into(), 409),
            (App::Io(std::io::Error::other("disk full")).into(), 503),
            (outer(App::Save(Save::Taken(NameTaken))).into(), 409),
            (App::Body(Rejection::new(StatusCode::UNPROCESSABLE_ENTITY, "it is wrong")).into(), 422),
            (App::Form.into(), 500),
        ] {
            let text = format!("{error:?}");
            let (answered, body) = answer(layer(), error).await;
            assert_eq!(answered, status, "{text}");
            assert_eq!(body.contains("the name is taken"), status == 409, "{body}");
        }
    }

    #[tokio::test]
    async fn errors_that_hold_each_other_for_ever_end() {
        #[derive(Debug, thiserror::Error)]
        #[error("round")]
        struct Round;
        let layer = ErrorLayer::new().on::<NameTaken>(409).transparent(|error: &Round| Some(error));
        assert_eq!(answer(layer, Round.into()).await.0, 500);
    }

    #[test]
    #[should_panic(expected = "Taken>(200)` takes a status from 400 to 599")]
    fn a_status_of_no_error_is_told_when_the_layer_is_built() {
        let layer = ErrorLayer::new().on::<Taken>(200).on::<Taken>(409);
        let _ = layer.layer(());
    }

    #[tokio::test]
    async fn an_error_without_a_rule_is_an_opaque_500() {
        let (status, body) = answer(ErrorLayer::new(), Taken.into()).await;
        assert_eq!(status, 500);
        assert!(!body.contains("taken"));
    }

    #[tokio::test]
    async fn render_with_changes_the_body_and_keeps_the_headers() {
        let layer = ErrorLayer::new().render_with(|error| (error.status(), error.title().to_owned()));
        let error = HttpError::unauthorized("who?").with_header(header::WWW_AUTHENTICATE, "Bearer".parse().unwrap());
        let handler = service_fn(move |_: Request<Body>| {
            let error = error.clone();
            async move { Ok::<_, Infallible>(error.into_response()) }
        });
        let response = layer.layer(handler).oneshot(Request::default()).await.unwrap();
        assert_eq!(response.headers()[header::WWW_AUTHENTICATE], "Bearer");
        assert_eq!(response.into_body().collect().await.unwrap().to_bytes(), "Unauthorized");
    }

    #[tokio::test]
    async fn an_error_of_a_layer_within_becomes_an_answer() {
        let failing = service_fn(|_: Request<Body>| async { Err::<Response, BoxError>(Box::new(Taken)) });
        let response = ErrorLayer::new().on::<Taken>(503).layer(failing).oneshot(Request::default()).await.unwrap();
        assert_eq!(response.status(), 503);
    }
}

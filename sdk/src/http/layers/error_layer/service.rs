//! The service of the layer, and its future.

use std::convert::Infallible;
use std::fmt;
use std::marker::PhantomData;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use axum_core::response::Response;
use bytes::Bytes;
use http::Request;
use tower::Service;

use super::log::RequestLine;
use super::rules::Rules;
use crate::core::error::BoxError;
use crate::core::panic::{caught, contained};
use crate::http::error::{HttpError, malformed};
use crate::http::layers::deadline;

/// Service that turns failures into responses. See the [module docs](super).
#[derive(Clone)]
pub struct ErrorService<S> {
    inner: S,
    rules: Arc<Rules>,
    not_ready: Option<HttpError>,
}

impl<S> ErrorService<S> {
    pub(super) fn new(inner: S, rules: Arc<Rules>) -> Self {
        Self { inner, rules, not_ready: None }
    }
}

impl<S: fmt::Debug> fmt::Debug for ErrorService<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ErrorService").field("inner", &self.inner).finish_non_exhaustive()
    }
}

impl<S, R, B> Service<Request<R>> for ErrorService<S>
where
    S: Service<Request<R>, Response = Response<B>>,
    S::Error: Into<BoxError>,
    B: http_body::Body<Data = Bytes> + Send + 'static,
    B::Error: Into<BoxError>,
{
    type Response = Response;
    type Error = Infallible;
    type Future = ResponseFuture<S::Future, B>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        // An error or a panic of readiness becomes a response, since it would otherwise end the process.
        let polled = catch_unwind(AssertUnwindSafe(|| self.inner.poll_ready(cx)));
        self.not_ready = match polled {
            Ok(ready) => ready!(ready).err().map(|error| deadline::layer_error(error.into())),
            Err(_) => Some(HttpError::panic()),
        };
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Request<R>) -> Self::Future {
        // An event that could not be decoded gets its response here, with the layers' headers.
        let failed = self.not_ready.take().or_else(|| malformed(&request));
        let line = RequestLine::of(&request);
        // This catches panics of the user's layers; the panic layer catches those of the function.
        let call = || catch_unwind(AssertUnwindSafe(|| self.inner.call(request))).map_err(|_| HttpError::panic());
        let (inner, failed) = match failed.map_or_else(call, Err) {
            Ok(inner) => (Some(inner), None),
            Err(error) => (None, Some(error)),
        };
        ResponseFuture { inner, failed, line, rules: self.rules.clone(), body: PhantomData }
    }
}

pin_project_lite::pin_project! {
    /// Response future of [`ErrorService`].
    pub struct ResponseFuture<F, B> {
        #[pin]
        inner: Option<F>,
        failed: Option<HttpError>,
        line: RequestLine,
        rules: Arc<Rules>,
        body: PhantomData<fn() -> B>,
    }
}

impl<F, B> fmt::Debug for ResponseFuture<F, B> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ResponseFuture").finish_non_exhaustive()
    }
}

impl<F, B, E> Future for ResponseFuture<F, B>
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
            let error = this.failed.take().unwrap_or_else(|| HttpError::internal("polled after completion"));
            return Poll::Ready(Ok(this.rules.respond(error, this.line)));
        };
        let polled = match catch_unwind(AssertUnwindSafe(|| inner.poll(cx))) {
            Ok(polled) => Some(ready!(polled)),
            Err(_) => None,
        };
        // A layer such as tower's `TimeoutLayer` responds before its work has ended, whose drop may panic.
        contained(|| this.inner.set(None));
        Poll::Ready(Ok(match polled {
            Some(Ok(response)) => this.rules.complete(response, this.line),
            Some(Err(error)) => {
                let error = caught(|| deadline::layer_error(error.into())).unwrap_or_else(HttpError::panic);
                this.rules.respond(error, this.line)
            }
            None => this.rules.respond(HttpError::panic(), this.line),
        }))
    }
}

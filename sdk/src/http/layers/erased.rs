//! Services whose types are erased, so that the layers around them can be named.
//!
//! These futures keep completed work until they are dropped: a layer such as tower's `TimeoutLayer` completes before
//! its work has ended, and dropping that work may panic, which the error layer catches.

use std::convert::Infallible;
use std::fmt;
use std::pin::Pin;
use std::task::{Context, Poll};

use axum_core::body::Body;
use axum_core::response::{IntoResponse, Response};
use bytes::Bytes;
use http::Request;
use tower::Service;
use tower::util::BoxCloneSyncService;

use crate::core::error::BoxError;
use crate::http::layers::deadline;

/// A service of any type.
pub(crate) type Erased = BoxCloneSyncService<Request<Body>, Response, Infallible>;

/// Erases the type of a service. Its errors become responses, which the error layer maps like a handler's errors.
pub(crate) fn erased<S, B>(inner: S) -> Erased
where
    S: Service<Request<Body>, Response = http::Response<B>> + Clone + Send + Sync + 'static,
    S::Error: Into<BoxError>,
    S::Future: Send + 'static,
    B: http_body::Body<Data = Bytes> + Send + 'static,
    B::Error: Into<BoxError>,
{
    BoxCloneSyncService::new(Infallibly { inner, failed: None })
}

/// Turns the errors of a service into responses.
struct Infallibly<S> {
    inner: S,
    /// The error of its readiness, until the next call.
    failed: Option<BoxError>,
}

impl<S: Clone> Clone for Infallibly<S> {
    fn clone(&self) -> Self {
        Self { inner: self.inner.clone(), failed: None }
    }
}

impl<S, B> Service<Request<Body>> for Infallibly<S>
where
    S: Service<Request<Body>, Response = http::Response<B>>,
    S::Error: Into<BoxError>,
    B: http_body::Body<Data = Bytes> + Send + 'static,
    B::Error: Into<BoxError>,
{
    type Response = Response;
    type Error = Infallible;
    type Future = ResponseFuture<S::Future>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        self.inner.poll_ready(cx).map(|ready| {
            self.failed = ready.err().map(Into::into);
            Ok(())
        })
    }

    fn call(&mut self, request: Request<Body>) -> Self::Future {
        match self.failed.take() {
            Some(error) => ResponseFuture { inner: None, failed: Some(error) },
            None => ResponseFuture { inner: Some(self.inner.call(request)), failed: None },
        }
    }
}

pin_project_lite::pin_project! {
    /// The response future of [`Infallibly`].
    struct ResponseFuture<F> {
        #[pin]
        inner: Option<F>,
        failed: Option<BoxError>,
    }
}

impl<F, B, E> Future for ResponseFuture<F>
where
    F: Future<Output = Result<http::Response<B>, E>>,
    B: http_body::Body<Data = Bytes> + Send + 'static,
    B::Error: Into<BoxError>,
    E: Into<BoxError>,
{
    type Output = Result<Response, Infallible>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let this = self.project();
        let error = match this.inner.as_pin_mut() {
            Some(inner) => match std::task::ready!(inner.poll(cx)) {
                Ok(response) => return Poll::Ready(Ok(response.map(Body::new))),
                Err(error) => error.into(),
            },
            None => this.failed.take().unwrap_or_else(|| "polled after completion".into()),
        };
        Poll::Ready(Ok(deadline::layer_error(error).into_response()))
    }
}

/// The function inside the user's own layers, if any.
#[derive(Clone)]
pub enum Own<S> {
    Layered(Erased),
    Plain(S),
}

impl<S> fmt::Debug for Own<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Own").finish_non_exhaustive()
    }
}

impl<S> Service<Request<Body>> for Own<S>
where
    S: Service<Request<Body>, Response = Response>,
{
    type Response = Response;
    type Error = S::Error;
    type Future = OwnFuture<S::Future>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        match self {
            Self::Layered(inner) => inner.poll_ready(cx).map_err(|never| match never {}),
            Self::Plain(inner) => inner.poll_ready(cx),
        }
    }

    fn call(&mut self, request: Request<Body>) -> Self::Future {
        match self {
            Self::Layered(inner) => OwnFuture::Layered { inner: inner.call(request) },
            Self::Plain(inner) => OwnFuture::Plain { inner: inner.call(request) },
        }
    }
}

pin_project_lite::pin_project! {
    /// The response future of [`Own`].
    #[project = OwnFutureProj]
    pub enum OwnFuture<F> {
        Layered {
            #[pin]
            inner: Pin<Box<dyn Future<Output = Result<Response, Infallible>> + Send>>,
        },
        Plain {
            #[pin]
            inner: F,
        },
    }
}

impl<F> fmt::Debug for OwnFuture<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("OwnFuture").finish_non_exhaustive()
    }
}

impl<F, E> Future for OwnFuture<F>
where
    F: Future<Output = Result<Response, E>>,
{
    type Output = Result<Response, E>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        match self.project() {
            OwnFutureProj::Layered { inner } => inner.poll(cx).map_err(|never| match never {}),
            OwnFutureProj::Plain { inner } => inner.poll(cx),
        }
    }
}

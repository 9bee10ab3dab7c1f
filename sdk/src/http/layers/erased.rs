//! Services whose types are erased, so that the layers around them can be named.

use std::convert::Infallible;
use std::future::{Ready, ready};
use std::mem;
use std::task::{Context, Poll};

use axum_core::body::Body;
use axum_core::response::{IntoResponse, Response};
use bytes::Bytes;
use futures_util::FutureExt as _;
use futures_util::future::{Either, Map};
use http::Request;
use tower::Service;
use tower::util::BoxCloneSyncService;

use crate::core::error::BoxError;
use crate::http::layers::deadline;

/// A service of any type.
pub(crate) type Erased = BoxCloneSyncService<Request<Body>, Response, Infallible>;

/// Erases the type of a service. An error of it becomes a response, which the error layer maps as it maps a function's error.
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

/// Responds with the errors of a service.
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

type Answered = Result<Response, Infallible>;

impl<S, B> Service<Request<Body>> for Infallibly<S>
where
    S: Service<Request<Body>, Response = http::Response<B>>,
    S::Error: Into<BoxError>,
    B: http_body::Body<Data = Bytes> + Send + 'static,
    B::Error: Into<BoxError>,
{
    type Response = Response;
    type Error = Infallible;
    type Future = Either<Ready<Answered>, Map<S::Future, fn(Result<http::Response<B>, S::Error>) -> Answered>>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        self.inner.poll_ready(cx).map(|ready| {
            self.failed = ready.err().map(Into::into);
            Ok(())
        })
    }

    fn call(&mut self, request: Request<Body>) -> Self::Future {
        match mem::take(&mut self.failed) {
            Some(error) => Either::Left(ready(Ok(failed(error)))),
            None => Either::Right(self.inner.call(request).map(answered::<B, S::Error>)),
        }
    }
}

fn answered<B, E>(result: Result<http::Response<B>, E>) -> Answered
where
    B: http_body::Body<Data = Bytes> + Send + 'static,
    B::Error: Into<BoxError>,
    E: Into<BoxError>,
{
    Ok(match result {
        Ok(response) => response.map(Body::new),
        Err(error) => failed(error.into()),
    })
}

fn failed(error: BoxError) -> Response {
    deadline::answer(error).into_response()
}

//! Layer that turns a panic into a 500.
//!
//! It is the innermost layer, so that the response to a panic has the same headers as any other. A request
//! that the adapter could not decode also gets its response here, in place of the function's. `Connection` and the
//! headers that it lists are removed from a response of the function
//! ([RFC 9110, 7.6.1](https://www.rfc-editor.org/rfc/rfc9110#section-7.6.1)).
//!
//! The panic hook of [`observe::logging`](crate::observe::logging) logs the panic once. The layer needs
//! `panic = "unwind"`: with `abort`, which cargo-lambda chooses unless the profile sets it, the process ends.
//!
//! # Example
//!
//! ```
//! use pilaster::http::{Body, CatchPanicLayer, Request, Response};
//! use tower::{Layer, ServiceExt, service_fn};
//!
//! # tokio::runtime::Builder::new_current_thread().build()?.block_on(async {
//! async fn broken(_: Request<Body>) -> Result<Response, std::convert::Infallible> {
//!     panic!("boom")
//! }
//! let response = CatchPanicLayer::new().layer(service_fn(broken)).oneshot(Request::default()).await?;
//! assert_eq!(response.status(), 500);
//! # Ok::<(), std::convert::Infallible>(())
//! # })?;
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

use std::fmt;
use std::pin::Pin;
use std::task::{Context, Poll};

use axum_core::response::{IntoResponse, Response};
use http::Request;
use tower::{Layer, Service};

use crate::core::panic::caught;
use crate::http::error::{HttpError, malformed};
use crate::http::framing::strip_listed;

/// Layer that applies [`CatchPanic`]. See the [module docs](self).
#[derive(Clone, Debug, Default)]
#[must_use]
pub struct CatchPanicLayer(());

impl CatchPanicLayer {
    /// Turns panics into a 500.
    pub fn new() -> Self {
        Self(())
    }
}

impl<S> Layer<S> for CatchPanicLayer {
    type Service = CatchPanic<S>;

    fn layer(&self, inner: S) -> Self::Service {
        CatchPanic { inner }
    }
}

/// Service that responds to a panic with a 500. See the [module docs](self).
#[derive(Clone, Debug)]
pub struct CatchPanic<S> {
    inner: S,
}

impl<S, R> Service<Request<R>> for CatchPanic<S>
where
    S: Service<Request<R>, Response = Response>,
{
    type Response = Response;
    type Error = S::Error;
    type Future = ResponseFuture<S::Future>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        self.inner.poll_ready(cx)
    }

    fn call(&mut self, request: Request<R>) -> Self::Future {
        let malformed = malformed(&request);
        let inner = match malformed {
            Some(_) => None,
            // A service that panics before it returns its future, such as one of `service_fn`.
            None => caught(|| self.inner.call(request)),
        };
        ResponseFuture { inner, malformed }
    }
}

pin_project_lite::pin_project! {
    /// The response future of [`CatchPanic`]. `inner` is `None` if the request was rejected or the function panicked.
    pub struct ResponseFuture<F> {
        #[pin]
        inner: Option<F>,
        malformed: Option<HttpError>,
    }
}

impl<F> fmt::Debug for ResponseFuture<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ResponseFuture").finish_non_exhaustive()
    }
}

impl<F, E> Future for ResponseFuture<F>
where
    F: Future<Output = Result<Response, E>>,
{
    type Output = Result<Response, E>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let this = self.project();
        let polled = match this.inner.as_pin_mut() {
            // A panic of the function or of an extractor.
            Some(inner) => caught(|| inner.poll(cx)),
            None => None,
        };
        let polled = polled.map(|polled| polled.map_ok(without_listed));
        polled.unwrap_or_else(|| {
            let error = this.malformed.take().unwrap_or_else(HttpError::panic);
            Poll::Ready(Ok(error.into_response()))
        })
    }
}

/// Removes the headers that `Connection` lists: the function may forward another server's response.
fn without_listed(mut response: Response) -> Response {
    strip_listed(response.headers_mut());
    response
}

#[cfg(test)]
mod tests {
    use super::*;
    use axum_core::body::Body;
    use std::convert::Infallible;
    use tower::{ServiceExt, service_fn};

    #[tokio::test]
    async fn a_panic_before_and_after_an_await_is_a_500() {
        for wait in [false, true] {
            let handler = service_fn(move |_: Request<Body>| async move {
                if wait {
                    tokio::task::yield_now().await;
                }
                if true {
                    panic!("hunter2");
                }
                Ok::<_, Infallible>(Response::default())
            });
            let response = CatchPanicLayer::new().layer(handler).oneshot(Request::default()).await.unwrap();
            assert_eq!(response.status(), 500);
        }
    }
}

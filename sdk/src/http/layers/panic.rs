//! Layer that turns a panic into a 500.
//!
//! It stands right around the function, below every layer, so that the answer to a panic has the same headers as any other. A
//! request that the adapter could not decode is answered here as well, in place of the function.
//! A response of the function loses `Connection` and the fields that it lists
//! ([RFC 9110, 7.6.1](https://www.rfc-editor.org/rfc/rfc9110#section-7.6.1)).
//! The panic itself is logged by the hook of [`observe::logging`](crate::observe::logging), once. It needs
//! `panic = "unwind"`: with `abort`, which cargo-lambda chooses unless the profile says otherwise, the process dies.
//!
//! # Example
//!
//! ```
//! use pilaster::http::{Body, PanicLayer, Request, Response};
//! use tower::{Layer, ServiceExt, service_fn};
//!
//! # tokio::runtime::Builder::new_current_thread().build()?.block_on(async {
//! async fn broken(_: Request<Body>) -> Result<Response, std::convert::Infallible> {
//!     panic!("boom")
//! }
//! let response = PanicLayer::new().layer(service_fn(broken)).oneshot(Request::default()).await?;
//! assert_eq!(response.status(), 500);
//! # Ok::<(), std::convert::Infallible>(())
//! # })?;
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

use std::fmt;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::Pin;
use std::task::{Context, Poll};

use axum_core::response::{IntoResponse, Response};
use http::Request;
use tower::{Layer, Service};

use crate::http::adapter::strip_listed;
use crate::http::error::{HttpError, refused};

/// Layer that applies [`CatchPanic`]. See the [module docs](self).
#[derive(Clone, Debug, Default)]
#[must_use]
pub struct PanicLayer(());

impl PanicLayer {
    /// The layer.
    pub fn new() -> Self {
        Self(())
    }
}

impl<S> Layer<S> for PanicLayer {
    type Service = CatchPanic<S>;

    fn layer(&self, inner: S) -> Self::Service {
        CatchPanic { inner }
    }
}

/// Service that answers a panic with a 500. See the [module docs](self).
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
    type Future = CatchPanicFuture<S::Future>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        self.inner.poll_ready(cx)
    }

    fn call(&mut self, request: Request<R>) -> Self::Future {
        let refused = refused(&request);
        let inner = match refused {
            Some(_) => None,
            None => catch_unwind(AssertUnwindSafe(|| self.inner.call(request))).ok(),
        };
        CatchPanicFuture { inner, refused }
    }
}

pin_project_lite::pin_project! {
    /// The answer on its way; nothing within means that the request was refused, or that the function panicked.
    pub struct CatchPanicFuture<F> {
        #[pin]
        inner: Option<F>,
        refused: Option<HttpError>,
    }
}

impl<F> fmt::Debug for CatchPanicFuture<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CatchPanicFuture").finish_non_exhaustive()
    }
}

impl<F, E> Future for CatchPanicFuture<F>
where
    F: Future<Output = Result<Response, E>>,
{
    type Output = Result<Response, E>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let this = self.project();
        let polled = match this.inner.as_pin_mut() {
            Some(inner) => catch_unwind(AssertUnwindSafe(|| inner.poll(cx))).ok(),
            None => None,
        };
        let polled = polled.map(|polled| polled.map_ok(without_listed));
        polled.unwrap_or_else(|| {
            let error = this.refused.take().unwrap_or_else(HttpError::panic);
            Poll::Ready(Ok(error.into_response()))
        })
    }
}

/// What `Connection` lists is the function's, which may pass on another server's answer: layers around it add theirs afterwards.
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
            let response = PanicLayer::new().layer(handler).oneshot(Request::default()).await.unwrap();
            assert_eq!(response.status(), 500);
        }
    }
}

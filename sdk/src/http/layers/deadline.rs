//! Layer that responds before Lambda ends the invocation.
//!
//! Lambda kills a function that times out: the caller gets an opaque 502, and the log holds no reason. This layer
//! cancels the work a little earlier and fails with [`DeadlineExceeded`], which [`ErrorLayer`](crate::http::ErrorLayer)
//! turns into a 504 with problem details and a log line. It is part of every [`http::Stack`](crate::http::Stack), right
//! inside the error layer. The remaining time, the margin, is for dropping the work and sending the response.
//!
//! An inner layer that is not ready, such as a concurrency limit, is awaited within the same time. Work that never
//! awaits cannot be cancelled: run it in `tokio::task::spawn_blocking`.
//!
//! # Example
//!
//! ```
//! use std::time::Duration;
//! use pilaster::http::{self, DeadlineLayer};
//!
//! fn api() -> http::Stack {
//!     http::Stack::new().deadline(DeadlineLayer::new().margin(Duration::from_secs(1)))
//! }
//! # let _ = api();
//! ```

use std::fmt;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use futures_util::future::Either;
use http::Request;
use tokio::time::{Instant, Sleep};
use tower::util::Oneshot;
use tower::{Layer, Service};

use crate::core::deadline::{DeadlineExceeded, MARGIN, until};
use crate::core::error::BoxError;
use crate::core::invocation::Invocation;
use crate::core::panic::contained;
use crate::http::error::HttpError;
#[cfg(feature = "negotiation")]
use crate::http::error::Renderer;

/// The layer's deadline for its work, shared with the adapter if it is later than the adapter's own.
#[derive(Clone, Copy)]
pub(crate) struct WorkUntil(pub(crate) Instant);

/// Layer that applies [`Deadline`]. See the [module docs](self).
#[derive(Clone, Debug)]
#[must_use]
pub struct DeadlineLayer {
    margin: Duration,
}

impl Default for DeadlineLayer {
    fn default() -> Self {
        Self { margin: MARGIN }
    }
}

impl DeadlineLayer {
    /// Cancels the work 250 ms before the deadline of the invocation.
    pub fn new() -> Self {
        Self::default()
    }

    /// Sets the time between the cancellation and the deadline. It is at most half of the remaining time.
    pub fn margin(mut self, margin: Duration) -> Self {
        self.margin = margin;
        self
    }
}

impl<S> Layer<S> for DeadlineLayer {
    type Service = Deadline<S>;

    fn layer(&self, inner: S) -> Deadline<S> {
        Deadline { inner, margin: self.margin, is_ready: false }
    }
}

/// Service that cancels a request near the deadline. See the [module docs](self).
#[derive(Clone, Debug)]
pub struct Deadline<S> {
    inner: S,
    margin: Duration,
    is_ready: bool,
}

impl<S, R> Service<Request<R>> for Deadline<S>
where
    S: Service<Request<R>> + Clone,
    S::Error: Into<BoxError>,
{
    type Response = S::Response;
    type Error = BoxError;
    type Future = ResponseFuture<Either<S::Future, Oneshot<S, Request<R>>>>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), BoxError>> {
        // `call` knows the deadline, so it waits for a service that is not ready.
        self.is_ready = match self.inner.poll_ready(cx) {
            Poll::Ready(ready) => ready.map(|()| true).map_err(Into::into)?,
            Poll::Pending => false,
        };
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Request<R>) -> Self::Future {
        let invocation = request.extensions().get::<Invocation>();
        let until = invocation.and_then(|invocation| until(invocation, self.margin));
        if let Some(((at, _), invocation)) = until.zip(invocation).filter(|_| self.margin < MARGIN) {
            // Otherwise the adapter would respond earlier, without the headers of the layers.
            invocation.share(WorkUntil(at));
        }
        #[cfg(feature = "negotiation")]
        let invocation = invocation.cloned();
        let called = if std::mem::take(&mut self.is_ready) {
            Either::Left(self.inner.call(request))
        } else {
            // The polled service has reserved its slot; its clone has not.
            let next = self.inner.clone();
            Either::Right(Oneshot::new(std::mem::replace(&mut self.inner, next), request))
        };
        let future = ResponseFuture::new(called, until);
        #[cfg(feature = "negotiation")]
        let future = ResponseFuture { invocation, ..future };
        future
    }
}

pin_project_lite::pin_project! {
    /// The response future of [`Deadline`].
    #[cfg_attr(not(feature = "negotiation"), allow(dead_code, reason = "the invocation knows how errors are rendered"))]
    pub struct ResponseFuture<F> {
        // `None` once it was cancelled.
        #[pin]
        inner: Option<F>,
        until: Option<(Instant, Duration)>,
        // Created when the work is first pending; most work never is.
        #[pin]
        sleep: Option<Sleep>,
        invocation: Option<Invocation>,
    }
}

impl<F> ResponseFuture<F> {
    /// Cancels work at the given time; the duration is for the error.
    pub(crate) fn new(inner: F, until: Option<(Instant, Duration)>) -> Self {
        Self { inner: Some(inner), until, sleep: None, invocation: None }
    }
}

impl<F> fmt::Debug for ResponseFuture<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ResponseFuture").field("until", &self.until).finish_non_exhaustive()
    }
}

impl<F, T, E> Future for ResponseFuture<F>
where
    F: Future<Output = Result<T, E>>,
    E: Into<BoxError>,
{
    type Output = Result<T, BoxError>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let mut this = self.project();
        let Some(inner) = this.inner.as_mut().as_pin_mut() else { return Poll::Pending };
        if let Poll::Ready(result) = inner.poll(cx) {
            return Poll::Ready(result.map_err(Into::into));
        }
        let Some((at, after)) = *this.until else { return Poll::Pending };
        if this.sleep.is_none() {
            this.sleep.set(Some(tokio::time::sleep_until(at)));
        }
        match this.sleep.as_pin_mut().map(|sleep| sleep.poll(cx)) {
            Some(Poll::Ready(())) => {
                // Dropping the function's values may panic; the response is still a time-out.
                contained(|| this.inner.set(None));
                #[cfg_attr(not(feature = "negotiation"), allow(unused_mut))]
                let mut exceeded = DeadlineExceeded::after(after);
                #[cfg(feature = "negotiation")]
                if let Some(renderer) = this.invocation.as_ref().and_then(Invocation::shared::<Renderer>) {
                    exceeded.extensions.insert(renderer);
                }
                Poll::Ready(Err(Box::new(exceeded)))
            }
            _ => Poll::Pending,
        }
    }
}

/// Converts an error of a layer: [`DeadlineExceeded`] becomes a 504.
pub(crate) fn layer_error(error: BoxError) -> HttpError {
    match error.downcast::<DeadlineExceeded>() {
        Ok(exceeded) => HttpError::gateway_timeout("the function timed out").with_source(*exceeded),
        Err(error) => HttpError::from_boxed(error),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use axum_core::body::Body;
    use axum_core::response::Response;
    use std::convert::Infallible;
    use tower::{ServiceExt, service_fn};

    fn request(left: Option<Duration>) -> Request<Body> {
        let mut request = Request::default();
        request.extensions_mut().insert(Invocation::with_time_left(lambda_runtime::Context::default(), left));
        request
    }

    async fn after_a_minute(_: Request<Body>) -> Result<Response, Infallible> {
        tokio::time::sleep(Duration::from_secs(60)).await;
        Ok(Response::default())
    }

    #[tokio::test(start_paused = true)]
    async fn work_beyond_the_deadline_is_cancelled_and_answered_before_it() {
        let start = Instant::now();
        let stack = crate::http::Stack::new();
        let response =
            Layer::layer(&stack, service_fn(after_a_minute)).oneshot(request(Some(Duration::from_secs(3)))).await;
        assert_eq!(response.unwrap().status(), 504);
        assert!(start.elapsed() < Duration::from_secs(3), "{:?}", start.elapsed());
    }

    #[tokio::test(start_paused = true)]
    async fn without_a_deadline_and_with_time_enough_nothing_is_cancelled() {
        for left in [None, Some(Duration::from_secs(120))] {
            let service = DeadlineLayer::new().layer(service_fn(after_a_minute));
            assert_eq!(service.oneshot(request(left)).await.unwrap().status(), 200);
        }
    }

    #[tokio::test(start_paused = true)]
    async fn a_permit_is_waited_for_within_the_time_and_in_turn() {
        async fn after_a_second(_: Request<Body>) -> Result<Response, Infallible> {
            tokio::time::sleep(Duration::from_secs(1)).await;
            Ok(Response::default())
        }
        let one = tower::limit::ConcurrencyLimit::new(service_fn(after_a_second), 1);
        let service = Layer::layer(&crate::http::Stack::new(), one);
        let call = || service.clone().oneshot(request(Some(Duration::from_millis(2500))));
        let (first, second, third) = tokio::join!(call(), call(), call());
        assert_eq!([first, second, third].map(|response| response.unwrap().status().as_u16()), [200, 200, 504]);
        assert_eq!(call().await.unwrap().status(), 200);
    }

    #[tokio::test(start_paused = true)]
    async fn work_that_panics_when_it_is_cancelled_is_a_timeout_too() {
        struct Guard;
        impl Drop for Guard {
            fn drop(&mut self) {
                panic!("dropped");
            }
        }
        async fn hang(_: Request<Body>) -> Result<Response, Infallible> {
            let _guard = Guard;
            std::future::pending().await
        }
        let service = DeadlineLayer::new().layer(service_fn(hang));
        let error = service.oneshot(request(Some(Duration::from_secs(3)))).await.unwrap_err();
        assert!(error.is::<DeadlineExceeded>());
    }
}

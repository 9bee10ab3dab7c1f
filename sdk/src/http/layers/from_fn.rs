//! [`from_fn`]: your own layer, written as an async function.
//!
//! The function gets the request and [`Next`], which is the inner layers and the handler. It may respond itself, change
//! the request, and change the response. Like a handler, it may have extractors before the request; a rejection is the
//! response. It goes into [`Stack::layer`](crate::http::Stack::layer), where its errors are rendered and logged like
//! those of a handler, and its responses get the headers of the outer layers.
//!
//! [`records::from_fn`](crate::records::from_fn()) is the same for records. A layer with settings is a closure that
//! captures them, or implements [`tower::Layer`].
//!
//! # Example
//!
//! A layer that requires an API key:
//!
//! ```
//! use pilaster::http::{self, HttpError, IntoResponse, Method, Next, Request, from_fn};
//! use pilaster::testing::{Caller, http::get};
//!
//! async fn require_api_key(request: Request, next: Next) -> Result<impl IntoResponse, HttpError> {
//!     match request.headers().get("x-api-key") {
//!         Some(key) if key == "k-123" => Ok(next.run(request).await), // a real key comes from a `Secret`
//!         _ => Err(HttpError::unauthorized("the `x-api-key` header is missing or wrong")),
//!     }
//! }
//!
//! fn api() -> http::Stack {
//!     http::Stack::new().layer(from_fn(require_api_key))
//! }
//!
//! async fn hello(_: Method) -> &'static str {
//!     "hello"
//! }
//!
//! # tokio::runtime::Builder::new_current_thread().enable_time().build()?.block_on(async {
//! let caller = Caller::new(pilaster::handler(hello).layer(api()));
//! assert_eq!(caller.send(get("/")).await?.status(), 401);
//! assert_eq!(caller.send(get("/").header("x-api-key", "k-123")).await?.text(), "hello");
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! # })?;
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! A layer with an extractor that passes a value to the handler:
//!
//! ```
//! use pilaster::http::{self, Next, Request, RequestContext, Response, from_fn};
//!
//! #[derive(Clone)]
//! struct RequestId(Option<String>);
//!
//! async fn with_request_id(context: RequestContext, mut request: Request, next: Next) -> Response {
//!     request.extensions_mut().insert(RequestId(context.get("requestId")));
//!     next.run(request).await
//! }
//!
//! let stack = http::Stack::new().layer(from_fn(with_request_id));
//! # let _ = stack;
//! ```

use std::convert::Infallible;
use std::fmt;
use std::future::poll_fn;
use std::marker::PhantomData;
use std::pin::{Pin, pin};
use std::task::{Context, Poll};

use axum_core::body::Body;
use axum_core::extract::{FromRequest, FromRequestParts};
use axum_core::response::{IntoResponse, Response};
use bytes::Bytes;
use http::Request;
use tower::{Layer, Service, ServiceExt};

use crate::core::error::BoxError;
use crate::core::panic::contained;
use crate::http::layers::erased::{Erased, erased};

/// Creates a layer from an async function with up to four extractors, the request and [`Next`]. See the
/// [module docs](self).
pub fn from_fn<F, Args>(function: F) -> FromFnLayer<F, Args> {
    FromFnLayer { function, args: PhantomData }
}

/// Layer that applies [`FromFn`]. Created by [`from_fn`].
#[must_use]
pub struct FromFnLayer<F, Args> {
    function: F,
    args: PhantomData<fn() -> Args>,
}

impl<F: Clone, Args> Clone for FromFnLayer<F, Args> {
    fn clone(&self) -> Self {
        from_fn(self.function.clone())
    }
}

impl<F, Args> fmt::Debug for FromFnLayer<F, Args> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("FromFnLayer").finish_non_exhaustive()
    }
}

impl<F, Args, S, B> Layer<S> for FromFnLayer<F, Args>
where
    F: Clone,
    S: Service<Request<Body>, Response = http::Response<B>> + Clone + Send + Sync + 'static,
    S::Error: Into<BoxError>,
    S::Future: Send + 'static,
    B: http_body::Body<Data = Bytes> + Send + 'static,
    B::Error: Into<BoxError>,
{
    type Service = FromFn<F, Args>;

    fn layer(&self, inner: S) -> FromFn<F, Args> {
        FromFn { function: self.function.clone(), inner: erased(inner), args: PhantomData }
    }
}

/// Service that calls an async function around each request. Created by [`from_fn`].
pub struct FromFn<F, Args> {
    function: F,
    inner: Erased,
    args: PhantomData<fn() -> Args>,
}

impl<F: Clone, Args> Clone for FromFn<F, Args> {
    fn clone(&self) -> Self {
        Self { function: self.function.clone(), inner: self.inner.clone(), args: PhantomData }
    }
}

impl<F, Args> fmt::Debug for FromFn<F, Args> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("FromFn").finish_non_exhaustive()
    }
}

macro_rules! functions {
    ($([$($part:ident),*] $last:ident;)*) => {$(
        #[allow(non_snake_case, unused_mut)]
        impl<F, Fut, Res, M, $($part,)* $last> Service<Request<Body>> for FromFn<F, (M, $($part,)* $last,)>
        where
            F: Fn($($part,)* $last, Next) -> Fut + Clone + Send + Sync + 'static,
            Fut: Future<Output = Res> + Send,
            Res: IntoResponse,
            M: 'static,
            $($part: FromRequestParts<()> + Send,)*
            $last: FromRequest<(), M> + Send,
        {
            type Response = Response;
            type Error = Infallible;
            type Future = Pin<Box<dyn Future<Output = Result<Response, Infallible>> + Send>>;

            fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
                // `Next::run` waits for the inner service.
                Poll::Ready(Ok(()))
            }

            fn call(&mut self, request: Request<Body>) -> Self::Future {
                let (function, next) = (self.function.clone(), Next { inner: self.inner.clone() });
                Box::pin(async move {
                    let (mut parts, body) = request.into_parts();
                    $(
                        let $part = match $part::from_request_parts(&mut parts, &()).await {
                            Ok(value) => value,
                            Err(rejection) => return Ok(rejection.into_response()),
                        };
                    )*
                    let $last = match $last::from_request(Request::from_parts(parts, body), &()).await {
                        Ok(value) => value,
                        Err(rejection) => return Ok(rejection.into_response()),
                    };
                    Ok(function($($part,)* $last, next).await.into_response())
                })
            }
        }
    )*};
}

functions! {
    [] T1;
    [T1] T2;
    [T1, T2] T3;
    [T1, T2, T3] T4;
    [T1, T2, T3, T4] T5;
}

/// The inner layers and the handler. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Next {
    inner: Erased,
}

impl Next {
    /// Handles the request. An error of an inner layer also becomes a response, which the error layer maps to its
    /// status.
    pub async fn run(self, request: Request<Body>) -> Response {
        let mut work = pin!(Some(self.inner.oneshot(request)));
        let response = poll_fn(|cx| work.as_mut().as_pin_mut().map_or(Poll::Pending, |work| work.poll(cx))).await;
        // A layer such as tower's `TimeoutLayer` responds before its work has ended, whose drop may panic.
        contained(|| work.set(None));
        response.unwrap_or_else(|never| match never {})
    }
}

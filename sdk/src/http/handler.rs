//! A user's async function as a service: its arguments are extracted from the request, its value becomes the response.

use std::convert::Infallible;
use std::fmt;
use std::marker::PhantomData;
use std::pin::Pin;
use std::task::{Context, Poll};

use axum_core::body::Body;
use axum_core::extract::{FromRequest, FromRequestParts};
use axum_core::response::{IntoResponse, Response};
use http::Request;
use tower::Service;

/// An async function whose arguments are extractors: up to eight, the last of which may take the body.
///
/// It is implemented by functions; nobody implements it by hand.
#[diagnostic::on_unimplemented(
    message = "this is no handler of HTTP requests",
    note = "a handler is an `async fn` of one to eight extractors (`Json<T>` and others that take the body go last) that returns a response, such as `Result<Json<T>, HttpError>`"
)]
pub trait HttpHandler<Args>: Clone + Send + Sync + Sized + 'static {
    /// Extracts the arguments and calls the function.
    fn handle(self, request: Request<Body>) -> impl Future<Output = Response> + Send;
}

macro_rules! handlers {
    ($([$($part:ident),*] $last:ident;)*) => {$(
        #[allow(non_snake_case, unused_mut, unused_variables)]
        impl<F, Fut, Res, M, $($part,)* $last> HttpHandler<(M, $($part,)* $last,)> for F
        where
            F: Fn($($part,)* $last) -> Fut + Clone + Send + Sync + 'static,
            Fut: Future<Output = Res> + Send,
            Res: IntoResponse,
            $($part: FromRequestParts<()> + Send,)*
            $last: FromRequest<(), M> + Send,
        {
            async fn handle(self, request: Request<Body>) -> Response {
                let (mut parts, body) = request.into_parts();
                $(
                    let $part = match $part::from_request_parts(&mut parts, &()).await {
                        Ok(value) => value,
                        Err(rejection) => return rejection.into_response(),
                    };
                )*
                let $last = match $last::from_request(Request::from_parts(parts, body), &()).await {
                    Ok(value) => value,
                    Err(rejection) => return rejection.into_response(),
                };
                self($($part,)* $last).await.into_response()
            }
        }
    )*};
}

handlers! {
    [] T1;
    [T1] T2;
    [T1, T2] T3;
    [T1, T2, T3] T4;
    [T1, T2, T3, T4] T5;
    [T1, T2, T3, T4, T5] T6;
    [T1, T2, T3, T4, T5, T6] T7;
    [T1, T2, T3, T4, T5, T6, T7] T8;
}

/// The service that a handler is. Made by [`pilaster::handler`](crate::function::builder).
pub struct HandlerService<F, Args> {
    function: F,
    args: PhantomData<fn() -> Args>,
}

impl<F, Args> HandlerService<F, Args> {
    pub(crate) fn new(function: F) -> Self {
        Self { function, args: PhantomData }
    }
}

impl<F: Clone, Args> Clone for HandlerService<F, Args> {
    fn clone(&self) -> Self {
        Self::new(self.function.clone())
    }
}

impl<F, Args> fmt::Debug for HandlerService<F, Args> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("HandlerService").finish_non_exhaustive()
    }
}

impl<F, Args> Service<Request<Body>> for HandlerService<F, Args>
where
    F: HttpHandler<Args>,
    Args: 'static,
{
    type Response = Response;
    type Error = Infallible;
    type Future = Pin<Box<dyn Future<Output = Result<Response, Infallible>> + Send>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Request<Body>) -> Self::Future {
        let function = self.function.clone();
        Box::pin(async move { Ok(function.handle(request).await) })
    }
}

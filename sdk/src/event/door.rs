//! The event door: what fails below it becomes the failure of the invocation, by its stable name.

use std::panic::AssertUnwindSafe;
use std::pin::Pin;
use std::task::{Context, Poll};

use futures_util::FutureExt;
use tower::{Service, ServiceExt};

use crate::error::{BoxError, FunctionError, Names};
use crate::event::{Incoming, RawResponse};

/// Service that calls the event hall. A panic is a [`FunctionError`] of type `Panic`.
#[derive(Clone, Debug)]
pub struct Door<S> {
    inner: S,
    names: Names,
}

impl<S> Door<S> {
    pub(super) fn new(inner: S, names: Names) -> Self {
        Self { inner, names }
    }
}

impl<S> Service<Incoming> for Door<S>
where
    S: Service<Incoming, Response = RawResponse, Error: Into<BoxError> + 'static, Future: Send> + Clone + Send + 'static,
{
    type Response = RawResponse;
    type Error = FunctionError;
    type Future = Pin<Box<dyn Future<Output = Result<RawResponse, FunctionError>> + Send>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), FunctionError>> {
        // Asked in `call`: an error here would end the process.
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, incoming: Incoming) -> Self::Future {
        let Self { inner, names } = self.clone();
        Box::pin(async move {
            let called = AssertUnwindSafe(inner.oneshot(incoming)).catch_unwind().await;
            match called {
                Ok(Ok(response)) => Ok(response),
                Ok(Err(error)) => Err(names.apply(FunctionError::of(error))),
                Err(_) => Err(FunctionError::new("Panic", "the function panicked")),
            }
        })
    }
}

//! [`Guard`]: failures that must not reach `lambda_runtime`.

use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::pin::Pin;
use std::task::{Context, Poll};

use futures_util::FutureExt;
use tower::Service;

use crate::core::error::FunctionError;
use crate::core::limits::PAYLOAD_LIMIT;
use crate::core::panic::contained;
use crate::core::raw::{Incoming, Outgoing, RawService};

/// Service that converts a panic, whose text the runtime would post to the caller, into an error, and also a response
/// above 6 MB, which Lambda rejects in a way that may end the process.
#[derive(Clone, Debug)]
pub struct Guard<S>(S);

impl<S> Guard<S> {
    pub(crate) fn new(inner: S) -> Self {
        Self(inner)
    }
}

impl<S: RawService> Service<Incoming> for Guard<S> {
    type Response = Outgoing;
    type Error = FunctionError;
    type Future = Pin<Box<dyn Future<Output = Result<Outgoing, FunctionError>> + Send>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), FunctionError>> {
        // `call` polls the inner service: an error here would end the process.
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, incoming: Incoming) -> Self::Future {
        // The clone is user code too: its panic is resumed inside the future.
        let cloned = catch_unwind(AssertUnwindSafe(|| self.0.clone()));
        let called = AssertUnwindSafe(async move {
            let mut inner = cloned.unwrap_or_else(|payload| resume_unwind(payload));
            std::future::poll_fn(|cx| inner.poll_ready(cx)).await?;
            let response = inner.call(incoming).await;
            // A panic of a destructor must not discard the response.
            contained(|| drop(inner));
            response
        });
        Box::pin(async move {
            // The payload of a panic may panic again when it is dropped.
            let panicked = |payload| {
                contained(|| drop(payload));
                Err(FunctionError::new("Panic", "the function panicked"))
            };
            let response = called.catch_unwind().await.unwrap_or_else(panicked)?;
            let length = response.as_json().map_or(0, |json| json.get().len());
            if length > PAYLOAD_LIMIT {
                let message = format!("the response has {length} bytes; the limit of Lambda is {PAYLOAD_LIMIT}");
                return Err(FunctionError::new("ResponseTooLarge", message));
            }
            Ok(response)
        })
    }
}

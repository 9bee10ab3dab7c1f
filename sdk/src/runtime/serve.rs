//! The connection between the Runtime API and the raw service.

use std::cell::Cell;
use std::sync::Arc;
use std::task::{Context, Poll};

use bytes::Bytes;

use futures_util::FutureExt as _;
use futures_util::future::{Either, Map, Ready, ready};
#[cfg(feature = "http")]
use lambda_runtime::FunctionResponse;
use lambda_runtime::{LambdaEvent, LambdaInvocation, Runtime, SnapStartResource};
use serde_json::value::RawValue;
use tower::{Layer, Service};

use crate::core::error::FunctionError;
#[cfg(feature = "http")]
use crate::core::raw::Chunks;
use crate::core::raw::{Incoming, Outgoing, RawEvent, RawService};

/// Serves events until the runtime ends, with responses that are sent as a whole.
pub(super) async fn whole<S: RawService>(
    raw: S,
    snapshot: Option<Arc<dyn SnapStartResource>>,
    own_polls: bool,
) -> Result<(), lambda_runtime::Error> {
    poll(Runtime::new(FromRuntime { raw, posted: json }), snapshot, own_polls).await
}

/// Serves events until the runtime ends, with responses that may be streams. It is separate from [`whole`], so that the
/// binary of a function that does not stream contains no code for it.
#[cfg(feature = "http")]
pub(super) async fn streaming<S: RawService>(
    raw: S,
    snapshot: Option<Arc<dyn SnapStartResource>>,
) -> Result<(), lambda_runtime::Error> {
    poll(Runtime::new(FromRuntime { raw, posted: stream }), snapshot, false).await
}

async fn poll<S>(
    runtime: Runtime<S>,
    snapshot: Option<Arc<dyn SnapStartResource>>,
    own_polls: bool,
) -> Result<(), lambda_runtime::Error>
where
    S: Service<LambdaInvocation, Response = (), Error = lambda_runtime::Error> + Clone + Send + 'static,
    S::Future: Send,
{
    let runtime = runtime.layer(ForwardLayer);
    match (snapshot, super::managed_concurrency()) {
        (Some(snapshot), _) => runtime.register_snapstart_resource(snapshot).run_concurrent().await,
        (None, 0 | 1) if !own_polls => runtime.run_concurrent().await,
        (None, count) => super::workers::serve(runtime, count.max(1)).await,
    }
}

thread_local! {
    /// The body of the event that [`Forward`] passes to [`FromRuntime`].
    static BODY: Cell<Bytes> = const { Cell::new(Bytes::new()) };
}

/// A layer that passes the body of an event around `lambda_runtime`'s deserializer, which would read the whole text once
/// more: the deserializer gets `null`. The handler is called before `call` returns, on the same thread.
struct ForwardLayer;

impl<S> Layer<S> for ForwardLayer {
    type Service = Forward<S>;

    fn layer(&self, inner: S) -> Forward<S> {
        Forward(inner)
    }
}

#[derive(Clone)]
struct Forward<S>(S);

impl<S: Service<LambdaInvocation>> Service<LambdaInvocation> for Forward<S> {
    type Response = S::Response;
    type Error = S::Error;
    type Future = S::Future;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        self.0.poll_ready(cx)
    }

    fn call(&mut self, mut invocation: LambdaInvocation) -> S::Future {
        BODY.set(std::mem::replace(&mut invocation.body, Bytes::from_static(b"null")));
        let future = self.0.call(invocation);
        // Empty, unless the handler was not called.
        BODY.take();
        future
    }
}

/// The service that converts the runtime's event into a raw event, and the raw response into the one that is posted.
struct FromRuntime<S, P> {
    raw: S,
    posted: fn(ServiceResult) -> Result<P, FunctionError>,
}

type ServiceResult = Result<Outgoing, FunctionError>;

impl<S: Clone, P> Clone for FromRuntime<S, P> {
    fn clone(&self) -> Self {
        Self { raw: self.raw.clone(), posted: self.posted }
    }
}

impl<S: RawService, P> Service<LambdaEvent<()>> for FromRuntime<S, P> {
    type Response = P;
    type Error = FunctionError;
    type Future =
        Either<Ready<Result<P, FunctionError>>, Map<S::Future, fn(ServiceResult) -> Result<P, FunctionError>>>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), FunctionError>> {
        self.raw.poll_ready(cx)
    }

    fn call(&mut self, event: LambdaEvent<()>) -> Self::Future {
        match RawEvent::delivered(BODY.take()) {
            Ok(raw) => {
                let event = LambdaEvent::new(raw, event.context);
                Either::Right(self.raw.call(Incoming::new(event)).map(self.posted))
            }
            Err(_) => {
                let error = FunctionError::new("InvalidEvent", "the event is not UTF-8");
                tracing::error!(function_request_id = event.context.request_id, "{}", error.message());
                Either::Left(ready(Err(error)))
            }
        }
    }
}

fn json(result: ServiceResult) -> Result<Box<RawValue>, FunctionError> {
    result?.into_json().ok_or_else(|| {
        FunctionError::new(
            "InvalidResponse",
            "the response is a stream, but the function does not stream: add `streaming` to it",
        )
    })
}

#[cfg(feature = "http")]
fn stream(result: ServiceResult) -> Result<FunctionResponse<Box<RawValue>, Chunks>, FunctionError> {
    Ok(match result?.into_content() {
        Ok(json) => FunctionResponse::BufferedResponse(json),
        Err(stream) => FunctionResponse::StreamingResponse(*stream),
    })
}

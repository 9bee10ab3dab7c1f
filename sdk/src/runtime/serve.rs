//! The connection between the Runtime API and the raw service.

use std::sync::Arc;
use std::task::{Context, Poll};

use futures_util::FutureExt as _;
use futures_util::future::Map;
#[cfg(feature = "http")]
use lambda_runtime::FunctionResponse;
use lambda_runtime::{LambdaEvent, LambdaInvocation, Runtime, SnapStartResource};
use serde_json::value::RawValue;
use tower::Service;

use crate::core::error::FunctionError;
#[cfg(feature = "http")]
use crate::core::raw::Chunks;
use crate::core::raw::{Incoming, Outgoing, RawEvent, RawService};

/// Serves events until the runtime ends, with responses that are sent as a whole.
pub(super) async fn whole<S: RawService>(
    raw: S,
    snapshot: Option<Arc<dyn SnapStartResource>>,
) -> Result<(), lambda_runtime::Error> {
    poll(Runtime::new(FromRuntime { raw, posted: json }), snapshot).await
}

/// Serves events until the runtime ends, with responses that may be streams. It is separate from [`whole`], so that the
/// binary of a function that does not stream contains no code for it.
#[cfg(feature = "http")]
pub(super) async fn streaming<S: RawService>(
    raw: S,
    snapshot: Option<Arc<dyn SnapStartResource>>,
) -> Result<(), lambda_runtime::Error> {
    poll(Runtime::new(FromRuntime { raw, posted: stream }), snapshot).await
}

async fn poll<S>(runtime: Runtime<S>, snapshot: Option<Arc<dyn SnapStartResource>>) -> Result<(), lambda_runtime::Error>
where
    S: Service<LambdaInvocation, Response = (), Error = lambda_runtime::Error> + Clone + Send + 'static,
    S::Future: Send,
{
    match (snapshot, super::managed_concurrency()) {
        (Some(snapshot), _) => runtime.register_snapstart_resource(snapshot).run_concurrent().await,
        (None, 0 | 1) => runtime.run_concurrent().await,
        (None, count) => super::workers::serve(runtime, count).await,
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

impl<S: RawService, P> Service<LambdaEvent<RawEvent>> for FromRuntime<S, P> {
    type Response = P;
    type Error = FunctionError;
    type Future = Map<S::Future, fn(ServiceResult) -> Result<P, FunctionError>>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), FunctionError>> {
        self.raw.poll_ready(cx)
    }

    fn call(&mut self, event: LambdaEvent<RawEvent>) -> Self::Future {
        self.raw.call(Incoming::new(event)).map(self.posted)
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

//! From the Runtime API to the raw landing and back: [`Buffered`] as one JSON text, [`Streaming`] as a stream.

use std::sync::Arc;
use std::task::{Context, Poll};

use lambda_runtime::{LambdaEvent, LambdaInvocation, Runtime, SnapStartResource};
use tower::Service;

use crate::core::error::FunctionError;
use crate::core::raw::RawService;
use crate::core::raw::{Incoming, RawEvent};
use crate::function::service::{Buffered, Mode};

impl Mode for Buffered {
    async fn serve<S: RawService>(
        raw: S,
        snapshot: Option<Arc<dyn SnapStartResource>>,
    ) -> Result<(), lambda_runtime::Error> {
        serve(Runtime::new(FromRuntime(raw)), snapshot).await
    }
}

async fn serve<S>(
    runtime: Runtime<S>,
    snapshot: Option<Arc<dyn SnapStartResource>>,
) -> Result<(), lambda_runtime::Error>
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

/// From the runtime's event to the raw landing's.
#[derive(Clone)]
struct FromRuntime<S>(S);

impl<S: RawService> Service<LambdaEvent<RawEvent>> for FromRuntime<S> {
    type Response = S::Response;
    type Error = FunctionError;
    type Future = S::Future;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), FunctionError>> {
        self.0.poll_ready(cx)
    }

    fn call(&mut self, event: LambdaEvent<RawEvent>) -> S::Future {
        self.0.call(Incoming::new(event))
    }
}

#[cfg(feature = "http")]
mod streaming {
    use std::pin::Pin;

    use lambda_runtime::FunctionResponse;

    use super::{
        Arc, Context, FunctionError, Incoming, LambdaEvent, Mode, Poll, RawEvent, RawService, Runtime, Service,
        SnapStartResource, serve,
    };
    use crate::core::raw::RawResponse;
    use crate::function::service::Streaming;
    use crate::http::streaming::{Chunks, streamed};

    impl Mode for Streaming {
        async fn serve<S: RawService>(
            raw: S,
            snapshot: Option<Arc<dyn SnapStartResource>>,
        ) -> Result<(), lambda_runtime::Error> {
            serve(Runtime::new(Streamed(raw)), snapshot).await
        }
    }

    /// As above, with the response that the door has left; without one, as in the answer to a warm-up, the text is sent.
    #[derive(Clone)]
    struct Streamed<S>(S);

    impl<S: RawService> Service<LambdaEvent<RawEvent>> for Streamed<S> {
        type Response = FunctionResponse<RawResponse, Chunks>;
        type Error = FunctionError;
        type Future = Pin<Box<dyn Future<Output = Result<Self::Response, FunctionError>> + Send>>;

        fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), FunctionError>> {
            self.0.poll_ready(cx)
        }

        fn call(&mut self, event: LambdaEvent<RawEvent>) -> Self::Future {
            let Incoming { event, invocation } = Incoming::new(event);
            let invocation = invocation.streaming();
            let called = self.0.call(Incoming { event, invocation: invocation.clone() });
            Box::pin(async move {
                let head = called.await?;
                Ok(match invocation.take_response() {
                    Some((response, span)) => {
                        FunctionResponse::StreamingResponse(span.in_scope(|| streamed(response, &invocation)))
                    }
                    None => FunctionResponse::BufferedResponse(head),
                })
            })
        }
    }
}

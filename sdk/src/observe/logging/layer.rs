//! The room of the raw landing that gives each invocation its log context.
//!
//! Outermost but for tracing: all rooms below, and the function, log within its span. A failed invocation is one `ERROR` line,
//! with the error's type, its text and its causes.
//!
//! # Example
//!
//! ```
//! use lambda_runtime::{Context, LambdaEvent};
//! use pilaster::observe::logging::{Captured, Logs, LoggingLayer};
//! use pilaster::{FunctionError, Incoming, RawResponse};
//! use serde_json::value::RawValue;
//! use tower::{ServiceBuilder, ServiceExt, service_fn};
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let captured = Captured::default();
//! let _guard = tracing::subscriber::set_default(Logs::new().writer(captured.clone()).build());
//!
//! let service = ServiceBuilder::new().layer(LoggingLayer::new()).service(service_fn(async |incoming: Incoming| {
//!     tracing::info!("greeting");
//!     Ok::<RawResponse, FunctionError>(incoming.event)
//! }));
//! let mut context = Context::default();
//! context.request_id = "52fdfc07".into();
//! service.oneshot(Incoming::new(LambdaEvent::new(RawValue::from_string("{}".into())?, context))).await?;
//!
//! let line = &captured.lines()[0];
//! assert_eq!(line["function_request_id"], "52fdfc07");
//! assert_eq!(line["cold_start"], true);
//! # Ok(())
//! # }
//! ```

use std::error::Error as StdError;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::task::{Context, Poll};

use tower::{Layer, Service};
use tracing::Instrument;

use super::correlation;
use super::json::Json;
use super::lines::{FAILURES_ARE_LOGGED, PANICS_ARE_LOGGED};
use super::scope::{InvocationContext, set_correlation_id};
use crate::error::FunctionError;
use crate::event::{Incoming, RawResponse};

/// Layer that applies [`Logging`]. See the [module docs](self).
#[derive(Clone, Debug, Default)]
#[must_use]
pub struct LoggingLayer {
    correlation_id: Option<Arc<str>>,
}

impl LoggingLayer {
    /// Lines get the invocation's keys.
    pub fn new() -> Self {
        Self::default()
    }

    /// Takes the `correlation_id` from the event: a string or a number at this
    /// [JSON Pointer](https://www.rfc-editor.org/rfc/rfc6901), such as `/requestContext/requestId`,
    /// `/headers/x-amzn-trace-id` or `/id`. An event without it has none.
    pub fn correlation_id(mut self, pointer: impl Into<Arc<str>>) -> Self {
        self.correlation_id = Some(pointer.into());
        self
    }
}

impl<S> Layer<S> for LoggingLayer {
    type Service = Logging<S>;

    fn layer(&self, inner: S) -> Logging<S> {
        FAILURES_ARE_LOGGED.store(true, Ordering::Relaxed);
        Logging { inner, correlation_id: self.correlation_id.clone() }
    }
}

/// Gives each invocation its log context, and logs its failure. See the [module docs](self).
#[derive(Clone, Debug)]
pub struct Logging<S> {
    inner: S,
    correlation_id: Option<Arc<str>>,
}

impl<S> Service<Incoming> for Logging<S>
where
    S: Service<Incoming, Response = RawResponse, Error = FunctionError>,
    S::Future: Send + 'static,
{
    type Response = RawResponse;
    type Error = FunctionError;
    type Future = Pin<Box<dyn Future<Output = Result<RawResponse, FunctionError>> + Send>>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), FunctionError>> {
        self.inner.poll_ready(cx)
    }

    fn call(&mut self, incoming: Incoming) -> Self::Future {
        let (span, log_event) = InvocationContext::open(&incoming.invocation);
        let answer = span.in_scope(|| {
            if let Some(pointer) = &self.correlation_id
                && let Some(id) = correlation::find(&incoming.event, pointer)
            {
                set_correlation_id(id);
            }
            if log_event {
                tracing::info!(event = %Json(&incoming.event), "Lambda invocation event");
            }
            self.inner.call(incoming)
        });
        let answered = async move {
            let answer = answer.await;
            if let Err(error) = &answer {
                log_failure(error);
            }
            answer
        };
        Box::pin(answered.instrument(span))
    }
}

fn log_failure(error: &FunctionError) {
    // Of its records each has its line.
    if error.is_logged() {
        return;
    }
    // The hook has told of a panic, with its place.
    if error.error_type() == "Panic" && PANICS_ARE_LOGGED.load(Ordering::Relaxed) {
        return;
    }
    let cause: &(dyn StdError + 'static) = error;
    tracing::error!(error_type = error.error_type(), error = cause, "the invocation failed");
}

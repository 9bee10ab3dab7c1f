//! The adapter of record functions: it decodes the event into records, processes them, and encodes the response of the
//! source.

mod call;
pub(super) mod config;
pub(super) mod decode;
mod deferred;
mod encode;
mod expand;
mod ids;
mod lanes;
mod lone_surrogates;
mod outcome;
mod pipes;
pub(super) mod queue;
mod scheduler;
#[cfg(feature = "otel")]
mod spans;

use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use tower::Service;

use self::config::AdapterConfig;
#[cfg(all(test, feature = "http", feature = "records", feature = "otel"))]
pub(crate) use self::decode::detected;
use self::expand::{Expanded, expand};
use super::record::Record;
use super::response::RecordResponse;
use crate::core::error::{BoxError, FunctionError};
use crate::core::raw::{Incoming, Outgoing};

/// Service that calls the inner service for each record of an event.
#[derive(Clone, Debug)]
pub struct RecordAdapter<S> {
    inner: S,
    config: Arc<AdapterConfig>,
}

impl<S> RecordAdapter<S> {
    pub(super) fn new(inner: S, config: AdapterConfig) -> Self {
        Self { inner, config: Arc::new(config) }
    }
}

impl<S> Service<Incoming> for RecordAdapter<S>
where
    S: Service<Record, Response = RecordResponse, Error: Into<BoxError>, Future: Send> + Clone + Send + Sync + 'static,
{
    type Response = Outgoing;
    type Error = FunctionError;
    type Future = Pin<Box<dyn Future<Output = Result<Outgoing, FunctionError>> + Send>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), FunctionError>> {
        // The inner service is polled for each record: an error here would end the process.
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, incoming: Incoming) -> Self::Future {
        let Self { inner, config } = self.clone();
        Box::pin(async move {
            let stop = config.batch.stop_at(&incoming.invocation);
            let expanded = expand(incoming, &config).map_err(|error| config.error_types.apply(error))?;
            let Expanded { event, queue, format, is_piped } = expanded;
            let records = queue.iter().map(|queued| queued.record.clone()).collect::<Vec<_>>();
            let outcomes = scheduler::run(&inner, queue, format, &config, stop).await;
            encode::response(&event, &records, outcomes, format, is_piped, &config)
        })
    }
}

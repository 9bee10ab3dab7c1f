//! The adapter of AppSync functions: it decodes the event into the context of one field, or those of a batch, calls the
//! resolver, and encodes its values in the form that AppSync expects.

mod batch;
pub(super) mod config;
mod decode;
mod encode;
mod log;
#[cfg(feature = "otel")]
mod spans;

use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use tower::Service;

use self::config::AdapterConfig;
use self::decode::{Decoded, decode};
use super::call::{FieldCall, FieldResponse};
use crate::appsync_request::calls::warn_of_long_timeout;
use crate::core::error::{BoxError, FunctionError};
use crate::core::raw::{Incoming, Outgoing};

/// Service that calls the inner service for the field of an event, or for the items of a batch. A single field that fails,
/// panics or is late fails the invocation; an item of a batch fails alone.
#[derive(Clone, Debug)]
pub struct AppSyncAdapter<S> {
    inner: S,
    config: Arc<AdapterConfig>,
}

impl<S> AppSyncAdapter<S> {
    pub(super) fn new(inner: S, config: AdapterConfig) -> Self {
        Self { inner, config: Arc::new(config) }
    }
}

impl<S> Service<Incoming> for AppSyncAdapter<S>
where
    S: Service<FieldCall, Response = FieldResponse, Error: Into<BoxError>, Future: Send>
        + Clone
        + Send
        + Sync
        + 'static,
{
    type Response = Outgoing;
    type Error = FunctionError;
    type Future = Pin<Box<dyn Future<Output = Result<Outgoing, FunctionError>> + Send>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), FunctionError>> {
        // The inner service is polled for each call: an error here would end the process.
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, incoming: Incoming) -> Self::Future {
        let Self { inner, config } = self.clone();
        Box::pin(async move {
            warn_of_long_timeout(&incoming.invocation);
            match decode(&incoming)? {
                Decoded::Single(context) => Ok(batch::single(&inner, context, &config).await?.into()),
                Decoded::Batch(items) => {
                    let results = batch::all(&inner, items, &incoming.invocation, &config).await;
                    encode::batch(&results)
                }
            }
        })
    }
}

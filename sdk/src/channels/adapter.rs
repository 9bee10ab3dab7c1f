//! The adapter of functions of channels: it decodes the event of AppSync, calls the handlers of its channel, and encodes
//! their results in the form that AppSync expects.

mod answer;
pub(super) mod config;
mod decode;
mod encode;
mod log;
mod publish;
#[cfg(feature = "otel")]
mod spans;
mod subscribe;

use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use tower::Service;

use self::config::AdapterConfig;
use super::call::{ChannelCall, ChannelResponse};
use super::context::{ChannelContext, Operation};
use crate::appsync_request::calls::warn_of_long_timeout;
use crate::core::error::{BoxError, FunctionError};
use crate::core::raw::{Incoming, Outgoing};

/// Service that calls the inner service for each event of a publish, for all of them, or for a subscription. A handler that
/// fails, panics or is late fails its events or the subscription, and not the invocation.
#[derive(Clone, Debug)]
pub struct ChannelAdapter<S> {
    inner: S,
    config: Arc<AdapterConfig>,
}

impl<S> ChannelAdapter<S> {
    pub(super) fn new(inner: S, config: AdapterConfig) -> Self {
        Self { inner, config: Arc::new(config) }
    }
}

impl<S> Service<Incoming> for ChannelAdapter<S>
where
    S: Service<ChannelCall, Response = ChannelResponse, Error: Into<BoxError>, Future: Send>
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
            let context = ChannelContext::decode(&incoming)?;
            match context.operation() {
                Operation::Publish => {
                    let events = decode::events(&incoming.event, &context)?;
                    #[cfg(feature = "otel")]
                    spans::began(&context, events.len());
                    let results = publish::results(&inner, &context, &events, &config).await;
                    let results = results.map_err(|failure| log::refused(context.path(), failure))?;
                    encode::publish(&context, &events, &results)
                }
                Operation::Subscribe | Operation::Connect => {
                    #[cfg(feature = "otel")]
                    spans::began(&context, 0);
                    let refused = subscribe::result(&inner, &context, &config).await;
                    encode::subscribe(refused.map_err(|failure| log::refused(context.path(), failure))?)
                }
            }
        })
    }
}

//! [`ChannelCall`] and [`ChannelResponse`]: the request and the response of the services around a handler.

use std::fmt;
use std::marker::PhantomData;
use std::sync::Arc;

use bytestring::ByteString;

use super::context::{ChannelContext, Operation};
use super::outgoing::Outgoing;
use crate::core::error::BoxError;
use crate::function::handler::HandlerService;

/// The marker of handlers of single events with these arguments.
#[derive(Debug)]
pub(super) struct ByPublish<Args>(PhantomData<Args>);

/// The marker of handlers of all events with these arguments.
#[derive(Debug)]
pub(super) struct ByPublishAll<Args>(PhantomData<Args>);

/// The marker of handlers of subscriptions with these arguments.
#[derive(Debug)]
pub(super) struct BySubscribe<Args>(PhantomData<Args>);

/// The innermost service of a function.
pub(super) type Innermost = HandlerService<ChannelCall, ChannelResponse, BoxError>;

/// One event of a publish, as AppSync sent it.
#[derive(Clone, PartialEq, Eq)]
pub struct IncomingEvent {
    pub(super) id: String,
    pub(super) payload: ByteString,
}

impl IncomingEvent {
    /// Returns AppSync's id of the event. A client that publishes again gets another one.
    pub fn id(&self) -> &str {
        &self.id
    }

    /// Returns the payload as JSON.
    pub fn json(&self) -> &str {
        &self.payload
    }
}

/// The payload is not shown.
impl fmt::Debug for IncomingEvent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("IncomingEvent").field("id", &self.id).finish_non_exhaustive()
    }
}

/// One call of a handler: one event of a publish, all of them for a function of
/// [`publish_all`](super::Handlers::publish_all), or a subscription, which has none. A clone shares the event.
///
/// A layer of a function of channels is a `tower::Layer` of services from `ChannelCall` to [`ChannelResponse`]:
///
/// ```
/// use pilaster::BoxError;
/// use pilaster::channels::{Channel, ChannelCall, Handlers};
/// use tower::util::MapRequestLayer;
///
/// async fn admit(_: Channel) -> Result<(), BoxError> {
///     Ok(())
/// }
///
/// let layer = MapRequestLayer::new(|call: ChannelCall| {
///     tracing::info!(events = call.events().len(), "called");
///     call
/// });
/// let function = pilaster::handler(Handlers::new().subscribe("/chat/*", admit)).layer(layer);
/// # let _ = function;
/// ```
#[derive(Clone)]
pub struct ChannelCall {
    context: ChannelContext,
    events: Arc<[IncomingEvent]>,
}

impl ChannelCall {
    pub(super) fn new(context: ChannelContext, events: impl Into<Arc<[IncomingEvent]>>) -> Self {
        Self { context, events: events.into() }
    }

    /// Returns the event of the channel.
    pub fn context(&self) -> &ChannelContext {
        &self.context
    }

    /// Returns the path of the channel.
    pub fn channel(&self) -> &str {
        self.context.path()
    }

    /// Returns the operation.
    pub fn operation(&self) -> Operation {
        self.context.operation()
    }

    /// Returns the events that the handler gets.
    pub fn events(&self) -> &[IncomingEvent] {
        &self.events
    }
}

/// The payloads are not shown.
impl fmt::Debug for ChannelCall {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ChannelCall").field("context", &self.context).field("events", &self.events).finish()
    }
}

/// The response of a handler: the events to broadcast, and those that failed. That of a subscription has none.
#[derive(Debug, Default)]
pub struct ChannelResponse {
    events: Vec<Outgoing>,
}

impl ChannelResponse {
    /// Creates the response of a call.
    pub fn new(events: impl IntoIterator<Item = Outgoing>) -> Self {
        Self { events: events.into_iter().collect() }
    }

    /// Returns the events.
    pub fn events(&self) -> &[Outgoing] {
        &self.events
    }

    pub(super) fn into_events(self) -> Vec<Outgoing> {
        self.events
    }
}

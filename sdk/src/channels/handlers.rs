//! [`Handlers`]: the handlers of many channels, as one function.

use std::any::Any;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use tower::ServiceExt;
use tower::layer::util::Identity;

use super::adapter::config::{PublishEntry, Table};
use super::call::{ByPublish, ByPublishAll, BySubscribe, ChannelCall, ChannelResponse, Innermost};
use super::context::Operation;
use super::function::{ByHandlers, ChannelFunction, Settings};
use super::handler::{PublishAllHandler, PublishHandler, SubscribeHandler};
use super::unmatched::Unmatched;
use crate::core::descriptions::Describe;
use crate::core::error::{BoxError, ErrorType};
use crate::function::builder::{Function, Sealed};
use crate::function::handler::{Call, Handler, HandlerService, handler};
use crate::function::into_service::{IntoService, Kind};
use crate::function::lifecycle::Lifecycle;
use crate::function::start_error::StartError;

/// The handlers of an Events API, as one function. [`run`](crate::run) takes it; with layers, pass it to
/// [`handler`](crate::handler) first: `pilaster::handler(handlers).outer(MetricsLayer::from_env())`.
///
/// A pattern is the path of a channel, such as `/chat/room`, or `/chat/*` for each channel below `/chat`, at every depth,
/// or `/*` for all. Of those that match, the most specific one is chosen: the channel itself, then the longest path. A
/// pattern that is malformed, or registered twice for one operation, is an error at start. Channels are case-sensitive.
///
/// A publish and a subscription to a channel without a handler are refused; see [`Unmatched`]. An API may call the function
/// for one of them alone: that is set per namespace.
///
/// # Example
///
/// ```no_run
/// use pilaster::BoxError;
/// use pilaster::channels::{Channel, Handlers, Identity, Outgoing, Payload, Publish, Unauthorized};
///
/// #[derive(serde::Deserialize, serde::Serialize)]
/// struct Message { text: String }
///
/// // Called for each event.
/// async fn moderate(Payload(message): Payload<Message>, channel: Channel) -> Result<Option<Message>, BoxError> {
///     tracing::info!(channel = channel.path(), "published");
///     Ok((!message.text.is_empty()).then_some(message))
/// }
/// // Sees all events of a publish.
/// async fn ingest(readings: Publish<f64>) -> Result<Vec<Outgoing>, BoxError> {
///     Ok(readings.into_iter().map(|event| Outgoing::payload(event.id, &event.payload)).collect())
/// }
/// async fn admit(identity: Identity) -> Result<(), BoxError> {
///     if let Identity::ApiKey = identity { Err(Unauthorized.into()) } else { Ok(()) }
/// }
///
/// fn main() -> Result<(), pilaster::StartError> {
///     let handlers = Handlers::new()
///         .publish("/chat/*", moderate)
///         .publish_all("/metrics/*", ingest)
///         .subscribe("/chat/*", admit);
///     pilaster::run(handlers)
/// }
/// ```
#[must_use = "handlers do nothing until `pilaster::run` runs them"]
#[derive(Default)]
pub struct Handlers {
    table: Table,
    settings: Settings,
}

impl Handlers {
    /// Creates a function without handlers.
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds the handler of single events of these channels, which returns `Result<Option<T>, E>`: the payload that is
    /// broadcast, or `None` for an event that is not. Up to [`concurrency`](Self::concurrency) events of a publish are
    /// handled at the same time; the response keeps their order.
    pub fn publish<F, Args>(self, pattern: &str, handler: F) -> Self
    where
        F: PublishHandler<Args>,
        Args: 'static,
    {
        self.add(pattern, false, HandlerService::new::<F, ByPublish<Args>>(handler))
    }

    /// Adds the handler of all events of a publish to these channels, as [`Publish<T>`](super::Publish). It returns
    /// `Result<Vec<Outgoing>, E>`; an event that is left out is not broadcast.
    pub fn publish_all<F, Args>(self, pattern: &str, handler: F) -> Self
    where
        F: PublishAllHandler<Args>,
        Args: 'static,
    {
        self.add(pattern, true, HandlerService::new::<F, ByPublishAll<Args>>(handler))
    }

    /// Adds the handler of subscriptions to these channels, which returns `Result<(), E>`. A client may subscribe to
    /// `/chat/*`, for which the handler of `/chat/*` is called; see [`Channel::is_wildcard`](super::Channel::is_wildcard).
    pub fn subscribe<F, Args>(mut self, pattern: &str, handler: F) -> Self
    where
        F: SubscribeHandler<Args>,
        Args: 'static,
    {
        let added = self.table.subscribe.add(pattern, HandlerService::new::<F, BySubscribe<Args>>(handler));
        self.settings.mistake = self.settings.mistake.or(added.err());
        self
    }

    fn add(mut self, pattern: &str, takes_all: bool, service: Innermost) -> Self {
        let added = self.table.publish.add(pattern, PublishEntry { takes_all, service });
        self.settings.mistake = self.settings.mistake.or(added.err());
        self
    }

    /// Sets what becomes of a channel without a handler; the default is [`Unmatched::Refuse`].
    pub fn unmatched(mut self, unmatched: Unmatched) -> Self {
        self.table.unmatched = unmatched;
        self
    }

    /// Sets the number of events of a publish that a handler of [`publish`](Self::publish) handles concurrently; the
    /// default is 10. AppSync publishes at most 5 at once.
    pub fn concurrency(mut self, events: usize) -> Self {
        self.settings.concurrency = events;
        self
    }

    /// Sets the time between the end of the work and the deadline of the invocation: 250 ms by default, and at most half
    /// of the time that is left. What is not done then is cancelled and fails as `Timeout`; the events that are done are
    /// broadcast. With `None`, nothing is cancelled.
    pub fn margin(mut self, margin: impl Into<Option<Duration>>) -> Self {
        self.settings.margin = margin.into();
        self
    }

    /// Sends the text of an `E` to the client, with its `errorType`, where `E` is anywhere in the chain of causes of an
    /// error. Without it, only a [`FunctionError`](crate::FunctionError) reaches the client.
    pub fn error_type<E: ErrorType>(mut self) -> Self {
        self.settings.error_types.add::<E>();
        self
    }
}

/// The innermost service of all channels: it calls the handler of the channel.
#[derive(Clone, Debug)]
struct Dispatch(Arc<Table>);

impl Call<ChannelCall, ByHandlers> for Dispatch {
    type Output = ChannelResponse;
    type Error = BoxError;

    async fn call(self, call: ChannelCall) -> Result<ChannelResponse, BoxError> {
        let service = match call.operation() {
            Operation::Publish => self.0.publish.get(call.channel()).map(|entry| &entry.service),
            Operation::Subscribe | Operation::Connect => self.0.subscribe.get(call.channel()),
        };
        let service = service.ok_or("a layer has changed the channel")?.clone();
        service.oneshot(call).await
    }
}

impl Handler<ByHandlers> for Handlers {
    type Kind = ChannelFunction<Innermost>;
    type Layers = Identity;

    fn into_kind(self, _: Sealed) -> Self::Kind {
        let Self { table, mut settings } = self;
        if table.publish.is_empty() && table.subscribe.is_empty() {
            let mistake = "no handler of channels is registered: add one by `publish`, `publish_all` or `subscribe`";
            settings.mistake = settings.mistake.or(Some(mistake.to_owned()));
        }
        let table = Arc::new(table);
        let service = HandlerService::new::<_, ByHandlers>(Dispatch(Arc::clone(&table)));
        ChannelFunction { service, table, settings }
    }
}

type Made = Function<ChannelFunction<Innermost>, Identity>;

impl IntoService for Handlers {
    type Service = <Made as IntoService>::Service;
    const STREAMS: bool = <ChannelFunction<Innermost> as Kind<Identity>>::STREAMS;

    fn into_service(self) -> Result<Self::Service, StartError> {
        handler(self).into_service()
    }

    fn take_lifecycle(&mut self) -> Lifecycle {
        Lifecycle::default()
    }
}

impl Describe for Handlers {
    fn describe(&self, _: &mut dyn Any) -> Result<(), String> {
        Ok(())
    }
}

impl fmt::Debug for Handlers {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Handlers")
            .field("publish", &self.table.publish.names())
            .field("subscribe", &self.table.subscribe.names())
            .field("unmatched", &self.table.unmatched)
            .finish()
    }
}

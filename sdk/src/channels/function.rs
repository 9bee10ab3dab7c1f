//! [`ChannelFunction`]: the handlers of [`Handlers`](super::Handlers) as a kind of function.

use std::sync::Arc;
use std::time::Duration;

use tower::{Layer, Service};

use super::adapter::config::{AdapterConfig, Table};
use super::adapter::{ChannelAdapter, config};
use super::call::{ChannelCall, ChannelResponse};
use crate::core::deadline::MARGIN;
use crate::core::error::{BoxError, ErrorType, NamedErrors};
use crate::core::layer_mistakes::reject;
use crate::function::builder::Function;
use crate::function::into_service::Kind;

/// The marker of [`Handlers`](super::Handlers).
#[doc(hidden)]
#[derive(Debug)]
pub enum ByHandlers {}

/// Handlers of channels, with their settings.
#[derive(Clone, Debug)]
pub struct ChannelFunction<S> {
    pub(super) service: S,
    pub(super) table: Arc<Table>,
    pub(super) settings: Settings,
}

#[derive(Clone, Debug)]
pub(super) struct Settings {
    pub(super) concurrency: usize,
    pub(super) margin: Option<Duration>,
    pub(super) error_types: NamedErrors,
    pub(super) mistake: Option<String>,
}

impl Default for Settings {
    fn default() -> Self {
        let (concurrency, margin) = (config::CONCURRENCY, Some(MARGIN));
        Self { concurrency, margin, error_types: NamedErrors::default(), mistake: None }
    }
}

impl<S, L, O> Function<ChannelFunction<S>, L, O> {
    /// Sends the text of an `E` to the client, with its `errorType`. See
    /// [`Handlers::error_type`](super::Handlers::error_type).
    pub fn error_type<E: ErrorType>(self) -> Self {
        self.with_error_type::<E>()
    }

    /// Sets the number of events of a publish that are handled concurrently; the default is 10. See
    /// [`Handlers::concurrency`](super::Handlers::concurrency).
    ///
    /// # Example
    ///
    /// ```
    /// use std::time::Duration;
    /// use pilaster::BoxError;
    /// use pilaster::channels::{Handlers, Payload};
    ///
    /// async fn echo(Payload(text): Payload<String>) -> Result<Option<String>, BoxError> {
    ///     Ok(Some(text))
    /// }
    /// let handlers = Handlers::new().publish("/chat/*", echo);
    /// let function = pilaster::handler(handlers).concurrency(1).margin(Duration::from_secs(1));
    /// # let _ = function;
    /// ```
    pub fn concurrency(mut self, events: usize) -> Self {
        self.kind.settings.concurrency = events;
        self
    }

    /// Sets the time between the end of the work and the deadline of the invocation: 250 ms by default. See
    /// [`Handlers::margin`](super::Handlers::margin).
    pub fn margin(mut self, margin: impl Into<Option<Duration>>) -> Self {
        self.kind.settings.margin = margin.into();
        self
    }
}

#[diagnostic::do_not_recommend]
impl<S, L> Kind<L> for ChannelFunction<S>
where
    L: Layer<S>,
    L::Service: Service<ChannelCall, Response = ChannelResponse> + Clone + Send + Sync + 'static,
    <L::Service as Service<ChannelCall>>::Error: Into<BoxError>,
    <L::Service as Service<ChannelCall>>::Future: Send,
{
    type Adapter = ChannelAdapter<L::Service>;
    const HIDES_FAILURES: bool = true;

    fn adapter(self, layers: L, error_types: NamedErrors) -> Self::Adapter {
        let Self { service, table, settings: Settings { concurrency, margin, error_types: mut named, mistake } } = self;
        if concurrency == 0 {
            reject("the concurrency of a publish must not be 0: no event would be handled");
        }
        if let Some(mistake) = mistake {
            reject(mistake);
        }
        named.append(&error_types);
        ChannelAdapter::new(layers.layer(service), AdapterConfig { table, concurrency, margin, error_types: named })
    }
}

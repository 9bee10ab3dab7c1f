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

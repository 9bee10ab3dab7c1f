//! The settings of the adapter, and the handlers of the channels.

use std::sync::Arc;
use std::time::Duration;

use crate::appsync_request::failure::Failure;
use crate::channels::call::Innermost;
use crate::channels::patterns::Patterns;
use crate::channels::unmatched::Unmatched;
use crate::core::error::{FunctionError, NamedErrors};

/// The number of events that are handled concurrently, as with records.
pub(in crate::channels) const CONCURRENCY: usize = 10;

pub(super) const PANICKED: &str = "the handler panicked";
pub(super) const LATE: &str = "the handler did not finish in time";

#[derive(Clone, Debug)]
pub(in crate::channels) struct AdapterConfig {
    pub(in crate::channels) table: Arc<Table>,
    pub(in crate::channels) concurrency: usize,
    pub(in crate::channels) margin: Option<Duration>,
    pub(in crate::channels) error_types: NamedErrors,
}

/// The handlers of the channels.
#[derive(Debug, Default)]
pub(in crate::channels) struct Table {
    pub(in crate::channels) publish: Patterns<PublishEntry>,
    pub(in crate::channels) subscribe: Patterns<Innermost>,
    pub(in crate::channels) unmatched: Unmatched,
}

#[derive(Debug)]
pub(in crate::channels) struct PublishEntry {
    /// The handler sees all events at once.
    pub(in crate::channels) takes_all: bool,
    pub(in crate::channels) service: Innermost,
}

/// Returns the error of a channel without a handler, and logs the channel, which the client does not read.
pub(super) fn unknown(channel: &str) -> Failure {
    tracing::warn!(channel, "no handler is registered for the channel: the request is refused");
    Failure::from(FunctionError::new("UnknownChannel", "no handler is registered for this channel")).logged()
}

//! What a function asks of its log context while it runs.

use serde_json::{Map, Value};

use super::level::Level;
use super::scope::{with_filter, with_scope};

/// The keys that [`append_key`](super::append_key) added and nothing removed: this invocation's; outside of an invocation, the
/// process's.
///
/// # Example
///
/// ```
/// use pilaster::observe::logging::{self, Logs};
///
/// tracing::subscriber::with_default(Logs::new().writer(std::io::sink()).build(), || {
///     logging::append_key("order", 42);
///     assert_eq!(logging::current_keys()["order"], 42);
/// });
/// ```
pub fn current_keys() -> Map<String, Value> {
    with_scope(|scope| scope.keys.to_map()).unwrap_or_default()
}

/// The `correlation_id` of this invocation's lines, to be passed on to what it calls; outside of an invocation, of the process's.
pub fn correlation_id() -> Option<String> {
    with_scope(|scope| scope.correlation_id.clone()).flatten()
}

/// From now on, and for all invocations, the least serious level that is written. `AWS_LAMBDA_LOG_LEVEL` wins: where that is set,
/// nothing changes.
///
/// # Example
///
/// ```
/// use pilaster::observe::logging::{self, Captured, Level, Logs};
///
/// let captured = Captured::default();
/// tracing::subscriber::with_default(Logs::new().writer(captured.clone()).build(), || {
///     tracing::debug!("not written");
///     logging::set_level(Level::Debug);
///     tracing::debug!("written");
/// });
/// assert_eq!(captured.lines().len(), 1);
/// ```
pub fn set_level(level: Level) {
    with_filter(|filter, _| filter.set_level(level));
}

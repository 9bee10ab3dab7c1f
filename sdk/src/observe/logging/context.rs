//! The functions with which a running function changes or reads its log context.

use std::borrow::Cow;

use serde::Serialize;
use serde_json::{Map, Value};
use tracing::Span;
use tracing_subscriber::registry::LookupSpan;

use super::current::{parts, warn_of_keys, with_appended, with_buffer, with_filter, with_process};
use super::fields::{Batch, names};
use super::filter::INVOCATION;
use super::level::Level;

/// Adds a key to all later lines of this invocation, or replaces its value. `null` removes the key.
///
/// Outside of an invocation, such as in the init phase, the key is added to all later lines of the process. A reserved
/// key (`level`, `service`, …) gets a trailing underscore. An invocation and the process have at most 1,000 such keys
/// each: others are omitted, and one warning is logged.
///
/// # Example
///
/// ```
/// use pilaster::observe::logging::{self, CapturedLogs, Logs};
///
/// let captured = CapturedLogs::default();
/// tracing::subscriber::with_default(Logs::new().writer(captured.clone()).build(), || {
///     logging::append_key("order", 42);
///     tracing::info!("placed");
///     logging::remove_keys(["order"]);
///     tracing::info!("done");
/// });
/// assert_eq!(captured.lines()[0]["order"], 42);
/// assert_eq!(captured.lines()[1].get("order"), None);
/// ```
pub fn append_key(key: impl Into<String>, value: impl Serialize) {
    if let Ok(json) = serde_json::to_string(&value) {
        // The caller's conversion may log, so it runs before a lock is taken.
        let key = Cow::Owned(key.into());
        warn_of_keys(with_appended(|appended| appended.put(|keys| keys.put_bounded(key, &json))));
    }
}

/// Adds the first 1,000 of these keys, as [`append_key`] does.
pub fn append_keys(keys: &Map<String, Value>) {
    let keys = batch(keys);
    warn_of_keys(with_appended(|appended| appended.put(|all| all.put_all(&keys))));
}

/// Removes keys that [`append_key`] added.
pub fn remove_keys(keys: impl IntoIterator<Item = impl AsRef<str>>) {
    let keys = names(keys);
    with_appended(|appended| appended.keys.remove_all(&keys));
}

/// Removes all keys that [`append_key`] added. An invocation starts without keys.
pub fn clear_keys() {
    with_appended(|appended| appended.keys.clear());
}

/// Sets the `correlation_id` of all later lines of this invocation; outside of an invocation, of the process.
pub fn set_correlation_id(id: impl Into<String>) {
    let id = id.into();
    with_appended(|appended| appended.correlation_id = Some(id));
}

/// Adds a key to all later lines of the process, in this invocation and later ones, or replaces its value. `null`
/// removes the key. A key that [`append_key`] adds to an invocation takes precedence over one of the process with the
/// same name.
///
/// # Example
///
/// ```
/// use pilaster::observe::logging::{self, CapturedLogs, Logs};
///
/// let captured = CapturedLogs::default();
/// tracing::subscriber::with_default(Logs::new().writer(captured.clone()).build(), || {
///     logging::append_process_key("table_version", 7);
///     tracing::info!("in this invocation, and in the next one");
///     logging::remove_process_keys(["table_version"]);
///     tracing::info!("without it");
/// });
/// assert_eq!(captured.lines()[0]["table_version"], 7);
/// assert_eq!(captured.lines()[1].get("table_version"), None);
/// ```
pub fn append_process_key(key: impl Into<String>, value: impl Serialize) {
    if let Ok(json) = serde_json::to_string(&value) {
        let key = Cow::Owned(key.into());
        warn_of_keys(with_process(|appended| appended.put(|keys| keys.put_bounded(key, &json))));
    }
}

/// Adds the first 1,000 of these keys, as [`append_process_key`] does.
pub fn append_process_keys(keys: &Map<String, Value>) {
    let keys = batch(keys);
    warn_of_keys(with_process(|appended| appended.put(|all| all.put_all(&keys))));
}

/// Removes keys that [`append_process_key`] added, or [`append_key`] outside of invocations.
pub fn remove_process_keys(keys: impl IntoIterator<Item = impl AsRef<str>>) {
    let keys = names(keys);
    with_process(|appended| appended.keys.remove_all(&keys));
}

/// Opens a span whose fields are the first 1,000 of these keys, for names that are only known at run time. Each line
/// within the span has them. If there are more keys, one warning is logged.
///
/// # Example
///
/// ```
/// use pilaster::observe::logging::{self, CapturedLogs, Logs};
/// use serde_json::json;
///
/// let captured = CapturedLogs::default();
/// tracing::subscriber::with_default(Logs::new().writer(captured.clone()).build(), || {
///     let keys = json!({"user": "u-1"});
///     logging::keys_span(keys.as_object().unwrap()).in_scope(|| tracing::info!("inside"));
///     tracing::info!("outside");
/// });
/// assert_eq!(captured.lines()[0]["user"], "u-1");
/// assert_eq!(captured.lines()[1].get("user"), None);
/// ```
pub fn keys_span(keys: &Map<String, Value>) -> Span {
    let span = tracing::error_span!(target: INVOCATION, "keys");
    let keys = batch(keys);
    warn_of_keys(Some(keys.is_cut));
    span.with_subscriber(|(id, dispatch)| {
        if let Some(data) = parts(dispatch).and_then(|(_, registry)| registry.span(id)) {
            data.extensions_mut().replace(keys.into_fields());
        }
    });
    span
}

fn batch(keys: &Map<String, Value>) -> Batch {
    Batch::of(keys.iter().map(|(key, value)| (Cow::Owned(key.clone()), value.to_string())))
}

/// Returns the current keys of [`append_key`]: those of this invocation; outside of an invocation, those
/// of the process.
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
    with_appended(|appended| appended.keys.to_map()).unwrap_or_default()
}

/// Returns the `correlation_id` of this invocation's lines, to pass it on to other services; outside of an
/// invocation, that of the process.
pub fn correlation_id() -> Option<String> {
    with_appended(|appended| appended.correlation_id.clone()).flatten()
}

/// Sets the minimum level that is written, from now on and for all invocations. It has no effect if
/// `AWS_LAMBDA_LOG_LEVEL` is set.
///
/// # Example
///
/// ```
/// use pilaster::observe::logging::{self, CapturedLogs, Level, Logs};
///
/// let captured = CapturedLogs::default();
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

/// Writes the lines in this invocation's [`Buffer`](super::Buffer).
///
/// # Example
///
/// ```
/// # let attempts = 3;
/// if attempts > 2 {
///     pilaster::observe::logging::flush_buffer();
/// }
/// ```
pub fn flush_buffer() {
    with_buffer(|writer, span, buffer| writer.flush(buffer, span));
}

/// Drops the lines in this invocation's [`Buffer`](super::Buffer).
pub fn clear_buffer() {
    with_buffer(|_, _, buffer| drop(buffer.take()));
}

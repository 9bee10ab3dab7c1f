//! [`emit`]: a line with keys that are only known at run time.

use std::fmt::Display;
use std::panic::Location;

use serde::{Serialize, Serializer};
use serde_json::{Map, Value};

use super::as_json::AsJson;
use super::current::warn_of_keys;
use super::fields::MAX_KEYS;
use super::filter::{EMIT, FATAL};
use super::level::Level;

/// Writes a line with keys that are only known at run time, which `tracing`'s macros do not support, or at
/// [`Level::Fatal`], which they lack.
///
/// The line is a normal event: it is filtered by level, has the fields of its spans, and reaches other layers. A
/// reserved key gets a trailing underscore, and a key with the value `null` is omitted. So are keys beyond the first
/// 1,000, and one warning is logged. A message of [`AsJson`] stays JSON.
///
/// # Example
///
/// ```
/// use pilaster::observe::logging::{AsJson, CapturedLogs, Level, Logs, emit};
/// use serde_json::json;
///
/// let captured = CapturedLogs::default();
/// tracing::subscriber::with_default(Logs::new().writer(captured.clone()).build(), || {
///     let keys = json!({"order": {"id": 42}, "level": "mine", "note": null});
///     emit(Level::Info, AsJson(&["a", "b"]), keys.as_object().unwrap());
/// });
/// let line = &captured.lines()[0];
/// assert_eq!(line["message"], json!(["a", "b"]));
/// assert_eq!(line["order"]["id"], 42);
/// assert_eq!((&line["level"], &line["level_"]), (&json!("INFO"), &json!("mine")));
/// assert_eq!(line.get("note"), None);
/// ```
#[track_caller]
pub fn emit(level: Level, message: impl Display, keys: &Map<String, Value>) {
    let (location, is_cut, keys) = (Location::caller(), keys.len() > MAX_KEYS, AsJson(First(keys)));
    macro_rules! write_at {
        ($target:expr, $level:ident) => {{
            if is_cut && tracing::event_enabled!(target: $target, tracing::Level::$level) {
                warn_of_keys(Some(true));
            }
            tracing::event!(
                target: $target,
                tracing::Level::$level,
                location = format_args!("{}:{}", location.file(), location.line()),
                %keys,
                "{message}"
            )
        }};
    }
    match level {
        Level::Trace => write_at!(EMIT, TRACE),
        Level::Debug => write_at!(EMIT, DEBUG),
        Level::Info => write_at!(EMIT, INFO),
        Level::Warn => write_at!(EMIT, WARN),
        Level::Error => write_at!(EMIT, ERROR),
        Level::Fatal => write_at!(FATAL, ERROR),
    }
}

/// The first [`MAX_KEYS`] keys.
struct First<'a>(&'a Map<String, Value>);

impl Serialize for First<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_map(self.0.iter().take(MAX_KEYS))
    }
}

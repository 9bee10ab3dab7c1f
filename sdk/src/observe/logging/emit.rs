//! [`emit`]: an event whose keys are only known at run time.

use std::fmt::Display;
use std::panic::Location;

use serde::{Serialize, Serializer};
use serde_json::{Map, Value};

use super::fields::MOST_KEYS;
use super::filter::{EMIT, FATAL};
use super::json::Json;
use super::level::Level;
use super::scope::warn_of_keys;

/// Writes a line with keys that are only known at run time, which `tracing`'s macros do not take, or at [`Level::Fatal`], which
/// they do not have.
///
/// It is an event like any other: levels count, spans give it their fields, and other layers see it. A key of the line's own
/// gets an underscore, one with the value `null` is left out, and so are those behind the first 1,000, of which a warning tells. A message of [`Json`] stays JSON.
///
/// # Example
///
/// ```
/// use pilaster::observe::logging::{Captured, Json, Level, Logs, emit};
/// use serde_json::json;
///
/// let captured = Captured::default();
/// tracing::subscriber::with_default(Logs::new().writer(captured.clone()).build(), || {
///     let keys = json!({"order": {"id": 42}, "level": "mine", "note": null});
///     emit(Level::Info, Json(&["a", "b"]), keys.as_object().unwrap());
/// });
/// let line = &captured.lines()[0];
/// assert_eq!(line["message"], json!(["a", "b"]));
/// assert_eq!(line["order"]["id"], 42);
/// assert_eq!((&line["level"], &line["level_"]), (&json!("INFO"), &json!("mine")));
/// assert_eq!(line.get("note"), None);
/// ```
#[track_caller]
pub fn emit(level: Level, message: impl Display, keys: &Map<String, Value>) {
    let (location, is_cut, keys) = (Location::caller(), keys.len() > MOST_KEYS, Json(First(keys)));
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

/// As many of the keys as a line may be given.
struct First<'a>(&'a Map<String, Value>);

impl Serialize for First<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_map(self.0.iter().take(MOST_KEYS))
    }
}

//! Log lines as Powertools writes them, from `tracing`'s events.
//!
//! [`init`] makes it the process's log; [`pilaster::run`](crate) does so by itself. [`LoggingLayer`] puts each invocation's keys
//! into the lines that are written while it runs, also across `.await`, and also when several invocations run at once.
//!
//! # Example
//!
//! ```
//! use pilaster::observe::logging::{self, Captured, Json, Logs};
//!
//! # #[derive(serde::Serialize)]
//! # struct Order { id: u32 }
//! # let order = Order { id: 42 };
//! let captured = Captured::default();
//! tracing::subscriber::with_default(Logs::new().service("payment").writer(captured.clone()).build(), || {
//!     logging::set_correlation_id("req-1");
//!     tracing::info_span!("checkout", user = "u-1").in_scope(|| {
//!         tracing::info!(order = %Json(&order), attempt = 2, "the card was charged");
//!     });
//! });
//!
//! let line = &captured.lines()[0];
//! assert_eq!(line["level"], "INFO");
//! assert_eq!(line["message"], "the card was charged");
//! assert_eq!(line["service"], "payment");
//! assert_eq!(line["correlation_id"], "req-1");
//! assert_eq!(line["user"], "u-1");
//! assert_eq!(line["order"]["id"], 42);
//! assert_eq!(line["attempt"], 2);
//! ```
//!
//! # A line
//!
//! Its keys, in this order: `level`, `location` (`src/store.rs:42`), `message`, `timestamp` (RFC 3339, UTC, milliseconds),
//! `service`; in an invocation `cold_start`, `function_name`, `function_memory_size` (a number, in MB), `function_arn`,
//! `function_request_id`, `correlation_id` if there is one, `tenant_id` if there is one, `xray_trace_id` (the trace's root) if
//! there is one, and `trace_id` and `span_id` of OpenTelemetry's span below a `TracesLayer`; `sampling_rate` if one is set; then, from the outside in, the keys of [`Logs::key`], [`append_process_key`] and [`append_key`], the
//! fields of the spans, and the event's fields.
//!
//! - No key occurs twice: an event's field beats a span's, an inner span's an outer one's, and a span's an appended key.
//! - No field overwrites one of the line's own keys listed above: it gets an underscore behind its name (`level_`). So does `_aws`,
//!   which would make CloudWatch take the line for metrics in its embedded metric format.
//! - [`Logs::without`] leaves out one of the line's own keys; `level` and `message` stay.
//! - A value is a JSON value: [`Json`] keeps a structure, other `Debug` and `Display` values are strings. What JSON does not
//!   have (`NaN`, infinities, integers beyond 64 bits) is a string.
//! - An error (`error = &error as &dyn std::error::Error`) is its text, its causes' texts are an array under `error_chain`, and its
//!   type's or its variant's name stands under `error_type`. [`Logs::errors`] chooses the keys of Powertools for Python or
//!   TypeScript instead.
//! - A line is one write of at most 256 KB less 26 bytes, which arrives as one event of CloudWatch Logs: longer values are cut and
//!   end in `... [truncated]`.
//!
//! # Variables
//!
//! | variable | effect |
//! |---|---|
//! | `AWS_LAMBDA_LOG_LEVEL` | the level; it wins over all others |
//! | `POWERTOOLS_LOG_LEVEL`, else `LOG_LEVEL` | the level; `INFO` without any |
//! | `RUST_LOG` | the level if none of those is set; levels of single targets (`my_function::store=debug,hyper=info`), never beyond `AWS_LAMBDA_LOG_LEVEL` |
//! | `AWS_LAMBDA_LOG_FORMAT` | `JSON` or `Text`; unset: JSON on Lambda, text outside |
//! | `POWERTOOLS_DEV` | JSON indented by 4 |
//! | `POWERTOOLS_SERVICE_NAME` | `service`; `service_undefined` without |
//! | `POWERTOOLS_LOGGER_LOG_EVENT` | each event that comes in is logged at `INFO`, under `event` |
//! | `POWERTOOLS_LOGGER_SAMPLE_RATE` | the share of invocations that are logged at `DEBUG` |
//!
//! Crates below a function (`hyper`, `rustls`, `aws_…`, …) are heard from `WARN` on, unless `RUST_LOG` names them, so that
//! `DEBUG` shows the function and not its connections. The application's spans up to `INFO` stay open at any level: their fields
//! are context for the lines that are written.
//!
//! # One function's own
//!
//! A [`LoggingLayer`] takes the correlation id from the event, holds `DEBUG` lines back until something fails ([`Buffer`]), and logs
//! events and answers without what is secret in them:
//!
//! ```no_run
//! use pilaster::http::Path;
//! use pilaster::lambda_handler;
//! use pilaster::observe::logging::{Buffer, LoggingLayer, correlation_paths};
//!
//! #[lambda_handler(outer = logging())]
//! async fn greet(Path(name): Path<String>) -> String {
//!     tracing::debug!(name, "told only if something fails");
//!     format!("Hello {name}!")
//! }
//!
//! fn logging() -> LoggingLayer {
//!     LoggingLayer::new()
//!         .correlation_id(correlation_paths::API_GATEWAY_HTTP)
//!         .buffer(Buffer::new())
//!         .log_event(true)
//!         .omit(["event.headers.authorization", "event.body.password"])
//! }
//! ```
//!
//! Lambda sets `AWS_LAMBDA_LOG_FORMAT=Text` for a function whose `LoggingConfig` does not say `LogFormat: JSON`, and applies its
//! levels only with JSON: a template should say it.

mod bound;
mod buffer;
mod captured;
mod correlation;
pub mod correlation_paths;
mod emit;
mod errors;
mod fields;
mod filter;
mod head;
mod json;
mod keys;
pub mod layer;
mod level;
mod line;
mod lines;
mod logs;
mod own_keys;
mod panic;
mod redaction;
mod scope;
#[cfg(test)]
mod tests;
mod text;

pub use self::buffer::{Buffer, clear_buffer, flush_buffer};
pub use self::captured::Captured;
pub use self::emit::emit;
pub use self::errors::ErrorKeys;
pub use self::json::Json;
pub use self::keys::{correlation_id, current_keys, set_level};
#[cfg(feature = "testing")]
pub(crate) use self::layer::Early;
pub use self::layer::{Logging, LoggingLayer};
pub use self::level::{Level, UnknownLevel};
pub use self::lines::Lines;
pub use self::logs::{Format, Logs};
pub use self::scope::{
    append_key, append_keys, append_process_key, append_process_keys, clear_keys, keys_span, remove_keys,
    remove_process_keys, set_correlation_id,
};

/// Makes log lines the process's subscriber, as the environment says, and makes a panic one line at `ERROR` with message,
/// location and request id. `false` if there is a subscriber already: then nothing is changed.
///
/// The same as `Logs::from_env().init()`.
pub fn init() -> bool {
    Logs::from_env().init()
}

/// The span of an invocation for lines that are logged around its layers.
pub(crate) fn span_of(invocation: &crate::core::invocation::Invocation) -> tracing::Span {
    self::scope::InvocationContext::open(invocation)
}

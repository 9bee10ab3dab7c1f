//! Log lines in the format of Powertools, from the events of `tracing`.
//!
//! [`init`] installs the process's log; [`pilaster::run`](crate) calls it. [`LoggingLayer`] adds each invocation's keys
//! to the lines that are written while it runs, across `.await` and with concurrent invocations.
//!
//! # Example
//!
//! ```
//! use pilaster::observe::logging::{self, AsJson, CapturedLogs, Logs};
//!
//! # #[derive(serde::Serialize)]
//! # struct Order { id: u32 }
//! # let order = Order { id: 42 };
//! let captured = CapturedLogs::default();
//! tracing::subscriber::with_default(Logs::new().service("payment").writer(captured.clone()).build(), || {
//!     logging::set_correlation_id("req-1");
//!     tracing::info_span!("checkout", user = "u-1").in_scope(|| {
//!         tracing::info!(order = %AsJson(&order), attempt = 2, "the card was charged");
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
//! # Lines
//!
//! A line has these keys, in this order: `level`, `location` (`src/store.rs:42`), `message`, `timestamp` (RFC 3339,
//! UTC, milliseconds), `service`; in an invocation `cold_start`, `function_name`, `function_memory_size` (a number, in
//! MB), `function_arn`, `function_request_id`, `correlation_id` if there is one, `tenant_id` if there is one,
//! `xray_trace_id` (the root of the trace) if there is one, and within a `TracesLayer` the `trace_id` and `span_id` of
//! OpenTelemetry's span; `sampling_rate` if one is set; then, from the outside to the inside, the keys of
//! [`Logs::key`], [`append_process_key`] and [`append_key`], the fields of the spans, and the fields of the event.
//!
//! - No key occurs twice: an event's field takes precedence over a span's, an inner span's over an outer one's, and a
//!   span's over an appended key.
//! - A field never overwrites one of the reserved keys above: it gets a trailing underscore (`level_`). So does `_aws`,
//!   which CloudWatch would read as metrics in its embedded metric format.
//! - [`Logs::without`] omits a reserved key; `level` and `message` cannot be omitted.
//! - `location` is in the function's code, or in a crate that it uses. A line that Pilaster writes for the function has
//!   the location of the function's code, if it is known.
//! - A value is a JSON value: [`AsJson`] keeps a structure, other `Debug` and `Display` values are strings. Values that
//!   JSON cannot represent (`NaN`, infinities, integers of more than 64 bits) are strings.
//! - An error (`error = &error as &dyn std::error::Error`) is logged as its message, with the messages of its causes in
//!   the array `error_chain`, and the name of its type or variant is the `error_type`. [`Logs::errors`] chooses the
//!   keys of Powertools for Python or TypeScript instead.
//! - A line is one write of at most 256 KB less 26 bytes, which arrives as one CloudWatch Logs event: longer values are
//!   truncated and end in `... [truncated]`.
//!
//! # Layers
//!
//! The log context is the outermost layer of a function, so that every other layer logs within it: log context → panic
//! guard and size limit → warm-up → the outer layers of the function (traces, metrics, secrets) → adapter → the layers
//! of the kind → function.
//!
//! # Variables
//!
//! | variable | effect |
//! |---|---|
//! | `AWS_LAMBDA_LOG_LEVEL` | the level; it overrides all others |
//! | `POWERTOOLS_LOG_LEVEL`, otherwise `LOG_LEVEL` | the level; `INFO` if neither is set |
//! | `RUST_LOG` | the level if none of those is set; levels of single targets (`my_function::store=debug,hyper=info`), never beyond `AWS_LAMBDA_LOG_LEVEL` |
//! | `AWS_LAMBDA_LOG_FORMAT` | `JSON` or `Text`; if unset, JSON on Lambda and text elsewhere |
//! | `POWERTOOLS_DEV` | JSON indented by 4 |
//! | `POWERTOOLS_SERVICE_NAME` | `service`; `service_undefined` if unset |
//! | `POWERTOOLS_LOGGER_LOG_EVENT` | each event is logged at `INFO`, under `event` |
//! | `POWERTOOLS_LOGGER_SAMPLE_RATE` | the share of invocations that are logged at `DEBUG`; without effect where `AWS_LAMBDA_LOG_LEVEL` is set, as the application log level of a function sets it |
//!
//! Low-level crates (`hyper`, `rustls`, `aws_…`, …) are logged from `WARN` on, unless `RUST_LOG` names them, so that
//! `DEBUG` shows the function and not its connections. The application's spans up to `INFO` stay active at any level:
//! their fields are context for the lines that are written.
//!
//! # Settings of one function
//!
//! A [`LoggingLayer`] takes the correlation id from the event, buffers `DEBUG` lines until something fails
//! ([`Buffer`]), and logs events and responses without their secrets:
//!
//! ```no_run
//! use pilaster::http::Path;
//! use pilaster::lambda_handler;
//! use pilaster::observe::logging::{Buffer, LoggingLayer, correlation_paths};
//!
//! #[lambda_handler(outer = logging())]
//! async fn greet(Path(name): Path<String>) -> String {
//!     tracing::debug!(name, "written only if something fails");
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
//! Lambda sets `AWS_LAMBDA_LOG_FORMAT=Text` for a function without `LogFormat: JSON` in its `LoggingConfig`, and
//! applies its log levels only to JSON: set it in the template.

// Each module imports only from those above it.
mod level;

mod as_json;
mod json;

mod format;
mod prefix;
mod reserved;
mod truncate;

mod buffer;
mod fields;
mod filter;
mod redaction;

mod error_keys;

mod visitor;

mod correlation;
pub mod correlation_paths;
mod invocation_context;
mod variables;

mod line;

mod subscriber_layer;

mod current;

mod context;
mod emit;
mod panic_hook;

mod builder;
mod captured;
mod layer;

#[cfg(test)]
mod tests;

pub use self::as_json::AsJson;
pub use self::buffer::Buffer;
pub use self::builder::Logs;
pub use self::captured::CapturedLogs;
pub use self::context::{
    append_key, append_keys, append_process_key, append_process_keys, clear_buffer, clear_keys, correlation_id,
    current_keys, flush_buffer, keys_span, remove_keys, remove_process_keys, set_correlation_id, set_level,
};
pub(crate) use self::current::open as invocation_span;
pub use self::emit::emit;
pub use self::error_keys::ErrorKeys;
pub use self::format::LogFormat;
pub use self::layer::{Logging, LoggingLayer};
pub use self::level::{Level, UnknownLevel};
#[cfg(feature = "testing")]
pub(crate) use self::panic_hook::log_panic;
pub use self::subscriber_layer::SubscriberLayer;

/// Installs the process's log, as the environment configures it, and logs a panic as one line at `ERROR` with message,
/// location and request id. Returns `false`, and changes nothing, if the process has a subscriber.
///
/// The same as `Logs::from_env().init()`.
pub fn init() -> bool {
    Logs::from_env().init()
}

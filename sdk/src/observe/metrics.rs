//! Metrics in CloudWatch's
//! [embedded metric format](https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/CloudWatch_Embedded_Metric_Format_Specification.html),
//! as Powertools writes it: JSON on standard output, which CloudWatch Logs turns into metrics. It needs no call, no
//! agent and no client. Outside of Lambda the JSON goes to standard error, as log lines do.
//!
//! A function records metrics with [`Metrics`], which is an argument of handlers and returns an error for a value that
//! CloudWatch would reject; or with the macros of the [`metrics`](facade) crate, which any library may use.
//! [`MetricsLayer`] collects both, and writes them when the invocation ends. It is an outer layer, so that it contains
//! everything that the function does.
//!
//! # Example
//!
//! ```
//! use pilaster::observe::metrics::{CapturedMetrics, Metrics, MetricsLayer, facade};
//! use pilaster::{FunctionError, Incoming, Invocation, Outgoing, RawEvent};
//! use tower::{ServiceBuilder, ServiceExt, service_fn};
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let captured = CapturedMetrics::default();
//! let layer = MetricsLayer::new()
//!     .namespace("Shop") // or POWERTOOLS_METRICS_NAMESPACE, by `from_env`
//!     .service("payment") // or POWERTOOLS_SERVICE_NAME, by `from_env`
//!     .default_dimension("environment", "test")
//!     .cold_start()
//!     .writer(captured.clone());
//!
//! let service = ServiceBuilder::new().layer(layer).service(service_fn(async |incoming: Incoming| {
//!     Metrics::current().count("Orders", 3).map_err(FunctionError::from_error)?;
//!     facade::counter!("Orders refused").increment(1);
//!     Err::<Outgoing, _>(FunctionError::new("OutOfStock", "no umbrella is left"))
//! }));
//! let event = RawEvent::parse("{}")?;
//! let invocation = Invocation::new(lambda_runtime::Context::default()).with_cold_start(true);
//! service.oneshot(Incoming { event, invocation }).await.unwrap_err();
//!
//! let blobs = captured.blobs();
//! assert_eq!(blobs[0]["ColdStart"][0], 1.0);
//! assert_eq!(blobs[1]["_aws"]["CloudWatchMetrics"][0]["Dimensions"][0][0], "environment");
//! assert_eq!(blobs[1]["service"], "payment");
//! assert_eq!((&blobs[1]["Orders"][0], &blobs[1]["Orders refused"][0]), (&3.0.into(), &1.0.into()));
//! # Ok(())
//! # }
//! ```
//!
//! In a function:
//!
//! ```no_run
//! use pilaster::http::HttpError;
//! use pilaster::{Metrics, MetricsLayer};
//!
//! async fn place(metrics: Metrics) -> Result<String, HttpError> {
//!     metrics.count("Orders", 1)?;
//!     Ok("placed".to_owned())
//! }
//!
//! fn main() -> Result<(), pilaster::StartError> {
//!     pilaster::run(pilaster::handler(place).outer(MetricsLayer::from_env().cold_start()))
//! }
//! ```
//!
//! # Contents and time of a write
//!
//! The layer writes one blob, in one write, when the invocation ends: with a response, an error or a panic, or because
//! its future was dropped. If it reaches the deadline, at which Lambda ends the process, the recorded values are
//! written 100 ms earlier. More than 100 metrics, more than 100 values of one, or more than the 256 KB of CloudWatch
//! are split over several blobs of the same write; from 1,000 metrics or 10,000 values on, they are written
//! immediately. An invocation without metrics writes nothing.
//!
//! - Values with additional dimensions ([`Metrics::labelled`], the facade's labels) are in separate blobs.
//! - The cold start ([`MetricsLayer::cold_start`]) is a separate blob, at the beginning of the process's first
//!   invocation.
//! - Values that are recorded outside of invocations, in the init phase, in a task that outlives its invocation or by
//!   the body of a streamed response, are a blob at the beginning of the next one; [`flush`] writes them at the end of
//!   the process. Values that the handle of an invocation records after its end are written by the layer of that
//!   invocation.
//! - Values of a function without a layer are lost, and one warning is logged. There is no warning if another function
//!   of the process has a layer, which then writes them with its settings.
//! - Values are arrays of floats, as Powertools for Python writes them.
//!
//! Concurrent invocations never mix: each has its own [`Metrics`], which belongs to the task that runs it.
//! [`Metrics::scope`] carries it into a task that is spawned.
//!
//! # The facade
//!
//! The macros, and the crates that use them, do not depend on Pilaster. Pilaster records their values from the moment
//! at which the function is run, before the warm-up of the init phase; a layer that is applied elsewhere, as in a
//! test, from its first invocation. The layer alone changes nothing in the process. The facade is the `metrics` crate
//! (0.24, MIT, three crates in all), under [`facade`] or as your own dependency. metrique (0.1, Apache-2.0) is well
//! maintained and writes the same format, but it brings over eighty crates more, and describes an invocation as a
//! struct that is known at compile time, where Powertools' users add a metric anywhere; it has no cold start, no limit
//! of values per blob and no task-local sink.
//!
//! | macro | an invocation's value |
//! |---|---|
//! | `counter!` | the sum of its increments, as one value in `Count` |
//! | `gauge!` | the last level, as one value; the process keeps it for `increment` and `decrement` |
//! | `histogram!` | each value |
//!
//! The unit comes from `describe_counter!` and similar macros (binary multiples become `Bytes`, nanoseconds
//! `Microseconds`). Labels are dimensions. A metric that CloudWatch would reject is not recorded and logs a warning,
//! once for each name in an invocation.
//!
//! # Variables
//!
//! [`MetricsLayer::from_env`] reads these; the layer's own settings override them.
//!
//! | variable | effect |
//! |---|---|
//! | `POWERTOOLS_METRICS_NAMESPACE` | the namespace |
//! | `POWERTOOLS_SERVICE_NAME` | the dimension `service` |
//! | `POWERTOOLS_METRICS_FUNCTION_NAME` | the dimension `function_name` of the cold start |
//! | `POWERTOOLS_METRICS_DISABLED` | nothing is written |
//! | `POWERTOOLS_DEV` | the same, unless the former is `false` |
//!
//! # Log levels
//!
//! With `LogFormat: JSON`, Lambda gives a line without a `level` the level `INFO`, and drops it if `ApplicationLogLevel`
//! is `WARN`, `ERROR` or `FATAL`
//! ([source](https://docs.aws.amazon.com/lambda/latest/dg/monitoring-cloudwatchlogs-log-level.html)). Then, and only
//! then, a blob has the members `level`, with that level, and `timestamp`, without which Lambda ignores the level. A
//! metric with one of these names is omitted there. If a dimension or metadata has one of them, neither is added, and
//! Lambda drops the blob.
//!

// Each module imports only from those above it.
mod dimensions;
mod error;

mod limits;
mod unit;

mod built_in;

mod settings;

mod buffer;

mod emf;

mod sink;

mod handle;

mod recorder;

mod captured;
mod layer;

#[cfg(test)]
mod tests;

/// The `metrics` crate, for its macros: `facade::counter!("Orders").increment(1)`.
#[doc(no_inline)]
pub use ::metrics as facade;

pub use self::built_in::BuiltIn;
#[cfg(feature = "testing")]
pub(crate) use self::captured::CallOutput;
pub use self::captured::CapturedMetrics;
pub use self::error::MetricsError;
pub use self::handle::Metrics;
pub use self::layer::{MetricsLayer, MetricsService};
pub use self::sink::flush;
pub use self::unit::{Unit, UnknownUnit};

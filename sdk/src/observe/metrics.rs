//! Metrics by CloudWatch's [embedded metric format](https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/CloudWatch_Embedded_Metric_Format_Specification.html),
//! as Powertools writes it: JSON on standard output, of which CloudWatch Logs makes metrics. No call, no agent, no client.
//!
//! A function records by [`Metrics`], which is an argument of handlers and tells at the call what CloudWatch would not take; or
//! by the macros of the [`metrics`](facade) crate, which any library may use. [`MetricsLayer`] collects both and writes them
//! when the invocation ends. It goes around the door, so that nothing that the function does is outside of it.
//!
//! # Example
//!
//! ```
//! use pilaster::observe::metrics::{Captured, Metrics, MetricsLayer, facade};
//! use pilaster::{FunctionError, Incoming, Invocation, Outgoing};
//! use serde_json::value::RawValue;
//! use tower::{ServiceBuilder, ServiceExt, service_fn};
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let captured = Captured::default();
//! let layer = MetricsLayer::new()
//!     .namespace("Shop") // or POWERTOOLS_METRICS_NAMESPACE
//!     .service("payment") // or POWERTOOLS_SERVICE_NAME
//!     .default_dimension("environment", "test")
//!     .cold_start()
//!     .writer(captured.clone());
//!
//! let service = ServiceBuilder::new().layer(layer).service(service_fn(async |incoming: Incoming| {
//!     Metrics::current().count("Orders", 3).map_err(FunctionError::from_error)?;
//!     facade::counter!("Orders refused").increment(1);
//!     Err::<Outgoing, _>(FunctionError::new("OutOfStock", "no umbrella is left"))
//! }));
//! facade::gauge!("Workers").set(2); // outside of an invocation: written with the next one
//! let event = RawValue::from_string("{}".into())?;
//! let invocation = Invocation::new(lambda_runtime::Context::default()).with_cold_start(true);
//! service.oneshot(Incoming { event, invocation }).await.unwrap_err();
//!
//! let blobs = captured.blobs();
//! assert_eq!((&blobs[0]["Workers"][0], &blobs[1]["ColdStart"][0]), (&2.0.into(), &1.0.into()));
//! assert_eq!(blobs[2]["_aws"]["CloudWatchMetrics"][0]["Dimensions"][0][0], "environment");
//! assert_eq!(blobs[2]["service"], "payment");
//! assert_eq!((&blobs[2]["Orders"][0], &blobs[2]["Orders refused"][0]), (&3.0.into(), &1.0.into()));
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
//!     pilaster::run(pilaster::handler(place).outer(MetricsLayer::new().cold_start()))
//! }
//! ```
//!
//! # What is written, and when
//!
//! One blob, in one write, when the invocation ends: with an answer, an error or a panic, or because its future was dropped.
//! Where Lambda is about to end the process at the deadline, what there is is written 100 ms before. More than 100 metrics, more
//! than 100 values of one, or more than CloudWatch's 256 KB go into further blobs of the same write; from 1,000 metrics or
//! 10,000 values on, these are written at once. An invocation without metrics writes nothing.
//!
//! - A value that was recorded with further dimensions ([`Metrics::labelled`], the facade's labels) is in a blob of its own.
//! - The cold start ([`MetricsLayer::cold_start`]) is a blob of its own, at the beginning of the process's first invocation.
//! - What is recorded outside of invocations, during init, in a task that outlives its invocation or by the body of a streamed
//!   response, is a blob at the beginning of the next one; [`flush`] writes it at the end of the process. What the handle of an
//!   invocation records after its end is written by the layer of that invocation.
//! - Values are arrays of floats, as Powertools for Python writes them.
//!
//! Invocations that run at once never mix: each has its own [`Metrics`], found by the task that runs it. A task that is spawned
//! takes it along: [`Metrics::scope`].
//!
//! # The facade
//!
//! The macros, and the crates that use them, know nothing of Pilaster; from the moment that the layer is made, before init's
//! warming, Pilaster records what they tell. It is the `metrics` crate
//! (0.24, MIT, three crates in all), under [`facade`] or as a dependency of one's own. metrique (0.1, Apache-2.0) is kept well and
//! writes the same format, but it brings over eighty crates more, describes an invocation as a struct that is known at compile
//! time, where Powertools' users add a metric where they are, and its formatter has no cold start, no limits of a blob by values
//! and no task-local sink: these would be ours in any case.
//!
//! | macro | an invocation's value |
//! |---|---|
//! | `counter!` | the sum of its increments, as `Count`: one value |
//! | `gauge!` | the last level: one value; the process keeps it for `increment` and `decrement` |
//! | `histogram!` | each value |
//!
//! The unit is what `describe_counter!` and its like say (binary multiples become `Bytes`, nanoseconds `Microseconds`). Labels are
//! dimensions. What CloudWatch does not take is a warning in the log, one for each name in an invocation, and not recorded.
//!
//! # Variables
//!
//! | variable | effect |
//! |---|---|
//! | `POWERTOOLS_METRICS_NAMESPACE` | the namespace |
//! | `POWERTOOLS_SERVICE_NAME` | the dimension `service` |
//! | `POWERTOOLS_METRICS_FUNCTION_NAME` | the dimension `function_name` of the cold start |
//! | `POWERTOOLS_METRICS_DISABLED` | nothing is written |
//! | `POWERTOOLS_DEV` | the same, unless the former says `false` |
//!
//! The layer's own settings win.

mod blob;
mod built_in;
mod captured;
mod check;
mod current;
mod error;
mod layer;
mod recorder;
mod settings;
mod state;
#[cfg(test)]
mod tests;
mod unit;

/// The `metrics` crate, for its macros: `facade::counter!("Orders").increment(1)`.
#[doc(no_inline)]
pub use ::metrics as facade;

pub use self::built_in::BuiltIn;
pub use self::captured::Captured;
pub use self::current::{Metrics, flush};
pub use self::error::MetricsError;
pub use self::layer::{MetricsLayer, WithMetrics};
pub use self::unit::{Unit, UnknownUnit};

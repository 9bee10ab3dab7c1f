//! OpenTelemetry traces: a span for each invocation, with the spans of `tracing` below it, sent before the invocation ends.
//!
//! [`TracesLayer`] goes around the door, and with it the function's own spans (`tracing::info_span!`, `#[tracing::instrument]`),
//! those of records and those of calls of the AWS SDK are exported. They pass through
//! [`tracing-opentelemetry`](https://docs.rs/tracing-opentelemetry), beside the log lines and in the same subscriber: nothing
//! is to be set up. A line of the log says which span it was written in (`trace_id`, `span_id`).
//!
//! # Example
//!
//! ```
//! use pilaster::observe::logging::Logs;
//! use pilaster::observe::traces::{Captured, TracesLayer};
//! use pilaster::{FunctionError, Incoming, Invocation, Outgoing};
//! use serde_json::value::RawValue;
//! use tower::{ServiceBuilder, ServiceExt, service_fn};
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let captured = Captured::default();
//! let _guard = tracing::subscriber::set_default(Logs::new().build()); // `pilaster::run` does this
//!
//! let layer = TracesLayer::new().captured(&captured);
//! let service = ServiceBuilder::new().layer(layer).service(service_fn(async |incoming: Incoming| {
//!     tracing::info_span!("charge", amount = 1000).in_scope(|| {});
//!     Ok::<Outgoing, FunctionError>(incoming.event.into())
//! }));
//! let mut context = lambda_runtime::Context::default();
//! context.request_id = "52fdfc07".into();
//! context.xray_trace_id = Some("Root=1-5759e988-bd862e3fe1be46a994272793;Parent=53995c3f42cd8ad8;Sampled=1".into());
//! let event = RawValue::from_string("{}".into())?;
//! service.oneshot(Incoming { event, invocation: Invocation::new(context) }).await?;
//!
//! let spans = captured.spans();
//! assert_eq!((&spans[0]["name"], &spans[0]["attributes"]["amount"]), (&"charge".into(), &1000.into()));
//! assert_eq!(spans[1]["attributes"]["faas.invocation_id"], "52fdfc07");
//! assert_eq!(spans[1]["trace_id"], "5759e988bd862e3fe1be46a994272793");
//! assert_eq!(spans[1]["parent_span_id"], "53995c3f42cd8ad8");
//! assert_eq!(spans[0]["parent_span_id"], spans[1]["span_id"]);
//! # Ok(())
//! # }
//! ```
//!
//! In a function: `#[lambda_handler(outer = TracesLayer::new())]`, or
//!
//! ```no_run
//! use pilaster::TracesLayer;
//!
//! async fn place(order: String) -> String {
//!     tracing::info_span!("place").in_scope(|| format!("placed: {order}"))
//! }
//!
//! fn main() -> Result<(), pilaster::StartError> {
//!     pilaster::run(pilaster::handler(place).outer(TracesLayer::new()))
//! }
//! ```
//!
//! # Which trace
//!
//! The parent of an invocation is the span that called it:
//!
//! - Lambda's X-Ray header, taken from the invocation's context and never from the process's environment, so it is right with
//!   managed concurrency, too. Its decision whether the trace is kept counts: a function without `Tracing: Active` that was not
//!   called by a traced service gets `Sampled=0`, and nothing is sent.
//! - The [`traceparent`](https://www.w3.org/TR/trace-context/) of a request is a link. Anyone can send one, so it does not overrule
//!   X-Ray's decision; only where Lambda sent no header it is the parent, if it says that its trace is kept.
//!   [`TracesLayer::trust_callers`] lets it be the parent wherever X-Ray does not keep the trace.
//! - A record has a span of its own, which links to who sent it: `AWSTraceHeader`, or the message attribute (of Kafka, the header)
//!   `traceparent`.
//!
//! For what the function sends, [`trace_header`] and [`traceparent`] give the current span's.
//!
//! # Which spans
//!
//! | span | attributes ([semantic conventions](https://opentelemetry.io/docs/specs/semconv/)) |
//! |---|---|
//! | the invocation | `faas.invocation_id`, `faas.coldstart`, `faas.trigger`, `cloud.resource_id`, `cloud.account.id`, `aws.lambda.invoked_arn`; if it failed `error.type` and the event `exception` |
//! | … of a request | the name `POST /payments`; `http.request.method`, `url.path`, `url.scheme`, `server.address`, `user_agent.original`, `http.route`, `http.response.status_code`, `error.type` |
//! | … of a batch | `messaging.batch.message_count`, and as a record below |
//! | a record | `messaging.system`, `messaging.operation.type`, `messaging.destination.name`, `messaging.message.id`; `error.type` |
//! | a call of the AWS SDK | `rpc.system`, `rpc.service`, `rpc.method`; of the clients that come from [`Client`](crate::Client) also `http.response.status_code`, `aws.request_id`, `error.type` |
//! | the function's own, from `INFO` on | its fields |
//!
//! Log lines are not sent as events of spans. Neither are queries, headers or bodies.
//!
//! # Where to, and when
//!
//! - `OTEL_EXPORTER_OTLP_ENDPOINT` or [`TracesLayer::endpoint`]: a collector or an extension that takes OTLP over HTTP, as protobuf,
//!   such as the OpenTelemetry layers for Lambda on `http://localhost:4318`. Plain HTTP: there is no TLS here, and a collector
//!   next to the function needs none.
//! - Otherwise, on Lambda, the X-Ray daemon that Lambda runs beside each function (`AWS_XRAY_DAEMON_ADDRESS`), over UDP: no
//!   extension, only `Tracing: Active` and the right to write traces. The form is that of AWS's own distribution of
//!   OpenTelemetry.
//! - By hand, without an endpoint, nowhere.
//!
//! The spans of an invocation are sent when it ends and before its answer, since Lambda freezes the process after that. It takes
//! half a second at most, and never the last 100 ms before the deadline; spans of a trace that is not kept are not sent at all. If
//! the collector does not answer or refuses, this is logged once, and further invocations do not try for 5 seconds, then for
//! twice as long with each failure, up to 5 minutes. Up to 2,048 spans wait meanwhile; how many were lost is logged when it
//! works again. Spans that end after their invocation, in a task of their own or in the body of a streamed response, are sent with the
//! next one, or by [`flush`].
//!
//! # Variables
//!
//! | variable | effect |
//! |---|---|
//! | `OTEL_EXPORTER_OTLP_ENDPOINT`, `OTEL_EXPORTER_OTLP_TRACES_ENDPOINT` | where spans go; to the first `/v1/traces` is added |
//! | `OTEL_EXPORTER_OTLP_HEADERS`, `OTEL_EXPORTER_OTLP_TRACES_HEADERS` | `name=value,…`: headers for it |
//! | `OTEL_EXPORTER_OTLP_PROTOCOL`, `OTEL_EXPORTER_OTLP_TRACES_PROTOCOL` | `http/protobuf`; others are refused at the start |
//! | `AWS_XRAY_DAEMON_ADDRESS` | set by Lambda |
//! | `OTEL_SERVICE_NAME`, else `POWERTOOLS_SERVICE_NAME` | `service.name`; else that of `OTEL_RESOURCE_ATTRIBUTES`, else the function's name |
//! | `OTEL_RESOURCE_ATTRIBUTES` | further attributes of the resource |
//! | `OTEL_TRACES_SAMPLER`, `OTEL_TRACES_SAMPLER_ARG` | who decides; `parentbased_always_on` without |
//! | `OTEL_PROPAGATORS` | of `xray` (or `xray-lambda`) and `tracecontext` those that are believed; both without, or `none` |
//! | `OTEL_SDK_DISABLED=true`, `OTEL_TRACES_EXPORTER=none`, `POWERTOOLS_TRACE_ENABLED=false` | no spans |
//! | `POWERTOOLS_TRACER_CAPTURE_ERROR=false` | no event `exception` with an error's text |
//!
//! # A subscriber of one's own
//!
//! Spans need a place in the subscriber. [`Logs::init`](crate::observe::logging::Logs::init) and
//! [`Logs::build`](crate::observe::logging::Logs::build) have it. A function with another subscriber has no spans from here, and
//! the layer warns; it would add `tracing-opentelemetry` to its subscriber itself.

mod captured;
mod export;
mod glance;
mod layer;
mod pipeline;
mod propagate;
mod settings;
mod slot;
pub(crate) mod tell;
#[cfg(test)]
mod tests;
mod wire;

pub use self::captured::Captured;
pub use self::layer::{Traced, TracesLayer};
#[cfg(feature = "records")]
pub(crate) use self::propagate::Carrier;
pub(crate) use self::propagate::span_id;
pub use self::propagate::{trace_header, traceparent};
pub use self::slot::flush;
pub(crate) use self::slot::{Connection, OtelLayer, Slot, TARGET};

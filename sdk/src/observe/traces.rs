//! OpenTelemetry traces: a span for each invocation, with the spans of `tracing` below it, which are sent before the
//! invocation ends.
//!
//! [`TracesLayer`] is an outer layer. It exports the function's spans (`tracing::info_span!`,
//! `#[tracing::instrument]`), and those of records and of calls of the AWS SDK. They pass through
//! [`tracing-opentelemetry`](https://docs.rs/tracing-opentelemetry), beside the log lines and in the same subscriber,
//! without set-up. A log line has the `trace_id` and the `span_id` of its span.
//!
//! # Example
//!
//! ```
//! use pilaster::observe::logging::Logs;
//! use pilaster::observe::traces::{CapturedSpans, TracesLayer};
//! use pilaster::{Incoming, Invocation, Outgoing, RawEvent};
//! use tower::{ServiceBuilder, ServiceExt, service_fn};
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let captured = CapturedSpans::default();
//! let _guard = tracing::subscriber::set_default(Logs::new().build()); // `pilaster::run` does this
//!
//! let layer = TracesLayer::new().captured(&captured);
//! let service = ServiceBuilder::new().layer(layer).service(service_fn(async |incoming: Incoming| {
//!     tracing::info_span!("charge", amount = 1000).in_scope(|| {});
//!     Outgoing::try_from(incoming.event)
//! }));
//! let mut context = lambda_runtime::Context::default();
//! context.request_id = "52fdfc07".into();
//! context.xray_trace_id = Some("Root=1-5759e988-bd862e3fe1be46a994272793;Parent=53995c3f42cd8ad8;Sampled=1".into());
//! let event = RawEvent::parse("{}")?;
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
//! In a function: `#[lambda_handler(outer = TracesLayer::from_env())]`, or
//!
//! ```no_run
//! use pilaster::TracesLayer;
//!
//! async fn place(order: String) -> String {
//!     tracing::info_span!("place").in_scope(|| format!("placed: {order}"))
//! }
//!
//! fn main() -> Result<(), pilaster::StartError> {
//!     pilaster::run(pilaster::handler(place).outer(TracesLayer::from_env()))
//! }
//! ```
//!
//! # The trace
//!
//! The parent of an invocation is the span of its caller:
//!
//! - Lambda's X-Ray header, from the invocation's context and never from the process's environment, so that it is also
//!   correct with managed concurrency. Its sampling decision applies: a function without `Tracing: Active` whose caller
//!   is not traced gets `Sampled=0`, and nothing is sent.
//! - The [`traceparent`](https://www.w3.org/TR/trace-context/) of a request is a link. Any client can send one, so it
//!   does not override X-Ray's decision; it is the parent only if Lambda sent no header and the trace is sampled.
//!   [`TracesLayer::trust_callers`] makes it the parent if X-Ray does not sample the trace.
//!   AppSync has it in `request.headers`, an AgentCore Gateway among the headers that it propagates.
//! - Each record has a span, which links to the span of its sender: `AWSTraceHeader`, or the message attribute (of
//!   Kafka, the header) `traceparent`.
//!
//! [`trace_header`] and [`traceparent`] return the headers of the current span, for messages and requests that the
//! function sends.
//!
//! # The spans
//!
//! | span | attributes ([semantic conventions](https://opentelemetry.io/docs/specs/semconv/)) |
//! |---|---|
//! | the invocation | `faas.invocation_id`, `faas.coldstart`, `faas.trigger`, `cloud.resource_id`, `cloud.account.id`, `aws.lambda.invoked_arn`; if it failed `error.type` and the event `exception` |
//! | … of a request | the name `POST /payments`; `http.request.method`, `url.path`, `url.scheme`, `server.address`, `user_agent.original`, `http.route`, `http.response.status_code`, `error.type` |
//! | … of a batch | `messaging.batch.message_count`, and those of a record below |
//! | a record | `messaging.system`, `messaging.operation.type`, `messaging.destination.name`, `messaging.message.id`; `error.type` |
//! | … of a field of AppSync | the name `Query.post`; an item of a batch is a span `item`; `error.type` of an item that fails, and of a `Batch` resolver and the deadline, by the first error, in the span of the invocation, also where it is a success |
//! | … of a publish to a channel | the name `process chat`, with the namespace; `messaging.system`, `messaging.operation.type`, `messaging.destination.name`, `messaging.batch.message_count`; an event is a span `event`; `error.type` of an event that fails, and of `publish_all`, a subscription and the deadline in the span of the invocation |
//! | … of an authorizer of AppSync | `error.type` of one that fails, also where the response denies access |
//! | … of a tool | for Bedrock and AgentCore the name `execute_tool weather`, for MCP that of the request; `gen_ai.operation.name`, `gen_ai.tool.name`, `gen_ai.tool.type`; `error.type` of a tool that fails, also where the response is a success, and of a router of an agent its status from 500 on |
//! | a call of the AWS SDK | `rpc.system`, `rpc.service`, `rpc.method`; for clients from [`Client`](crate::Client) also `http.response.status_code`, `aws.request_id`, `error.type` |
//! | a span of the function, from `INFO` on | its fields |
//!
//! `faas.trigger` is that of the [conventions for functions](https://opentelemetry.io/docs/specs/semconv/faas/faas-spans/),
//! by the event:
//!
//! | `faas.trigger` | sources |
//! |---|---|
//! | `http` | requests, also to an MCP server; authorizers; fields of AppSync; subscriptions to its channels |
//! | `pubsub` | SQS, SNS, Kinesis, Kafka, Amazon MQ, EventBridge; what is published to channels of AppSync |
//! | `datasource` | S3, DynamoDB, Firehose, CloudWatch Logs |
//! | `timer` | schedules |
//! | `other` | Bedrock agents, AgentCore Gateway, Step Functions, S3 Batch Operations, SES and any other event |
//!
//! Log lines are not sent as events of spans. Neither are queries, headers or bodies.
//!
//! # Export
//!
//! - `OTEL_EXPORTER_OTLP_ENDPOINT` or [`TracesLayer::endpoint`]: a collector or an extension that accepts OTLP over
//!   HTTP, as protobuf, such as the OpenTelemetry layers for Lambda on `http://localhost:4318`. It must be plain HTTP:
//!   TLS is not supported, and a collector next to the function does not need it.
//! - Otherwise, on Lambda, the X-Ray daemon that Lambda runs beside each function (`AWS_XRAY_DAEMON_ADDRESS`), over
//!   UDP. It needs no extension, only `Tracing: Active` and the permissions `xray:PutTraceSegments` and
//!   `xray:PutTelemetryRecords`. The format is that of AWS's distribution of OpenTelemetry.
//! - Locally, without an endpoint, spans are not sent.
//!
//! The spans of an invocation are sent when it ends and before its response, since Lambda freezes the process after
//! that. Sending takes at most half a second ([`TracesLayer::export_timeout`]), and never the last 100 ms before the
//! deadline; spans of a trace that is not sampled are not sent. If the collector does not respond or returns an error,
//! one warning is logged, and further invocations do not retry for 5 seconds, which doubles after each failure, up to 5
//! minutes. Up to 2,048 spans are kept in the meantime; the number of lost spans is logged when sending works again.
//! Spans that end after their invocation, in a separate task or in the body of a streamed response, are sent with the
//! next one, or by [`flush`].
//!
//! # Variables
//!
//! [`TracesLayer::from_env`] reads these:
//!
//! | variable | effect |
//! |---|---|
//! | `OTEL_EXPORTER_OTLP_ENDPOINT`, `OTEL_EXPORTER_OTLP_TRACES_ENDPOINT` | the destination of spans; `/v1/traces` is appended to the first |
//! | `OTEL_EXPORTER_OTLP_HEADERS`, `OTEL_EXPORTER_OTLP_TRACES_HEADERS` | `name=value,…`: headers of the requests to it |
//! | `OTEL_EXPORTER_OTLP_PROTOCOL`, `OTEL_EXPORTER_OTLP_TRACES_PROTOCOL` | `http/protobuf`; others are rejected at the start |
//! | `AWS_XRAY_DAEMON_ADDRESS` | set by Lambda |
//! | `OTEL_SERVICE_NAME`, otherwise `POWERTOOLS_SERVICE_NAME` | `service.name`; otherwise that of `OTEL_RESOURCE_ATTRIBUTES`, otherwise the function's name |
//! | `OTEL_RESOURCE_ATTRIBUTES` | additional attributes of the resource |
//! | `OTEL_TRACES_SAMPLER`, `OTEL_TRACES_SAMPLER_ARG` | the sampler; `parentbased_always_on` if unset |
//! | `OTEL_PROPAGATORS` | the headers that are accepted: `xray` (or `xray-lambda`), `tracecontext`, or `none`; both if unset |
//! | `OTEL_SDK_DISABLED=true`, `OTEL_TRACES_EXPORTER=none`, `POWERTOOLS_TRACE_ENABLED=false` | no spans |
//! | `POWERTOOLS_TRACER_CAPTURE_ERROR=false` | no event `exception` with an error's text |
//!
//! Where the value is one of several names, one that is not known is ignored, and a warning names the variable.
//!
//! # Your own subscriber
//!
//! The subscriber must have a slot for spans, as those of [`Logs::init`](crate::observe::logging::Logs::init) and
//! [`Logs::build`](crate::observe::logging::Logs::build) do. With another subscriber the layer creates no spans and
//! logs a warning; add `tracing-opentelemetry` to that subscriber instead.

// Each module imports only from those above it.
mod captured;
mod otlp;
mod propagate;

mod export;
pub(crate) mod span;
mod trigger;

mod pipeline;

mod sampling;
mod variables;

mod settings;
mod subscriber_slot;

mod layer;

#[cfg(test)]
mod tests;

pub use self::captured::CapturedSpans;
pub use self::layer::{Traces, TracesLayer};
#[cfg(feature = "records")]
pub(crate) use self::propagate::Carrier;
pub(crate) use self::propagate::span_id;
pub use self::propagate::{trace_header, traceparent};
pub use self::subscriber_slot::flush;
pub(crate) use self::subscriber_slot::{LogBridge, OtelLayer, Slot, TARGET};
#[cfg(test)]
pub(crate) use self::trigger::trigger_of;

//! [`TracesLayer`]: creates a span for each invocation, and sends the spans when it ends.

use std::panic::{AssertUnwindSafe, resume_unwind};
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll};
use std::time::Duration;

use futures_util::FutureExt;
use opentelemetry::trace::{Status, TraceContextExt, TracerProvider};
use opentelemetry::{Context as OtelContext, KeyValue};
use opentelemetry_sdk::trace::SdkTracerProvider;
use tower::{Layer, Service};
use tracing::{Instrument, Span};
use tracing_opentelemetry::OpenTelemetrySpanExt;

use super::captured::CapturedSpans;
use super::pipeline::{Pipeline, PipelineProcessor};
use super::sampling::Sampling;
use super::settings::{Endpoint, Settings};
use super::subscriber_slot::{Installed, Slot, TARGET};
use super::trigger::{EventOrigin, Trigger};
use crate::core::error::{FunctionError, chain};
use crate::core::invocation::Invocation;
use crate::core::layer_mistakes::reject;
use crate::core::raw::{Incoming, Outgoing};

/// Layer that applies [`Traces`]. See the [module docs](super).
///
/// It is an outer layer, around the raw service, and the first of them:
/// `#[lambda_handler(outer = (TracesLayer::from_env(), MetricsLayer::from_env()))]`.
///
/// A process has one: the first that is called records and sends the spans of all others with its own settings, and
/// each of the others logs a warning once. In tests, each subscriber has its own.
#[derive(Clone, Debug)]
#[must_use = "a layer does nothing until it is applied"]
pub struct TracesLayer(pub(super) Settings);

impl Default for TracesLayer {
    fn default() -> Self {
        Self::new()
    }
}

impl TracesLayer {
    /// Creates a layer that sends its spans to the [`endpoint`](Self::endpoint), if one is set. Only
    /// `OTEL_RESOURCE_ATTRIBUTES` and `OTEL_TRACES_SAMPLER` are read, by OpenTelemetry.
    pub fn new() -> Self {
        Self::from_vars(|_| None)
    }

    /// Creates a layer that sends its spans, with the settings of the environment. See the [module docs](super) for the
    /// variables.
    pub fn from_env() -> Self {
        Self::from_vars(crate::core::env::var)
    }

    /// Reads the variables with `var`, which returns the value of a variable. `OTEL_RESOURCE_ATTRIBUTES` and
    /// `OTEL_TRACES_SAMPLER` are always those of the process.
    pub(crate) fn from_vars(var: impl Fn(&str) -> Option<String>) -> Self {
        Self(Settings::from_vars(&var))
    }

    /// Sets `service.name`. It overrides the variables.
    pub fn service(mut self, service: impl Into<String>) -> Self {
        self.0.service = Some(service.into());
        self
    }

    /// Sets the whole address of a collector, such as `http://localhost:4318/v1/traces`. It overrides the variables.
    pub fn endpoint(mut self, address: impl Into<String>) -> Self {
        self.0.endpoint = Some(Endpoint(address.into()));
        self
    }

    /// Sets the maximum time by which sending may delay the end of an invocation: 500 ms by default.
    pub fn export_timeout(mut self, timeout: Duration) -> Self {
        self.0.export_timeout = timeout;
        self
    }

    /// Sets whether the message of a failure is recorded in the event `exception`: `true` unless it is set here or by
    /// `POWERTOOLS_TRACER_CAPTURE_ERROR`. The type of a failure is always recorded.
    pub fn record_errors(mut self, record: bool) -> Self {
        self.0.record_errors = record;
        self
    }

    /// Sets whether the `traceparent` of a request decides whether its trace is sampled, where X-Ray does not sample
    /// it: `false` by default. Use it only for a function with trusted callers: any other caller could cause traces,
    /// and their costs, for each request.
    pub fn trust_callers(mut self, trust: bool) -> Self {
        self.0.trusts_callers = trust;
        self
    }

    /// Stores the spans here instead of sending them, for tests.
    pub fn captured(mut self, captured: &CapturedSpans) -> Self {
        self.0.captured = Some(captured.clone());
        self
    }
}

/// # Panics
///
/// If the endpoint is not an `http://` address, if the headers are not valid, or if the protocol is not
/// `http/protobuf`: [`run`](crate::run) returns it as an error.
impl<S> Layer<S> for TracesLayer {
    type Service = Traces<S>;

    fn layer(&self, inner: S) -> Traces<S> {
        self.0.warn();
        let shared = (!self.0.disabled).then(|| Shared::new(&self.0));
        let shared = shared.and_then(|shared| {
            shared.map(Arc::new).map_err(|mistake| reject(format_args!("TracesLayer: {mistake}"))).ok()
        });
        Traces { inner, shared }
    }
}

/// The service that creates a span for each invocation. See the [module docs](super).
#[derive(Clone, Debug)]
pub struct Traces<S> {
    inner: S,
    /// None if traces are disabled.
    shared: Option<Arc<Shared>>,
}

/// The state that all invocations share.
#[derive(Debug)]
struct Shared {
    provider: SdkTracerProvider,
    pipeline: Arc<Pipeline>,
    sampling: Sampling,
    record_errors: bool,
    warned: AtomicBool,
}

impl Shared {
    fn new(settings: &Settings) -> Result<Self, String> {
        let resource = settings.resource();
        let pipeline = Arc::new(Pipeline::new(settings.export(&resource)?, settings.export_timeout));
        let provider = SdkTracerProvider::builder()
            .with_resource(resource)
            .with_span_processor(PipelineProcessor(Arc::clone(&pipeline)))
            .build();
        let Settings { xray, w3c, trusts_callers, record_errors, .. } = *settings;
        let (sampling, warned) = (Sampling { xray, w3c, trusts_callers }, AtomicBool::new(false));
        Ok(Self { provider, pipeline, sampling, record_errors, warned })
    }

    /// Opens the span of an invocation in the current subscriber.
    fn open(&self, incoming: &Incoming) -> Option<Running> {
        let Some(slot) = Slot::current() else {
            if !self.warned.swap(true, Ordering::Relaxed) {
                tracing::warn!("no spans are recorded: build the process's subscriber with `Logs`");
            }
            return None;
        };
        let installed = slot
            .install(|| Installed { tracer: self.provider.tracer("pilaster"), pipeline: Arc::clone(&self.pipeline) });
        if !Arc::ptr_eq(&installed.pipeline, &self.pipeline) {
            self.warn_of_another();
        }
        let invocation = &incoming.invocation;
        let origin = EventOrigin::of(incoming.event.get(), invocation);
        let trigger = origin.trigger();
        // Its fields are for OpenTelemetry; no log line has them.
        let span = tracing::error_span!(
            target: TARGET,
            "invocation",
            otel.name = invocation.function_name(),
            otel.kind = trigger.kind(),
        );
        let (parent, link) = self.sampling.parents(invocation, &origin);
        // It fails only for a span that OpenTelemetry does not have.
        let _ = span.set_parent(parent);
        if let Some(link) = link {
            OpenTelemetrySpanExt::add_link(&span, link);
        }
        let context = span.context();
        let ids = context.span().span_context().clone();
        if ids.is_valid() {
            slot.set_trace_id(ids.trace_id().to_string());
        }
        if context.span().is_recording() {
            context.span().set_attributes(attributes(invocation, trigger));
        }
        let pipeline = Arc::clone(&installed.pipeline);
        Some(Running { span, context, pipeline, record_errors: self.record_errors })
    }

    #[cold]
    fn warn_of_another(&self) {
        if !self.warned.swap(true, Ordering::Relaxed) {
            tracing::warn!(
                "the spans of this function are sent by the first TracesLayer of the process, with its settings: use \
                 one TracesLayer in a process"
            );
        }
    }
}

fn attributes(invocation: &Invocation, trigger: Trigger) -> Vec<KeyValue> {
    let mut attributes = vec![
        KeyValue::new("faas.invocation_id", invocation.request_id().to_owned()),
        KeyValue::new("faas.coldstart", invocation.is_cold_start()),
        KeyValue::new("faas.trigger", trigger.as_str()),
    ];
    // arn:aws:lambda:eu-west-1:123456789012:function:name[:alias]
    let arn = invocation.function_arn();
    let mut parts = arn.splitn(8, ':');
    if let Some(account) = parts.nth(4).filter(|account| !account.is_empty()) {
        attributes.push(KeyValue::new("cloud.account.id", account.to_owned()));
        let qualifier = parts.nth(2).map_or(0, |alias| alias.len() + 1);
        attributes.push(KeyValue::new("cloud.resource_id", arn[..arn.len() - qualifier].to_owned()));
        attributes.push(KeyValue::new("aws.lambda.invoked_arn", arn.to_owned()));
    }
    attributes
}

/// A running invocation.
struct Running {
    span: Span,
    context: OtelContext,
    pipeline: Arc<Pipeline>,
    record_errors: bool,
}

impl Running {
    fn failed(&self, error_type: &str, error: Option<&FunctionError>) {
        let span = self.context.span();
        if !span.is_recording() {
            return;
        }
        span.set_status(Status::error(error_type.to_owned()));
        span.set_attribute(KeyValue::new("error.type", error_type.to_owned()));
        if let Some(error) = error.filter(|_| self.record_errors) {
            let mut exception = vec![KeyValue::new("exception.type", error_type.to_owned())];
            exception.push(KeyValue::new("exception.message", bounded(chain(error).join(": "))));
            span.add_event("exception", exception);
        }
    }

    /// Ends the span, even if a task still holds it, and sends the spans that have ended.
    async fn close(self, invocation: &Invocation) {
        let Self { span, context, pipeline, .. } = self;
        context.span().end();
        drop((context, span));
        pipeline.flush(invocation.remaining()).await;
    }
}

/// Truncates the text of an error, which may contain a whole document.
fn bounded(mut text: String) -> String {
    /// The maximum length in bytes.
    const LONGEST: usize = 4 * 1024;
    if text.len() > LONGEST {
        text.truncate(text.floor_char_boundary(LONGEST));
    }
    text
}

impl<S> Service<Incoming> for Traces<S>
where
    S: Service<Incoming, Response = Outgoing, Error = FunctionError>,
    S::Future: Send + 'static,
{
    type Response = Outgoing;
    type Error = FunctionError;
    type Future = Pin<Box<dyn Future<Output = Result<Outgoing, FunctionError>> + Send>>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), FunctionError>> {
        self.inner.poll_ready(cx)
    }

    fn call(&mut self, incoming: Incoming) -> Self::Future {
        let Some(running) = self.shared.as_ref().and_then(|shared| shared.open(&incoming)) else {
            return Box::pin(self.inner.call(incoming));
        };
        let invocation = incoming.invocation.clone();
        let result = running.span.in_scope(|| self.inner.call(incoming)).instrument(running.span.clone());
        Box::pin(async move {
            let result = AssertUnwindSafe(result).catch_unwind().await;
            match &result {
                Ok(Ok(_)) => {}
                Ok(Err(error)) => running.failed(error.error_type(), Some(error)),
                Err(_) => running.failed("Panic", None),
            }
            running.close(&invocation).await;
            // The panic guard outside of this layer turns a panic into an error.
            result.unwrap_or_else(|panic| resume_unwind(panic))
        })
    }
}

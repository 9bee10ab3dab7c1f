//! [`TracesLayer`]: each invocation is a span, and its spans are sent when it ends.

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

use super::captured::Captured;
use super::glance::{Glance, Trigger};
use super::pipeline::{Collect, Pipeline};
use super::propagate::{Carrier, with_lineage};
use super::settings::{Endpoint, Settings};
use super::slot::{Installed, Slot, TARGET};
use crate::core::error::{FunctionError, chain};
use crate::core::invocation::Invocation;
use crate::core::raw::{Incoming, Outgoing};

/// Layer that applies [`Traced`]. See the [module docs](super).
///
/// It stands on the raw landing, outside of other layers there: `pilaster::handler(f).outer(MetricsLayer::new())
/// .outer(TracesLayer::new())`.
#[derive(Clone, Debug)]
#[must_use = "a layer does nothing until it is applied"]
pub struct TracesLayer(pub(super) Settings);

impl Default for TracesLayer {
    fn default() -> Self {
        Self::new()
    }
}

impl TracesLayer {
    /// As the process's environment says. See the [module docs](super) for the variables.
    pub fn new() -> Self {
        Self::from_vars(|name| std::env::var(name).ok())
    }

    /// As `var` says, which is asked for one variable's value. For tests, and for settings that are not in the environment.
    /// `OTEL_RESOURCE_ATTRIBUTES` and `OTEL_TRACES_SAMPLER` are always the process's.
    pub fn from_vars(var: impl Fn(&str) -> Option<String>) -> Self {
        Self(Settings::from_vars(var))
    }

    /// `service.name`, whatever the variables say.
    pub fn service(mut self, service: impl Into<String>) -> Self {
        self.0.service = Some(service.into());
        self
    }

    /// The whole address of a collector, such as `http://localhost:4318/v1/traces`, whatever the variables say.
    pub fn endpoint(mut self, address: impl Into<String>) -> Self {
        self.0.endpoint = Some(Endpoint(address.into()));
        self
    }

    /// How long sending may take at the end of an invocation; half a second unless set.
    pub fn at_most(mut self, time: Duration) -> Self {
        self.0.longest = time;
        self
    }

    /// Whether a failure's text is told, in the event `exception`: yes, unless this or `POWERTOOLS_TRACER_CAPTURE_ERROR` says
    /// otherwise. Its type is told in any case.
    pub fn errors(mut self, told: bool) -> Self {
        self.0.capture_errors = told;
        self
    }

    /// Whether the `traceparent` of a request decides whether its trace is kept, where X-Ray does not keep it: no, unless set. For a
    /// function that only callers of one's own reach: anyone else could make it trace, and pay, each request.
    pub fn trust_callers(mut self, trust: bool) -> Self {
        self.0.trusts_callers = trust;
        self
    }

    /// Keeps the spans there instead of sending them. For tests.
    pub fn captured(mut self, captured: &Captured) -> Self {
        self.0.captured = Some(captured.clone());
        self
    }
}

/// # Panics
///
/// With an endpoint that is no `http://` address, with headers that are none, and with a protocol other than `http/protobuf`:
/// [`run`](crate::run) makes one sentence of it.
impl<S> Layer<S> for TracesLayer {
    type Service = Traced<S>;

    fn layer(&self, inner: S) -> Traced<S> {
        let tracing = (!self.0.disabled).then(|| Tracing::new(&self.0));
        let tracing =
            tracing.map(|tracing| Arc::new(tracing.unwrap_or_else(|mistake| panic!("TracesLayer: {mistake}"))));
        Traced { inner, tracing }
    }
}

/// Makes each invocation a span. See the [module docs](super).
#[derive(Clone, Debug)]
pub struct Traced<S> {
    inner: S,
    tracing: Option<Arc<Tracing>>,
}

/// What all invocations share.
#[derive(Debug)]
struct Tracing {
    provider: SdkTracerProvider,
    pipeline: Arc<Pipeline>,
    xray: bool,
    w3c: bool,
    trusts_callers: bool,
    capture_errors: bool,
    warned: AtomicBool,
}

impl Tracing {
    fn new(settings: &Settings) -> Result<Self, String> {
        let resource = settings.resource();
        let pipeline = Arc::new(Pipeline::new(settings.export(&resource)?, settings.longest));
        let provider = SdkTracerProvider::builder()
            .with_resource(resource)
            .with_span_processor(Collect(Arc::clone(&pipeline)))
            .build();
        let Settings { xray, w3c, trusts_callers, capture_errors, .. } = *settings;
        let warned = AtomicBool::new(false);
        Ok(Self { provider, pipeline, xray, w3c, trusts_callers, capture_errors, warned })
    }

    /// Opens the span of an invocation in the current subscriber.
    fn open(&self, incoming: &Incoming) -> Option<Open> {
        let Some(slot) = Slot::current() else {
            if !self.warned.swap(true, Ordering::Relaxed) {
                tracing::warn!("there are no traces: the process's subscriber was not made by pilaster's `Logs`");
            }
            return None;
        };
        let installed = slot
            .install(|| Installed { tracer: self.provider.tracer("pilaster"), pipeline: Arc::clone(&self.pipeline) });
        let invocation = &incoming.invocation;
        let glance = Glance::of(&incoming.event);
        let trigger = glance.trigger();
        // Its fields are for this layer; no line of the log has them.
        let span = tracing::error_span!(
            target: TARGET,
            "invocation",
            otel.name = invocation.function_name(),
            otel.kind = trigger.kind(),
        );
        let (parent, link) = self.parents(invocation, &glance);
        // It fails where the span is not ours: then there is nothing to be the parent of.
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
        Some(Open { span, context, pipeline, capture_errors: self.capture_errors })
    }

    /// Whose child the invocation is, and to whom it is linked.
    fn parents(
        &self,
        invocation: &Invocation,
        glance: &Glance<'_>,
    ) -> (OtelContext, Option<opentelemetry::trace::SpanContext>) {
        let of_lambda = Carrier { xray: invocation.trace_header().map(Into::into), ..Carrier::default() };
        let xray = of_lambda.xray().filter(|_| self.xray);
        let request = self.w3c.then(|| glance.carrier().w3c()).flatten();
        let (parent, link) = match (xray, request) {
            // The platform's decision counts, whatever the caller asks for.
            (Some(xray), request) if xray.is_sampled() || !self.trusts_callers => (Some(xray), request),
            (_, Some(request)) if request.is_sampled() || self.trusts_callers => (Some(request), None),
            // Nor does a caller turn off the traces of a function that keeps them.
            (xray, request) => (xray, request),
        };
        let parent = parent.map_or_else(OtelContext::new, |parent| OtelContext::new().with_remote_span_context(parent));
        (with_lineage(parent, invocation.trace_header()), link)
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

/// An invocation that runs.
struct Open {
    span: Span,
    context: OtelContext,
    pipeline: Arc<Pipeline>,
    capture_errors: bool,
}

impl Open {
    fn failed(&self, error_type: &str, error: Option<&FunctionError>) {
        let span = self.context.span();
        if !span.is_recording() {
            return;
        }
        span.set_status(Status::error(error_type.to_owned()));
        span.set_attribute(KeyValue::new("error.type", error_type.to_owned()));
        if let Some(error) = error.filter(|_| self.capture_errors) {
            let mut exception = vec![KeyValue::new("exception.type", error_type.to_owned())];
            exception.push(KeyValue::new("exception.message", bounded(chain(error).join(": "))));
            span.add_event("exception", exception);
        }
    }

    /// Ends the span, whoever still holds it, and sends what there is.
    async fn close(self, invocation: &Invocation) {
        let Self { span, context, pipeline, .. } = self;
        context.span().end();
        drop((context, span));
        pipeline.flush(invocation.remaining()).await;
    }
}

/// An error's text may hold a whole document.
fn bounded(mut text: String) -> String {
    /// In bytes.
    const LONGEST: usize = 4 * 1024;
    if text.len() > LONGEST {
        text.truncate(text.floor_char_boundary(LONGEST));
    }
    text
}

impl<S> Service<Incoming> for Traced<S>
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
        let Some(open) = self.tracing.as_ref().and_then(|tracing| tracing.open(&incoming)) else {
            return Box::pin(self.inner.call(incoming));
        };
        let invocation = incoming.invocation.clone();
        let answer = open.span.in_scope(|| self.inner.call(incoming)).instrument(open.span.clone());
        Box::pin(async move {
            let answer = AssertUnwindSafe(answer).catch_unwind().await;
            match &answer {
                Ok(Ok(_)) => {}
                Ok(Err(error)) => open.failed(error.error_type(), Some(error)),
                Err(_) => open.failed("Panic", None),
            }
            open.close(&invocation).await;
            // A room above makes an error of a panic.
            answer.unwrap_or_else(|panic| resume_unwind(panic))
        })
    }
}

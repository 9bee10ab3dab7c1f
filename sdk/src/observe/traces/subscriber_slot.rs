//! [`Slot`]: the place in a subscriber at which a [`TracesLayer`](super::TracesLayer) installs its tracer. It is almost
//! free while it is empty.

use std::fmt;
use std::sync::{Arc, LazyLock, OnceLock};

use opentelemetry::Context as OtelContext;
use opentelemetry::trace::{SpanBuilder, Tracer, TracerProvider};
use opentelemetry_sdk::trace::{Sampler, SdkTracer, SdkTracerProvider, Span};
use tracing::level_filters::LevelFilter;
use tracing::subscriber::Interest;
use tracing::{Metadata, callsite, dispatcher};
use tracing_opentelemetry::OpenTelemetryLayer;
use tracing_subscriber::filter::Filtered;
use tracing_subscriber::layer::{Context, Filter};
use tracing_subscriber::{Layer, Registry};

use super::pipeline::Pipeline;

/// The functions of the log that traces use.
#[derive(Clone, Copy)]
pub(crate) struct LogBridge {
    /// A function that returns `true` for a span of the application, which is a part of the trace.
    pub(crate) is_application: fn(&Metadata<'_>) -> bool,
    /// A function that adds the trace to all later lines of this invocation.
    pub(crate) set_trace_id: fn(String),
}

/// The slot for a tracer in one subscriber. Clones are the same slot.
#[derive(Clone)]
pub(crate) struct Slot {
    log: LogBridge,
    installed: Arc<OnceLock<Installed>>,
}

pub(super) struct Installed {
    pub(super) tracer: SdkTracer,
    pub(super) pipeline: Arc<Pipeline>,
}

/// The target of an invocation's span.
pub(crate) const TARGET: &str = "pilaster::traces";

pub(crate) type OtelLayer = Filtered<OpenTelemetryLayer<Registry, SlotTracer>, Slot, Registry>;

impl Slot {
    pub(crate) fn new(log: LogBridge) -> Self {
        Self { log, installed: Arc::default() }
    }

    /// Returns the layer that makes spans.
    pub(crate) fn layer(&self) -> OtelLayer {
        OpenTelemetryLayer::new(SlotTracer(self.clone()))
            // These would enlarge every span for little use.
            .with_location(false)
            .with_threads(false)
            .with_target(false)
            .with_tracked_inactivity(false)
            .with_filter(self.clone())
    }

    /// Returns the slot of the current subscriber.
    pub(super) fn current() -> Option<Self> {
        dispatcher::get_default(|dispatch| dispatch.downcast_ref::<Self>().cloned())
    }

    pub(super) fn get(&self) -> Option<&Installed> {
        self.installed.get()
    }

    /// Installs a tracer if there is none, and returns the installed one.
    pub(super) fn install(&self, install: impl FnOnce() -> Installed) -> &Installed {
        if let Some(installed) = self.installed.get() {
            return installed;
        }
        let installed = self.installed.get_or_init(install);
        // Disabled callsites may be needed now.
        callsite::rebuild_interest_cache();
        installed
    }

    /// Adds the trace to the log lines of this invocation.
    pub(super) fn set_trace_id(&self, id: String) {
        (self.log.set_trace_id)(id);
    }

    /// Returns `true` if this is a span that is traced.
    pub(crate) fn wants(&self, metadata: &Metadata<'_>) -> bool {
        self.installed.get().is_some() && metadata.is_span() && self.is_traced(metadata)
    }

    fn is_traced(&self, metadata: &Metadata<'_>) -> bool {
        let target = metadata.target();
        if target == TARGET {
            return true;
        }
        // Only the spans of whole operations of the AWS SDK, which are DEBUG.
        if target.starts_with("aws_") {
            return metadata.fields().field("rpc.system").is_some();
        }
        (self.log.is_application)(metadata)
    }
}

impl<S> Filter<S> for Slot {
    fn enabled(&self, metadata: &Metadata<'_>, _: &Context<'_, S>) -> bool {
        self.wants(metadata)
    }

    fn callsite_enabled(&self, metadata: &'static Metadata<'static>) -> Interest {
        if self.wants(metadata) { Interest::always() } else { Interest::never() }
    }

    fn max_level_hint(&self) -> Option<LevelFilter> {
        Some(if self.installed.get().is_some() { LevelFilter::DEBUG } else { LevelFilter::OFF })
    }
}

impl fmt::Debug for Slot {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Slot").field("installed", &self.installed.get().is_some()).finish_non_exhaustive()
    }
}

/// The tracer of the layer, which delegates to the installed one.
#[derive(Debug)]
pub(crate) struct SlotTracer(Slot);

/// The tracer of an empty slot. It is never called, since the filter then rejects every span.
static IDLE: LazyLock<SdkTracer> =
    LazyLock::new(|| SdkTracerProvider::builder().with_sampler(Sampler::AlwaysOff).build().tracer("idle"));

impl Tracer for SlotTracer {
    type Span = Span;

    fn build_with_context(&self, builder: SpanBuilder, parent: &OtelContext) -> Span {
        match self.0.installed.get() {
            Some(installed) => installed.tracer.build_with_context(builder, parent),
            None => IDLE.build_with_context(builder, parent),
        }
    }
}

/// Sends the spans that ended outside of invocations, within the time limit. The next invocation does the same; this is
/// for the end of the process: `pilaster::handler(f).on_shutdown(traces::flush)`.
pub async fn flush() {
    let pipeline = Slot::current().and_then(|slot| slot.get().map(|installed| Arc::clone(&installed.pipeline)));
    if let Some(pipeline) = pipeline {
        pipeline.flush(None).await;
    }
}

//! [`Slot`]: the place in a subscriber where a [`TracesLayer`](super::TracesLayer) puts its spans. It is empty, and costs next to
//! nothing, until there is one.

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

/// What the traces and the log lines of one subscriber know of each other.
#[derive(Clone, Copy)]
pub(crate) struct Connection {
    /// Whether a span of the application's is one of the trace's.
    pub(crate) is_application: fn(&Metadata<'_>) -> bool,
    /// Says in each further line of this invocation which trace it is of.
    pub(crate) set_trace_id: fn(String),
}

/// A place for spans, in one subscriber. Clones are the same place.
#[derive(Clone)]
pub(crate) struct Slot {
    connection: Connection,
    installed: Arc<OnceLock<Installed>>,
}

pub(super) struct Installed {
    pub(super) tracer: SdkTracer,
    pub(super) pipeline: Arc<Pipeline>,
}

/// The span of an invocation.
pub(crate) const TARGET: &str = "pilaster::traces";

pub(crate) type OtelLayer = Filtered<OpenTelemetryLayer<Registry, SlotTracer>, Slot, Registry>;

impl Slot {
    pub(crate) fn new(connection: Connection) -> Self {
        Self { connection, installed: Arc::default() }
    }

    /// The layer that makes spans.
    pub(crate) fn layer(&self) -> OtelLayer {
        OpenTelemetryLayer::new(SlotTracer(self.clone()))
            // None of these is worth its bytes in every span.
            .with_location(false)
            .with_threads(false)
            .with_target(false)
            .with_tracked_inactivity(false)
            .with_filter(self.clone())
    }

    /// The slot of the current subscriber.
    pub(super) fn current() -> Option<Self> {
        dispatcher::get_default(|dispatch| dispatch.downcast_ref::<Self>().cloned())
    }

    pub(super) fn get(&self) -> Option<&Installed> {
        self.installed.get()
    }

    /// What is installed here: the first that came.
    pub(super) fn install(&self, install: impl FnOnce() -> Installed) -> &Installed {
        if let Some(installed) = self.installed.get() {
            return installed;
        }
        let installed = self.installed.get_or_init(install);
        // Callsites that nobody wanted may be wanted now.
        callsite::rebuild_interest_cache();
        installed
    }

    /// Says in the log which trace this invocation is of.
    pub(super) fn set_trace_id(&self, id: String) {
        (self.connection.set_trace_id)(id);
    }

    /// Whether this is a span that is traced.
    pub(crate) fn wants(&self, metadata: &Metadata<'_>) -> bool {
        self.installed.get().is_some() && metadata.is_span() && self.is_traced(metadata)
    }

    fn is_traced(&self, metadata: &Metadata<'_>) -> bool {
        let target = metadata.target();
        if target == TARGET {
            return true;
        }
        // Of the AWS SDK's spans those of whole operations, which are DEBUG.
        if target.starts_with("aws_") {
            return metadata.fields().field("rpc.system").is_some();
        }
        (self.connection.is_application)(metadata)
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

/// The tracer of the layer: the installed one.
#[derive(Debug)]
pub(crate) struct SlotTracer(Slot);

/// Never asked, since nothing passes the filter while the slot is empty.
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

/// Sends the spans that ended outside of invocations; within half a second, or not at all. The next invocation does the same;
/// this is for the end of the process: `pilaster::handler(f).on_shutdown(traces::flush)`.
pub async fn flush() {
    let pipeline = Slot::current().and_then(|slot| slot.get().map(|installed| Arc::clone(&installed.pipeline)));
    if let Some(pipeline) = pipeline {
        pipeline.flush(None).await;
    }
}

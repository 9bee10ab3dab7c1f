//! [`Lines`]: the `tracing_subscriber::Layer` that writes one line per event.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use tracing::level_filters::LevelFilter;
use tracing::span::{Attributes, Id, Record};
use tracing::subscriber::Interest;
use tracing::{Event, Level as TracingLevel, Metadata, Subscriber};
use tracing_subscriber::Layer;
use tracing_subscriber::layer::Context;
use tracing_subscriber::registry::LookupSpan;

use super::fields::{FieldVisitor, Fields};
use super::filter::{EMIT, FATAL, INVOCATION, Verdict};
use super::head::Head;
use super::level::Level;
use super::line::{Core, with_scratch};
use super::scope::InvocationContext;
#[cfg(feature = "otel")]
use super::{filter::is_application, scope::set_trace_id};

/// Whether a failed invocation is logged by [`LoggingLayer`](super::LoggingLayer), and a panic by our hook: then the runtime's
/// own lines about them are left out.
pub(super) static FAILURES_ARE_LOGGED: AtomicBool = AtomicBool::new(false);
pub(super) static PANICS_ARE_LOGGED: AtomicBool = AtomicBool::new(false);

/// The `tracing_subscriber::Layer` that writes one line per event. [`Logs`](super::Logs) makes it.
///
/// # Example
///
/// ```
/// use pilaster::observe::logging::Logs;
/// use tracing_subscriber::layer::SubscriberExt;
///
/// let with_others = tracing_subscriber::registry().with(Logs::new().layer());
/// ```
#[derive(Clone)]
pub struct Lines {
    core: Arc<Core>,
    /// The place for spans in the same subscriber.
    #[cfg(feature = "otel")]
    traces: Option<crate::observe::traces::Slot>,
}

impl Lines {
    pub(super) fn new(core: Core) -> Self {
        Self {
            core: Arc::new(core),
            #[cfg(feature = "otel")]
            traces: None,
        }
    }

    /// With a place for spans, and the layer that makes them.
    #[cfg(feature = "otel")]
    pub(super) fn with_traces(self) -> (Self, crate::observe::traces::OtelLayer) {
        use crate::observe::traces::{Connection, Slot};
        let slot = Slot::new(Connection { is_application, set_trace_id });
        let layer = slot.layer();
        (Self { traces: Some(slot), ..self }, layer)
    }

    /// Whether a span is wanted by the traces: then it is made, though no line has its fields.
    fn is_traced(&self, _metadata: &Metadata<'_>) -> bool {
        #[cfg(feature = "otel")]
        return self.traces.as_ref().is_some_and(|slot| slot.wants(_metadata));
        #[cfg(not(feature = "otel"))]
        false
    }

    /// Whether the current invocation was chosen by the sample rate, or holds such lines back.
    fn is_made<S>(&self, metadata: &Metadata<'_>, context: &Context<'_, S>) -> bool
    where
        S: Subscriber + for<'a> LookupSpan<'a>,
    {
        let (sampled, held) = of_invocation(context).unwrap_or((self.core.sampled, None));
        self.core.filter.is_made(*metadata.level(), sampled, held)
    }

    /// Whether the lines within a span have its fields.
    fn tells_of<S>(&self, metadata: &Metadata<'_>, context: &Context<'_, S>) -> bool
    where
        S: Subscriber + for<'a> LookupSpan<'a>,
    {
        if metadata.target() == INVOCATION {
            return false;
        }
        #[cfg(feature = "otel")]
        if metadata.target() == crate::observe::traces::TARGET {
            return false;
        }
        match self.core.filter.verdict(metadata) {
            Verdict::Written => true,
            Verdict::PerInvocation => self.is_made(metadata, context),
            Verdict::Dropped => false,
        }
    }

    pub(super) fn core(&self) -> Arc<Core> {
        self.core.clone()
    }

    pub(super) fn core_ref(&self) -> &Core {
        &self.core
    }
}

impl fmt::Debug for Lines {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Lines").field("format", &self.core.format).finish_non_exhaustive()
    }
}

impl<S> Layer<S> for Lines
where
    S: Subscriber + for<'a> LookupSpan<'a>,
{
    fn register_callsite(&self, metadata: &'static Metadata<'static>) -> Interest {
        match self.core.filter.verdict(metadata) {
            Verdict::Written => Interest::always(),
            _ if self.is_traced(metadata) => Interest::always(),
            Verdict::PerInvocation => Interest::sometimes(),
            Verdict::Dropped => Interest::never(),
        }
    }

    fn enabled(&self, metadata: &Metadata<'_>, context: Context<'_, S>) -> bool {
        match self.core.filter.verdict(metadata) {
            Verdict::Written => true,
            _ if self.is_traced(metadata) => true,
            Verdict::PerInvocation => self.is_made(metadata, &context),
            Verdict::Dropped => false,
        }
    }

    fn max_level_hint(&self) -> Option<LevelFilter> {
        Some(self.core.filter.max_level())
    }

    fn on_new_span(&self, attributes: &Attributes<'_>, id: &Id, context: Context<'_, S>) {
        if attributes.values().is_empty() || !self.tells_of(attributes.metadata(), &context) {
            return;
        }
        let Some(span) = context.span(id) else { return };
        let mut fields = Fields::default();
        with_scratch(|scratch| {
            attributes.record(&mut FieldVisitor {
                fields: &mut fields,
                text: &mut scratch.text,
                message: None,
                emitted: false,
                errors: self.core.errors,
                place: None,
            });
        });
        span.extensions_mut().replace(fields);
    }

    fn on_record(&self, id: &Id, values: &Record<'_>, context: Context<'_, S>) {
        let Some(span) = context.span(id) else { return };
        if !self.tells_of(span.metadata(), &context) {
            return;
        }
        // Taken out while values are formatted: one of them may log, and read the span.
        let mut fields = span.extensions_mut().remove::<Fields>().unwrap_or_default();
        with_scratch(|scratch| {
            values.record(&mut FieldVisitor {
                fields: &mut fields,
                text: &mut scratch.text,
                message: None,
                emitted: false,
                errors: self.core.errors,
                place: None,
            });
        });
        span.extensions_mut().replace(fields);
    }

    fn on_event(&self, event: &Event<'_>, context: Context<'_, S>) {
        let metadata = event.metadata();
        if is_repetition(metadata) {
            return;
        }
        let target = metadata.target();
        with_scratch(|scratch| {
            event.record(&mut FieldVisitor {
                fields: &mut scratch.fields,
                text: &mut scratch.text,
                message: Some(&mut scratch.message),
                emitted: target == EMIT || target == FATAL,
                errors: self.core.errors,
                place: Some((metadata.file().unwrap_or(target), metadata.line().unwrap_or_default())),
            });
            let head = Head {
                level: if target == FATAL { Level::Fatal } else { (*metadata.level()).into() },
                file: metadata.file().unwrap_or(target),
                line: metadata.line().unwrap_or_default(),
            };
            self.core.write(&head, context.event_span(event).as_ref(), scratch);
        });
    }
}

/// Whether the current invocation was chosen, and up to which level it holds lines back; `None` outside of one.
fn of_invocation<S>(context: &Context<'_, S>) -> Option<(bool, Option<Level>)>
where
    S: Subscriber + for<'a> LookupSpan<'a>,
{
    let span = context.lookup_current()?;
    span.scope().find_map(|span| {
        let extensions = span.extensions();
        let context = extensions.get::<InvocationContext>()?;
        Some((context.sampled, context.held.as_ref().map(|held| held.level())))
    })
}

/// The runtime tells a failure and a panic again that [`LoggingLayer`](super::LoggingLayer) or our hook has told.
fn is_repetition(metadata: &Metadata<'_>) -> bool {
    if *metadata.level() != TracingLevel::ERROR || metadata.target() != "lambda_runtime::layers::panic" {
        return false;
    }
    match metadata.fields().field("error") {
        Some(_) => PANICS_ARE_LOGGED.load(Ordering::Relaxed),
        None => FAILURES_ARE_LOGGED.load(Ordering::Relaxed),
    }
}

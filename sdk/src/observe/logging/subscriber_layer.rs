//! [`SubscriberLayer`]: the `tracing_subscriber::Layer` that writes one line per event.

use std::fmt;
use std::sync::Arc;

use tracing::level_filters::LevelFilter;
use tracing::span::{Attributes, Id, Record};
use tracing::subscriber::Interest;
use tracing::{Event, Metadata, Subscriber};
use tracing_subscriber::Layer;
use tracing_subscriber::layer::Context;
use tracing_subscriber::registry::LookupSpan;

use super::fields::Fields;
use super::filter::{Decision, FATAL, INVOCATION, Origin};
use super::invocation_context::InvocationContext;
use super::level::Level;
use super::line::{LineWriter, with_scratch};
use super::prefix::Prefix;
use super::visitor::FieldVisitor;

/// A [`tracing_subscriber::Layer`] that writes one line per event. [`Logs`](super::Logs) creates it.
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
pub struct SubscriberLayer {
    writer: Arc<LineWriter>,
    /// The slot for spans in the same subscriber.
    #[cfg(feature = "otel")]
    traces: Option<crate::observe::traces::Slot>,
}

impl SubscriberLayer {
    pub(super) fn new(writer: LineWriter) -> Self {
        Self {
            writer: Arc::new(writer),
            #[cfg(feature = "otel")]
            traces: None,
        }
    }

    /// Adds a slot for spans, and returns the layer that creates them.
    #[cfg(feature = "otel")]
    pub(super) fn with_traces(
        self,
        bridge: crate::observe::traces::LogBridge,
    ) -> (Self, crate::observe::traces::OtelLayer) {
        let slot = crate::observe::traces::Slot::new(bridge);
        let layer = slot.layer();
        (Self { traces: Some(slot), ..self }, layer)
    }

    /// Returns `true` if the traces need a span: it is then created, even if no line has its fields.
    fn is_traced(&self, _metadata: &Metadata<'_>) -> bool {
        #[cfg(feature = "otel")]
        return self.traces.as_ref().is_some_and(|slot| slot.wants(_metadata));
        #[cfg(not(feature = "otel"))]
        false
    }

    /// Returns `true` if the current invocation is sampled or buffers such lines.
    fn is_made<S>(&self, metadata: &Metadata<'_>, context: &Context<'_, S>) -> bool
    where
        S: Subscriber + for<'a> LookupSpan<'a>,
    {
        let (sampled, buffered) = of_invocation(context).unwrap_or((self.writer.sampled, None));
        self.writer.settings.filter.is_made(*metadata.level(), sampled, buffered)
    }

    /// Returns `true` if lines within a span have its fields.
    fn keeps_fields<S>(&self, metadata: &Metadata<'_>, context: &Context<'_, S>) -> bool
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
        match self.writer.settings.filter.decide(metadata) {
            Decision::Written => true,
            Decision::PerInvocation => self.is_made(metadata, context),
            Decision::Dropped => false,
        }
    }

    fn record_span(&self, fields: &mut Fields, record: impl FnOnce(&mut FieldVisitor<'_>)) {
        with_scratch(|scratch| {
            record(&mut FieldVisitor {
                fields,
                text: &mut scratch.text,
                message: None,
                origin: Origin::Function,
                errors: self.writer.settings.errors,
                callsite: None,
            });
        });
    }

    pub(super) fn shared_writer(&self) -> Arc<LineWriter> {
        Arc::clone(&self.writer)
    }

    pub(super) fn writer(&self) -> &LineWriter {
        &self.writer
    }
}

impl fmt::Debug for SubscriberLayer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SubscriberLayer").field("format", &self.writer.settings.format).finish_non_exhaustive()
    }
}

impl<S> Layer<S> for SubscriberLayer
where
    S: Subscriber + for<'a> LookupSpan<'a>,
{
    fn register_callsite(&self, metadata: &'static Metadata<'static>) -> Interest {
        match self.writer.settings.filter.decide(metadata) {
            Decision::Written => Interest::always(),
            _ if self.is_traced(metadata) => Interest::always(),
            Decision::PerInvocation => Interest::sometimes(),
            Decision::Dropped => Interest::never(),
        }
    }

    fn enabled(&self, metadata: &Metadata<'_>, context: Context<'_, S>) -> bool {
        match self.writer.settings.filter.decide(metadata) {
            Decision::Written => true,
            _ if self.is_traced(metadata) => true,
            Decision::PerInvocation => self.is_made(metadata, &context),
            Decision::Dropped => false,
        }
    }

    fn max_level_hint(&self) -> Option<LevelFilter> {
        Some(self.writer.settings.filter.max_level())
    }

    fn on_new_span(&self, attributes: &Attributes<'_>, id: &Id, context: Context<'_, S>) {
        if attributes.values().is_empty() || !self.keeps_fields(attributes.metadata(), &context) {
            return;
        }
        let Some(span) = context.span(id) else { return };
        let mut fields = Fields::default();
        self.record_span(&mut fields, |visitor| attributes.record(visitor));
        span.extensions_mut().replace(fields);
    }

    fn on_record(&self, id: &Id, values: &Record<'_>, context: Context<'_, S>) {
        let Some(span) = context.span(id) else { return };
        if !self.keeps_fields(span.metadata(), &context) {
            return;
        }
        // Removed while values are formatted, since one of them may log, and read the span.
        let mut fields = span.extensions_mut().remove::<Fields>().unwrap_or_default();
        self.record_span(&mut fields, |visitor| values.record(visitor));
        span.extensions_mut().replace(fields);
    }

    fn on_event(&self, event: &Event<'_>, context: Context<'_, S>) {
        let metadata = event.metadata();
        if self.writer.settings.filter.is_repetition(metadata) {
            return;
        }
        let target = metadata.target();
        let origin = Origin::of(target);
        let (file, line) = match origin {
            Origin::Sdk => ("", 0),
            _ => (metadata.file().unwrap_or(target), metadata.line().unwrap_or_default()),
        };
        with_scratch(|scratch| {
            event.record(&mut FieldVisitor {
                fields: &mut scratch.fields,
                text: &mut scratch.text,
                message: Some(&mut scratch.message),
                origin,
                errors: self.writer.settings.errors,
                callsite: (origin != Origin::Sdk).then_some((file, line)),
            });
            let level = if target == FATAL { Level::Fatal } else { (*metadata.level()).into() };
            self.writer.write(&Prefix { level, file, line }, context.event_span(event).as_ref(), scratch);
        });
    }
}

/// Returns `true` if the current invocation is sampled, and the level up to which it buffers lines; `None` outside of
/// one.
fn of_invocation<S>(context: &Context<'_, S>) -> Option<(bool, Option<Level>)>
where
    S: Subscriber + for<'a> LookupSpan<'a>,
{
    let span = context.lookup_current()?;
    span.scope().find_map(|span| {
        let extensions = span.extensions();
        let context = extensions.get::<InvocationContext>()?;
        Some((context.sampled, context.buffer.as_ref().map(|buffer| buffer.level())))
    })
}

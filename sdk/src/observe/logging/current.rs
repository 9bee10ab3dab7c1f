//! The context of the current invocation, in the current subscriber.

use std::sync::Arc;

use tracing::callsite::rebuild_interest_cache;
use tracing::{Dispatch, Span, Subscriber, dispatcher};
use tracing_subscriber::Registry;
use tracing_subscriber::registry::{LookupSpan, SpanRef};

use super::buffer::{Buffer, InvocationBuffer};
use super::fields::MAX_KEYS;
use super::filter::{Filter, INVOCATION};
use super::invocation_context::{AppendedKeys, InvocationContext};
use super::line::LineWriter;
use super::subscriber_layer::SubscriberLayer;
use crate::core::invocation::Invocation;

/// Returns the writer and the registry of a subscriber of this crate.
pub(super) fn parts(dispatch: &Dispatch) -> Option<(&LineWriter, &Registry)> {
    Some((dispatch.downcast_ref::<SubscriberLayer>()?.writer(), dispatch.downcast_ref::<Registry>()?))
}

/// Runs `with` on the writer of the current subscriber and the current span.
pub(super) fn with_current<R>(with: impl FnOnce(&LineWriter, Option<SpanRef<'_, Registry>>) -> R) -> Option<R> {
    let mut with = Some(with);
    dispatcher::get_default(|dispatch| {
        let (writer, registry) = parts(dispatch)?;
        let current = registry.current_span();
        let span = current.id().and_then(|id| registry.span(id));
        Some(with.take()?(writer, span))
    })
}

/// Runs `with` on the filter of the current subscriber and the current span. It returns `true` if callsites must be
/// decided again.
pub(super) fn with_filter(with: impl FnOnce(&Filter, Option<&SpanRef<'_, Registry>>) -> bool) {
    if with_current(|writer, span| with(&writer.settings.filter, span.as_ref())) == Some(true) {
        // Not within `with_current`, where `tracing` would decide without a subscriber.
        rebuild_interest_cache();
    }
}

/// Runs `with` on the context of the invocation that contains this span.
fn with_context<R>(span: &SpanRef<'_, Registry>, with: impl FnOnce(&mut InvocationContext) -> R) -> Option<R> {
    let mut with = Some(with);
    span.scope().find_map(|span| {
        let mut extensions = span.extensions_mut();
        let context = extensions.get_mut::<InvocationContext>()?;
        Some(with.take()?(context))
    })
}

/// Runs `with` on the keys of the current invocation; outside of one, on those of the process.
pub(super) fn with_appended<R>(with: impl FnOnce(&mut AppendedKeys) -> R) -> Option<R> {
    let mut with = Some(with);
    with_current(|writer, span| {
        let in_invocation =
            span.as_ref().and_then(|span| with_context(span, |context| Some(with.take()?(&mut context.appended))));
        in_invocation.unwrap_or_else(|| writer.with_process(|keys| Some(with.take()?(keys))))
    })?
}

/// Runs `with` on the keys of all lines of the process, even within an invocation.
pub(super) fn with_process<R>(with: impl FnOnce(&mut AppendedKeys) -> R) -> Option<R> {
    with_current(|writer, _| writer.with_process(with))
}

/// Returns the buffer of the invocation that contains this span.
pub(super) fn buffer_of(span: &SpanRef<'_, Registry>) -> Option<Arc<InvocationBuffer>> {
    with_context(span, |context| context.buffer.clone())?
}

/// Runs `with` on the buffer of the current invocation, if it has one.
pub(super) fn with_buffer(with: impl FnOnce(&LineWriter, Option<&SpanRef<'_, Registry>>, &InvocationBuffer)) {
    with_current(|writer, span| {
        let span = span.as_ref()?;
        with(writer, Some(span), &*buffer_of(span)?);
        Some(())
    });
}

/// Opens the span of this invocation.
pub(crate) fn open(invocation: &Invocation) -> Span {
    // The fields are for other subscribers; our subscriber reads them from the extensions.
    let span = tracing::error_span!(
        target: INVOCATION,
        "invocation",
        function_request_id = invocation.request_id(),
        function_arn = invocation.function_arn(),
        cold_start = invocation.is_cold_start(),
    );
    span.with_subscriber(|(id, dispatch)| {
        let (writer, registry) = parts(dispatch)?;
        registry.span(id)?.extensions_mut().replace(InvocationContext::new(invocation.clone(), writer.sample()));
        Some(())
    });
    span
}

/// Returns `true` if the current span is in this invocation, whose context is then open.
pub(super) fn is_open(invocation: &Invocation) -> bool {
    let is_same = |context: &mut InvocationContext| context.invocation.request_id() == invocation.request_id();
    with_current(|_, span| with_context(span.as_ref()?, is_same)).flatten() == Some(true)
}

/// Returns `true` if the event of the current invocation is not logged yet, and marks it as logged.
pub(super) fn is_first_to_log_the_event() -> bool {
    let first = |context: &mut InvocationContext| !std::mem::replace(&mut context.event_is_logged, true);
    with_current(|_, span| with_context(span.as_ref()?, first)).flatten() != Some(false)
}

/// Buffers lines of the current invocation from now on, unless it is sampled or already has a buffer.
pub(super) fn buffer_lines(buffer: Buffer) {
    let set = |context: &mut InvocationContext| {
        if !context.sampled && context.buffer.is_none() {
            context.buffer = Some(Arc::new(InvocationBuffer::new(buffer)));
        }
    };
    with_filter(|filter, span| {
        span.and_then(|span| with_context(span, set));
        filter.buffer(buffer.level)
    });
    with_current(|writer, span| {
        let Some(level) = writer.settings.filter.drops_all(buffer.level) else { return };
        let message = format!(
            "no lines are buffered: AWS_LAMBDA_LOG_LEVEL is {level}, and Lambda would drop buffered lines up to {}",
            buffer.level
        );
        writer.warn(span.as_ref(), &message);
    });
}

/// Logs a warning that keys are omitted, if `is_due`.
pub(super) fn warn_of_keys(is_due: Option<bool>) {
    if is_due == Some(true) {
        let message = format!(
            "keys are omitted from the log: at most {MAX_KEYS} are added at once, and to the lines of an invocation or of the process. \
             Log a map whose keys a caller chooses under one key, as `AsJson`"
        );
        with_current(|writer, span| writer.warn(span.as_ref(), &message));
    }
}

/// Adds the trace to all later lines of this invocation.
#[cfg(feature = "otel")]
pub(super) fn set_trace_id(id: String) {
    with_current(|_, span| {
        for span in span.iter().flat_map(SpanRef::scope) {
            if let Some(context) = span.extensions_mut().get_mut::<InvocationContext>() {
                context.trace_id = Some(id);
                return;
            }
        }
    });
}

//! What all lines of an invocation say: its own keys, and those that the function adds while it runs.

use std::borrow::Cow;
use std::sync::{Arc, OnceLock};

use serde::Serialize;
use serde_json::{Map, Value};
use tracing::callsite::rebuild_interest_cache;
use tracing::{Dispatch, Span, Subscriber, dispatcher};
use tracing_subscriber::Registry;
use tracing_subscriber::registry::{LookupSpan, SpanRef};

use super::buffer::{Buffer, Held};
use super::fields::{Batch, Fields, MOST_KEYS, names, write_json_of, write_str};
use super::filter::{Filter, INVOCATION};
use super::line::Core;
use super::lines::Lines;
use super::own_keys::{LeftOut, Own};
use super::text;
use crate::core::invocation::Invocation;

/// What a function adds to its lines.
#[derive(Debug, Default)]
pub(super) struct Scope {
    pub(super) correlation_id: Option<String>,
    pub(super) keys: Fields,
    /// Whether a warning was due of keys that are left out.
    warned: bool,
}

impl Scope {
    /// Changes the keys by what says whether all had a place. Says whether a warning is due, which is once.
    fn put(&mut self, put: impl FnOnce(&mut Fields) -> bool) -> bool {
        !put(&mut self.keys) && !std::mem::replace(&mut self.warned, true)
    }
}

/// Kept in the extensions of an invocation's span.
#[derive(Debug)]
pub(super) struct InvocationContext {
    invocation: Invocation,
    /// Made by the first line.
    fixed: OnceLock<FixedKeys>,
    pub(super) scope: Scope,
    /// Chosen to be logged at `DEBUG`.
    pub(super) sampled: bool,
    /// The lines that it holds back, if it does.
    pub(super) held: Option<Arc<Held>>,
    event_is_logged: bool,
    /// In OpenTelemetry's form.
    #[cfg(feature = "otel")]
    trace_id: Option<String>,
}

#[derive(Debug)]
struct FixedKeys {
    json: Vec<u8>,
    /// Where the correlation id goes.
    split: usize,
}

impl InvocationContext {
    /// Opens the span of this invocation.
    pub(super) fn open(invocation: &Invocation) -> Span {
        // The fields are for other subscribers; ours takes them, and more, from the extensions.
        let span = tracing::error_span!(
            target: INVOCATION,
            "invocation",
            function_request_id = invocation.request_id(),
            function_arn = invocation.function_arn(),
            cold_start = invocation.is_cold_start(),
        );
        span.with_subscriber(|(id, dispatch)| {
            let (core, registry) = parts(dispatch)?;
            registry.span(id)?.extensions_mut().replace(Self {
                invocation: invocation.clone(),
                fixed: OnceLock::new(),
                scope: Scope::default(),
                sampled: core.sample(),
                held: None,
                event_is_logged: false,
                #[cfg(feature = "otel")]
                trace_id: None,
            });
            Some(())
        });
        span
    }

    /// Whether the current span is in this invocation: then its context is there already.
    pub(super) fn is_open(invocation: &Invocation) -> bool {
        let is_its_own = |context: &mut Self| context.invocation.request_id() == invocation.request_id();
        with_current(|_, span| with_context(span.as_ref()?, is_its_own)).flatten() == Some(true)
    }

    /// Whether the event of the current invocation is not logged yet. It counts as logged from now on.
    pub(super) fn is_first_to_log_the_event() -> bool {
        let first = |context: &mut Self| !std::mem::replace(&mut context.event_is_logged, true);
        with_current(|_, span| with_context(span.as_ref()?, first)).flatten() != Some(false)
    }

    /// Holds lines of the current invocation back from now on, unless it was chosen by the sample rate or does so already.
    pub(super) fn hold(buffer: Buffer) {
        let hold = |context: &mut Self| {
            if !context.sampled && context.held.is_none() {
                context.held = Some(Arc::new(Held::new(buffer)));
            }
        };
        with_filter(|filter, span| {
            span.and_then(|span| with_context(span, hold));
            filter.hold(buffer.level)
        });
        with_current(|core, span| {
            let Some(level) = core.filter.drops_all(buffer.level) else { return };
            let message = format!(
                "nothing is held back: AWS_LAMBDA_LOG_LEVEL is {level}, and Lambda would drop what is held up to {}",
                buffer.level
            );
            core.warn(span.as_ref(), &message);
        });
    }

    /// The invocation's keys with the correlation id among them.
    pub(super) fn write_json(&self, to: &mut Vec<u8>, outer_correlation_id: Option<&str>, left_out: LeftOut) {
        let fixed = self.fixed.get_or_init(|| fixed_keys(&self.invocation, left_out));
        to.extend_from_slice(&fixed.json[..fixed.split]);
        if !left_out.has(Own::CorrelationId) {
            write_correlation_id(to, self.scope.correlation_id.as_deref().or(outer_correlation_id), false);
        }
        to.extend_from_slice(&fixed.json[fixed.split..]);
        #[cfg(feature = "otel")]
        if let Some(trace) = &self.trace_id {
            if !left_out.has(Own::TraceId) {
                write_key(to, "trace_id", trace);
            }
            if !left_out.has(Own::SpanId)
                && let Some(span) = crate::observe::traces::span_id()
            {
                write_key(to, "span_id", &span);
            }
        }
    }

    /// Of the invocation's keys those that a reader of text needs to tell invocations apart.
    pub(super) fn write_text(&self, to: &mut Vec<u8>, outer_correlation_id: Option<&str>, left_out: LeftOut) {
        if !left_out.has(Own::CorrelationId) {
            write_correlation_id(to, self.scope.correlation_id.as_deref().or(outer_correlation_id), true);
        }
        let request_id = self.invocation.request_id();
        if !request_id.is_empty() && !left_out.has(Own::RequestId) {
            write_text_pair(to, "function_request_id", request_id);
        }
    }
}

fn fixed_keys(invocation: &Invocation, left_out: LeftOut) -> FixedKeys {
    let mut json = Vec::with_capacity(384);
    let write = |json: &mut Vec<u8>, own, key, value: &str| {
        if !left_out.has(own) {
            write_key(json, key, value);
        }
    };
    if !left_out.has(Own::ColdStart) {
        json.extend_from_slice(if invocation.is_cold_start() {
            b",\"cold_start\":true"
        } else {
            b",\"cold_start\":false"
        });
    }
    write(&mut json, Own::FunctionName, "function_name", invocation.function_name());
    if !left_out.has(Own::MemorySize) {
        json.extend_from_slice(b",\"function_memory_size\":");
        write_json_of(&mut json, invocation.memory_mb());
    }
    write(&mut json, Own::FunctionArn, "function_arn", invocation.function_arn());
    write(&mut json, Own::RequestId, "function_request_id", invocation.request_id());
    let split = json.len();
    if let Some(tenant) = invocation.tenant_id() {
        write(&mut json, Own::TenantId, "tenant_id", tenant);
    }
    if let Some(trace) = invocation.trace_id() {
        write(&mut json, Own::XrayTraceId, "xray_trace_id", trace);
    }
    FixedKeys { json, split }
}

fn write_key(to: &mut Vec<u8>, key: &'static str, value: &str) {
    to.extend_from_slice(b",\"");
    to.extend_from_slice(key.as_bytes());
    to.extend_from_slice(b"\":");
    write_str(to, value);
}

fn write_text_pair(to: &mut Vec<u8>, key: &'static str, value: &str) {
    let mut json = Vec::with_capacity(value.len() + 2);
    write_str(&mut json, value);
    text::write_pair(to, key, &json);
}

pub(super) fn write_correlation_id(to: &mut Vec<u8>, id: Option<&str>, as_text: bool) {
    match id {
        Some(id) if as_text => write_text_pair(to, "correlation_id", id),
        Some(id) => write_key(to, "correlation_id", id),
        None => {}
    }
}

/// Our parts of a subscriber, if it has them.
fn parts(dispatch: &Dispatch) -> Option<(&Core, &Registry)> {
    Some((dispatch.downcast_ref::<Lines>()?.core_ref(), dispatch.downcast_ref::<Registry>()?))
}

/// Runs `with` on our parts of the current subscriber and the current span.
pub(super) fn with_current<R>(with: impl FnOnce(&Core, Option<SpanRef<'_, Registry>>) -> R) -> Option<R> {
    let mut with = Some(with);
    dispatcher::get_default(|dispatch| {
        let (core, registry) = parts(dispatch)?;
        let current = registry.current_span();
        let span = current.id().and_then(|id| registry.span(id));
        Some(with.take()?(core, span))
    })
}

/// Runs `with` on the filter of the current subscriber and the current span; what says whether callsites are to be decided on
/// anew.
pub(super) fn with_filter(with: impl FnOnce(&Filter, Option<&SpanRef<'_, Registry>>) -> bool) {
    if with_current(|core, span| with(&core.filter, span.as_ref())) == Some(true) {
        // Only out here: within, where the subscriber is lent, tracing would decide as if there were none.
        rebuild_interest_cache();
    }
}

/// Runs `with` on the invocation that this span is in.
fn with_context<R>(span: &SpanRef<'_, Registry>, with: impl FnOnce(&mut InvocationContext) -> R) -> Option<R> {
    let mut with = Some(with);
    span.scope().find_map(|span| {
        let mut extensions = span.extensions_mut();
        let context = extensions.get_mut::<InvocationContext>()?;
        Some(with.take()?(context))
    })
}

/// What the invocation that this span is in holds back, if it does.
pub(super) fn held_by(span: &SpanRef<'_, Registry>) -> Option<Arc<Held>> {
    with_context(span, |context| context.held.clone())?
}

/// Runs `with` on what the current invocation holds back, if it does.
pub(super) fn with_held(with: impl FnOnce(&Core, Option<&SpanRef<'_, Registry>>, &Held)) {
    with_current(|core, span| {
        let span = span.as_ref()?;
        with(core, Some(span), &*held_by(span)?);
        Some(())
    });
}

/// Runs `with` on the scope of the current invocation; outside of one, on that of all lines of the process.
pub(super) fn with_scope<R>(with: impl FnOnce(&mut Scope) -> R) -> Option<R> {
    let mut with = Some(with);
    with_current(|core, span| {
        let in_invocation =
            span.as_ref().and_then(|span| with_context(span, |context| Some(with.take()?(&mut context.scope))));
        in_invocation.unwrap_or_else(|| core.with_scope(|scope| Some(with.take()?(scope))))
    })?
}

/// Runs `with` on the scope of all lines of the process, also within an invocation.
fn with_process<R>(with: impl FnOnce(&mut Scope) -> R) -> Option<R> {
    with_current(|core, _| core.with_scope(with))
}

/// Writes the warning that is due of keys that are left out.
pub(super) fn warn_of_keys(is_due: Option<bool>) {
    if is_due == Some(true) {
        let message = format!(
            "keys are left out of the log: {MOST_KEYS} at most are added at once, and to the lines of an invocation or of the process. \
             Put a map whose keys are a caller's under one key, as `Json`"
        );
        with_current(|core, span| core.warn(span.as_ref(), &message));
    }
}

/// Says in each further line of this invocation which trace it is of, and which span of it.
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

/// Adds a key to each further line of this invocation, or gives it another value. `null` removes it.
///
/// Outside of an invocation, during init say, the key is added to each further line of the process. A key of the line's own
/// (`level`, `service`, …) gets an underscore behind it. An invocation has 1,000 such keys at most, and so has the process: further
/// ones are left out, of which one warning tells.
///
/// # Example
///
/// ```
/// use pilaster::observe::logging::{self, Captured, Logs};
///
/// let captured = Captured::default();
/// tracing::subscriber::with_default(Logs::new().writer(captured.clone()).build(), || {
///     logging::append_key("order", 42);
///     tracing::info!("placed");
///     logging::remove_keys(["order"]);
///     tracing::info!("done");
/// });
/// assert_eq!(captured.lines()[0]["order"], 42);
/// assert_eq!(captured.lines()[1].get("order"), None);
/// ```
pub fn append_key(key: impl Into<String>, value: impl Serialize) {
    if let Ok(json) = serde_json::to_string(&value) {
        // What the caller passed may log itself, which a lock around it would block: it is run before.
        let key = Cow::Owned(key.into());
        warn_of_keys(with_scope(|scope| scope.put(|keys| keys.put_bounded(key, &json))));
    }
}

/// [`append_key`] for each of them, of the first 1,000.
pub fn append_keys(keys: &Map<String, Value>) {
    let keys = batch(keys);
    warn_of_keys(with_scope(|scope| scope.put(|all| all.put_all(&keys))));
}

/// Removes keys that [`append_key`] added.
pub fn remove_keys(keys: impl IntoIterator<Item = impl AsRef<str>>) {
    let keys = names(keys);
    with_scope(|scope| scope.keys.remove_all(&keys));
}

/// Removes all keys that [`append_key`] added. An invocation starts without any.
pub fn clear_keys() {
    with_scope(|scope| scope.keys.clear());
}

/// Sets the `correlation_id` of each further line of this invocation; outside of an invocation, of those of the process.
pub fn set_correlation_id(id: impl Into<String>) {
    let id = id.into();
    with_scope(|scope| scope.correlation_id = Some(id));
}

/// Adds a key to each further line of the process, in this invocation and in all later ones, or gives it another value. `null`
/// removes it. [`append_key`] adds one to this invocation's lines, which wins over a key of the process of the same name.
///
/// # Example
///
/// ```
/// use pilaster::observe::logging::{self, Captured, Logs};
///
/// let captured = Captured::default();
/// tracing::subscriber::with_default(Logs::new().writer(captured.clone()).build(), || {
///     logging::append_process_key("table_version", 7);
///     tracing::info!("in this invocation, and in the next one");
///     logging::remove_process_keys(["table_version"]);
///     tracing::info!("without it");
/// });
/// assert_eq!(captured.lines()[0]["table_version"], 7);
/// assert_eq!(captured.lines()[1].get("table_version"), None);
/// ```
pub fn append_process_key(key: impl Into<String>, value: impl Serialize) {
    if let Ok(json) = serde_json::to_string(&value) {
        let key = Cow::Owned(key.into());
        warn_of_keys(with_process(|scope| scope.put(|keys| keys.put_bounded(key, &json))));
    }
}

/// [`append_process_key`] for each of them, of the first 1,000.
pub fn append_process_keys(keys: &Map<String, Value>) {
    let keys = batch(keys);
    warn_of_keys(with_process(|scope| scope.put(|all| all.put_all(&keys))));
}

/// Removes keys that [`append_process_key`] added, or [`append_key`] outside of invocations.
pub fn remove_process_keys(keys: impl IntoIterator<Item = impl AsRef<str>>) {
    let keys = names(keys);
    with_process(|scope| scope.keys.remove_all(&keys));
}

/// A span whose fields are these keys, the first 1,000 of them, for names that are only known at run time. Each line within has
/// them. Of further keys a warning tells that they are left out.
///
/// # Example
///
/// ```
/// use pilaster::observe::logging::{self, Captured, Logs};
/// use serde_json::json;
///
/// let captured = Captured::default();
/// tracing::subscriber::with_default(Logs::new().writer(captured.clone()).build(), || {
///     let keys = json!({"user": "u-1"});
///     logging::keys_span(keys.as_object().unwrap()).in_scope(|| tracing::info!("inside"));
///     tracing::info!("outside");
/// });
/// assert_eq!(captured.lines()[0]["user"], "u-1");
/// assert_eq!(captured.lines()[1].get("user"), None);
/// ```
pub fn keys_span(keys: &Map<String, Value>) -> Span {
    let span = tracing::error_span!(target: INVOCATION, "keys");
    let keys = batch(keys);
    warn_of_keys(Some(keys.is_cut));
    span.with_subscriber(|(id, dispatch)| {
        if let Some(data) = parts(dispatch).and_then(|(_, registry)| registry.span(id)) {
            data.extensions_mut().replace(keys.into_fields());
        }
    });
    span
}

fn batch(keys: &Map<String, Value>) -> Batch {
    Batch::of(keys.iter().map(|(key, value)| (Cow::Owned(key.clone()), value.to_string())))
}

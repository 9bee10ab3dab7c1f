//! [`InvocationContext`]: the keys and the settings that all lines of an invocation share.

use std::sync::{Arc, OnceLock};

use super::buffer::InvocationBuffer;
use super::fields::Fields;
use super::format;
use super::json::{write_str, write_value};
use super::reserved::{OmittedKeys, ReservedKey};
use crate::core::invocation::Invocation;

/// The keys that a function has appended to its lines.
#[derive(Debug, Default)]
pub(super) struct AppendedKeys {
    pub(super) correlation_id: Option<String>,
    pub(super) keys: Fields,
    /// `true` once a warning about omitted keys was returned.
    warned: bool,
}

impl AppendedKeys {
    /// Puts keys with a function that returns `false` if it omitted some. Returns `true` the first time that some were
    /// omitted.
    pub(super) fn put(&mut self, put: impl FnOnce(&mut Fields) -> bool) -> bool {
        !put(&mut self.keys) && !std::mem::replace(&mut self.warned, true)
    }
}

/// The context of an invocation, in the extensions of its span.
#[derive(Debug)]
pub(super) struct InvocationContext {
    pub(super) invocation: Invocation,
    /// Set by the first line.
    fixed: OnceLock<FixedKeys>,
    pub(super) appended: AppendedKeys,
    /// `true` if it is sampled, and so logged at `DEBUG`.
    pub(super) sampled: bool,
    pub(super) buffer: Option<Arc<InvocationBuffer>>,
    pub(super) event_is_logged: bool,
    /// The trace id in OpenTelemetry's form.
    #[cfg(feature = "otel")]
    pub(super) trace_id: Option<String>,
}

#[derive(Debug)]
struct FixedKeys {
    json: Vec<u8>,
    /// The position of the correlation id.
    split: usize,
}

impl InvocationContext {
    pub(super) fn new(invocation: Invocation, sampled: bool) -> Self {
        Self {
            invocation,
            fixed: OnceLock::new(),
            appended: AppendedKeys::default(),
            sampled,
            buffer: None,
            event_is_logged: false,
            #[cfg(feature = "otel")]
            trace_id: None,
        }
    }

    /// Writes the keys of the invocation, including the correlation id.
    pub(super) fn write_json(&self, to: &mut Vec<u8>, outer_correlation_id: Option<&str>, omitted: OmittedKeys) {
        let fixed = self.fixed.get_or_init(|| fixed_keys(&self.invocation, omitted));
        to.extend_from_slice(&fixed.json[..fixed.split]);
        if !omitted.has(ReservedKey::CorrelationId) {
            write_correlation_id(to, self.appended.correlation_id.as_deref().or(outer_correlation_id), false);
        }
        to.extend_from_slice(&fixed.json[fixed.split..]);
        #[cfg(feature = "otel")]
        if let Some(trace) = &self.trace_id {
            if !omitted.has(ReservedKey::TraceId) {
                write_key(to, "trace_id", trace);
            }
            if !omitted.has(ReservedKey::SpanId)
                && let Some(span) = crate::observe::traces::span_id()
            {
                write_key(to, "span_id", &span);
            }
        }
    }

    /// Writes the keys that distinguish invocations in the text format.
    pub(super) fn write_text(&self, to: &mut Vec<u8>, outer_correlation_id: Option<&str>, omitted: OmittedKeys) {
        if !omitted.has(ReservedKey::CorrelationId) {
            write_correlation_id(to, self.appended.correlation_id.as_deref().or(outer_correlation_id), true);
        }
        let request_id = self.invocation.request_id();
        if !request_id.is_empty() && !omitted.has(ReservedKey::RequestId) {
            write_text_pair(to, "function_request_id", request_id);
        }
    }
}

fn fixed_keys(invocation: &Invocation, omitted: OmittedKeys) -> FixedKeys {
    let mut json = Vec::with_capacity(384);
    let write = |json: &mut Vec<u8>, reserved, key, value: &str| {
        if !omitted.has(reserved) {
            write_key(json, key, value);
        }
    };
    if !omitted.has(ReservedKey::ColdStart) {
        json.extend_from_slice(if invocation.is_cold_start() {
            b",\"cold_start\":true"
        } else {
            b",\"cold_start\":false"
        });
    }
    write(&mut json, ReservedKey::FunctionName, "function_name", invocation.function_name());
    if !omitted.has(ReservedKey::MemorySize) {
        json.extend_from_slice(b",\"function_memory_size\":");
        write_value(&mut json, invocation.memory_mb());
    }
    write(&mut json, ReservedKey::FunctionArn, "function_arn", invocation.function_arn());
    write(&mut json, ReservedKey::RequestId, "function_request_id", invocation.request_id());
    let split = json.len();
    if let Some(tenant) = invocation.tenant_id() {
        write(&mut json, ReservedKey::TenantId, "tenant_id", tenant);
    }
    if let Some(trace) = invocation.trace_id() {
        write(&mut json, ReservedKey::XrayTraceId, "xray_trace_id", trace);
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
    format::write_pair(to, key, &json);
}

pub(super) fn write_correlation_id(to: &mut Vec<u8>, id: Option<&str>, as_text: bool) {
    match id {
        Some(id) if as_text => write_text_pair(to, "correlation_id", id),
        Some(id) => write_key(to, "correlation_id", id),
        None => {}
    }
}

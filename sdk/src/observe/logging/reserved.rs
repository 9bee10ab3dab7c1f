//! The reserved keys of every line: fields cannot overwrite them, and a function can omit some of them.

use std::borrow::Cow;

/// A reserved key that can be omitted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum ReservedKey {
    Location,
    Timestamp,
    Service,
    ColdStart,
    FunctionName,
    MemorySize,
    FunctionArn,
    RequestId,
    CorrelationId,
    TenantId,
    XrayTraceId,
    SamplingRate,
    TraceId,
    SpanId,
}

/// Their names. `level` and `message` are reserved, too, and cannot be omitted.
pub(super) const NAMES: [(&str, ReservedKey); 14] = [
    ("location", ReservedKey::Location),
    ("timestamp", ReservedKey::Timestamp),
    ("service", ReservedKey::Service),
    ("cold_start", ReservedKey::ColdStart),
    ("function_name", ReservedKey::FunctionName),
    ("function_memory_size", ReservedKey::MemorySize),
    ("function_arn", ReservedKey::FunctionArn),
    ("function_request_id", ReservedKey::RequestId),
    ("correlation_id", ReservedKey::CorrelationId),
    ("tenant_id", ReservedKey::TenantId),
    ("xray_trace_id", ReservedKey::XrayTraceId),
    ("sampling_rate", ReservedKey::SamplingRate),
    ("trace_id", ReservedKey::TraceId),
    ("span_id", ReservedKey::SpanId),
];

/// The reserved keys that are omitted.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct OmittedKeys(u16);

impl OmittedKeys {
    pub(super) fn has(self, key: ReservedKey) -> bool {
        self.0 & (1 << key as u16) != 0
    }

    pub(super) fn set(&mut self, key: ReservedKey, omitted: bool) {
        let bit = 1 << key as u16;
        self.0 = if omitted { self.0 | bit } else { self.0 & !bit };
    }

    /// Omits the key with this name. Returns a warning if it cannot or should not be omitted.
    pub(super) fn add(&mut self, name: &str) -> Option<String> {
        match (NAMES.iter().find(|(key, _)| *key == name), name) {
            (Some((_, ReservedKey::Timestamp)), _) => {
                self.set(ReservedKey::Timestamp, true);
                Some(
                    "lines have no `timestamp`: Lambda gives them the level INFO and the time of their arrival"
                        .to_owned(),
                )
            }
            (Some((_, key)), _) => {
                self.set(*key, true);
                None
            }
            (None, "level" | "message") => Some(format!("`{name}` cannot be omitted: every line must have it")),
            (None, _) => {
                let name: String = name.chars().take(64).collect();
                Some(format!("`{name}` cannot be omitted: it is not a reserved key"))
            }
        }
    }
}

/// Appends an underscore to the name of a reserved key, so that a field cannot overwrite it.
pub(super) fn unreserved(key: Cow<'static, str>) -> Cow<'static, str> {
    let key = match key {
        Cow::Borrowed(raw) => Cow::Borrowed(raw.strip_prefix("r#").unwrap_or(raw)),
        owned => owned,
    };
    Cow::Borrowed(match &*key {
        "level" => "level_",
        "location" => "location_",
        "message" => "message_",
        "timestamp" => "timestamp_",
        "service" => "service_",
        "cold_start" => "cold_start_",
        "function_name" => "function_name_",
        "function_memory_size" => "function_memory_size_",
        "function_arn" => "function_arn_",
        "function_request_id" => "function_request_id_",
        "correlation_id" => "correlation_id_",
        "tenant_id" => "tenant_id_",
        "xray_trace_id" => "xray_trace_id_",
        "sampling_rate" => "sampling_rate_",
        // CloudWatch would read a line with this key as metrics in its embedded metric format.
        "_aws" => "_aws_",
        #[cfg(feature = "otel")]
        "trace_id" => "trace_id_",
        #[cfg(feature = "otel")]
        "span_id" => "span_id_",
        _ => return key,
    })
}

//! The line's own keys, of which a function may leave out some.

/// One of the line's own keys that may be left out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Own {
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

const NAMES: [(&str, Own); 14] = [
    ("location", Own::Location),
    ("timestamp", Own::Timestamp),
    ("service", Own::Service),
    ("cold_start", Own::ColdStart),
    ("function_name", Own::FunctionName),
    ("function_memory_size", Own::MemorySize),
    ("function_arn", Own::FunctionArn),
    ("function_request_id", Own::RequestId),
    ("correlation_id", Own::CorrelationId),
    ("tenant_id", Own::TenantId),
    ("xray_trace_id", Own::XrayTraceId),
    ("sampling_rate", Own::SamplingRate),
    ("trace_id", Own::TraceId),
    ("span_id", Own::SpanId),
];

/// The own keys that no line has.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct LeftOut(u16);

impl LeftOut {
    pub(super) fn has(self, key: Own) -> bool {
        self.0 & (1 << key as u16) != 0
    }

    pub(super) fn set(&mut self, key: Own, left_out: bool) {
        let bit = 1 << key as u16;
        self.0 = if left_out { self.0 | bit } else { self.0 & !bit };
    }

    /// Leaves out the key of this name, and says what speaks against it.
    pub(super) fn add(&mut self, name: &str) -> Option<String> {
        match (NAMES.iter().find(|(own, _)| *own == name), name) {
            (Some((_, Own::Timestamp)), _) => {
                self.set(Own::Timestamp, true);
                Some(
                    "lines have no `timestamp`: Lambda files such a line at INFO and at the time of its arrival"
                        .to_owned(),
                )
            }
            (Some((_, key)), _) => {
                self.set(*key, true);
                None
            }
            (None, "level" | "message") => Some(format!("`{name}` stays in each line: it cannot be left out")),
            (None, _) => {
                let name: String = name.chars().take(64).collect();
                Some(format!("`{name}` cannot be left out: it is not one of the line's own keys"))
            }
        }
    }
}

//! Describes the current span, for the other modules.

#![cfg_attr(
    not(all(feature = "http", feature = "records")),
    allow(dead_code, reason = "the modules of other features call these")
)]

use opentelemetry::trace::{Status, TraceContextExt};
use opentelemetry::{Context, KeyValue, Value};

use super::propagate::Carrier;

/// Returns `true` if there is a span and it is sampled: otherwise attributes need not be computed.
pub(crate) fn is_sampled() -> bool {
    Context::map_current(|context| context.has_active_span() && context.span().is_recording())
}

/// Sets an attribute of the current span.
pub(crate) fn set_attribute(key: &'static str, value: impl Into<Value>) {
    Context::map_current(|context| context.span().set_attribute(KeyValue::new(key, value)));
}

/// Renames the current span.
pub(crate) fn set_name(name: String) {
    Context::map_current(|context| context.span().update_name(name));
}

/// Marks the current span as failed.
pub(crate) fn set_failed(error_type: &str) {
    if is_sampled() {
        Context::map_current(|context| context.span().set_status(Status::error(error_type.to_owned())));
        set_attribute("error.type", error_type.to_owned());
    }
}

/// Links the current span to the sender's span.
pub(crate) fn add_link(carrier: &Carrier<'_>) {
    Context::map_current(|context| {
        for sender in [carrier.w3c(), carrier.xray()].into_iter().flatten() {
            context.span().add_link(sender, Vec::new());
        }
    });
}

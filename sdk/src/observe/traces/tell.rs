//! What other rooms tell the span that they run in.

#![cfg_attr(
    not(all(feature = "http", feature = "records")),
    allow(dead_code, reason = "those that are there tell less")
)]

use opentelemetry::trace::{Status, TraceContextExt};
use opentelemetry::{Context, KeyValue, Value};

use super::propagate::Carrier;

/// Whether there is a span, and it is kept: if not, there is no use in telling it anything.
pub(crate) fn sampled() -> bool {
    Context::map_current(|context| context.has_active_span() && context.span().is_recording())
}

/// Tells the current span something.
pub(crate) fn attribute(key: &'static str, value: impl Into<Value>) {
    Context::map_current(|context| context.span().set_attribute(KeyValue::new(key, value)));
}

/// Names the current span.
pub(crate) fn name(name: String) {
    Context::map_current(|context| context.span().update_name(name));
}

/// What the current span is of has failed.
pub(crate) fn failed(error_type: &str) {
    if sampled() {
        Context::map_current(|context| context.span().set_status(Status::error(error_type.to_owned())));
        attribute("error.type", error_type.to_owned());
    }
}

/// Links the current span to who sent this.
pub(crate) fn link(carrier: &Carrier<'_>) {
    Context::map_current(|context| {
        for sender in [carrier.w3c(), carrier.xray()].into_iter().flatten() {
            context.span().add_link(sender, Vec::new());
        }
    });
}

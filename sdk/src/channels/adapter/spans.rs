//! The span attributes of a publish, of its events and of a subscription, by
//! <https://opentelemetry.io/docs/specs/semconv/messaging/messaging-spans/>; never a payload.

use crate::appsync_request::failure::Failure;
use crate::channels::context::{ChannelContext, Operation};
use crate::observe::traces::span;

/// Records the operation in the span of the invocation. Its name has the namespace: clients can invent the other segments.
pub(super) fn began(context: &ChannelContext, events: usize) {
    if !span::is_sampled() {
        return;
    }
    let operation = match context.operation() {
        Operation::Publish => "process",
        Operation::Subscribe | Operation::Connect => "subscribe",
    };
    span::set_name(format!("{operation} {}", context.namespace()).trim_end().to_owned());
    span::set_attribute("messaging.system", "aws_appsync");
    span::set_attribute("messaging.destination.name", context.path().to_owned());
    if context.operation() == Operation::Publish {
        span::set_attribute("messaging.operation.type", "process");
        span::set_attribute("messaging.batch.message_count", i64::try_from(events).unwrap_or(i64::MAX));
    }
}

/// Marks the current span as failed: that of an event, or that of the invocation for a handler of all events and for a
/// subscription.
pub(super) fn failed(failure: Option<&Failure>) {
    if let Some(failure) = failure {
        span::set_failed(failure.error_type());
    }
}

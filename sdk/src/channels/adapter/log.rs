//! The lines of failures. A failure of a whole call has one line, whatever the number of its events.

use crate::appsync_request::failure::Failure;
use crate::core::error::FunctionError;

/// Emits the line of an event that failed.
pub(super) fn event(channel: &str, event_id: &str, failure: &Failure) {
    let error_type = failure.error_type();
    failure.log(|error, is_expected| match is_expected {
        true => tracing::info!(channel, event_id, error_type, error, "the event was refused"),
        false => tracing::error!(channel, event_id, error_type, error, "the event failed"),
    });
}

/// Emits the line of so many events that failed at once.
pub(super) fn events(channel: &str, items: usize, failure: &Failure) {
    let error_type = failure.error_type();
    failure.log(|error, is_expected| match is_expected {
        true => tracing::info!(channel, items, error_type, error, "events were refused"),
        false => tracing::error!(channel, items, error_type, error, "events failed"),
    });
}

/// Emits the line of a subscription that is not let in.
pub(super) fn subscription(channel: &str, failure: &Failure) {
    let error_type = failure.error_type();
    failure.log(|error, is_expected| match is_expected {
        true => tracing::info!(channel, error_type, error, "the subscription was refused"),
        false => tracing::error!(channel, error_type, error, "the subscription failed"),
    });
}

/// Returns the error of an invocation that is refused, which gets its line here, in place of that of the layer that logs
/// failed invocations at ERROR.
pub(super) fn refused(channel: &str, failure: Failure) -> FunctionError {
    let error_type = failure.error_type();
    failure.log(|error, _| tracing::info!(channel, error_type, error, "the client is not authorized"));
    failure.logged().into()
}

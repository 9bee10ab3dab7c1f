//! [`Answer`]: an event of the response to a publish.

use serde_json::value::RawValue;

use crate::appsync_request::failure::Failure;
use crate::channels::call::IncomingEvent;
use crate::channels::context::ChannelContext;
use crate::core::error::FunctionError;

/// The largest payload that AppSync broadcasts, in bytes (<https://docs.aws.amazon.com/general/latest/gr/appsync.html>).
const LARGEST_PAYLOAD: usize = 240 * 1024;

/// An event of the response: the payload that is broadcast, or the error for its publisher.
pub(super) struct Answer {
    pub(super) id: String,
    pub(super) result: Result<Box<RawValue>, Failure>,
}

impl Answer {
    pub(super) fn failed(event: &IncomingEvent, failure: Failure) -> Self {
        Self { id: event.id().to_owned(), result: Err(failure) }
    }

    pub(super) fn failure(&self) -> Option<&Failure> {
        self.result.as_ref().err()
    }

    /// Returns this answer, or the error of a payload or an error that is too large, which is logged here.
    pub(super) fn limited(self, context: &ChannelContext) -> Self {
        let Self { id, result } = self;
        let (what, length) = match &result {
            Ok(payload) => ("payload", payload.get().len()),
            Err(failure) => ("error", failure.error_type().len() + failure.message().len()),
        };
        let result = if length > LARGEST_PAYLOAD { Err(too_large(context, &id, what, length)) } else { result };
        Self { id, result }
    }
}

fn too_large(context: &ChannelContext, event_id: &str, what: &str, length: usize) -> Failure {
    let channel = context.path();
    tracing::warn!(
        channel,
        event_id,
        length,
        limit = LARGEST_PAYLOAD,
        "the {what} is too large: the event is not broadcast"
    );
    let message = format!("the {what} has {length} bytes; the limit of AppSync is {LARGEST_PAYLOAD}");
    Failure::from(FunctionError::new("PayloadTooLarge", message)).logged()
}

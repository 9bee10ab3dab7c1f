//! [`Answer`]: an event of the response to a publish.

use serde_json::value::RawValue;

use crate::appsync_request::failure::Failure;
use crate::channels::call::IncomingEvent;
use crate::channels::context::ChannelContext;
use crate::core::error::FunctionError;

/// The largest payload that AppSync broadcasts, in bytes (<https://docs.aws.amazon.com/general/latest/gr/appsync.html>).
const LARGEST_PAYLOAD: usize = 240 * 1024;

/// The type of the error of a payload above this limit.
const TOO_LARGE: &str = "PayloadTooLarge";

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

    /// Returns this answer, or the error of a payload that is too large, which is logged here.
    pub(super) fn limited(self, context: &ChannelContext) -> Self {
        let Self { id, result } = self;
        let result = match result {
            Ok(payload) if payload.get().len() > LARGEST_PAYLOAD => {
                Err(payload_too_large(context, &id, payload.get().len()))
            }
            other => other,
        };
        Self { id, result }
    }
}

fn payload_too_large(context: &ChannelContext, event_id: &str, length: usize) -> Failure {
    let channel = context.path();
    tracing::warn!(
        channel,
        event_id,
        length,
        limit = LARGEST_PAYLOAD,
        "the payload is too large: the event is not broadcast"
    );
    Failure::from(FunctionError::new(TOO_LARGE, too_large("payload", length))).logged()
}

/// Returns the one text that AppSync takes for an error. A text that is too large would fail the other events.
pub(super) fn text(failure: &Failure) -> String {
    match failure.json_length() {
        length if length > LARGEST_PAYLOAD => format!("{TOO_LARGE}: {}", too_large("error", length)),
        _ => format!("{}: {}", failure.error_type(), failure.message()),
    }
}

fn too_large(what: &str, length: usize) -> String {
    format!("the {what} has {length} bytes; the limit of AppSync is {LARGEST_PAYLOAD}")
}

//! The responses: the events of a publish that are broadcast and that failed, and the error of a subscription.

use std::collections::HashMap;

use serde::Serialize;
use serde_json::value::RawValue;

use super::answer::{Answer, text};
use crate::appsync_request::failure::Failure;
use crate::channels::call::IncomingEvent;
use crate::channels::context::ChannelContext;
use crate::core::error::FunctionError;
use crate::core::raw::Outgoing;

/// The largest response that AppSync evaluates, in bytes (<https://docs.aws.amazon.com/general/latest/gr/appsync.html>).
const LARGEST_RESPONSE: usize = 5 * 1024 * 1024;

/// The most ids in the line of a log.
const IDS: usize = 10;

#[derive(Serialize)]
struct PublishResponse<'a> {
    events: Vec<Event<'a>>,
}

#[derive(Serialize)]
#[serde(untagged)]
enum Event<'a> {
    Payload { id: &'a str, payload: &'a RawValue },
    Failed { id: &'a str, error: String },
}

/// Returns the response to a publish. An event without an answer is not broadcast, which is logged.
///
/// # Errors
///
/// `InvalidResponse`: an id is not in the publish, or stands more often than there. `ResponseTooLarge`.
pub(super) fn publish(
    context: &ChannelContext,
    events: &[IncomingEvent],
    answers: &[Answer],
) -> Result<Outgoing, FunctionError> {
    check_ids(context, events, answers)?;
    let encoded = answers.iter().map(|Answer { id, result }| match result {
        Ok(payload) => Event::Payload { id, payload },
        Err(failure) => Event::Failed { id, error: text(failure) },
    });
    let response = PublishResponse { events: encoded.collect() };
    let response = serialized(&response)?;
    let length = response.as_json().map_or(0, |json| json.get().len());
    if length > LARGEST_RESPONSE {
        let message = format!("the response has {length} bytes; the limit of AppSync is {LARGEST_RESPONSE}");
        return Err(FunctionError::new("ResponseTooLarge", message));
    }
    Ok(response)
}

/// Returns the response to a subscription.
pub(super) fn subscribe(refused: Option<Failure>) -> Result<Outgoing, FunctionError> {
    #[derive(Serialize)]
    struct Refused {
        error: String,
    }
    match refused {
        None => serialized(&()),
        Some(failure) => serialized(&Refused { error: text(&failure) }),
    }
}

fn serialized(response: &impl Serialize) -> Result<Outgoing, FunctionError> {
    let invalid = |_| FunctionError::new("InvalidResponse", "the response cannot be serialized as JSON");
    Outgoing::serialize(response).map_err(invalid)
}

/// Checks that each id of the response is one of the publish, and logs the events that are not broadcast: a filter and a
/// lost id look alike to a publisher.
fn check_ids(context: &ChannelContext, events: &[IncomingEvent], answers: &[Answer]) -> Result<(), FunctionError> {
    let mut left = HashMap::<&str, usize>::with_capacity(events.len());
    for event in events {
        *left.entry(event.id()).or_default() += 1;
    }
    for answer in answers {
        match left.get_mut(answer.id.as_str()) {
            Some(left) if *left > 0 => *left -= 1,
            _ => {
                let message = "the response has an event whose id is not in the publish, or stands there less often: return the ids of its events";
                return Err(FunctionError::new("InvalidResponse", message));
            }
        }
    }
    let dropped = left.values().sum::<usize>();
    if dropped > 0 {
        // In the order of the publish.
        let ids = events.iter().map(IncomingEvent::id).filter(|id| {
            left.get_mut(id).is_some_and(|left| {
                let is_dropped = *left > 0;
                *left = left.saturating_sub(1);
                is_dropped
            })
        });
        let event_ids = ids.take(IDS).collect::<Vec<_>>().join(", ");
        tracing::info!(channel = context.path(), dropped, event_ids, "events are not broadcast");
    }
    Ok(())
}

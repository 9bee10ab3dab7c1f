//! The event as the context of one field or as those of a batch: its first byte decides.

use std::sync::Once;
use std::time::Duration;

use serde_json::value::RawValue;

use crate::appsync::context::FieldContext;
use crate::core::error::FunctionError;
use crate::core::invocation::Invocation;
use crate::core::raw::Incoming;

/// AppSync waits 30 s for all resolvers of a request
/// (<https://docs.aws.amazon.com/general/latest/gr/appsync.html>): a function that has more cannot use it.
const LONGEST: Duration = Duration::from_secs(30);

pub(super) enum Decoded {
    Single(FieldContext),
    /// The context of each item, or the mistake in it.
    Batch(Vec<Result<FieldContext, FunctionError>>),
}

/// Decodes an event.
///
/// # Errors
///
/// `InvalidEvent`: it is neither the context of a field nor a batch.
pub(super) fn decode(incoming: &Incoming) -> Result<Decoded, FunctionError> {
    let Incoming { event, invocation } = incoming;
    let text = event.get();
    if !text.trim_start().starts_with('[') {
        return FieldContext::decode(event, text, invocation).map(Decoded::Single);
    }
    let items = serde_json::from_str::<Vec<&RawValue>>(text)
        .map_err(|_| FunctionError::new("InvalidEvent", "the event is not JSON"))?;
    Ok(Decoded::Batch(items.into_iter().map(|item| FieldContext::decode(event, item.get(), invocation)).collect()))
}

/// Warns once if the function may work longer than AppSync waits.
pub(super) fn warn_of_long_timeout(invocation: &Invocation) {
    static WARNED: Once = Once::new();
    if invocation.remaining().is_some_and(|remaining| remaining > LONGEST) {
        WARNED.call_once(|| {
            tracing::warn!(
                "the time-out of the function is longer than the 30 s that AppSync waits for all resolvers of a request: \
                 set it to 25 s or less"
            );
        });
    }
}

//! The event as the context of one field or as those of a batch: its first byte decides.

use serde_json::value::RawValue;

use crate::appsync::context::FieldContext;
use crate::core::error::FunctionError;
use crate::core::raw::Incoming;

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

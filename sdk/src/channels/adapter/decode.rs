//! The events of a publish.

use std::borrow::Cow;

use serde::Deserialize;
use serde_json::value::RawValue;

use crate::channels::call::IncomingEvent;
use crate::channels::context::{ChannelContext, wrong};
use crate::core::error::FunctionError;
use crate::core::json::is_object;
use crate::core::raw::RawEvent;

#[derive(Deserialize)]
struct Event<'a> {
    #[serde(borrow)]
    id: Cow<'a, str>,
    #[serde(borrow, default)]
    payload: Option<&'a RawValue>,
}

/// Decodes the events; an id may stand twice.
///
/// # Errors
///
/// `InvalidEvent`: there is no list of events, or one of them has no id.
pub(super) fn events(event: &RawEvent, context: &ChannelContext) -> Result<Vec<IncomingEvent>, FunctionError> {
    let list = context.events().ok_or_else(|| wrong("missing field `events`"))?;
    let events = serde_json::from_str::<Vec<&RawValue>>(list).map_err(|_| wrong("`events` is not a list"))?;
    let read = |(index, one): (usize, &RawValue)| {
        // A derived `Deserialize` also accepts a list of the fields in their order.
        let read = is_object(one.get()).then(|| serde_json::from_str::<Event<'_>>(one.get()).ok()).flatten();
        let Event { id, payload } =
            read.ok_or_else(|| wrong(&format!("`events[{index}]` is not `{{id, payload}}`")))?;
        let payload = event.share(payload.map_or("null", RawValue::get));
        Ok(IncomingEvent { id: id.into_owned(), payload })
    };
    events.into_iter().enumerate().map(read).collect()
}

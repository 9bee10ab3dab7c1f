//! [`Payload`]: the payload of one event.

use std::fmt;

use serde::de::DeserializeOwned;

use super::super::call::{ChannelCall, IncomingEvent};
use super::FromPublished;
use crate::core::error::{BoxError, FunctionError};
use crate::core::json;
use crate::function::builder::Sealed;

/// The type of the error of a payload that does not fit.
pub(in crate::channels) const INVALID_PAYLOAD: &str = "InvalidPayload";

/// The payload of the event for which the function is called: any JSON, as the client published it.
///
/// A payload that does not fit `T` fails the event as `InvalidPayload`, with the path and without the value. A client that
/// publishes an event again gets another id of AppSync, so the key of an idempotent function must be in the payload.
///
/// # Example
///
/// ```
/// use pilaster::BoxError;
/// use pilaster::channels::{Handlers, Payload};
///
/// #[derive(serde::Deserialize, serde::Serialize)]
/// struct Message { text: String }
///
/// async fn moderate(Payload(message): Payload<Message>) -> Result<Option<Message>, BoxError> {
///     Ok((message.text.len() < 1000).then_some(message))
/// }
/// # let _ = Handlers::new().publish("/chat/*", moderate);
/// ```
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Payload<T>(pub T);

impl<T: DeserializeOwned + Send> FromPublished for Payload<T> {
    async fn from_published(call: &ChannelCall, _: Sealed) -> Result<Self, BoxError> {
        let event = call.events().first().ok_or("a layer has changed the number of events")?;
        Ok(Self(payload(event)?))
    }
}

/// Decodes the payload of an event.
pub(super) fn payload<T: DeserializeOwned>(event: &IncomingEvent) -> Result<T, FunctionError> {
    json::decode_by_name(event.json().as_bytes()).map_err(|error| {
        let message = format!("`payload` does not match the expected type: {}", error.for_client());
        FunctionError::new(INVALID_PAYLOAD, message)
    })
}

/// Payloads may be personal, and are not shown.
impl<T> fmt::Debug for Payload<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Payload").finish_non_exhaustive()
    }
}

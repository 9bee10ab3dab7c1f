//! [`Event`]: the whole event, decoded into any type.

use std::ops::{Deref, DerefMut};

use serde::de::DeserializeOwned;

use crate::core::error::FunctionError;
use crate::core::json;
use crate::core::raw::Incoming;
use crate::events::handler::FromEvent;

/// The whole event as a `T`: from a Step Functions task, a direct invocation, or any source with a type in
/// `aws_lambda_events`.
///
/// An event that is not a `T` fails the invocation with `InvalidEvent` and the path of the field.
///
/// # Example
///
/// ```
/// use pilaster::{BoxError, Event};
/// use serde::{Deserialize, Serialize};
///
/// #[derive(Deserialize)]
/// struct Order { items: Vec<String> }
///
/// #[derive(Serialize)]
/// struct Reservation { count: usize }
///
/// async fn reserve(Event(order): Event<Order>) -> Result<Reservation, BoxError> {
///     Ok(Reservation { count: order.items.len() })
/// }
/// # let _ = pilaster::handler(reserve);
/// ```
#[derive(Clone, Copy, Debug, Default)]
pub struct Event<T>(pub T);

impl<T> Deref for Event<T> {
    type Target = T;

    fn deref(&self) -> &T {
        &self.0
    }
}

impl<T> DerefMut for Event<T> {
    fn deref_mut(&mut self) -> &mut T {
        &mut self.0
    }
}

impl<T: DeserializeOwned + Send> FromEvent for Event<T> {
    fn from_event(incoming: &Incoming) -> Result<Self, FunctionError> {
        decode(incoming).map(Self)
    }
}

/// Decodes a whole event that must be an object.
pub(crate) fn decode_object<T: DeserializeOwned>(incoming: &Incoming) -> Result<T, FunctionError> {
    match json::is_object(incoming.event.get()) {
        true => decode(incoming),
        false => Err(FunctionError::new("InvalidEvent", "the event must be a JSON object")),
    }
}

/// Decodes a whole event.
fn decode<T: DeserializeOwned>(incoming: &Incoming) -> Result<T, FunctionError> {
    json::decode(incoming.event.get().as_bytes()).map_err(|error| {
        FunctionError::new("InvalidEvent", format!("the event does not match the expected schema: {error}"))
    })
}

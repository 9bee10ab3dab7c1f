//! [`Outgoing`]: an event of the response to a publish.

use std::fmt;

use serde::Serialize;
use serde_json::value::{RawValue, to_raw_value};

use crate::core::error::BoxError;

/// An event of the response of a function of [`publish_all`](super::Handlers::publish_all): the payload that is broadcast
/// under the id of an event of the publish, or the error for its publisher. An event that is left out is not broadcast.
///
/// # Example
///
/// ```
/// use pilaster::FunctionError;
/// use pilaster::channels::{Handlers, Outgoing, Publish};
///
/// async fn ingest(readings: Publish<f64>) -> Result<Vec<Outgoing>, FunctionError> {
///     Ok(readings
///         .into_iter()
///         .map(|event| match event.payload.is_finite() {
///             true => Outgoing::payload(event.id, &event.payload),
///             false => Outgoing::error(event.id, FunctionError::new("NotANumber", "a reading is a number")),
///         })
///         .collect())
/// }
/// # let _ = Handlers::new().publish_all("/metrics/*", ingest);
/// ```
pub struct Outgoing {
    pub(super) id: String,
    pub(super) content: Result<Box<RawValue>, BoxError>,
}

impl Outgoing {
    /// Broadcasts a payload: any value that can be serialized. One that cannot is an error of this event.
    pub fn payload<T: Serialize + ?Sized>(id: impl Into<String>, payload: &T) -> Self {
        Self { id: id.into(), content: to_raw_value(payload).map_err(Into::into) }
    }

    /// Fails an event. Its publisher reads the text of an error that is meant for clients, as that of a function of single
    /// events; [`Unauthorized`](super::Unauthorized) refuses the whole publish.
    pub fn error(id: impl Into<String>, error: impl Into<BoxError>) -> Self {
        Self { id: id.into(), content: Err(error.into()) }
    }

    /// Returns the id.
    pub fn id(&self) -> &str {
        &self.id
    }

    /// Returns the payload as JSON; `None` for an error.
    pub fn json(&self) -> Option<&RawValue> {
        self.content.as_deref().ok()
    }
}

/// The payload is not shown.
impl fmt::Debug for Outgoing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Outgoing")
            .field("id", &self.id)
            .field("is_error", &self.content.is_err())
            .finish_non_exhaustive()
    }
}

//! [`Publish`]: all events of a publish.

use std::{fmt, slice, vec};

use serde::de::DeserializeOwned;

use super::super::call::ChannelCall;
use super::payload::payload;
use crate::core::error::BoxError;
use crate::function::builder::Sealed;

/// All events of one publish to a channel, in their order: the last argument of a function of
/// [`publish_all`](super::super::Handlers::publish_all), which returns `Result<Vec<Outgoing>, E>`.
///
/// An event whose payload does not fit `T` is not here: it fails as `InvalidPayload`. The function is not called without
/// events.
///
/// # Example
///
/// ```
/// use pilaster::BoxError;
/// use pilaster::channels::{Handlers, Outgoing, Publish};
///
/// async fn ingest(readings: Publish<f64>) -> Result<Vec<Outgoing>, BoxError> {
///     let highest = readings.iter().map(|event| event.payload).fold(f64::MIN, f64::max);
///     Ok(readings.into_iter().map(|event| Outgoing::payload(event.id, &highest)).collect())
/// }
/// # let _ = Handlers::new().publish_all("/metrics/*", ingest);
/// ```
#[derive(Clone, PartialEq, Eq)]
pub struct Publish<T> {
    events: Vec<PublishedEvent<T>>,
}

/// The events are shown without their payloads.
impl<T> fmt::Debug for Publish<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Publish").field("events", &self.events).finish()
    }
}

/// One event of a [`Publish`].
#[derive(Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct PublishedEvent<T> {
    /// AppSync's id of the event. A client that publishes it again gets another one.
    pub id: String,
    /// The payload.
    pub payload: T,
}

/// Payloads may be personal, and are not shown.
impl<T> fmt::Debug for PublishedEvent<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PublishedEvent").field("id", &self.id).finish_non_exhaustive()
    }
}

impl<T> Publish<T> {
    /// Returns the events.
    pub fn iter(&self) -> slice::Iter<'_, PublishedEvent<T>> {
        self.events.iter()
    }

    /// Returns the number of events, which is never zero in a function.
    pub fn len(&self) -> usize {
        self.events.len()
    }

    /// Returns `true` without events.
    pub fn is_empty(&self) -> bool {
        self.events.is_empty()
    }
}

impl<T> IntoIterator for Publish<T> {
    type Item = PublishedEvent<T>;
    type IntoIter = vec::IntoIter<PublishedEvent<T>>;

    fn into_iter(self) -> Self::IntoIter {
        self.events.into_iter()
    }
}

impl<'p, T> IntoIterator for &'p Publish<T> {
    type Item = &'p PublishedEvent<T>;
    type IntoIter = slice::Iter<'p, PublishedEvent<T>>;

    fn into_iter(self) -> Self::IntoIter {
        self.iter()
    }
}

/// The last argument of a handler of all events: [`Publish`]. Other types cannot implement it.
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be the last argument of a handler of all events",
    label = "not `Publish<T>`",
    note = "a handler of `publish_all` takes `Publish<T>` of `pilaster::channels` as its last argument",
    note = "see https://pilaster-rs.github.io/pilaster/troubleshooting-appsync.html"
)]
pub trait FromPublish: Sized + Send {
    /// Decodes the events; returns those that fit, and the place and the error of each other one.
    #[doc(hidden)]
    fn from_events(call: &ChannelCall, sealed: Sealed) -> (Self, Vec<(usize, BoxError)>);
    #[doc(hidden)]
    fn has_events(&self, sealed: Sealed) -> bool;
}

impl<T: DeserializeOwned + Send> FromPublish for Publish<T> {
    fn from_events(call: &ChannelCall, _: Sealed) -> (Self, Vec<(usize, BoxError)>) {
        let (mut events, mut failed) = (Vec::with_capacity(call.events().len()), Vec::new());
        for (index, event) in call.events().iter().enumerate() {
            match payload(event) {
                Ok(payload) => events.push(PublishedEvent { id: event.id().to_owned(), payload }),
                Err(error) => failed.push((index, error.into())),
            }
        }
        (Self { events }, failed)
    }

    fn has_events(&self, _: Sealed) -> bool {
        !self.is_empty()
    }
}

//! The function of the stream of the events table.

use pilaster::{BoxError, Change, Client, lambda_handler};
use projection::{Event, Projection};
use serde::Deserialize;

#[cfg(test)]
mod tests;

#[derive(Deserialize)]
struct EventKey {
    pk: String,
    sk: String,
}

#[lambda_handler(warm(Client<Projection>))]
async fn project(Client(projection): Client<Projection>, change: Change<Event, (), EventKey>) -> Result<(), BoxError> {
    // If an event is removed, its effect remains.
    let Some(event) = change.new_image() else { return Ok(()) };
    projection.apply(&change.keys().pk, &change.keys().sk, event).await
}

//! The function of the stream of the events table.

use pilaster::records::Batch;
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

// The events of an account are processed in order, those of different accounts concurrently.
#[lambda_handler(batch = Batch::new().ordered_by("pk"), warm(Client<Projection>))]
async fn project(Client(projection): Client<Projection>, change: Change<Event, (), EventKey>) -> Result<(), BoxError> {
    let EventKey { pk, sk } = change.keys();
    if let Some(event) = change.new_image() {
        projection.apply(pk, sk, event).await?;
    }
    match change {
        Change::Insert { .. } => Ok(()),
        // The correction of an invalid event changes an event, too, but one that was not applied.
        _ => projection.verify(pk).await,
    }
}

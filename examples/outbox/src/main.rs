//! Publishes the events of the table's stream: `cargo run -p outbox -- examples/outbox/events/stream.json`

mod bus;
#[cfg(test)]
mod tests;

use outbox::Event;
use pilaster::records::Batch;
use pilaster::{BoxError, Change, Client, lambda_handler};

use crate::bus::Bus;

/// Each event is an item of its own. The events of an order have the same partition key.
fn batch() -> Batch {
    Batch::new().ordered_by("pk")
}

#[lambda_handler(batch = batch(), warm(Client<Bus>))]
async fn publish(Client(bus): Client<Bus>, change: Change<Event, ()>) -> Result<(), BoxError> {
    // A modified item is published again, which an operator asks for. A removed one has expired.
    if let Some(event) = change.new_image() {
        bus.publish(event).await?;
        tracing::info!(event = event.id, "published");
    }
    Ok(())
}

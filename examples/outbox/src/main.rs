//! Publishes the events of the table's stream: `cargo run -p outbox -- examples/outbox/events/stream.json`

mod bus;
#[cfg(test)]
mod tests;

use outbox::{Event, Orders};
use pilaster::records::Batch;
use pilaster::{BoxError, Change, Client, lambda_handler};

use crate::bus::Bus;

/// Each event is an item of its own. The events of an order have the same partition key.
fn batch() -> Batch {
    Batch::new().ordered_by("pk")
}

#[lambda_handler(batch = batch(), warm(Client<Bus>, Client<Orders>))]
async fn publish(
    Client(bus): Client<Bus>,
    Client(orders): Client<Orders>,
    change: Change<Event, ()>,
) -> Result<(), BoxError> {
    // An operator modifies an item to publish it after its record was given up. A removed one is published.
    if let Some(event) = change.new_image() {
        bus.publish(event).await?;
        orders.published(event).await?;
        tracing::info!(event = event.id, "published");
    }
    Ok(())
}

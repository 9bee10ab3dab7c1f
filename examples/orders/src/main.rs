//! Ships orders from a standard and a FIFO queue, each order once. To run it locally:
//! `cargo run -p orders -- examples/orders/events/four-orders.json`

mod warehouse;

#[cfg(test)]
mod tests;

use std::time::{Duration, Instant};

use pilaster::records::{Next, Record, RecordError, RecordResponse, from_fn};
use pilaster::{BoxError, Client, Sqs, lambda_handler};
use tower::timeout::TimeoutLayer;

use crate::warehouse::{Order, ShipError, Warehouse};

/// The time limit for one order. An order that exceeds it fails alone and is retried.
const ORDER_TIMEOUT: Duration = Duration::from_secs(5);

#[lambda_handler(layer = (from_fn(timed), TimeoutLayer::new(ORDER_TIMEOUT)), concurrency = 5, warm(Client<Warehouse>))]
async fn ship(Client(warehouse): Client<Warehouse>, order: Sqs<Order>) -> Result<(), RecordError> {
    let is_new = warehouse.ship(&order).await.map_err(|error| match error {
        // A retry cannot succeed, and there is nothing to review.
        ShipError::NothingOrdered => RecordError::discard(error),
        // After the last attempt, the message moves to the dead-letter queue.
        _ => RecordError::retry(error),
    })?;
    tracing::info!(order = order.id, customer = order.customer, is_new, "shipped the order");
    Ok(())
}

/// A custom layer around each order: logs orders that are slow or fail repeatedly.
async fn timed(record: Record, next: Next) -> Result<RecordResponse, BoxError> {
    let (receive_count, start) = (record.receive_count(), Instant::now());
    let response = next.run(record).await;
    let took_ms = start.elapsed().as_millis();
    if took_ms > 1_000 || receive_count > Some(3) {
        tracing::warn!(took_ms, receive_count, ok = response.is_ok(), "slow or repeatedly failing order");
    }
    response
}

//! Ships orders from a standard and a FIFO queue, each order once. To run it locally:
//! `cargo run -p orders -- examples/orders/event.json`

use std::time::{Duration, Instant};

use orders::order::{Order, ShipError};
use orders::warehouse::Warehouse;
use pilaster::records::{Next, Record, RecordError, RecordResponse, from_fn};
use pilaster::{BoxError, Client, Sqs, lambda_handler};
use tower::timeout::TimeoutLayer;

/// The time limit for one order. An order that exceeds it fails alone and is retried.
const ORDER_TIMEOUT: Duration = Duration::from_secs(5);

#[lambda_handler(layer = (from_fn(timed), TimeoutLayer::new(ORDER_TIMEOUT)), concurrency = 5, warm(Client<Warehouse>))]
async fn ship(Client(warehouse): Client<Warehouse>, order: Sqs<Order>) -> Result<(), BoxError> {
    match warehouse.ship(&order).await {
        Ok(true) => tracing::info!(order = order.id, customer = order.customer, "shipped"),
        Ok(false) => tracing::info!(order = order.id, "already shipped"),
        // Permanent and uninteresting: drop it instead of retrying.
        Err(error @ ShipError::NothingOrdered) => return Err(RecordError::discard(error).into()),
        // Retried; after the last attempt the message moves to the dead-letter queue.
        Err(error) => return Err(error.into()),
    }
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

#[cfg(test)]
mod tests {
    use pilaster::testing::mapping::Mapping;
    use pilaster::testing::sqs::message;
    use pilaster::testing::{Caller, sqs};
    use pilaster::{Clients, RawService, handler};
    use serde_json::{Value, json};

    use super::*;

    fn function() -> (Caller<impl RawService>, Warehouse) {
        let (clients, warehouse) = (Clients::new(), Warehouse::in_memory());
        clients.insert(warehouse.clone());
        let function = handler(ship).layer((from_fn(timed), TimeoutLayer::new(ORDER_TIMEOUT))).concurrency(5);
        (Caller::new(function).with_clients(clients), warehouse)
    }

    fn order(id: &str, quantity: u32) -> Value {
        json!({ "id": id, "customer": "ada", "product": "tea", "quantity": quantity })
    }

    fn ids(warehouse: &Warehouse) -> Vec<String> {
        warehouse.shipped().into_iter().map(|order| order.id).collect()
    }

    #[tokio::test]
    async fn the_sample_event_ships_two_orders_and_returns_one_failure() -> Result<(), Box<dyn std::error::Error>> {
        let (function, warehouse) = function();
        let response = function.call_text(include_str!("../event.json")).await?;
        let failed = json!([{ "itemIdentifier": "2e1424d4-f796-459a-8184-9c92662be6da" }]);
        assert_eq!(response, json!({ "batchItemFailures": failed }));
        assert_eq!(ids(&warehouse), ["o-1", "o-4"]);
        Ok(())
    }

    #[tokio::test]
    async fn a_failed_order_is_retried_alone_and_ends_in_the_dead_letter_queue() {
        let (function, warehouse) = function();
        let queue = sqs([
            message(order("o-1", 1)).id("good"),
            message("poison").id("poison"),
            message(order("o-2", 5_000)).id("too many"),
            message(order("o-3", 0)).id("nothing"),
            message(order("o-1", 1)).id("duplicate"),
        ]);
        let report = Mapping::sqs(queue).max_receive_count(5).run(&function).await;
        assert_eq!(report.completed(), ["good", "nothing", "duplicate"]);
        assert_eq!(report.dead_lettered(), ["poison", "too many"]);
        assert_eq!(["good", "nothing", "duplicate", "poison"].map(|id| report.deliveries(id)), [1, 1, 1, 5]);
        assert_eq!(ids(&warehouse), ["o-1"]);
    }

    #[tokio::test]
    async fn orders_of_a_customer_are_shipped_in_order_even_if_one_fails() {
        let (function, warehouse) = function();
        let queue = sqs([
            message(order("a-1", 1)).group("ada"),
            message(order("a-2", 5_000)).group("ada"),
            message(order("b-1", 1)).group("bob"),
            message(order("a-3", 1)).group("ada"),
        ]);
        // As in `template.yaml`. A larger batch would dead-letter the orders behind a failed one with it.
        let report = Mapping::sqs(queue).batch_size(1).max_receive_count(5).run(&function).await;
        assert_eq!((report.completed().len(), report.dead_lettered().len()), (3, 1));
        assert!(report.overtook().is_empty());
        let shipped = ids(&warehouse);
        assert_eq!(shipped.iter().filter(|id| id.starts_with('a')).collect::<Vec<_>>(), ["a-1", "a-3"]);
    }

    #[tokio::test(start_paused = true)]
    async fn an_order_that_hangs_times_out_alone_and_is_retried() -> Result<(), Box<dyn std::error::Error>> {
        async fn hangs(order: Sqs<String>) {
            if order.body == "hangs" {
                std::future::pending().await
            }
        }
        let function = handler(hangs).layer((from_fn(timed), TimeoutLayer::new(ORDER_TIMEOUT)));
        let function = Caller::new(function).with_time_left(Duration::from_secs(30));
        let response = function.call(sqs([message("good"), message("hangs").id("7"), message("good")])).await?;
        assert_eq!(response, json!({ "batchItemFailures": [{ "itemIdentifier": "7" }] }));
        Ok(())
    }
}

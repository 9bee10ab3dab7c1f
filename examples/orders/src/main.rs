//! Orders from two queues, a standard one and a FIFO one, each shipped once. To try it:
//! `cargo run -p orders -- examples/orders/event.json`

use std::time::{Duration, Instant};

use orders::order::{Order, ShipError};
use orders::warehouse::Warehouse;
use pilaster::records::{Next, Record, RecordError, RecordResponse, from_fn};
use pilaster::{BoxError, Client, Sqs, lambda_handler};
use tower::timeout::TimeoutLayer;

/// What one order may take; then it alone is given up, and comes again.
const AN_ORDER: Duration = Duration::from_secs(5);

#[lambda_handler(layer = (from_fn(timed), TimeoutLayer::new(AN_ORDER)), concurrency = 5, warm(Client<Warehouse>))]
async fn ship(Client(warehouse): Client<Warehouse>, order: Sqs<Order>) -> Result<(), BoxError> {
    match warehouse.ship(&order).await {
        Ok(true) => tracing::info!(order = order.id, customer = order.customer, "shipped"),
        Ok(false) => tracing::info!(order = order.id, "was shipped before"),
        // No try will make an order of it, and nobody needs to look at it later.
        Err(error @ ShipError::NothingOrdered) => return Err(RecordError::discard(error).into()),
        // Tried again; at last the message is in the dead-letter queue.
        Err(error) => return Err(error.into()),
    }
    Ok(())
}

/// A layer of one's own, around each order: tells what took long, and what comes again and again.
async fn timed(record: Record, next: Next) -> Result<RecordResponse, BoxError> {
    let (receive_count, start) = (record.receive_count(), Instant::now());
    let answer = next.run(record).await;
    let took_ms = start.elapsed().as_millis();
    if took_ms > 1_000 || receive_count > Some(3) {
        tracing::warn!(took_ms, receive_count, ok = answer.is_ok(), "an order gives trouble");
    }
    answer
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
        let function = handler(ship).layer((from_fn(timed), TimeoutLayer::new(AN_ORDER))).concurrency(5);
        (Caller::new(function).with_clients(clients), warehouse)
    }

    fn order(id: &str, quantity: u32) -> Value {
        json!({ "id": id, "customer": "ada", "product": "tea", "quantity": quantity })
    }

    fn ids(warehouse: &Warehouse) -> Vec<String> {
        warehouse.shipped().into_iter().map(|order| order.id).collect()
    }

    #[tokio::test]
    async fn the_event_of_the_folder_ships_two_orders_and_gives_one_back() -> Result<(), Box<dyn std::error::Error>> {
        let (function, warehouse) = function();
        let answer = function.call_text(include_str!("../event.json")).await?;
        let failed = json!([{ "itemIdentifier": "2e1424d4-f796-459a-8184-9c92662be6da" }]);
        assert_eq!(answer, json!({ "batchItemFailures": failed }));
        assert_eq!(ids(&warehouse), ["o-1", "o-4"]);
        Ok(())
    }

    #[tokio::test]
    async fn what_fails_is_tried_again_alone_and_ends_in_the_dead_letter_queue() {
        let (function, warehouse) = function();
        let queue = sqs([
            message(order("o-1", 1)).id("good"),
            message("poison").id("poison"),
            message(order("o-2", 5_000)).id("too many"),
            message(order("o-3", 0)).id("nothing"),
            message(order("o-1", 1)).id("double"),
        ]);
        let report = Mapping::sqs(queue).max_receive_count(5).run(&function).await;
        assert_eq!(report.completed(), ["good", "nothing", "double"]);
        assert_eq!(report.dead_lettered(), ["poison", "too many"]);
        assert_eq!(["good", "nothing", "double", "poison"].map(|id| report.deliveries(id)), [1, 1, 1, 5]);
        assert_eq!(ids(&warehouse), ["o-1"]);
    }

    #[tokio::test]
    async fn the_orders_of_a_customer_are_shipped_in_their_order_though_one_of_them_fails() {
        let (function, warehouse) = function();
        let queue = sqs([
            message(order("a-1", 1)).group("ada"),
            message(order("a-2", 5_000)).group("ada"),
            message(order("b-1", 1)).group("bob"),
            message(order("a-3", 1)).group("ada"),
        ]);
        // As in `template.yaml`: what waits behind the second one would else be received as often, and end like it.
        let report = Mapping::sqs(queue).batch_size(1).max_receive_count(5).run(&function).await;
        assert_eq!((report.completed().len(), report.dead_lettered().len()), (3, 1));
        assert!(report.overtook().is_empty());
        let shipped = ids(&warehouse);
        assert_eq!(shipped.iter().filter(|id| id.starts_with('a')).collect::<Vec<_>>(), ["a-1", "a-3"]);
    }

    #[tokio::test(start_paused = true)]
    async fn an_order_that_hangs_is_given_up_alone_and_comes_again() -> Result<(), Box<dyn std::error::Error>> {
        async fn hangs(order: Sqs<String>) {
            if order.body == "hangs" {
                std::future::pending().await
            }
        }
        let function = handler(hangs).layer((from_fn(timed), TimeoutLayer::new(AN_ORDER)));
        let function = Caller::new(function).with_time_left(Duration::from_secs(30));
        let answer = function.call(sqs([message("good"), message("hangs").id("7"), message("good")])).await?;
        assert_eq!(answer, json!({ "batchItemFailures": [{ "itemIdentifier": "7" }] }));
        Ok(())
    }
}

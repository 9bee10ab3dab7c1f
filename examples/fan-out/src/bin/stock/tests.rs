use fan_out::Store;
use pilaster::table::Table;
use pilaster::testing::{Caller, sns};
use pilaster::{BoxError, Clients, RawService};
use serde_json::{Value, json};

fn tested() -> (Caller<impl RawService>, Table) {
    let (clients, table) = (Clients::new(), Table::in_memory());
    clients.insert(Store(table.clone()));
    (Caller::new(super::stock::function()).with_clients(clients), table)
}

fn order(id: &str, quantity: u32) -> Value {
    let total = json!({ "amount": 1800, "currency": "EUR" });
    json!({ "id": id, "email": "ada@example.com", "product": "tea", "quantity": quantity, "total": total })
}

async fn units(table: &Table) -> Option<i64> {
    table.get::<Value>("stock#tea").await.expect("an item").map(|stock| stock["units"].as_i64().expect("units"))
}

#[tokio::test]
async fn a_placed_order_decreases_the_stock_and_a_cancelled_one_restores_it() -> Result<(), BoxError> {
    let (function, table) = tested();
    // In any order, and repeated.
    for (kind, expected) in [("cancelled", 2), ("placed", 0), ("paid", 0), ("placed", 0), ("cancelled", 0)] {
        // Raw delivery, as in `template.yaml`.
        let response = function.call(sns([order("o-1", 2)]).attribute("kind", kind).through_sqs_raw()).await?;
        assert_eq!(response, json!({ "batchItemFailures": [] }));
        assert_eq!(units(&table).await, Some(expected), "{kind}");
    }
    Ok(())
}

#[tokio::test]
async fn a_repeated_message_with_another_quantity_fails() -> Result<(), BoxError> {
    let (function, table) = tested();
    function.call(sns([order("o-1", 2)]).attribute("kind", "placed").through_sqs_raw()).await?;
    let response = function.call(sns([order("o-1", 3)]).attribute("kind", "placed").through_sqs_raw()).await?;
    assert_eq!(response["batchItemFailures"].as_array().map(Vec::len), Some(1), "{response}");
    assert_eq!(units(&table).await, Some(-2));
    Ok(())
}

#[tokio::test]
async fn orders_of_a_product_at_the_same_time_are_all_counted() -> Result<(), BoxError> {
    let (function, table) = tested();
    let orders = sns((0..30).map(|at| order(&format!("o-{at}"), 1))).attribute("kind", "placed").through_sqs_raw();
    let (first, second) = tokio::join!(function.call(orders.event()), function.call(orders.event()));
    for response in [first?, second?] {
        assert_eq!(response, json!({ "batchItemFailures": [] }));
    }
    assert_eq!(units(&table).await, Some(-30));
    Ok(())
}

#[tokio::test]
async fn the_table_is_opened_before_the_first_message() {
    let clients = Clients::new();
    Caller::new(super::stock::function()).with_clients(clients.clone()).warm_up().await;
    assert!(clients.contains::<Store>());
}

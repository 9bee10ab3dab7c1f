//! The function as it is deployed, with a table in memory.

use pilaster::observe::logging::CapturedLogs;
use pilaster::table::Table;
use pilaster::testing::mapping::Mapping;
use pilaster::testing::sqs::message;
use pilaster::testing::{Caller, sqs};
use pilaster::{BoxError, Clients, RawService};
use serde_json::{Value, json};

use crate::warehouse::{MAX_QUANTITY, Shipment, Warehouse};

fn tested() -> (Caller<impl RawService>, Table) {
    let (clients, table) = (Clients::new(), Table::in_memory());
    clients.insert(Warehouse(table.clone()));
    (Caller::new(crate::ship::function()).with_clients(clients), table)
}

fn order(id: &str, quantity: u32) -> Value {
    json!({ "id": id, "customer": "ada", "product": "tea", "quantity": quantity })
}

/// Returns those of these orders that are shipped.
async fn shipped<'a>(table: &Table, ids: &[&'a str]) -> Vec<&'a str> {
    let mut shipped = Vec::new();
    for id in ids {
        if table.get::<Shipment>(format!("shipment#{id}")).await.expect("a shipment").is_some() {
            shipped.push(*id);
        }
    }
    shipped
}

#[tokio::test]
async fn the_sample_event_ships_two_orders_and_returns_one_failure() -> Result<(), BoxError> {
    let (function, table) = tested();
    let response = function.call_text(include_str!("../events/four-orders.json")).await?;
    let failed = json!([{ "itemIdentifier": "2e1424d4-f796-459a-8184-9c92662be6da" }]);
    assert_eq!(response, json!({ "batchItemFailures": failed }));
    assert_eq!(shipped(&table, &["o-1", "o-2", "o-3", "o-4"]).await, ["o-1", "o-4"]);
    Ok(())
}

#[tokio::test]
async fn a_failed_order_is_retried_alone_and_ends_in_the_dead_letter_queue() {
    let (function, table) = tested();
    let queue = sqs([
        message(order("o-1", 1)).id("good"),
        message("poison").id("poison"),
        message(order("o-2", MAX_QUANTITY + 1)).id("too many"),
        message(order("o-3", 0)).id("nothing"),
        message(order("o-4", MAX_QUANTITY)).id("many"),
        message(order("o-1", 1)).id("duplicate"),
    ]);
    let report = Mapping::sqs(queue).max_receive_count(5).run(&function).await;
    assert_eq!(report.completed(), ["good", "nothing", "many", "duplicate"]);
    assert_eq!(report.dead_lettered(), ["poison", "too many"]);
    assert_eq!(["good", "nothing", "duplicate", "poison"].map(|id| report.deliveries(id)), [1, 1, 1, 5]);
    assert_eq!(shipped(&table, &["o-1", "o-2", "o-3", "o-4"]).await, ["o-1", "o-4"]);
}

#[tokio::test]
async fn a_second_message_of_an_order_with_other_content_is_not_acknowledged() {
    let (function, table) = tested();
    let queue =
        sqs([message(order("o-1", 1)).group("ada").id("first"), message(order("o-1", 2)).group("ada").id("second")]);
    let report = Mapping::sqs(queue).batch_size(1).max_receive_count(5).run(&function).await;
    assert_eq!((report.completed(), report.dead_lettered()), (vec!["first"], vec!["second"]));
    let shipment = table.get::<Shipment>("shipment#o-1").await.expect("a shipment").expect("it is shipped");
    assert_eq!(shipment.order.quantity, 1);
}

#[tokio::test]
async fn orders_of_a_customer_are_shipped_in_order_even_if_one_fails() {
    let (function, table) = tested();
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
    assert_eq!(shipped(&table, &["a-1", "a-2", "a-3", "b-1"]).await, ["a-1", "a-3", "b-1"]);
}

#[tokio::test]
async fn an_order_that_failed_repeatedly_is_logged() -> Result<(), BoxError> {
    let (function, _) = tested();
    let logs = CapturedLogs::default();
    let function = function.with_logs(&logs);
    for (receive_count, lines) in [(3, 0), (4, 1)] {
        function.call(sqs([message("poison").receive_count(receive_count)])).await?;
        let slow = |line: &&Value| line["message"] == "slow or repeatedly failing order";
        assert_eq!(logs.lines().iter().filter(slow).count(), lines, "{receive_count}");
    }
    Ok(())
}

#[tokio::test]
async fn each_discarded_order_is_a_line_that_the_alarm_counts() -> Result<(), BoxError> {
    let (function, _) = tested();
    let logs = CapturedLogs::default();
    let orders = [0, 1, 0, MAX_QUANTITY + 1].map(|quantity| order(&format!("o-{quantity}"), quantity));
    function.with_logs(&logs).call(sqs(orders)).await?;
    let template = include_str!("../template.yaml");
    let filter = template.split("FilterPattern: '{ $.message = \"").nth(1).and_then(|rest| rest.split('"').next());
    let filter = filter.expect("a filter");
    assert_eq!(logs.lines().iter().filter(|line| line["message"] == filter).count(), 2, "{filter}");
    Ok(())
}

#[tokio::test]
async fn the_table_is_opened_before_the_first_order() {
    let clients = Clients::new();
    Caller::new(crate::ship::function()).with_clients(clients.clone()).warm_up().await;
    assert!(clients.contains::<Warehouse>());
}

#[cfg(feature = "aws")]
#[tokio::test(start_paused = true)]
async fn each_order_that_hangs_times_out_by_itself_and_five_of_them_at_a_time() -> Result<(), BoxError> {
    use std::time::Duration;

    use aws_sdk_dynamodb::config::{BehaviorVersion, Credentials, Region, SharedHttpClient};

    // A table that takes the requests and never answers.
    let listener = std::net::TcpListener::bind("127.0.0.1:0")?;
    let clients = Clients::new();
    let config = aws_sdk_dynamodb::Config::builder()
        .behavior_version(BehaviorVersion::latest())
        .endpoint_url(format!("http://{}", listener.local_addr()?))
        .region(Region::from_static("eu-central-1"))
        .credentials_provider(Credentials::new("key", "secret", None, None, "test"))
        .http_client(clients.get::<SharedHttpClient>().await?);
    clients.insert(Warehouse(Table::new(aws_sdk_dynamodb::Client::from_conf(config.build()), "shipments")));
    let logs = CapturedLogs::default();
    let function = Caller::new(crate::ship::function()).with_clients(clients).with_logs(&logs);
    let function = function.with_time_left(Duration::from_secs(30));

    let start = tokio::time::Instant::now();
    let response = function.call(sqs((0..10).map(|at| order(&format!("o-{at}"), 1)))).await?;
    assert_eq!(response["batchItemFailures"].as_array().map(Vec::len), Some(10), "{response}");
    assert_eq!(start.elapsed().as_secs(), 10, "twice five orders of 5 s");
    let timed_out = |line: &&Value| line.to_string().contains("request timed out");
    assert!(logs.lines().iter().filter(timed_out).count() >= 10, "{:?}", logs.lines());
    Ok(())
}

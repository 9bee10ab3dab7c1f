use fan_out::Store;
use pilaster::table::Table;
use pilaster::testing::{Caller, sns};
use pilaster::{BoxError, Clients, RawService};
use serde_json::{Value, json};

fn tested() -> (Caller<impl RawService>, Table) {
    let (clients, table) = (Clients::new(), Table::in_memory());
    clients.insert(Store(table.clone()));
    (Caller::new(super::email::function()).with_clients(clients), table)
}

fn order(email: &str) -> Value {
    json!({ "id": "o-1", "email": email, "product": "tea", "quantity": 2, "total": { "amount": 1800, "currency": "EUR" } })
}

/// Returns what the provider has sent for this key.
async fn sent(table: &Table, key: &str) -> Option<Value> {
    table.get(format!("provider#{key}")).await.expect("an item")
}

#[tokio::test]
async fn a_customer_gets_one_email_however_the_message_is_delivered() -> Result<(), BoxError> {
    let (function, table) = tested();
    let response = function.call_text(include_str!("../../../events/placed.json")).await?;
    assert_eq!(response, json!({ "batchItemFailures": [] }));
    let expected = json!({ "to": "ada@example.com", "text": "We have received your order o-1: 2 x tea." });
    assert_eq!(sent(&table, "Placed#o-1").await, Some(expected));

    // Once more, after the provider has forgotten its idempotency keys: nothing is sent.
    table.delete("provider#Placed#o-1").await?;
    let again = sns([order("ada@example.com")]).attribute("kind", "placed");
    for event in [again.event(), again.through_sqs().event(), again.through_sqs_raw().event()] {
        function.call(event).await?;
    }
    assert_eq!(sent(&table, "Placed#o-1").await, None);
    Ok(())
}

#[tokio::test]
async fn a_message_of_the_same_order_with_other_content_fails() -> Result<(), BoxError> {
    let (function, table) = tested();
    function.call(sns([order("ada@example.com")]).attribute("kind", "placed").through_sqs()).await?;
    let mut twelve = order("ada@example.com");
    twelve["quantity"] = json!(12);
    for other in [order("bob@example.com"), twelve] {
        let response = function.call(sns([other]).attribute("kind", "placed").through_sqs()).await?;
        assert_eq!(response["batchItemFailures"].as_array().map(Vec::len), Some(1), "{response}");
    }
    assert_eq!(sent(&table, "Placed#o-1").await.expect("an e-mail")["to"], "ada@example.com");
    Ok(())
}

#[tokio::test]
async fn a_crash_before_the_sending_loses_no_email() -> Result<(), BoxError> {
    let (function, table) = tested();
    // The provider fails, which is as far as a crash before the sending gets.
    let rejected = sns([order("nobody")]).attribute("kind", "paid").through_sqs();
    let response = function.call(rejected).await?;
    assert_eq!(response["batchItemFailures"].as_array().map(Vec::len), Some(1), "{response}");
    assert_eq!(table.get::<Value>("sent#Paid#o-1").await?, None, "nothing says that the e-mail was sent");

    let redelivered = sns([order("ada@example.com")]).attribute("kind", "paid").through_sqs();
    assert_eq!(function.call(redelivered).await?, json!({ "batchItemFailures": [] }));
    assert!(sent(&table, "Paid#o-1").await.is_some());
    Ok(())
}

#[tokio::test]
async fn a_crash_after_the_sending_repeats_it_with_the_same_key() -> Result<(), BoxError> {
    let (function, table) = tested();
    super::send(&table, "Placed#o-1", "ada@example.com", "the first try").await?;
    function.call(sns([order("ada@example.com")]).attribute("kind", "placed").through_sqs()).await?;
    assert_eq!(sent(&table, "Placed#o-1").await.expect("an e-mail")["text"], "the first try");
    assert!(table.get::<Value>("sent#Placed#o-1").await?.is_some());
    Ok(())
}

#[tokio::test]
async fn each_event_of_an_order_has_its_own_email() -> Result<(), BoxError> {
    let (function, table) = tested();
    for (kind, key) in [("placed", "Placed#o-1"), ("paid", "Paid#o-1"), ("cancelled", "Cancelled#o-1")] {
        function.call(sns([order("ada@example.com")]).attribute("kind", kind).through_sqs()).await?;
        assert!(sent(&table, key).await.is_some(), "{kind}");
    }
    Ok(())
}

#[tokio::test]
async fn a_message_without_a_known_kind_is_retried_alone() -> Result<(), BoxError> {
    let (function, _) = tested();
    let order = order("ada@example.com");
    for event in [sns([&order]), sns([&order]).attribute("kind", "lost"), sns([&Value::Null]).attribute("kind", "paid")]
    {
        let response = function.call(event.through_sqs()).await?;
        assert_eq!(response["batchItemFailures"].as_array().map(Vec::len), Some(1), "{response}");
    }
    Ok(())
}

#[tokio::test]
async fn the_table_is_opened_before_the_first_message() {
    let clients = Clients::new();
    Caller::new(super::email::function()).with_clients(clients.clone()).warm_up().await;
    assert!(clients.contains::<Store>());
}

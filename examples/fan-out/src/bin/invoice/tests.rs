use fan_out::{Order, Store};
use pilaster::table::Table;
use pilaster::testing::mapping::Mapping;
use pilaster::testing::{Caller, sns};
use pilaster::{BoxError, Clients, RawService};
use serde_json::{Value, json};

fn tested() -> (Caller<impl RawService>, Table) {
    let (clients, table) = (Clients::new(), Table::in_memory());
    clients.insert(Store(table.clone()));
    (Caller::new(super::issue::function()).with_clients(clients), table)
}

fn order(id: &str, amount: i64) -> Value {
    let total = json!({ "amount": amount, "currency": "EUR" });
    json!({ "id": id, "email": "ada@example.com", "product": "tea", "quantity": 2, "total": total })
}

#[tokio::test]
async fn an_amount_that_needs_review_is_dead_lettered_and_the_others_are_invoiced() -> Result<(), BoxError> {
    let (function, table) = tested();
    let orders =
        [order("o-1", 1805), order("o-2", 1_000_001), order("o-3", 5), order("o-4", 0), order("o-5", i64::MIN)];
    let paid = sns(orders).attribute("kind", "paid");
    let report = Mapping::sqs(paid.through_sqs()).max_receive_count(5).run(&function).await;
    assert_eq!((report.completed().len(), report.dead_lettered().len()), (2, 3));
    for (id, amount) in [("o-1", Some(1805)), ("o-2", None), ("o-3", Some(5)), ("o-4", None), ("o-5", None)] {
        let invoice = table.get::<Order>(format!("invoice#{id}")).await?;
        assert_eq!(invoice.map(|invoice| invoice.total.amount), amount, "{id}");
    }
    Ok(())
}

#[tokio::test]
async fn a_repeated_message_is_acknowledged_and_one_with_another_amount_is_not() -> Result<(), BoxError> {
    let (function, table) = tested();
    let messages = sns([order("o-1", 1805), order("o-1", 1805), order("o-1", 9)]).attribute("kind", "paid");
    let report = Mapping::sqs(messages.through_sqs()).max_receive_count(3).run(&function).await;
    assert_eq!((report.completed().len(), report.dead_lettered().len()), (2, 1));
    let invoice = table.get::<Order>("invoice#o-1").await?.expect("an invoice");
    assert!([1805, 9].contains(&invoice.total.amount), "one of them, and the other is in the dead-letter queue");
    Ok(())
}

#[tokio::test]
async fn the_table_is_opened_before_the_first_message() {
    let clients = Clients::new();
    Caller::new(super::issue::function()).with_clients(clients.clone()).warm_up().await;
    assert!(clients.contains::<Store>());
}

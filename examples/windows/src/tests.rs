use pilaster::testing::{Caller, kinesis};
use pilaster::{FunctionError, RawService};
use serde_json::{Value, json};
use windows::money::Currency;

use super::*;

type TestResult = Result<(), BoxError>;

const START: &str = "2026-11-29T10:00:00Z";

/// A shard of a stream whose mapping has a tumbling window: it passes the state on, as Lambda does.
struct Shard<R> {
    function: Caller<R>,
    table: Table,
    state: Value,
}

fn shard() -> Shard<impl RawService> {
    let (table, clients) = (Table::in_memory(), Clients::new());
    clients.insert(Reports(table.clone()));
    Shard { function: Caller::new(add_up::function()).with_clients(clients), table, state: json!({}) }
}

impl<R: RawService> Shard<R> {
    /// Sends a batch. If it fails, the state is that before the batch.
    async fn send(&mut self, records: &[Value], is_final: bool) -> Result<(), FunctionError> {
        let mut event = kinesis(records.to_vec()).event();
        event["window"] = json!({ "start": START, "end": "2026-11-29T10:01:00Z" });
        event["state"] = self.state.clone();
        event["shardId"] = json!("shardId-000000000000");
        event["isFinalInvokeForWindow"] = json!(is_final);
        self.state = self.function.call(event).await?["state"].clone();
        Ok(())
    }

    async fn stored(&self) -> Result<Option<Totals>, BoxError> {
        Ok(self.table.get((START, "shardId-000000000000")).await?)
    }
}

fn sale(amount: i64, currency: &str) -> Value {
    json!({ "id": "s-1", "money": { "amount": amount, "currency": currency }, "card": "4111 1111 1111 1111" })
}

#[tokio::test]
async fn the_sample_event_ends_a_window() -> TestResult {
    let shard = shard();
    shard.function.call_text(include_str!("../events/window.json")).await?;
    let sums = vec![Money::new(2_998, Currency::Eur), Money::new(500, Currency::Chf)];
    assert_eq!(shard.stored().await?, Some(Totals { sales: 3, sums }));
    Ok(())
}

#[tokio::test]
async fn the_sales_of_a_window_are_added_up_batch_by_batch_and_stored_at_its_end() -> TestResult {
    let mut shard = shard();
    shard.send(&[sale(1_999, "EUR"), sale(500, "CHF")], false).await?;
    shard.send(&[sale(-999, "EUR")], false).await?;
    assert_eq!(shard.stored().await?, None, "the window has not ended");
    for _ in 0..2 {
        // Lambda invokes the function again if it got no response.
        shard.send(&[], true).await?;
        let sums = vec![Money::new(1_000, Currency::Eur), Money::new(500, Currency::Chf)];
        assert_eq!(shard.stored().await?, Some(Totals { sales: 3, sums }));
    }
    Ok(())
}

#[tokio::test]
async fn a_batch_that_fails_is_counted_once_however_often_it_is_sent() -> TestResult {
    let mut shard = shard();
    shard.send(&[sale(100, "EUR")], false).await?;
    let invalid = json!({ "id": "s-2", "money": { "amount": 1.5, "currency": "EUR" }, "card": "" });
    for record in [invalid, json!("text"), sale(i64::MAX, "EUR")] {
        for _ in 0..3 {
            shard.send(&[sale(100, "EUR"), record.clone()], false).await.expect_err("an invalid record");
        }
    }
    // Lambda bisects the batch: the valid record alone succeeds.
    shard.send(&[sale(100, "EUR")], false).await?;
    shard.send(&[], true).await?;
    assert_eq!(shard.stored().await?, Some(Totals { sales: 2, sums: vec![Money::new(200, Currency::Eur)] }));
    Ok(())
}

#[tokio::test]
async fn an_event_without_a_window_fails_and_names_the_reason() {
    let error = shard().function.call(kinesis([sale(1, "EUR")])).await.expect_err("a mapping without a window");
    assert!(error.message().contains("tumbling window"), "{error}");
}

#[tokio::test]
async fn the_table_is_there_before_the_first_batch() {
    let clients = Clients::new();
    Caller::new(add_up::function()).with_clients(clients.clone()).warm_up().await;
    assert!(clients.contains::<Reports>());
}

use std::time::Duration;

use pilaster::table::Table;
use pilaster::testing::{Caller, schedule};
use pilaster::{Clients, RawService};
use serde_json::{Value, json};

use super::*;
use crate::carts::Cart;

/// 2025-11-21T00:00:00Z
const DAY: u64 = 1_763_683_200;

async fn carts(touched_at: impl IntoIterator<Item = u64>) -> Result<Carts, BoxError> {
    let carts = Carts::new(Table::in_memory());
    for (at, touched_at) in touched_at.into_iter().enumerate() {
        carts.put(&Cart { id: at.to_string(), touched_at }).await?;
    }
    Ok(carts)
}

fn function(carts: &Carts) -> Caller<impl RawService> {
    let clients = Clients::new();
    clients.insert(carts.clone());
    Caller::new(clean_up::function()).with_clients(clients)
}

async fn run(function: &Caller<impl RawService>, time: &str) -> Result<Value, BoxError> {
    Ok(function.call(schedule("nightly").time(time)).await?)
}

#[tokio::test]
async fn the_sample_event_removes_carts_untouched_for_thirty_days() -> Result<(), BoxError> {
    let carts = carts([DAY - 30 * ONE_DAY - 1, DAY - 30 * ONE_DAY, DAY]).await?;
    let response = function(&carts).call_text(include_str!("../events/nightly.json")).await?;
    assert_eq!(response, json!({ "removed": 1, "finished": true }));
    Ok(())
}

#[tokio::test]
async fn a_finished_night_is_not_repeated_and_the_next_night_runs() -> Result<(), BoxError> {
    let carts = carts([0]).await?;
    let function = function(&carts);
    let done = json!({ "removed": 1, "finished": true });
    assert_eq!(run(&function, "2025-11-21T02:00:00Z").await?, done);
    carts.put(&Cart { id: "late".into(), touched_at: 0 }).await?;
    for time in ["2025-11-21T02:00:00Z", "2025-11-21T02:15:00Z"] {
        assert_eq!(run(&function, time).await?, done, "delivered again, or a later run of the night");
    }
    assert_eq!(run(&function, "2025-11-22T02:00:00Z").await?, done);
    assert_eq!(run(&function, "2025-11-23T02:00:00Z").await?, json!({ "removed": 0, "finished": true }));
    Ok(())
}

#[tokio::test]
async fn every_run_of_a_night_removes_the_same_carts() -> Result<(), BoxError> {
    // Touched thirty days before the last run, but not thirty days before the night.
    let carts = carts([DAY - 30 * ONE_DAY + 3 * 60 * 60]).await?;
    let nothing = json!({ "removed": 0, "finished": true });
    assert_eq!(run(&function(&carts), "2025-11-21T03:45:00Z").await?, nothing);
    Ok(())
}

#[tokio::test]
async fn a_scheduled_time_in_the_future_removes_nothing() -> Result<(), BoxError> {
    let carts = carts([DAY, 0]).await?;
    let function = function(&carts);
    for time in ["2999-01-01T02:00:00Z", "9999-12-31T23:59:59Z"] {
        let error = function.call(schedule("nightly").time(time)).await.expect_err("the future");
        assert_eq!(error.message(), "the scheduled time is in the future");
    }
    assert_eq!(run(&function, "2025-11-21T02:00:00Z").await?, json!({ "removed": 1, "finished": true }));
    Ok(())
}

#[tokio::test]
async fn a_run_without_time_stops_and_the_next_run_continues() -> Result<(), BoxError> {
    let carts = carts([0, 1, 2]).await?;
    let late = function(&carts).with_time_left(RESERVED);
    assert_eq!(run(&late, "2025-11-21T02:00:00Z").await?, json!({ "removed": 0, "finished": false }));
    let next = function(&carts).with_time_left(RESERVED + Duration::from_secs(60));
    assert_eq!(run(&next, "2025-11-21T02:15:00Z").await?, json!({ "removed": 3, "finished": true }));
    Ok(())
}

#[tokio::test]
async fn an_event_that_is_not_a_schedule_removes_nothing() -> Result<(), BoxError> {
    let carts = carts([0]).await?;
    let function = function(&carts);
    let error = function.call(json!({ "hello": "world" })).await.expect_err("not a schedule");
    assert_eq!(error.error_type(), "InvalidEvent");
    assert_eq!(run(&function, "2025-11-21T02:00:00Z").await?["removed"], 1);
    Ok(())
}

#[tokio::test]
async fn the_carts_are_ready_before_the_first_event() {
    let clients = Clients::new();
    Caller::new(clean_up::function()).with_clients(clients.clone()).warm_up().await;
    assert!(clients.contains::<Carts>());
}

//! A nightly clean-up that removes carts not touched for thirty days. To run it locally:
//! `cargo run -p cron -- examples/cron/event.json`

use std::env;
use std::time::{Duration, UNIX_EPOCH};

use cron::carts::Carts;
use pilaster::idempotency::{Idempotency, IdempotencyLayer, MemoryStore};
use pilaster::{BoxError, Client, Schedule, lambda_handler};
use serde::Serialize;

const ONE_DAY: Duration = Duration::from_secs(24 * 60 * 60);

/// The result of a clean-up.
#[derive(Debug, Serialize)]
struct CleanUpResult {
    /// The scheduled time.
    night: String,
    /// The number of removed carts.
    removed: usize,
}

#[lambda_handler(layer = IdempotencyLayer::new(idempotency()), warm(Client<Carts>))]
async fn clean(Client(carts): Client<Carts>, schedule: Schedule) -> Result<CleanUpResult, BoxError> {
    // The scheduled time instead of the clock: a late or repeated call removes the same carts.
    let since = schedule.at().checked_sub(30 * ONE_DAY).unwrap_or(UNIX_EPOCH);
    let removed = carts.remove_untouched(since).await?;
    tracing::info!(night = schedule.time(), removed, "cleaned up");
    Ok(CleanUpResult { night: schedule.time().to_owned(), removed })
}

/// Returns the idempotency configuration, with records in the DynamoDB table named by `IDEMPOTENCY_TABLE` or in memory.
/// A failed run is not recorded, so that its retry runs.
///
/// # Panics
///
/// If a table is configured but this build has no client for it. The function then fails to start.
fn idempotency() -> Idempotency {
    let table = env::var("IDEMPOTENCY_TABLE").ok().filter(|table| !table.is_empty());
    let idempotency = match table {
        #[cfg(feature = "aws")]
        Some(table) => Idempotency::from_env(pilaster::idempotency::DynamoDbStore::table(table)),
        #[cfg(not(feature = "aws"))]
        Some(_) => {
            panic!("IDEMPOTENCY_TABLE is set, but this build has no AWS clients: build it with `--features aws`")
        }
        None => Idempotency::from_env(MemoryStore::new()),
    };
    // The input that `template.yaml` configures for Scheduler, or the event of an EventBridge rule.
    idempotency.prefix("clean-up").key("\"scheduled-time\" || time").expires_after(7 * ONE_DAY)
}

#[cfg(test)]
mod tests {
    use pilaster::testing::{Caller, schedule};
    use pilaster::{Clients, RawService};
    use serde_json::{Value, json};

    use super::*;
    use cron::carts::Cart;

    /// 2026-11-21T02:00:00Z
    const NIGHT: u64 = 1_795_226_400;

    fn function(carts: &Carts) -> Caller<impl RawService> {
        let clients = Clients::new();
        clients.insert(carts.clone());
        Caller::new(clean::function()).with_clients(clients)
    }

    #[tokio::test]
    async fn the_carts_are_created_before_the_first_event() {
        let clients = Clients::new();
        Caller::new(clean::function()).with_clients(clients.clone()).warm_up().await;
        assert!(clients.contains::<Carts>());
    }

    fn at(days_before: u64, seconds: u64) -> Cart {
        Cart::new("ada", NIGHT - days_before * ONE_DAY.as_secs() + seconds)
    }

    #[tokio::test]
    async fn the_sample_event_removes_carts_untouched_for_thirty_days() -> Result<(), BoxError> {
        let carts = Carts::in_memory([at(31, 0), at(30, 0), at(1, 0)]);
        let response = function(&carts).call_text(include_str!("../event.json")).await?;
        assert_eq!(response, json!({ "night": "2026-11-21T02:00:00Z", "removed": 1 }));
        Ok(())
    }

    #[tokio::test]
    async fn a_night_runs_once_and_the_next_night_runs_separately() -> Result<(), BoxError> {
        let carts = Carts::in_memory([at(31, 0)]);
        let function = function(&carts);
        let night = async |time: &str| function.call(schedule("nightly").time(time)).await;
        assert_eq!(night("2026-11-21T02:00:00Z").await?["removed"], 1);
        carts.add(at(31, 0));
        let again: Value = night("2026-11-21T02:00:00Z").await?;
        assert_eq!(again["removed"], 1, "the recorded response");
        carts.add(at(30, 1));
        assert_eq!(
            night("2026-11-22T02:00:00Z").await?["removed"],
            2,
            "the remaining cart, and the one that became old enough"
        );
        Ok(())
    }

    #[tokio::test]
    async fn an_event_that_is_not_a_schedule_removes_nothing() {
        let carts = Carts::in_memory([at(31, 0)]);
        let error = function(&carts).call(json!({ "hello": "world" })).await.expect_err("not a schedule");
        assert_eq!(error.error_type(), "InvalidEvent");
        let left = carts.remove_untouched(UNIX_EPOCH + Duration::from_secs(NIGHT)).await.expect("memory");
        assert_eq!(left, 1);
    }
}

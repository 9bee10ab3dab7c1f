//! A nightly clean-up: carts that nobody has touched for thirty days go. To try it:
//! `cargo run -p cron -- examples/cron/event.json`

use std::env;
use std::time::{Duration, UNIX_EPOCH};

use cron::carts::Carts;
use pilaster::idempotency::{Idempotency, IdempotencyLayer, MemoryStore};
use pilaster::{BoxError, Client, Schedule, lambda_handler};
use serde::Serialize;

const A_DAY: Duration = Duration::from_secs(24 * 60 * 60);

/// What the clean-up answers.
#[derive(Debug, Serialize)]
struct Cleaned {
    /// The time that it was scheduled for.
    night: String,
    /// How many carts are gone.
    removed: usize,
}

#[lambda_handler(layer = IdempotencyLayer::new(once()), warm(Client<Carts>))]
async fn clean(Client(carts): Client<Carts>, schedule: Schedule) -> Result<Cleaned, BoxError> {
    // By the time that was scheduled, not by the clock: a call that comes late, or again, removes the same.
    let since = schedule.at().checked_sub(30 * A_DAY).unwrap_or(UNIX_EPOCH);
    let removed = carts.remove_untouched(since).await?;
    tracing::info!(night = schedule.time(), removed, "cleaned up");
    Ok(Cleaned { night: schedule.time().to_owned(), removed })
}

/// Once a night, whoever calls twice: records in the DynamoDB table that `IDEMPOTENCY_TABLE` names, or in memory. A night that
/// failed is not recorded, so its retry runs.
///
/// # Panics
///
/// If there is a table and no client for it: then the function does not start.
fn once() -> Idempotency {
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
    // As `template.yaml` has the schedule call it, and as a rule of EventBridge does.
    idempotency.prefix("clean-up").key("\"scheduled-time\" || time").expires_after(7 * A_DAY)
}

#[cfg(test)]
mod tests {
    use pilaster::testing::{Caller, schedule};
    use pilaster::{Clients, RawService, handler};
    use serde_json::{Value, json};

    use super::*;
    use cron::carts::Cart;

    /// 2026-11-21T02:00:00Z
    const NIGHT: u64 = 1_795_226_400;

    fn function(carts: &Carts) -> Caller<impl RawService> {
        let clients = Clients::new();
        clients.insert(carts.clone());
        Caller::new(handler(clean).layer(IdempotencyLayer::new(once()))).with_clients(clients)
    }

    fn at(days_before: u64, seconds: u64) -> Cart {
        Cart::new("ada", NIGHT - days_before * A_DAY.as_secs() + seconds)
    }

    #[tokio::test]
    async fn the_event_of_the_folder_removes_what_was_untouched_for_thirty_days() -> Result<(), BoxError> {
        let carts = Carts::in_memory([at(31, 0), at(30, 0), at(1, 0)]);
        let answer = function(&carts).call_text(include_str!("../event.json")).await?;
        assert_eq!(answer, json!({ "night": "2026-11-21T02:00:00Z", "removed": 1 }));
        Ok(())
    }

    #[tokio::test]
    async fn a_night_is_done_once_and_the_next_one_for_itself() -> Result<(), BoxError> {
        let carts = Carts::in_memory([at(31, 0)]);
        let function = function(&carts);
        let night = async |time: &str| function.call(schedule("nightly").time(time)).await;
        assert_eq!(night("2026-11-21T02:00:00Z").await?["removed"], 1);
        carts.add(at(31, 0));
        let again: Value = night("2026-11-21T02:00:00Z").await?;
        assert_eq!(again["removed"], 1, "the answer of before");
        carts.add(at(30, 1));
        assert_eq!(night("2026-11-22T02:00:00Z").await?["removed"], 2, "what was left, and what is of age now");
        Ok(())
    }

    #[tokio::test]
    async fn an_event_that_is_no_schedules_cleans_nothing() {
        let carts = Carts::in_memory([at(31, 0)]);
        let error = function(&carts).call(json!({ "hello": "world" })).await.expect_err("no schedule");
        assert_eq!(error.error_type(), "InvalidEvent");
        let left = carts.remove_untouched(UNIX_EPOCH + Duration::from_secs(NIGHT)).await.expect("memory");
        assert_eq!(left, 1);
    }
}

//! Builds accounts from the events of a table, in order and each event once. To run it locally:
//! `cargo run -p projection -- examples/projection/event.json`

use pilaster::records::Batch;
use pilaster::{BoxError, Change, Client, lambda_handler};
use projection::account::Event;
use projection::accounts::Accounts;

// By default, order is preserved per item, and each event is a separate item.
fn batch() -> Batch {
    Batch::new().ordered_by("account")
}

#[lambda_handler(batch = batch(), warm(Client<Accounts>))]
async fn project(Client(accounts): Client<Accounts>, change: Change<Event, ()>) -> Result<(), BoxError> {
    // A modified item is applied again: this is how events are replayed. A removed item changes nothing.
    let Some(event) = change.new_image() else { return Ok(()) };
    match accounts.apply(event).await? {
        Some(now) => tracing::info!(account = now.account, version = now.version, cents = %now.cents, "applied"),
        None => tracing::info!(account = event.account, version = event.version, "already applied"),
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use pilaster::testing::dynamodb::{DynamoDbEvent, ViewType};
    use pilaster::testing::mapping::Mapping;
    use pilaster::testing::{Caller, insert, modify, remove};
    use pilaster::{Clients, RawService, handler};
    use projection::account::Account;
    use serde_json::{Value, json};

    use super::*;

    type TestResult = Result<(), Box<dyn std::error::Error>>;

    fn function() -> (Caller<impl RawService>, Accounts) {
        let (clients, accounts) = (Clients::new(), Accounts::in_memory());
        clients.insert(accounts.clone());
        (Caller::new(handler(project).batch(batch())).with_clients(clients), accounts)
    }

    fn opened(account: &str) -> Value {
        json!({ "account": account, "version": 1, "kind": "opened", "owner": "ada" })
    }

    fn deposited(account: &str, version: u64, cents: u64) -> Value {
        json!({ "account": account, "version": version, "kind": "deposited", "cents": cents })
    }

    fn stream(changes: impl IntoIterator<Item = DynamoDbEvent>) -> DynamoDbEvent {
        let changes = changes.into_iter().reduce(DynamoDbEvent::and).expect("a change");
        changes.table("events").keys(["account", "version"]).view_type(ViewType::NewImage)
    }

    fn account(id: &str, version: u64, cents: i64) -> Option<Account> {
        Some(Account { account: id.into(), version, owner: Some("ada".into()), cents })
    }

    #[tokio::test]
    async fn the_sample_event_creates_two_accounts() -> TestResult {
        let (function, accounts) = function();
        let response = function.call_text(include_str!("../event.json")).await?;
        assert_eq!(response, json!({ "batchItemFailures": [] }));
        assert_eq!(accounts.get("a-1").await?, account("a-1", 3, 300));
        assert_eq!(accounts.get("a-2").await?, account("a-2", 1, 0));
        Ok(())
    }

    #[tokio::test]
    async fn duplicate_events_are_applied_once_and_removed_events_stay_applied() -> TestResult {
        let (function, accounts) = function();
        let (first, second) = (opened("a-1"), deposited("a-1", 2, 500));
        let events = stream([insert(&first), insert(&second), modify(&first, &first), remove(&first), insert(&second)]);
        let report = Mapping::stream(events).batch_size(2).run(&function).await;
        assert_eq!((report.completed().len(), report.dead_lettered().len()), (5, 0));
        assert_eq!(accounts.get("a-1").await?, account("a-1", 2, 500));
        Ok(())
    }

    #[tokio::test]
    async fn events_behind_an_invalid_event_wait_and_other_accounts_proceed() -> TestResult {
        let (function, accounts) = function();
        let invalid = json!({ "account": "a-1", "version": 2, "kind": "deposited", "cents": "much" });
        let events = [opened("a-1"), invalid, deposited("a-1", 3, 100), opened("a-2")];
        let report = Mapping::stream(stream(events.iter().map(insert))).bisect().max_retries(2).run(&function).await;
        assert_eq!((report.completed().len(), report.dead_lettered().len()), (2, 2));
        assert_eq!(accounts.get("a-1").await?, account("a-1", 1, 0), "unchanged since the invalid event");
        assert_eq!(accounts.get("a-2").await?, account("a-2", 1, 0));

        // Once the event is fixed, the events are sent again.
        let fixed = [opened("a-1"), deposited("a-1", 2, 50), deposited("a-1", 3, 100)];
        let report = Mapping::stream(stream(fixed.iter().map(|event| modify(event, event)))).run(&function).await;
        assert!(report.dead_lettered().is_empty());
        assert_eq!(accounts.get("a-1").await?, account("a-1", 3, 150));
        Ok(())
    }
}

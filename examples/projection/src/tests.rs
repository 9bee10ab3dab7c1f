#[cfg(feature = "aws")]
mod dynamodb;

use std::thread;

use pilaster::table::Table;
use pilaster::testing::dynamodb::{DynamoDbEvent, ViewType};
use pilaster::testing::mapping::Mapping;
use pilaster::testing::{Caller, insert, modify, remove};
use pilaster::{Clients, RawService};
use projection::money::{Currency, Money};
use projection::{Account, sort_key};
use serde_json::{Value, json};

use super::*;

type TestResult = Result<(), BoxError>;

fn caller(projection: &Projection) -> Caller<impl RawService> {
    let clients = Clients::new();
    clients.insert(projection.clone());
    Caller::new(project::function()).with_clients(clients).without_logs()
}

fn in_memory() -> Projection {
    Projection { events: Table::in_memory(), accounts: Table::in_memory() }
}

/// An event of the account `a-1` with this amount in cents, as an item of the events table.
fn event(sequence: u64, amount: i64) -> Value {
    let money = json!({ "amount": amount, "currency": "EUR" });
    json!({ "pk": "a-1", "sk": sort_key(sequence), "money": money, "owner": (sequence == 1).then_some("ada") })
}

/// Writes an item to the events table.
async fn store(projection: &Projection, item: &Value) -> TestResult {
    let mut value = item.clone();
    let mut key =
        |name| value.as_object_mut().and_then(|item| item.remove(name)).and_then(|key| Some(key.as_str()?.to_owned()));
    let key = key("pk").zip(key("sk")).expect("a key");
    Ok(projection.events.put(key, &value).await?)
}

fn stream(changes: impl IntoIterator<Item = DynamoDbEvent>) -> DynamoDbEvent {
    let changes = changes.into_iter().reduce(DynamoDbEvent::and).expect("a change");
    changes.table("events").keys(["pk", "sk"]).view_type(ViewType::NewImage)
}

fn account(sequence: u64, amount: i64) -> Option<Account> {
    Some(Account { sequence, owner: Some("ada".into()), balance: Some(Money::new(amount, Currency::Eur)) })
}

/// Sends changes, with four retries, and returns the numbers of records that are done and that are in the dead-letter queue.
async fn send(projection: &Projection, changes: impl IntoIterator<Item = DynamoDbEvent>) -> (usize, usize) {
    let mapping = Mapping::stream(stream(changes)).bisect().max_retries(4);
    let report = mapping.run(&caller(projection)).await;
    (report.completed().len(), report.dead_lettered().len())
}

#[tokio::test]
async fn the_sample_event_creates_two_accounts() -> TestResult {
    let projection = in_memory();
    let response = caller(&projection).call_text(include_str!("../events/stream.json")).await?;
    assert_eq!(response, json!({ "batchItemFailures": [] }));
    assert_eq!(projection.accounts.get("a-1").await?, account(3, 30_000));
    let balance = Some(Money::new(0, Currency::Eur));
    assert_eq!(
        projection.accounts.get("a-2").await?,
        Some(Account { sequence: 1, owner: Some("bob".into()), balance })
    );
    Ok(())
}

#[tokio::test]
async fn an_event_in_the_dead_letter_queue_is_applied_by_the_next_event_of_its_account() -> TestResult {
    let projection = in_memory();
    for sequence in 1..=4 {
        store(&projection, &event(sequence, 100)).await?;
    }
    assert_eq!(send(&projection, [insert(event(1, 100))]).await, (1, 0));
    // Events 2 and 3 never arrive.
    assert_eq!(send(&projection, [insert(event(4, 100))]).await, (1, 0));
    assert_eq!(projection.accounts.get("a-1").await?, account(4, 400));
    Ok(())
}

#[tokio::test]
async fn repeated_and_reordered_events_change_nothing() -> TestResult {
    let projection = in_memory();
    let events = [1, 2, 3].map(|sequence| event(sequence, 100));
    for event in &events {
        store(&projection, event).await?;
    }
    let [first, second, third] = &events;
    let changes = [insert(third), insert(first), modify(second, second), insert(second), insert(third)];
    assert_eq!(send(&projection, changes).await, (5, 0));
    assert_eq!(projection.accounts.get("a-1").await?, account(3, 300));
    Ok(())
}

#[tokio::test]
async fn a_thousand_missing_events_are_applied_in_several_writes() -> TestResult {
    let projection = in_memory();
    for sequence in 1..=1_050 {
        store(&projection, &event(sequence, 1)).await?;
    }
    assert_eq!(send(&projection, [insert(event(1_050, 1))]).await, (1, 0));
    assert_eq!(projection.accounts.get("a-1").await?, account(1_050, 1_050));
    Ok(())
}

#[tokio::test]
async fn the_events_before_an_invalid_one_are_applied_and_those_behind_it_wait_for_its_correction() -> TestResult {
    let projection = in_memory();
    let mut invalid = event(5, 100);
    invalid["money"]["amount"] = json!("much");
    for event in [1, 2, 3, 4, 6].map(|sequence| event(sequence, 100)).iter().chain([&invalid]) {
        store(&projection, event).await?;
    }
    // Events 1 to 4 never arrive, and the other ones go to the dead-letter queue.
    assert_eq!(send(&projection, [insert(&invalid), insert(event(6, 100))]).await, (0, 2));
    assert_eq!(projection.accounts.get("a-1").await?, account(4, 400));

    store(&projection, &event(5, 100)).await?;
    assert_eq!(send(&projection, [modify(&invalid, event(5, 100))]).await, (1, 0));
    assert_eq!(
        projection.accounts.get("a-1").await?,
        account(6, 600),
        "the correction applies the event behind it, too"
    );
    Ok(())
}

#[tokio::test]
async fn an_event_that_is_missing_in_the_events_table_or_has_another_currency_fails() -> TestResult {
    let projection = in_memory();
    store(&projection, &event(1, 100)).await?;
    assert_eq!(send(&projection, [insert(event(1, 100)), insert(event(3, 100))]).await, (1, 1));
    let mut dollars = event(2, 100);
    dollars["money"]["currency"] = json!("USD");
    assert_eq!(send(&projection, [insert(dollars)]).await, (0, 1));
    assert_eq!(send(&projection, [insert(event(2, i64::MAX))]).await, (0, 1), "the sum is too large");
    assert_eq!(projection.accounts.get("a-1").await?, account(1, 100));
    Ok(())
}

#[tokio::test]
async fn a_sort_key_that_is_not_a_sequence_fails_and_is_not_taken_for_an_applied_event() -> TestResult {
    let projection = in_memory();
    assert_eq!(send(&projection, [insert(event(1, 100))]).await, (1, 0));
    for sort in ["-", "1", "2", "00000000000000000000", "+0000000000000000002", "0000000000000000000A"] {
        let mut event = event(2, 100);
        event["sk"] = json!(sort);
        assert_eq!(send(&projection, [insert(event)]).await, (0, 1), "{sort}");
    }
    assert_eq!(projection.accounts.get("a-1").await?, account(1, 100));
    Ok(())
}

/// A generator of numbers: `xorshift64*`.
struct Random(u64);

impl Random {
    fn below(&mut self, limit: usize) -> usize {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        (self.0.wrapping_mul(0x2545_F491_4F6C_DD1D) >> 33) as usize % limit
    }
}

/// The events of an account, and the account after each of them, computed here and not by the function.
#[derive(Default)]
struct History {
    events: Vec<Value>,
    accounts: Vec<Account>,
}

impl History {
    fn add(&mut self, id: &str, random: &mut Random) -> Value {
        let sequence = self.events.len() as u64 + 1;
        let amount = random.below(2_000) as i64 - 1_000;
        let last = self.accounts.last().cloned().unwrap_or_default();
        let owner = (sequence == 1 || random.below(4) == 0).then(|| format!("owner {sequence}"));
        let money = json!({ "amount": amount, "currency": "EUR" });
        let event = json!({ "pk": id, "sk": sort_key(sequence), "money": money, "owner": owner });
        let balance = Some(Money::new(last.balance.map_or(0, |money| money.amount) + amount, Currency::Eur));
        self.accounts.push(Account { sequence, owner: owner.or(last.owner), balance });
        self.events.push(event.clone());
        event
    }
}

fn block_on<T>(future: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_current_thread().enable_time().build().expect("a runtime").block_on(future)
}

#[test]
fn any_history_and_any_delivery_with_rebuilds_at_the_same_time_give_the_fold_of_the_events() {
    for seed in 1..=10 {
        let mut random = Random(seed);
        let (projection, ids) = (in_memory(), ["a-1", "a-2", "a-3"]);
        let mut histories = ids.map(|_| History::default());
        for _ in 0..8 {
            for _ in 0..1 + random.below(150) {
                let at = random.below(ids.len());
                block_on(store(&projection, &histories[at].add(ids[at], &mut random))).expect("memory");
            }
            let known: Vec<_> = histories.iter().flat_map(|history| &history.events).collect();
            // Events of any age in any order, some twice, most of them never: they are in the dead-letter queue.
            let mut batch = || -> Vec<Value> { (0..20).map(|_| known[random.below(known.len())].clone()).collect() };
            let batches = [batch(), batch(), batch()];
            thread::scope(|scope| {
                for batch in &batches {
                    let projection = &projection;
                    scope.spawn(move || assert_eq!(block_on(send(projection, batch.iter().map(insert))), (20, 0)));
                    scope.spawn(move || {
                        block_on(async {
                            for id in ids {
                                drop(projection.rebuild(id).await)
                            }
                        })
                    });
                }
            });
            for (id, history) in ids.iter().zip(&histories) {
                let stored = block_on(projection.accounts.get::<Account>(*id)).expect("memory").unwrap_or_default();
                // Any event, or a rebuild, applies all that are known.
                let expected = history.accounts.last().cloned().unwrap_or_default();
                assert_eq!(stored, expected, "seed {seed}");
            }
        }
    }
}

#[test]
fn events_that_become_known_in_any_order_are_all_applied_as_soon_as_those_before_them_are() {
    for seed in 1..=40 {
        let (mut random, projection, mut history) = (Random(seed), in_memory(), History::default());
        for _ in 0..1 + random.below(250) {
            history.add("a-1", &mut random);
        }
        let mut late = history.events.clone();
        while !late.is_empty() {
            // Only the last of a few new events is delivered, since the records of the others are in the queue.
            let mut last = Value::Null;
            for _ in 0..(1 + random.below(40)).min(late.len()) {
                last = late.swap_remove(random.below(late.len()));
                block_on(store(&projection, &last)).expect("memory");
            }
            let known = late.iter().filter_map(|event| event["sk"].as_str()).min();
            let known = known.map_or(history.events.len(), |missing| missing.parse::<usize>().expect("digits") - 1);
            let is_known = last["sk"].as_str().is_some_and(|sort| sort.parse::<usize>().expect("digits") <= known);
            let (completed, failed) = block_on(send(&projection, [insert(last)]));
            assert_eq!((completed, failed), if is_known { (1, 0) } else { (0, 1) }, "seed {seed}");
            let stored = block_on(projection.accounts.get::<Account>("a-1")).expect("memory");
            assert_eq!(stored.as_ref(), known.checked_sub(1).map(|at| &history.accounts[at]), "seed {seed}");
        }
    }
}

#[test]
fn an_event_that_is_changed_or_removed_after_it_was_applied_is_refused_until_it_is_restored_or_the_account_rebuilt() {
    for seed in 1..=40 {
        let (mut random, projection, mut history) = (Random(seed), in_memory(), History::default());
        for _ in 0..2 + random.below(250) {
            block_on(store(&projection, &history.add("a-1", &mut random))).expect("memory");
        }
        let applied = history.accounts.last();
        assert_eq!(block_on(send(&projection, history.events.last().map(insert))), (1, 0));

        let event = &history.events[random.below(history.events.len())];
        let mut changed = event.clone();
        changed["money"]["amount"] = json!(event["money"]["amount"].as_i64().expect("an amount") + 1);
        let key = ("a-1", event["sk"].as_str().expect("a key"));
        let is_removed = random.below(3) == 0;
        let change = || if is_removed { remove(event) } else { modify(event, &changed) };
        block_on(async {
            match is_removed {
                true => projection.events.delete(key).await.expect("memory"),
                false => store(&projection, &changed).await.expect("memory"),
            }
            assert_eq!(send(&projection, [change()]).await, (0, 1), "seed {seed}");
            assert_eq!(projection.accounts.get::<Account>("a-1").await.expect("memory").as_ref(), applied);
            if random.below(2) == 0 {
                store(&projection, event).await.expect("memory");
                assert_eq!(send(&projection, [modify(&changed, event)]).await, (1, 0), "restored; seed {seed}");
                assert_eq!(projection.accounts.get::<Account>("a-1").await.expect("memory").as_ref(), applied);
            } else if !is_removed {
                projection.rebuild("a-1").await.expect("all events");
                assert_eq!(send(&projection, [change()]).await, (1, 0), "rebuilt; seed {seed}");
                assert_ne!(projection.accounts.get::<Account>("a-1").await.expect("memory").as_ref(), applied);
            }
        });
    }
}

#[tokio::test]
async fn an_event_that_becomes_invalid_after_it_was_applied_is_refused() -> TestResult {
    let projection = in_memory();
    assert_eq!(send(&projection, [insert(event(1, 100)), insert(event(2, 100))]).await, (2, 0));
    let mut invalid = event(1, 100);
    invalid["money"]["amount"] = json!("much");
    assert_eq!(send(&projection, [modify(event(1, 100), invalid)]).await, (0, 1));
    assert_eq!(projection.accounts.get("a-1").await?, account(2, 200));
    Ok(())
}

#[cfg(feature = "aws")]
#[tokio::test(start_paused = true)]
async fn events_of_one_account_are_processed_one_after_the_other_and_accounts_concurrently() -> TestResult {
    let (accounts, events) = (dynamodb::DynamoDb::default(), dynamodb::DynamoDb::default());
    let projection = Projection { events: events.table(), accounts: accounts.table() };
    let response = caller(&projection).call_text(include_str!("../events/stream.json")).await?;
    assert_eq!(response, json!({ "batchItemFailures": [] }));
    assert_eq!(projection.accounts.get("a-1").await?, account(3, 30_000));
    assert_eq!(accounts.most_reads_at_once("a-1"), (1, 2));
    Ok(())
}

#[tokio::test]
async fn the_tables_are_there_before_the_first_event() {
    let clients = Clients::new();
    Caller::new(project::function()).with_clients(clients.clone()).warm_up().await;
    assert!(clients.contains::<Projection>());
}

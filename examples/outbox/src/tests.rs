use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use aws_sdk_eventbridge::operation::put_events::PutEventsOutput;
use aws_sdk_eventbridge::types::PutEventsResultEntry;
use outbox::Status;
use pilaster::testing::dynamodb::{DynamoDbEvent, ViewType};
use pilaster::testing::mapping::Mapping;
use pilaster::testing::{Caller, insert, modify, remove};
use pilaster::{Clients, RawService};
use serde_json::{Value, json};

use super::*;
use crate::bus::rejection;

type TestResult = Result<(), Box<dyn std::error::Error>>;

/// Everything that was sent, in order: the event's JSON, and whether it was accepted.
type Sent = Arc<Mutex<Vec<(Value, bool)>>>;

/// Returns the function with a bus that rejects what `rejects` says, by the id of the event and the number of the attempt.
fn function(rejects: impl Fn(&str, usize) -> bool + Send + Sync + 'static) -> (Caller<impl RawService>, Sent) {
    let clients = Clients::new();
    let sent = bus(&clients, rejects);
    (Caller::new(publish::function()).with_clients(clients).without_logs(), sent)
}

/// Inserts such a bus into the clients.
fn bus(clients: &Clients, rejects: impl Fn(&str, usize) -> bool + Send + Sync + 'static) -> Sent {
    let sent = Sent::default();
    let log = sent.clone();
    let stand_in = move |event: &Event| {
        let event = serde_json::to_value(event).expect("JSON");
        let mut log = log.lock().expect("not poisoned");
        let attempt = log.iter().filter(|(sent, _)| sent["id"] == event["id"]).count() + 1;
        let is_rejected = rejects(event["id"].as_str().expect("an id"), attempt);
        log.push((event, !is_rejected));
        is_rejected.then(|| "InternalFailure".to_owned())
    };
    clients.insert(Bus::StandIn(Arc::new(stand_in)));
    sent
}

fn accepted(sent: &Sent) -> Vec<String> {
    let sent = sent.lock().expect("not poisoned");
    sent.iter()
        .filter(|(_, accepted)| *accepted)
        .map(|(event, _)| event["id"].as_str().expect("an id").into())
        .collect()
}

fn item(order: &str, number: u32) -> Value {
    json!({
        "pk": format!("order#{order}"), "sk": format!("event#{number:06}"), "revision": "r",
        "id": format!("{order}/{number}"), "order": order, "number": number, "status": "paid",
    })
}

fn stream(changes: impl IntoIterator<Item = DynamoDbEvent>) -> DynamoDbEvent {
    changes.into_iter().reduce(DynamoDbEvent::and).expect("a change").view_type(ViewType::NewImage)
}

#[tokio::test]
async fn the_sample_events_are_published_with_their_ids() -> TestResult {
    let (function, sent) = function(|_, _| false);
    let response = function.call_text(include_str!("../events/stream.json")).await?;
    assert_eq!(response, json!({ "batchItemFailures": [] }));
    assert_eq!(accepted(&sent), ["o-1/1", "o-1/2"]);
    let event = json!({ "id": "o-1/1", "order": "o-1", "number": 1, "status": "placed" });
    assert_eq!(sent.lock().expect("not poisoned")[0].0, event);
    Ok(())
}

/// A response of 200 that rejects an entry.
#[test]
fn a_rejected_entry_is_found_in_a_successful_response() {
    let entry = PutEventsResultEntry::builder();
    let accepted =
        PutEventsOutput::builder().entries(entry.clone().event_id("e").build()).failed_entry_count(0).build();
    assert_eq!(rejection(&accepted), None);
    let entry = entry.error_code("ThrottlingException").error_message("slow down").build();
    let rejected = PutEventsOutput::builder().entries(entry).failed_entry_count(1).build();
    assert_eq!(rejection(&rejected).as_deref(), Some("ThrottlingException"));
    assert_eq!(rejection(&PutEventsOutput::builder().failed_entry_count(1).build()).as_deref(), Some("unknown"));
}

/// An event counts as published, and is deleted from the table, only if EventBridge has given it an id.
#[test]
fn a_response_without_the_id_of_an_event_accepts_nothing() {
    let with = |entry| PutEventsOutput::builder().entries(entry).failed_entry_count(0).build();
    let entry = PutEventsResultEntry::builder;
    let refused = [
        PutEventsOutput::builder().build(),
        PutEventsOutput::builder().failed_entry_count(0).build(),
        with(entry().build()),
        with(entry().event_id("").build()),
        PutEventsOutput::builder().entries(entry().event_id("e").build()).failed_entry_count(1).build(),
    ];
    for response in refused {
        assert_eq!(rejection(&response).as_deref(), Some("unknown"), "{response:?}");
    }
    let with_code = with(entry().event_id("e").error_code("InternalFailure").build());
    assert_eq!(rejection(&with_code).as_deref(), Some("InternalFailure"));
}

#[tokio::test]
async fn the_bus_and_the_table_are_ready_before_the_first_event() {
    let clients = Clients::new();
    Caller::new(publish::function()).with_clients(clients.clone()).warm_up().await;
    assert!(clients.contains::<Bus>() && clients.contains::<Orders>());
}

/// Without `ordered_by`, the second event of the order would be sent while the first one waits for its next attempt.
#[tokio::test(start_paused = true)]
async fn a_rejected_event_is_sent_again_alone_and_before_the_next_one_of_its_order() -> TestResult {
    let (function, sent) = function(|id, attempt| id == "o-1/1" && attempt <= 2);
    let events = stream([insert(item("o-1", 1)), insert(item("o-1", 2)), insert(item("o-2", 1))]);
    assert_eq!(function.call(events.event()).await?, json!({ "batchItemFailures": [] }));
    let (order, other): (Vec<_>, Vec<_>) = accepted(&sent).into_iter().partition(|id| id.starts_with("o-1/"));
    assert_eq!((order, other), (vec!["o-1/1".to_owned(), "o-1/2".to_owned()], vec!["o-2/1".to_owned()]));
    let attempts = |id: &str| sent.lock().expect("not poisoned").iter().filter(|(event, _)| event["id"] == id).count();
    assert_eq!(["o-1/1", "o-1/2", "o-2/1"].map(attempts), [3, 1, 1]);
    Ok(())
}

#[tokio::test(start_paused = true)]
async fn an_event_that_is_always_rejected_or_unreadable_does_not_block_the_shard_for_ever() {
    let unreadable = json!({ "pk": "order#o-3", "sk": "event#000001", "number": "one" });
    let changes = [item("o-1", 1), item("o-2", 1), unreadable, item("o-1", 2), item("o-2", 2), item("o-3", 2)];
    let (function, sent) = function(|id, _| id == "o-2/1");
    let report = Mapping::stream(stream(changes.iter().map(insert))).bisect().max_retries(5).run(&function).await;
    assert_eq!((report.completed().len(), report.dead_lettered().len()), (4, 2));
    let accepted = accepted(&sent);
    for id in ["o-1/1", "o-1/2", "o-2/2", "o-3/2"] {
        assert!(accepted.iter().any(|accepted| accepted == id), "{id}: {accepted:?}");
    }
    assert!(!accepted.iter().any(|id| id == "o-2/1"), "{accepted:?}");
}

#[tokio::test]
async fn an_item_that_is_touched_is_published_again_and_a_deleted_one_is_not() -> TestResult {
    let (function, sent) = function(|_, _| false);
    let item = item("o-1", 1);
    // The keys-only image of a removed item: the view type has new images.
    let events = stream([insert(&item), modify(&item, &item), remove(&item)]);
    assert_eq!(function.call(events.event()).await?, json!({ "batchItemFailures": [] }));
    let sent = sent.lock().expect("not poisoned");
    assert_eq!((sent.len(), &sent[0]), (2, &sent[1]), "the same event, with the same id");
    Ok(())
}

/// Random rejections and lost answers: each order's events arrive first in their order, and again with the same content.
#[tokio::test(start_paused = true)]
async fn the_events_of_an_order_arrive_in_order_whatever_is_rejected_or_repeated() {
    for seed in 0..60_usize {
        let (function, sent) = function(move |id, attempt| {
            let mix = id.bytes().fold(seed * 31 + attempt * 17, |mix, byte| mix * 131 % 1_000_003 + usize::from(byte));
            mix % 3 == 0
        });
        let changes = (0..20_usize)
            .map(|at| item(["o-1", "o-2", "o-3"][(at * seed + at) % 3], u32::try_from(at).expect("small")));
        let changes: Vec<_> = changes.collect();
        let calls = Mutex::new(0_usize);
        // The answer of every third call is lost, and its batch comes again.
        let with_lost_answers = async |event: Value| {
            let answer = function.call(event).await;
            *calls.lock().expect("not poisoned") += 1;
            let is_lost = *calls.lock().expect("not poisoned") % 3 == seed % 3;
            if is_lost { Err(pilaster::FunctionError::new("Runtime.ExitError", "the answer is lost")) } else { answer }
        };
        let mapping = Mapping::stream(stream(changes.iter().map(insert))).batch_size(7).max_retries(60);
        let report = mapping.run(with_lost_answers).await;
        assert!(report.dead_lettered().is_empty(), "seed {seed}");

        let (mut seen, mut contents) = (BTreeMap::<String, Vec<u64>>::new(), BTreeMap::<String, Value>::new());
        for (event, accepted) in sent.lock().expect("not poisoned").iter() {
            let earlier = contents.entry(event["id"].to_string()).or_insert_with(|| event.clone());
            assert_eq!(earlier, event, "a repeated event is the same");
            let numbers = seen.entry(event["order"].to_string()).or_default();
            let number = event["number"].as_u64().expect("a number");
            if *accepted && !numbers.contains(&number) {
                numbers.push(number);
            }
        }
        assert_eq!(seen.values().map(Vec::len).sum::<usize>(), 20, "seed {seed}: nothing is lost");
        for numbers in seen.values() {
            assert!(numbers.is_sorted(), "seed {seed}: {numbers:?}");
        }
    }
}

/// Any subset of the events is never accepted, until its records are given up; other events are rejected, or their answers
/// are lost. The stream's records are then lost as well, as they are after 24 hours. What the README's command finds in the
/// table, and changes, is published.
#[tokio::test(start_paused = true)]
async fn each_event_is_published_by_the_command_of_the_readme_even_if_its_record_is_lost() -> TestResult {
    let (mut given_up, mut repeated) = (0, 0);
    for seed in 0..100_usize {
        let clients = Clients::new();
        let orders: Orders = clients.get().await?;
        let mut events = Vec::new();
        for order in ["o-1", "o-2", "o-3"] {
            for status in [Status::Placed, Status::Paid, Status::Shipped] {
                events.push(orders.set_status(order, status).await?.ok_or("a change")?);
            }
        }
        let mix = move |id: &str, more: usize| {
            let mix = id.bytes().fold(seed * 31 + more * 17, |mix, byte| (mix * 131 + usize::from(byte)) % 1_000_003);
            mix * 7919 % 1_000_003 % 100
        };
        let is_lost = move |id: &str| mix(id, 1_000) < seed % 60;

        let sent = bus(&clients, move |id, attempt| is_lost(id) || mix(id, attempt) < 30);
        let function = Caller::new(publish::function()).with_clients(clients.clone()).without_logs();
        let calls = Mutex::new(seed);
        let with_lost_answers = async |event: Value| {
            let answer = function.call(event).await;
            *calls.lock().expect("not poisoned") += 1;
            let is_lost = *calls.lock().expect("not poisoned") % 4 == 0;
            if is_lost { Err(pilaster::FunctionError::new("Runtime.ExitError", "the answer is lost")) } else { answer }
        };
        let records = stream(events.iter().map(|event| insert(stored(event))));
        let _ = Mapping::stream(records).batch_size(4).bisect().max_retries(8).run(with_lost_answers).await;

        let left = in_table(&orders).await?;
        let first = accepted(&sent);
        for event in &events {
            assert!(
                first.contains(&event.id) || left.contains(event),
                "seed {seed}: {} is neither sent nor kept",
                event.id
            );
        }
        given_up += left.len();

        let again = bus(&clients, |_, _| false);
        let function = Caller::new(publish::function()).with_clients(clients.clone()).without_logs();
        if !left.is_empty() {
            let records = stream(left.iter().map(|event| modify(stored(event), stored(event))));
            let report = Mapping::stream(records).batch_size(4).max_retries(8).run(&function).await;
            assert!(report.dead_lettered().is_empty(), "seed {seed}");
        }
        assert!(in_table(&orders).await?.is_empty(), "seed {seed}");
        let all: Vec<_> =
            sent.lock().expect("not poisoned").iter().chain(&*again.lock().expect("not poisoned")).cloned().collect();
        for event in &events {
            let same = json!(event);
            let times = all.iter().filter(|(sent, is_accepted)| *is_accepted && *sent == same).count();
            assert!(times > 0, "seed {seed}: {} is lost", event.id);
            repeated += times - 1;
            assert!(
                all.iter().all(|(sent, _)| sent["id"] != same["id"] || *sent == same),
                "the same id, the same event"
            );
        }
    }
    assert!(given_up > 100 && repeated > 100, "{given_up} events were given up, {repeated} were sent again");
    Ok(())
}

/// The item of an event, as the stream has it.
fn stored(event: &Event) -> Value {
    let mut item = item(&event.order, event.number);
    item["status"] = json!(event.status);
    item
}

/// The events that the scan of the README finds.
async fn in_table(orders: &Orders) -> Result<Vec<Event>, pilaster::table::TableError> {
    let mut found = Vec::new();
    for order in ["o-1", "o-2", "o-3"] {
        found.extend(orders.0.query::<Event>(format!("order#{order}")).prefix("event#").send().await?);
    }
    Ok(found.into_iter().map(|found| found.value).collect())
}

use serde::Deserialize;
use serde_json::{Value, json};

use super::{call, failures, fixture, message, queue, seen, sns};
use crate::core::error::BoxError;
use crate::records::EventBridge;

#[derive(Debug, Deserialize)]
struct State {
    instance_id: String,
    state: String,
}

#[tokio::test]
async fn an_event_is_its_detail_with_what_is_said_of_it() {
    for path in ["python/eventBridgeEvent.json", "typescript/parser/eventbridge/base.json"] {
        let seen = seen(fixture(path), |event: EventBridge<State>| event).await;
        let event = &seen[0];
        assert_eq!((&*event.detail.instance_id, &*event.detail.state), ("i-1234567890abcdef0", "terminated"));
        assert_eq!((&*event.detail_type, &*event.source), ("EC2 Instance State-change Notification", "aws.ec2"));
        assert_eq!((&*event.account, &*event.region), ("111122223333", "us-west-1"));
        assert_eq!((&*event.time, &*event.id), ("2017-12-22T18:43:48Z", "6a7e8feb-b491-4cf7-a9f1-bf3703467718"));
        assert_eq!(event.resources, ["arn:aws:ec2:us-west-1:123456789012:instance/i-1234567890abcdef0"]);
        assert_eq!(event.replay_name.as_deref(), Some("replay_archive"));
        let debug = format!("{event:?}");
        assert!(debug.contains("aws.ec2") && !debug.contains("terminated"), "{debug}");
    }
}

#[tokio::test]
async fn an_event_is_found_in_every_envelope() {
    let event = fixture("python/eventBridgeEvent.json");
    let text = event.to_string();
    let of_sns = json!({ "Records": [{ "EventSource": "aws:sns", "Sns": { "MessageId": "s", "Message": text } }] });
    for wrapped in [of_sns, queue([message(1, &text, None)]), queue([message(1, &sns(&text), None)]), event] {
        let states = seen(wrapped.clone(), |event: EventBridge<State>| event.detail.state).await;
        assert_eq!(states, ["terminated"], "{wrapped}");
    }
}

#[tokio::test]
async fn one_that_is_no_event_fails_alone_or_fails_the_invocation() {
    async fn take(event: EventBridge<State>) -> Result<(), BoxError> {
        if event.detail.state == "odd" { Err("odd".into()) } else { Ok(()) }
    }
    let event = fixture("python/eventBridgeEvent.json");
    let wrapped = queue([message(1, "{}", None), message(2, &event.to_string(), None)]);
    assert_eq!(call(take, wrapped).await.unwrap(), failures(&["m1"]));
    assert_eq!(call(take, event.clone()).await.unwrap(), Value::Null);
    let mut wrong = event;
    wrong["detail"]["state"] = json!(7);
    let error = call(take, wrong).await.unwrap_err();
    let cause = super::root(&error);
    assert!(cause.starts_with("/detail/state: invalid type"), "{cause}");
}

/// The events of Scheduler, without and with an input of the schedule.
#[tokio::test]
async fn the_detail_of_scheduler_is_the_json_in_its_text() {
    #[derive(Debug, PartialEq, Deserialize)]
    struct Empty {
        #[serde(default)]
        report: Option<String>,
    }
    let event = |source: &str, detail: Value| {
        json!({
            "version": "0", "id": "49672d39-8c3a-4cc6-8de5-c57b0acf718f", "detail-type": "Scheduled Event", "source": source,
            "account": "123456789012", "time": "2024-11-07T22:05:00Z", "region": "eu-central-1",
            "resources": ["arn:aws:scheduler:eu-central-1:123456789012:schedule/default/test-schedule"], "detail": detail,
        })
    };
    let empty = || event("aws.scheduler", json!("{}"));
    let of_map = |event: EventBridge<serde_json::Map<String, Value>>| (event.detail_type, Value::from(event.detail));
    assert_eq!(seen(empty(), of_map).await, [("Scheduled Event".to_owned(), json!({}))]);
    assert_eq!(seen(empty(), |event: EventBridge<Value>| event.detail).await, [json!({})]);
    assert_eq!(seen(empty(), |event: EventBridge<Empty>| event.detail).await, [Empty { report: None }]);
    assert_eq!(seen(empty(), |event: EventBridge<String>| event.detail).await, ["{}"]);
    let of_empty = |event: EventBridge<Empty>| event.detail.report.unwrap_or_default();
    let own = event("aws.scheduler", json!(r#"{"report":"dä\u0061ly"}"#));
    assert_eq!(seen(own.clone(), of_empty).await, ["däaly"]);
    // Through a queue, and as an object.
    assert_eq!(seen(queue([message(1, &own.to_string(), None)]), of_empty).await, ["däaly"]);
    assert_eq!(seen(event("aws.scheduler", json!({ "report": "daily" })), of_empty).await, ["daily"]);
    // A text that is not such JSON, and one of another sender, stay unchanged.
    for event in [event("aws.scheduler", json!("daily")), event("shop", json!(r#"{"report":"aws.scheduler"}"#))] {
        async fn take(_: EventBridge<Empty>) -> Result<(), BoxError> {
            Ok(())
        }
        let error = call(take, event).await.unwrap_err();
        assert!(format!("{error:?}").contains("/detail"), "{error:?}");
    }
}

#[cfg(feature = "idempotency")]
#[tokio::test]
async fn an_idempotency_key_is_all_that_counts_where_an_event_came_alone() {
    use std::sync::{Arc, Mutex};

    use crate::idempotency::{Idempotency, IdempotencyLayer, MemoryStore};

    let event = |id: u32, order: u32| {
        json!({
            "version": "0", "id": format!("e{id}"), "detail-type": "Paid", "source": "shop", "account": "1", "region": "eu-central-1",
            "time": "2026-01-01T00:00:00Z", "resources": [], "detail": { "order_id": order },
        })
        .to_string()
    };
    let notice = |id: u32, order: u32| json!({ "EventSource": "aws:sns", "Sns": { "MessageId": format!("n{id}"), "Message": event(id, order) } });
    let ids = [(1, 7), (2, 7), (3, 8)];
    let queued = ids.map(|(id, order)| json!({ "Records": [super::message(id, &event(id, order), None)] }));
    let noticed = ids.map(|(id, order)| json!({ "Records": [notice(id, order)] }));
    let sqs = "powertools_json(body).detail.order_id";
    let sns = "powertools_json(Sns.Message).detail.order_id";
    for (key, events) in [(sqs, queued), (sns, noticed)] {
        let calls = Arc::new(Mutex::new(0));
        let store = MemoryStore::new();
        let mut after = Vec::new();
        for event in events {
            let counted = Arc::clone(&calls);
            let count = move |_: EventBridge<Value>| {
                *counted.lock().unwrap() += 1;
                std::future::ready(Ok::<(), BoxError>(()))
            };
            let once = Idempotency::new(store.clone(), "paid").key(key).require_key();
            let function = crate::function::handler::handler(count).layer(IdempotencyLayer::new(once));
            super::call_with(function, event, None).await.unwrap();
            after.push(*calls.lock().unwrap());
        }
        assert_eq!(after, [1, 1, 2], "{key}");
    }
}

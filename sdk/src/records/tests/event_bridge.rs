use serde::Deserialize;
use serde_json::{Value, json};

use super::{call, failures, fixture, message, queue, seen, sns};
use crate::error::BoxError;
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

//! Notifications of S3, also within other envelopes.

use super::*;

#[tokio::test]
async fn an_object_is_found_in_every_envelope() {
    let seen = Arc::new(Mutex::new(Vec::new()));
    let look = {
        let seen = Arc::clone(&seen);
        move |object: S3Object| {
            seen.lock().unwrap().push((object.bucket().to_owned(), object.key().to_owned(), object.is_created()));
            async { Ok::<_, BoxError>(()) }
        }
    };
    let encoded = notification("a+b%2Bc%C3%A9.jpg");
    let event_bridge = json!({
        "detail-type": "Object Created", "source": "aws.s3", "id": "e1",
        "detail": { "bucket": { "name": "photos" }, "object": { "key": "a b+cé.jpg", "size": 7 } },
    });
    let of_sns = json!({ "Records": [{
        "EventSource": "aws:sns", "Sns": { "MessageId": "s1", "Message": encoded.to_string() },
    }] });
    let test = json!({ "Service": "Amazon S3", "Event": "s3:TestEvent", "Bucket": "photos" });
    for (event, answer) in [
        (encoded.clone(), Value::Null),
        (of_sns, Value::Null),
        (queue([message(1, &encoded.to_string(), None)]), failures(&[])),
        (queue([message(1, &sns(&encoded.to_string()), None)]), failures(&[])),
        (event_bridge.clone(), Value::Null),
        (queue([message(1, &event_bridge.to_string(), None)]), failures(&[])),
    ] {
        assert_eq!(call(look.clone(), event.clone()).await.unwrap(), answer, "{event}");
        let found = seen.lock().unwrap().pop();
        assert_eq!(found, Some(("photos".to_owned(), "a b+cé.jpg".to_owned(), true)), "{event}");
    }
    // `s3:TestEvent` is acknowledged; a message that is not a notification is returned.
    let event = queue([message(1, &test.to_string(), None), message(2, "{}", None)]);
    assert_eq!(call(look, event).await.unwrap(), failures(&["m2"]));
    assert!(seen.lock().unwrap().is_empty());
}

#[tokio::test]
async fn a_message_with_no_object_fails_unless_it_is_the_test_of_s3() {
    async fn index(_: S3Object) -> Result<(), BoxError> {
        Ok(())
    }
    let bodies = [r#"{"Records":[]}"#, r#"{"Records":[],"Event":"s3:TestEvent"}"#, r#"{"Event":"s3:TestEvent"}"#, "{}"];
    let event = queue((1..).zip(bodies).map(|(id, body)| message(id, body, None)));
    assert_eq!(call(index, event).await.unwrap(), failures(&["m1", "m4"]));
}

/// A lifecycle rule deletes objects: S3 reports them without size and entity tag.
#[tokio::test]
async fn an_object_that_a_lifecycle_rule_deletes_is_removed() {
    let record = |name: &str, key: &str| {
        json!({
            "eventVersion": "2.1", "eventSource": "aws:s3", "awsRegion": "eu-west-1", "eventTime": "2021-03-12T20:43:44.287Z",
            "eventName": name,
            "s3": { "bucket": { "name": "photos" }, "object": { "key": key, "sequencer": "00604BD2A0D1", "versionId": "v1" } },
        })
    };
    let names =
        ["LifecycleExpiration:Delete", "LifecycleExpiration:DeleteMarkerCreated", "s3:LifecycleExpiration:Delete"];
    let body = json!({ "Records": names.map(|name| record(name, "old.txt")) });
    let fields = |object: S3Object| {
        (
            object.key().to_owned(),
            object.size(),
            object.e_tag().map(str::to_owned),
            object.is_created(),
            object.is_removed(),
        )
    };
    let removed = ("old.txt".to_owned(), None, None, false, true);
    let all = seen(queue([message(0, &body.to_string(), None)]), fields).await;
    assert_eq!(all, [removed.clone(), removed.clone(), removed]);
    for name in ["LifecycleTransition", "ObjectRestore:Delete", "ObjectTagging:Delete", "ObjectCreated:Put"] {
        let event = json!({ "Records": [record(name, "a")] });
        assert_eq!(seen(event, |object: S3Object| object.is_removed()).await, [false], "{name}");
    }
}

#[tokio::test]
async fn the_later_of_two_events_has_the_greater_sequencer() {
    let object = async |sequencer: Value| {
        let mut event = notification("a");
        event["Records"][0]["s3"]["object"]["sequencer"] = sequencer;
        seen(event, |object: S3Object| object).await.remove(0)
    };
    for (own, other, expected) in [
        ("0055AED6DCD90281E5", "0055AED6DCD90281E4", Some(true)),
        ("0055AED6DCD90281E4", "0055AED6DCD90281E5", Some(false)),
        // The shorter one is filled up at its end: as numbers these would be the other way round.
        ("00604BD2A0D2", "00604BD2A0D1FF", Some(true)),
        ("00604BD2A0D1FF", "00604BD2A0D2", Some(false)),
        ("1", "0FF", Some(true)),
        ("00604BD2A0D1", "00604BD2A0D100", Some(false)),
        ("00604BD2A0D100", "00604BD2A0D1", Some(false)),
        ("00604bd2a0d2", "00604BD2A0D1", Some(true)),
        ("00604BD2A0D1", "", None),
        ("00604BD2A0D1", "yesterday", None),
        ("", "0", None),
    ] {
        assert_eq!(object(json!(own)).await.is_later_than(other), expected, "{own} than {other}");
    }
    assert_eq!(object(Value::Null).await.is_later_than("0"), None);
}

/// Two bytes for each: what a sender of messages could make of a few hundred kilobytes.
#[tokio::test]
async fn a_notification_with_too_many_records_fails_alone() {
    async fn take(_: S3Object) -> Result<(), BoxError> {
        Ok(())
    }
    let many = format!(r#"{{"Records":[{}0]}}"#, "0,".repeat(200_000));
    let event = queue([message(1, &notification("a").to_string(), None), message(2, &many, None)]);
    assert_eq!(call(take, event).await.unwrap(), failures(&["m2"]));
}

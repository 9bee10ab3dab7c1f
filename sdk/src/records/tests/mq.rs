use serde_json::{Value, json};

use super::{at_ms, call, fixture, seen};
use crate::core::error::BoxError;
use crate::records::{MqMessage, MqRecord};

#[tokio::test]
async fn a_message_of_activemq_is_its_data() {
    let seen = seen(fixture("python/activeMQEvent.json"), |message: MqMessage<Vec<u8>>| message).await;
    assert_eq!((seen.len(), &**seen[0]), (3, &b"ABC:AAAA"[..]));
    let said = &seen[0].record;
    assert!(said.message_id().unwrap().starts_with("ID:b-9bcfa592"));
    assert_eq!((said.queue().as_deref(), said.virtual_host()), (Some("testQueue"), None));
    assert_eq!(said.message_type().as_deref(), Some("jms/text-message"));
    assert_eq!(said.property("testKey"), Some(json!("testValue")));
    assert_eq!(said.sent_at(), at_ms(1_598_827_811_958));
    assert!(said.broker_arn().unwrap().starts_with("arn:aws:mq:us-west-2:112556298976:broker:test"));
    assert!(!said.is_redelivered());
}

#[tokio::test]
async fn a_message_of_rabbitmq_says_its_queue_and_its_headers() {
    let seen = seen(fixture("python/rabbitMQEvent.json"), |message: MqMessage<Value>| message).await;
    assert_eq!(seen[0]["timeout"], 0);
    let said = &seen[0].record;
    assert_eq!((said.queue().as_deref(), said.virtual_host()), (Some("pizzaQueue"), Some("/")));
    assert_eq!((said.message_id(), said.content_type().as_deref()), (None, Some("text/plain")));
    assert_eq!(said.priority(), Some(34));
    assert_eq!(said.property("header1"), Some(json!("value1")));
    assert_eq!(said.property("numberInHeader"), Some(json!(10)));
    assert_eq!(said.sent_at(), None);
    assert!(said.broker_arn().unwrap().starts_with("arn:aws:mq:us-west-2:112556298976:broker:pizzaBroker"));
    let debug = format!("{said:?}");
    assert!(debug.contains("pizzaQueue::/#0") && !debug.contains("value1"), "{debug}");
}

#[tokio::test]
async fn every_real_event_is_decoded() {
    for path in ["java/serialization/amq_event.json", "java/serialization/rabbitmq_event.json"] {
        assert!(!seen(fixture(path), |message: MqMessage<Value>| message.data).await.is_empty(), "{path}");
    }
}

#[tokio::test]
async fn bytes_of_a_header_may_be_signed_and_need_not_be_text() {
    let mut event = fixture("python/rabbitMQEvent.json");
    event["rmqMessagesByQueue"]["pizzaQueue::/"][0]["basicProperties"]["headers"] = json!({
        "signed": { "bytes": [-61, -87] },
        "no_text": { "bytes": [255, 0] },
        "no_bytes": { "bytes": [300] },
        "text": { "bytes": "b" },
    });
    let properties = seen(event, |message: MqMessage<()>| message.record.properties()).await;
    let properties = serde_json::to_value(&properties[0]).unwrap();
    let expected =
        json!({ "signed": "é", "no_text": [255, 0], "no_bytes": { "bytes": [300] }, "text": { "bytes": "b" } });
    assert_eq!(properties, expected);
}

#[tokio::test]
async fn a_message_that_cannot_be_read_fails_the_batch_by_its_id() {
    async fn take(_: MqRecord, _: MqMessage<String>) -> Result<(), BoxError> {
        Ok(())
    }
    let event = |data: Value| {
        let message = |id: &str| json!({ "messageID": id, "data": data });
        json!({ "eventSource": "aws:mq", "messages": [message("a"), message("b")] })
    };
    assert_eq!(call(take, event(Value::Null)).await.unwrap(), Value::Null);
    let error = call(take, event(json!("%"))).await.unwrap_err();
    let said =
        "2 of 2 records failed: a: the message data could not be decoded; b: the message data could not be decoded";
    assert_eq!((error.error_type(), error.message()), ("RecordsFailed", said));
}

/// Queues of namespaced Ruby consumers.
#[tokio::test]
async fn the_name_of_a_queue_may_have_colons() {
    let message = json!({ "basicProperties": { "contentType": "text/plain", "priority": null }, "redelivered": false, "data": "eHk=" });
    for (name, queue, host) in [
        (
            "msgr.consumer.Namespace::FooConsumer.some_action::/",
            "msgr.consumer.Namespace::FooConsumer.some_action",
            "/",
        ),
        ("orders::shop", "orders", "shop"),
        ("a#1::b::", "a#1::b", ""),
    ] {
        let event = json!({ "eventSource": "aws:rmq", "eventSourceArn": "arn:aws:mq:x", "rmqMessagesByQueue": { name: [message] } });
        let seen = seen(event, |message: MqMessage<String>| {
            let said = &message.record;
            (said.queue().unwrap().into_owned(), said.virtual_host().unwrap().to_owned(), message.data.clone())
        });
        assert_eq!(seen.await, [(queue.to_owned(), host.to_owned(), "xy".to_owned())]);
    }
}

use serde::Deserialize;
use serde_json::json;

use super::{call, fixture, message, queue, seen};
use crate::core::error::BoxError;
use crate::records::{MessageAttribute, Sns, SnsNotification};

#[derive(Debug, Deserialize)]
struct Greeting {
    message: String,
}

#[tokio::test]
async fn a_message_is_what_was_published() {
    let seen = seen(fixture("python/snsEvent.json"), |sns: Sns<String>| sns).await;
    let sns = &seen[0];
    assert_eq!(**sns, "Hello from SNS!");
    let said = &sns.notification;
    assert_eq!(said.message(), "Hello from SNS!");
    assert_eq!(said.message_id().as_deref(), Some("95df01b4-ee98-5cb9-9903-4c221d41eb5e"));
    assert_eq!((said.subject().as_deref(), said.topic_name().as_deref()), (Some("TestInvoke"), Some("sns-lambda")));
    assert_eq!(said.time().as_deref(), Some("2019-01-02T12:45:07.000Z"));
    assert_eq!(said.attribute("Test"), Some(MessageAttribute::Text("TestString".to_owned())));
    assert_eq!(said.attribute("TestBinary"), None, "it is not base64");
    assert!(!said.is_raw());
}

#[tokio::test]
async fn every_real_event_is_decoded() {
    for path in ["python/snsEvent.json", "java/serialization/sns_event.json", "typescript/parser/sns/base.json"] {
        assert_eq!(seen(fixture(path), |sns: Sns<String>| sns.message).await.len(), 1, "{path}");
    }
    for path in ["python/snsSqsEvent.json", "python/snsSqsFifoEvent.json", "typescript/parser/sqs/sns-body.json"] {
        let topics = seen(fixture(path), |sns: Sns<String>| sns.notification.topic_name()).await;
        assert!(topics[0].is_some(), "{path}");
    }
}

#[tokio::test]
async fn through_a_queue_the_envelope_is_looked_through() {
    let seen = seen(fixture("python/snsSqsEvent.json"), |sns: Sns<Greeting>| sns).await;
    assert_eq!(seen[0].message.message, "hello world");
    assert_eq!(seen[0].notification.topic_name().as_deref(), Some("powertools265"));
    let said = format!("{:?}", seen[0].notification);
    assert!(said.contains("powertools265") && !said.contains("hello"), "{said}");
}

#[tokio::test]
async fn by_raw_delivery_the_body_is_the_message_and_the_attributes_are_those_of_the_queue() {
    let mut event = queue([message(1, &json!({ "message": "hi", "Subject": "of its own" }).to_string(), None)]);
    event["Records"][0]["messageAttributes"] = json!({
        "count": { "dataType": "Number", "stringValue": "7" },
        "bytes": { "dataType": "Binary", "binaryValue": "/w==" },
    });
    let seen = seen(event, |sns: Sns<Greeting>| sns).await;
    assert_eq!(seen[0].message.message, "hi");
    let said = &seen[0].notification;
    assert!(said.is_raw());
    assert_eq!((said.subject(), said.topic_arn(), said.message_id()), (None, None, None));
    assert_eq!(said.attribute("count"), Some(MessageAttribute::Number("7".to_owned())));
    assert_eq!(said.attribute("bytes"), Some(MessageAttribute::Binary(vec![255])));
}

#[tokio::test]
async fn attributes_of_a_notification_have_their_types() {
    let event = json!({ "Records": [{ "EventSource": "aws:sns", "Sns": {
        "MessageId": "m",
        "Message": "",
        "Subject": null,
        "MessageAttributes": {
            "number": { "Type": "Number", "Value": "12345678901234567890123456789012345678" },
            "list": { "Type": "String.Array", "Value": "[\"a\"]" },
            "bytes": { "Type": "Binary", "Value": "/w==" },
            "odd": 7,
        },
    } }] });
    let seen = seen(event, |sns: Sns<String>| sns.notification).await;
    assert_eq!(seen[0].subject(), None);
    let attributes = seen[0].attributes();
    assert_eq!(attributes.len(), 3);
    assert_eq!(attributes["number"], MessageAttribute::Number("12345678901234567890123456789012345678".to_owned()));
    assert_eq!(attributes["list"].as_str(), Some("[\"a\"]"));
    assert_eq!(attributes["bytes"], MessageAttribute::Binary(vec![255]));
}

#[tokio::test]
async fn what_is_no_such_message_is_told_by_its_path() {
    async fn greet(_: SnsNotification, sns: Sns<Greeting>) -> Result<(), BoxError> {
        assert_eq!(sns.message.message, "hi");
        Ok(())
    }
    let event = |message: &str| json!({ "Records": [{ "EventSource": "aws:sns", "Sns": { "MessageId": "m", "Message": message } }] });
    assert!(call(greet, event(r#"{"message": "hi"}"#)).await.is_ok());
    let error = call(greet, event(r#"{"message": 7}"#)).await.unwrap_err();
    let cause = super::root(&error);
    assert!(cause.starts_with("/message: invalid type"), "{cause}");
}

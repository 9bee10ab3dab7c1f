//! Every event of `fixtures/events` through a whole function of its type, from the event's JSON to the response's. What the function
//! sees is compared with what the event's text says, read in another way.

mod files;
mod streams;
mod typed;
mod whole;

use std::sync::{Arc, Mutex};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use pilaster::records::{EventBridge, FromRecord, LogRecord, MqMessage, Record, SesMessage, Sns, TransformedRecord};
use pilaster::testing::Caller;
use pilaster::{BoxError, Change, Firehose, FunctionError, Kafka, Kinesis, S3Object, Sqs};
use serde_json::{Map, Value, json};

use tests::http::event;

/// Calls a function of one of these per call; returns a value of each record, in their order, and the response.
async fn seen<R: FromRecord<Response = ()> + 'static>(
    event: &Value,
    reader: fn(R) -> Value,
) -> (Vec<Value>, Result<Value, FunctionError>) {
    let seen = Arc::new(Mutex::new(Vec::new()));
    let function = {
        let seen = Arc::clone(&seen);
        move |record: Record, own: R| {
            seen.lock().unwrap().push((record.index(), reader(own)));
            std::future::ready(Ok::<(), BoxError>(()))
        }
    };
    let answer = Caller::new(pilaster::handler(function)).call(event.clone()).await;
    let mut seen = std::mem::take(&mut *seen.lock().unwrap());
    seen.sort_by_key(|(index, _)| *index);
    (seen.into_iter().map(|(_, value)| value).collect(), answer)
}

fn records(event: &Value) -> Vec<Value> {
    let lists =
        |name: &str| event[name].as_object().into_iter().flat_map(Map::values).filter_map(Value::as_array).flatten();
    let list = ["Records", "records", "messages"].iter().find_map(|name| event[name].as_array());
    match list {
        Some(list) => list.clone(),
        None => lists("records").chain(lists("rmqMessagesByQueue")).cloned().collect(),
    }
}

fn bytes(base64: &Value) -> Vec<u8> {
    STANDARD.decode(base64.as_str().unwrap_or_default()).unwrap()
}

fn nothing_failed() -> Value {
    json!({ "batchItemFailures": [] })
}

#[tokio::test]
async fn messages_of_queues_are_their_bodies() {
    for file in files::of("sqs") {
        let event = event(file);
        let (seen, answer) = seen(&event, |message: Sqs<String>| {
            let receipt = message.message.receipt_handle().map(String::from);
            json!([message.body, message.message.id(), message.message.receive_count().to_string(), receipt])
        })
        .await;
        let expected = records(&event).into_iter().map(|record| {
            let count = record["attributes"]["ApproximateReceiveCount"].clone();
            json!([
                record["body"],
                record["messageId"],
                if count.is_null() { json!("1") } else { count },
                record["receiptHandle"]
            ])
        });
        assert_eq!(seen, expected.collect::<Vec<_>>(), "{file}");
        assert_eq!(answer.unwrap(), nothing_failed(), "{file}");
    }
}

#[tokio::test]
async fn a_message_without_a_body_is_returned_alone() {
    for file in files::of("sqs-without-body") {
        let event = event(file);
        let (seen, answer) = seen(&event, |message: Sqs<String>| json!(message.message.id())).await;
        let (with, without): (Vec<_>, Vec<_>) =
            records(&event).into_iter().partition(|record| record["body"].is_string());
        assert!(!without.is_empty(), "{file}");
        assert_eq!(seen, with.iter().map(|record| record["messageId"].clone()).collect::<Vec<_>>(), "{file}");
        let failed = without.iter().map(|record| json!({ "itemIdentifier": record["messageId"] }));
        assert_eq!(answer.unwrap(), json!({ "batchItemFailures": failed.collect::<Vec<_>>() }), "{file}");
    }
}

#[tokio::test]
async fn notifications_are_found_directly_and_in_queues() {
    for kind in ["sns", "sqs-sns"] {
        for file in files::of(kind) {
            let event = event(file);
            let (seen, answer) = seen(&event, |value: Sns<String>| {
                json!([value.message, value.notification.topic_arn(), value.notification.message_id()])
            })
            .await;
            let notifications = records(&event).into_iter().map(|record| match kind {
                "sns" => record["Sns"].clone(),
                _ => serde_json::from_str(record["body"].as_str().unwrap()).unwrap(),
            });
            let expected = notifications.map(|sns| json!([sns["Message"], sns["TopicArn"], sns["MessageId"]]));
            assert_eq!(seen, expected.collect::<Vec<_>>(), "{file}");
            assert_eq!(answer.unwrap(), if kind == "sns" { Value::Null } else { nothing_failed() }, "{file}");
        }
    }
}

#[tokio::test]
async fn objects_are_found_in_notifications_queues_and_events() {
    for kind in ["s3", "sqs-s3", "eventbridge-s3"] {
        for file in files::of(kind) {
            let event = event(file);
            let (seen, answer) = seen(&event, |object: S3Object| {
                json!([object.bucket(), object.key(), object.size(), object.sequencer()])
            })
            .await;
            let decoded = |key: &Value| {
                let spaced = key.as_str().unwrap().replace('+', " ");
                percent_encoding::percent_decode_str(&spaced).decode_utf8().unwrap().into_owned()
            };
            let notices = match kind {
                "s3" => records(&event),
                "sqs-s3" => {
                    let bodies = records(&event)
                        .into_iter()
                        .map(|record| serde_json::from_str::<Value>(record["body"].as_str().unwrap()).unwrap());
                    bodies.flat_map(|body| records(&body)).collect()
                }
                _ => vec![json!({ "s3": event["detail"] })],
            };
            let expected = notices.into_iter().map(|notice| {
                let (bucket, object) = (&notice["s3"]["bucket"], &notice["s3"]["object"]);
                let key = if kind == "eventbridge-s3" { object["key"].clone() } else { json!(decoded(&object["key"])) };
                json!([bucket["name"], key, object["size"], object["sequencer"]])
            });
            let expected = expected.collect::<Vec<_>>();
            assert!(!expected.is_empty(), "{file}");
            assert_eq!(seen, expected, "{file}");
            assert_eq!(answer.unwrap(), if kind == "sqs-s3" { nothing_failed() } else { Value::Null }, "{file}");
        }
    }
}

#[tokio::test]
async fn messages_of_brokers_are_their_data() {
    for file in files::of("mq") {
        let event = event(file);
        let (seen, answer) = seen(&event, |message: MqMessage<Vec<u8>>| json!(message.data)).await;
        let expected = records(&event).into_iter().map(|record| json!(bytes(&record["data"])));
        assert_eq!(seen, expected.collect::<Vec<_>>(), "{file}");
        assert_eq!(answer.unwrap(), Value::Null, "{file}");
    }
}

#[tokio::test]
async fn mails_tell_who_sent_them() {
    for file in files::of("ses") {
        let event = event(file);
        let (seen, answer) = seen(&event, |mail: SesMessage| {
            json!([mail.message_id(), mail.source(), mail.destination(), mail.subject(), mail.recipients()])
        })
        .await;
        let expected = records(&event).into_iter().map(|record| {
            let (mail, receipt) = (&record["ses"]["mail"], &record["ses"]["receipt"]);
            let subject = &mail["commonHeaders"]["subject"];
            json!([mail["messageId"], mail["source"], mail["destination"], subject, receipt["recipients"]])
        });
        assert_eq!(seen, expected.collect::<Vec<_>>(), "{file}");
        assert_eq!(answer.unwrap(), Value::Null, "{file}");
    }
}

#[tokio::test]
async fn events_of_a_bus_are_their_detail() {
    for kind in ["eventbridge", "eventbridge-s3"] {
        for file in files::of(kind) {
            let event = event(file);
            let (seen, answer) = seen(&event, |event: EventBridge<Value>| {
                json!([event.detail, event.detail_type, event.source, event.id, event.time, event.resources])
            })
            .await;
            let expected =
                ["detail", "detail-type", "source", "id", "time", "resources"].map(|name| event[name].clone());
            assert_eq!(seen, [json!(expected)], "{file}");
            assert_eq!(answer.unwrap(), Value::Null, "{file}");
        }
    }
}

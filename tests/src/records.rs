//! Events of record sources, and functions that fail for some of their records.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use pilaster::records::{EventBridge, FromRecord, LogRecord, MqMessage, Record, SesMessage, Sns, TransformedRecord};
use pilaster::testing::Caller;
use pilaster::{BoxError, Change, Firehose, FunctionError, Kafka, Kinesis, RawService, S3Object, Sqs};
use serde_json::{Value, json};

use crate::call;

/// A function that fails for the records at these positions.
pub fn failing<R: FromRecord<Response = ()> + 'static>(positions: &'static [usize]) -> impl pilaster::IntoService {
    pilaster::handler(move |record: Record, _: R| {
        let fails = positions.contains(&record.index());
        std::future::ready(if fails { Err(BoxError::from("disk full")) } else { Ok(()) })
    })
}

/// Returns the response when these positions fail.
pub async fn answered<R: FromRecord<Response = ()> + 'static>(
    event: &Value,
    positions: &'static [usize],
) -> Result<Value, FunctionError> {
    call(&Caller::new(failing::<R>(positions)), &event.to_string()).await
}

/// A Firehose function that fails for the records at these positions.
pub fn transform(positions: &'static [usize]) -> Caller<impl RawService> {
    Caller::new(pilaster::handler(move |record: Record, own: Firehose<Vec<u8>>| {
        let fails = positions.contains(&record.index());
        std::future::ready(if fails { Err(BoxError::from("odd")) } else { Ok(TransformedRecord::ok(own.data)) })
    }))
}

/// The names of the sources.
pub const SOURCES: [&str; 12] = [
    "sqs",
    "fifo",
    "kinesis",
    "dynamodb",
    "kafka",
    "firehose",
    "sns",
    "s3",
    "activemq",
    "rabbitmq",
    "ses",
    "eventbridge",
];

/// One record of a source, with all that its type needs.
pub fn record(source: &str, at: usize) -> Value {
    let data = STANDARD.encode(format!(r#"{{"at":{at}}}"#));
    match source {
        "sqs" | "fifo" => json!({
            "messageId": format!("m{at}"), "receiptHandle": "r", "body": format!(r#"{{"at":{at}}}"#),
            "attributes": { "ApproximateReceiveCount": "1", "MessageGroupId": "g" }, "messageAttributes": {},
            "eventSource": "aws:sqs", "awsRegion": "eu-west-1",
            "eventSourceARN": if source == "fifo" { "arn:aws:sqs:eu-west-1:1:q.fifo" } else { "arn:aws:sqs:eu-west-1:1:q" },
        }),
        "kinesis" => json!({
            "eventSource": "aws:kinesis", "eventID": format!("shardId-000000000000:{at}"),
            "kinesis": { "partitionKey": "p", "sequenceNumber": format!("{at}"), "data": data },
        }),
        "dynamodb" => json!({
            "eventSource": "aws:dynamodb", "eventName": "INSERT",
            "dynamodb": {
                "Keys": { "id": { "N": "1" } }, "NewImage": { "id": { "N": "1" } }, "SequenceNumber": format!("{at}"),
                "StreamViewType": "NEW_AND_OLD_IMAGES",
            },
        }),
        "kafka" => json!({ "topic": "t", "partition": 0, "offset": at, "key": null, "value": data }),
        "firehose" => json!({ "recordId": format!("r{at}"), "data": data }),
        "sns" => json!({
            "EventSource": "aws:sns", "Sns": { "MessageId": format!("n{at}"), "Message": "m", "TopicArn": "arn:aws:sns:x" },
        }),
        "s3" => json!({
            "eventSource": "aws:s3", "eventName": "ObjectCreated:Put",
            "s3": { "bucket": { "name": "b" }, "object": { "key": format!("k{at}"), "size": 1 } },
        }),
        "activemq" => json!({ "messageID": format!("a{at}"), "data": data }),
        "rabbitmq" => json!({ "basicProperties": {}, "redelivered": false, "data": data }),
        "ses" => json!({
            "eventSource": "aws:ses",
            "ses": {
                "mail": {
                    "messageId": format!("s{at}"), "source": "a@b", "destination": ["c@d"], "timestamp": "2026-01-01T00:00:00Z",
                    "headers": [], "headersTruncated": false, "commonHeaders": {},
                },
                "receipt": { "recipients": ["c@d"] },
            },
        }),
        _ => json!({ "detail-type": "t", "source": "s", "id": "e", "detail": { "at": at } }),
    }
}

/// An event of these records.
pub fn event_of(source: &str, records: Vec<Value>) -> Value {
    match source {
        "kafka" => json!({ "eventSource": "aws:kafka", "bootstrapServers": "b:9092", "records": { "t-0": records } }),
        "firehose" => json!({
            "invocationId": "i", "deliveryStreamArn": "arn:aws:firehose:eu-west-1:1:deliverystream/d", "records": records,
        }),
        "activemq" => json!({ "eventSource": "aws:mq", "eventSourceArn": "arn", "messages": records }),
        "rabbitmq" => json!({
            "eventSource": "aws:rmq", "eventSourceArn": "arn", "rmqMessagesByQueue": { "q::/": records },
        }),
        "eventbridge" => records.into_iter().next().unwrap_or_default(),
        _ => json!({ "Records": records }),
    }
}

/// An event with this number of records.
pub fn batch(source: &str, count: usize) -> Value {
    event_of(source, (0..count).map(|at| record(source, at)).collect())
}

/// Returns the response of a function of the source's type.
pub async fn of_source(source: &str, event: &Value, positions: &'static [usize]) -> Result<Value, FunctionError> {
    type Item = Option<serde_json::Map<String, Value>>;
    match source {
        "sqs" | "fifo" => answered::<Sqs<Value>>(event, positions).await,
        "kinesis" => answered::<Kinesis<Value>>(event, positions).await,
        "dynamodb" => answered::<Change<Item>>(event, positions).await,
        "kafka" => answered::<Kafka<String, Value>>(event, positions).await,
        "firehose" => call(&transform(positions), &event.to_string()).await,
        "sns" => answered::<Sns<String>>(event, positions).await,
        "s3" => answered::<S3Object>(event, positions).await,
        "activemq" | "rabbitmq" => answered::<MqMessage<Value>>(event, positions).await,
        "ses" => answered::<SesMessage>(event, positions).await,
        "logs" => answered::<LogRecord>(event, positions).await,
        "eventbridge" => answered::<EventBridge<Value>>(event, positions).await,
        _ => panic!("{source} is not a source"),
    }
}

/// The response with these failed records.
pub fn failures<T: Into<Value>>(ids: impl IntoIterator<Item = T>) -> Value {
    let failures = ids.into_iter().map(|id| json!({ "itemIdentifier": id.into() }));
    json!({ "batchItemFailures": failures.collect::<Vec<_>>() })
}

/// Returns the empty response, in the form of the source.
pub fn all_done(source: &str) -> Value {
    match source {
        "sqs" | "fifo" | "kinesis" | "dynamodb" | "kafka" => failures::<&str>([]),
        "firehose" => json!({ "records": [] }),
        _ => Value::Null,
    }
}

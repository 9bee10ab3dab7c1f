//! The events of each caller, in the form of AWS's pages.

use std::collections::BTreeMap;
use std::io::Write as _;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use flate2::Compression;
use flate2::write::GzEncoder;
use serde_json::{Value, json};

use super::Planned;
use super::callers::Origin;

impl Origin {
    /// The id of a record, which orders them as their numbers do.
    pub(super) fn id(self, at: usize) -> String {
        format!("{}", 100 + at)
    }

    /// Returns the name of a record in a response.
    pub(super) fn identifier(self, planned: &Planned, at: usize) -> Value {
        match self {
            Self::PipeKinesis | Self::PipeDynamoDb => json!(format!("e{at}")),
            Self::Kafka => json!({ "partition": format!("t-{}", planned.lane), "offset": at }),
            _ => json!(self.id(at)),
        }
    }

    /// The event with these records, and the records in the order in which they stand in it.
    pub(super) fn event(self, all: &[Planned], batch: &[usize], unread: &[usize]) -> (Value, Vec<usize>) {
        let record = |at: usize| self.record(&all[at], at, unread.contains(&at));
        let list = || batch.iter().map(|at| record(*at)).collect::<Vec<_>>();
        let by_lane = |name: fn(u8) -> String| {
            let mut lists = BTreeMap::<String, (Vec<Value>, Vec<usize>)>::new();
            for &at in batch {
                let (records, places) = lists.entry(name(all[at].lane)).or_default();
                records.push(record(at));
                places.push(at);
            }
            let order = lists.values().flat_map(|(_, places)| places.clone()).collect::<Vec<_>>();
            (json!(lists.into_iter().map(|(name, (records, _))| (name, records)).collect::<BTreeMap<_, _>>()), order)
        };
        let event = match self {
            Self::Kafka => {
                let (records, order) = by_lane(|lane| format!("t-{lane}"));
                return (
                    json!({ "eventSource": "aws:kafka", "bootstrapServers": "b:9092", "records": records }),
                    order,
                );
            }
            Self::RabbitMq => {
                let (queues, order) = by_lane(|lane| format!("q{lane}::/"));
                return (
                    json!({ "eventSource": "aws:rmq", "eventSourceArn": "arn", "rmqMessagesByQueue": queues }),
                    order,
                );
            }
            Self::Firehose => json!({
                "invocationId": "i", "deliveryStreamArn": "arn:aws:firehose:eu-west-1:1:deliverystream/d", "records": list(),
            }),
            Self::S3Batch => {
                json!({ "invocationSchemaVersion": "1.0", "invocationId": "i", "job": { "id": "j" }, "tasks": list() })
            }
            Self::ActiveMq => json!({ "eventSource": "aws:mq", "eventSourceArn": "arn", "messages": list() }),
            Self::PipeSqs | Self::PipeFifo | Self::PipeKinesis | Self::PipeDynamoDb | Self::PipeKafka => json!(list()),
            Self::PipeActiveMq | Self::PipeRabbitMq => json!(list()),
            _ => json!({ "Records": list() }),
        };
        (event, batch.to_vec())
    }

    fn record(self, planned: &Planned, at: usize, is_unread: bool) -> Value {
        let id = self.id(at);
        let payload = if is_unread { json!({ "at": "nowhere" }) } else { json!({ "at": at }) }.to_string();
        let data = STANDARD.encode(&payload);
        let (lane, sublane) = (planned.lane, planned.sublane);
        // The contents of a record that holds two: the one with the record's outcome comes first or last.
        let mut parts = [at.to_string(), "other".to_owned()];
        parts.rotate_left(sublane.into());
        let change = |event_source: &str| {
            let attribute = if is_unread { json!({ "S": "nowhere" }) } else { json!({ "N": at.to_string() }) };
            json!({
                "eventID": format!("e{at}"), "eventName": "INSERT", "eventSource": event_source, "awsRegion": "eu-west-1",
                "dynamodb": {
                    "Keys": { "account": { "S": format!("a{lane}") }, "number": { "N": sublane.to_string() } },
                    "NewImage": { "at": attribute }, "SequenceNumber": id, "StreamViewType": "NEW_IMAGE",
                },
            })
        };
        match self {
            Self::Sqs | Self::Fifo | Self::PipeSqs | Self::PipeFifo => json!({
                "messageId": id, "receiptHandle": "r", "body": payload, "messageAttributes": {}, "eventSource": "aws:sqs",
                "attributes": { "ApproximateReceiveCount": "1", "MessageGroupId": format!("g{lane}") },
                "eventSourceARN": match self {
                    Self::Fifo | Self::PipeFifo => "arn:aws:sqs:eu-west-1:1:q.fifo",
                    _ => "arn:aws:sqs:eu-west-1:1:q",
                },
            }),
            Self::SqsOfS3 | Self::FifoOfS3 => {
                let notification = |key: &String| {
                    json!({
                        "eventSource": "aws:s3", "eventName": "ObjectCreated:Put",
                        "s3": { "bucket": { "name": "b" }, "object": { "key": key, "size": 1 } },
                    })
                };
                let records: Vec<_> = parts.iter().map(notification).collect();
                let from = if self == Self::FifoOfS3 { Self::Fifo } else { Self::Sqs };
                let mut message = from.record(planned, at, is_unread);
                message["body"] =
                    if is_unread { json!("nothing") } else { json!({ "Records": records }).to_string().into() };
                message
            }
            Self::KinesisOfLogs => {
                let line = |message: &String| json!({ "id": "1", "timestamp": 1, "message": message });
                let batch = json!({
                    "messageType": "DATA_MESSAGE", "owner": "1", "logGroup": "g", "logStream": "s", "subscriptionFilters": [],
                    "logEvents": parts.iter().map(line).collect::<Vec<_>>(),
                });
                let mut gzip = GzEncoder::new(Vec::new(), Compression::fast());
                gzip.write_all(batch.to_string().as_bytes()).unwrap();
                let mut record = Self::Kinesis.record(planned, at, is_unread);
                if !is_unread {
                    record["kinesis"]["data"] = json!(STANDARD.encode(gzip.finish().unwrap()));
                }
                record
            }
            Self::Kinesis => json!({
                "eventSource": "aws:kinesis", "eventID": format!("shardId-000000000000:{id}"),
                "kinesis": { "partitionKey": format!("k{lane}"), "sequenceNumber": id, "data": data },
            }),
            Self::TableKinesis => json!({
                "eventSource": "aws:kinesis", "eventID": format!("shardId-000000000000:{id}"),
                "kinesis": {
                    "partitionKey": format!("{lane} {sublane}"), "sequenceNumber": id,
                    "data": STANDARD.encode(change("aws:dynamodb").to_string()),
                },
            }),
            Self::PipeKinesis => json!({
                "kinesisSchemaVersion": "1.0", "partitionKey": format!("k{lane}"), "sequenceNumber": id, "data": data,
                "eventSource": "aws:kinesis", "eventID": format!("e{at}"), "eventName": "aws:kinesis:record",
            }),
            Self::DynamoDb | Self::PipeDynamoDb => change("aws:dynamodb"),
            Self::Kafka => json!({
                "topic": "t", "partition": lane, "offset": at, "key": STANDARD.encode(format!("k{sublane}")), "value": data,
            }),
            Self::PipeKafka => json!({
                "eventSource": "aws:kafka", "eventSourceArn": "arn", "eventSourceKey": format!("t-{lane}"), "topic": "t",
                "partition": lane.to_string(), "offset": at, "key": STANDARD.encode(format!("k{sublane}")), "value": data,
            }),
            Self::Firehose => json!({ "recordId": id, "data": data }),
            Self::S3Batch => json!({ "taskId": id, "s3Key": at.to_string(), "s3BucketArn": "arn:aws:s3:::b" }),
            Self::Sns => json!({
                "EventSource": "aws:sns", "Sns": { "MessageId": id, "Message": payload, "TopicArn": "arn:aws:sns:x" },
            }),
            Self::S3 => json!({
                "eventSource": "aws:s3", "eventName": "ObjectCreated:Put",
                "s3": { "bucket": { "name": "b" }, "object": { "key": at.to_string(), "size": 1 } },
            }),
            Self::ActiveMq => json!({ "messageID": id, "data": data }),
            Self::RabbitMq => json!({ "basicProperties": {}, "redelivered": false, "data": data }),
            Self::PipeActiveMq => {
                json!({ "eventSource": "aws:amq", "eventSourceArn": "arn", "messageID": id, "data": data })
            }
            Self::PipeRabbitMq => json!({
                "eventSource": "aws:rmq", "eventSourceArn": "arn", "eventSourceKey": format!("q{lane}::/"),
                "basicProperties": {}, "redelivered": false, "data": data,
            }),
        }
    }
}

//! The values of the types of records and events, under the names of Powertools' accessors.

mod forms;
mod named;

use std::collections::BTreeMap;

use base64::Engine as _;
use pilaster::appsync::{Arguments, FieldInfo, Identity, RequestHeaders, Selection, Source};
use pilaster::events::FromEvent;
use pilaster::events::cloudformation::ResourceRequest;
use pilaster::records::{EventBridge, MqMessage, SesMessage, Sns};
use pilaster::{BoxError, Change, CloudFormation, Kafka, Kinesis, S3BatchTask, S3Object, Sqs};
use serde_json::{Map, Value, json};

use self::forms::{authorizer, log_line, logs_data, milliseconds, notification, seconds, verdict};
pub(super) use self::named::Named;
use crate::compare::byte_string;
use crate::exchange::{Notes, send};
use crate::records::{Kind, each, each_of_firehose, each_of_firehose_with, each_task, records_of, source};
use crate::{Stop, unsupported};

/// The values of an event and of its records.
pub(super) struct Views {
    pub(super) event: Named,
    pub(super) records: Vec<Named>,
    /// The batches of log lines within records of Kinesis.
    pub(super) logs: Vec<Named>,
}

impl Views {
    pub(super) fn of(class: &str, event: &Value) -> Result<Self, Stop> {
        let mut views = Self { event: Named::default(), records: Vec::new(), logs: Vec::new() };
        views.records = records_of(event).into_iter().map(|_| Named::default()).collect();
        if let Some(source) = Kind::of(event).and_then(|kind| source(event, kind)) {
            let values = json!({ "event_source": source });
            views.event.add("", values.clone());
            views.records.iter_mut().for_each(|record| record.add("", values.clone()));
        }
        match class {
            "S3Event" => {
                let objects = each(
                    event,
                    |object: S3Object| json!({ "object_key": object.key(), "bucket_name": object.bucket() }),
                );
                views.event.add("", first(&objects));
                views.each("", &each(event, |object: S3Object| json!({
                    "event_name": format!("{}", object.event_name()),
                    "aws_region": object.region(),
                    "s3.get_object.size": object.size(), "s3.get_object.etag": object.e_tag(),
                    "s3.get_object.version_id": object.version_id(), "s3.get_object.sequencer": object.sequencer(),
                    "s3.bucket.name": object.bucket(), "s3.get_object.key": object.key(),
                })));
            }
            "S3EventBridgeNotificationEvent" | "EventBridgeEvent" => {
                let events = each(event, |event: EventBridge<Value>| {
                    json!({
                        "detail": event.detail, "detail_type": event.detail_type, "source": event.source, "get_id": event.id,
                        "account": event.account, "time": event.time, "region": event.region, "resources": event.resources,
                        "replay_name": event.replay_name,
                    })
                });
                views.event.add("", first(&events));
                let object = |object: S3Object| {
                    json!({
                        "object.key": object.key(), "object.size": object.size(), "bucket.name": object.bucket(),
                        "object.etag": object.e_tag(), "object.version_id": object.version_id(),
                        "object.sequencer": object.sequencer(),
                    })
                };
                if class != "EventBridgeEvent" {
                    views.event.add("detail.", first(&each(event, object)));
                }
            }
            "SQSEvent" => views.sqs(event),
            "SNSEvent" => {
                let each = each(event, |sns: Sns<String>| notification(&sns.notification, &sns.message));
                views.event.add("", json!({ "sns_message": first(&each)["message"] }));
                views.each("sns.", &each);
            }
            "KinesisStreamEvent" => views.kinesis(event),
            "DynamoDBStreamEvent" => {
                type Image = Option<Map<String, Value>>;
                views.each("", &each(event, |change: Change<Image, Image, Image>| {
                    let kind = match &change {
                        Change::Insert { .. } => "INSERT",
                        Change::Modify { .. } => "MODIFY",
                        Change::Remove { .. } => "REMOVE",
                    };
                    let record = change.record();
                    json!({
                        "event_name": kind, "dynamodb.keys": change.keys(), "dynamodb.new_image": change.new_image(),
                        "dynamodb.old_image": change.old_image(), "dynamodb.sequence_number": record.sequence_number(),
                        "dynamodb.size_bytes": record.size(), "dynamodb.stream_view_type": record.view_type(),
                        "dynamodb.approximate_creation_date_time": record.created_at().map(seconds),
                        "aws_region": record.region(), "event_source_arn": record.stream_arn(), "event_id": record.event_id(),
                    })
                }));
            }
            "KafkaEvent" => {
                let values = each(event, |Kafka { key, value, record }: Kafka<Vec<u8>, Vec<u8>>| {
                    let headers = record.headers().into_iter().map(|(name, value)| (name, byte_string(&value)));
                    json!({
                        "topic": record.topic(), "partition": record.partition(), "offset": record.offset(),
                        "timestamp": record.timestamp().map(milliseconds), "timestamp_type": record.timestamp_type(),
                        "decoded_key": key.map(|bytes| byte_string(&bytes)),
                        "decoded_value": value.map(|bytes| byte_string(&bytes)),
                        "decoded_headers": headers.collect::<Map<_, _>>(),
                    })
                });
                views.each("", &values);
                views.each("", &each(event, |record: Kafka<(), Value>| json!({ "json_value": record.value })));
                let servers = each(event, |record: Kafka<(), ()>| {
                    let servers = record.record.bootstrap_servers();
                    json!({ "bootstrap_servers": servers.join(","), "decoded_bootstrap_servers": servers })
                });
                views.event.add("", first(&servers));
            }
            "S3BatchOperationEvent" => {
                let values = each_task(event, |task: S3BatchTask| {
                    json!({
                        "invocation_id": task.invocation_id(), "invocation_schema_version": task.schema_version(),
                        "task.task_id": task.id(), "task.s3_key": task.key(), "task.s3_bucket": task.bucket(),
                        "task.s3_bucket_arn": task.bucket_arn(), "task.s3_version_id": task.version_id(),
                    })
                });
                views.event.add("", first(&values));
            }
            "ActiveMQEvent" | "RabbitMQEvent" => {
                let values = each(event, |message: MqMessage<String>| {
                    json!({
                        "decoded_data": message.data, "message_id": message.record.message_id(),
                        "basic_properties.headers": message.record.properties(), "redelivered": message.record.is_redelivered(),
                    })
                });
                views.each("", &values);
                views.each("", &each(event, |message: MqMessage<Value>| json!({ "json_data": message.data })));
                // Messages of RabbitMQ are read by their queue.
                let mut index = 0;
                for (queue, messages) in event["rmqMessagesByQueue"].as_object().into_iter().flatten() {
                    for at in 0..messages.as_array().map_or(0, Vec::len) {
                        let named = views.records.get(index).map(|record| record.named.clone()).unwrap_or_default();
                        let place = format!(".rmq_messages_by_queue['{queue}'][{at}]");
                        let named = named.into_iter().map(|(name, value)| (format!("{place}{name}"), value));
                        views.event.named.extend(named);
                        index += 1;
                    }
                }
            }
            "KinesisFirehoseEvent" => {
                let forms = |bytes: &Value| {
                    let bytes = bytes["$bytes"].as_str().unwrap_or_default();
                    let bytes = base64::engine::general_purpose::STANDARD.decode(bytes).unwrap_or_default();
                    let text = String::from_utf8(bytes.clone()).ok();
                    json!({
                        "data_as_bytes": byte_string(&bytes), "data_as_text": text,
                        "data_as_json": text.and_then(|text| serde_json::from_str::<Value>(&text).ok()),
                    })
                };
                let values: Vec<Vec<Value>> =
                    each_of_firehose(event).iter().map(|of_record| of_record.iter().map(forms).collect()).collect();
                views.each("", &values);
                let metadata = each_of_firehose_with(event, |record| {
                    json!({
                        "record_id": record.id(), "metadata.shard_id": record.shard_id(),
                        "metadata.partition_key": record.partition_key(),
                        "metadata.sequence_number": record.sequence_number(),
                        "metadata.subsequence_number": record.subsequence_number(),
                    })
                });
                views.each("", &metadata);
            }
            "CloudWatchLogsEvent" => {
                let lines = each(event, log_line);
                views
                    .event
                    .add("", json!({ "parse_logs_data()": logs_data(lines.first().map_or(&[], Vec::as_slice)) }));
            }
            "SESEvent" => {
                let values = each(event, |mail: SesMessage| {
                    json!({
                        "mail.message_id": mail.message_id(), "mail.source": mail.source(), "mail.destination": mail.destination(),
                        "mail.timestamp": mail.time(), "mail.common_headers.subject": mail.subject(),
                        "mail.common_headers.date": mail.date(), "receipt.recipients": mail.recipients(),
                        "mail.common_headers.get_from": mail.from(), "mail.common_headers.to": mail.to(),
                        "receipt.spam_verdict.status": verdict(mail.spam()), "receipt.virus_verdict.status": verdict(mail.virus()),
                        "receipt.spf_verdict.status": verdict(mail.spf()), "receipt.dkim_verdict.status": verdict(mail.dkim()),
                        "receipt.dmarc_verdict.status": verdict(mail.dmarc()),
                    })
                });
                views.each("ses.", &values);
                views.event.add("", first(&values));
            }
            "CloudFormationCustomResourceEvent" => {
                let values = one(event, |event: CloudFormation<Value>| {
                    let (kind, id, properties, old) = match event.request {
                        ResourceRequest::Create { properties } => ("Create", None, Some(properties), None),
                        ResourceRequest::Update { id, properties, old } => ("Update", Some(id), Some(properties), old),
                        ResourceRequest::Delete { id, properties } => ("Delete", Some(id), properties, None),
                    };
                    json!({
                        "request_type": kind, "physical_resource_id": id, "resource_properties": properties,
                        "old_resource_properties": old, "logical_resource_id": event.logical_id,
                        "resource_type": event.resource_type, "stack_id": event.stack_id, "request_id": event.request_id,
                    })
                });
                views.event.add("", values);
                // Only Pilaster calls it.
                views.event.add("", json!({ "response_url": null }));
            }
            "APIGatewayAuthorizerTokenEvent" | "APIGatewayAuthorizerRequestEvent" | "APIGatewayAuthorizerEventV2" => {
                let mut values = one(event, authorizer);
                // A header, whatever its letters.
                let names = event["headers"].as_object().into_iter().flatten().map(|(name, _)| name.clone());
                for name in names.flat_map(|name| [name.to_lowercase(), name.to_uppercase(), name]) {
                    let name = format!("['{name}']");
                    values[format!("headers{name}")] = values["headers"][name.trim_matches(['[', ']', '\''])].clone();
                }
                if let Some(values) = values.as_object_mut() {
                    values.retain(|name, value| name != "headers" && !value.is_null());
                }
                views.event.add("", values);
            }
            "AppSyncResolverEvent" => views.event.add("", resolved(event)),
            class => return unsupported(format!("the class `{class}`, which is not a type: `Event<T>` needs one")),
        }
        Ok(views)
    }

    /// Adds the values of each record.
    fn each(&mut self, prefix: &str, values: &[Vec<Value>]) {
        for (record, values) in self.records.iter_mut().zip(values) {
            values.iter().for_each(|values| record.add(prefix, values.clone()));
        }
    }

    fn sqs(&mut self, event: &Value) {
        self.each(
            "",
            &each(event, |Sqs { body, message }: Sqs<String>| {
                let attributes = [
                    "ApproximateReceiveCount",
                    "SentTimestamp",
                    "SenderId",
                    "ApproximateFirstReceiveTimestamp",
                    "SequenceNumber",
                    "MessageGroupId",
                    "MessageDeduplicationId",
                    "AWSTraceHeader",
                    "DeadLetterQueueSourceArn",
                ];
                let attributes = attributes.into_iter().map(|name| (name.to_owned(), json!(message.attribute(name))));
                json!({
                    "body": body, "message_id": message.id(), "receipt_handle": message.receipt_handle(),
                    "aws_region": message.region(), "event_source_arn": message.queue_arn(),
                    "attributes": attributes.collect::<Map<_, _>>(),
                })
            }),
        );
        self.each("", &each(event, |message: Sqs<Value>| json!({ "json_body": message.body })));
        self.each(
            "decoded_nested_s3_event.",
            &each(event, |object: S3Object| json!({ "bucket_name": object.bucket(), "object_key": object.key() })),
        );
        let nested = each(event, |sns: Sns<String>| notification(&sns.notification, &sns.message));
        self.each("decoded_nested_sns_event.", &nested);
    }

    fn kinesis(&mut self, event: &Value) {
        self.each(
            "kinesis.",
            &each(event, |Kinesis { data, record }: Kinesis<Vec<u8>>| {
                json!({
                    "data": base64::engine::general_purpose::STANDARD.encode(&data),
                    "data_as_bytes()": byte_string(&data), "sequence_number": record.sequence_number(),
                    "partition_key": record.partition_key(),
                    "approximate_arrival_timestamp": record.arrived_at().map(seconds),
                })
            }),
        );
        self.each("kinesis.", &each(event, |record: Kinesis<String>| json!({ "data_as_text()": record.data })));
        self.each("kinesis.", &each(event, |record: Kinesis<Value>| json!({ "data_as_json()": record.data })));
        let lines = each(event, log_line);
        self.logs = lines.iter().filter(|lines| !lines.is_empty()).map(|lines| Named::of(logs_data(lines))).collect();
    }
}

/// The value that a function of this type makes of an event.
fn one<T: FromEvent + 'static>(event: &Value, view: fn(T) -> Value) -> Value {
    let notes = Notes::default();
    let noted = notes.clone();
    let function = move |event: T| {
        noted.add(view(event));
        std::future::ready(Ok::<Value, BoxError>(Value::Null))
    };
    send(pilaster::handler(function), event);
    notes.all().into_iter().next().unwrap_or_default()
}

/// The values that a resolver sees.
fn resolved(event: &Value) -> Value {
    let notes = Notes::default();
    let noted = notes.clone();
    let function = move |identity: Identity,
                         headers: RequestHeaders,
                         selection: Selection,
                         field: FieldInfo,
                         source: Option<Source<Value>>,
                         Arguments(arguments): Arguments<Value>| {
        let identity = match identity {
            Identity::Cognito(user) => json!({ "sub": user.sub, "username": user.username, "issuer": user.issuer }),
            _ => Value::Null,
        };
        noted.add(json!({
            "field_name": field.field_name(), "type_name": field.parent_type_name(), "arguments": arguments,
            "identity": identity, "request_headers": headers.iter().collect::<BTreeMap<_, _>>(),
            "source": source.map(|Source(source)| source),
            "info": { "selection_set_list": selection.iter().collect::<Vec<_>>() },
        }));
        std::future::ready(Ok::<Value, BoxError>(Value::Null))
    };
    send(pilaster::handler(function), event);
    notes.all().into_iter().next().unwrap_or_default()
}

fn first(values: &[Vec<Value>]) -> Value {
    values.first().and_then(|of_record| of_record.first()).cloned().unwrap_or_default()
}

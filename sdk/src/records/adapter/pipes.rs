//! Events of EventBridge Pipes: an array of records, without the object around it that an event source mapping sends.
//!
//! The records differ as well: a Kinesis record has no `kinesis` object, and records of Kafka and RabbitMQ are not
//! grouped by partition and queue. Such an event is rewritten as an event source mapping would send it. The formats are
//! those of the pages below <https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-pipes-event-source.html>.

use std::borrow::Cow;
use std::collections::HashMap;

use serde::Deserialize;
use serde_json::value::RawValue;

use crate::core::json::lenient::MaybeText;
use crate::core::json::members::members;
use crate::core::raw::RawEvent;
use crate::records::record::{Record, RecordId};
use crate::records::source::{ResponseFormat, Source};

/// The members that an event source mapping puts into the `kinesis` object of a record.
const KINESIS_MEMBERS: [&str; 6] =
    ["kinesisSchemaVersion", "partitionKey", "sequenceNumber", "data", "approximateArrivalTimestamp", "encryptionType"];

/// The members of a record that describe the whole event of a broker.
const BROKER_MEMBERS: [&str; 3] = ["eventSource", "eventSourceArn", "bootstrapServers"];

/// Rewrites an event of a pipe as an event source mapping would send it; `None` for any other event, also for an array
/// whose records do not name their source.
pub(super) fn event(event: &str) -> Option<RawEvent> {
    if !event.trim_start().starts_with('[') {
        return None;
    }
    let records = serde_json::from_str::<Vec<&RawValue>>(event).ok()?;
    let text = match records.iter().find_map(|record| source(record))? {
        source @ (Source::Sqs | Source::DynamoDb | Source::Kinesis) => {
            let records = records.into_iter().map(|record| match source {
                Source::Kinesis => with_kinesis_object(record).map_or(Cow::Borrowed(record.get()), Cow::Owned),
                _ => Cow::Borrowed(record.get()),
            });
            format!(r#"{{"Records":[{}]}}"#, records.collect::<Vec<_>>().join(","))
        }
        Source::Kafka => format!(r#"{{{}"records":{}}}"#, broker_members(&records), by_key(&records)),
        Source::RabbitMq => format!(r#"{{{}"rmqMessagesByQueue":{}}}"#, broker_members(&records), by_key(&records)),
        Source::ActiveMq => {
            let messages = records.iter().map(|record| record.get()).collect::<Vec<_>>().join(",");
            format!(r#"{{{}"messages":[{messages}]}}"#, broker_members(&records))
        }
        _ => return None,
    };
    RawEvent::parse(text).ok()
}

/// Returns the response format of a pipe: it reads the ids of SQS, Kinesis and DynamoDB Streams, and retries a batch of
/// Kafka or Amazon MQ as a whole.
pub(super) fn response_format(source: Source) -> ResponseFormat {
    match source {
        Source::Kafka => ResponseFormat::WholeInvocation,
        source => source.response_format(),
    }
}

/// Returns the id of a stream's record in the response to a pipe: `eventID` instead of the sequence number
/// (<https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-pipes-batching-concurrency.html>).
pub(super) fn stream_id(record: &Record) -> RecordId {
    #[derive(Deserialize)]
    struct EventId<'a> {
        #[serde(borrow, default, rename = "eventID")]
        event_id: MaybeText<'a>,
    }
    let record = serde_json::from_str::<EventId<'_>>(record.json()).ok();
    RecordId::of(record.and_then(|record| record.event_id.0).map(|id| (&*id).into()))
}

fn source(record: &RawValue) -> Option<Source> {
    #[derive(Deserialize)]
    struct EventSource<'a> {
        #[serde(borrow, default, rename = "eventSource")]
        event_source: MaybeText<'a>,
    }
    Source::named(&serde_json::from_str::<EventSource<'_>>(record.get()).ok()?.event_source.0?)
}

/// Returns the record with a `kinesis` object; `None` if it has one or is not an object.
fn with_kinesis_object(record: &RawValue) -> Option<String> {
    let fields = members(record.get()).ok()?;
    if fields.iter().any(|(name, _)| name == "kinesis") {
        return None;
    }
    let (inner, beside): (Vec<_>, Vec<_>) =
        fields.into_iter().partition(|(name, _)| KINESIS_MEMBERS.contains(&&**name));
    let list = |fields: &[(Cow<'_, str>, &RawValue)]| {
        let field = |(name, value): &(Cow<'_, str>, &RawValue)| format!("{}:{}", quoted(name), value.get());
        fields.iter().map(field).collect::<Vec<_>>().join(",")
    };
    let comma = if beside.is_empty() { "" } else { "," };
    Some(format!(r#"{{"kinesis":{{{}}}{comma}{}}}"#, list(&inner), list(&beside)))
}

/// Returns the members that the records of a broker share, with a comma after each.
fn broker_members(records: &[&RawValue]) -> String {
    let Some(fields) =
        records.iter().find(|record| source(record).is_some()).and_then(|record| members(record.get()).ok())
    else {
        return String::new();
    };
    let shared = fields.iter().filter(|(name, _)| BROKER_MEMBERS.contains(&&**name));
    shared.map(|(name, value)| format!("{}:{},", quoted(name), value.get())).collect()
}

/// Groups the records by `eventSourceKey`, which is the partition (`topic-0`) or the queue (`orders::/`).
fn by_key(records: &[&RawValue]) -> String {
    #[derive(Deserialize)]
    struct Grouped<'a> {
        #[serde(borrow, default, rename = "eventSourceKey")]
        key: MaybeText<'a>,
    }
    let mut lists = Vec::<(Cow<'_, str>, Vec<&str>)>::new();
    let mut known = HashMap::<Cow<'_, str>, usize>::new();
    for record in records {
        let grouped = serde_json::from_str::<Grouped<'_>>(record.get()).ok();
        let key = grouped.and_then(|grouped| grouped.key.0).unwrap_or_default();
        let at = *known.entry(key.clone()).or_insert(lists.len());
        if at == lists.len() {
            lists.push((key, Vec::new()));
        }
        if let Some((_, list)) = lists.get_mut(at) {
            list.push(record.get());
        }
    }
    let lists = lists.iter().map(|(key, list)| format!("{}:[{}]", quoted(key), list.join(",")));
    format!("{{{}}}", lists.collect::<Vec<_>>().join(","))
}

/// Writes a text as JSON.
fn quoted(text: &str) -> String {
    serde_json::Value::from(text).to_string()
}

//! An event into its records: what it comes from, each record's id, and the lane in which its order counts.
//!
//! One look at the text finds all of that; it takes whatever stands where something else should, so that a record that is
//! malformed fails alone, when it is decoded. Half a character (`\ud800`) alone stops that look; see [`surrogates`].

use std::borrow::Cow;
use std::ops::Range;

use serde::Deserialize;
use serde_json::value::RawValue;

use super::surrogates;
use crate::core::error::FunctionError;
use crate::records::adapter::lenient::{Head, List, Lists, Present, Text};
use crate::records::extract::dynamodb;
use crate::records::extract::payload::DecodeError;
use crate::records::record::{Id, Slice};
use crate::records::source::{Reporting, Source};

/// An event that was split.
#[derive(Debug)]
pub(crate) struct Split {
    pub(crate) source: Source,
    pub(crate) parts: Vec<Part>,
}

/// One record of it.
#[derive(Debug)]
pub(crate) struct Part {
    pub(crate) id: Id,
    /// Within which records are handled one after the other.
    pub(crate) lane: Option<String>,
    /// The body of a message of SQS: told by its place, so that the event can be kept and shared.
    pub(crate) body: Option<Slice>,
    /// How often it was received, where the source counts.
    pub(crate) receive_count: Option<u32>,
    /// Why it is not even called.
    pub(crate) problem: Option<DecodeError>,
}

impl Part {
    fn new(id: Id) -> Self {
        Self { id, lane: None, body: None, receive_count: None, problem: None }
    }
}

/// The fields by which an event is known.
#[derive(Deserialize)]
struct Wire<'a> {
    #[serde(borrow, default, rename = "Records")]
    upper: Option<List<Head<'a>>>,
    #[serde(borrow, default)]
    records: Option<Lists<Head<'a>>>,
    /// ActiveMQ.
    #[serde(borrow, default)]
    messages: Option<List<Head<'a>>>,
    #[serde(borrow, default, rename = "rmqMessagesByQueue")]
    queues: Option<Lists<Head<'a>>>,
    /// S3 Batch Operations.
    #[serde(borrow, default)]
    tasks: Option<List<Head<'a>>>,
    #[serde(default, rename = "invocationSchemaVersion")]
    schema_version: Present,
    #[serde(borrow, default, rename = "eventSource")]
    event_source: Text<'a>,
    #[serde(default, rename = "deliveryStreamArn")]
    delivery_stream: Present,
    #[serde(default)]
    awslogs: Present,
    #[serde(default, rename = "detail-type")]
    detail_type: Present,
    #[serde(borrow, default)]
    id: Text<'a>,
}

/// Splits an event; `wanted` is what the function takes, which decides where the event is empty and does not say.
///
/// # Errors
///
/// `UnexpectedEvent`: it is of no source that is known, or of another than the function takes.
pub(crate) fn split(event: &RawValue, wanted: &[Source]) -> Result<Split, FunctionError> {
    let text = event.get();
    look(text, wanted).or_else(|error| mended(text, &surrogates::mended(text).ok_or(error)?, wanted))
}

/// Splits what could not be read for half a character: by the text that was mended. Where one stood in what says what the record is,
/// the record fails.
fn mended(event: &str, mended: &str, wanted: &[Source]) -> Result<Split, FunctionError> {
    let mut split = look(mended, wanted)?;
    let is_told = split.source.reporting() != Reporting::Nothing;
    for (part, at) in split.parts.iter_mut().zip(ranges(event, split.source)) {
        let read = serde_json::from_str::<Head<'_>>(event.get(at).unwrap_or_default());
        part.problem = read.err().map(|error| DecodeError::new("the record", error));
        if is_told && matches!(&part.id, Id::Text(id) if id.contains(char::REPLACEMENT_CHARACTER)) {
            part.id = Id::Unknown;
        }
    }
    Ok(split)
}

fn look(event: &str, wanted: &[Source]) -> Result<Split, FunctionError> {
    let unexpected =
        |why: String| FunctionError::new("UnexpectedEvent", format!("{why}; this function takes {}", names(wanted)));
    if !event.trim_start().starts_with('{') {
        return Err(unexpected("the event is no JSON object".to_owned()));
    }
    let wire = serde_json::from_str::<Wire<'_>>(event);
    let wire = wire.map_err(|error| unexpected(format!("the event cannot be read: {error}")))?;
    let split =
        parts(event, wire, wanted).ok_or_else(|| unexpected("the event is from no source of records".to_owned()))?;
    match wanted.contains(&split.source) {
        true => Ok(split),
        false => Err(unexpected(format!("the event is from {}", split.source))),
    }
}

fn names(sources: &[Source]) -> String {
    sources.iter().map(Source::to_string).collect::<Vec<_>>().join(", ")
}

fn parts<'a>(event: &'a str, wire: Wire<'a>, wanted: &[Source]) -> Option<Split> {
    let own = wire.event_source.0.as_deref().and_then(Source::named);
    let listed = |source, list: Vec<Head<'a>>| Split {
        source,
        parts: list.into_iter().map(|head| part(event, source, head)).collect(),
    };
    if let Some(upper) = wire.upper {
        let list = upper.0?;
        let source = list.iter().find_map(|head| head.event_source.0.as_deref().and_then(Source::named)).or(own);
        // An empty list tells nothing: then it is from where the function is called.
        let source = source.or_else(|| list.is_empty().then(|| wanted.first().copied()).flatten())?;
        return Some(listed(source, list));
    }
    let (list, lists) = wire.records.map(|records| (records.list, records.by_name)).unwrap_or_default();
    if wire.delivery_stream.0 {
        return Some(listed(Source::Firehose, list.unwrap_or_default()));
    }
    if let (Some(List(Some(tasks))), true) = (wire.tasks, wire.schema_version.0) {
        return Some(listed(Source::S3Batch, tasks));
    }
    match own {
        Some(source @ Source::Kafka) => {
            let of = |(partition, heads): (String, Vec<Head<'a>>)| {
                heads.into_iter().map(|head| kafka(&partition, &head)).collect::<Vec<_>>()
            };
            Some(Split { source, parts: lists.into_iter().flat_map(of).collect() })
        }
        Some(source @ Source::ActiveMq) => {
            Some(listed(source, wire.messages.and_then(|heads| heads.0).unwrap_or_default()))
        }
        Some(source @ Source::RabbitMq) => {
            let of = |(queue, heads): (String, Vec<Head<'a>>)| {
                // A message says neither its queue nor, mostly, its id: its place is told instead.
                let place = |at: usize| Part::new(Id::Text(format!("{queue}#{at}").into()));
                (0..heads.len()).map(place).collect::<Vec<_>>()
            };
            let lists = wire.queues.map(|queues| queues.by_name).unwrap_or_default();
            Some(Split { source, parts: lists.into_iter().flat_map(of).collect() })
        }
        _ if wire.awslogs.0 => Some(Split { source: Source::Logs, parts: vec![Part::new(Id::Unknown)] }),
        _ if wire.detail_type.0 => {
            Some(Split { source: Source::EventBridge, parts: vec![Part::new(Id::of(wire.id.0.as_deref()))] })
        }
        _ => None,
    }
}

/// A record with what it says of itself.
fn part(event: &str, source: Source, head: Head<'_>) -> Part {
    match source {
        Source::Sqs => {
            // Only a FIFO queue keeps order: a standard one takes group ids too, for fairness.
            let is_fifo = head.arn.0.is_some_and(|arn| arn.ends_with(".fifo"));
            Part {
                lane: is_fifo.then(|| owned(head.attributes.group)),
                body: head.body.0.map(|body| Slice::of(event, body)),
                receive_count: head.attributes.receive_count.0.and_then(|count| count.parse().ok()),
                ..Part::new(Id::of(head.message_id.0.as_deref()))
            }
        }
        Source::Kinesis => Part {
            lane: Some(owned(head.kinesis.partition_key)),
            ..Part::new(Id::of(head.kinesis.sequence_number.0.as_deref()))
        },
        Source::DynamoDb => Part {
            lane: Some(head.dynamodb.keys.map_or_else(String::new, |keys| dynamodb::item(keys.get()))),
            ..Part::new(Id::of(head.dynamodb.sequence_number.0.as_deref()))
        },
        Source::S3 => match (head.s3.bucket.name.0, head.s3.object.key.0) {
            (Some(bucket), Some(key)) => Part::new(Id::Text(format!("{bucket}/{key}").into())),
            _ => Part::new(Id::Unknown),
        },
        Source::Sns => Part::new(Id::of(head.sns.message_id.0.as_deref())),
        Source::Firehose => Part::new(Id::of(head.record_id.0.as_deref())),
        Source::S3Batch => Part::new(Id::of(head.task_id.0.as_deref())),
        Source::ActiveMq => Part::new(Id::of(head.mq_id.0.as_deref())),
        Source::Ses => Part::new(Id::of(head.ses.mail.message_id.0.as_deref())),
        _ => Part::new(Id::Unknown),
    }
}

fn owned(text: Text<'_>) -> String {
    text.0.map_or_else(String::new, Cow::into_owned)
}

fn kafka(partition: &str, head: &Head<'_>) -> Part {
    let place = |offset| Id::Offset { partition: partition.into(), offset };
    Part { lane: Some(partition.to_owned()), ..Part::new(head.offset.0.map_or(Id::Unknown, place)) }
}

/// Where the records stand in the text of their event, in the same order. For what a record's own text is needed.
pub(crate) fn ranges(event: &str, source: Source) -> Vec<Range<usize>> {
    #[derive(Deserialize)]
    struct Wire<'a> {
        #[serde(borrow, default, rename = "Records")]
        upper: Option<Lists<&'a RawValue>>,
        #[serde(borrow, default)]
        records: Option<Lists<&'a RawValue>>,
        #[serde(borrow, default)]
        messages: Option<Lists<&'a RawValue>>,
        #[serde(borrow, default, rename = "rmqMessagesByQueue")]
        queues: Option<Lists<&'a RawValue>>,
        #[serde(borrow, default)]
        tasks: Option<Lists<&'a RawValue>>,
    }
    if matches!(source, Source::Logs | Source::EventBridge) {
        return Vec::from([Range { start: 0, end: event.len() }]);
    }
    let records = serde_json::from_str::<Wire<'_>>(event).ok().and_then(|wire| match source {
        Source::Kafka | Source::Firehose => wire.records,
        Source::ActiveMq => wire.messages,
        Source::RabbitMq => wire.queues,
        Source::S3Batch => wire.tasks,
        _ => wire.upper,
    });
    let Some(records) = records else { return Vec::new() };
    let start = event.as_ptr() as usize;
    let range = |record: &RawValue| {
        let at = record.get().as_ptr() as usize - start;
        at..at + record.get().len()
    };
    let lists = records.list.into_iter().chain(records.by_name.into_iter().map(|(_, list)| list));
    lists.flatten().map(range).collect()
}

//! An event into its records: what it comes from, each record's text, its id, and the lane in which its order counts.
//!
//! A record is not decoded here, so that one that is malformed fails alone. The discriminating fields are looked at once.

use std::borrow::Cow;
use std::fmt;

use serde::Deserialize;
use serde::de::{Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde_json::value::RawValue;

use super::record::Id;
use super::source::Source;
use crate::error::FunctionError;

/// An event that was split.
#[derive(Debug)]
pub(super) struct Split<'a> {
    pub(super) source: Source,
    pub(super) parts: Vec<Part<'a>>,
}

/// One record of it.
#[derive(Debug)]
pub(super) struct Part<'a> {
    pub(super) text: &'a str,
    pub(super) id: Id,
    /// Within which records are handled one after the other.
    pub(super) lane: Option<Cow<'a, str>>,
}

impl<'a> Part<'a> {
    fn new(text: &'a str, id: Id) -> Self {
        Self { text, id, lane: None }
    }
}

/// The fields by which an event is known.
#[derive(Deserialize)]
struct Wire<'a> {
    #[serde(borrow, default, rename = "Records")]
    upper: Option<Items<'a>>,
    #[serde(borrow, default)]
    records: Option<Items<'a>>,
    /// ActiveMQ.
    #[serde(borrow, default)]
    messages: Option<Items<'a>>,
    #[serde(borrow, default, rename = "rmqMessagesByQueue")]
    queues: Option<Items<'a>>,
    #[serde(borrow, default, rename = "eventSource")]
    event_source: Option<&'a RawValue>,
    #[serde(borrow, default, rename = "deliveryStreamArn")]
    delivery_stream: Option<&'a RawValue>,
    #[serde(borrow, default)]
    awslogs: Option<&'a RawValue>,
    #[serde(borrow, default, rename = "detail-type")]
    detail_type: Option<&'a RawValue>,
}

/// Records in a list, or in lists by name.
enum Items<'a> {
    List(Vec<&'a RawValue>),
    Lists(Vec<(Cow<'a, str>, Vec<&'a RawValue>)>),
    Neither,
}

impl<'de: 'a, 'a> Deserialize<'de> for Items<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct ItemsVisitor;

        impl<'de> Visitor<'de> for ItemsVisitor {
            type Value = Items<'de>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a list of records")
            }

            fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Self::Value, A::Error> {
                let mut list = Vec::with_capacity(10);
                while let Some(item) = items.next_element()? {
                    list.push(item);
                }
                Ok(Items::List(list))
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
                let mut lists = Vec::new();
                while let Some(Name(name)) = map.next_key()? {
                    if let Items::List(list) = map.next_value()? {
                        lists.push((name, list));
                    }
                }
                Ok(Items::Lists(lists))
            }

            fn visit_unit<E>(self) -> Result<Self::Value, E> {
                Ok(Items::Neither)
            }
            fn visit_bool<E>(self, _: bool) -> Result<Self::Value, E> {
                Ok(Items::Neither)
            }
            fn visit_i64<E>(self, _: i64) -> Result<Self::Value, E> {
                Ok(Items::Neither)
            }
            fn visit_u64<E>(self, _: u64) -> Result<Self::Value, E> {
                Ok(Items::Neither)
            }
            fn visit_f64<E>(self, _: f64) -> Result<Self::Value, E> {
                Ok(Items::Neither)
            }
            fn visit_str<E>(self, _: &str) -> Result<Self::Value, E> {
                Ok(Items::Neither)
            }
        }

        deserializer.deserialize_any(ItemsVisitor)
    }
}

/// Borrowed unless it has an escape.
#[derive(Deserialize)]
struct Name<'a>(#[serde(borrow)] Cow<'a, str>);

impl<'a> Items<'a> {
    fn list(self) -> Vec<&'a RawValue> {
        match self {
            Items::List(list) => list,
            _ => Vec::new(),
        }
    }

    fn lists(self) -> Vec<(Cow<'a, str>, Vec<&'a RawValue>)> {
        match self {
            Items::Lists(lists) => lists,
            _ => Vec::new(),
        }
    }
}

/// Splits an event; `wanted` is what the function takes, which decides where the event is empty and does not say.
///
/// # Errors
///
/// `UnexpectedEvent`: it is of no source that is known, or of another than the function takes.
pub(super) fn split<'a>(event: &'a RawValue, wanted: &[Source]) -> Result<Split<'a>, FunctionError> {
    let text = event.get();
    let unexpected = |why: String| FunctionError::new("UnexpectedEvent", format!("{why}; this function takes {}", names(wanted)));
    if !text.trim_start().starts_with('{') {
        return Err(unexpected("the event is no JSON object".to_owned()));
    }
    let wire = serde_json::from_str::<Wire<'_>>(text).map_err(|error| unexpected(format!("the event cannot be read: {error}")))?;
    let split = parts(text, wire, wanted).ok_or_else(|| unexpected("the event is from no source of records".to_owned()))?;
    match wanted.contains(&split.source) {
        true => Ok(split),
        false => Err(unexpected(format!("the event is from {}", split.source))),
    }
}

fn names(sources: &[Source]) -> String {
    sources.iter().map(Source::to_string).collect::<Vec<_>>().join(", ")
}

fn parts<'a>(text: &'a str, wire: Wire<'a>, wanted: &[Source]) -> Option<Split<'a>> {
    let own = wire.event_source.and_then(string);
    let own = own.as_deref().and_then(Source::named);
    let one = |source| Split { source, parts: vec![whole(text)] };
    if let Some(upper) = wire.upper {
        let Items::List(list) = upper else { return None };
        let source = list.iter().find_map(|record| source_of(record.get())).or(own);
        // An empty list tells nothing: then it is from where the function is called.
        let source = source.or_else(|| list.is_empty().then(|| wanted.first().copied()).flatten())?;
        return Some(Split { source, parts: list.into_iter().map(|record| part(source, record.get())).collect() });
    }
    if wire.delivery_stream.is_some() {
        let list = wire.records.map(Items::list).unwrap_or_default();
        let source = Source::Firehose;
        return Some(Split { source, parts: list.into_iter().map(|record| part(source, record.get())).collect() });
    }
    match own {
        Some(source @ Source::Kafka) => {
            let mut parts = Vec::new();
            for (partition, list) in wire.records.map(Items::lists).unwrap_or_default() {
                parts.extend(list.into_iter().map(|record| kafka(&partition, record.get())));
            }
            Some(Split { source, parts })
        }
        Some(source @ Source::ActiveMq) => {
            let list = wire.messages.map(Items::list).unwrap_or_default();
            Some(Split { source, parts: list.into_iter().map(|record| part(source, record.get())).collect() })
        }
        Some(source @ Source::RabbitMq) => {
            let mut parts = Vec::new();
            for (queue, list) in wire.queues.map(Items::lists).unwrap_or_default() {
                // A message says neither its queue nor, mostly, its id: its place is told instead.
                let id = |at: usize| Id::Text(format!("{queue}#{at}").into());
                parts.extend(list.into_iter().enumerate().map(|(at, record)| Part::new(record.get(), id(at))));
            }
            Some(Split { source, parts })
        }
        _ if wire.awslogs.is_some() => Some(one(Source::Logs)),
        _ if wire.detail_type.is_some() => Some(one(Source::EventBridge)),
        _ => None,
    }
}

fn string(json: &RawValue) -> Option<Cow<'_, str>> {
    serde_json::from_str::<Name<'_>>(json.get()).ok().map(|Name(text)| text)
}

/// By a record's own `eventSource`; SNS writes it with a capital letter.
pub(super) fn source_of(record: &str) -> Option<Source> {
    #[derive(Deserialize)]
    struct Head<'a> {
        #[serde(borrow, default, alias = "EventSource", rename = "eventSource")]
        source: Option<Name<'a>>,
    }
    serde_json::from_str::<Head<'_>>(record).ok()?.source.and_then(|Name(name)| Source::named(&name))
}

/// The whole event as one record.
fn whole(text: &str) -> Part<'_> {
    #[derive(Deserialize)]
    struct Head<'a> {
        #[serde(borrow, default)]
        id: Option<Name<'a>>,
    }
    let head = serde_json::from_str::<Head<'_>>(text);
    let id = head.ok().and_then(|head| head.id).map_or(Id::Unknown, |Name(id)| Id::text(&id));
    Part::new(text, id)
}

/// A record with what it says of itself. What cannot be read is left out: the record is decoded later, and fails alone.
fn part(source: Source, text: &str) -> Part<'_> {
    match source {
        Source::Sqs => sqs(text),
        Source::Kinesis => kinesis(text),
        Source::DynamoDb => dynamodb(text),
        Source::Sns => sns(text),
        Source::Firehose => firehose(text),
        Source::S3 => s3(text),
        Source::ActiveMq => activemq(text),
        Source::Ses => ses(text),
        _ => Part::new(text, Id::Unknown),
    }
}

fn read<'a, T: Deserialize<'a>>(text: &'a str) -> Option<T> {
    serde_json::from_str(text).ok()
}

fn sqs(text: &str) -> Part<'_> {
    #[derive(Deserialize)]
    #[serde(rename_all = "camelCase")]
    struct Message<'a> {
        #[serde(borrow)]
        message_id: Cow<'a, str>,
        #[serde(borrow, default, rename = "eventSourceARN")]
        queue: Option<Name<'a>>,
        #[serde(borrow, default)]
        attributes: Option<&'a RawValue>,
    }
    #[derive(Deserialize)]
    struct Attributes<'a> {
        #[serde(borrow, default, rename = "MessageGroupId")]
        group: Option<Name<'a>>,
    }
    let Some(message) = read::<Message<'_>>(text) else { return Part::new(text, id_alone(text)) };
    // Only a FIFO queue keeps order: a standard one takes group ids too, for fairness.
    let lane = match message.queue.is_some_and(|Name(arn)| arn.ends_with(".fifo")) {
        true => {
            let group = message.attributes.and_then(|attributes| read::<Attributes<'_>>(attributes.get())).and_then(|a| a.group);
            Some(group.map(|Name(group)| group).unwrap_or_default())
        }
        false => None,
    };
    Part { text, id: Id::text(&message.message_id), lane }
}

/// The id of a message that is malformed elsewhere.
fn id_alone(text: &str) -> Id {
    #[derive(Deserialize)]
    struct Message<'a> {
        #[serde(borrow, rename = "messageId")]
        id: Cow<'a, str>,
    }
    read::<Message<'_>>(text).map_or(Id::Unknown, |message| Id::text(&message.id))
}

fn kinesis(text: &str) -> Part<'_> {
    #[derive(Deserialize)]
    struct Record<'a> {
        #[serde(borrow)]
        kinesis: Data<'a>,
    }
    #[derive(Deserialize)]
    #[serde(rename_all = "camelCase")]
    struct Data<'a> {
        #[serde(borrow)]
        sequence_number: Cow<'a, str>,
        #[serde(borrow, default)]
        partition_key: Option<Name<'a>>,
    }
    match read::<Record<'_>>(text) {
        Some(Record { kinesis }) => {
            let lane = Some(kinesis.partition_key.map(|Name(key)| key).unwrap_or_default());
            Part { text, id: Id::text(&kinesis.sequence_number), lane }
        }
        None => Part { text, id: Id::Unknown, lane: Some(Cow::default()) },
    }
}

fn dynamodb(text: &str) -> Part<'_> {
    #[derive(Deserialize)]
    struct Record<'a> {
        #[serde(borrow)]
        dynamodb: Change<'a>,
    }
    #[derive(Deserialize)]
    #[serde(rename_all = "PascalCase")]
    struct Change<'a> {
        #[serde(borrow)]
        sequence_number: Cow<'a, str>,
        #[serde(borrow, default)]
        keys: Option<&'a RawValue>,
    }
    match read::<Record<'_>>(text) {
        // The text of the keys names the item: DynamoDB writes it the same way each time.
        Some(Record { dynamodb }) => Part {
            text,
            id: Id::text(&dynamodb.sequence_number),
            lane: Some(dynamodb.keys.map_or(Cow::default(), |keys| Cow::Borrowed(keys.get()))),
        },
        None => Part { text, id: Id::Unknown, lane: Some(Cow::default()) },
    }
}

fn kafka<'a>(partition: &str, text: &'a str) -> Part<'a> {
    #[derive(Deserialize)]
    struct Record {
        offset: i64,
    }
    let id = read::<Record>(text)
        .map_or(Id::Unknown, |record| Id::Offset { partition: partition.into(), offset: record.offset });
    Part { text, id, lane: Some(Cow::Owned(partition.to_owned())) }
}

fn sns(text: &str) -> Part<'_> {
    #[derive(Deserialize)]
    struct Record<'a> {
        #[serde(borrow, rename = "Sns")]
        sns: Message<'a>,
    }
    #[derive(Deserialize)]
    struct Message<'a> {
        #[serde(borrow, rename = "MessageId")]
        id: Cow<'a, str>,
    }
    Part::new(text, read::<Record<'_>>(text).map_or(Id::Unknown, |record| Id::text(&record.sns.id)))
}

fn firehose(text: &str) -> Part<'_> {
    #[derive(Deserialize)]
    struct Record<'a> {
        #[serde(borrow, rename = "recordId")]
        id: Cow<'a, str>,
    }
    Part::new(text, read::<Record<'_>>(text).map_or(Id::Unknown, |record| Id::text(&record.id)))
}

fn s3(text: &str) -> Part<'_> {
    #[derive(Deserialize)]
    struct Record<'a> {
        #[serde(borrow)]
        s3: S3<'a>,
    }
    #[derive(Deserialize)]
    struct S3<'a> {
        #[serde(borrow)]
        bucket: Bucket<'a>,
        #[serde(borrow)]
        object: Object<'a>,
    }
    #[derive(Deserialize)]
    struct Bucket<'a> {
        #[serde(borrow)]
        name: Cow<'a, str>,
    }
    #[derive(Deserialize)]
    struct Object<'a> {
        #[serde(borrow)]
        key: Cow<'a, str>,
    }
    let id = |Record { s3 }: Record<'_>| Id::Text(format!("{}/{}", s3.bucket.name, s3.object.key).into());
    Part::new(text, read(text).map_or(Id::Unknown, id))
}

fn activemq(text: &str) -> Part<'_> {
    #[derive(Deserialize)]
    struct Message<'a> {
        #[serde(borrow, rename = "messageID")]
        id: Cow<'a, str>,
    }
    Part::new(text, read::<Message<'_>>(text).map_or(Id::Unknown, |message| Id::text(&message.id)))
}

fn ses(text: &str) -> Part<'_> {
    #[derive(Deserialize)]
    struct Record<'a> {
        #[serde(borrow)]
        ses: Ses<'a>,
    }
    #[derive(Deserialize)]
    struct Ses<'a> {
        #[serde(borrow)]
        mail: Mail<'a>,
    }
    #[derive(Deserialize)]
    struct Mail<'a> {
        #[serde(borrow, rename = "messageId")]
        id: Cow<'a, str>,
    }
    Part::new(text, read::<Record<'_>>(text).map_or(Id::Unknown, |record| Id::text(&record.ses.mail.id)))
}

/// Whether text is a JSON object with these fields and they are not `null`.
pub(super) fn has_fields(text: &str, names: &[&str]) -> bool {
    struct Fields<'n>(&'n [&'n str]);

    impl<'de> Visitor<'de> for Fields<'_> {
        type Value = usize;

        fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("an object")
        }

        fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<usize, A::Error> {
            let mut found = 0;
            while let Some(Name(name)) = map.next_key()? {
                let value = map.next_value::<Option<IgnoredAny>>()?;
                found += usize::from(value.is_some() && self.0.contains(&&*name));
            }
            Ok(found)
        }
    }

    let mut deserializer = serde_json::Deserializer::from_str(text);
    deserializer.deserialize_any(Fields(names)).is_ok_and(|found| found == names.len())
}

//! Decodes an event: which source sent it, and of each record its place in the text, its id, its lane and its body.
//!
//! One pass over the text finds all of that; for a function that takes SQS messages alone it leaves out the places, since most of
//! these functions read nothing but bodies. It skips a value of an unexpected type, so that a malformed record fails alone when
//! the function's type is decoded from it. Only a lone surrogate (`\ud800`) stops the pass; see [`lone_surrogates`].

use std::borrow::Cow;
use std::ops::Range;
use std::sync::atomic::AtomicUsize;
use std::sync::{Arc, OnceLock};

use serde::Deserialize;
use serde::de::{Error as _, IgnoredAny};
use serde_json::value::RawValue;

use super::lanes;
use super::lone_surrogates;
use super::queue::{QueuedRecord, Step};
use crate::core::error::FunctionError;
use crate::core::invocation::Invocation;
use crate::core::json::lenient::{Key, List, Text, Whole, skimmed};
use crate::core::raw::RawEvent;
use crate::records::error::DecodeError;
use crate::records::record::{Body, Event, EventRecord, Record, RecordId};
use crate::records::source::{ResponseFormat, Source};

skimmed! {
    /// The members of a record of any source that its id, its lane and its body are made from.
    struct Head {
        event_source: Text<'a> = "eventSource" | "EventSource",
        arn: Text<'a> = "eventSourceARN",
        message_id: Text<'a> = "messageId",
        body: Text<'a> = "body",
        attributes: Attributes<'a> = "attributes",
        kinesis: Kinesis<'a> = "kinesis",
        dynamodb: DynamoDb<'a> = "dynamodb",
        s3: S3<'a> = "s3",
        sns: Sns<'a> = "Sns",
        ses: Ses<'a> = "ses",
        record_id: Text<'a> = "recordId",
        task_id: Text<'a> = "taskId",
        mq_id: Text<'a> = "messageID",
        offset: Whole = "offset",
    }
}

skimmed! {
    struct Attributes {
        group: Text<'a> = "MessageGroupId",
        receive_count: Text<'a> = "ApproximateReceiveCount",
    }
}

skimmed! {
    struct Kinesis {
        sequence_number: Text<'a> = "sequenceNumber",
        partition_key: Text<'a> = "partitionKey",
    }
}

skimmed! {
    struct DynamoDb {
        sequence_number: Text<'a> = "SequenceNumber",
        keys: Option<&'a RawValue> = "Keys",
    }
}

skimmed! {
    struct S3 {
        bucket: Bucket<'a> = "bucket",
        object: Object<'a> = "object",
    }
}

skimmed! {
    struct Bucket {
        name: Text<'a> = "name",
    }
}

skimmed! {
    struct Object {
        key: Text<'a> = "key",
    }
}

skimmed! {
    struct Sns {
        message_id: Text<'a> = "MessageId",
    }
}

skimmed! {
    struct Ses {
        mail: Mail<'a> = "mail",
    }
}

skimmed! {
    struct Mail {
        message_id: Text<'a> = "messageId",
    }
}

/// Decodes an event. `handled` are the sources of the function; the first is that of an empty event that does not name its own.
///
/// # Errors
///
/// `UnexpectedEvent`: no source of the function has sent it.
pub(crate) fn decode(
    event: RawEvent,
    invocation: Invocation,
    handled: &[Source],
) -> Result<(Arc<Event>, Vec<QueuedRecord>), FunctionError> {
    let event = Arc::new(event);
    match Located::read(event.get(), handled) {
        Ok(located) => Ok(located.into_queue(&event, invocation)),
        Err(error) => {
            let replaced = lone_surrogates::replaced(event.get()).ok_or(error)?;
            Ok(Located::read(&replaced, handled)?.into_queue(&event, invocation))
        }
    }
}

/// The records of an event, and the members beside them.
struct Located<'a> {
    /// The text that was read: the event's, or the same without lone surrogates.
    text: &'a str,
    source: Source,
    records: Vec<LocatedRecord<'a>>,
    members: Vec<(Cow<'a, str>, Range<usize>)>,
}

struct LocatedRecord<'a> {
    head: Head<'a>,
    at: Option<Range<usize>>,
    /// The partition or queue, where the event groups its records, and the position in it.
    group: Option<(Cow<'a, str>, usize)>,
}

impl<'a> Located<'a> {
    fn read(text: &'a str, handled: &[Source]) -> Result<Self, FunctionError> {
        let unexpected = |what: String| {
            let names = handled.iter().map(Source::to_string).collect::<Vec<_>>().join(", ");
            FunctionError::new("UnexpectedEvent", format!("{what}: this function handles {names}"))
        };
        if !text.trim_start().starts_with('{') {
            return Err(unexpected("unexpected event, not a JSON object".to_owned()));
        }
        let members = Members::read(text, handled != [Source::Sqs]);
        let members = members.map_err(|error| unexpected(format!("the event could not be decoded ({error})")))?;
        let located = members.locate(text, handled).ok_or_else(|| unexpected("unexpected event".to_owned()))?;
        match handled.contains(&located.source) {
            true => Ok(located),
            false => Err(unexpected(format!("unexpected event from {}", located.source))),
        }
    }

    fn into_queue(self, event: &Arc<RawEvent>, invocation: Invocation) -> (Arc<Event>, Vec<QueuedRecord>) {
        let Self { text, source, records, members } = self;
        let event = Arc::new(Event {
            text: Arc::clone(event),
            ranges: records
                .iter()
                .map(|record| record.at.clone())
                .collect::<Option<Vec<_>>>()
                .map_or_else(OnceLock::new, OnceLock::from),
            locate,
            source,
            invocation,
            members: members.into_iter().map(|(name, at)| (name.into(), at)).collect(),
            reserved: AtomicUsize::new(0),
            #[cfg(feature = "idempotency")]
            origin: OnceLock::new(),
        });
        let queue = records.into_iter().enumerate().map(|(index, record)| record.into_queued(text, &event, index));
        let queue = queue.collect();
        (event, queue)
    }
}

impl LocatedRecord<'_> {
    fn into_queued(self, text: &str, event: &Arc<Event>, index: usize) -> QueuedRecord {
        let Self { head, group, .. } = self;
        let (mut lane, mut body, mut receive_count) = (None, None, None);
        let id = |text: Text<'_>| RecordId::of(text.0.as_deref());
        let mut id = match event.source {
            Source::Sqs => {
                // Only a FIFO queue is ordered: a standard queue has group ids as well, for fairness.
                let is_fifo = head.arn.0.is_some_and(|arn| arn.ends_with(".fifo"));
                lane = is_fifo.then(|| owned(head.attributes.group));
                body = head.body.0.map(|body| Body::of(text, body));
                receive_count = head.attributes.receive_count.0.and_then(|count| count.parse().ok());
                id(head.message_id)
            }
            Source::Kinesis => {
                lane = Some(owned(head.kinesis.partition_key));
                id(head.kinesis.sequence_number)
            }
            Source::DynamoDb => {
                lane = Some(head.dynamodb.keys.map_or_else(String::new, |keys| lanes::of_item(keys.get())));
                id(head.dynamodb.sequence_number)
            }
            Source::Kafka => {
                let partition = group.map(|(partition, _)| partition.into_owned()).unwrap_or_default();
                let id = head.offset.0.map_or(RecordId::Unknown, |offset| RecordId::Offset {
                    partition: partition.as_str().into(),
                    offset,
                });
                lane = Some(partition);
                id
            }
            // A message names neither its queue nor, usually, its id.
            Source::RabbitMq => group
                .map_or(RecordId::Unknown, |(queue, position)| RecordId::Text(format!("{queue}#{position}").into())),
            Source::S3 => match (head.s3.bucket.name.0, head.s3.object.key.0) {
                (Some(bucket), Some(key)) => RecordId::Text(format!("{bucket}/{key}").into()),
                _ => RecordId::Unknown,
            },
            Source::Sns => id(head.sns.message_id),
            Source::Firehose => id(head.record_id),
            Source::S3Batch => id(head.task_id),
            Source::ActiveMq => id(head.mq_id),
            Source::Ses => id(head.ses.mail.message_id),
            Source::EventBridge => id(event.beside("id").unwrap_or_default()),
            Source::Logs => RecordId::Unknown,
        };
        let mut step = Step::Call;
        let original = event.text.get();
        if !std::ptr::eq(original, text) {
            // Lone surrogates were replaced, so a record with one in its metadata fails, or has no id.
            if let Err(error) = serde_json::from_str::<Head<'_>>(event.record(index)) {
                step = Step::Reject(DecodeError::new("the record", error));
            }
            let is_broken = matches!(&id, RecordId::Text(id) if id.contains(char::REPLACEMENT_CHARACTER));
            if is_broken && event.source.response_format() != ResponseFormat::WholeInvocation {
                id = RecordId::Unknown;
            }
        }
        let record = Record::new(EventRecord { event: Arc::clone(event), index, id, body, receive_count });
        QueuedRecord { record, lane, step }
    }
}

/// Returns where the records of an event stand in its text.
fn locate(event: &str) -> Vec<Range<usize>> {
    // As long as the text itself.
    let replaced = lone_surrogates::replaced(event);
    let members = Members::read(replaced.as_deref().unwrap_or(event), true).unwrap_or_default();
    match members.upper {
        Some(Records::List(records)) => records.into_iter().filter_map(|record| record.at).collect(),
        _ => Vec::new(),
    }
}

fn owned(text: Text<'_>) -> String {
    text.0.map_or_else(String::new, Cow::into_owned)
}

/// The members of an event, of which those that may hold records are read.
#[derive(Default)]
struct Members<'a> {
    /// `Records`, of most sources.
    upper: Option<Records<'a>>,
    /// `records`, of Firehose and Kafka.
    lower: Option<Records<'a>>,
    /// `messages`, of ActiveMQ.
    messages: Option<Records<'a>>,
    /// `rmqMessagesByQueue`, of RabbitMQ.
    queues: Option<Records<'a>>,
    /// `tasks`, of S3 Batch Operations.
    tasks: Option<Records<'a>>,
    others: Vec<(Cow<'a, str>, Range<usize>)>,
}

/// The value of a member that may hold records.
enum Records<'a> {
    List(Vec<LocatedRecord<'a>>),
    /// Lists by the name of their partition or queue.
    Groups(Vec<LocatedRecord<'a>>),
    Other,
}

impl<'a> Members<'a> {
    fn read(text: &'a str, locates: bool) -> serde_json::Result<Self> {
        let mut members = Self::default();
        Reader { text, at: 0, locates }.members(|reader, name| {
            let records = match &*name {
                "Records" => &mut members.upper,
                "records" => &mut members.lower,
                "messages" => &mut members.messages,
                "rmqMessagesByQueue" => &mut members.queues,
                "tasks" => &mut members.tasks,
                _ => {
                    let (_, at) = reader.value::<IgnoredAny>()?;
                    members.others.push((name, at));
                    return Ok(());
                }
            };
            if records.is_some() {
                return Err(serde_json::Error::custom(format!("duplicate member `{name}`")));
            }
            *records = reader.records()?;
            Ok(())
        })?;
        Ok(members)
    }

    fn locate(self, text: &'a str, handled: &[Source]) -> Option<Located<'a>> {
        let member = |name: &str| {
            let (_, at) = self.others.iter().find(|(member, _)| member == name)?;
            text.get(at.clone()).filter(|value| *value != "null")
        };
        let named = member("eventSource").and_then(|value| serde_json::from_str::<Cow<'_, str>>(value).ok());
        let named = named.and_then(|name| Source::named(&name));
        let list = |records| match records {
            Some(Records::List(records)) => records,
            _ => Vec::new(),
        };
        let groups = |records| match records {
            Some(Records::Groups(records)) => records,
            _ => Vec::new(),
        };
        // The event itself is the one record.
        let whole = || vec![LocatedRecord { head: Head::default(), at: Some(0..text.len()), group: None }];
        let (source, records) = match (self.upper, self.tasks, named) {
            (Some(Records::List(records)), ..) => {
                let of_record = |record: &LocatedRecord<'_>| Source::named(record.head.event_source.0.as_deref()?);
                let source = records.iter().find_map(of_record).or(named);
                // An empty list names no source: it is taken for the first that the function handles.
                let source = source.or_else(|| handled.first().copied().filter(|_| records.is_empty()))?;
                (source, records)
            }
            (Some(_), ..) => return None,
            _ if member("deliveryStreamArn").is_some() => (Source::Firehose, list(self.lower)),
            (_, Some(Records::List(tasks)), _) if member("invocationSchemaVersion").is_some() => {
                (Source::S3Batch, tasks)
            }
            (.., Some(Source::Kafka)) => (Source::Kafka, groups(self.lower)),
            (.., Some(Source::ActiveMq)) => (Source::ActiveMq, list(self.messages)),
            (.., Some(Source::RabbitMq)) => (Source::RabbitMq, groups(self.queues)),
            _ if member("awslogs").is_some() => (Source::Logs, whole()),
            _ if member("detail-type").is_some() => (Source::EventBridge, whole()),
            _ => return None,
        };
        Some(Located { text, source, records, members: self.others })
    }
}

/// A reader of a JSON text that knows its position. `serde_json` reads the values.
struct Reader<'a> {
    text: &'a str,
    at: usize,
    /// `true` if it stores the position of each record, for which it reads a list record by record.
    locates: bool,
}

impl<'a> Reader<'a> {
    /// Reads a value.
    fn value<T: Deserialize<'a>>(&mut self) -> serde_json::Result<(T, Range<usize>)> {
        self.peek();
        let mut values = serde_json::Deserializer::from_str(self.text.get(self.at..).unwrap_or_default()).into_iter();
        let value = values.next().unwrap_or_else(|| Err(serde_json::Error::custom("unexpected end")))?;
        let start = self.at;
        self.at += values.byte_offset();
        Ok((value, start..self.at))
    }

    /// Reads an object, of whose members `read` reads the values.
    fn members(
        &mut self,
        mut read: impl FnMut(&mut Self, Cow<'a, str>) -> serde_json::Result<()>,
    ) -> serde_json::Result<()> {
        self.expect(b'{')?;
        while !self.take(b'}') {
            let (Key(name), _) = self.value()?;
            self.expect(b':')?;
            read(self, name)?;
            self.take(b',');
        }
        Ok(())
    }

    /// Reads the value of a member that may hold records; `None` for `null`.
    fn records(&mut self) -> serde_json::Result<Option<Records<'a>>> {
        // The default batch size of SQS.
        let mut records = Vec::with_capacity(10);
        Ok(match self.peek() {
            Some(b'[') if !self.locates => {
                let (List(heads), _) = self.value()?;
                let records = heads.into_iter().flatten().map(|head| LocatedRecord { head, at: None, group: None });
                Some(Records::List(records.collect()))
            }
            Some(b'[') => {
                self.list(None, &mut records)?;
                Some(Records::List(records))
            }
            Some(b'{') => {
                self.members(|reader, name| match reader.peek() {
                    Some(b'[') => reader.list(Some(&name), &mut records),
                    _ => reader.value::<IgnoredAny>().map(drop),
                })?;
                Some(Records::Groups(records))
            }
            _ => self.value::<Option<IgnoredAny>>()?.0.map(|_| Records::Other),
        })
    }

    fn list(&mut self, group: Option<&Cow<'a, str>>, records: &mut Vec<LocatedRecord<'a>>) -> serde_json::Result<()> {
        self.expect(b'[')?;
        let first = records.len();
        while !self.take(b']') {
            let (head, at) = self.value()?;
            let group = group.map(|group| (group.clone(), records.len() - first));
            records.push(LocatedRecord { head, at: Some(at), group });
            self.take(b',');
        }
        Ok(())
    }

    /// Skips white space and returns the byte behind it.
    fn peek(&mut self) -> Option<u8> {
        let rest = self.text.as_bytes().get(self.at..)?;
        let skipped = rest.iter().position(|byte| !byte.is_ascii_whitespace())?;
        self.at += skipped;
        rest.get(skipped).copied()
    }

    fn take(&mut self, byte: u8) -> bool {
        let is_next = self.peek() == Some(byte);
        self.at += usize::from(is_next);
        is_next
    }

    fn expect(&mut self, byte: u8) -> serde_json::Result<()> {
        match self.take(byte) {
            true => Ok(()),
            false => Err(serde_json::Error::custom(format!("expected `{}`", char::from(byte)))),
        }
    }
}

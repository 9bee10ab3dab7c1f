//! Functions of records for cases: for each source one of the right type, which notes each record and handles
//! it as the case requires.

mod complete;

use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use pilaster::records::{Batch, FirehoseRecord, FromRecord, LogRecord, MqMessage, Record, Sns, TransformedRecord};
use pilaster::{BoxError, Change, Firehose, Kafka, Kinesis, S3BatchTask, S3Object, Sqs};
use serde::de::DeserializeOwned;
use serde_json::{Map, Value, json};

pub(crate) use self::complete::complete;
use crate::compare::byte_string;
use crate::exchange::{Notes, Sent, send};

/// The type of record that a function takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    Sqs,
    Kinesis,
    Change,
    Kafka,
    Sns,
    S3,
    Firehose,
    Mq,
    Logs,
    S3Batch,
}

impl Kind {
    /// Of the source of an event; `None` where it is of no source of records.
    pub(crate) fn of(event: &Value) -> Option<Self> {
        if event.get("deliveryStreamArn").is_some() {
            return Some(Self::Firehose);
        }
        if event.get("awslogs").is_some() {
            return Some(Self::Logs);
        }
        if event.get("tasks").is_some() {
            return Some(Self::S3Batch);
        }
        let named =
            |value: &Value| value.get("eventSource").or(value.get("EventSource"))?.as_str().and_then(Self::named);
        let first = event["Records"].as_array().into_iter().flatten().find(|record| record.is_object());
        named(event).or_else(|| first.and_then(named))
    }

    /// By the name of its source.
    pub(crate) fn named(source: &str) -> Option<Self> {
        Some(match source {
            "aws:sqs" => Self::Sqs,
            "aws:kinesis" => Self::Kinesis,
            "aws:dynamodb" => Self::Change,
            "aws:kafka" | "SelfManagedKafka" | "aws:SelfManagedKafka" => Self::Kafka,
            "aws:sns" => Self::Sns,
            "aws:s3" => Self::S3,
            "aws:amq" | "aws:mq" | "aws:rmq" => Self::Mq,
            _ => return None,
        })
    }
}

/// A record as a function of a case sees it.
#[derive(Clone, Debug)]
pub(crate) struct Seen {
    /// Its position in the event.
    pub(crate) index: usize,
    pub(crate) payload: Value,
}

/// The action of a function for a record; only Firehose and S3 Batch Operations read its result.
pub(crate) type Act = Arc<dyn Fn(&Seen) -> Result<Option<TransformedRecord>, BoxError> + Send + Sync>;

/// The type as which the body of a record is read.
pub(crate) trait Payload: DeserializeOwned + Send + 'static {
    fn into_value(self) -> Value;
}

impl Payload for Value {
    fn into_value(self) -> Value {
        self
    }
}

impl Payload for String {
    fn into_value(self) -> Value {
        json!(self)
    }
}

impl Payload for Vec<u8> {
    fn into_value(self) -> Value {
        byte_string(&self)
    }
}

impl Payload for () {
    fn into_value(self) -> Value {
        Value::Null
    }
}

/// Calls the function of this kind with the event; its notes are `{"index", "payload"}`, in the order of the calls.
pub(crate) fn call<T: Payload>(kind: Kind, event: &Value, batch: Batch, notes: &Notes, act: Act) -> Sent {
    type Image = Option<Map<String, Value>>;
    let run = Run { event, batch, notes: notes.clone(), act };
    match kind {
        Kind::Sqs => run.each(|message: Sqs<T>| message.body.into_value()),
        Kind::Kinesis => run.each(|record: Kinesis<T>| record.data.into_value()),
        Kind::Kafka => run.each(|record: Kafka<(), T>| record.value.map_or(Value::Null, T::into_value)),
        Kind::Sns => run.each(|notification: Sns<T>| notification.message.into_value()),
        Kind::Mq => run.each(|message: MqMessage<T>| message.data.into_value()),
        Kind::S3 => run.each(|object: S3Object| json!(object.key())),
        Kind::Change => run.each(|change: Change<Image, Image, Image>| {
            json!({ "keys": change.keys(), "new": change.new_image(), "old": change.old_image() })
        }),
        Kind::Logs => run.each(|record: LogRecord| {
            let since = record.timestamp().duration_since(std::time::UNIX_EPOCH).unwrap_or_default();
            json!({
                "id": record.id(),
                "message": record.message(),
                "timestamp": u64::try_from(since.as_millis()).unwrap_or_default(),
                "logGroup": record.log_group(),
                "logStream": record.log_stream(),
                "owner": record.owner(),
                "subscriptionFilters": record.subscription_filters(),
            })
        }),
        Kind::Firehose => run.transform::<T>(),
        Kind::S3Batch => run.tasks(|task| json!(task.key())),
    }
}

/// A batch whose records behind a failure are run as well, as they are in both libraries.
pub(crate) fn run_all(batch: Batch) -> Batch {
    batch.continue_on_failure()
}

struct Run<'c> {
    event: &'c Value,
    batch: Batch,
    notes: Notes,
    act: Act,
}

impl Run<'_> {
    fn each<R: FromRecord<Response = ()> + 'static>(self, view: fn(R) -> Value) -> Sent {
        let Self { event, batch, notes, act } = self;
        let function = move |record: Record, own: R| {
            let seen = Seen { index: record.index(), payload: view(own) };
            let source = record.source().to_string();
            notes.add(json!({ "index": seen.index, "payload": seen.payload, "source": source }));
            std::future::ready(act(&seen).map(drop))
        };
        send(pilaster::handler(function).batch(batch), event)
    }

    fn tasks(self, view: fn(S3BatchTask) -> Value) -> Sent {
        let Self { event, batch, notes, act } = self;
        let function = move |record: Record, own: S3BatchTask| {
            let seen = Seen { index: record.index(), payload: view(own) };
            notes.add(json!({ "index": seen.index, "payload": seen.payload }));
            let text = |answer| match answer {
                Some(TransformedRecord::Ok { data, .. }) => String::from_utf8_lossy(&data).into_owned(),
                _ => String::new(),
            };
            std::future::ready(act(&seen).map(text))
        };
        send(pilaster::handler(function).batch(batch), event)
    }

    fn transform<T: Payload>(self) -> Sent {
        let Self { event, batch, notes, act } = self;
        let function = move |record: Record, own: Firehose<T>| {
            let seen = Seen { index: record.index(), payload: own.data.into_value() };
            notes.add(json!({ "index": seen.index, "payload": seen.payload }));
            let as_it_was = || match &seen.payload {
                Value::String(text) => text.clone().into_bytes(),
                bytes => bytes["$bytes"].as_str().and_then(|text| STANDARD.decode(text).ok()).unwrap_or_default(),
            };
            let answer = act(&seen).map(|answer| answer.unwrap_or_else(|| TransformedRecord::ok(as_it_was())));
            std::future::ready(answer)
        };
        send(pilaster::handler(function).batch(batch), event)
    }
}

/// The notes of a function of tasks about each task.
pub(crate) fn each_task(event: &Value, view: fn(S3BatchTask) -> Value) -> Vec<Vec<Value>> {
    let notes = Notes::default();
    let run = Run { event, batch: Batch::new(), notes: notes.clone(), act: Arc::new(|_| Ok(None)) };
    run.tasks(view);
    by_record(event, &notes)
}

/// Returns the values that were seen, in the order of the records, and within a record in the order of the calls.
pub(crate) fn in_order(notes: &Notes) -> Vec<Value> {
    let mut notes = notes.all();
    notes.sort_by_key(|note| note["index"].as_u64());
    notes.into_iter().map(|mut note| note["payload"].take()).collect()
}

/// Returns how often each id is in a partial response. Their order has no meaning.
pub(crate) fn returned(answer: &Value) -> Value {
    let mut ids = Map::new();
    for failure in answer["batchItemFailures"].as_array().into_iter().flatten() {
        let id = match &failure["itemIdentifier"] {
            Value::String(id) => id.clone(),
            Value::Null => "unknown".to_owned(),
            place => format!("{}@{}", place["partition"].as_str().unwrap_or_default(), place["offset"]),
        };
        let times = ids.get(&id).and_then(Value::as_u64).unwrap_or_default();
        ids.insert(id, json!(times + 1));
    }
    Value::Object(ids)
}

/// The records of an event in their order, and what surrounds them.
pub(crate) fn records_of(event: &Value) -> Vec<&Value> {
    for name in ["Records", "records", "messages", "rmqMessagesByQueue", "tasks"] {
        match event.get(name) {
            Some(Value::Array(records)) => return records.iter().collect(),
            Some(Value::Object(lists)) => {
                return lists.values().filter_map(Value::as_array).flatten().collect();
            }
            _ => {}
        }
    }
    Vec::new()
}

/// The notes of a function of this type about each record of an event: several if it held several, none if the function cannot
/// decode it.
pub(crate) fn each<R: FromRecord<Response = ()> + 'static>(event: &Value, view: fn(R) -> Value) -> Vec<Vec<Value>> {
    let notes = Notes::default();
    let act: Act = Arc::new(|_| Ok(None));
    let run = Run { event, batch: Batch::new().concurrency(1), notes: notes.clone(), act };
    run.each(view);
    by_record(event, &notes)
}

/// The same of a function that transforms for Firehose.
pub(crate) fn each_of_firehose(event: &Value) -> Vec<Vec<Value>> {
    let notes = Notes::default();
    call::<Vec<u8>>(Kind::Firehose, event, Batch::new(), &notes, Arc::new(|_| Ok(None)));
    by_record(event, &notes)
}

/// The notes of a function that transforms for Firehose about each record, beside its data.
pub(crate) fn each_of_firehose_with(event: &Value, view: fn(&FirehoseRecord) -> Value) -> Vec<Vec<Value>> {
    let notes = Notes::default();
    let noted = notes.clone();
    let function = move |record: Record, own: Firehose<()>| {
        noted.add(json!({ "index": record.index(), "payload": view(&own.record) }));
        std::future::ready(Ok::<_, BoxError>(TransformedRecord::ok(Vec::new())))
    };
    send(pilaster::handler(function), event);
    by_record(event, &notes)
}

fn by_record(event: &Value, notes: &Notes) -> Vec<Vec<Value>> {
    // A subscription of CloudWatch Logs and an event of EventBridge are one record each.
    let mut grouped = vec![Vec::new(); records_of(event).len().max(1)];
    for mut note in notes.all() {
        let index = note["index"].as_u64().and_then(|index| usize::try_from(index).ok());
        if let Some(of_record) = index.and_then(|index| grouped.get_mut(index)) {
            of_record.push(note["payload"].take());
        }
    }
    grouped
}

/// The source of an event's records, which each record has, by the name that AWS uses.
pub(crate) fn source(event: &Value, kind: Kind) -> Option<&'static str> {
    let notes = Notes::default();
    call::<()>(kind, event, Batch::new().concurrency(1), &notes, Arc::new(|_| Ok(None)));
    Some(match notes.all().first()?["source"].as_str()? {
        "SQS" => "aws:sqs",
        "Kinesis" => "aws:kinesis",
        "DynamoDB Streams" => "aws:dynamodb",
        "Kafka" => "aws:kafka",
        "SNS" => "aws:sns",
        "S3" => "aws:s3",
        "ActiveMQ" => "aws:amq",
        "RabbitMQ" => "aws:rmq",
        _ => return None,
    })
}

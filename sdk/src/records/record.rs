//! [`Record`]: one record, the request of layers and the function.

use std::borrow::Cow;
use std::fmt;
use std::ops::Range;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, OnceLock};

use bytestring::ByteString;
use serde::Deserialize;

use super::error::DecodeError;
use super::source::Source;
use crate::core::invocation::Invocation;
use crate::core::raw::RawEvent;

/// The event that the records of a batch share.
#[derive(Debug)]
pub(super) struct BatchEvent {
    pub(super) text: RawEvent,
    pub(super) source: Source,
    pub(super) invocation: Invocation,
    /// The positions of the records in the text. They are located on first use if the function only takes the bodies of
    /// SQS messages.
    pub(super) ranges: OnceLock<Vec<Range<usize>>>,
    pub(super) locate: fn(&str) -> Vec<Range<usize>>,
    /// The positions of the other members in the text, by name.
    pub(super) members: Vec<(Box<str>, Range<usize>)>,
    /// The memory that is reserved for the contents of the records, in bytes.
    pub(super) reserved: AtomicUsize,
    /// The stream, topic or job; determined when the first idempotency key needs it.
    #[cfg(feature = "idempotency")]
    pub(super) origin: OnceLock<serde_json::Value>,
}

/// The memory that the contents of one event's records may always take, in bytes. A few compressed kilobytes can expand
/// to gigabytes, so the limit is this or half of the function's memory.
const MIN_CONTENT_LIMIT: usize = 64 * 1024 * 1024;

/// The memory that a record takes in addition to its text, in bytes: a million empty records are not free.
const RECORD_OVERHEAD: usize = 768;

impl BatchEvent {
    /// Returns the JSON text of a record.
    pub(super) fn record(&self, index: usize) -> &str {
        let text = self.text.get();
        let ranges = self.ranges.get_or_init(|| (self.locate)(text));
        ranges.get(index).and_then(|at| text.get(at.clone())).unwrap_or_default()
    }

    /// Returns a member beside the records.
    pub(super) fn beside<'a, T: Deserialize<'a>>(&'a self, name: &str) -> Option<T> {
        let (_, at) = self.members.iter().find(|(member, _)| **member == *name)?;
        serde_json::from_str(self.text.get().get(at.clone())?).ok()
    }
}

/// The body of an SQS message: a part of the event, or a text that had to be unescaped.
#[derive(Debug)]
pub(super) enum Body {
    Within(Range<usize>),
    Unescaped(String),
}

impl Body {
    /// Creates the body; `text` may be borrowed from `event`.
    pub(super) fn of(event: &RawEvent, text: Cow<'_, str>) -> Self {
        match text {
            Cow::Borrowed(text) => match event.position(text) {
                Some(at) => Self::Within(at),
                None => Self::Unescaped(text.to_owned()),
            },
            Cow::Owned(text) => Self::Unescaped(text),
        }
    }
}

/// The id that the source assigned to a record.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) enum RecordId {
    /// A message id, a sequence number or a record id.
    Text(ByteString),
    /// An offset in a partition (`topic-0`).
    Offset { partition: Box<str>, offset: i64 },
    /// The source did not assign an id.
    Unknown,
}

impl RecordId {
    pub(super) fn of(text: Option<ByteString>) -> Self {
        text.filter(|text| !text.is_empty()).map_or(Self::Unknown, Self::Text)
    }

    /// Returns the id in the form used in log lines.
    pub(super) fn as_text(&self) -> Cow<'_, str> {
        match self {
            Self::Text(text) => Cow::Borrowed(text),
            other => Cow::Owned(other.to_string()),
        }
    }
}

impl fmt::Display for RecordId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Text(text) => f.write_str(text),
            Self::Offset { partition, offset } => write!(f, "{partition}@{offset}"),
            Self::Unknown => f.write_str("unknown"),
        }
    }
}

/// One record of a batch, still as JSON text: the request of every layer of a record function. Cheap to clone.
///
/// If a record is an envelope (an SQS message with a notification about two S3 objects), each of its contents is a
/// separate record. All of them have the [`id`](Self::id) of the envelope, since the source can only retry the
/// envelope.
#[derive(Clone)]
pub struct Record {
    outer: Arc<EventRecord>,
    content: Option<Arc<Content>>,
}

/// The record in the event.
pub(super) struct EventRecord {
    pub(super) event: Arc<BatchEvent>,
    /// Its position in the event.
    pub(super) index: usize,
    pub(super) id: RecordId,
    /// The body of an SQS message.
    pub(super) body: Option<Body>,
    pub(super) receive_count: Option<u32>,
}

/// The content of an envelope.
struct Content {
    text: Box<str>,
    /// The number of contents of the envelope.
    #[cfg_attr(not(feature = "idempotency"), allow(dead_code))]
    count: usize,
}

/// Starts the content of an aggregated Kinesis record, as in a JSON text sequence (RFC 7464). No other content that
/// starts with it is valid JSON, so producers cannot forge it.
pub(super) const AGGREGATED_MARK: char = '\u{1e}';

impl Record {
    pub(super) fn new(record: EventRecord) -> Self {
        Self { outer: Arc::new(record), content: None }
    }

    /// Returns the record with one of its `count` contents.
    pub(super) fn with_content(&self, text: impl Into<Box<str>>, count: usize) -> Self {
        let content = Some(Arc::new(Content { text: text.into(), count }));
        Self { outer: Arc::clone(&self.outer), content }
    }

    /// Returns the record without a content.
    pub(super) fn outer(&self) -> Self {
        Self { outer: Arc::clone(&self.outer), content: None }
    }

    /// Returns the source that the record comes from.
    pub fn source(&self) -> Source {
        self.outer.event.source
    }

    /// Returns the id that the source assigned to the record: the message id, the sequence number in a stream,
    /// `topic-partition@offset` in Kafka; `unknown` if there is none.
    pub fn id(&self) -> impl fmt::Display + '_ {
        self.record_id()
    }

    pub(super) fn record_id(&self) -> &RecordId {
        &self.outer.id
    }

    /// Returns the position of the record in the event, from 0.
    pub fn index(&self) -> usize {
        self.outer.index
    }

    /// Returns the JSON text of the record in the event. For a content of an envelope or of an aggregated
    /// Kinesis record, this is the text of the outer record.
    pub fn json(&self) -> &str {
        self.outer.event.record(self.outer.index)
    }

    /// Returns the body of an SQS message.
    pub(super) fn body(&self) -> Option<&str> {
        match self.outer.body.as_ref()? {
            Body::Within(at) => self.outer.event.text.get().get(at.clone()),
            Body::Unescaped(text) => Some(text),
        }
    }

    /// Returns the origin of the event's records, which the first call determines.
    #[cfg(feature = "idempotency")]
    pub(super) fn origin_of_event(&self, find: fn(&BatchEvent) -> serde_json::Value) -> &serde_json::Value {
        self.outer.event.origin.get_or_init(|| find(&self.outer.event))
    }

    /// Reserves memory for this number of contents, whose texts take this number of bytes in total.
    ///
    /// # Errors
    ///
    /// The memory reserved for the event would exceed the limit.
    pub(super) fn reserve(&self, contents: usize, bytes: usize) -> Result<(), DecodeError> {
        let size = contents.saturating_mul(RECORD_OVERHEAD).saturating_add(bytes);
        let memory = usize::try_from(self.invocation().memory_mb()).unwrap_or_default();
        let limit = MIN_CONTENT_LIMIT.max(memory * 1024 * 1024 / 2);
        let sum = |reserved: usize| reserved.checked_add(size).filter(|sum| *sum <= limit);
        let reserved = self.outer.event.reserved.fetch_update(Ordering::Relaxed, Ordering::Relaxed, sum);
        reserved.map(drop).map_err(|_| {
            let why = format!("the contents of this event's records take more than {limit} bytes: lower `BatchSize`");
            DecodeError::new("the contents of the record", why)
        })
    }

    /// Releases all memory that is reserved for the event, and returns its size.
    pub(super) fn release(&self) -> usize {
        self.outer.event.reserved.swap(0, Ordering::Relaxed)
    }

    /// Returns the content, if the record came in an envelope.
    pub(super) fn content(&self) -> Option<&str> {
        self.content.as_ref().map(|content| &*content.text)
    }

    /// Returns the record as if it were alone in the stream, if it is part of an aggregated Kinesis record.
    pub(super) fn deaggregated(&self) -> Option<&str> {
        self.content().filter(|_| self.source() == Source::Kinesis)?.strip_prefix(AGGREGATED_MARK)
    }

    /// Returns `true` if its envelope has other contents.
    #[cfg(feature = "idempotency")]
    pub(super) fn has_siblings(&self) -> bool {
        self.content.as_ref().is_some_and(|content| content.count > 1)
    }

    /// Returns a member of the event beside its records.
    pub(super) fn beside<'a, T: Deserialize<'a>>(&'a self, name: &str) -> Option<T> {
        self.outer.event.beside(name)
    }

    /// Returns the invocation of the record.
    pub fn invocation(&self) -> &Invocation {
        &self.outer.event.invocation
    }

    /// Returns the receive count of the record, including this receive; `None` if the source is not SQS.
    pub fn receive_count(&self) -> Option<u32> {
        self.outer.receive_count
    }
}

/// Shows only the source and the id: the record may contain secrets.
impl fmt::Debug for Record {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Record")
            .field("source", &self.source())
            .field("id", &format_args!("{}", self.id()))
            .finish_non_exhaustive()
    }
}

//! [`Record`]: one record on its way through the layers to the function.

use std::borrow::Cow;
use std::fmt;
use std::ops::Range;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, OnceLock};

use serde::Deserialize;
use serde::de::{DeserializeOwned, Deserializer as _, IgnoredAny, MapAccess, Visitor};

use super::source::Source;
use crate::core::invocation::Invocation;
use crate::core::raw::RawEvent;
use crate::records::adapter::decode::ranges;
use crate::records::extract::payload::DecodeError;

/// What the records of an event have in common.
#[derive(Debug)]
pub(crate) struct Event {
    pub(crate) text: RawEvent,
    pub(crate) source: Source,
    pub(crate) invocation: Invocation,
    /// Where the records stand in the text; looked for when the first of them is asked for its own.
    ranges: OnceLock<Vec<Range<usize>>>,
    /// Where they come from; looked for when an idempotency key is made.
    #[cfg(feature = "idempotency")]
    origin: OnceLock<serde_json::Value>,
    /// How much memory was reserved for what the records hold, in bytes.
    reserved: AtomicUsize,
}

/// As much memory as what the records of one event hold may always take, in bytes. A few kilobytes can stand for gigabytes, so it is
/// this much or half of the function's memory.
const LEAST: usize = 64 * 1024 * 1024;

/// What a record takes besides its text, in bytes: counted so that a million of empty ones is not free.
const EACH: usize = 768;

impl Event {
    pub(crate) fn new(text: RawEvent, source: Source, invocation: Invocation) -> Self {
        Self {
            text,
            source,
            invocation,
            ranges: OnceLock::new(),
            reserved: AtomicUsize::new(0),
            #[cfg(feature = "idempotency")]
            origin: OnceLock::new(),
        }
    }

    /// The text of one record.
    fn record(&self, index: usize) -> &str {
        let ranges = self.ranges.get_or_init(|| ranges(self.text.get(), self.source));
        ranges.get(index).and_then(|at| self.text.get().get(at.clone())).unwrap_or_default()
    }

    /// What the event has beside its records. AWS writes these first; what comes after it is not read.
    pub(crate) fn beside<T: DeserializeOwned>(&self, name: &str) -> Option<T> {
        struct Beside<'n, T>(&'n str, &'n mut Option<T>);

        impl<'de, T: Deserialize<'de>> Visitor<'de> for Beside<'_, T> {
            type Value = ();

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an event")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<(), A::Error> {
                while let Some(key) = map.next_key::<String>()? {
                    if key == self.0 {
                        *self.1 = map.next_value()?;
                        return Ok(());
                    }
                    map.next_value::<IgnoredAny>()?;
                }
                Ok(())
            }
        }

        let mut found = None;
        // Where it stops early, serde_json calls the rest an error.
        let _ = serde_json::Deserializer::from_str(self.text.get()).deserialize_map(Beside(name, &mut found));
        found
    }
}

/// A part of the event's text, or what had to be written anew.
#[derive(Clone, Debug)]
pub(crate) enum Slice {
    At(Range<usize>),
    Own(Arc<str>),
}

impl Slice {
    /// `text` may be part of `event`.
    pub(crate) fn of(event: &str, text: Cow<'_, str>) -> Self {
        let at = |text: &str| {
            let start = (text.as_ptr() as usize).checked_sub(event.as_ptr() as usize)?;
            Some(start..start + text.len())
        };
        match text {
            Cow::Borrowed(text) => at(text).map_or_else(|| Self::Own(text.into()), Self::At),
            Cow::Owned(text) => Self::Own(text.into()),
        }
    }
}

/// How the source calls a record.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Id {
    /// The message id, the sequence number, the record id.
    Text(Box<str>),
    /// A place in a partition (`topic-0`).
    Offset { partition: Box<str>, offset: i64 },
    /// It does not say.
    Unknown,
}

impl Id {
    pub(crate) fn of(text: Option<&str>) -> Self {
        match text {
            None | Some("") => Self::Unknown,
            Some(text) => Self::Text(text.into()),
        }
    }
}

impl Id {
    /// As text, for a log line.
    pub(crate) fn as_text(&self) -> Cow<'_, str> {
        match self {
            Self::Text(text) => Cow::Borrowed(text),
            other => Cow::Owned(other.to_string()),
        }
    }
}

impl fmt::Display for Id {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Text(text) => f.write_str(text),
            Self::Offset { partition, offset } => write!(f, "{partition}@{offset}"),
            Self::Unknown => f.write_str("unknown"),
        }
    }
}

/// One record of a batch, still as text: what a layer below the record door is called with. Cheap to clone.
///
/// Where one record holds several others (an SQS message with a notification of two S3 objects), each comes by itself, and all
/// of them have the [`id`](Self::id) of the outermost one, which is what can be sent again.
#[derive(Clone)]
pub struct Record(Arc<Inner>);

struct Inner {
    event: Arc<Event>,
    /// Its position in the event.
    index: usize,
    id: Id,
    /// The body of a message of SQS.
    body: Option<Slice>,
    receive_count: Option<u32>,
    /// What was within the record, where it was an envelope.
    content: Option<Arc<str>>,
    /// How many contents the envelope had.
    #[cfg_attr(not(feature = "idempotency"), allow(dead_code))]
    contents: usize,
}

impl Record {
    pub(crate) fn new(
        event: &Arc<Event>,
        index: usize,
        id: Id,
        body: Option<Slice>,
        receive_count: Option<u32>,
    ) -> Self {
        Self(Arc::new(Inner { event: Arc::clone(event), index, id, body, receive_count, content: None, contents: 0 }))
    }

    /// The record with one of those that it held, of which there were so many.
    pub(crate) fn with_content(&self, content: impl Into<Arc<str>>, contents: usize) -> Self {
        let Inner { event, index, id, body, receive_count, .. } = &*self.0;
        let (event, id, body) = (Arc::clone(event), id.clone(), body.clone());
        let content = Some(content.into());
        Self(Arc::new(Inner { event, index: *index, id, body, receive_count: *receive_count, content, contents }))
    }

    /// The record that it came in, or itself.
    pub(crate) fn outer(&self) -> Self {
        let Inner { event, index, id, body, receive_count, .. } = &*self.0;
        Self::new(event, *index, id.clone(), body.clone(), *receive_count)
    }

    /// Where it comes from.
    pub fn source(&self) -> Source {
        self.0.event.source
    }

    /// The id by which the source knows it: of a message, the sequence number in a stream, `topic-partition@offset` in Kafka;
    /// `unknown` if the source did not say.
    pub fn id(&self) -> impl fmt::Display + '_ {
        self.key()
    }

    pub(crate) fn key(&self) -> &Id {
        &self.0.id
    }

    /// Its position in the event, from 0.
    pub fn index(&self) -> usize {
        self.0.index
    }

    /// Its JSON text, as the event has it: also of what came in another record, an envelope or one that a producer of Kinesis has
    /// aggregated, it is the text of that outer one.
    pub fn json(&self) -> &str {
        self.0.event.record(self.0.index)
    }

    /// The text of a message's body.
    pub(crate) fn body(&self) -> Option<&str> {
        match self.0.body.as_ref()? {
            Slice::At(at) => self.0.event.text.get().get(at.clone()),
            Slice::Own(text) => Some(text),
        }
    }

    #[cfg(feature = "idempotency")]
    pub(crate) fn origin_of_event(&self) -> &serde_json::Value {
        self.0.event.origin.get_or_init(|| crate::records::layers::idempotency::identity::origin(&self.0.event))
    }

    /// Reserves memory for what the record holds: so many records, whose texts take so many bytes together.
    ///
    /// # Errors
    ///
    /// With all that was reserved for the event it would be more than there may be.
    pub(crate) fn reserve(&self, records: usize, bytes: usize) -> Result<(), DecodeError> {
        let size = records.saturating_mul(EACH).saturating_add(bytes);
        let memory = usize::try_from(self.invocation().memory_mb()).unwrap_or_default();
        let most = LEAST.max(memory * 1024 * 1024 / 2);
        let sum = |reserved: usize| reserved.checked_add(size).filter(|sum| *sum <= most);
        let reserved = self.0.event.reserved.fetch_update(Ordering::Relaxed, Ordering::Relaxed, sum);
        reserved.map(drop).map_err(|_| {
            let why = format!("what the records of this event hold takes more than {most} bytes: lower `BatchSize`");
            DecodeError::new("what the record holds", why)
        })
    }

    /// Gives back all that was reserved for the event; what is held now by the records of the event.
    pub(crate) fn release(&self) -> usize {
        self.0.event.reserved.swap(0, Ordering::Relaxed)
    }

    /// What was within the envelopes that this record came in, if it came in any.
    pub(crate) fn content(&self) -> Option<&str> {
        self.0.content.as_deref()
    }

    /// Whether its envelope had others besides.
    #[cfg(feature = "idempotency")]
    pub(crate) fn has_siblings(&self) -> bool {
        self.0.contents > 1
    }

    /// What the event has beside its records.
    pub(crate) fn beside<T: DeserializeOwned>(&self, name: &str) -> Option<T> {
        self.0.event.beside(name)
    }

    /// The invocation that brought it.
    pub fn invocation(&self) -> &Invocation {
        &self.0.event.invocation
    }

    /// How often it was received, this time included, where the source counts: SQS does.
    pub fn receive_count(&self) -> Option<u32> {
        self.0.receive_count
    }
}

/// The record may hold what nobody should read in a log: its source and its id are told.
impl fmt::Debug for Record {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Record")
            .field("source", &self.source())
            .field("id", &format_args!("{}", self.id()))
            .finish_non_exhaustive()
    }
}

//! [`Record`]: one record on its way through the layers to the function.

use std::borrow::Cow;
use std::fmt;
use std::ops::Range;
use std::sync::Arc;

use serde::Deserialize;

use super::source::Source;
use crate::event::{Invocation, RawEvent};

/// What the records of an event have in common.
#[derive(Debug)]
pub(super) struct Event {
    pub(super) text: RawEvent,
    pub(super) source: Source,
    pub(super) invocation: Invocation,
}

/// How the source calls a record.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Id {
    /// The message id, the sequence number, the record id.
    Text(Box<str>),
    /// A place in a partition (`topic-0`).
    Offset { partition: Box<str>, offset: i64 },
    /// It does not say.
    Unknown,
}

impl Id {
    pub(super) fn text(text: &str) -> Self {
        if text.is_empty() { Self::Unknown } else { Self::Text(text.into()) }
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
    /// Of the event's text.
    at: Range<usize>,
    /// What was within the record, where it was an envelope.
    content: Option<Box<str>>,
    id: Id,
    /// Its position in the event.
    index: usize,
}

impl Record {
    pub(super) fn new(event: &Arc<Event>, at: Range<usize>, id: Id, index: usize) -> Self {
        Self(Arc::new(Inner { event: Arc::clone(event), at, content: None, id, index }))
    }

    /// The record with one of those that it held.
    pub(super) fn with_content(&self, content: impl Into<Box<str>>) -> Self {
        let Inner { event, at, id, index, .. } = &*self.0;
        let (event, at, id) = (Arc::clone(event), at.clone(), id.clone());
        Self(Arc::new(Inner { event, at, content: Some(content.into()), id, index: *index }))
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

    pub(super) fn key(&self) -> &Id {
        &self.0.id
    }

    /// Its position in the event, from 0.
    pub fn index(&self) -> usize {
        self.0.index
    }

    /// Its JSON text, as the event has it.
    pub fn json(&self) -> &str {
        self.0.event.text.get().get(self.0.at.clone()).unwrap_or_default()
    }

    /// What was within the envelopes that this record came in, if it came in any.
    pub(crate) fn content(&self) -> Option<&str> {
        self.0.content.as_deref()
    }

    /// The invocation that brought it.
    pub fn invocation(&self) -> &Invocation {
        &self.0.event.invocation
    }

    /// How often it was received, this time included, where the source counts: SQS does.
    pub fn receive_count(&self) -> Option<u32> {
        #[derive(Deserialize)]
        struct Wire<'a> {
            #[serde(borrow)]
            attributes: Attributes<'a>,
        }
        #[derive(Deserialize)]
        #[serde(rename_all = "PascalCase")]
        struct Attributes<'a> {
            #[serde(borrow)]
            approximate_receive_count: Cow<'a, str>,
        }
        if self.source() != Source::Sqs {
            return None;
        }
        let wire = serde_json::from_str::<Wire<'_>>(self.json()).ok()?;
        wire.attributes.approximate_receive_count.parse().ok()
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

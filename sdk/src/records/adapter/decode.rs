//! Decodes an event: detects its source, and finds the place of each record in the text.
//!
//! One pass over the text finds all of that and the members that [`ids`](super::ids) needs; for a function that takes
//! SQS messages alone it leaves out the places, since most of these functions read only bodies. It skips a value of an
//! unexpected type, so that a malformed record fails alone when the function's type is decoded from it. Only a lone
//! surrogate (`\ud800`) stops the pass; see [`lone_surrogates`].

use std::borrow::Cow;
use std::ops::Range;
use std::sync::atomic::AtomicUsize;
use std::sync::{Arc, OnceLock};

use serde::Deserialize;
use serde::de::{Error as _, IgnoredAny};

use super::ids::{LocatedRecord, RecordMembers};
use super::lone_surrogates;
use super::queue::QueuedRecord;
use crate::core::error::FunctionError;
use crate::core::invocation::Invocation;
use crate::core::json::lenient::List;
use crate::core::json::text::Text;
use crate::core::raw::RawEvent;
use crate::core::source::{EventSource, Markers};
use crate::records::record::BatchEvent;
use crate::records::source::Source;

/// Decodes an event. `handled` are the sources of the function; the first is that of an empty event that does not name
/// its own.
///
/// # Errors
///
/// `UnexpectedEvent`: no source of the function has sent it.
pub(crate) fn decode(
    event: RawEvent,
    invocation: Invocation,
    handled: &[Source],
) -> Result<(Arc<BatchEvent>, Vec<QueuedRecord>), FunctionError> {
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

    fn into_queue(self, event: &RawEvent, invocation: Invocation) -> (Arc<BatchEvent>, Vec<QueuedRecord>) {
        let Self { text, source, records, members } = self;
        let event = Arc::new(BatchEvent {
            text: event.clone(),
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

/// Returns the source that this adapter detects.
#[cfg(all(test, feature = "http", feature = "records", feature = "otel"))]
pub(crate) fn detected(event: &str) -> Option<Source> {
    Members::read(event, true).ok()?.locate(event, &[]).map(|located| located.source)
}

/// Returns the positions of the records in the text.
fn locate(event: &str) -> Vec<Range<usize>> {
    // As long as the text itself.
    let replaced = lone_surrogates::replaced(event);
    let members = Members::read(replaced.as_deref().unwrap_or(event), true).unwrap_or_default();
    match members.upper {
        Some(Records::List(records)) => records.into_iter().filter_map(|record| record.at).collect(),
        _ => Vec::new(),
    }
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
        let mut reader = Reader { text, at: 0, locates };
        reader.members(|reader, name| {
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
        match reader.peek() {
            None => Ok(members),
            Some(_) => Err(serde_json::Error::custom("unexpected text behind the object")),
        }
    }

    fn locate(self, text: &'a str, handled: &[Source]) -> Option<Located<'a>> {
        let mut markers = Markers { tasks: matches!(self.tasks, Some(Records::List(_))), ..Markers::default() };
        for (name, at) in &self.others {
            match text.get(at.clone()) {
                None | Some("null") => {}
                Some(value) => markers.mark_records(name, value),
            }
        }
        let mut unnamed = None;
        let upper = match self.upper {
            Some(Records::List(records)) => {
                let of_record =
                    |record: &LocatedRecord<'_>| EventSource::named(record.members.event_source.0.as_deref()?);
                markers.of_record = records.iter().find_map(of_record);
                markers.records = true;
                // An empty list does not name its source: the function's first is assumed.
                unnamed = handled.first().copied().filter(|_| records.is_empty());
                records
            }
            Some(_) => return None,
            None => Vec::new(),
        };
        let source = markers.detect().and_then(Source::of).or(unnamed)?;
        let list = |records| match records {
            Some(Records::List(records)) => records,
            _ => Vec::new(),
        };
        let groups = |records| match records {
            Some(Records::Groups(records)) => records,
            _ => Vec::new(),
        };
        let records = match source {
            _ if markers.records => upper,
            Source::Firehose => list(self.lower),
            Source::S3Batch => list(self.tasks),
            Source::Kafka => groups(self.lower),
            Source::ActiveMq => list(self.messages),
            Source::RabbitMq => groups(self.queues),
            // The event itself is the one record.
            _ => vec![LocatedRecord { members: RecordMembers::default(), at: Some(0..text.len()), group: None }],
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
        if self.take(b'}') {
            return Ok(());
        }
        loop {
            let (Text(name), _) = self.value()?;
            self.expect(b':')?;
            read(self, name)?;
            if !self.take(b',') {
                return self.expect(b'}');
            }
        }
    }

    /// Reads the value of a member that may hold records; `None` for `null`.
    fn records(&mut self) -> serde_json::Result<Option<Records<'a>>> {
        // The default batch size of SQS.
        let mut records = Vec::with_capacity(10);
        Ok(match self.peek() {
            Some(b'[') if !self.locates => {
                let (List(records_of_list), _) = self.value()?;
                let records = records_of_list.into_iter().flatten().map(|members| LocatedRecord {
                    members,
                    at: None,
                    group: None,
                });
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
        if self.take(b']') {
            return Ok(());
        }
        let first = records.len();
        loop {
            let (members, at) = self.value()?;
            let group = group.map(|group| (group.clone(), records.len() - first));
            records.push(LocatedRecord { members, at: Some(at), group });
            if !self.take(b',') {
                return self.expect(b']');
            }
        }
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

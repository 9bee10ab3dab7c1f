//! Records that a producer has aggregated: several of its records in the data of one record of the stream.
//!
//! The Kinesis Producer Library, Flink's sink and Fluent Bit write them. The form is that of
//! <https://github.com/awslabs/amazon-kinesis-producer/blob/master/aggregation-format.md>: four bytes by which it is known, a
//! protobuf message, and the message's MD5. Data that is not exactly of this form is data of one record, as it is for the Kinesis Client
//! Library; so nothing of a record is dropped.

use std::ops::Range;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::Deserialize;
use serde_json::Value;
use serde_json::value::RawValue;

use super::super::payload::DecodeError;
use super::md5::md5;
use super::protobuf::{Field, Reader};
use crate::records::record::Record;
use crate::records::source::Source;

/// The first bytes.
const MAGIC: [u8; 4] = [0xF3, 0x89, 0x9A, 0xC2];

/// The first bytes as base64, as far as the next byte does not change them.
pub(crate) const MAGIC_BASE64: &str = "84maw";

/// The length of the checksum at the end.
const DIGEST: usize = 16;

/// The longest text besides the data, the keys, and what is the same for all.
const AROUND: usize = 120;

/// The most that the texts of the records in one may have together, in bytes. The keys that Kinesis takes, of 256 characters, never make
/// so much; a longer one that many records share would keep the function busy for hours.
const MOST: usize = 512 * 1024 * 1024;

/// Begins the content of a record that was taken out of an aggregated one, as in a JSON text sequence (RFC 7464). No other content
/// begins with it and can be read, so no producer can write one.
const MARK: char = '\u{1e}';

/// The record as the stream would have it, with its number, if it was taken out of an aggregated one. It is not read from the record of
/// the stream each time, which may be a thousand times as long.
pub(crate) fn own_json(record: &Record) -> Option<&str> {
    record.content().filter(|_| record.source() == Source::Kinesis)?.strip_prefix(MARK)
}

/// What the record of the stream says of all that it holds.
#[derive(Default, Deserialize)]
#[serde(default)]
struct Outer<'a> {
    #[serde(borrow)]
    kinesis: OuterKinesis<'a>,
    #[serde(borrow, rename = "eventID")]
    event_id: Option<&'a RawValue>,
    #[serde(borrow, rename = "eventSourceARN")]
    stream_arn: Option<&'a RawValue>,
    #[serde(borrow, rename = "awsRegion")]
    region: Option<&'a RawValue>,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct OuterKinesis<'a> {
    #[serde(borrow)]
    encryption_type: Option<&'a RawValue>,
    #[serde(borrow)]
    approximate_arrival_timestamp: Option<&'a RawValue>,
}

impl Outer<'_> {
    /// The end of the JSON of each record: what follows its data.
    fn end(&self) -> String {
        let field = |name: &str, value: Option<&RawValue>| {
            value.map_or_else(String::new, |value| format!(r#","{name}":{}"#, value.get()))
        };
        let own = &self.kinesis;
        [
            field("encryptionType", own.encryption_type),
            field("approximateArrivalTimestamp", own.approximate_arrival_timestamp),
            "}".to_owned(),
            field("eventID", self.event_id),
            field("eventSourceARN", self.stream_arn),
            field("awsRegion", self.region),
            "}".to_owned(),
        ]
        .concat()
    }
}

/// An aggregated record. The text of each record in it is written when it is asked for, since many may share one long key.
#[derive(Debug)]
pub struct Aggregated {
    message: Vec<u8>,
    records: Vec<Entry>,
    /// The end of the JSON of each record.
    end: String,
}

impl Aggregated {
    /// What is in this data of a record, if that is an aggregated one.
    pub(crate) fn open(record: &Record, data: &str) -> Option<Self> {
        if !data.starts_with(MAGIC_BASE64) {
            return None;
        }
        let mut bytes = STANDARD.decode(data).ok()?;
        let records = Aggregate::read(message(&bytes)?)?.records;
        bytes.truncate(bytes.len() - DIGEST);
        bytes.drain(..MAGIC.len());
        let end = serde_json::from_str::<Outer<'_>>(record.json()).unwrap_or_default().end();
        Some(Self { message: bytes, records, end })
    }

    /// Itself, if its records can be handled one after the other.
    ///
    /// # Errors
    ///
    /// Their texts are too long together.
    pub(crate) fn checked(self) -> Result<Self, DecodeError> {
        match self.size() {
            ..=MOST => Ok(self),
            _ => Err(DecodeError::new("the aggregated record", format!("its records have more than {MOST} bytes"))),
        }
    }

    /// Reserves memory for the texts of all records together.
    ///
    /// # Errors
    ///
    /// They take more than the rest of the event leaves room for.
    pub(crate) fn reserve(&self, record: &Record) -> Result<(), DecodeError> {
        record.reserve(self.records.len(), self.size())
    }

    /// The texts of the records.
    pub(crate) fn contents(self) -> impl ExactSizeIterator<Item = String> + Send + use<> {
        (0..self.records.len()).map(move |number| self.content(number))
    }

    /// How long the contents are together at most: a byte of a key takes up to six in JSON.
    fn size(&self) -> usize {
        let length = |span: &Span| span.len();
        let of = |entry: &Entry| {
            let keys = length(&entry.partition_key) + entry.hash_key.as_ref().map_or(0, length);
            AROUND + self.end.len() + 6 * keys + length(&entry.data).div_ceil(3) * 4
        };
        self.records.iter().map(of).fold(0, usize::saturating_add)
    }

    fn content(&self, number: usize) -> String {
        let Some(entry) = self.records.get(number) else { return String::new() };
        let text = |span: &Span| Value::from(String::from_utf8_lossy(self.bytes(span))).to_string();
        let key = text(&entry.partition_key);
        let hash_key = match &entry.hash_key {
            Some(hash_key) => format!(r#","explicitHashKey":{}"#, text(hash_key)),
            None => String::new(),
        };
        let (data, end) = (STANDARD.encode(self.bytes(&entry.data)), &self.end);
        let own =
            format!(r#"{{"subSequenceNumber":{number},"kinesis":{{"partitionKey":{key}{hash_key},"data":"{data}""#);
        format!("{MARK}{own}{end}")
    }

    fn bytes(&self, span: &Span) -> &[u8] {
        self.message.get(span.start as usize..span.end as usize).unwrap_or_default()
    }
}

/// The protobuf message within aggregated data.
fn message(data: &[u8]) -> Option<&[u8]> {
    let (message, digest) = data.strip_prefix(&MAGIC)?.split_last_chunk::<DIGEST>()?;
    (md5(message) == *digest).then_some(message)
}

/// A message while it is read.
#[derive(Debug)]
struct Aggregate<'a> {
    message: &'a [u8],
    partition_keys: Vec<Span>,
    hash_keys: Vec<Span>,
    records: Vec<Entry>,
}

/// A place in a message, which is shorter than 4 GB.
type Span = Range<u32>;

/// A record in an aggregated one.
#[derive(Debug)]
struct Entry {
    partition_key: Span,
    hash_key: Option<Span>,
    data: Span,
}

impl<'a> Aggregate<'a> {
    /// Reads the message; `None` if it is not one of the form, or holds no record.
    fn read(message: &'a [u8]) -> Option<Self> {
        u32::try_from(message.len()).ok()?;
        let mut aggregate = Self { message, partition_keys: Vec::new(), hash_keys: Vec::new(), records: Vec::new() };
        let mut reader = Reader::new(message, 0..message.len());
        let mut records = 0_usize;
        while let Some((number, field)) = reader.next()? {
            match (number, field) {
                (1, Field::Bytes(at)) => aggregate.partition_keys.push(span(&at)?),
                (2, Field::Bytes(at)) => aggregate.hash_keys.push(span(&at)?),
                (3, Field::Bytes(_)) => records += 1,
                _ => {}
            }
        }
        if records == 0 {
            return None;
        }
        // The keys of a record may stand behind it.
        let mut reader = Reader::new(message, 0..message.len());
        while let Some((number, field)) = reader.next()? {
            if let (3, Field::Bytes(at)) = (number, field) {
                let entry = aggregate.entry(at)?;
                aggregate.records.push(entry);
            }
        }
        Some(aggregate)
    }

    fn entry(&self, at: Range<usize>) -> Option<Entry> {
        let (mut partition_key, mut hash_key, mut data) = (None, None, None);
        let mut reader = Reader::new(self.message, at);
        while let Some((number, field)) = reader.next()? {
            // Of a field that comes twice the last counts.
            match (number, field) {
                (1, Field::Varint(index)) => partition_key = Some(index),
                (2, Field::Varint(index)) => hash_key = Some(index),
                (3, Field::Bytes(at)) => data = Some(span(&at)?),
                _ => {}
            }
        }
        let key = |keys: &[Span], index: u64| keys.get(usize::try_from(index).ok()?).cloned();
        Some(Entry {
            partition_key: key(&self.partition_keys, partition_key?)?,
            hash_key: match hash_key {
                Some(index) => Some(key(&self.hash_keys, index)?),
                None => None,
            },
            data: data?,
        })
    }
}

fn span(at: &Range<usize>) -> Option<Span> {
    Some(u32::try_from(at.start).ok()?..u32::try_from(at.end).ok()?)
}

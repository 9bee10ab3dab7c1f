//! Aggregated records: several user records in the data of one stream record.
//!
//! The Kinesis Producer Library, Flink's sink and Fluent Bit write them. The format is that of
//! <https://github.com/awslabs/amazon-kinesis-producer/blob/master/aggregation-format.md>: four magic bytes, a protobuf
//! message, and its MD5. Data that does not match it exactly is the data of a single record, as in the Kinesis Client
//! Library.

use std::ops::Range;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::Deserialize;
use serde_json::Value;
use serde_json::value::RawValue;

use super::md5::md5;
use super::protobuf::{Field, Reader};
use crate::records::error::DecodeError;
use crate::records::record::{AGGREGATED_MARK, Record};

/// The magic bytes.
const MAGIC: [u8; 4] = [0xF3, 0x89, 0x9A, 0xC2];

/// The base64 text of the magic bytes, up to the character that the next byte affects.
pub(super) const MAGIC_BASE64: &str = "84maw";

/// The length of the MD5, in bytes.
const DIGEST: usize = 16;

/// The maximum length of a user record's JSON without its data, its keys and the common end.
const AROUND: usize = 120;

/// The limit of the total size of a record's user records, in bytes. With keys that Kinesis accepts, of up to 256
/// characters, it is never reached; a longer key shared by many user records would keep the function busy for hours.
const MAX_TEXTS: usize = 512 * 1024 * 1024;

/// The members of the record that all its user records share.
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
    /// Returns the common end of each user record's JSON, after its data.
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

/// An aggregated record. The text of each user record is serialized when it is taken, since many may share a long key.
#[derive(Debug)]
pub struct Aggregated {
    message: Vec<u8>,
    records: Vec<Entry>,
    /// The end of each user record's JSON.
    end: String,
}

impl Aggregated {
    /// Decodes the data of a record, if it is aggregated.
    pub(super) fn open(record: &Record, data: &str) -> Option<Self> {
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

    /// Checks the size of its user records.
    ///
    /// # Errors
    ///
    /// Their texts exceed the limit.
    pub(super) fn checked(self) -> Result<Self, DecodeError> {
        match self.size() {
            ..=MAX_TEXTS => Ok(self),
            _ => Err(DecodeError::new(
                "the aggregated record",
                format!("its user records have more than {MAX_TEXTS} bytes"),
            )),
        }
    }

    /// Reserves memory for the texts of all user records.
    ///
    /// # Errors
    ///
    /// They exceed the memory that is left for the event.
    pub(crate) fn reserve(&self, record: &Record) -> Result<(), DecodeError> {
        record.reserve(self.records.len(), self.size())
    }

    /// Returns the texts of the user records.
    pub(crate) fn into_texts(self) -> impl ExactSizeIterator<Item = String> + Send + use<> {
        (0..self.records.len()).map(move |number| self.text(number))
    }

    /// Returns the maximum total length of the texts: a byte of a key takes up to six in JSON.
    fn size(&self) -> usize {
        let length = |span: &Span| span.len();
        let of = |entry: &Entry| {
            let keys = length(&entry.partition_key) + entry.hash_key.as_ref().map_or(0, length);
            AROUND + self.end.len() + 6 * keys + length(&entry.data).div_ceil(3) * 4
        };
        self.records.iter().map(of).fold(0, usize::saturating_add)
    }

    fn text(&self, number: usize) -> String {
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
        format!("{AGGREGATED_MARK}{own}{end}")
    }

    fn bytes(&self, span: &Span) -> &[u8] {
        self.message.get(span.start as usize..span.end as usize).unwrap_or_default()
    }
}

/// Returns the protobuf message in aggregated data.
fn message(data: &[u8]) -> Option<&[u8]> {
    let (message, digest) = data.strip_prefix(&MAGIC)?.split_last_chunk::<DIGEST>()?;
    (md5(message) == *digest).then_some(message)
}

/// A partially decoded message.
#[derive(Debug)]
struct Aggregate<'a> {
    message: &'a [u8],
    partition_keys: Vec<Span>,
    hash_keys: Vec<Span>,
    records: Vec<Entry>,
}

/// A range in a message, which is shorter than 4 GB.
type Span = Range<u32>;

/// A user record.
#[derive(Debug)]
struct Entry {
    partition_key: Span,
    hash_key: Option<Span>,
    data: Span,
}

impl<'a> Aggregate<'a> {
    /// Decodes the message; `None` if it does not match the format or has no user record.
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
        // The keys may follow the records.
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
            // The last value of a repeated field applies.
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

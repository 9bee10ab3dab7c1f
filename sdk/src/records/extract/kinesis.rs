//! [`Kinesis`]: a record of a stream; [`KinesisRecord`]: its metadata.
//!
//! Records of one partition key are processed in order, records of different keys concurrently. All records from the
//! first failure on are returned.
//!
//! # Aggregated records
//!
//! The Kinesis Producer Library, Flink and Fluent Bit aggregate several user records into one stream record
//! (<https://github.com/awslabs/amazon-kinesis-producer/blob/master/aggregation-format.md>). The function is called for
//! each user record, with its own data and partition key; [`KinesisRecord::sub_sequence_number`] is its position. If
//! one of them fails, the stream record is returned with its sequence number and retried as a whole: user records
//! before the failed one are processed twice and must be idempotent. Lambda does not pass the hash range of the shard,
//! so user records in the wrong shard are processed as well; the Kinesis Client Library drops them.
//!
//! The user records of an event may take half of the function's memory, or 64 MiB in a small function; each one counts
//! about 1 KB in addition to its data and keys. The records of a larger event are processed one at a time, regardless
//! of their partition keys, and each is deaggregated in its turn. A record whose user records have more than 512 MiB of
//! JSON in total fails; with keys that Kinesis accepts, none is that large. In a [`Window`](crate::records::Window),
//! which holds all records in memory, a record beyond the limit cannot be decoded.
//!
//! # Example
//!
//! ```
//! use pilaster::{BoxError, Kinesis};
//! use serde::Deserialize;
//!
//! #[derive(Deserialize)]
//! struct Click { page: String }
//!
//! async fn count(click: Kinesis<Click>) -> Result<(), BoxError> {
//!     tracing::info!(page = click.page, shard = click.record.shard_id().as_deref(), "a click");
//!     Ok(())
//! }
//! # let _ = pilaster::handler(count);
//! ```

mod aggregated;
mod md5;
mod protobuf;

use std::borrow::Cow;
use std::fmt;
use std::ops::{Deref, DerefMut};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use serde::Deserialize;
use serde::de::DeserializeOwned;

#[doc(hidden)]
pub use self::aggregated::Aggregated;
use super::payload::decode_base64;
use crate::core::error::BoxError;
use crate::core::json::lenient::{Lenient, skimmed};
use crate::core::json::text::Text;
use crate::records::error::DecodeError;
use crate::records::extract::{Contents, FromRecord, FromRecordParts, not_from};
use crate::records::record::Record;
use crate::records::source::Source;

/// A record of a stream of Kinesis Data Streams. Dereferences to its data.
///
/// `Kinesis<String>` is the data as text, `Kinesis<Vec<u8>>` its bytes, and any other `Kinesis<T>` is decoded from
/// JSON. The format is that of <https://docs.aws.amazon.com/lambda/latest/dg/with-kinesis.html>. See the
/// [module docs](self).
#[derive(Clone, Debug)]
pub struct Kinesis<T> {
    /// The data.
    pub data: T,
    /// The metadata of the record.
    pub record: KinesisRecord,
}

impl<T> Deref for Kinesis<T> {
    type Target = T;

    fn deref(&self) -> &T {
        &self.data
    }
}

impl<T> DerefMut for Kinesis<T> {
    fn deref_mut(&mut self) -> &mut T {
        &mut self.data
    }
}

impl<T: DeserializeOwned + Send + 'static> FromRecord for Kinesis<T> {
    const SOURCES: &'static [Source] = &[Source::Kinesis];
    type Response = ();

    fn contents(record: &Record) -> Result<Contents, DecodeError> {
        let aggregated = aggregated(record).map(Aggregated::checked).transpose()?;
        Ok(aggregated.map_or(Contents::Itself, Contents::Aggregated))
    }

    fn from_record(record: &Record) -> Result<Self, DecodeError> {
        Ok(Self { data: data(record)?, record: KinesisRecord(record.clone()) })
    }
}

/// Decodes the data of a record.
pub(super) fn data<T: DeserializeOwned + 'static>(record: &Record) -> Result<T, DecodeError> {
    let payload = serde_json::from_str::<Payload<'_>>(json(record));
    let payload = payload.map_err(|error| DecodeError::new("the Kinesis record", error))?;
    decode_base64("the record data", &payload.kinesis.data)
}

/// Returns the record as in the stream, or as it would be if the producer had not aggregated it.
fn json(record: &Record) -> &str {
    record.deaggregated().unwrap_or_else(|| record.json())
}

#[derive(Deserialize)]
struct Payload<'a> {
    #[serde(borrow)]
    kinesis: Data<'a>,
}

#[derive(Deserialize)]
struct Data<'a> {
    #[serde(borrow)]
    data: Cow<'a, str>,
}

/// Returns the user records of an aggregated record; `None` for any other record.
fn aggregated(record: &Record) -> Option<Aggregated> {
    // Most records are not aggregated, which can be detected without decoding them.
    if !record.json().contains(aggregated::MAGIC_BASE64) {
        return None;
    }
    // An error is reported when the record itself is decoded.
    let payload = serde_json::from_str::<Payload<'_>>(record.json()).ok()?;
    Aggregated::open(record, &payload.kinesis.data)
}

/// Decodes the data of a record, or of all its user records if it is aggregated.
pub(super) fn all_data<T: DeserializeOwned + 'static>(record: &Record) -> Result<Vec<T>, DecodeError> {
    let Some(aggregated) = aggregated(record) else { return Ok(vec![data(record)?]) };
    aggregated.reserve(record)?;
    let contents = aggregated.into_texts();
    let count = contents.len();
    contents.map(|content| data(&record.with_content(content, count))).collect()
}

/// The metadata of a record: its sequence number, its partition key, its shard. Also a separate argument. Cheap to
/// clone; each method reads the record's text.
#[derive(Clone)]
pub struct KinesisRecord(Record);

impl FromRecordParts for KinesisRecord {
    async fn from_record_parts(record: &Record) -> Result<Self, BoxError> {
        match record.source() {
            Source::Kinesis => Ok(Self(record.clone())),
            _ => Err(not_from(record, "Kinesis")),
        }
    }
}

skimmed! {
    struct Metadata {
        kinesis: KinesisMetadata<'a> = "kinesis",
        event_id: Lenient<Text<'a>> = "eventID",
        stream_arn: Lenient<Text<'a>> = "eventSourceARN",
        region: Lenient<Text<'a>> = "awsRegion",
        sub_sequence_number: Lenient<u64> = "subSequenceNumber",
    }
}

skimmed! {
    struct KinesisMetadata {
        partition_key: Lenient<Text<'a>> = "partitionKey",
        explicit_hash_key: Lenient<Text<'a>> = "explicitHashKey",
        encryption_type: Lenient<Text<'a>> = "encryptionType",
        arrived_at: Lenient<f64> = "approximateArrivalTimestamp",
    }
}

impl KinesisRecord {
    /// Returns the sequence number, as in a partial batch response. It increases within a partition key, and all user
    /// records of an aggregated record share it.
    pub fn sequence_number(&self) -> String {
        self.0.id().to_string()
    }

    /// Returns the position in an aggregated record, from 0; `None` for any other record. Together with the sequence
    /// number it is unique in a shard.
    pub fn sub_sequence_number(&self) -> Option<u64> {
        self.0.deaggregated().and_then(|_| self.metadata().sub_sequence_number.0)
    }

    /// Returns the partition key. Records of one key keep their order.
    pub fn partition_key(&self) -> Option<Cow<'_, str>> {
        self.metadata().kinesis.partition_key.text()
    }

    /// Returns the explicit hash key, a decimal number. Only aggregated records have one in the event.
    pub fn explicit_hash_key(&self) -> Option<Cow<'_, str>> {
        self.0.deaggregated().and_then(|_| self.metadata().kinesis.explicit_hash_key.text())
    }

    /// Returns the shard, such as `shardId-000000000006`.
    pub fn shard_id(&self) -> Option<String> {
        let event_id = self.metadata().event_id.text()?;
        Some(event_id.split_once(':')?.0.to_owned())
    }

    /// Returns the approximate time at which the stream received the record.
    pub fn arrived_at(&self) -> Option<SystemTime> {
        UNIX_EPOCH.checked_add(seconds(self.metadata().kinesis.arrived_at.0?)?)
    }

    /// Returns the encryption of the stream: `NONE` or `KMS`.
    pub fn encryption_type(&self) -> Option<Cow<'_, str>> {
        self.metadata().kinesis.encryption_type.text()
    }

    /// Returns the ARN of the stream, or of the consumer with enhanced fan-out.
    pub fn stream_arn(&self) -> Option<Cow<'_, str>> {
        self.metadata().stream_arn.text()
    }

    /// Returns the name of the stream, from its ARN.
    pub fn stream_name(&self) -> Option<String> {
        let arn = self.stream_arn()?;
        Some(arn.split_once(":stream/")?.1.split('/').next()?.to_owned())
    }

    /// Returns the region of the stream.
    pub fn region(&self) -> Option<Cow<'_, str>> {
        self.metadata().region.text()
    }

    fn metadata(&self) -> Metadata<'_> {
        serde_json::from_str(json(&self.0)).unwrap_or_default()
    }
}

/// Converts a time in seconds that is exact to the millisecond.
pub(super) fn seconds(seconds: f64) -> Option<Duration> {
    // Without rounding, .987 s would become .986999 s.
    let ms = (seconds * 1000.0).round();
    (ms >= 0.0).then(|| Duration::from_millis(ms as u64))
}

/// Shows only the sequence number and the stream: the partition key may identify a person.
impl fmt::Debug for KinesisRecord {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("KinesisRecord")
            .field("sequence_number", &self.sequence_number())
            .field("stream_arn", &self.stream_arn())
            .finish_non_exhaustive()
    }
}

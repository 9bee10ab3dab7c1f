//! [`Kinesis`]: a record of a stream; [`KinesisRecord`]: what it says of itself.
//!
//! Records of one partition key are handled one after the other, those of different keys side by side. From the first that
//! failed on, all are returned.
//!
//! # Aggregated records
//!
//! The Kinesis Producer Library, Flink and Fluent Bit put several of their records into one of the stream
//! (<https://github.com/awslabs/amazon-kinesis-producer/blob/master/aggregation-format.md>). It is taken apart: the function is called
//! for each of them, with its own data and partition key, and [`KinesisRecord::sub_sequence_number`] is its place. If one of them
//! fails, the stream's record is returned by its sequence number and comes again as a whole: those before the one that failed are
//! handled twice, so they have to be idempotent. Lambda does not pass on the shard's hash range, so records that a producer put into
//! the wrong shard are handled, too; the Kinesis Client Library drops them.
//!
//! What an event holds may take half of the function's memory when it is taken apart, and 64 MiB in a small function, where about 1 KB is
//! counted for each record besides its data and its keys. An event that holds more is handled in its order, one record after the other,
//! whatever their partition keys, and each is taken apart when its turn comes. A record whose own records have more than 512 MiB of JSON
//! together fails: only far longer keys than Kinesis takes make so much. In a [`Window`](crate::records::Window), which has all of them at
//! once, a record beyond that cannot be read.
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
pub(crate) use self::aggregated::own_json;
use super::payload::{DecodeError, Text, decode_base64};
use crate::core::error::BoxError;
use crate::records::adapter::lenient::{Lenient, skimmed};
use crate::records::handler::{FromRecord, FromRecordParts, Opened};
use crate::records::record::Record;
use crate::records::source::Source;

/// A record of a stream of Kinesis Data Streams. It is used as its data.
///
/// `Kinesis<String>` is the data's text, `Kinesis<Vec<u8>>` its bytes, any other `Kinesis<T>` its JSON. The form is that of
/// <https://docs.aws.amazon.com/lambda/latest/dg/with-kinesis.html>. See the [module docs](self).
#[derive(Clone, Debug)]
pub struct Kinesis<T> {
    /// The data.
    pub data: T,
    /// What the record says of itself.
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
    type Answer = ();

    fn open(record: &Record) -> Result<Opened, DecodeError> {
        let aggregated = aggregated(record).map(Aggregated::checked).transpose()?;
        Ok(aggregated.map_or(Opened::Itself, Opened::Aggregated))
    }

    fn from_record(record: &Record) -> Result<Self, DecodeError> {
        Ok(Self { data: data(record)?, record: KinesisRecord(record.clone()) })
    }
}

/// The data of a record.
pub(crate) fn data<T: DeserializeOwned + 'static>(record: &Record) -> Result<T, DecodeError> {
    let wire = serde_json::from_str::<Wire<'_>>(json(record));
    let wire = wire.map_err(|error| DecodeError::new("the record of Kinesis", error))?;
    decode_base64("the data of the record", &wire.kinesis.data)
}

/// The record as the stream has it, or would have it if no producer had aggregated it.
fn json(record: &Record) -> &str {
    own_json(record).unwrap_or_else(|| record.json())
}

#[derive(Deserialize)]
struct Wire<'a> {
    #[serde(borrow)]
    kinesis: Data<'a>,
}

#[derive(Deserialize)]
struct Data<'a> {
    #[serde(borrow)]
    data: Cow<'a, str>,
}

/// The records that an aggregated one holds; `None` for a record that stands by itself.
fn aggregated(record: &Record) -> Option<Aggregated> {
    // Most records are not, and need not be read for that.
    if !record.json().contains(aggregated::MAGIC_BASE64) {
        return None;
    }
    // If it cannot be read, that is said where the record itself is.
    let wire = serde_json::from_str::<Wire<'_>>(record.json()).ok()?;
    Aggregated::open(record, &wire.kinesis.data)
}

/// The data of a record, or of all that it holds if it is an aggregated one.
pub(crate) fn all_data<T: DeserializeOwned + 'static>(record: &Record) -> Result<Vec<T>, DecodeError> {
    let Some(aggregated) = aggregated(record) else { return Ok(vec![data(record)?]) };
    aggregated.reserve(record)?;
    let contents = aggregated.contents();
    let count = contents.len();
    contents.map(|content| data(&record.with_content(content, count))).collect()
}

/// The partition key of a record that was in an aggregated one.
pub(crate) fn own_lane(record: &Record) -> Option<String> {
    let head = serde_json::from_str::<Head<'_>>(own_json(record)?).ok()?;
    head.kinesis.partition_key.0.map(|Text(key)| key.into_owned())
}

/// What a record says of itself: its sequence number, its partition key, its shard. Also an argument of its own. Cheap to clone;
/// each question reads the record's text.
#[derive(Clone)]
pub struct KinesisRecord(Record);

impl FromRecordParts for KinesisRecord {
    async fn from_record_parts(record: &Record) -> Result<Self, BoxError> {
        match record.source() {
            Source::Kinesis => Ok(Self(record.clone())),
            other => Err(format!("the record is from {other}, so there is no record of Kinesis").into()),
        }
    }
}

skimmed! {
    struct Head {
        kinesis: Own<'a> = "kinesis",
        event_id: Lenient<Text<'a>> = "eventID",
        stream_arn: Lenient<Text<'a>> = "eventSourceARN",
        region: Lenient<Text<'a>> = "awsRegion",
        sub_sequence_number: Lenient<u64> = "subSequenceNumber",
    }
}

skimmed! {
    struct Own {
        partition_key: Lenient<Text<'a>> = "partitionKey",
        explicit_hash_key: Lenient<Text<'a>> = "explicitHashKey",
        encryption_type: Lenient<Text<'a>> = "encryptionType",
        arrived_at: Lenient<f64> = "approximateArrivalTimestamp",
    }
}

impl KinesisRecord {
    /// The sequence number, as in a batch's answer. It grows within a partition key. All records of an aggregated one have the same.
    pub fn sequence_number(&self) -> String {
        self.0.id().to_string()
    }

    /// Its place in a record that a producer has aggregated, from 0; `None` for a record that stands by itself. With the sequence number
    /// it is unique in a shard.
    pub fn sub_sequence_number(&self) -> Option<u64> {
        own_json(&self.0).and_then(|_| self.head().sub_sequence_number.0)
    }

    /// The partition key that the producer gave: records of one key keep their order.
    pub fn partition_key(&self) -> Option<Cow<'_, str>> {
        self.head().kinesis.partition_key.0.map(|Text(text)| text)
    }

    /// The hash key that the producer gave instead of the partition key's, a decimal number. Only an aggregated record tells it.
    pub fn explicit_hash_key(&self) -> Option<Cow<'_, str>> {
        own_json(&self.0).and_then(|_| self.head().kinesis.explicit_hash_key.0).map(|Text(text)| text)
    }

    /// The shard, such as `shardId-000000000006`.
    pub fn shard_id(&self) -> Option<String> {
        let Text(event_id) = self.head().event_id.0?;
        Some(event_id.split_once(':')?.0.to_owned())
    }

    /// When the stream received it, about.
    pub fn arrived_at(&self) -> Option<SystemTime> {
        UNIX_EPOCH.checked_add(seconds(self.head().kinesis.arrived_at.0?)?)
    }

    /// How the stream keeps it: `NONE` or `KMS`.
    pub fn encryption_type(&self) -> Option<Cow<'_, str>> {
        self.head().kinesis.encryption_type.0.map(|Text(text)| text)
    }

    /// The ARN of the stream; with enhanced fan-out that of the consumer.
    pub fn stream_arn(&self) -> Option<Cow<'_, str>> {
        self.head().stream_arn.0.map(|Text(text)| text)
    }

    /// The name of the stream, out of its ARN.
    pub fn stream_name(&self) -> Option<String> {
        let arn = self.stream_arn()?;
        Some(arn.split_once(":stream/")?.1.split('/').next()?.to_owned())
    }

    /// The stream's region.
    pub fn region(&self) -> Option<Cow<'_, str>> {
        self.head().region.0.map(|Text(text)| text)
    }

    fn head(&self) -> Head<'_> {
        serde_json::from_str(json(&self.0)).unwrap_or_default()
    }
}

/// A time of AWS in seconds, which it knows to the millisecond.
pub(crate) fn seconds(seconds: f64) -> Option<Duration> {
    // Floats have no exact milliseconds; without rounding a time of .987 s would be one of .986999 s.
    let ms = (seconds * 1000.0).round();
    (ms >= 0.0).then(|| Duration::from_millis(ms as u64))
}

/// Its sequence number and its stream; the partition key may tell whom the record is about.
impl fmt::Debug for KinesisRecord {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("KinesisRecord")
            .field("sequence_number", &self.sequence_number())
            .field("stream_arn", &self.stream_arn())
            .finish_non_exhaustive()
    }
}

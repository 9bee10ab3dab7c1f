//! [`Kinesis`]: a record of a stream; [`KinesisRecord`]: what it says of itself.
//!
//! Records of one partition key are handled one after the other, those of different keys side by side. From the first that
//! failed on, all are returned. A record that the Kinesis Producer Library has aggregated, of several of the producer's, is not
//! taken apart: it is one record here, in the library's own form.
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

use std::borrow::Cow;
use std::fmt;
use std::ops::{Deref, DerefMut};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use serde::Deserialize;
use serde::de::DeserializeOwned;

use super::handler::{FromRecord, FromRecordParts};
use super::payload::{DecodeError, Text, decode_base64};
use super::record::Record;
use super::source::Source;
use crate::error::BoxError;

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

    fn from_record(record: &Record) -> Result<Self, DecodeError> {
        Ok(Self { data: data(record)?, record: KinesisRecord(record.clone()) })
    }
}

/// The data of a record.
pub(super) fn data<T: DeserializeOwned + 'static>(record: &Record) -> Result<T, DecodeError> {
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
    let wire = serde_json::from_str::<Wire<'_>>(record.json());
    let wire = wire.map_err(|error| DecodeError::new("the record of Kinesis", error))?;
    decode_base64("the data of the record", &wire.kinesis.data)
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

#[derive(Default, Deserialize)]
struct Head<'a> {
    #[serde(borrow, default)]
    kinesis: Own<'a>,
    #[serde(borrow, default, rename = "eventID")]
    event_id: Option<Text<'a>>,
    #[serde(borrow, default, rename = "eventSourceARN")]
    stream_arn: Option<Text<'a>>,
    #[serde(borrow, default, rename = "awsRegion")]
    region: Option<Text<'a>>,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Own<'a> {
    #[serde(borrow, default)]
    partition_key: Option<Text<'a>>,
    #[serde(borrow, default)]
    encryption_type: Option<Text<'a>>,
    #[serde(default)]
    approximate_arrival_timestamp: Option<f64>,
}

impl KinesisRecord {
    /// The sequence number, as in a batch's answer. It grows within a partition key.
    pub fn sequence_number(&self) -> String {
        self.0.id().to_string()
    }

    /// The partition key that the producer gave: records of one key keep their order.
    pub fn partition_key(&self) -> Option<Cow<'_, str>> {
        self.head().kinesis.partition_key.map(|Text(text)| text)
    }

    /// The shard, such as `shardId-000000000006`.
    pub fn shard_id(&self) -> Option<String> {
        let Text(event_id) = self.head().event_id?;
        Some(event_id.split_once(':')?.0.to_owned())
    }

    /// When the stream received it, about.
    pub fn arrived_at(&self) -> Option<SystemTime> {
        UNIX_EPOCH.checked_add(seconds(self.head().kinesis.approximate_arrival_timestamp?)?)
    }

    /// How the stream keeps it: `NONE` or `KMS`.
    pub fn encryption_type(&self) -> Option<Cow<'_, str>> {
        self.head().kinesis.encryption_type.map(|Text(text)| text)
    }

    /// The ARN of the stream; with enhanced fan-out that of the consumer.
    pub fn stream_arn(&self) -> Option<Cow<'_, str>> {
        self.head().stream_arn.map(|Text(text)| text)
    }

    /// The name of the stream, out of its ARN.
    pub fn stream_name(&self) -> Option<String> {
        let arn = self.stream_arn()?;
        Some(arn.split_once(":stream/")?.1.split('/').next()?.to_owned())
    }

    /// The stream's region.
    pub fn region(&self) -> Option<Cow<'_, str>> {
        self.head().region.map(|Text(text)| text)
    }

    fn head(&self) -> Head<'_> {
        serde_json::from_str(self.0.json()).unwrap_or_default()
    }
}

/// A time of AWS in seconds, which it knows to the millisecond.
pub(super) fn seconds(seconds: f64) -> Option<Duration> {
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

//! [`Firehose`]: a record that Amazon Data Firehose has transformed; [`FirehoseRecord`]: what it says of itself.
//!
//! The function answers each record with a [`Transformed`]. A record that cannot be read, or whose call fails, is answered with
//! `ProcessingFailed` and its data as it was: Firehose puts it where the stream keeps what failed, and does not send it again.
//! If the deadline comes first, the invocation fails, and Firehose sends the batch again.
//!
//! The response of the whole batch has at most 6 MB, base64 and all, as that of any function that is called synchronously
//! (<https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html>). A larger one fails the invocation, and the batch with
//! it: where records grow, set the buffer size of the transformation (`BufferSizeInMBs`) so low that what they become fits.
//!
//! # Example
//!
//! ```
//! use pilaster::records::Transformed;
//! use pilaster::{BoxError, Firehose};
//! use serde::{Deserialize, Serialize};
//!
//! #[derive(Deserialize, Serialize)]
//! struct Reading { sensor: String, celsius: f64 }
//!
//! async fn clean(reading: Firehose<Reading>) -> Result<Transformed, BoxError> {
//!     if reading.celsius < -273.15 {
//!         return Ok(Transformed::dropped());
//!     }
//!     Ok(Transformed::json(&reading.data)?.partition_key("sensor", &reading.sensor))
//! }
//! # let _ = pilaster::handler(clean);
//! ```

use std::borrow::Cow;
use std::fmt;
use std::ops::{Deref, DerefMut};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use serde::Deserialize;
use serde::de::DeserializeOwned;

use super::payload::{DecodeError, Text, decode_base64};
use crate::core::error::BoxError;
use crate::records::adapter::lenient::{Lenient, skimmed};
use crate::records::answer::Transformed;
use crate::records::handler::{FromRecord, FromRecordParts};
use crate::records::record::Record;
use crate::records::source::Source;

/// A record to be transformed for Firehose. It is used as its data.
///
/// `Firehose<String>` is the data's text, `Firehose<Vec<u8>>` its bytes, any other `Firehose<T>` its JSON. The form is that of
/// <https://docs.aws.amazon.com/firehose/latest/dev/data-transformation.html>. See the [module docs](self).
#[derive(Clone, Debug)]
pub struct Firehose<T> {
    /// The data.
    pub data: T,
    /// What the record says of itself.
    pub record: FirehoseRecord,
}

impl<T> Deref for Firehose<T> {
    type Target = T;

    fn deref(&self) -> &T {
        &self.data
    }
}

impl<T> DerefMut for Firehose<T> {
    fn deref_mut(&mut self) -> &mut T {
        &mut self.data
    }
}

impl<T: DeserializeOwned + Send + 'static> FromRecord for Firehose<T> {
    const SOURCES: &'static [Source] = &[Source::Firehose];
    type Answer = Transformed;

    fn from_record(record: &Record) -> Result<Self, DecodeError> {
        #[derive(Deserialize)]
        struct Wire<'a> {
            #[serde(borrow)]
            data: Cow<'a, str>,
        }
        let wire = serde_json::from_str::<Wire<'_>>(record.json());
        let wire = wire.map_err(|error| DecodeError::new("the record of Firehose", error))?;
        let data = decode_base64("the data of the record", &wire.data)?;
        Ok(Self { data, record: FirehoseRecord(record.clone()) })
    }
}

/// What a record says of itself: its id, when it came, from which stream. Also an argument of its own. Cheap to clone; each
/// question reads the record's text.
#[derive(Clone)]
pub struct FirehoseRecord(Record);

impl FromRecordParts for FirehoseRecord {
    async fn from_record_parts(record: &Record) -> Result<Self, BoxError> {
        match record.source() {
            Source::Firehose => Ok(Self(record.clone())),
            other => Err(format!("the record is from {other}, so there is no record of Firehose").into()),
        }
    }
}

skimmed! {
    struct Head {
        arrived_at: Lenient<u64> = "approximateArrivalTimestamp",
        of_kinesis: OfKinesis<'a> = "kinesisRecordMetadata",
    }
}

skimmed! {
    struct OfKinesis {
        shard_id: Lenient<Text<'a>> = "shardId",
        partition_key: Lenient<Text<'a>> = "partitionKey",
        sequence_number: Lenient<Text<'a>> = "sequenceNumber",
        subsequence_number: Lenient<u64> = "subsequenceNumber",
    }
}

impl FirehoseRecord {
    /// The record's id, as in the answer.
    pub fn id(&self) -> String {
        self.0.id().to_string()
    }

    /// When Firehose received it, about.
    pub fn arrived_at(&self) -> Option<SystemTime> {
        UNIX_EPOCH.checked_add(Duration::from_millis(self.head().arrived_at.0?))
    }

    /// The ARN of the delivery stream.
    pub fn delivery_stream_arn(&self) -> Option<String> {
        self.0.beside("deliveryStreamArn")
    }

    /// The ARN of the stream of Kinesis that the delivery stream reads from; `None` if it is put to directly.
    pub fn source_stream_arn(&self) -> Option<String> {
        self.0.beside("sourceKinesisStreamArn")
    }

    /// The delivery stream's region.
    pub fn region(&self) -> Option<String> {
        self.0.beside("region")
    }

    /// The shard, if it comes from a stream of Kinesis.
    pub fn shard_id(&self) -> Option<Cow<'_, str>> {
        self.head().of_kinesis.shard_id.0.map(|Text(text)| text)
    }

    /// The partition key, if it comes from a stream of Kinesis.
    pub fn partition_key(&self) -> Option<Cow<'_, str>> {
        self.head().of_kinesis.partition_key.0.map(|Text(text)| text)
    }

    /// The sequence number, if it comes from a stream of Kinesis.
    pub fn sequence_number(&self) -> Option<Cow<'_, str>> {
        self.head().of_kinesis.sequence_number.0.map(|Text(text)| text)
    }

    /// Its place in a record that the Kinesis Producer Library has aggregated, if it comes from a stream of Kinesis.
    pub fn subsequence_number(&self) -> Option<u64> {
        self.head().of_kinesis.subsequence_number.0
    }

    fn head(&self) -> Head<'_> {
        serde_json::from_str(self.0.json()).unwrap_or_default()
    }
}

/// Its id; the partition key may tell whom the record is about.
impl fmt::Debug for FirehoseRecord {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("FirehoseRecord").field("id", &self.id()).finish_non_exhaustive()
    }
}

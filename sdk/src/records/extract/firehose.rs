//! [`Firehose`]: a record of an Amazon Data Firehose transformation; [`FirehoseRecord`]: its metadata.
//!
//! The function returns a [`TransformedRecord`] for each record. The result of a record that cannot be decoded, or
//! whose call fails, is `ProcessingFailed` with the original data: Firehose writes it to the error output of the stream
//! and does not retry it. If the deadline comes first, the invocation fails and Firehose retries the batch.
//!
//! The response for the batch may have 6 MB, including its base64 encoding, like that of any synchronous invocation
//! (<https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html>). A larger response fails the invocation
//! and with it the batch: if records grow, lower the buffer size of the transformation (`BufferSizeInMBs`).
//!
//! # Example
//!
//! ```
//! use pilaster::records::TransformedRecord;
//! use pilaster::{BoxError, Firehose};
//! use serde::{Deserialize, Serialize};
//!
//! #[derive(Deserialize, Serialize)]
//! struct Reading { sensor: String, celsius: f64 }
//!
//! async fn clean(reading: Firehose<Reading>) -> Result<TransformedRecord, BoxError> {
//!     if reading.celsius < -273.15 {
//!         return Ok(TransformedRecord::dropped());
//!     }
//!     Ok(TransformedRecord::json(&reading.data)?.partition_key("sensor", &reading.sensor))
//! }
//! # let _ = pilaster::handler(clean);
//! ```

use std::borrow::Cow;
use std::fmt;
use std::ops::{Deref, DerefMut};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use serde::Deserialize;
use serde::de::DeserializeOwned;

use super::payload::decode_base64;
use crate::core::error::BoxError;
use crate::core::json::lenient::{Lenient, skimmed};
use crate::core::json::text::Text;
use crate::records::error::DecodeError;
use crate::records::extract::{FromRecord, FromRecordParts, not_from};
use crate::records::record::Record;
use crate::records::response::TransformedRecord;
use crate::records::source::Source;

/// A record to transform for Firehose. Dereferences to its data.
///
/// `Firehose<String>` is the data as text, `Firehose<Vec<u8>>` its bytes, and any other `Firehose<T>` is decoded from
/// JSON. The format is that of <https://docs.aws.amazon.com/firehose/latest/dev/data-transformation.html>. See the
/// [module docs](self).
#[derive(Clone, Debug)]
pub struct Firehose<T> {
    /// The data.
    pub data: T,
    /// The metadata of the record.
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
    type Response = TransformedRecord;

    fn from_record(record: &Record) -> Result<Self, DecodeError> {
        #[derive(Deserialize)]
        struct Payload<'a> {
            #[serde(borrow)]
            data: Cow<'a, str>,
        }
        let payload = serde_json::from_str::<Payload<'_>>(record.json());
        let payload = payload.map_err(|error| DecodeError::new("the Firehose record", error))?;
        let data = decode_base64("the record data", &payload.data)?;
        Ok(Self { data, record: FirehoseRecord(record.clone()) })
    }
}

/// The metadata of a record: its id, its arrival time, its stream. Also a separate argument. Cheap to clone; each
/// method reads the record's text.
#[derive(Clone)]
pub struct FirehoseRecord(Record);

impl FromRecordParts for FirehoseRecord {
    async fn from_record_parts(record: &Record) -> Result<Self, BoxError> {
        match record.source() {
            Source::Firehose => Ok(Self(record.clone())),
            _ => Err(not_from(record, "Firehose")),
        }
    }
}

skimmed! {
    struct Metadata {
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
    /// Returns the record id, as in the response.
    pub fn id(&self) -> String {
        self.0.id().to_string()
    }

    /// Returns the approximate time at which Firehose received the record.
    pub fn arrived_at(&self) -> Option<SystemTime> {
        UNIX_EPOCH.checked_add(Duration::from_millis(self.metadata().arrived_at.0?))
    }

    /// Returns the ARN of the Firehose stream.
    pub fn delivery_stream_arn(&self) -> Option<String> {
        self.0.beside("deliveryStreamArn")
    }

    /// Returns the ARN of the Kinesis stream that Firehose reads from; `None` for direct PUT.
    pub fn source_stream_arn(&self) -> Option<String> {
        self.0.beside("sourceKinesisStreamArn")
    }

    /// Returns the region of the Firehose stream.
    pub fn region(&self) -> Option<String> {
        self.0.beside("region")
    }

    /// Returns the shard, if the record comes from a Kinesis stream.
    pub fn shard_id(&self) -> Option<Cow<'_, str>> {
        self.metadata().of_kinesis.shard_id.text()
    }

    /// Returns the partition key, if the record comes from a Kinesis stream.
    pub fn partition_key(&self) -> Option<Cow<'_, str>> {
        self.metadata().of_kinesis.partition_key.text()
    }

    /// Returns the sequence number, if the record comes from a Kinesis stream.
    pub fn sequence_number(&self) -> Option<Cow<'_, str>> {
        self.metadata().of_kinesis.sequence_number.text()
    }

    /// Returns the position in a record that the Kinesis Producer Library has aggregated, if the record comes from a
    /// Kinesis stream.
    pub fn subsequence_number(&self) -> Option<u64> {
        self.metadata().of_kinesis.subsequence_number.0
    }

    fn metadata(&self) -> Metadata<'_> {
        serde_json::from_str(self.0.json()).unwrap_or_default()
    }
}

/// Shows only the id: the partition key may identify a person.
impl fmt::Debug for FirehoseRecord {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("FirehoseRecord").field("id", &self.id()).finish_non_exhaustive()
    }
}

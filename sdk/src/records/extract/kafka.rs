//! [`Kafka`]: a record of a topic in Amazon MSK or a self-managed cluster; [`KafkaRecord`]: its metadata.
//!
//! Records of one partition are processed in order, and after a failure the rest of the partition is returned
//! unprocessed; other partitions continue. With
//! [`Batch::continue_on_failure`](crate::records::Batch::continue_on_failure) the other keys of the partition continue
//! as well. The docs of [`records`](crate::records) have the settings of the event source mapping.
//!
//! A record without a value is a tombstone: in a compacted topic it deletes its key. Therefore key and value are
//! `Option`s.
//!
//! # Example
//!
//! ```
//! use pilaster::{BoxError, Kafka};
//! use serde::Deserialize;
//!
//! #[derive(Deserialize)]
//! struct Price { cents: u64 }
//!
//! async fn project(Kafka { key, value, record }: Kafka<String, Price>) -> Result<(), BoxError> {
//!     let article = key.ok_or("no article")?;
//!     match value {
//!         Some(price) => tracing::info!(article, price.cents, offset = record.offset(), "a new price"),
//!         None => tracing::info!(article, "no longer sold"),
//!     }
//!     Ok(())
//! }
//! # let _ = pilaster::handler(project);
//! ```

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::fmt;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::value::RawValue;

use super::payload::decode_base64;
use crate::core::error::BoxError;
use crate::core::json::lenient::{Lenient, skimmed};
use crate::core::json::text::Text;
use crate::records::error::DecodeError;
use crate::records::extract::{FromRecord, FromRecordParts, not_from};
use crate::records::record::{Record, RecordId};
use crate::records::source::Source;

/// A record of a Kafka topic, with its key and its value.
///
/// `String` takes them as text, `Vec<u8>` as bytes, `()` ignores them, and any other type is decoded from JSON. Avro
/// and Protobuf arrive as bytes, unless the event source mapping has a schema registry that converts them to JSON. The
/// format is that of <https://docs.aws.amazon.com/lambda/latest/dg/with-msk.html>. See the [module docs](self).
#[derive(Clone, Debug)]
pub struct Kafka<K, V> {
    /// The key, if the record has one.
    pub key: Option<K>,
    /// The value; `None` in a tombstone.
    pub value: Option<V>,
    /// The metadata of the record.
    pub record: KafkaRecord,
}

impl<K, V> FromRecord for Kafka<K, V>
where
    K: DeserializeOwned + Send + 'static,
    V: DeserializeOwned + Send + 'static,
{
    const SOURCES: &'static [Source] = &[Source::Kafka];
    type Response = ();

    fn from_record(record: &Record) -> Result<Self, DecodeError> {
        #[derive(Deserialize)]
        struct KeyAndValue<'a> {
            #[serde(borrow, rename = "topic")]
            _topic: Text<'a>,
            #[serde(borrow)]
            partition: &'a RawValue,
            #[serde(borrow, default)]
            key: Option<Text<'a>>,
            #[serde(borrow, default)]
            value: Option<Text<'a>>,
        }
        let unread = |error| DecodeError::new("the Kafka record", error);
        let fields = serde_json::from_str::<KeyAndValue<'_>>(record.json()).map_err(unread)?;
        partition(fields.partition).map_err(unread)?;
        Ok(Self {
            key: fields.key.map(|Text(key)| decode_base64("the record key", &key)).transpose()?,
            value: fields.value.map(|Text(value)| decode_base64("the record value", &value)).transpose()?,
            record: KafkaRecord(record.clone()),
        })
    }
}

/// The metadata of a record: its topic, partition and offset, its headers. Also a separate argument. Cheap to clone;
/// each method reads the record's text.
#[derive(Clone)]
pub struct KafkaRecord(Record);

impl FromRecordParts for KafkaRecord {
    async fn from_record_parts(record: &Record) -> Result<Self, BoxError> {
        match record.source() {
            Source::Kafka => {
                partition(serde_json::from_str::<Place<'_>>(record.json())?.partition)?;
                Ok(Self(record.clone()))
            }
            _ => Err(not_from(record, "Kafka")),
        }
    }
}

/// The members that every record contains.
#[derive(Deserialize)]
struct Place<'a> {
    #[serde(borrow)]
    topic: Cow<'a, str>,
    #[serde(borrow)]
    partition: &'a RawValue,
}

/// Decodes the number of a partition, which some senders write as text.
fn partition(number: &RawValue) -> Result<i32, serde_json::Error> {
    serde_json::from_str(number.get().trim_matches('"'))
}

skimmed! {
    struct Metadata {
        timestamp: Lenient<i64> = "timestamp",
        timestamp_type: Lenient<Text<'a>> = "timestampType",
        headers: Lenient<Vec<&'a RawValue>> = "headers",
        key_schema: Lenient<KafkaSchema> = "keySchemaMetadata",
        value_schema: Lenient<KafkaSchema> = "valueSchemaMetadata",
    }
}

impl KafkaRecord {
    /// Returns the topic.
    pub fn topic(&self) -> Cow<'_, str> {
        self.place().map(|place| place.topic).unwrap_or_default()
    }

    /// Returns the number of the partition.
    pub fn partition(&self) -> i32 {
        self.place().and_then(|place| partition(place.partition).ok()).unwrap_or_default()
    }

    /// Returns the offset in the partition; -1 if it is missing.
    pub fn offset(&self) -> i64 {
        match self.0.record_id() {
            RecordId::Offset { offset, .. } => *offset,
            _ => -1,
        }
    }

    /// Returns the time at which the record was created or appended, depending on its
    /// [`timestamp_type`](Self::timestamp_type).
    pub fn timestamp(&self) -> Option<SystemTime> {
        let ms = u64::try_from(self.metadata().timestamp.0?).ok()?;
        UNIX_EPOCH.checked_add(Duration::from_millis(ms))
    }

    /// Returns `CREATE_TIME` or `LOG_APPEND_TIME`.
    pub fn timestamp_type(&self) -> Option<Cow<'_, str>> {
        self.metadata().timestamp_type.text()
    }

    /// Returns the headers in their order, with their bytes. A name may occur more than once. A header that cannot be
    /// decoded is omitted.
    pub fn headers(&self) -> Vec<(String, Vec<u8>)> {
        let headers = self.metadata().headers.0.unwrap_or_default();
        // Java's bytes are signed.
        let read = |(name, value): (String, Option<Vec<i16>>)| {
            let bytes = value.unwrap_or_default().into_iter().map(|byte| byte as u8).collect();
            (name, bytes)
        };
        let each =
            |header: &RawValue| serde_json::from_str::<BTreeMap<String, Lenient<Option<Vec<i16>>>>>(header.get());
        let headers = headers.into_iter().filter_map(|header| each(header).ok()).flatten();
        headers.filter_map(|(name, value)| Some(read((name, value.0?)))).collect()
    }

    /// Returns the last header of this name.
    pub fn header(&self, name: &str) -> Option<Vec<u8>> {
        self.headers().into_iter().rfind(|(header, _)| header == name).map(|(_, value)| value)
    }

    /// Returns the schema of the key, if the event source mapping has a schema registry.
    pub fn key_schema(&self) -> Option<KafkaSchema> {
        self.metadata().key_schema.0
    }

    /// Returns the schema of the value, if the event source mapping has a schema registry.
    pub fn value_schema(&self) -> Option<KafkaSchema> {
        self.metadata().value_schema.0
    }

    /// Returns the ARN of the cluster, if it runs on Amazon MSK.
    pub fn cluster_arn(&self) -> Option<String> {
        self.0.beside("eventSourceArn")
    }

    /// Returns the brokers, as `host:port`.
    pub fn bootstrap_servers(&self) -> Vec<String> {
        let servers: String = self.0.beside("bootstrapServers").unwrap_or_default();
        servers.split(',').map(str::trim).filter(|server| !server.is_empty()).map(str::to_owned).collect()
    }

    fn place(&self) -> Option<Place<'_>> {
        serde_json::from_str(self.0.json()).ok()
    }

    fn metadata(&self) -> Metadata<'_> {
        serde_json::from_str(self.0.json()).unwrap_or_default()
    }
}

/// Shows only topic, partition and offset: headers and key may contain secrets.
impl fmt::Debug for KafkaRecord {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("KafkaRecord").field("id", &format_args!("{}", self.0.id())).finish_non_exhaustive()
    }
}

/// The schema of a key or a value
/// (<https://docs.aws.amazon.com/lambda/latest/dg/services-consume-kafka-events.html>).
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct KafkaSchema {
    /// `AVRO`, `PROTOBUF` or `JSON`.
    pub data_format: String,
    /// The id in the schema registry, if there is one: a UUID in Glue, a number in Confluent.
    pub schema_id: Option<String>,
}

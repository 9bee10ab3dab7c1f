//! Kafka records from Amazon MSK (<https://docs.aws.amazon.com/lambda/latest/dg/with-msk.html>) or a self-managed
//! cluster (<https://docs.aws.amazon.com/lambda/latest/dg/with-kafka.html>).
//!
//! # Example
//!
//! ```
//! use pilaster::testing::{kafka, kafka::record};
//! use serde_json::json;
//!
//! let event = kafka("orders", 0, [record(json!({ "n": 1 })).key("red")]).and(kafka("orders", 1, [record("text")])).event();
//! assert_eq!(event["records"]["orders-0"][0]["key"], "cmVk");
//! assert_eq!(event["records"]["orders-1"][0]["offset"], 0);
//! ```

use serde_json::{Map, Value, json};

use super::content::{ACCOUNT, Content, REGION, TIME_MS, base64, built, uuid};

/// Builds an event with these records of one partition: values (text and [`raw`](super::raw) bytes are used unchanged,
/// anything else is serialized as JSON) or [`record`]s.
///
/// # Panics
///
/// If a value cannot be serialized as JSON.
pub fn kafka<R: IntoRecord>(
    topic: impl Into<String>,
    partition: u32,
    records: impl IntoIterator<Item = R>,
) -> KafkaEvent {
    let records = records.into_iter().map(R::into_record).collect();
    KafkaEvent {
        partitions: vec![Partition { topic: topic.into(), number: partition, offset: 0, records }],
        is_self_managed: false,
    }
}

/// Builds a record with this value.
///
/// # Panics
///
/// If the value cannot be serialized as JSON.
pub fn record(value: impl Content) -> KafkaRecordBuilder {
    KafkaRecordBuilder { value: Some(value.into_bytes()), key: None, headers: Vec::new() }
}

/// Builds a record without a value, which deletes its key in a compacted topic.
pub fn tombstone(key: impl Content) -> KafkaRecordBuilder {
    KafkaRecordBuilder { value: None, key: Some(key.into_bytes()), headers: Vec::new() }
}

/// An argument of [`kafka`]: a [`KafkaRecordBuilder`], or anything that can be a value.
pub trait IntoRecord {
    /// Converts it into a record.
    fn into_record(self) -> KafkaRecordBuilder;
}

impl<T: Content> IntoRecord for T {
    fn into_record(self) -> KafkaRecordBuilder {
        record(self)
    }
}

impl IntoRecord for KafkaRecordBuilder {
    fn into_record(self) -> KafkaRecordBuilder {
        self
    }
}

/// A builder of a record. See the [module docs](self).
#[derive(Clone, Debug)]
#[must_use = "pass it to an event: `kafka(..)`"]
pub struct KafkaRecordBuilder {
    value: Option<Vec<u8>>,
    key: Option<Vec<u8>>,
    headers: Vec<(String, Vec<u8>)>,
}

impl KafkaRecordBuilder {
    /// Sets the key; by default, there is none.
    pub fn key(mut self, key: impl Content) -> Self {
        self.key = Some(key.into_bytes());
        self
    }

    /// Adds a header.
    pub fn header(mut self, name: impl Into<String>, value: impl Content) -> Self {
        self.headers.push((name.into(), value.into_bytes()));
        self
    }

    fn json(&self, partition: &Partition, at: usize) -> Value {
        // Java's bytes are signed.
        let signed = |bytes: &[u8]| bytes.iter().map(|byte| byte.cast_signed()).collect::<Vec<_>>();
        let headers = self.headers.iter().map(|(name, value)| json!({ name.as_str(): signed(value) }));
        json!({
            "topic": partition.topic,
            "partition": partition.number,
            "offset": partition.offset + at as u64,
            "timestamp": TIME_MS,
            "timestampType": "CREATE_TIME",
            "key": self.key.as_ref().map(base64),
            "value": self.value.as_ref().map(base64),
            "headers": headers.collect::<Vec<_>>(),
        })
    }
}

/// A builder of an event of Kafka. See the [module docs](self).
#[derive(Clone, Debug)]
#[must_use = "a builder is not sent: pass it to a `Caller`, or call `event()`"]
pub struct KafkaEvent {
    partitions: Vec<Partition>,
    is_self_managed: bool,
}

#[derive(Clone, Debug)]
struct Partition {
    topic: String,
    number: u32,
    offset: u64,
    records: Vec<KafkaRecordBuilder>,
}

impl KafkaEvent {
    /// Sets the offset of the last partition's first record; the default is 0.
    pub fn offset(mut self, first: u64) -> Self {
        if let Some(partition) = self.partitions.last_mut() {
            partition.offset = first;
        }
        self
    }

    /// Sets a self-managed cluster instead of Amazon MSK.
    pub fn self_managed(mut self) -> Self {
        self.is_self_managed = true;
        self
    }

    /// Adds the partitions of another event.
    pub fn and(mut self, other: KafkaEvent) -> Self {
        self.partitions.extend(other.partitions);
        self
    }

    /// Returns the event.
    pub fn event(&self) -> Value {
        let mut records = Map::new();
        for partition in &self.partitions {
            let list = partition.records.iter().enumerate().map(|(at, record)| record.json(partition, at));
            records.insert(format!("{}-{}", partition.topic, partition.number), list.collect());
        }
        let mut event = json!({
            "eventSource": if self.is_self_managed { "SelfManagedKafka" } else { "aws:kafka" },
            "bootstrapServers": format!("b-1.shop.c1.kafka.{REGION}.amazonaws.com:9092"),
            "records": records,
        });
        if !self.is_self_managed {
            event["eventSourceArn"] = format!("arn:aws:kafka:{REGION}:{ACCOUNT}:cluster/shop/{}", uuid(8, 1)).into();
        }
        event
    }
}

built!(KafkaEvent);

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{raw, shape};

    #[test]
    fn a_record_has_the_fields_of_a_real_one() {
        let event = kafka("mytopic", 0, [record("{}").key("recordKey").header("headerKey", "headerValue")]).offset(15);
        shape::same("python/kafkaEventMsk.json", &event.event(), &[]);
        assert_eq!(event.event()["records"]["mytopic-0"][0]["offset"], 15);
        shape::same("python/kafkaEventSelfManaged.json", &event.self_managed().event(), &[]);
    }

    #[test]
    fn a_tombstone_has_no_value_and_the_bytes_of_a_header_have_a_sign() {
        let event = kafka("t", 1, [tombstone("k")]).and(kafka("t", 2, [record(1).header("h", raw([255, 1]))])).event();
        assert_eq!(
            (&event["records"]["t-1"][0]["value"], &event["records"]["t-1"][0]["key"]),
            (&Value::Null, &json!("aw=="))
        );
        assert_eq!(event["records"]["t-2"][0]["headers"], json!([{ "h": [-1, 1] }]));
    }
}

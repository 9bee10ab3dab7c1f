//! Records of Kinesis Data Streams (<https://docs.aws.amazon.com/lambda/latest/dg/with-kinesis.html>).
//!
//! # Example
//!
//! ```
//! use pilaster::testing::{kinesis, kinesis::record};
//! use serde_json::json;
//!
//! let event = kinesis([record(json!({ "n": 1 })).partition_key("red"), record("text").partition_key("blue")]).event();
//! assert_eq!(event["Records"][0]["kinesis"]["partitionKey"], "red");
//! assert_eq!(event["Records"][1]["kinesis"]["data"], "dGV4dA==");
//! ```

use serde_json::{Value, json};

use super::content::{ACCOUNT, Content, REGION, TIME_MS, base64, built};

/// Builds an event with these records: their data (text and [`raw`](super::raw) bytes are used unchanged, anything
/// else is serialized as JSON) or [`record`]s.
///
/// # Panics
///
/// If data cannot be serialized as JSON.
pub fn kinesis<R: IntoRecord>(records: impl IntoIterator<Item = R>) -> KinesisEvent {
    KinesisEvent { stream: "clicks".to_owned(), records: records.into_iter().map(R::into_record).collect() }
}

/// Builds a record with this data.
///
/// # Panics
///
/// If the data cannot be serialized as JSON.
pub fn record(data: impl Content) -> KinesisRecordBuilder {
    KinesisRecordBuilder { data: data.into_bytes(), key: "1".to_owned(), sequence_number: None }
}

/// An argument of [`kinesis`]: a [`KinesisRecordBuilder`], or anything that can be data.
pub trait IntoRecord {
    /// Converts it into a record.
    fn into_record(self) -> KinesisRecordBuilder;
}

impl<T: Content> IntoRecord for T {
    fn into_record(self) -> KinesisRecordBuilder {
        record(self)
    }
}

impl IntoRecord for KinesisRecordBuilder {
    fn into_record(self) -> KinesisRecordBuilder {
        self
    }
}

/// A builder of a record. See the [module docs](self).
#[derive(Clone, Debug)]
#[must_use = "pass it to an event: `kinesis([..])`"]
pub struct KinesisRecordBuilder {
    data: Vec<u8>,
    key: String,
    sequence_number: Option<String>,
}

impl KinesisRecordBuilder {
    /// Sets the partition key; the default is `1`.
    pub fn partition_key(mut self, partition_key: impl Into<String>) -> Self {
        self.key = partition_key.into();
        self
    }

    /// Sets the sequence number; the default increases by position.
    pub fn sequence_number(mut self, number: impl Into<String>) -> Self {
        self.sequence_number = Some(number.into());
        self
    }
}

/// A builder of an event of Kinesis. See the [module docs](self).
#[derive(Clone, Debug)]
#[must_use = "a builder is not sent: pass it to a `Caller`, or call `event()`"]
pub struct KinesisEvent {
    stream: String,
    records: Vec<KinesisRecordBuilder>,
}

impl KinesisEvent {
    /// Sets the name of the stream; the default is `clicks`.
    pub fn stream(mut self, name: impl Into<String>) -> Self {
        self.stream = name.into();
        self
    }

    /// Adds a record.
    pub fn and(mut self, record: impl IntoRecord) -> Self {
        self.records.push(record.into_record());
        self
    }

    /// Returns the event.
    pub fn event(&self) -> Value {
        let records = self.records.iter().enumerate().map(|(at, record)| {
            let number = record.sequence_number.clone();
            let number = number.unwrap_or_else(|| format!("4959033827149025660855969253836157109592157{at:013}"));
            json!({
                "kinesis": {
                    "kinesisSchemaVersion": "1.0",
                    "partitionKey": record.key,
                    "sequenceNumber": number,
                    "data": base64(&record.data),
                    "approximateArrivalTimestamp": TIME_MS as f64 / 1000.0,
                },
                "eventSource": "aws:kinesis",
                "eventVersion": "1.0",
                "eventID": format!("shardId-000000000006:{number}"),
                "eventName": "aws:kinesis:record",
                "invokeIdentityArn": format!("arn:aws:iam::{ACCOUNT}:role/lambda-role"),
                "awsRegion": REGION,
                "eventSourceARN": format!("arn:aws:kinesis:{REGION}:{ACCOUNT}:stream/{}", self.stream),
            })
        });
        json!({ "Records": records.collect::<Vec<_>>() })
    }
}

built!(KinesisEvent);

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{raw, shape};

    #[test]
    fn a_record_has_the_fields_of_a_real_one() {
        let event = kinesis(["a"]).stream("s").and(raw(*b"\xff")).and(record(1).sequence_number("7")).event();
        shape::same("python/kinesisStreamEvent.json", &event, &[]);
        assert_eq!(event["Records"][1]["kinesis"]["data"], "/w==");
        assert_eq!(event["Records"][2]["eventID"], "shardId-000000000006:7");
        let number = |at: usize| event["Records"][at]["kinesis"]["sequenceNumber"].as_str().unwrap().to_owned();
        assert!(number(0) < number(1) && number(0).len() == 56);
    }
}

//! Records of Kinesis Data Streams (<https://docs.aws.amazon.com/lambda/latest/dg/with-kinesis.html>).
//!
//! # Example
//!
//! ```
//! use pilaster::testing::{kinesis, kinesis::record};
//! use serde_json::json;
//!
//! let event = kinesis([record(json!({ "n": 1 })).key("red"), record("text").key("blue")]).event();
//! assert_eq!(event["Records"][0]["kinesis"]["partitionKey"], "red");
//! assert_eq!(event["Records"][1]["kinesis"]["data"], "dGV4dA==");
//! ```

use serde_json::{Value, json};

use super::content::{ACCOUNT, Content, REGION, TIME_MS, base64, built};

/// An event with these records: their data (text stands as it is, [`raw`](super::raw) bytes too, anything else as its JSON)
/// or [`record`]s.
///
/// # Panics
///
/// If data cannot be written as JSON.
pub fn kinesis<R: IntoRecord>(records: impl IntoIterator<Item = R>) -> Kinesis {
    Kinesis { stream: "clicks".to_owned(), records: records.into_iter().map(R::into_record).collect() }
}

/// A record with this data.
///
/// # Panics
///
/// If the data cannot be written as JSON.
pub fn record(data: impl Content) -> Record {
    Record { data: data.into_bytes(), key: "1".to_owned(), sequence_number: None }
}

/// What [`kinesis`] takes: [`Record`]s, and whatever can be data.
pub trait IntoRecord {
    /// The record.
    fn into_record(self) -> Record;
}

impl<T: Content> IntoRecord for T {
    fn into_record(self) -> Record {
        record(self)
    }
}

impl IntoRecord for Record {
    fn into_record(self) -> Record {
        self
    }
}

/// One record. See the [module docs](self).
#[derive(Clone, Debug)]
#[must_use = "it is sent only within an event: `kinesis([..])`"]
pub struct Record {
    data: Vec<u8>,
    key: String,
    sequence_number: Option<String>,
}

impl Record {
    /// Its partition key; `1` unless told.
    pub fn key(mut self, partition_key: impl Into<String>) -> Self {
        self.key = partition_key.into();
        self
    }

    /// Its sequence number, instead of one that rises by position.
    pub fn sequence_number(mut self, number: impl Into<String>) -> Self {
        self.sequence_number = Some(number.into());
        self
    }
}

/// An event of Kinesis. See the [module docs](self).
#[derive(Clone, Debug)]
#[must_use = "it is an event only when it is sent, or by `event()`"]
pub struct Kinesis {
    stream: String,
    records: Vec<Record>,
}

impl Kinesis {
    /// From the stream of this name, instead of `clicks`.
    pub fn stream(mut self, name: impl Into<String>) -> Self {
        self.stream = name.into();
        self
    }

    /// Adds a record.
    pub fn and(mut self, record: impl IntoRecord) -> Self {
        self.records.push(record.into_record());
        self
    }

    /// The event.
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

built!(Kinesis);

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

//! Records of an Amazon Data Firehose transformation
//! (<https://docs.aws.amazon.com/firehose/latest/dev/data-transformation.html>).
//!
//! # Example
//!
//! ```
//! use pilaster::testing::firehose;
//! use serde_json::json;
//!
//! let event = firehose([json!({ "n": 1 }), json!({ "n": 2 })]).event();
//! assert_eq!(event["records"][1]["recordId"], "record2");
//! assert_eq!(event["records"][1]["data"], "eyJuIjoyfQ==");
//! ```

use serde_json::{Value, json};

use super::content::{ACCOUNT, Content, REGION, TIME_MS, base64, built, uuid};

/// Builds an event with these records: text and [`raw`](super::raw) bytes are used unchanged, anything else is
/// serialized as JSON. Their ids are `record1`, `record2`, ….
///
/// # Panics
///
/// If a record cannot be serialized as JSON.
pub fn firehose(records: impl IntoIterator<Item = impl Content>) -> FirehoseEvent {
    FirehoseEvent {
        records: records.into_iter().map(Content::into_bytes).collect(),
        stream: "delivery".to_owned(),
        kinesis: None,
    }
}

/// A builder of an event of Firehose. See the [module docs](self).
#[derive(Clone, Debug)]
#[must_use = "a builder is not sent: pass it to a `Caller`, or call `event()`"]
pub struct FirehoseEvent {
    records: Vec<Vec<u8>>,
    stream: String,
    kinesis: Option<String>,
}

impl FirehoseEvent {
    /// Sets the name of the Firehose stream; the default is `delivery`.
    pub fn stream(mut self, name: impl Into<String>) -> Self {
        self.stream = name.into();
        self
    }

    /// Sets the Kinesis stream that Firehose reads from.
    pub fn from_kinesis(mut self, stream: impl Into<String>) -> Self {
        self.kinesis = Some(stream.into());
        self
    }

    /// Returns the event.
    pub fn event(&self) -> Value {
        let records = self.records.iter().enumerate().map(|(at, data)| {
            let mut record = json!({
                "recordId": format!("record{}", at + 1),
                "approximateArrivalTimestamp": TIME_MS,
                "data": base64(data),
            });
            if self.kinesis.is_some() {
                record["kinesisRecordMetadata"] = json!({
                    "shardId": "shardId-000000000000",
                    "partitionKey": "1",
                    "approximateArrivalTimestamp": TIME_MS,
                    "sequenceNumber": format!("4954698668313554428650745793632162567570019{at:013}"),
                    "subsequenceNumber": 0,
                });
            }
            record
        });
        let mut event = json!({
            "invocationId": uuid(7, 1),
            "deliveryStreamArn": format!("arn:aws:firehose:{REGION}:{ACCOUNT}:deliverystream/{}", self.stream),
            "region": REGION,
            "records": records.collect::<Vec<_>>(),
        });
        if let Some(stream) = &self.kinesis {
            event["sourceKinesisStreamArn"] = format!("arn:aws:kinesis:{REGION}:{ACCOUNT}:stream/{stream}").into();
        }
        event
    }
}

built!(FirehoseEvent);

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{raw, shape};

    #[test]
    fn a_record_has_the_fields_of_a_real_one() {
        let event = firehose([raw(*b"Hello World")]);
        shape::same("python/kinesisFirehosePutEvent.json", &event.event(), &[]);
        assert_eq!(event.event()["records"][0]["data"], "SGVsbG8gV29ybGQ=");
        shape::same("python/kinesisFirehoseKinesisEvent.json", &event.stream("d").from_kinesis("s").event(), &[]);
    }
}

//! Messages of Amazon SQS in the format of Lambda
//! (<https://docs.aws.amazon.com/lambda/latest/dg/with-sqs.html>).
//!
//! # Example
//!
//! ```
//! use pilaster::testing::{sqs, sqs::message};
//! use serde_json::{Value, json};
//!
//! let event = Value::from(sqs([json!({ "id": 1 }), json!({ "id": 2 })]));
//! assert_eq!(event["Records"][1]["body"], r#"{"id":2}"#);
//!
//! // Two groups of a FIFO queue; the first message is in its third receive.
//! let event = sqs([message("a").group("red").receive_count(3), message("b").group("blue")]).event();
//! assert_eq!(event["Records"][0]["attributes"]["ApproximateReceiveCount"], "3");
//! assert_eq!(event["Records"][1]["attributes"]["MessageGroupId"], "blue");
//! ```

use md5::{Digest as _, Md5};
use serde::Serialize;
use serde_json::{Map, Value, json};

use super::content::{ACCOUNT, REGION, TIME_MS, base64, built, text, uuid};

/// Builds an event with these messages: bodies (text is used unchanged, anything else is serialized as JSON) or
/// [`message`]s.
///
/// # Panics
///
/// If a body cannot be serialized as JSON.
pub fn sqs<M: IntoMessage>(messages: impl IntoIterator<Item = M>) -> SqsEvent {
    SqsEvent { queue: "orders".to_owned(), messages: messages.into_iter().map(M::into_message).collect() }
}

/// Builds a message with this body: text is used unchanged, anything else is serialized as JSON.
///
/// # Panics
///
/// If the body cannot be serialized as JSON.
pub fn message(body: impl Serialize) -> SqsMessageBuilder {
    SqsMessageBuilder { body: text(body), ..SqsMessageBuilder::default() }
}

/// An argument of [`sqs`]: a [`SqsMessageBuilder`], or anything that can be a body.
pub trait IntoMessage {
    /// Converts it into a message.
    fn into_message(self) -> SqsMessageBuilder;
}

impl<T: Serialize> IntoMessage for T {
    fn into_message(self) -> SqsMessageBuilder {
        message(self)
    }
}

impl IntoMessage for SqsMessageBuilder {
    fn into_message(self) -> SqsMessageBuilder {
        self
    }
}

/// A builder of an event of SQS. See the [module docs](self).
#[derive(Clone, Debug)]
#[must_use = "a builder is not sent: pass it to a `Caller`, or call `event()`"]
pub struct SqsEvent {
    queue: String,
    messages: Vec<SqsMessageBuilder>,
}

impl SqsEvent {
    /// Sets the name of the queue; the default is `orders`. The name of a FIFO queue ends in `.fifo`.
    pub fn queue(mut self, name: impl Into<String>) -> Self {
        self.queue = name.into();
        self
    }

    /// Sets the message group of every message that has none, which makes the queue a FIFO queue.
    pub fn fifo(mut self, group: impl Into<String>) -> Self {
        let group = group.into();
        for message in &mut self.messages {
            message.group.get_or_insert_with(|| group.clone());
        }
        self
    }

    /// Sets the receive count of every message.
    pub fn receive_count(mut self, count: u32) -> Self {
        self.messages.iter_mut().for_each(|message| message.receive_count = Some(count));
        self
    }

    /// Adds a message.
    pub fn and(mut self, message: impl IntoMessage) -> Self {
        self.messages.push(message.into_message());
        self
    }

    /// Returns the event.
    pub fn event(&self) -> Value {
        let fifo = self.messages.iter().any(|message| message.group.is_some());
        let name = match fifo && !self.queue.ends_with(".fifo") {
            true => format!("{}.fifo", self.queue),
            false => self.queue.clone(),
        };
        let arn = format!("arn:aws:sqs:{REGION}:{ACCOUNT}:{name}");
        let records = self.messages.iter().enumerate().map(|(at, message)| message.record(at, &arn));
        json!({ "Records": records.collect::<Vec<_>>() })
    }
}

/// A builder of a message. See the [module docs](self).
#[derive(Clone, Debug, Default)]
#[must_use = "pass it to an event: `sqs([..])`"]
pub struct SqsMessageBuilder {
    id: Option<String>,
    body: String,
    group: Option<String>,
    receive_count: Option<u32>,
    system: Map<String, Value>,
    attributes: Map<String, Value>,
}

impl SqsMessageBuilder {
    /// Sets the `messageId`; the default is a UUID that ends in the position.
    pub fn id(mut self, id: impl Into<String>) -> Self {
        self.id = Some(id.into());
        self
    }

    /// Sets the message group, which makes the queue a FIFO queue.
    pub fn group(mut self, group: impl Into<String>) -> Self {
        self.group = Some(group.into());
        self
    }

    /// Sets the receive count of the message; the default is 1.
    pub fn receive_count(mut self, count: u32) -> Self {
        self.receive_count = Some(count);
        self
    }

    /// Adds a system attribute: `AWSTraceHeader`, `SenderId`, `DeadLetterQueueSourceArn`, ….
    pub fn system_attribute(mut self, name: impl Into<String>, value: impl Into<String>) -> Self {
        self.system.insert(name.into(), value.into().into());
        self
    }

    /// Adds a message attribute of type `String`.
    pub fn attribute(self, name: impl Into<String>, value: impl Into<String>) -> Self {
        self.typed_attribute(name, "String", "stringValue", value.into())
    }

    /// Adds a message attribute of type `Number`; as text it can have 38 digits.
    pub fn number_attribute(self, name: impl Into<String>, value: impl ToString) -> Self {
        self.typed_attribute(name, "Number", "stringValue", value.to_string())
    }

    /// Adds a message attribute of type `Binary`.
    pub fn binary_attribute(self, name: impl Into<String>, value: impl AsRef<[u8]>) -> Self {
        self.typed_attribute(name, "Binary", "binaryValue", base64(value))
    }

    fn typed_attribute(mut self, name: impl Into<String>, data_type: &str, field: &str, value: String) -> Self {
        let mut attribute = json!({ "stringListValues": [], "binaryListValues": [], "dataType": data_type });
        attribute[field] = value.into();
        self.attributes.insert(name.into(), attribute);
        self
    }

    fn record(&self, at: usize, arn: &str) -> Value {
        let mut system = json!({
            "ApproximateReceiveCount": self.receive_count.unwrap_or(1).to_string(),
            "SentTimestamp": TIME_MS.to_string(),
            "SenderId": "AIDAIENQZJOLO23YVJ4VO",
            "ApproximateFirstReceiveTimestamp": (TIME_MS + 1).to_string(),
        });
        if let Some(group) = &self.group {
            system["MessageGroupId"] = group.as_str().into();
            system["SequenceNumber"] = format!("188816726{at:011}").into();
            system["MessageDeduplicationId"] = uuid(3, at + 1).into();
        }
        for (name, value) in &self.system {
            system[name] = value.clone();
        }
        json!({
            "messageId": self.id.clone().unwrap_or_else(|| uuid(1, at + 1)),
            "receiptHandle": format!("AQEB{}", base64(uuid(2, at + 1))),
            "body": self.body,
            "attributes": system,
            "messageAttributes": self.attributes,
            "md5OfBody": Md5::digest(&self.body).iter().map(|byte| format!("{byte:02x}")).collect::<String>(),
            "eventSource": "aws:sqs",
            "eventSourceARN": arn,
            "awsRegion": REGION,
        })
    }
}

built!(SqsEvent);

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::shape;

    #[test]
    fn a_message_has_the_fields_of_a_real_one() {
        let event = sqs(["hello world"]).event();
        shape::same("python/sqsEvent.json", &event, &["Records.[].messageAttributes.testAttr"]);
        assert_eq!(event["Records"][0]["md5OfBody"], "5eb63bbbe01eeed093cb22bb8f5acdc3");
        assert_eq!(event["Records"][0]["messageId"], "00000001-0000-4000-8000-000000000001");
        let fifo = sqs(["{}"]).fifo("red").event();
        shape::same("python/snsSqsFifoEvent.json", &fifo, &[]);
        assert_eq!(fifo["Records"][0]["eventSourceARN"], "arn:aws:sqs:eu-central-1:123456789012:orders.fifo");
    }

    #[test]
    fn attributes_have_their_types() {
        let event = sqs([message(1)
            .id("m-1")
            .attribute("a", "text")
            .number_attribute("b", "12345678901234567890123456789012345678")
            .binary_attribute("c", b"\xff")
            .system_attribute("AWSTraceHeader", "Root=1-2-3")])
        .queue("mine")
        .event();
        let record = &event["Records"][0];
        assert_eq!((&record["messageId"], &record["body"]), (&json!("m-1"), &json!("1")));
        assert_eq!(record["messageAttributes"]["a"]["stringValue"], "text");
        assert_eq!(record["messageAttributes"]["b"]["stringValue"], "12345678901234567890123456789012345678");
        assert_eq!(record["messageAttributes"]["b"]["dataType"], "Number");
        assert_eq!(record["messageAttributes"]["c"]["binaryValue"], "/w==");
        assert_eq!(record["attributes"]["AWSTraceHeader"], "Root=1-2-3");
        assert!(record["eventSourceARN"].as_str().is_some_and(|arn| arn.ends_with(":mine")));
    }

    #[test]
    fn a_group_of_a_message_stays_and_the_others_get_the_common_one() {
        let event = sqs([message("a").group("red"), message("b")]).fifo("blue").receive_count(4).and("c").event();
        let of = |at: usize, name: &str| event["Records"][at]["attributes"][name].as_str().map(str::to_owned);
        assert_eq!(of(0, "MessageGroupId").as_deref(), Some("red"));
        assert_eq!(of(1, "MessageGroupId").as_deref(), Some("blue"));
        assert_eq!(of(2, "MessageGroupId"), None);
        assert_eq!(of(1, "ApproximateReceiveCount").as_deref(), Some("4"));
        assert!(of(0, "SequenceNumber") < of(1, "SequenceNumber"));
    }
}

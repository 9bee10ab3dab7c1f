//! Messages of Amazon SNS: to a function (<https://docs.aws.amazon.com/lambda/latest/dg/with-sns.html>) and to a queue,
//! with the notification around the message or with raw delivery
//! (<https://docs.aws.amazon.com/sns/latest/dg/sns-large-payload-raw-message-delivery.html>).
//!
//! # Example
//!
//! ```
//! use pilaster::testing::sns;
//! use serde_json::json;
//!
//! let paid = sns([json!({ "order": 7 })]).subject("paid").attribute("kind", "order");
//! assert_eq!(paid.event()["Records"][0]["Sns"]["Message"], r#"{"order":7}"#);
//! assert_eq!(paid.through_sqs_raw().event()["Records"][0]["body"], r#"{"order":7}"#);
//! assert_eq!(paid.through_sqs_raw().event()["Records"][0]["messageAttributes"]["kind"]["stringValue"], "order");
//! ```

use serde::Serialize;
use serde_json::{Map, Value, json};

use super::content::{ACCOUNT, REGION, TIME, base64, built, text, uuid};
use super::sqs::{SqsEvent, SqsMessageBuilder, message, sqs};

/// Builds an event with these messages: text is used unchanged, anything else is serialized as JSON. AWS sends one
/// record in each event.
///
/// # Panics
///
/// If a message cannot be serialized as JSON.
pub fn sns(messages: impl IntoIterator<Item = impl Serialize>) -> SnsEvent {
    SnsEvent {
        messages: messages.into_iter().map(text).collect(),
        topic: "orders".to_owned(),
        subject: None,
        attributes: Vec::new(),
    }
}

/// A builder of an event of SNS. See the [module docs](self).
#[derive(Clone, Debug)]
#[must_use = "a builder is not sent: pass it to a `Caller`, or call `event()`"]
pub struct SnsEvent {
    messages: Vec<String>,
    topic: String,
    subject: Option<String>,
    attributes: Vec<(String, Attribute)>,
}

#[derive(Clone, Debug)]
enum Attribute {
    Text(String),
    Number(String),
    Binary(Vec<u8>),
}

impl SnsEvent {
    /// Sets the name of the topic; the default is `orders`.
    pub fn topic(mut self, name: impl Into<String>) -> Self {
        self.topic = name.into();
        self
    }

    /// Sets the subject of every message.
    pub fn subject(mut self, subject: impl Into<String>) -> Self {
        self.subject = Some(subject.into());
        self
    }

    /// Adds an attribute of type `String` to every message.
    pub fn attribute(mut self, name: impl Into<String>, value: impl Into<String>) -> Self {
        self.attributes.push((name.into(), Attribute::Text(value.into())));
        self
    }

    /// Adds an attribute of type `Number` to every message.
    pub fn number_attribute(mut self, name: impl Into<String>, value: impl ToString) -> Self {
        self.attributes.push((name.into(), Attribute::Number(value.to_string())));
        self
    }

    /// Adds an attribute of type `Binary` to every message.
    pub fn binary_attribute(mut self, name: impl Into<String>, value: impl AsRef<[u8]>) -> Self {
        self.attributes.push((name.into(), Attribute::Binary(value.as_ref().to_vec())));
        self
    }

    /// Returns the messages as a subscribed queue receives them: each body is a notification.
    pub fn through_sqs(&self) -> SqsEvent {
        sqs((0..self.messages.len()).map(|at| message(self.notification(at))))
    }

    /// Returns the messages as a queue receives them with raw message delivery: each body is the message, with its
    /// attributes.
    pub fn through_sqs_raw(&self) -> SqsEvent {
        let raw = |body: &String| {
            self.attributes.iter().fold(message(body), |message: SqsMessageBuilder, (name, value)| match value {
                Attribute::Text(value) => message.attribute(name, value),
                Attribute::Number(value) => message.number_attribute(name, value),
                Attribute::Binary(value) => message.binary_attribute(name, value),
            })
        };
        sqs(self.messages.iter().map(raw))
    }

    /// Returns the event.
    pub fn event(&self) -> Value {
        let records = (0..self.messages.len()).map(|at| {
            let mut message = self.notification(at);
            // Lambda's event spells these two members differently, and has empty members.
            if let Some(fields) = message.as_object_mut() {
                for (from, to) in [("SigningCertURL", "SigningCertUrl"), ("UnsubscribeURL", "UnsubscribeUrl")] {
                    let value = fields.remove(from).unwrap_or_default();
                    fields.insert(to.to_owned(), value);
                }
                fields.entry("Subject").or_insert(Value::Null);
                fields.entry("MessageAttributes").or_insert(json!({}));
            }
            json!({
                "EventSource": "aws:sns",
                "EventVersion": "1.0",
                "EventSubscriptionArn": format!("{}:{}", self.arn(), uuid(5, 0)),
                "Sns": message,
            })
        });
        json!({ "Records": records.collect::<Vec<_>>() })
    }

    fn arn(&self) -> String {
        format!("arn:aws:sns:{REGION}:{ACCOUNT}:{}", self.topic)
    }

    fn notification(&self, at: usize) -> Value {
        let mut notification = json!({
            "Type": "Notification",
            "MessageId": uuid(4, at + 1),
            "TopicArn": self.arn(),
            "Message": self.messages[at],
            "Timestamp": TIME,
            "SignatureVersion": "1",
            "Signature": "tcc6faL2yUC6dgZdmrwh1Y4cGa/ebXEkAi6RibDsvpi+tE/1+82j",
            "SigningCertURL": format!("https://sns.{REGION}.amazonaws.com/SimpleNotificationService.pem"),
            "UnsubscribeURL": format!("https://sns.{REGION}.amazonaws.com/?Action=Unsubscribe"),
        });
        if let Some(subject) = &self.subject {
            notification["Subject"] = subject.as_str().into();
        }
        if !self.attributes.is_empty() {
            let attributes = self.attributes.iter().map(|(name, value)| {
                let (kind, value) = match value {
                    Attribute::Text(value) => ("String", value.clone()),
                    Attribute::Number(value) => ("Number", value.clone()),
                    Attribute::Binary(value) => ("Binary", base64(value)),
                };
                (name.clone(), json!({ "Type": kind, "Value": value }))
            });
            notification["MessageAttributes"] = attributes.collect::<Map<_, _>>().into();
        }
        notification
    }
}

built!(SnsEvent);

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::shape;

    #[test]
    fn a_message_has_the_fields_of_a_real_one() {
        let event =
            sns(["Hello from SNS!"]).subject("TestInvoke").attribute("Test", "a").binary_attribute("TestBinary", "b");
        shape::same("python/snsEvent.json", &event.event(), &[]);
        assert_eq!(event.event()["Records"][0]["Sns"]["MessageAttributes"]["TestBinary"]["Value"], "Yg==");
        assert_eq!(sns([1]).event()["Records"][0]["Sns"]["Subject"], Value::Null);
    }

    #[test]
    fn a_notification_in_a_queue_has_the_fields_of_a_real_one() {
        let event = sns([json!({ "message": "hello" })]).through_sqs().event();
        shape::same("python/snsSqsEvent.json", &event, &[]);
        let body =
            |event: &Value| serde_json::from_str::<Value>(event["Records"][0]["body"].as_str().unwrap()).unwrap();
        let (real, built) = (body(&shape::real("python/snsSqsEvent.json")), body(&event));
        let keys = |value: &Value| value.as_object().unwrap().keys().cloned().collect::<Vec<_>>();
        assert_eq!(keys(&built), keys(&real));
    }

    #[test]
    fn by_raw_delivery_the_attributes_are_those_of_the_message() {
        let raw = sns(["a", "b"]).topic("t").number_attribute("n", 7).through_sqs_raw().event();
        assert_eq!(raw["Records"][1]["body"], "b");
        assert_eq!(raw["Records"][1]["messageAttributes"]["n"]["stringValue"], "7");
        assert_eq!(raw["Records"][1]["messageAttributes"]["n"]["dataType"], "Number");
    }
}

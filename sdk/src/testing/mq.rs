//! Messages of Amazon MQ, from ActiveMQ or RabbitMQ (<https://docs.aws.amazon.com/lambda/latest/dg/with-mq.html>).
//!
//! # Example
//!
//! ```
//! use pilaster::testing::{active_mq, rabbit_mq};
//!
//! assert_eq!(active_mq("orders", ["text"]).event()["messages"][0]["data"], "dGV4dA==");
//! assert_eq!(rabbit_mq("orders", ["text"]).event()["rmqMessagesByQueue"]["orders::/"][0]["data"], "dGV4dA==");
//! ```

use serde_json::{Map, Value, json};

use super::content::{ACCOUNT, Content, REGION, TIME_MS, base64, built, uuid};

/// Builds an event with messages of an ActiveMQ queue: text and [`raw`](super::raw) bytes are used unchanged, anything
/// else is serialized as JSON.
///
/// # Panics
///
/// If a message cannot be serialized as JSON.
pub fn active_mq(queue: impl Into<String>, messages: impl IntoIterator<Item = impl Content>) -> ActiveMqEvent {
    let messages = messages.into_iter().map(Content::into_bytes).collect();
    ActiveMqEvent { queue: queue.into(), messages, properties: Map::new() }
}

/// Builds an event with messages of a RabbitMQ queue: text and [`raw`](super::raw) bytes are used unchanged, anything
/// else is serialized as JSON.
///
/// # Panics
///
/// If a message cannot be serialized as JSON.
pub fn rabbit_mq(queue: impl Into<String>, messages: impl IntoIterator<Item = impl Content>) -> RabbitMqEvent {
    let messages = messages.into_iter().map(Content::into_bytes).collect();
    RabbitMqEvent { queue: queue.into(), host: "/".to_owned(), messages, headers: Map::new() }
}

fn broker() -> String {
    format!("arn:aws:mq:{REGION}:{ACCOUNT}:broker:shop:b-{}", uuid(9, 1))
}

/// A builder of an event of ActiveMQ. See the [module docs](self).
#[derive(Clone, Debug)]
#[must_use = "a builder is not sent: pass it to a `Caller`, or call `event()`"]
pub struct ActiveMqEvent {
    queue: String,
    messages: Vec<Vec<u8>>,
    properties: Map<String, Value>,
}

impl ActiveMqEvent {
    /// Adds a property to every message.
    pub fn property(mut self, name: impl Into<String>, value: impl Into<String>) -> Self {
        self.properties.insert(name.into(), value.into().into());
        self
    }

    /// Returns the event.
    pub fn event(&self) -> Value {
        let messages = self.messages.iter().enumerate().map(|(at, data)| {
            // Data that is not text must have been sent as bytes.
            let kind = if std::str::from_utf8(data).is_ok() { "jms/text-message" } else { "jms/bytes-message" };
            json!({
                "messageID": format!("ID:b-{}-1.mq.{REGION}.amazonaws.com-37557-1234520418293-4:1:1:1:{}", uuid(9, 1), at + 1),
                "messageType": kind,
                "data": base64(data),
                "connectionId": "myJMSCoID",
                "redelivered": false,
                "destination": { "physicalName": self.queue },
                "timestamp": TIME_MS,
                "brokerInTime": TIME_MS,
                "brokerOutTime": TIME_MS + 1,
                "properties": self.properties,
            })
        });
        json!({ "eventSource": "aws:mq", "eventSourceArn": broker(), "messages": messages.collect::<Vec<_>>() })
    }
}

/// A builder of an event of RabbitMQ. See the [module docs](self).
#[derive(Clone, Debug)]
#[must_use = "a builder is not sent: pass it to a `Caller`, or call `event()`"]
pub struct RabbitMqEvent {
    queue: String,
    host: String,
    messages: Vec<Vec<u8>>,
    headers: Map<String, Value>,
}

impl RabbitMqEvent {
    /// Sets the virtual host; the default is `/`.
    pub fn virtual_host(mut self, name: impl Into<String>) -> Self {
        self.host = name.into();
        self
    }

    /// Adds a header to every message, which the event contains as a list of bytes.
    pub fn header(mut self, name: impl Into<String>, value: impl AsRef<str>) -> Self {
        self.headers.insert(name.into(), json!({ "bytes": value.as_ref().as_bytes() }));
        self
    }

    /// Returns the event.
    pub fn event(&self) -> Value {
        let messages = self.messages.iter().map(|data| {
            json!({
                "basicProperties": {
                    "contentType": "text/plain",
                    "contentEncoding": null,
                    "headers": self.headers,
                    "deliveryMode": 1,
                    "priority": 34,
                    "correlationId": null,
                    "replyTo": null,
                    "expiration": "60000",
                    "messageId": null,
                    "timestamp": "Jan 2, 2026, 3:04:05 AM",
                    "type": null,
                    "userId": "AIDACKCEVSQ6C2EXAMPLE",
                    "appId": null,
                    "clusterId": null,
                    "bodySize": data.len(),
                },
                "redelivered": false,
                "data": base64(data),
            })
        });
        let mut queues = Map::new();
        queues.insert(format!("{}::{}", self.queue, self.host), messages.collect());
        json!({ "eventSource": "aws:rmq", "eventSourceArn": broker(), "rmqMessagesByQueue": queues })
    }
}

built!(ActiveMqEvent, RabbitMqEvent);

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{raw, shape};

    #[test]
    fn a_message_has_the_fields_of_a_real_one() {
        let active = active_mq("testQueue", ["{}"]).property("testKey", "testValue").event();
        shape::same("python/activeMQEvent.json", &active, &[]);
        let rabbit = rabbit_mq("pizzaQueue", ["{}"]).header("header1", "value1").header("header2", "value2").event();
        shape::same(
            "python/rabbitMQEvent.json",
            &rabbit,
            &["rmqMessagesByQueue.pizzaQueue::/.[].basicProperties.headers.numberInHeader"],
        );
    }

    #[test]
    fn bytes_are_a_message_of_bytes() {
        assert_eq!(active_mq("q", [raw(*b"\xff")]).event()["messages"][0]["messageType"], "jms/bytes-message");
        assert_eq!(
            rabbit_mq("q", [7]).virtual_host("v").event()["rmqMessagesByQueue"]["q::v"][0]["basicProperties"]["bodySize"],
            1
        );
    }
}

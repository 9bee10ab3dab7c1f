//! [`MqMessage`]: a message of an Amazon MQ broker; [`MqRecord`]: its metadata.
//!
//! The same type handles ActiveMQ and RabbitMQ. Neither supports a partial batch response: if one message of a batch
//! fails, the invocation fails and Lambda retries the batch.
//!
//! # Example
//!
//! ```
//! use pilaster::{BoxError, MqMessage};
//! use serde::Deserialize;
//!
//! #[derive(Deserialize)]
//! struct Order { id: u64 }
//!
//! async fn ship(order: MqMessage<Order>) -> Result<(), BoxError> {
//!     if order.record.is_redelivered() {
//!         tracing::warn!(id = order.id, queue = order.record.queue().as_deref(), "redelivered order");
//!     }
//!     Ok(())
//! }
//! # let _ = pilaster::handler(ship);
//! ```

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::fmt;
use std::ops::{Deref, DerefMut};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::{Map, Value};

use super::payload::decode_base64;
use crate::core::error::BoxError;
use crate::core::json::lenient::{Lenient, skimmed};
use crate::core::json::text::Text;
use crate::records::error::DecodeError;
use crate::records::extract::{FromRecord, FromRecordParts, not_from};
use crate::records::record::{Record, RecordId};
use crate::records::source::Source;

/// A message of ActiveMQ or RabbitMQ. Dereferences to its data.
///
/// `MqMessage<String>` is the data as text, `MqMessage<Vec<u8>>` its bytes, and any other `MqMessage<T>` is decoded
/// from JSON. The formats are those of <https://docs.aws.amazon.com/lambda/latest/dg/with-mq.html>. See the
/// [module docs](self).
#[derive(Clone, Debug)]
pub struct MqMessage<T> {
    /// The data.
    pub data: T,
    /// The metadata of the message.
    pub record: MqRecord,
}

impl<T> Deref for MqMessage<T> {
    type Target = T;

    fn deref(&self) -> &T {
        &self.data
    }
}

impl<T> DerefMut for MqMessage<T> {
    fn deref_mut(&mut self) -> &mut T {
        &mut self.data
    }
}

impl<T: DeserializeOwned + Send + 'static> FromRecord for MqMessage<T> {
    const SOURCES: &'static [Source] = &[Source::ActiveMq, Source::RabbitMq];
    type Response = ();

    fn from_record(record: &Record) -> Result<Self, DecodeError> {
        #[derive(Deserialize)]
        struct Payload<'a> {
            #[serde(borrow, default)]
            data: Option<Text<'a>>,
        }
        let payload = serde_json::from_str::<Payload<'_>>(record.json());
        let payload = payload.map_err(|error| DecodeError::new("the message", error))?;
        let data = payload.data.map(|Text(data)| data).unwrap_or_default();
        Ok(Self { data: decode_base64("the message data", &data)?, record: MqRecord(record.clone()) })
    }
}

/// The metadata of a message: its id, its queue, its properties. Also a separate argument. Cheap to clone; each method
/// reads the message's text.
#[derive(Clone)]
pub struct MqRecord(Record);

impl FromRecordParts for MqRecord {
    async fn from_record_parts(record: &Record) -> Result<Self, BoxError> {
        match record.source() {
            Source::ActiveMq | Source::RabbitMq => Ok(Self(record.clone())),
            _ => Err(not_from(record, "Amazon MQ")),
        }
    }
}

skimmed! {
    /// The metadata of both brokers: ActiveMQ has it beside the data, RabbitMQ in its basic properties.
    struct Metadata {
        message_id: Lenient<Text<'a>> = "messageID",
        message_type: Lenient<Text<'a>> = "messageType",
        destination: Destination<'a> = "destination",
        redelivered: Lenient<bool> = "redelivered",
        correlation_id: Lenient<Text<'a>> = "correlationId" | "correlationID",
        reply_to: Lenient<Text<'a>> = "replyTo",
        timestamp: Lenient<u64> = "timestamp",
        priority: Lenient<i64> = "priority",
        properties: Lenient<Map<String, Value>> = "properties",
        basic: Basic<'a> = "basicProperties",
    }
}

skimmed! {
    struct Destination {
        // EventBridge Pipes uses lower case.
        physical_name: Lenient<Text<'a>> = "physicalName" | "physicalname",
    }
}

skimmed! {
    struct Basic {
        content_type: Lenient<Text<'a>> = "contentType",
        message_id: Lenient<Text<'a>> = "messageId",
        r#type: Lenient<Text<'a>> = "type",
        correlation_id: Lenient<Text<'a>> = "correlationId",
        reply_to: Lenient<Text<'a>> = "replyTo",
        priority: Lenient<i64> = "priority",
        headers: Lenient<Map<String, Value>> = "headers",
    }
}

impl MqRecord {
    /// Returns the message id; in RabbitMQ, only if the producer sets one.
    pub fn message_id(&self) -> Option<Cow<'_, str>> {
        let Metadata { message_id, basic, .. } = self.metadata();
        message_id.text().or(basic.message_id.text())
    }

    /// Returns the name of the queue; in ActiveMQ, that of the destination.
    pub fn queue(&self) -> Option<Cow<'_, str>> {
        match self.0.source() {
            Source::RabbitMq => self.queue_and_host().map(|(queue, _)| Cow::Borrowed(queue)),
            _ => self.metadata().destination.physical_name.text(),
        }
    }

    /// Returns the virtual host of RabbitMQ.
    pub fn virtual_host(&self) -> Option<&str> {
        self.queue_and_host().map(|(_, host)| host)
    }

    /// Returns `true` if the broker reports that it has delivered the message before.
    pub fn is_redelivered(&self) -> bool {
        self.metadata().redelivered.0.unwrap_or_default()
    }

    /// Returns the properties of ActiveMQ or the headers of RabbitMQ. A binary header is text if it is valid UTF-8, and
    /// a list of numbers otherwise.
    pub fn properties(&self) -> BTreeMap<String, Value> {
        let Metadata { properties, basic, .. } = self.metadata();
        let properties = properties.0.or(basic.headers.0).unwrap_or_default();
        properties.into_iter().map(|(name, value)| (name, property(value))).collect()
    }

    /// Returns one property or header.
    pub fn property(&self, name: &str) -> Option<Value> {
        self.properties().remove(name)
    }

    /// Returns the message type: `jms/text-message` or `jms/bytes-message` in ActiveMQ, the `type` property in
    /// RabbitMQ.
    pub fn message_type(&self) -> Option<Cow<'_, str>> {
        let Metadata { message_type, basic, .. } = self.metadata();
        message_type.text().or(basic.r#type.text())
    }

    /// Returns the content type, if a RabbitMQ producer has set it.
    pub fn content_type(&self) -> Option<Cow<'_, str>> {
        self.metadata().basic.content_type.text()
    }

    /// Returns the correlation id.
    pub fn correlation_id(&self) -> Option<Cow<'_, str>> {
        let Metadata { correlation_id, basic, .. } = self.metadata();
        correlation_id.text().or(basic.correlation_id.text())
    }

    /// Returns the queue for replies.
    pub fn reply_to(&self) -> Option<Cow<'_, str>> {
        let Metadata { reply_to, basic, .. } = self.metadata();
        reply_to.text().or(basic.reply_to.text())
    }

    /// Returns the priority: 0 to 9 in ActiveMQ, 0 to 255 in RabbitMQ.
    pub fn priority(&self) -> Option<i64> {
        let Metadata { priority, basic, .. } = self.metadata();
        priority.0.or(basic.priority.0)
    }

    /// Returns the time at which the message was sent, in ActiveMQ. RabbitMQ's time is a text without a time zone: see
    /// [`Record::json`].
    pub fn sent_at(&self) -> Option<SystemTime> {
        UNIX_EPOCH.checked_add(Duration::from_millis(self.metadata().timestamp.0?))
    }

    /// Returns the ARN of the broker.
    pub fn broker_arn(&self) -> Option<String> {
        self.0.beside("eventSourceArn")
    }

    /// Returns the queue and the virtual host of RabbitMQ, which start the id: `orders::/`.
    fn queue_and_host(&self) -> Option<(&str, &str)> {
        match (self.0.source(), self.0.record_id()) {
            // The name of a queue may contain `::` itself.
            (Source::RabbitMq, RecordId::Text(id)) => id.rsplit_once('#')?.0.rsplit_once("::"),
            _ => None,
        }
    }

    fn metadata(&self) -> Metadata<'_> {
        serde_json::from_str(self.0.json()).unwrap_or_default()
    }
}

/// Unwraps the bytes of a RabbitMQ header.
fn property(value: Value) -> Value {
    let bytes = value.as_object().filter(|object| object.len() == 1).and_then(|object| object.get("bytes"));
    let Some(Value::Array(bytes)) = bytes else { return value };
    // Java's bytes above 127 may be negative.
    let byte = |byte: &Value| {
        let byte = byte.as_i64()?;
        u8::try_from(byte).ok().or_else(|| Some(i8::try_from(byte).ok()?.cast_unsigned()))
    };
    let Some(read) = bytes.iter().map(byte).collect::<Option<Vec<u8>>>() else { return value };
    String::from_utf8(read).map_or_else(|error| error.into_bytes().into(), Value::String)
}

/// Shows only the id and the queue: the data may contain secrets.
impl fmt::Debug for MqRecord {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("MqRecord")
            .field("id", &format_args!("{}", self.0.id()))
            .field("queue", &self.queue())
            .finish_non_exhaustive()
    }
}

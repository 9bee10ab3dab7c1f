//! [`MqMessage`]: a message of a broker of Amazon MQ; [`MqRecord`]: what it says of itself.
//!
//! The same type serves ActiveMQ and RabbitMQ. A broker knows no partial answer: where one message of a batch fails, the
//! invocation fails, and Lambda sends the batch again.
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
//!         tracing::warn!(id = order.id, queue = order.record.queue().as_deref(), "the order comes again");
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

use super::payload::{DecodeError, Text, decode_base64};
use crate::core::error::BoxError;
use crate::records::adapter::lenient::{Lenient, skimmed};
use crate::records::handler::{FromRecord, FromRecordParts};
use crate::records::record::{Id, Record};
use crate::records::source::Source;

/// A message of ActiveMQ or RabbitMQ. It is used as its data.
///
/// `MqMessage<String>` is the data's text, `MqMessage<Vec<u8>>` its bytes, any other `MqMessage<T>` its JSON. The forms are
/// those of <https://docs.aws.amazon.com/lambda/latest/dg/with-mq.html>. See the [module docs](self).
#[derive(Clone, Debug)]
pub struct MqMessage<T> {
    /// The data.
    pub data: T,
    /// What the message says of itself.
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
    type Answer = ();

    fn from_record(record: &Record) -> Result<Self, DecodeError> {
        #[derive(Deserialize)]
        struct Wire<'a> {
            #[serde(borrow, default)]
            data: Option<Text<'a>>,
        }
        let wire = serde_json::from_str::<Wire<'_>>(record.json());
        let wire = wire.map_err(|error| DecodeError::new("the message", error))?;
        let data = wire.data.map(|Text(data)| data).unwrap_or_default();
        Ok(Self { data: decode_base64("the data of the message", &data)?, record: MqRecord(record.clone()) })
    }
}

/// What a message says of itself: its id, its queue, its properties. Also an argument of its own. Cheap to clone; each question
/// reads the message's text.
#[derive(Clone)]
pub struct MqRecord(Record);

impl FromRecordParts for MqRecord {
    async fn from_record_parts(record: &Record) -> Result<Self, BoxError> {
        match record.source() {
            Source::ActiveMq | Source::RabbitMq => Ok(Self(record.clone())),
            other => Err(format!("the record is from {other}, so there is no message of Amazon MQ").into()),
        }
    }
}

skimmed! {
    /// Of both brokers: ActiveMQ has its fields beside the data, RabbitMQ among its basic properties.
    struct Head {
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
        // EventBridge Pipes writes it in lower case.
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
    /// The message's id: always there in ActiveMQ; in RabbitMQ if the producer gave one.
    pub fn message_id(&self) -> Option<Cow<'_, str>> {
        let Head { message_id, basic, .. } = self.head();
        message_id.0.or(basic.message_id.0).map(|Text(text)| text)
    }

    /// The queue; in ActiveMQ what its destination is called.
    pub fn queue(&self) -> Option<Cow<'_, str>> {
        match self.0.source() {
            Source::RabbitMq => self.queue_and_host().map(|(queue, _)| Cow::Borrowed(queue)),
            _ => self.head().destination.physical_name.0.map(|Text(text)| text),
        }
    }

    /// The virtual host of RabbitMQ.
    pub fn virtual_host(&self) -> Option<&str> {
        self.queue_and_host().map(|(_, host)| host)
    }

    /// Whether the broker has delivered it before; `false` where it does not say.
    pub fn is_redelivered(&self) -> bool {
        self.head().redelivered.0.unwrap_or_default()
    }

    /// The properties of ActiveMQ, or the headers of RabbitMQ, of which those that are bytes are text if they are UTF-8, and
    /// a list of numbers if not.
    pub fn properties(&self) -> BTreeMap<String, Value> {
        let Head { properties, basic, .. } = self.head();
        let properties = properties.0.or(basic.headers.0).unwrap_or_default();
        properties.into_iter().map(|(name, value)| (name, property(value))).collect()
    }

    /// One property, or header.
    pub fn property(&self, name: &str) -> Option<Value> {
        self.properties().remove(name)
    }

    /// What the message is: `jms/text-message` or `jms/bytes-message` in ActiveMQ, what the producer wrote in RabbitMQ.
    pub fn message_type(&self) -> Option<Cow<'_, str>> {
        let Head { message_type, basic, .. } = self.head();
        message_type.0.or(basic.r#type.0).map(|Text(text)| text)
    }

    /// The type of the data, where a producer of RabbitMQ named it.
    pub fn content_type(&self) -> Option<Cow<'_, str>> {
        self.head().basic.content_type.0.map(|Text(text)| text)
    }

    /// The id by which an answer is told from others.
    pub fn correlation_id(&self) -> Option<Cow<'_, str>> {
        let Head { correlation_id, basic, .. } = self.head();
        correlation_id.0.or(basic.correlation_id.0).map(|Text(text)| text)
    }

    /// The queue in which an answer is expected.
    pub fn reply_to(&self) -> Option<Cow<'_, str>> {
        let Head { reply_to, basic, .. } = self.head();
        reply_to.0.or(basic.reply_to.0).map(|Text(text)| text)
    }

    /// The priority: 0 to 9 in ActiveMQ, 0 to 255 in RabbitMQ.
    pub fn priority(&self) -> Option<i64> {
        let Head { priority, basic, .. } = self.head();
        priority.0.or(basic.priority.0)
    }

    /// When it was sent, in ActiveMQ. RabbitMQ's time comes as a text without a zone: ask [`Record::json`] for it.
    pub fn sent_at(&self) -> Option<SystemTime> {
        UNIX_EPOCH.checked_add(Duration::from_millis(self.head().timestamp.0?))
    }

    /// The ARN of the broker.
    pub fn broker_arn(&self) -> Option<String> {
        self.0.beside("eventSourceArn")
    }

    /// RabbitMQ's messages stand below their queue's name, `orders::/`, which begins their id.
    fn queue_and_host(&self) -> Option<(&str, &str)> {
        match (self.0.source(), self.0.key()) {
            // The name of a queue may have `::` in it, such as that of a class of Ruby.
            (Source::RabbitMq, Id::Text(id)) => id.rsplit_once('#')?.0.rsplit_once("::"),
            _ => None,
        }
    }

    fn head(&self) -> Head<'_> {
        serde_json::from_str(self.0.json()).unwrap_or_default()
    }
}

/// A header of RabbitMQ, without the object that bytes come in.
fn property(value: Value) -> Value {
    let bytes = value.as_object().filter(|object| object.len() == 1).and_then(|object| object.get("bytes"));
    let Some(Value::Array(bytes)) = bytes else { return value };
    // As Java writes them: those above 127 may be negative.
    let byte = |byte: &Value| {
        let byte = byte.as_i64()?;
        u8::try_from(byte).ok().or_else(|| Some(i8::try_from(byte).ok()?.cast_unsigned()))
    };
    let Some(read) = bytes.iter().map(byte).collect::<Option<Vec<u8>>>() else { return value };
    String::from_utf8(read).map_or_else(|error| error.into_bytes().into(), Value::String)
}

/// Its id and its queue; the data may be what nobody should read in a log.
impl fmt::Debug for MqRecord {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("MqRecord")
            .field("id", &format_args!("{}", self.0.id()))
            .field("queue", &self.queue())
            .finish_non_exhaustive()
    }
}

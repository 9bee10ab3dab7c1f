//! [`Sqs`]: a message of a queue; [`SqsMessage`]: what it says of itself.
//!
//! # Example
//!
//! ```
//! use pilaster::{BoxError, Sqs};
//! use serde::Deserialize;
//!
//! #[derive(Deserialize)]
//! struct Order { id: u64 }
//!
//! async fn ship(order: Sqs<Order>) -> Result<(), BoxError> {
//!     if order.message.receive_count() > 3 {
//!         tracing::warn!(id = order.id, queue = order.message.queue_name().as_deref(), "the order comes again and again");
//!     }
//!     Ok(())
//! }
//! # let _ = pilaster::handler(ship);
//! ```
//!
//! # FIFO queues
//!
//! Messages of one group are handled one after the other, and after one that failed the rest of its group is returned, not begun.
//! To SQS that is a receive of each of them: those that were in every batch of the one that failed reach `maxReceiveCount`
//! together with it, and follow it to the dead-letter queue, however large the count is. Where they must not, let `BatchSize` be 1.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::fmt;
use std::ops::{Deref, DerefMut};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::value::RawValue;

use super::payload::{DecodeError, decode, unread};
use crate::core::error::BoxError;
use crate::records::handler::{FromRecord, FromRecordParts};
use crate::records::record::Record;
use crate::records::source::Source;

/// A message of an SQS queue, standard or FIFO. It is used as its body.
///
/// `Sqs<String>` is the body's text, `Sqs<Vec<u8>>` its bytes, `Sqs<()>` does not read it, any other `Sqs<T>` is its JSON. The form is that of
/// <https://docs.aws.amazon.com/lambda/latest/dg/with-sqs.html>. See the [module docs](self).
#[derive(Clone, Debug)]
pub struct Sqs<T> {
    /// The body.
    pub body: T,
    /// What the message says of itself.
    pub message: SqsMessage,
}

impl<T> Deref for Sqs<T> {
    type Target = T;

    fn deref(&self) -> &T {
        &self.body
    }
}

impl<T> DerefMut for Sqs<T> {
    fn deref_mut(&mut self) -> &mut T {
        &mut self.body
    }
}

impl<T: DeserializeOwned + Send + 'static> FromRecord for Sqs<T> {
    const SOURCES: &'static [Source] = &[Source::Sqs];
    type Answer = ();

    fn from_record(record: &Record) -> Result<Self, DecodeError> {
        let body = match unread() {
            Some(unread) => unread,
            None => decode("the body of the message", body(record)?.as_bytes())?,
        };
        Ok(Self { body, message: SqsMessage(record.clone()) })
    }
}

/// The text of a message's body.
pub(crate) fn body(record: &Record) -> Result<&str, DecodeError> {
    record.body().ok_or_else(|| DecodeError::new("the message", "it has no `body`, or one that is no text"))
}

/// What a message says of itself: its ids, its attributes, how often it was received. Also an argument of its own. Cheap to
/// clone; each question reads the message's text.
#[derive(Clone)]
pub struct SqsMessage(Record);

impl FromRecordParts for SqsMessage {
    async fn from_record_parts(record: &Record) -> Result<Self, BoxError> {
        match record.source() {
            Source::Sqs => Ok(Self(record.clone())),
            other => Err(format!("the record is from {other}, so there is no message of SQS").into()),
        }
    }
}

/// Borrowed unless it has an escape.
#[derive(Deserialize)]
pub(crate) struct Text<'a>(#[serde(borrow)] Cow<'a, str>);

crate::records::adapter::lenient::skimmed! {
    struct Head {
        receipt_handle: crate::records::adapter::lenient::Lenient<Text<'a>> = "receiptHandle",
        attributes: Option<&'a RawValue> = "attributes",
        message_attributes: Option<&'a RawValue> = "messageAttributes",
        queue_arn: crate::records::adapter::lenient::Lenient<Text<'a>> = "eventSourceARN",
        region: crate::records::adapter::lenient::Lenient<Text<'a>> = "awsRegion",
    }
}

impl SqsMessage {
    /// Of a record that is known to be a message.
    pub(crate) fn of(record: &Record) -> Self {
        Self(record.clone())
    }

    /// The message id, as in a batch's answer.
    pub fn id(&self) -> String {
        self.0.id().to_string()
    }

    /// The body's text.
    pub fn body(&self) -> &str {
        self.0.body().unwrap_or_default()
    }

    /// The handle with which the message can be deleted, or be hidden for longer.
    pub fn receipt_handle(&self) -> Option<Cow<'_, str>> {
        self.head().receipt_handle.0.map(|Text(text)| text)
    }

    /// How often the message was received, this time included; 1 where SQS does not say.
    pub fn receive_count(&self) -> u32 {
        self.0.receive_count().unwrap_or(1)
    }

    /// The message group: of a FIFO queue, or of a fair standard one.
    pub fn group_id(&self) -> Option<Cow<'_, str>> {
        self.attribute("MessageGroupId")
    }

    /// The id by which a FIFO queue drops doubles.
    pub fn deduplication_id(&self) -> Option<Cow<'_, str>> {
        self.attribute("MessageDeduplicationId")
    }

    /// The sequence number in a FIFO queue.
    pub fn sequence_number(&self) -> Option<Cow<'_, str>> {
        self.attribute("SequenceNumber")
    }

    /// The X-Ray header of who sent it: `Root=…;Parent=…;Sampled=…`.
    pub fn trace_header(&self) -> Option<Cow<'_, str>> {
        self.attribute("AWSTraceHeader")
    }

    /// Who sent it: an id of IAM.
    pub fn sender_id(&self) -> Option<Cow<'_, str>> {
        self.attribute("SenderId")
    }

    /// When it was sent.
    pub fn sent_at(&self) -> Option<SystemTime> {
        self.time("SentTimestamp")
    }

    /// When it was received for the first time.
    pub fn first_received_at(&self) -> Option<SystemTime> {
        self.time("ApproximateFirstReceiveTimestamp")
    }

    /// A system attribute by its name, such as `DeadLetterQueueSourceArn`.
    pub fn attribute(&self, name: &str) -> Option<Cow<'_, str>> {
        let attributes = self.head().attributes?;
        let mut attributes = serde_json::from_str::<BTreeMap<Cow<'_, str>, &RawValue>>(attributes.get()).ok()?;
        serde_json::from_str(attributes.remove(name)?.get()).ok().map(|Text(text)| text)
    }

    /// What the sender attached by this name, by its type.
    pub fn message_attribute(&self, name: &str) -> Option<MessageAttribute> {
        self.message_attributes().remove(name)
    }

    /// All that the sender attached; one that cannot be read is left out.
    pub fn message_attributes(&self) -> BTreeMap<String, MessageAttribute> {
        let Some(attributes) = self.head().message_attributes else { return BTreeMap::new() };
        let attributes = serde_json::from_str::<BTreeMap<String, &RawValue>>(attributes.get()).unwrap_or_default();
        let read = |(name, value): (String, &RawValue)| Some((name, MessageAttribute::read(value.get())?));
        attributes.into_iter().filter_map(read).collect()
    }

    /// The ARN of the queue.
    pub fn queue_arn(&self) -> Option<Cow<'_, str>> {
        self.head().queue_arn.0.map(|Text(text)| text)
    }

    /// The name of the queue: the end of its ARN.
    pub fn queue_name(&self) -> Option<String> {
        Some(self.queue_arn()?.rsplit(':').next()?.to_owned())
    }

    /// The URL of the queue, which calls of the SQS API take: made of its ARN. `None` where the event has no ARN of a queue.
    ///
    /// The endpoints are those of <https://docs.aws.amazon.com/general/latest/gr/sqs-service.html>.
    ///
    /// ```
    /// use pilaster::{BoxError, Sqs};
    ///
    /// async fn ship(order: Sqs<String>) -> Result<(), BoxError> {
    ///     // `https://sqs.eu-central-1.amazonaws.com/123456789012/orders`
    ///     let queue = order.message.queue_url().ok_or("the message has no queue")?;
    ///     let handle = order.message.receipt_handle().ok_or("the message has no handle")?;
    ///     tracing::info!(queue, handle = &*handle, "hidden for longer");
    ///     Ok(())
    /// }
    /// # let _ = pilaster::handler(ship);
    /// ```
    pub fn queue_url(&self) -> Option<String> {
        let arn = self.queue_arn()?;
        let mut parts = arn.splitn(6, ':');
        let mut part = || parts.next().filter(|part| !part.is_empty());
        let (Some("arn"), Some(partition), Some("sqs")) = (part(), part(), part()) else { return None };
        let (region, account, name) = (part()?, part()?, part()?);
        // The DNS suffixes of the partitions in the AWS SDKs.
        let suffix = match partition {
            "aws" | "aws-us-gov" => "amazonaws.com",
            "aws-cn" => "amazonaws.com.cn",
            "aws-eusc" => "amazonaws.eu",
            "aws-iso" => "c2s.ic.gov",
            "aws-iso-b" => "sc2s.sgov.gov",
            "aws-iso-e" => "cloud.adc-e.uk",
            "aws-iso-f" => "csp.hci.ic.gov",
            _ => return None,
        };
        Some(format!("https://sqs.{region}.{suffix}/{account}/{name}"))
    }

    /// The queue's region.
    pub fn region(&self) -> Option<Cow<'_, str>> {
        self.head().region.0.map(|Text(text)| text)
    }

    fn time(&self, name: &str) -> Option<SystemTime> {
        let ms = self.attribute(name)?.parse().ok()?;
        UNIX_EPOCH.checked_add(Duration::from_millis(ms))
    }

    fn head(&self) -> Head<'_> {
        serde_json::from_str(self.0.json()).unwrap_or_default()
    }
}

/// Its id and its queue; the body may hold what nobody should read in a log.
impl fmt::Debug for SqsMessage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SqsMessage")
            .field("id", &self.id())
            .field("queue_arn", &self.queue_arn())
            .finish_non_exhaustive()
    }
}

/// What a sender attached to a message
/// (<https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-message-metadata.html>).
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum MessageAttribute {
    /// `String`, or `String.` with a label of the sender's.
    Text(String),
    /// `Number`: up to 38 digits, so its text is kept.
    Number(String),
    /// `Binary`, decoded.
    Binary(Vec<u8>),
}

impl MessageAttribute {
    fn read(json: &str) -> Option<Self> {
        #[derive(Deserialize)]
        #[serde(rename_all = "camelCase")]
        struct Wire {
            data_type: String,
            string_value: Option<String>,
            binary_value: Option<String>,
        }
        let wire = serde_json::from_str::<Wire>(json).ok()?;
        Some(match wire.data_type.split('.').next()? {
            "Number" => Self::Number(wire.string_value?),
            "Binary" => Self::Binary(STANDARD.decode(wire.binary_value?).ok()?),
            _ => Self::Text(wire.string_value?),
        })
    }

    /// The text of a text or a number.
    pub fn as_str(&self) -> Option<&str> {
        match self {
            Self::Text(text) | Self::Number(text) => Some(text),
            Self::Binary(_) => None,
        }
    }
}

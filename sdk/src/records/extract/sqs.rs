//! [`Sqs`]: a message of a queue; [`SqsMessage`]: its metadata.
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
//!         tracing::warn!(id = order.id, queue = order.message.queue_name().as_deref(), "slow or repeatedly failing order");
//!     }
//!     Ok(())
//! }
//! # let _ = pilaster::handler(ship);
//! ```
//!
//! # FIFO queues
//!
//! Messages of one group are processed in order, and after a failure the rest of the group is returned unprocessed.
//! SQS counts a receive for each of them: messages that are always in the same batch as the failed one reach
//! `maxReceiveCount` together with it and follow it to the dead-letter queue, regardless of the count. Set `BatchSize`
//! to 1 to prevent that.

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

use super::payload::{decode, unread};
use crate::core::error::BoxError;
use crate::core::json::lenient::{Lenient, skimmed};
use crate::core::json::text::Text;
use crate::core::partition::dns_suffix;
use crate::records::error::DecodeError;
use crate::records::extract::{FromRecord, FromRecordParts, not_from};
use crate::records::record::Record;
use crate::records::source::Source;

/// A message of an SQS queue, standard or FIFO. Dereferences to its body.
///
/// `Sqs<String>` is the body as text, `Sqs<Vec<u8>>` its bytes, `Sqs<()>` ignores it, and any other `Sqs<T>` is decoded
/// from JSON. The format is that of <https://docs.aws.amazon.com/lambda/latest/dg/with-sqs.html>. See the
/// [module docs](self).
#[derive(Clone, Debug)]
pub struct Sqs<T> {
    /// The body.
    pub body: T,
    /// The metadata of the message.
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
    type Response = ();

    fn from_record(record: &Record) -> Result<Self, DecodeError> {
        let body = match unread() {
            Some(unread) => unread,
            None => decode("the message body", body(record)?.as_bytes())?,
        };
        Ok(Self { body, message: SqsMessage(record.clone()) })
    }
}

/// Returns the text of a message body.
pub(in crate::records) fn body(record: &Record) -> Result<&str, DecodeError> {
    record.body().ok_or_else(|| DecodeError::new("the message", "`body` is missing or not a string"))
}

/// The metadata of a message: its ids, its attributes, its receive count. Also a separate argument. Cheap to clone;
/// each method reads the message's text.
#[derive(Clone)]
pub struct SqsMessage(Record);

impl FromRecordParts for SqsMessage {
    async fn from_record_parts(record: &Record) -> Result<Self, BoxError> {
        match record.source() {
            Source::Sqs => Ok(Self(record.clone())),
            _ => Err(not_from(record, "SQS")),
        }
    }
}

skimmed! {
    struct Metadata {
        receipt_handle: Lenient<Text<'a>> = "receiptHandle",
        attributes: Option<&'a RawValue> = "attributes",
        message_attributes: Option<&'a RawValue> = "messageAttributes",
        queue_arn: Lenient<Text<'a>> = "eventSourceARN",
        region: Lenient<Text<'a>> = "awsRegion",
    }
}

impl SqsMessage {
    /// Returns the metadata of a record, which must be an SQS message.
    pub(super) fn of(record: &Record) -> Self {
        Self(record.clone())
    }

    /// Returns the message id, as in a partial batch response.
    pub fn id(&self) -> String {
        self.0.id().to_string()
    }

    /// Returns the body as text.
    pub fn body(&self) -> &str {
        self.0.body().unwrap_or_default()
    }

    /// Returns the receipt handle, which is required to delete the message or to change its visibility time-out.
    pub fn receipt_handle(&self) -> Option<Cow<'_, str>> {
        self.metadata().receipt_handle.text()
    }

    /// Returns the receive count, including this receive; 1 if SQS does not report it.
    pub fn receive_count(&self) -> u32 {
        self.0.receive_count().unwrap_or(1)
    }

    /// Returns the message group, in a FIFO queue or a fair standard queue.
    pub fn group_id(&self) -> Option<Cow<'_, str>> {
        self.attribute("MessageGroupId")
    }

    /// Returns the deduplication id, in a FIFO queue.
    pub fn deduplication_id(&self) -> Option<Cow<'_, str>> {
        self.attribute("MessageDeduplicationId")
    }

    /// Returns the sequence number in a FIFO queue.
    pub fn sequence_number(&self) -> Option<Cow<'_, str>> {
        self.attribute("SequenceNumber")
    }

    /// Returns the X-Ray header of the sender: `Root=…;Parent=…;Sampled=…`.
    pub fn trace_header(&self) -> Option<Cow<'_, str>> {
        self.attribute("AWSTraceHeader")
    }

    /// Returns the IAM id of the sender.
    pub fn sender_id(&self) -> Option<Cow<'_, str>> {
        self.attribute("SenderId")
    }

    /// Returns the time at which the message was sent.
    pub fn sent_at(&self) -> Option<SystemTime> {
        self.time("SentTimestamp")
    }

    /// Returns the time at which the message was first received.
    pub fn first_received_at(&self) -> Option<SystemTime> {
        self.time("ApproximateFirstReceiveTimestamp")
    }

    /// Returns a system attribute by its name, such as `DeadLetterQueueSourceArn`.
    pub fn attribute(&self, name: &str) -> Option<Cow<'_, str>> {
        let attributes = self.metadata().attributes?;
        let mut attributes = serde_json::from_str::<BTreeMap<Cow<'_, str>, &RawValue>>(attributes.get()).ok()?;
        serde_json::from_str::<Text<'_>>(attributes.remove(name)?.get()).ok().map(|Text(text)| text)
    }

    /// Returns a message attribute by its name.
    pub fn message_attribute(&self, name: &str) -> Option<MessageAttribute> {
        self.message_attributes().remove(name)
    }

    /// Returns all message attributes. An attribute that cannot be decoded is omitted.
    pub fn message_attributes(&self) -> BTreeMap<String, MessageAttribute> {
        let Some(attributes) = self.metadata().message_attributes else { return BTreeMap::new() };
        let attributes = serde_json::from_str::<BTreeMap<String, &RawValue>>(attributes.get()).unwrap_or_default();
        let read = |(name, value): (String, &RawValue)| Some((name, MessageAttribute::read(value.get())?));
        attributes.into_iter().filter_map(read).collect()
    }

    /// Returns the ARN of the queue.
    pub fn queue_arn(&self) -> Option<Cow<'_, str>> {
        self.metadata().queue_arn.text()
    }

    /// Returns the name of the queue, which is the end of its ARN.
    pub fn queue_name(&self) -> Option<String> {
        Some(self.queue_arn()?.rsplit(':').next()?.to_owned())
    }

    /// Returns the URL of the queue for calls of the SQS API, derived from the ARN; `None` if the event has no queue
    /// ARN.
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
    ///     tracing::info!(queue, handle = &*handle, "extending the visibility time-out");
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
        let suffix = dns_suffix(partition)?;
        Some(format!("https://sqs.{region}.{suffix}/{account}/{name}"))
    }

    /// Returns the region of the queue.
    pub fn region(&self) -> Option<Cow<'_, str>> {
        self.metadata().region.text()
    }

    fn time(&self, name: &str) -> Option<SystemTime> {
        let ms = self.attribute(name)?.parse().ok()?;
        UNIX_EPOCH.checked_add(Duration::from_millis(ms))
    }

    fn metadata(&self) -> Metadata<'_> {
        serde_json::from_str(self.0.json()).unwrap_or_default()
    }
}

/// Shows only the id and the queue: the body may contain secrets.
impl fmt::Debug for SqsMessage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SqsMessage")
            .field("id", &self.id())
            .field("queue_arn", &self.queue_arn())
            .finish_non_exhaustive()
    }
}

/// A message attribute
/// (<https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-message-metadata.html>).
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum MessageAttribute {
    /// `String`, or `String.` with a custom label.
    Text(String),
    /// `Number`, as text: it may have 38 digits.
    Number(String),
    /// `Binary`, decoded.
    Binary(Vec<u8>),
}

impl MessageAttribute {
    fn read(json: &str) -> Option<Self> {
        #[derive(Deserialize)]
        #[serde(rename_all = "camelCase")]
        struct Attribute {
            data_type: String,
            string_value: Option<String>,
            binary_value: Option<String>,
        }
        let attribute = serde_json::from_str::<Attribute>(json).ok()?;
        Some(match attribute.data_type.split('.').next()? {
            "Number" => Self::Number(attribute.string_value?),
            "Binary" => Self::Binary(STANDARD.decode(attribute.binary_value?).ok()?),
            _ => Self::Text(attribute.string_value?),
        })
    }

    /// Returns the text of a string or a number.
    pub fn as_str(&self) -> Option<&str> {
        match self {
            Self::Text(text) | Self::Number(text) => Some(text),
            Self::Binary(_) => None,
        }
    }
}

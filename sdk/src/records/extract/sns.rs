//! [`Sns`]: a message of a topic; [`SnsNotification`]: its metadata.
//!
//! The same function handles every delivery path of SNS: to the function, to a queue that triggers the function, and
//! to such a queue with raw message delivery, where the body is the message and the attributes are its only metadata.
//!
//! # Example
//!
//! ```
//! use pilaster::{BoxError, Sns};
//! use serde::Deserialize;
//!
//! #[derive(Deserialize)]
//! struct Paid { order: u64 }
//!
//! async fn thank(paid: Sns<Paid>) -> Result<(), BoxError> {
//!     tracing::info!(order = paid.order, topic = paid.notification.topic_name(), "thank you");
//!     Ok(())
//! }
//! # let _ = pilaster::handler(thank);
//! ```

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::fmt;
use std::ops::{Deref, DerefMut};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::value::RawValue;

use super::envelope::{Envelope, envelope, message_of_sns, unwrap_sqs};
use super::payload::decode;
use super::sqs::{self, MessageAttribute, SqsMessage};
use crate::core::error::BoxError;
use crate::core::json::lenient::{Lenient, skimmed};
use crate::core::json::text::Text;
use crate::records::error::DecodeError;
use crate::records::extract::{FromRecord, FromRecordParts, not_from};
use crate::records::record::Record;
use crate::records::source::Source;

/// A message that was published to an SNS topic and delivered directly or through SQS. Dereferences to the message.
///
/// `Sns<String>` is the message as text, `Sns<Vec<u8>>` its bytes, and any other `Sns<T>` is decoded from JSON. The
/// formats are those of <https://docs.aws.amazon.com/lambda/latest/dg/with-sns.html> and
/// <https://docs.aws.amazon.com/sns/latest/dg/sns-large-payload-raw-message-delivery.html>. See the
/// [module docs](self).
#[derive(Clone, Debug)]
pub struct Sns<T> {
    /// The message.
    pub message: T,
    /// Its metadata.
    pub notification: SnsNotification,
}

impl<T> Deref for Sns<T> {
    type Target = T;

    fn deref(&self) -> &T {
        &self.message
    }
}

impl<T> DerefMut for Sns<T> {
    fn deref_mut(&mut self) -> &mut T {
        &mut self.message
    }
}

impl<T: DeserializeOwned + Send + 'static> FromRecord for Sns<T> {
    const SOURCES: &'static [Source] = &[Source::Sns, Source::Sqs];
    type Response = ();

    fn from_record(record: &Record) -> Result<Self, DecodeError> {
        let message = text(record)?;
        let message = decode("the message", message.as_bytes())?;
        Ok(Self { message, notification: SnsNotification(record.clone()) })
    }
}

/// Returns the message as text.
fn text(record: &Record) -> Result<Cow<'_, str>, DecodeError> {
    match record.source() {
        Source::Sns => message_of_sns(record.json()),
        _ => unwrap_sqs(record),
    }
}

/// The metadata of a message: its id, its topic, its subject, its attributes. Also a separate argument. Cheap to clone;
/// each method reads the record's text.
///
/// With raw message delivery to a queue, only the attributes are known.
#[derive(Clone)]
pub struct SnsNotification(Record);

impl FromRecordParts for SnsNotification {
    async fn from_record_parts(record: &Record) -> Result<Self, BoxError> {
        match record.source() {
            Source::Sns | Source::Sqs => Ok(Self(record.clone())),
            _ => Err(not_from(record, "SNS or SQS")),
        }
    }
}

skimmed! {
    struct Metadata {
        message_id: Lenient<Text<'a>> = "MessageId",
        topic_arn: Lenient<Text<'a>> = "TopicArn",
        subject: Lenient<Text<'a>> = "Subject",
        timestamp: Lenient<Text<'a>> = "Timestamp",
        sequence_number: Lenient<Text<'a>> = "SequenceNumber",
        attributes: Option<&'a RawValue> = "MessageAttributes",
    }
}

impl SnsNotification {
    /// Returns the message id.
    pub fn message_id(&self) -> Option<Cow<'_, str>> {
        self.metadata().message_id.text()
    }

    /// Returns the message as text.
    pub fn message(&self) -> Cow<'_, str> {
        text(&self.0).unwrap_or_default()
    }

    /// Returns the subject, if the publisher has set one.
    pub fn subject(&self) -> Option<Cow<'_, str>> {
        self.metadata().subject.text()
    }

    /// Returns the ARN of the topic.
    pub fn topic_arn(&self) -> Option<Cow<'_, str>> {
        self.metadata().topic_arn.text()
    }

    /// Returns the name of the topic, which is the end of its ARN.
    pub fn topic_name(&self) -> Option<String> {
        Some(self.topic_arn()?.rsplit(':').next()?.to_owned())
    }

    /// Returns the time of publication, as RFC 3339.
    pub fn time(&self) -> Option<Cow<'_, str>> {
        self.metadata().timestamp.text()
    }

    /// Returns the sequence number in a FIFO topic.
    pub fn sequence_number(&self) -> Option<Cow<'_, str>> {
        self.metadata().sequence_number.text()
    }

    /// Returns a message attribute by its name.
    pub fn attribute(&self, name: &str) -> Option<MessageAttribute> {
        self.attributes().remove(name)
    }

    /// Returns all message attributes. An attribute that cannot be decoded is omitted. A `String.Array` is returned as
    /// JSON text.
    pub fn attributes(&self) -> BTreeMap<String, MessageAttribute> {
        if self.is_raw() {
            return SqsMessage::of(&self.0).message_attributes();
        }
        let Some(attributes) = self.metadata().attributes else { return BTreeMap::new() };
        let attributes = serde_json::from_str::<BTreeMap<String, &RawValue>>(attributes.get()).unwrap_or_default();
        let read = |(name, value): (String, &RawValue)| Some((name, attribute(value.get())?));
        attributes.into_iter().filter_map(read).collect()
    }

    /// Returns `true` if the message was delivered through a queue with raw message delivery, or sent to the queue
    /// without SNS.
    pub fn is_raw(&self) -> bool {
        self.0.source() == Source::Sqs && sqs::body(&self.0).is_ok_and(|body| envelope(body) != Envelope::Sns)
    }

    fn metadata(&self) -> Metadata<'_> {
        #[derive(Deserialize)]
        struct SnsRecord<'a> {
            #[serde(borrow, rename = "Sns")]
            sns: Metadata<'a>,
        }
        match self.0.source() {
            Source::Sns => {
                serde_json::from_str::<SnsRecord<'_>>(self.0.json()).map(|record| record.sns).unwrap_or_default()
            }
            // A raw message may also have members of these names.
            _ if self.is_raw() => Metadata::default(),
            _ => sqs::body(&self.0).ok().and_then(|body| serde_json::from_str(body).ok()).unwrap_or_default(),
        }
    }
}

/// Decodes an attribute as SNS writes it.
fn attribute(json: &str) -> Option<MessageAttribute> {
    #[derive(Deserialize)]
    #[serde(rename_all = "PascalCase")]
    struct Attribute {
        r#type: String,
        value: String,
    }
    let Attribute { r#type, value } = serde_json::from_str(json).ok()?;
    Some(match r#type.split('.').next()? {
        "Number" => MessageAttribute::Number(value),
        "Binary" => MessageAttribute::Binary(STANDARD.decode(value).ok()?),
        _ => MessageAttribute::Text(value),
    })
}

/// Shows only the id and the topic: the message may contain secrets.
impl fmt::Debug for SnsNotification {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SnsNotification")
            .field("message_id", &self.message_id())
            .field("topic_arn", &self.topic_arn())
            .finish_non_exhaustive()
    }
}

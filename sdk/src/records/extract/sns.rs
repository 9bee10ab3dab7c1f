//! [`Sns`]: a message of a topic; [`SnsNotification`]: what is said of it.
//!
//! One function takes all forms in which SNS delivers it: to the function itself, to a queue that calls the function, and to such a
//! queue by raw delivery, where the body is the message and nothing but the attributes is said of it.
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
use super::payload::{DecodeError, Text, decode};
use super::sqs::{self, MessageAttribute, SqsMessage};
use crate::core::error::BoxError;
use crate::records::adapter::lenient::{Lenient, skimmed};
use crate::records::handler::{FromRecord, FromRecordParts};
use crate::records::record::Record;
use crate::records::source::Source;

/// A message that was published to a topic of SNS, directly or through SQS. It is used as what was published.
///
/// `Sns<String>` is its text, `Sns<Vec<u8>>` its bytes, any other `Sns<T>` its JSON. The forms are those of
/// <https://docs.aws.amazon.com/lambda/latest/dg/with-sns.html> and
/// <https://docs.aws.amazon.com/sns/latest/dg/sns-large-payload-raw-message-delivery.html>. See the [module docs](self).
#[derive(Clone, Debug)]
pub struct Sns<T> {
    /// What was published.
    pub message: T,
    /// What is said of it.
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
    type Answer = ();

    fn from_record(record: &Record) -> Result<Self, DecodeError> {
        let message = text(record)?;
        let message = decode("the message", message.as_bytes())?;
        Ok(Self { message, notification: SnsNotification(record.clone()) })
    }
}

/// What was published.
fn text(record: &Record) -> Result<Cow<'_, str>, DecodeError> {
    match record.source() {
        Source::Sns => message_of_sns(record.json()),
        _ => unwrap_sqs(record),
    }
}

/// What is said of a message: its id, its topic, its subject, its attributes. Also an argument of its own. Cheap to clone; each
/// question reads the record's text.
///
/// Raw delivery to a queue tells the attributes alone.
#[derive(Clone)]
pub struct SnsNotification(Record);

impl FromRecordParts for SnsNotification {
    async fn from_record_parts(record: &Record) -> Result<Self, BoxError> {
        match record.source() {
            Source::Sns | Source::Sqs => Ok(Self(record.clone())),
            other => Err(format!("the record is from {other}, so there is no notification of SNS").into()),
        }
    }
}

skimmed! {
    struct Head {
        message_id: Lenient<Text<'a>> = "MessageId",
        topic_arn: Lenient<Text<'a>> = "TopicArn",
        subject: Lenient<Text<'a>> = "Subject",
        timestamp: Lenient<Text<'a>> = "Timestamp",
        sequence_number: Lenient<Text<'a>> = "SequenceNumber",
        attributes: Option<&'a RawValue> = "MessageAttributes",
    }
}

impl SnsNotification {
    /// The id under which it was published.
    pub fn message_id(&self) -> Option<Cow<'_, str>> {
        self.head().message_id.0.map(|Text(text)| text)
    }

    /// What was published, as text.
    pub fn message(&self) -> Cow<'_, str> {
        text(&self.0).unwrap_or_default()
    }

    /// The subject, where the publisher named one.
    pub fn subject(&self) -> Option<Cow<'_, str>> {
        self.head().subject.0.map(|Text(text)| text)
    }

    /// The ARN of the topic.
    pub fn topic_arn(&self) -> Option<Cow<'_, str>> {
        self.head().topic_arn.0.map(|Text(text)| text)
    }

    /// The name of the topic: the end of its ARN.
    pub fn topic_name(&self) -> Option<String> {
        Some(self.topic_arn()?.rsplit(':').next()?.to_owned())
    }

    /// When it was published: RFC 3339.
    pub fn time(&self) -> Option<Cow<'_, str>> {
        self.head().timestamp.0.map(|Text(text)| text)
    }

    /// The sequence number in a FIFO topic.
    pub fn sequence_number(&self) -> Option<Cow<'_, str>> {
        self.head().sequence_number.0.map(|Text(text)| text)
    }

    /// What the publisher attached by this name, by its type.
    pub fn attribute(&self, name: &str) -> Option<MessageAttribute> {
        self.attributes().remove(name)
    }

    /// All that the publisher attached; one that cannot be read is left out. A `String.Array` is the text of its JSON.
    pub fn attributes(&self) -> BTreeMap<String, MessageAttribute> {
        if self.is_raw() {
            return SqsMessage::of(&self.0).message_attributes();
        }
        let Some(attributes) = self.head().attributes else { return BTreeMap::new() };
        let attributes = serde_json::from_str::<BTreeMap<String, &RawValue>>(attributes.get()).unwrap_or_default();
        let read = |(name, value): (String, &RawValue)| Some((name, attribute(value.get())?));
        attributes.into_iter().filter_map(read).collect()
    }

    /// Whether it came through a queue by raw delivery, or was put into the queue by somebody else than SNS.
    pub fn is_raw(&self) -> bool {
        self.0.source() == Source::Sqs && sqs::body(&self.0).is_ok_and(|body| envelope(body) != Envelope::Sns)
    }

    fn head(&self) -> Head<'_> {
        #[derive(Deserialize)]
        struct Wire<'a> {
            #[serde(borrow, rename = "Sns")]
            sns: Head<'a>,
        }
        match self.0.source() {
            Source::Sns => serde_json::from_str::<Wire<'_>>(self.0.json()).map(|wire| wire.sns).unwrap_or_default(),
            // What is published raw may have fields of these names, too.
            _ if self.is_raw() => Head::default(),
            _ => sqs::body(&self.0).ok().and_then(|body| serde_json::from_str(body).ok()).unwrap_or_default(),
        }
    }
}

/// An attribute as SNS writes it.
fn attribute(json: &str) -> Option<MessageAttribute> {
    #[derive(Deserialize)]
    #[serde(rename_all = "PascalCase")]
    struct Wire {
        r#type: String,
        value: String,
    }
    let Wire { r#type, value } = serde_json::from_str(json).ok()?;
    Some(match r#type.split('.').next()? {
        "Number" => MessageAttribute::Number(value),
        "Binary" => MessageAttribute::Binary(STANDARD.decode(value).ok()?),
        _ => MessageAttribute::Text(value),
    })
}

/// Its id and its topic; the message may hold what nobody should read in a log.
impl fmt::Debug for SnsNotification {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SnsNotification")
            .field("message_id", &self.message_id())
            .field("topic_arn", &self.topic_arn())
            .finish_non_exhaustive()
    }
}

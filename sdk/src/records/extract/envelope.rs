//! Envelopes of a message: an SNS notification, an SQS message, an EventBridge event.

use std::borrow::Cow;

use serde::Deserialize;

use super::sqs;
use crate::core::json::lenient::has_fields;
use crate::records::error::DecodeError;
use crate::records::record::Record;

/// The kind of a JSON text, determined by its members.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::records) enum Envelope {
    /// A notification as SNS delivers it to a queue without raw message delivery.
    Sns,
    /// An EventBridge event.
    EventBridge,
    /// Any other text.
    Plain,
}

pub(in crate::records) fn envelope(text: &str) -> Envelope {
    #[derive(Deserialize)]
    struct Typed<'a> {
        #[serde(borrow, rename = "Type")]
        kind: Cow<'a, str>,
    }
    if !text.trim_start().starts_with('{') {
        return Envelope::Plain;
    }
    if has_fields(text, &["detail-type", "source", "detail"]) {
        return Envelope::EventBridge;
    }
    let is_sns = has_fields(text, &["Type", "TopicArn", "Message"])
        && serde_json::from_str::<Typed<'_>>(text).is_ok_and(|Typed { kind }| kind == "Notification");
    if is_sns { Envelope::Sns } else { Envelope::Plain }
}

/// Returns the message of an SNS record.
pub(super) fn message_of_sns(record: &str) -> Result<Cow<'_, str>, DecodeError> {
    #[derive(Deserialize)]
    struct SnsRecord<'a> {
        #[serde(borrow, rename = "Sns")]
        sns: Message<'a>,
    }
    serde_json::from_str::<SnsRecord<'_>>(record)
        .map(|record| record.sns.message)
        .map_err(|error| DecodeError::new("the SNS record", error))
}

#[derive(Deserialize)]
struct Message<'a> {
    #[serde(borrow, rename = "Message")]
    message: Cow<'a, str>,
}

/// Returns the body of an SQS message; if SNS delivered it, the published message.
pub(in crate::records) fn unwrap_sqs(record: &Record) -> Result<Cow<'_, str>, DecodeError> {
    let body = sqs::body(record)?;
    if envelope(body) != Envelope::Sns {
        return Ok(Cow::Borrowed(body));
    }
    let message = serde_json::from_str::<Message<'_>>(body);
    message.map(|message| message.message).map_err(|error| DecodeError::new("the SNS notification", error))
}

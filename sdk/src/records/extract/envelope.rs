//! What a message may be wrapped in: a notification of SNS, a message of SQS, an event of EventBridge.

use std::borrow::Cow;

use serde::Deserialize;

use super::payload::DecodeError;
use super::sqs;
use crate::records::adapter::lenient::has_fields;
use crate::records::record::Record;

/// What a JSON text is by its own fields.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Envelope {
    /// What SNS delivers to a queue, unless raw delivery is on.
    Sns,
    /// An event of EventBridge.
    EventBridge,
    /// Neither.
    Plain,
}

pub(crate) fn envelope(text: &str) -> Envelope {
    #[derive(Deserialize)]
    struct Kind<'a> {
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
        && serde_json::from_str::<Kind<'_>>(text).is_ok_and(|Kind { kind }| kind == "Notification");
    if is_sns { Envelope::Sns } else { Envelope::Plain }
}

/// The message of a record of SNS.
pub(crate) fn message_of_sns(record: &str) -> Result<Cow<'_, str>, DecodeError> {
    #[derive(Deserialize)]
    struct Wire<'a> {
        #[serde(borrow, rename = "Sns")]
        sns: Message<'a>,
    }
    serde_json::from_str::<Wire<'_>>(record)
        .map(|wire| wire.sns.message)
        .map_err(|error| DecodeError::new("the record of SNS", error))
}

#[derive(Deserialize)]
struct Message<'a> {
    #[serde(borrow, rename = "Message")]
    message: Cow<'a, str>,
}

/// The body of a message of SQS; of one that SNS delivered, what was published.
pub(crate) fn unwrap_sqs(record: &Record) -> Result<Cow<'_, str>, DecodeError> {
    let body = sqs::body(record)?;
    if envelope(body) != Envelope::Sns {
        return Ok(Cow::Borrowed(body));
    }
    let message = serde_json::from_str::<Message<'_>>(body);
    message.map(|message| message.message).map_err(|error| DecodeError::new("the notification of SNS", error))
}

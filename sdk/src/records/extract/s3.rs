//! [`S3Object`]: an event about an object in a bucket.
//!
//! The same function handles every delivery path of S3: an event notification, a notification through SNS, SQS or SNS
//! and SQS, and an EventBridge event, also through SQS. The key is decoded according to its path. `s3:TestEvent`, which
//! S3 sends when a notification is configured, is acknowledged.
//!
//! # Example
//!
//! ```
//! use pilaster::{BoxError, S3Object};
//!
//! async fn index(object: S3Object) -> Result<(), BoxError> {
//!     if object.is_created() {
//!         tracing::info!(bucket = object.bucket(), key = object.key(), size = object.size(), "created");
//!     }
//!     Ok(())
//! }
//! # let _ = pilaster::handler(index);
//! ```

use std::borrow::Cow;

use percent_encoding::percent_decode_str;
use serde::Deserialize;
use serde_json::value::RawValue;

use super::envelope::{Envelope, envelope, message_of_sns, unwrap_sqs};
use crate::core::json::lenient::Lenient;
use crate::records::error::DecodeError;
use crate::records::extract::{Contents, FromRecord};
use crate::records::record::Record;
use crate::records::source::Source;

/// An event about an object. See the [module docs](self).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct S3Object {
    bucket: String,
    key: String,
    event_name: String,
    size: Option<u64>,
    e_tag: Option<String>,
    version_id: Option<String>,
    sequencer: Option<String>,
    region: Option<String>,
    time: Option<String>,
}

impl S3Object {
    /// Returns the name of the bucket.
    pub fn bucket(&self) -> &str {
        &self.bucket
    }

    /// Returns the key of the object, decoded.
    pub fn key(&self) -> &str {
        &self.key
    }

    /// Returns the name of the event: `ObjectCreated:Put` in a notification, `Object Created` in EventBridge.
    pub fn event_name(&self) -> &str {
        &self.event_name
    }

    /// Returns `true` if the object was put, copied, or completed as a multipart upload.
    pub fn is_created(&self) -> bool {
        self.event_name.starts_with("ObjectCreated:") || self.event_name == "Object Created"
    }

    /// Returns `true` if a request or a lifecycle rule deleted the object or hid it with a delete marker
    /// (<https://docs.aws.amazon.com/AmazonS3/latest/userguide/notification-how-to-event-types-and-destinations.html>).
    pub fn is_removed(&self) -> bool {
        let is_of = |kind| self.event_name.starts_with(kind);
        is_of("ObjectRemoved:") || is_of("LifecycleExpiration:") || self.event_name == "Object Deleted"
    }

    /// Returns the size in bytes, if the object still exists.
    pub fn size(&self) -> Option<u64> {
        self.size
    }

    /// Returns the entity tag.
    pub fn e_tag(&self) -> Option<&str> {
        self.e_tag.as_deref()
    }

    /// Returns the version id, if the bucket is versioned.
    pub fn version_id(&self) -> Option<&str> {
        self.version_id.as_deref()
    }

    /// Returns the sequencer, which orders the events of one key: hexadecimal digits of varying length. Compare it with
    /// [`is_later_than`](Self::is_later_than).
    pub fn sequencer(&self) -> Option<&str> {
        self.sequencer.as_deref()
    }

    /// Returns `true` if this event is later than the one with this sequencer and the same key, such as the last one
    /// processed; `None` if this event has no sequencer or one of the two is not hexadecimal.
    ///
    /// The shorter of the two is padded with zeros at its end, and they are compared as text
    /// (<https://docs.aws.amazon.com/AmazonS3/latest/userguide/notification-content-structure.html>). Events of
    /// different keys have no order.
    ///
    /// ```
    /// use pilaster::{BoxError, S3Object};
    ///
    /// async fn index(object: S3Object) -> Result<(), BoxError> {
    ///     let last = "0055AED6DCD90281E5"; // stored with the key
    ///     if object.is_later_than(last) == Some(false) {
    ///         return Ok(());
    ///     }
    ///     tracing::info!(key = object.key(), sequencer = object.sequencer(), "indexed");
    ///     Ok(())
    /// }
    /// # let _ = pilaster::handler(index);
    /// ```
    pub fn is_later_than(&self, sequencer: &str) -> Option<bool> {
        let is_hex = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_hexdigit());
        let own = self.sequencer().filter(|own| is_hex(own) && is_hex(sequencer))?;
        let length = own.len().max(sequencer.len());
        let digits = |text: &str| {
            let zeros = std::iter::repeat_n(b'0', length - text.len());
            text.bytes().map(|byte| byte.to_ascii_uppercase()).chain(zeros).collect::<Vec<_>>()
        };
        Some(digits(own) > digits(sequencer))
    }

    /// Returns the region of the bucket.
    pub fn region(&self) -> Option<&str> {
        self.region.as_deref()
    }

    /// Returns the time of the event, as RFC 3339.
    pub fn time(&self) -> Option<&str> {
        self.time.as_deref()
    }
}

impl FromRecord for S3Object {
    const SOURCES: &'static [Source] = &[Source::S3, Source::Sqs, Source::Sns, Source::EventBridge];
    type Response = ();

    fn contents(record: &Record) -> Result<Contents, DecodeError> {
        match record.source() {
            Source::S3 | Source::EventBridge => Ok(Contents::Itself),
            Source::Sns => inner(record, &message_of_sns(record.json())?).map(Contents::Texts),
            _ => inner(record, &unwrap_sqs(record)?).map(Contents::Texts),
        }
    }

    fn from_record(record: &Record) -> Result<Self, DecodeError> {
        let text = record.content().unwrap_or_else(|| record.json());
        match envelope(text) {
            Envelope::EventBridge => of_event_bridge(text),
            _ => of_notification(text),
        }
    }
}

/// Returns the records of a notification, or an EventBridge event.
fn inner(record: &Record, text: &str) -> Result<Vec<String>, DecodeError> {
    #[derive(Deserialize)]
    struct Notification<'a> {
        #[serde(borrow, default, rename = "Records")]
        records: Option<Vec<&'a RawValue>>,
        #[serde(borrow, default, rename = "Event")]
        event: Option<Cow<'a, str>>,
    }
    if let Envelope::EventBridge = envelope(text) {
        return Ok(vec![text.to_owned()]);
    }
    let unread = |error| DecodeError::new("the S3 notification", error);
    let notification = serde_json::from_str::<Notification<'_>>(text).map_err(unread)?;
    match (notification.records, notification.event) {
        (Some(records), _) if !records.is_empty() => {
            record.reserve(records.len(), text.len())?;
            Ok(records.into_iter().map(|record| record.get().to_owned()).collect())
        }
        (_, Some(event)) if event == "s3:TestEvent" => Ok(Vec::new()),
        (Some(_), _) => Err(DecodeError::new("the S3 notification", "`Records` is empty")),
        (None, _) => Err(DecodeError::new("the S3 notification", "`Records` is missing")),
    }
}

fn of_notification(text: &str) -> Result<S3Object, DecodeError> {
    #[derive(Deserialize)]
    #[serde(rename_all = "camelCase")]
    struct Notice {
        event_name: String,
        #[serde(default)]
        aws_region: Lenient<String>,
        #[serde(default)]
        event_time: Lenient<String>,
        s3: S3,
    }
    #[derive(Deserialize)]
    struct S3 {
        bucket: Bucket,
        object: Object,
    }
    #[derive(Deserialize)]
    #[serde(rename_all = "camelCase")]
    struct Object {
        key: String,
        #[serde(default)]
        size: Lenient<u64>,
        #[serde(default)]
        e_tag: Lenient<String>,
        #[serde(default)]
        version_id: Lenient<String>,
        #[serde(default)]
        sequencer: Lenient<String>,
    }
    let notice: Notice =
        crate::core::json::decode(text.as_bytes()).map_err(|error| DecodeError::new("the S3 record", error))?;
    let object = notice.s3.object;
    Ok(S3Object {
        bucket: notice.s3.bucket.name,
        key: decode_key(&object.key)?,
        // Some senders write `s3:ObjectCreated:Put`.
        event_name: notice.event_name.strip_prefix("s3:").unwrap_or(&notice.event_name).to_owned(),
        size: object.size.0,
        e_tag: object.e_tag.0,
        version_id: object.version_id.0,
        sequencer: object.sequencer.0,
        region: notice.aws_region.0,
        time: notice.event_time.0,
    })
}

#[derive(Deserialize)]
struct Bucket {
    name: String,
}

/// Decodes the key of a notification, which is form-encoded: `+` for a space, `%` for bytes of UTF-8.
pub(super) fn decode_key(key: &str) -> Result<String, DecodeError> {
    let spaced = key.replace('+', " ");
    let decoded = percent_decode_str(&spaced).decode_utf8();
    decoded.map(Cow::into_owned).map_err(|error| DecodeError::new("the object key", error))
}

/// Decodes an EventBridge event, whose key is not encoded
/// (<https://docs.aws.amazon.com/AmazonS3/latest/userguide/ev-events.html>).
fn of_event_bridge(text: &str) -> Result<S3Object, DecodeError> {
    #[derive(Deserialize)]
    struct Event {
        #[serde(rename = "detail-type")]
        detail_type: String,
        #[serde(default)]
        region: Lenient<String>,
        #[serde(default)]
        time: Lenient<String>,
        detail: Detail,
    }
    #[derive(Deserialize)]
    struct Detail {
        bucket: Bucket,
        object: Object,
    }
    #[derive(Deserialize)]
    struct Object {
        key: String,
        #[serde(default)]
        size: Lenient<u64>,
        #[serde(default)]
        etag: Lenient<String>,
        #[serde(default, rename = "version-id")]
        version_id: Lenient<String>,
        #[serde(default)]
        sequencer: Lenient<String>,
    }
    let event: Event =
        crate::core::json::decode(text.as_bytes()).map_err(|error| DecodeError::new("the S3 event", error))?;
    let object = event.detail.object;
    Ok(S3Object {
        bucket: event.detail.bucket.name,
        key: object.key,
        event_name: event.detail_type,
        size: object.size.0,
        e_tag: object.etag.0,
        version_id: object.version_id.0,
        sequencer: object.sequencer.0,
        region: event.region.0,
        time: event.time.0,
    })
}

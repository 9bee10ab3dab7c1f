//! Notifications of a bucket, from S3 directly and through SNS, SQS and EventBridge.
//!
//! The format is that of <https://docs.aws.amazon.com/AmazonS3/latest/userguide/notification-content-structure.html>; a
//! notification has a URL-encoded key, and an EventBridge event has the plain key
//! (<https://docs.aws.amazon.com/AmazonS3/latest/userguide/ev-events.html>).
//!
//! # Example
//!
//! ```
//! use pilaster::testing::s3_put;
//!
//! let put = s3_put("photos", "my cat+dog.jpg").size(1024);
//! assert_eq!(put.event()["Records"][0]["s3"]["object"]["key"], "my+cat%2Bdog.jpg");
//! assert_eq!(put.through_event_bridge().event()["detail"]["object"]["key"], "my cat+dog.jpg");
//! assert_eq!(put.through_sns().through_sqs().event()["Records"][0]["eventSource"], "aws:sqs");
//! ```

use std::fmt::Write as _;

use serde_json::{Value, json};

use super::content::{ACCOUNT, REGION, TIME, built};
use super::event_bridge::{EventBridgeEvent, event_bridge};
use super::sns::{SnsEvent, sns};
use super::sqs::{SqsEvent, sqs};

/// Builds the notification of an object that was put (`ObjectCreated:Put`). Pass the key of the object, not encoded.
pub fn s3_put(bucket: impl Into<String>, key: impl Into<String>) -> S3Event {
    s3("ObjectCreated:Put", bucket, key)
}

/// Builds the notification of an object that was deleted (`ObjectRemoved:Delete`).
pub fn s3_delete(bucket: impl Into<String>, key: impl Into<String>) -> S3Event {
    s3("ObjectRemoved:Delete", bucket, key)
}

/// Builds a notification with this event name: `ObjectCreated:CompleteMultipartUpload`, `ObjectRestore:Completed`, ….
pub fn s3(event_name: impl Into<String>, bucket: impl Into<String>, key: impl Into<String>) -> S3Event {
    S3Event {
        bucket: bucket.into(),
        objects: vec![Object { name: event_name.into(), key: key.into(), ..Object::default() }],
    }
}

/// Builds the event that S3 sends to a queue or topic when a notification is configured. It has no records.
pub fn s3_test_event(bucket: impl Into<String>) -> S3TestEvent {
    S3TestEvent(bucket.into())
}

/// A builder of a notification of S3. See the [module docs](self).
#[derive(Clone, Debug)]
#[must_use = "a builder is not sent: pass it to a `Caller`, or call `event()`"]
pub struct S3Event {
    bucket: String,
    objects: Vec<Object>,
}

#[derive(Clone, Debug, Default)]
struct Object {
    name: String,
    key: String,
    size: u64,
    e_tag: Option<String>,
    version: Option<String>,
}

impl S3Event {
    /// Sets the size of the last object, in bytes; the default is 0.
    pub fn size(self, bytes: u64) -> Self {
        self.last(|object| object.size = bytes)
    }

    /// Sets the entity tag of the last object.
    pub fn e_tag(self, e_tag: impl Into<String>) -> Self {
        self.last(|object| object.e_tag = Some(e_tag.into()))
    }

    /// Sets the version id of the last object, for a versioned bucket.
    pub fn version_id(self, version: impl Into<String>) -> Self {
        self.last(|object| object.version = Some(version.into()))
    }

    fn last(mut self, change: impl FnOnce(&mut Object)) -> Self {
        self.objects.last_mut().map(change);
        self
    }

    /// Adds the records of another notification of this bucket.
    pub fn and(mut self, other: S3Event) -> Self {
        self.objects.extend(other.objects);
        self
    }

    /// Returns the notification as the message of a topic.
    pub fn through_sns(&self) -> SnsEvent {
        sns([self]).subject("Amazon S3 Notification")
    }

    /// Returns the notification as the body of a message.
    pub fn through_sqs(&self) -> SqsEvent {
        sqs([self])
    }

    /// Returns the EventBridge event of the last object: `Object Created`, `Object Deleted`.
    pub fn through_event_bridge(&self) -> EventBridgeEvent {
        let object = self.objects.last().cloned().unwrap_or_default();
        let mut detail = json!({
            "version": "0",
            "bucket": { "name": self.bucket },
            "object": { "key": object.key, "sequencer": sequencer(self.objects.len()) },
            "request-id": REQUEST,
            "requester": ACCOUNT,
        });
        if let Some(version) = &object.version {
            detail["object"]["version-id"] = version.as_str().into();
        }
        let (detail_type, more) = match object.name.split(':').next() {
            Some("ObjectRemoved") => {
                let kind = if object.version.is_some() { "Delete Marker Created" } else { "Permanently Deleted" };
                let more = json!({ "source-ip-address": IP, "reason": "DeleteObject", "deletion-type": kind });
                ("Object Deleted", more)
            }
            Some("ObjectRestore") => {
                let more = json!({ "restore-expiry-time": "2026-02-02T00:00:00Z", "source-storage-class": "GLACIER" });
                ("Object Restore Completed", more)
            }
            _ => ("Object Created", json!({ "source-ip-address": IP, "reason": "PutObject" })),
        };
        if detail_type != "Object Deleted" {
            detail["object"]["size"] = object.size.into();
            detail["object"]["etag"] = object.e_tag().into();
        }
        for (name, value) in more.as_object().into_iter().flatten() {
            detail[name] = value.clone();
        }
        event_bridge("aws.s3", detail_type, detail).resource(format!("arn:aws:s3:::{}", self.bucket))
    }

    /// Returns the event.
    pub fn event(&self) -> Value {
        let records = self.objects.iter().enumerate().map(|(at, object)| object.record(&self.bucket, at));
        json!({ "Records": records.collect::<Vec<_>>() })
    }
}

const IP: &str = "198.51.100.7";
const REQUEST: &str = "D82B88E5F771F645";

/// Returns the sequencer, which increases with each event of a key
/// (<https://docs.aws.amazon.com/AmazonS3/latest/userguide/notification-content-structure.html>).
fn sequencer(at: usize) -> String {
    format!("0055AED6DCD9028{at:04X}")
}

impl Object {
    fn e_tag(&self) -> String {
        self.e_tag.clone().unwrap_or_else(|| "d41d8cd98f00b204e9800998ecf8427e".to_owned())
    }

    fn record(&self, bucket: &str, at: usize) -> Value {
        let mut object = json!({ "key": encode(&self.key), "sequencer": sequencer(at + 1) });
        if !self.name.starts_with("ObjectRemoved") {
            object["size"] = self.size.into();
            object["eTag"] = self.e_tag().into();
        }
        if let Some(version) = &self.version {
            object["versionId"] = version.as_str().into();
        }
        json!({
            "eventVersion": "2.1",
            "eventSource": "aws:s3",
            "awsRegion": REGION,
            "eventTime": TIME,
            "eventName": self.name,
            "userIdentity": { "principalId": "AWS:AIDAINPONIXQXHT3IKHL2" },
            "requestParameters": { "sourceIPAddress": IP },
            "responseElements": { "x-amz-request-id": REQUEST, "x-amz-id-2": "vlR7PnpV2Ce81l0PRw6jlUpck7Jo5ZsQ" },
            "s3": {
                "s3SchemaVersion": "1.0",
                "configurationId": "notify-on-change",
                "bucket": {
                    "name": bucket,
                    "ownerIdentity": { "principalId": "A3I5XTEXAMAI3E" },
                    "arn": format!("arn:aws:s3:::{bucket}"),
                },
                "object": object,
            },
        })
    }
}

/// Encodes a key as S3 does in notifications: a space is `+`, and every byte not listed here is `%XX`.
pub(super) fn encode(key: &str) -> String {
    key.bytes().fold(String::new(), |mut encoded, byte| {
        match byte {
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'*' | b'/' => encoded.push(byte.into()),
            b' ' => encoded.push('+'),
            // Writing into a `String` cannot fail.
            _ => drop(write!(encoded, "%{byte:02X}")),
        }
        encoded
    })
}

/// A builder of the test event of S3. See [`s3_test_event`].
#[derive(Clone, Debug)]
#[must_use = "a builder is not sent: pass it to a `Caller`, or call `event()`"]
pub struct S3TestEvent(String);

impl S3TestEvent {
    /// Returns the test event as the message of a topic.
    pub fn through_sns(&self) -> SnsEvent {
        sns([self]).subject("Amazon S3 Notification")
    }

    /// Returns the test event as the body of a message.
    pub fn through_sqs(&self) -> SqsEvent {
        sqs([self])
    }

    /// Returns the event.
    pub fn event(&self) -> Value {
        json!({
            "Service": "Amazon S3",
            "Event": "s3:TestEvent",
            "Time": TIME,
            "Bucket": self.0,
            "RequestId": REQUEST,
            "HostId": "8cLeGAmw098X5cv4Zkwcmo8vvZa3eH3eKxsPzbB9wrR",
        })
    }
}

built!(S3Event, S3TestEvent);

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::shape;

    #[test]
    fn a_notification_has_the_fields_of_a_real_one() {
        shape::same("python/s3Event.json", &s3_put("photos", "a.jpg").event(), &[]);
        shape::same("python/s3EventDeleteObject.json", &s3_delete("photos", "a.jpg").event(), &[]);
        let created = s3_put("photos", "a.jpg").through_event_bridge().event();
        shape::same("python/s3EventBridgeNotificationObjectCreatedEvent.json", &created, &[]);
        assert_eq!(created["detail-type"], "Object Created");
        let deleted = s3_delete("photos", "a.jpg").through_event_bridge().event();
        shape::same("python/s3EventBridgeNotificationObjectDeletedEvent.json", &deleted, &[]);
        let restored = s3("ObjectRestore:Completed", "photos", "a.jpg").through_event_bridge().event();
        shape::same("python/s3EventBridgeNotificationObjectRestoreCompletedEvent.json", &restored, &[]);
    }

    #[test]
    fn a_key_is_encoded_as_a_form_is() {
        assert_eq!(encode("a b+c/ä&=100%(1).jpg"), "a+b%2Bc/%C3%A4%26%3D100%25%281%29.jpg");
    }

    #[test]
    fn an_object_has_its_version_and_each_record_its_own_key() {
        let event = s3_put("b", "1").version_id("v1").and(s3_put("b", "2").size(7).e_tag("e")).event();
        assert_eq!(event["Records"][0]["s3"]["object"]["versionId"], "v1");
        let second = &event["Records"][1]["s3"]["object"];
        assert_eq!((&second["key"], &second["size"], &second["eTag"]), (&json!("2"), &json!(7), &json!("e")));
        assert!(event["Records"][0]["s3"]["object"]["sequencer"].as_str() < second["sequencer"].as_str());
    }

    #[test]
    fn each_envelope_holds_the_whole_notification() {
        let put = s3_put("photos", "a b.jpg");
        let read = |text: &Value| serde_json::from_str::<Value>(text.as_str().unwrap()).unwrap();
        assert_eq!(read(&put.through_sqs().event()["Records"][0]["body"]), put.event());
        assert_eq!(read(&put.through_sns().event()["Records"][0]["Sns"]["Message"]), put.event());
        let both = put.through_sns().through_sqs().event();
        assert_eq!(read(&read(&both["Records"][0]["body"])["Message"]), put.event());
        let raw = put.through_sns().through_sqs_raw().event();
        assert_eq!(read(&raw["Records"][0]["body"]), put.event());
        let bridge = put.through_event_bridge();
        assert_eq!(read(&bridge.through_sqs().event()["Records"][0]["body"]), bridge.event());
        let test = s3_test_event("photos").through_sns().through_sqs_raw().event();
        assert_eq!(read(&test["Records"][0]["body"])["Event"], "s3:TestEvent");
    }
}

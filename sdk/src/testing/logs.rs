//! Log events of a CloudWatch Logs subscription: gzipped JSON as base64
//! (<https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/SubscriptionFilters.html>).
//!
//! # Example
//!
//! ```
//! use pilaster::testing::logs;
//!
//! let event = logs(["first line", "second line"]).log_group("/aws/lambda/shop").event();
//! assert!(event["awslogs"]["data"].as_str().is_some_and(|data| data.starts_with("H4sI")), "gzip");
//! ```

use std::io::Write as _;

use flate2::Compression;
use flate2::write::GzEncoder;
use serde::Serialize;
use serde_json::{Value, json};

use super::content::{ACCOUNT, TIME_MS, base64, built, text};

/// Builds an event with these log events: text is used unchanged, anything else is serialized as JSON.
///
/// # Panics
///
/// If a message cannot be serialized as JSON.
pub fn logs(messages: impl IntoIterator<Item = impl Serialize>) -> LogsEvent {
    LogsEvent {
        messages: messages.into_iter().map(text).collect(),
        kind: "DATA_MESSAGE",
        group: "/aws/lambda/shop".to_owned(),
        stream: "2026/01/02/[$LATEST]0123456789abcdef".to_owned(),
    }
}

/// Builds the event with which CloudWatch Logs checks that the function is reachable.
pub fn logs_control_message() -> LogsEvent {
    let group = String::new();
    let messages = vec!["CWL CONTROL MESSAGE: Checking health of destination Lambda function.".to_owned()];
    LogsEvent { messages, kind: "CONTROL_MESSAGE", stream: group.clone(), group }
}

/// A builder of an event of a subscription. See the [module docs](self).
#[derive(Clone, Debug)]
#[must_use = "a builder is not sent: pass it to a `Caller`, or call `event()`"]
pub struct LogsEvent {
    messages: Vec<String>,
    kind: &'static str,
    group: String,
    stream: String,
}

impl LogsEvent {
    /// Sets the log group; the default is `/aws/lambda/shop`.
    pub fn log_group(mut self, name: impl Into<String>) -> Self {
        self.group = name.into();
        self
    }

    /// Sets the log stream.
    pub fn log_stream(mut self, name: impl Into<String>) -> Self {
        self.stream = name.into();
        self
    }

    /// Returns the uncompressed content.
    pub fn content(&self) -> Value {
        let events = self.messages.iter().enumerate();
        let event =
            |(at, message)| json!({ "id": format!("{at:056}"), "timestamp": TIME_MS + at as u64, "message": message });
        json!({
            "messageType": self.kind,
            "owner": ACCOUNT,
            "logGroup": self.group,
            "logStream": self.stream,
            "subscriptionFilters": ["all"],
            "logEvents": events.map(event).collect::<Vec<_>>(),
        })
    }

    /// Returns the event.
    ///
    /// # Panics
    ///
    /// Never, since compressing into memory cannot fail.
    pub fn event(&self) -> Value {
        let mut gzip = GzEncoder::new(Vec::new(), Compression::default());
        let data = gzip.write_all(self.content().to_string().as_bytes()).and_then(|()| gzip.finish());
        match data {
            Ok(data) => json!({ "awslogs": { "data": base64(data) } }),
            Err(error) => panic!("gzip into memory failed: {error}"),
        }
    }
}

built!(LogsEvent);

#[cfg(test)]
mod tests {
    use std::io::Read as _;

    use base64::Engine as _;
    use base64::engine::general_purpose::STANDARD;
    use flate2::read::GzDecoder;

    use super::*;
    use crate::testing::shape;

    fn unpack(event: &Value) -> Value {
        let data = STANDARD.decode(event["awslogs"]["data"].as_str().unwrap()).unwrap();
        let mut text = String::new();
        GzDecoder::new(&*data).read_to_string(&mut text).unwrap();
        serde_json::from_str(&text).unwrap()
    }

    #[test]
    fn the_content_has_the_fields_of_a_real_one() {
        let event = logs([json!({ "level": "INFO" })]).log_group("g").log_stream("s");
        assert_eq!(unpack(&event.event()), event.content());
        let keys = |value: Value| value.as_object().unwrap().keys().cloned().collect::<Vec<_>>();
        let real = unpack(&shape::real("python/cloudWatchLogEvent.json"));
        assert_eq!(keys(event.content()), keys(real.clone()));
        assert_eq!(keys(event.content()["logEvents"][0].clone()), keys(real["logEvents"][0].clone()));
        assert_eq!(unpack(&logs_control_message().event())["messageType"], "CONTROL_MESSAGE");
    }
}

//! What a subscription of CloudWatch Logs sends: gzipped JSON as base64
//! (<https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/SubscriptionFilters.html>).
//!
//! # Example
//!
//! ```
//! use pilaster::testing::logs;
//!
//! let event = logs(["first line", "second line"]).group("/aws/lambda/shop").event();
//! assert!(event["awslogs"]["data"].as_str().is_some_and(|data| data.starts_with("H4sI")), "gzip");
//! ```

use std::io::Write as _;

use flate2::Compression;
use flate2::write::GzEncoder;
use serde::Serialize;
use serde_json::{Value, json};

use super::content::{ACCOUNT, TIME_MS, base64, built, text};

/// An event with these log events: text stands as it is, anything else as its JSON.
///
/// # Panics
///
/// If a message cannot be written as JSON.
pub fn logs(messages: impl IntoIterator<Item = impl Serialize>) -> Logs {
    Logs {
        messages: messages.into_iter().map(text).collect(),
        kind: "DATA_MESSAGE",
        group: "/aws/lambda/shop".to_owned(),
        stream: "2026/01/02/[$LATEST]0123456789abcdef".to_owned(),
    }
}

/// What CloudWatch Logs sends to see whether the function can be reached.
pub fn logs_control_message() -> Logs {
    let group = String::new();
    let messages = vec!["CWL CONTROL MESSAGE: Checking health of destination Lambda function.".to_owned()];
    Logs { messages, kind: "CONTROL_MESSAGE", stream: group.clone(), group }
}

/// An event of a subscription. See the [module docs](self).
#[derive(Clone, Debug)]
#[must_use = "it is an event only when it is sent, or by `event()`"]
pub struct Logs {
    messages: Vec<String>,
    kind: &'static str,
    group: String,
    stream: String,
}

impl Logs {
    /// From this log group, instead of `/aws/lambda/shop`.
    pub fn group(mut self, name: impl Into<String>) -> Self {
        self.group = name.into();
        self
    }

    /// From this log stream.
    pub fn stream(mut self, name: impl Into<String>) -> Self {
        self.stream = name.into();
        self
    }

    /// The text that is compressed.
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

    /// The event.
    ///
    /// # Panics
    ///
    /// Never: compressing into memory cannot fail.
    pub fn event(&self) -> Value {
        let mut gzip = GzEncoder::new(Vec::new(), Compression::default());
        let data = gzip.write_all(self.content().to_string().as_bytes()).and_then(|()| gzip.finish());
        match data {
            Ok(data) => json!({ "awslogs": { "data": base64(data) } }),
            Err(error) => panic!("gzip into memory failed: {error}"),
        }
    }
}

built!(Logs);

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
        let event = logs([json!({ "level": "INFO" })]).group("g").stream("s");
        assert_eq!(unpack(&event.event()), event.content());
        let keys = |value: Value| value.as_object().unwrap().keys().cloned().collect::<Vec<_>>();
        let real = unpack(&shape::real("python/cloudWatchLogEvent.json"));
        assert_eq!(keys(event.content()), keys(real.clone()));
        assert_eq!(keys(event.content()["logEvents"][0].clone()), keys(real["logEvents"][0].clone()));
        assert_eq!(unpack(&logs_control_message().event())["messageType"], "CONTROL_MESSAGE");
    }
}

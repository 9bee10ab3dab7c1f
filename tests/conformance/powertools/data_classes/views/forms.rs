//! The values of types as JSON, by Python's names.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use pilaster::Authorizer;
use pilaster::records::{LogRecord, SesVerdict, SnsNotification};
use serde_json::{Value, json};

pub(super) fn notification(sns: &SnsNotification, message: &str) -> Value {
    json!({
        "message": message, "message_id": sns.message_id(), "subject": sns.subject(), "topic_arn": sns.topic_arn(),
        "timestamp": sns.time(), "get_type": "Notification",
    })
}

pub(super) fn log_line(line: LogRecord) -> Value {
    json!({
        "log_group": line.log_group(), "log_stream": line.log_stream(), "owner": line.owner(),
        "subscription_filters": line.subscription_filters(), "policy_level": line.policy_level(),
        "line": { "get_id": line.id(), "timestamp": milliseconds(line.timestamp()), "message": line.message() },
    })
}

/// The lines of one batch, of which only those of data are given to a function.
pub(super) fn logs_data(lines: &[Value]) -> Value {
    let mut data = lines.first().cloned().unwrap_or_default();
    // A control message has no lines, so no function sees one, and no line has the type.
    data["message_type"] = Value::Null;
    data["log_events"] = lines.iter().map(|line| line["line"].clone()).collect();
    data
}

pub(super) fn verdict(verdict: SesVerdict) -> String {
    format!("{verdict:?}").to_uppercase()
}

pub(super) fn authorizer(event: Authorizer) -> Value {
    let arn = event.arn().ok();
    let arn = arn.map(|arn| {
        json!({
            "region": arn.region(), "aws_account_id": arn.account(), "api_id": arn.api_id(), "stage": arn.stage(),
            "http_method": arn.method(), "resource": arn.path().trim_start_matches('/'),
        })
    });
    json!({
        "authorization_token": event.token(), "method_arn": event.method_arn(), "route_arn": event.method_arn(),
        "parsed_arn": arn, "http_method": event.method(), "path": event.path(), "raw_path": event.path(),
        "route_key": event.route_key(), "cookies": event.cookies(),
    })
}

pub(super) fn since(time: SystemTime) -> Duration {
    time.duration_since(UNIX_EPOCH).unwrap_or_default()
}

pub(super) fn milliseconds(time: SystemTime) -> u64 {
    u64::try_from(since(time).as_millis()).unwrap_or_default()
}

pub(super) fn seconds(time: SystemTime) -> f64 {
    since(time).as_secs_f64()
}

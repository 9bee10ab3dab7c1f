//! Adds the fields that an abbreviated test event lacks.

use serde_json::{Map, Value, json};

use super::Kind;

/// Fills in what every record of its source has and a bare test event lacks, but for its id. What it has stays.
pub(crate) fn complete(event: &Value, kind: Kind) -> Value {
    let mut event = event.clone();
    let lists = ["Records", "records", "tasks"];
    for name in lists {
        let records: Vec<&mut Value> = match event.get_mut(name) {
            Some(Value::Array(records)) => records.iter_mut().collect(),
            Some(Value::Object(lists)) => lists.values_mut().filter_map(Value::as_array_mut).flatten().collect(),
            _ => continue,
        };
        for record in records.into_iter().filter_map(Value::as_object_mut) {
            match kind {
                Kind::Sqs => default(record, "body", json!("")),
                Kind::Kinesis => default(nested(record, "kinesis"), "data", json!("")),
                Kind::Firehose => default(record, "data", json!("")),
                Kind::Change => default(record, "eventName", json!("INSERT")),
                Kind::S3 => notice(record),
                Kind::S3Batch if !record.contains_key("s3Bucket") => {
                    default(record, "s3BucketArn", json!("arn:aws:s3:::bucket"));
                }
                _ => {}
            }
            // SNS always writes these fields of a notification to a queue.
            if kind == Kind::Sns
                && let Some(Value::Object(mut body)) =
                    record.get("body").and_then(Value::as_str).and_then(|text| serde_json::from_str(text).ok())
            {
                default(&mut body, "TopicArn", json!("arn:aws:sns:eu-west-1:123456789012:topic"));
                default(&mut body, "Timestamp", json!("2026-01-01T00:00:00.000Z"));
                record.insert("body".to_owned(), json!(Value::Object(body).to_string()));
            }
            // A notification within a message.
            let within = record.get("body").and_then(Value::as_str).and_then(|text| serde_json::from_str(text).ok());
            if let Some(mut body) = within.filter(|body: &Value| body.pointer("/Records/0/s3").is_some()) {
                body["Records"].as_array_mut().into_iter().flatten().filter_map(Value::as_object_mut).for_each(notice);
                record.insert("body".to_owned(), json!(body.to_string()));
            }
        }
    }
    event
}

/// A record of S3.
fn notice(record: &mut Map<String, Value>) {
    default(record, "eventName", json!("ObjectCreated:Put"));
    default(nested(nested(record, "s3"), "bucket"), "name", json!("bucket"));
}

fn default(object: &mut Map<String, Value>, name: &str, value: Value) {
    object.entry(name).or_insert(value);
}

/// An object within, made where there is none.
fn nested<'o>(object: &'o mut Map<String, Value>, name: &str) -> &'o mut Map<String, Value> {
    let within = object.entry(name).or_insert_with(|| json!({}));
    if !within.is_object() {
        *within = json!({});
    }
    match within {
        Value::Object(within) => within,
        _ => unreachable!("it was made an object"),
    }
}

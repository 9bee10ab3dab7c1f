//! `event-normalizer`: what it decodes in an event is what a record's type decodes, so the function of that type must see the
//! same of each record.

use std::sync::Arc;

use pilaster::observe::logging::{CapturedLogs, Level, Logs};
use pilaster::records::Batch;
use pilaster::{BoxError, Event};
use serde::Deserialize;
use serde_json::{Value, json};

use super::handler::Kind as Handler;
use super::options;
use crate::case::Case;
use crate::exchange::{Notes, Sent, send};
use crate::records::{Kind, call, complete, in_order, records_of};
use crate::{Compared, Replay, only_these, unsupported};

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct Options {}

pub(super) fn replay(case: &Case) -> Replay {
    let Options {} = options(super::only(case)?)?;
    let (event, expect) = (&case.json["event"], &case.json["expect"]);
    only_these(expect, &["handler_called", "handler_event", "response", "error"])?;
    let what = match Handler::read(&case.json["handler"])? {
        Handler::Echo { what } => Some(what),
        Handler::MustNotRun {} | Handler::ReturnNothing {} | Handler::Return { .. } => None,
        _ => return unsupported("a handler that fails, or does something else"),
    };
    let normalized = match (expect.get("handler_event"), what.as_deref()) {
        _ if expect.get("error").is_some() => None,
        (Some(normalized), _) => Some(normalized.clone()),
        (None, Some("event")) => expect.get("response").cloned(),
        (None, Some(what)) => what.strip_prefix("event.").and_then(|part| {
            let mut whole = event.clone();
            *whole.get_mut(part)? = expect.get("response")?.clone();
            Some(whole)
        }),
        (None, None) => None,
    };
    if normalized.is_none() && expect.get("error").is_none() {
        return unsupported("an expectation without the event");
    }
    let Some(source) = Kind::of(event) else { return whole(event, normalized) };
    let kind = normalized.as_ref().map_or(source, |normalized| within(source, normalized));
    // The missing field that a failing case is about is not filled in.
    let event = if normalized.is_some() { complete(event, kind) } else { event.clone() };
    let notes = Notes::default();
    let wanted = normalized.as_ref().map(|normalized| payloads(kind, normalized));
    // A function of text messages takes text, one of JSON messages a type.
    let plain = wanted.iter().flatten().any(Value::is_string);
    let batch = Batch::new().concurrency(1);
    let act = Arc::new(|_: &_| Ok(None));
    let log = CapturedLogs::default();
    let _guard = tracing::subscriber::set_default(Logs::new().level(Level::Error).writer(log.clone()).build());
    let sent = match plain && kind != Kind::S3 {
        true => call::<String>(kind, &event, batch, &notes, act),
        false => call::<Value>(kind, &event, batch, &notes, act),
    };
    let failures = log.lines();
    let saw = in_order(&notes);
    let Some(wanted) = wanted else {
        let failed = match sent {
            Sent::Answer(answer) => answer["batchItemFailures"].as_array().is_some_and(|failures| !failures.is_empty()),
            Sent::Failed(_) | Sent::Refused(_) => true,
        };
        let observed = json!({ "called": !saw.is_empty(), "failed": failed });
        return Ok(Compared { expected: json!({ "called": false, "failed": true }), observed });
    };
    let saw = match plain && kind != Kind::S3 {
        // Of records of both sorts, a function of text reads the JSON itself.
        true => {
            saw.into_iter().zip(&wanted).map(|(text, want)| if want.is_string() { text } else { read(text) }).collect()
        }
        false => saw,
    };
    let mut observed = json!({ "saw": saw });
    // Why a record was not seen.
    if let Some(failure) = failures.iter().find(|line| line["message"] == "the record failed") {
        observed["record_failed"] = failure["error"].clone();
    }
    if let Sent::Failed(error) = sent {
        observed["failed"] = json!(error.error_type());
    }
    Ok(Compared { expected: json!({ "saw": wanted }), observed })
}

fn read(text: Value) -> Value {
    text.as_str().and_then(|text| serde_json::from_str(text).ok()).unwrap_or(text)
}

/// An event that is not a batch is decoded by its type; JSON in a text stays text.
fn whole(event: &Value, normalized: Option<Value>) -> Replay {
    if normalized.as_ref() != Some(event) {
        return unsupported("a text within a whole event: the type that `Event<T>` names decides how it is decoded");
    }
    let echo = |Event(event): Event<Value>| std::future::ready(Ok::<_, BoxError>(event));
    let observed = match send(pilaster::handler(echo), event) {
        Sent::Answer(answer) => json!({ "saw": answer }),
        Sent::Failed(error) => json!({ "failed": error.error_type() }),
        Sent::Refused(sentence) => json!({ "refused": sentence }),
    };
    Ok(Compared { expected: json!({ "saw": normalized }), observed })
}

/// Returns the argument of a function that reads through the envelopes of these records.
fn within(source: Kind, normalized: &Value) -> Kind {
    let mut records = records_of(normalized).into_iter().peekable();
    let payload = |record: &Value| match source {
        Kind::Sqs => record["body"].clone(),
        Kind::Sns => record["Sns"]["Message"].clone(),
        _ => Value::Null,
    };
    let is_s3 = |payload: &Value| payload.pointer("/Records/0/s3").is_some();
    let all = |is: &dyn Fn(&Value) -> bool| records_of(normalized).into_iter().all(|record| is(&payload(record)));
    if records.peek().is_none() {
        source
    } else if all(&|payload| is_s3(payload) || is_s3(&payload["Message"])) {
        Kind::S3
    } else if all(&|payload| payload["Type"] == "Notification" && payload.get("Message").is_some()) {
        Kind::Sns
    } else {
        source
    }
}

/// Returns the values that a function of this kind sees of a normalized event.
fn payloads(kind: Kind, normalized: &Value) -> Vec<Value> {
    let part = |record: &Value, pointer: &str| record.pointer(pointer).cloned().unwrap_or_default();
    let records = records_of(normalized).into_iter();
    match kind {
        Kind::Sqs => records.map(|record| part(record, "/body")).collect(),
        Kind::Kinesis => records.map(|record| part(record, "/kinesis/data")).collect(),
        Kind::Kafka => records.map(|record| part(record, "/value")).collect(),
        Kind::Firehose | Kind::Mq => records.map(|record| part(record, "/data")).collect(),
        Kind::S3Batch => records.map(|record| part(record, "/s3Key")).collect(),
        Kind::Sns => records
            .map(|record| match record.get("Sns") {
                Some(_) => part(record, "/Sns/Message"),
                None => part(record, "/body/Message"),
            })
            .collect(),
        Kind::S3 => {
            let own = |record: &Value| match record.get("s3") {
                Some(_) => vec![record.clone()],
                None => ["/body/Message", "/body", "/Sns/Message"]
                    .iter()
                    .filter_map(|place| record.pointer(place)?.get("Records")?.as_array().cloned())
                    .next()
                    .unwrap_or_default(),
            };
            records.flat_map(own).map(|record| part(&record, "/s3/object/key")).collect()
        }
        Kind::Change => records
            .map(|record| {
                // middy makes an empty image of none.
                let image = |name: &str| match record.pointer(&format!("/dynamodb/{name}")) {
                    Some(Value::Object(image)) if !image.is_empty() => Value::Object(image.clone()),
                    _ => Value::Null,
                };
                json!({ "keys": image("Keys"), "new": image("NewImage"), "old": image("OldImage") })
            })
            .collect(),
        Kind::Logs => {
            let data = &normalized["awslogs"]["data"];
            let events = data["logEvents"].as_array().into_iter().flatten();
            events
                .map(|event| {
                    let mut event = event.clone();
                    for name in ["logGroup", "logStream", "owner", "subscriptionFilters"] {
                        event[name] = data[name].clone();
                    }
                    event
                })
                .collect()
        }
    }
}

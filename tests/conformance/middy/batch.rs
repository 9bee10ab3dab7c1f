//! `event-batch-response`, `sqs-partial-batch-failure`: what a handler says of all records at once, a function of records says of
//! each; the answer to the event source must be the same.

use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use pilaster::observe::logging::{Captured, Level, Logs};
use pilaster::records::{Batch, Transformed};
use pilaster::{BoxError, Event};
use serde::Deserialize;
use serde_json::{Map, Value, json};

use super::options;
use crate::case::Case;
use crate::exchange::{Notes, Sent, send};
use crate::records::{Kind, Seen, call, complete, records_of, returned};
use crate::{Compared, Replay, unsupported};

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct Options {
    /// Each failed record is a line without a layer for it.
    #[serde(rename = "logger")]
    _logger: Value,
}

pub(super) fn replay(case: &Case) -> Replay {
    let Some([middleware]) = case.json["chain"].as_array().map(Vec::as_slice) else {
        return unsupported("an answer that a middleware of the user's makes instead");
    };
    let _: Options = options(&middleware["config"])?;
    let (event, expect) = (&case.json["event"], &case.json["expect"]);
    let kind = match case.group.as_str() {
        // The middleware is for queues alone.
        "sqs-partial-batch-failure" => Some(Kind::Sqs),
        _ => Kind::of(event),
    };
    let Some(kind) = kind else { return whole(case) };
    let outcomes = match case.json["handler"]["kind"].as_str() {
        Some("return") => case.json["handler"]["value"].as_array().cloned(),
        Some("throw") => {
            let rejected = json!({ "status": "rejected", "reason": { "$error": case.json["handler"]["error"] } });
            Some(vec![rejected; records_of(event).len()])
        }
        _ => None,
    };
    let Some(outcomes) = outcomes else { return unsupported("a handler that tells nothing of its records") };
    let act = Arc::new(move |seen: &Seen| match outcomes.get(seen.index) {
        Some(outcome) if outcome["status"] == "fulfilled" => Ok(transformed(&outcome["value"])),
        Some(outcome) => Err(reason(&outcome["reason"])),
        None => Err("the handler says nothing of it".into()),
    });
    let event = complete(event, kind);
    let (notes, log) = (Notes::default(), Captured::default());
    let _guard = tracing::subscriber::set_default(Logs::new().level(Level::Error).writer(log.clone()).build());
    let batch = Batch::new().concurrency(1);
    let sent = match kind {
        // Transformed as bytes; elsewhere what is within does not count.
        Kind::Firehose => call::<Vec<u8>>(kind, &event, batch, &notes, act),
        _ => call::<()>(kind, &event, batch, &notes, act),
    };

    let mut expected = Map::new();
    match expect.get("response") {
        Some(response) if response.get("batchItemFailures").is_some() => {
            expected.insert("returned".to_owned(), returned(response));
        }
        Some(response) => drop(expected.insert("response".to_owned(), response.clone())),
        None => return unsupported("an expectation without an answer"),
    }
    let mut observed = match sent {
        Sent::Answer(answer) if answer.get("batchItemFailures").is_some() => json!({ "returned": returned(&answer) }),
        Sent::Answer(answer) => json!({ "response": answer }),
        Sent::Failed(error) => json!({ "failed": error.error_type() }),
        Sent::Refused(sentence) => json!({ "refused": sentence }),
    };
    if let Some(logged) = expect["logged"].as_array() {
        let told = |entry: &Value| json!({ "error": entry[0]["message"], "record": id(&entry[1]["messageId"]) });
        expected.insert("logged".to_owned(), logged.iter().map(told).collect());
        let lines = log.lines();
        let lines = lines.iter().filter(|line| line["message"] == "the record failed");
        observed["logged"] = lines.map(|line| json!({ "error": line["error"], "record": line["record_id"] })).collect();
    }
    // A batch without records calls no function.
    if let Some(called) = expect.get("handler_called").filter(|_| !records_of(&event).is_empty()) {
        expected.insert("called".to_owned(), called.clone());
        observed["called"] = json!(!notes.all().is_empty());
    }
    Ok(Compared { expected: Value::Object(expected), observed })
}

fn id(id: &Value) -> Value {
    if id.is_null() { json!("unknown") } else { id.clone() }
}

fn reason(reason: &Value) -> BoxError {
    let error = reason.get("$error").unwrap_or(reason);
    error.get("message").unwrap_or(error).as_str().unwrap_or_default().into()
}

/// What a handler answers for a record of Firehose: bytes or text, or a result of its own.
fn transformed(value: &Value) -> Option<Transformed> {
    let data = |value: &Value| match value.get("$bytes") {
        Some(bytes) => bytes.as_str().and_then(|text| STANDARD.decode(text).ok()).unwrap_or_default(),
        None => value.as_str().unwrap_or_default().as_bytes().to_vec(),
    };
    match value["result"].as_str() {
        Some("Dropped") => Some(Transformed::dropped()),
        Some("ProcessingFailed") => Some(Transformed::failed()),
        Some(_) => Some(Transformed::ok(data(&value["data"]))),
        None if value.is_null() => None,
        None => Some(Transformed::ok(data(value))),
    }
}

/// An event of no source of records is for a function of whole events.
fn whole(case: &Case) -> Replay {
    if case.json["handler"]["kind"] != "return" {
        return unsupported("a handler of an event of no source of records that fails");
    }
    let value = case.json["handler"]["value"].clone();
    let function = move |_: Event<Value>| std::future::ready(Ok::<_, BoxError>(value.clone()));
    let observed = match send(pilaster::handler(function), &case.json["event"]) {
        Sent::Answer(answer) => json!({ "response": answer }),
        Sent::Failed(error) => json!({ "failed": error.error_type() }),
        Sent::Refused(sentence) => json!({ "refused": sentence }),
    };
    let Some(response) = case.json["expect"].get("response") else {
        return unsupported("an expectation without an answer");
    };
    Ok(Compared { expected: json!({ "response": response }), observed })
}

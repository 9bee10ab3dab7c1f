//! `event-batch-response`, `sqs-partial-batch-failure`: a handler reports on all records at once, a function of records on
//! each; the answer to the event source must be the same.

use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use pilaster::observe::logging::{CapturedLogs, Level, Logs};
use pilaster::records::{Batch, RecordError, TransformedRecord};
use pilaster::{BoxError, Event};
use serde::Deserialize;
use serde_json::{Map, Value, json};

use super::handler::Kind as Handler;
use super::{Logger, options, present};
use crate::case::Case;
use crate::exchange::{Notes, Sent, send};
use crate::records::{Kind, Seen, call, complete, records_of, returned, run_all};
use crate::{Compared, Replay, Stop, only_these, unsupported};

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct Options {
    /// Each failed record is a line without a layer for it.
    #[serde(rename = "logger")]
    _logger: Option<Logger>,
}

/// The result of a record, as `Promise.allSettled` returns it.
#[derive(Deserialize)]
#[serde(tag = "status", rename_all = "snake_case", deny_unknown_fields)]
enum Settled {
    Fulfilled {
        #[serde(default)]
        value: Value,
    },
    Rejected {
        #[serde(default, deserialize_with = "present")]
        reason: Option<Value>,
    },
}

/// The action of the function for a record: its result, or its error.
#[derive(Clone)]
enum Outcome {
    Answer(Option<TransformedRecord>),
    /// To be tried again.
    Fail(String),
    /// For good.
    Discard(String),
}

pub(super) fn replay(case: &Case) -> Replay {
    let Some([middleware]) = case.json["chain"].as_array().map(Vec::as_slice) else {
        return unsupported("an answer that a middleware of the user's makes instead");
    };
    let _: Options = options(&middleware["config"])?;
    only_these(&case.json["expect"], &["handler_called", "handler_event", "response", "error", "logged"])?;
    let (event, expect) = (&case.json["event"], &case.json["expect"]);
    let kind = match case.group.as_str() {
        // The middleware is for queues alone.
        "sqs-partial-batch-failure" => Some(Kind::Sqs),
        _ => Kind::of(event),
    };
    let Some(kind) = kind else { return whole(case) };
    let outcomes = match Handler::read(&case.json["handler"])? {
        Handler::Return { value: Value::Array(settled) } => {
            settled.iter().map(|settled| outcome(kind, options(settled)?)).collect::<Result<Vec<_>, _>>()?
        }
        Handler::Throw { error: Some(error), value: None } => {
            let failed = Outcome::Fail(text_of(&error)?);
            vec![failed; records_of(event).len()]
        }
        _ => return unsupported("a handler that reports nothing about its records"),
    };
    let act = Arc::new(move |seen: &Seen| match outcomes.get(seen.index).cloned() {
        Some(Outcome::Answer(answer)) => Ok(answer),
        Some(Outcome::Fail(text)) => Err(text.into()),
        Some(Outcome::Discard(text)) => Err(BoxError::from(RecordError::discard(text))),
        None => Err("the handler has no result for it".into()),
    });
    let event = complete(event, kind);
    let (notes, log) = (Notes::default(), CapturedLogs::default());
    let _guard = tracing::subscriber::set_default(Logs::new().level(Level::Error).writer(log.clone()).build());
    let batch = run_all(Batch::new().concurrency(1));
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
    // JSON ends its line in Pilaster's answer, so that objects are compared as what they are.
    for side in [expected.get_mut("response"), observed.get_mut("response")] {
        for record in side.and_then(|side| side["records"].as_array_mut()).into_iter().flatten() {
            let data = record["data"].as_str().and_then(|text| STANDARD.decode(text).ok());
            let json: Option<Value> = data.and_then(|data| serde_json::from_slice(&data).ok());
            if let Some(json) = json.filter(|json| json.is_object() || json.is_array()) {
                record["data"] = json;
            }
        }
    }
    if let Some(logged) = expect["logged"].as_array() {
        let logged_entry =
            |entry: &Value| json!({ "error": entry[0]["message"], "record": id(&entry[1]["messageId"]) });
        expected.insert("logged".to_owned(), logged.iter().map(logged_entry).collect());
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

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Error {
    #[serde(default, rename = "name")]
    _name: Option<String>,
    message: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Wrapped {
    #[serde(rename = "$error")]
    error: Error,
}

/// The text of an error, or of what was thrown in place of one.
fn text_of(reason: &Value) -> Result<String, Stop> {
    match reason {
        Value::String(text) => Ok(text.clone()),
        Value::Null => Ok(String::new()),
        Value::Object(object) if object.contains_key("$error") => {
            options(reason).map(|Wrapped { error }: Wrapped| error.message)
        }
        reason => options(reason).map(|error: Error| error.message),
    }
}

/// A result of the function's own for Firehose.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct FirehoseResult {
    result: String,
    #[serde(default)]
    data: Value,
    #[serde(default, rename = "recordId")]
    _id: Option<String>,
}

/// A result of the function's own for S3 Batch Operations.
#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
struct TaskResult {
    result_code: String,
    #[serde(default)]
    result_string: String,
}

fn outcome(kind: Kind, settled: Settled) -> Result<Outcome, Stop> {
    let value = match settled {
        Settled::Rejected { reason } => return text_of(&reason.unwrap_or_default()).map(Outcome::Fail),
        Settled::Fulfilled { value } => value,
    };
    Ok(match kind {
        Kind::Firehose if value.get("result").is_some() => {
            let FirehoseResult { result, data, .. } = options(&value)?;
            Outcome::Answer(match result.as_str() {
                "Dropped" => Some(TransformedRecord::dropped()),
                "ProcessingFailed" => Some(TransformedRecord::failed()),
                "Ok" => transformed(&data)?,
                other => return unsupported(format!("the result {other} of a record")),
            })
        }
        Kind::Firehose => Outcome::Answer(transformed(&value)?),
        Kind::S3Batch if value.get("resultCode").is_some() => {
            let TaskResult { result_code, result_string } = options(&value)?;
            match result_code.as_str() {
                "Succeeded" => Outcome::Answer(Some(TransformedRecord::ok(result_string))),
                "TemporaryFailure" => Outcome::Fail(result_string),
                "PermanentFailure" => Outcome::Discard(result_string),
                other => return unsupported(format!("the result {other} of a task")),
            }
        }
        Kind::S3Batch => match &value {
            Value::Null => Outcome::Answer(None),
            Value::String(text) => Outcome::Answer(Some(TransformedRecord::ok(text.clone()))),
            _ => return unsupported("a task's result that is not text"),
        },
        // The result of a function of other records is ignored.
        _ => Outcome::Answer(None),
    })
}

/// The result of a handler for a record of Firehose: bytes, text or a value.
fn transformed(value: &Value) -> Result<Option<TransformedRecord>, Stop> {
    Ok(match value {
        Value::Null => None,
        Value::String(text) => Some(TransformedRecord::ok(text.clone())),
        value => match value.get("$bytes") {
            Some(bytes) => {
                let Some(bytes) = bytes.as_str().and_then(|text| STANDARD.decode(text).ok()) else {
                    return unsupported("bytes that are not base64");
                };
                Some(TransformedRecord::ok(bytes))
            }
            None => Some(TransformedRecord::json(value).map_err(|error| Stop::Broken(error.to_string()))?),
        },
    })
}

/// An event of no source of records is for a function of whole events.
fn whole(case: &Case) -> Replay {
    let expect = &case.json["expect"];
    let answer = match Handler::read(&case.json["handler"])? {
        Handler::Return { value } => Ok(value),
        Handler::Echo { what } if what == "event" => Ok(case.json["event"].clone()),
        Handler::Throw { error: Some(error), value: None } => Err(text_of(&error)?),
        _ => return unsupported("a handler of an event of no source of records that does something else"),
    };
    let function = move |_: Event<Value>| std::future::ready(answer.clone().map_err(BoxError::from));
    let observed = match send(pilaster::handler(function), &case.json["event"]) {
        Sent::Answer(answer) => json!({ "response": answer }),
        Sent::Failed(error) => json!({ "error": error.message() }),
        Sent::Refused(sentence) => json!({ "refused": sentence }),
    };
    let expected = match (expect.get("response"), expect.get("error")) {
        (Some(response), None) => json!({ "response": response }),
        (None, Some(error)) => json!({ "error": text_of(error)? }),
        _ => return unsupported("an expectation without an answer"),
    };
    Ok(Compared { expected, observed })
}

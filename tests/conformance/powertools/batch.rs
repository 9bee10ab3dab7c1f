//! `batch`: a handler of one record is a function of records; what the event source is answered must be the same.

use std::sync::Arc;

use pilaster::BoxError;
use pilaster::records::Batch;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

use super::{only_these, read, variables};
use crate::case::Case;
use crate::exchange::{Notes, Sent};
use crate::records::{Kind, Payload, Seen, call, complete, in_order, records_of, returned, run_all};
use crate::{Compared, Replay, Stop, unsupported};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Config {
    event_type: String,
    #[serde(default)]
    handler: Handler,
    #[serde(default, rename = "async")]
    is_async: Option<bool>,
    #[serde(default, rename = "processInParallel")]
    process_in_parallel: Option<bool>,
    #[serde(default)]
    fifo: bool,
    /// As it is anyway.
    #[serde(default, alias = "skipGroupOnError")]
    skip_group_on_error: bool,
    #[serde(default = "yes", alias = "throwOnFullBatchFailure")]
    raise_on_entire_batch_failure: bool,
    #[serde(default)]
    model: Option<Value>,
}

/// The input of a case.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Input {
    #[serde(rename = "event")]
    _event: Option<Value>,
    #[serde(rename = "event_file")]
    _event_file: Option<String>,
}

/// The failure of a whole batch. How many records failed is the length of the batch in either library.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Failure {
    kind: String,
    #[serde(rename = "message")]
    _message: Option<String>,
    #[serde(rename = "child_errors", alias = "child_count")]
    _child_errors: Option<usize>,
}

fn yes() -> bool {
    true
}

/// The action of the handler for the text of a record.
#[derive(Clone, Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct Handler {
    fail_if_text_contains: Option<String>,
}

impl Handler {
    fn does(&self, payload: &Value) -> Result<(), BoxError> {
        let text = payload.as_str().map_or_else(|| payload.to_string(), str::to_owned);
        match &self.fail_if_text_contains {
            Some(part) if text.contains(part) => Err(format!("failed on {text}").into()),
            _ => Ok(()),
        }
    }
}

/// The model of a case with typed records.
#[derive(Deserialize, Serialize)]
struct Model {
    item: Map<String, Value>,
}

impl Payload for Model {
    fn into_value(self) -> Value {
        Value::Object(self.item)
    }
}

pub(super) fn replay(case: &Case) -> Replay {
    variables(case, &[])?;
    let config: Config = read("a processor", &case.json["config"])?;
    let Input { .. } = read("an input", &case.json["input"])?;
    let expected = &case.json["expected"];
    only_these(expected, &["response", "error", "handler_called_with"])?;
    let kind = match config.event_type.as_str() {
        "SQS" => Kind::Sqs,
        "KinesisDataStreams" => Kind::Kinesis,
        "DynamoDBStreams" => Kind::Change,
        "Kafka" => Kind::Kafka,
        other => return unsupported(format!("a processor of {other}")),
    };
    let event = case.event().map_err(Stop::Unsupported)?;
    // An event of another source is kept as it is: the case is about its missing fields.
    let is_unexpected = expected.pointer("/error/kind").is_some_and(|kind| kind == "UnexpectedBatchTypeError");
    let mut event = if is_unexpected { event } else { complete(&event, kind) };
    if config.fifo {
        name_as_fifo(&mut event);
    }
    let mut batch = run_all(Batch::new());
    let one_by_one = config.process_in_parallel.map_or(config.is_async == Some(false), |parallel| !parallel);
    if one_by_one {
        batch = batch.concurrency(1);
    }
    if config.raise_on_entire_batch_failure {
        batch = batch.fail_if_all_fail();
    }
    let notes = Notes::default();
    let handler = config.handler;
    let act = Arc::new(move |seen: &Seen| handler.does(&seen.payload).map(|()| None));
    let sent = match config.model {
        None => call::<String>(kind, &event, batch, &notes, act),
        Some(model) if model == json!({ "body": "JSON of {item: map}" }) && kind != Kind::Change => {
            call::<Model>(kind, &event, batch, &notes, act)
        }
        Some(_) => return unsupported("a model of another form"),
    };

    let mut wanted = Map::new();
    if let Some(response) = expected.get("response") {
        wanted.insert("returned".to_owned(), returned(response));
    }
    if let Some(error) = expected.get("error") {
        let Failure { kind, .. } = read("a failure", error)?;
        let unexpected = kind == "UnexpectedBatchTypeError";
        wanted.insert("error".to_owned(), json!(if unexpected { "unexpected event" } else { "every record failed" }));
    }
    let mut observed = match sent {
        Sent::Answer(answer) => json!({ "returned": returned(&answer) }),
        Sent::Failed(error) if error.error_type() == "UnexpectedEvent" => json!({ "error": "unexpected event" }),
        Sent::Failed(_) => json!({ "error": "every record failed" }),
        Sent::Refused(sentence) => json!({ "refused": sentence }),
    };
    let Some(called) = expected["handler_called_with"].as_array() else {
        return Ok(Compared { expected: Value::Object(wanted), observed });
    };
    let saw: Vec<Value> = in_order(&notes).into_iter().map(text_of_change).collect();
    if called.len() == records_of(&event).len() || (config.fifo && !config.skip_group_on_error) {
        // If the calls are for each record, or for all up to one, each call has a known record.
        let each = called.iter().enumerate().map(|(index, payload)| (index.to_string(), payload.clone()));
        wanted.insert("called".to_owned(), Value::Object(each.collect()));
        let each =
            notes.all().into_iter().map(|note| (note["index"].to_string(), text_of_change(note["payload"].clone())));
        observed["called"] = Value::Object(each.collect());
    } else {
        wanted.insert("called".to_owned(), json!(called));
        observed["called"] = json!(saw);
    }
    if one_by_one && called.len() > 1 {
        // One at a time they run in their order, whatever their groups and partitions.
        let order: Vec<_> = notes.all().iter().map(|note| note["index"].as_u64()).collect();
        wanted.insert("in_order".to_owned(), json!(true));
        observed["in_order"] = json!(order.is_sorted());
    }
    Ok(Compared { expected: Value::Object(wanted), observed })
}

/// The handler of a case reads the `Message` of the new image.
fn text_of_change(payload: Value) -> Value {
    match payload.pointer("/new/Message") {
        Some(text) => text.clone(),
        None => payload,
    }
}

/// A FIFO queue's name ends so, always.
fn name_as_fifo(event: &mut Value) {
    for record in event["Records"].as_array_mut().into_iter().flatten() {
        if let Some(arn) = record["eventSourceARN"].as_str().filter(|arn| !arn.ends_with(".fifo")) {
            record["eventSourceARN"] = json!(format!("{arn}.fifo"));
        }
    }
}

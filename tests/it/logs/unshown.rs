//! An error whose `Display`, `Debug` or `source` fails is logged, and fails only what it would fail anyway.

use std::error::Error;
use std::fmt;

use pilaster::appsync::{Batch, Resolvers, Source};
use pilaster::channels::{Handlers, Payload};
use pilaster::http::{HttpError, Method};
use pilaster::observe::logging::CapturedLogs;
use pilaster::testing::{Caller, appsync, bedrock, channel_publish, http, sqs};
use pilaster::tools::{Input, Tool, Tools};
use pilaster::{BoxError, Event, FunctionError, IntoService, Sqs};
use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::{Value, json};

/// Doubles a number.
#[derive(Deserialize, JsonSchema, Tool)]
struct Number {
    number: i64,
}

/// What fails when the error is shown.
#[derive(Clone, Copy)]
enum Fault {
    Display,
    DisplayPanic,
    Debug,
    Source,
}

const FAULTS: [Fault; 4] = [Fault::Display, Fault::DisplayPanic, Fault::Debug, Fault::Source];

struct Unshown(Fault);

impl fmt::Display for Unshown {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            Fault::Display => Err(fmt::Error),
            Fault::DisplayPanic => panic!("the display"),
            _ => f.write_str("shown"),
        }
    }
}

impl fmt::Debug for Unshown {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            Fault::Debug => panic!("the debug"),
            _ => f.write_str("Unshown"),
        }
    }
}

impl Error for Unshown {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        match self.0 {
            Fault::Source => panic!("the source"),
            _ => None,
        }
    }
}

/// Fails for 1, as itself and as the cause of another error; succeeds for any other number.
fn failed(number: i64, fault: Fault, is_cause: bool) -> Result<i64, BoxError> {
    match (number, is_cause) {
        (1, false) => Err(Unshown(fault).into()),
        (1, true) => Err(FunctionError::new("Late", "too late").with_source(Unshown(fault)).into()),
        _ => Ok(number),
    }
}

/// Returns the response of a function and the lines of its log.
async fn called(function: impl IntoService, event: impl Into<Value>) -> (Value, Vec<Value>) {
    let captured = CapturedLogs::default();
    let answer = Caller::new(function).with_logs(&captured).call(event).await;
    (answer.unwrap_or_else(|error| json!({ "failed": error.error_type() })), captured.lines())
}

/// Checks that the failure has one line, with the type of the error that has one that cannot be shown as its cause.
fn assert_logged(lines: &[Value], message: &str, is_cause: bool) {
    let failed = lines.iter().filter(|line| line["message"] == message).collect::<Vec<_>>();
    assert_eq!(failed.len(), 1, "{lines:?}");
    assert!(failed[0]["error"].is_string() && failed[0]["error_type"].is_string(), "{failed:?}");
    if is_cause {
        assert_eq!(failed[0]["error_type"], "Late", "{failed:?}");
    }
}

async fn each(run: impl AsyncFn(Fault, bool)) {
    for fault in FAULTS {
        for is_cause in [false, true] {
            run(fault, is_cause).await;
        }
    }
}

#[tokio::test]
async fn the_other_records_of_a_batch_are_done() {
    each(async |fault, is_cause| {
        let handle = move |record: Sqs<i64>| async move { failed(record.body, fault, is_cause).map(drop) };
        let (answer, lines) = called(pilaster::handler(handle), sqs([0, 1, 2]).event()).await;
        assert_eq!(answer["batchItemFailures"].as_array().map(Vec::len), Some(1), "{answer}");
        assert_logged(&lines, "the record failed", is_cause);
    })
    .await;
}

#[tokio::test]
async fn the_other_items_of_a_batch_of_resolvers_are_done() {
    each(async |fault, is_cause| {
        let author = move |Source(number): Source<i64>| async move { failed(number, fault, is_cause) };
        let resolvers = || Resolvers::new().field("Post", "author", author);
        let (answer, lines) = called(resolvers(), appsync("Post", "author").batch([0, 1, 2])).await;
        assert_eq!((&answer[0], &answer[2]), (&json!({ "data": 0 }), &json!({ "data": 2 })), "{answer}");
        let error_type = if is_cause { "Late" } else { "InternalError" };
        assert_eq!(answer[1]["errorType"], error_type);
        let answered = "the field was answered with an error";
        assert_logged(&lines, if is_cause { answered } else { "the item of the batch failed" }, is_cause);

        let batch = move |batch: Batch<i64>| async move {
            Ok::<_, BoxError>(batch.try_answer(|item| failed(item.source % 2, fault, is_cause)))
        };
        let resolvers_of_batches = Resolvers::new().batch("Post", "author", batch);
        let (answer, _) = called(resolvers_of_batches, appsync("Post", "author").batch([0, 1, 2, 3])).await;
        assert_eq!((&answer[0], &answer[2]), (&json!({ "data": 0 }), &json!({ "data": 0 })), "{answer}");
        assert_eq!((&answer[1]["errorType"], &answer[3]["errorType"]), (&json!(error_type), &json!(error_type)));

        let (answer, lines) = called(resolvers(), appsync("Post", "author").source(1).event()).await;
        assert_eq!(answer, json!({ "failed": error_type }));
        assert_logged(&lines, if is_cause { answered } else { "the invocation failed" }, is_cause);
    })
    .await;
}

#[tokio::test]
async fn the_other_events_of_a_publish_are_done() {
    each(async |fault, is_cause| {
        let publish = move |Payload(number): Payload<i64>| async move { failed(number, fault, is_cause).map(Some) };
        let event = channel_publish("/a").with(0).with(1).with(2);
        let (answer, lines) = called(Handlers::new().publish("/*", publish), event.event()).await;
        let events = answer["events"].as_array().unwrap();
        assert_eq!((&events[0]["payload"], &events[2]["payload"]), (&json!(0), &json!(2)), "{answer}");
        assert!(events[1]["error"].is_string(), "{answer}");
        let message = if is_cause { "the event was refused" } else { "the event failed" };
        assert_logged(&lines, message, is_cause);
    })
    .await;
}

#[tokio::test]
async fn a_tool_a_request_and_an_event_fail_as_with_any_error() {
    each(async |fault, is_cause| {
        let call = move |Input(number): Input<Number>| async move { failed(number.number, fault, is_cause) };
        let event = bedrock::function("number").parameter("number", "integer", "1").event();
        let (answer, lines) = called(Tools::new().add(call).for_bedrock(), event).await;
        let state = if is_cause { "REPROMPT" } else { "FAILURE" };
        assert_eq!(answer["response"]["functionResponse"]["responseState"], state, "{answer}");
        let message = if is_cause { "the tool answered with an error" } else { "the tool failed" };
        assert_logged(&lines, message, is_cause);

        let get = move |_: Method| async move {
            failed(1, fault, is_cause).map(|number| number.to_string()).map_err(HttpError::from_boxed)
        };
        let captured = CapturedLogs::default();
        let caller = Caller::new(pilaster::handler(get)).with_logs(&captured);
        let response = caller.send(http::get("/")).await.unwrap();
        assert_eq!(response.status(), 500);
        let lines = captured.lines();
        assert_logged(&lines, "the request failed", is_cause);

        let run = move |_: Event<Value>| async move { failed(1, fault, is_cause) };
        let (answer, lines) = called(pilaster::handler(run), json!({})).await;
        assert!(answer["failed"].is_string(), "{answer}");
        assert_logged(&lines, "the invocation failed", is_cause);
    })
    .await;
}

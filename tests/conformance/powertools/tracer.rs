//! Powertools' tracer, in OpenTelemetry's terms.
//!
//! Compared by meaning: the subsegment `## handler` is the invocation's span, its annotations `ColdStart` and `Service` are
//! `faas.coldstart` and the resource's `service.name`, and the metadata of an error is the span's event `exception`.

use std::sync::Arc;

use lambda_runtime::{Config, Context};
use pilaster::observe::logging;
use pilaster::observe::traces::{CapturedSpans, TracesLayer};
use pilaster::{FunctionError, Incoming, Invocation, Outgoing};
use serde::Deserialize;
use serde_json::{Value, json};
use tower::{Layer as _, ServiceExt as _, service_fn};

use super::{only_these, read, variables};
use crate::case::Case;
use crate::{Compared, Replay, Stop, unsupported};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Settings {
    service: String,
    capture_error: Option<bool>,
    decorator: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Input {
    handler: Handler,
    #[serde(default = "one")]
    invocations: u32,
}

fn one() -> u32 {
    1
}

#[derive(Clone, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Handler {
    Returns(Value),
    Raises(String),
}

/// The variables that a case may set: what is recorded of a response, nothing of Pilaster's is.
const VARIABLES: [&str; 5] = [
    "AWS_LAMBDA_INITIALIZATION_TYPE",
    "POWERTOOLS_SERVICE_NAME",
    "POWERTOOLS_TRACER_CAPTURE_RESPONSE",
    "POWERTOOLS_TRACER_CAPTURE_ERROR",
    "POWERTOOLS_TRACE_ENABLED",
];

/// Replays a case.
pub(super) fn replay(case: &Case) -> Replay {
    let settings: Settings = read("tracer", &case.json["config"])?;
    let input: Input = read("tracer", &case.json["input"])?;
    only_these(&case.json["expected"], &["subsegments"])?;
    if settings.decorator != "capture_lambda_handler" {
        return unsupported("spans of single functions are `tracing`'s own");
    }
    let env = variables(case, &VARIABLES)?;
    if env.contains_key("AWS_LAMBDA_INITIALIZATION_TYPE") {
        return unsupported("cold starts are detected once for all layers, and replayed with the logger");
    }
    let captured = CapturedSpans::default();
    let mut layer = pilaster::testing::traces_layer(|name| env.get(name).cloned()).captured(&captured);
    layer = layer.service(settings.service);
    if let Some(record) = settings.capture_error {
        layer = layer.record_errors(record);
    }
    let lines = logging::CapturedLogs::default();
    tracing::subscriber::with_default(logging::Logs::new().writer(lines).build(), || run(&layer, &input))?;
    let observed = captured.spans().iter().map(subsegment).collect::<Vec<_>>();
    Ok(Compared { expected: case.json["expected"].clone(), observed: json!({ "subsegments": observed }) })
}

fn run(layer: &TracesLayer, input: &Input) -> Result<(), Stop> {
    let broken = |error: &dyn std::fmt::Display| Stop::Broken(error.to_string());
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().map_err(|error| broken(&error))?;
    let mut context = Context::default();
    context.env_config = Arc::new(Config { function_name: "handler".to_owned(), ..Config::default() });
    let handler = input.handler.clone();
    let function = layer.layer(service_fn(move |_: Incoming| {
        let answer = match &handler {
            Handler::Returns(value) => Outgoing::serialize(value).map_err(FunctionError::from_error),
            Handler::Raises(message) => Err::<Outgoing, _>(FunctionError::new("Exception", message)),
        };
        async { answer }
    }));
    for number in 0..input.invocations {
        let event = pilaster::RawEvent::parse("{}").map_err(|error| broken(&error))?;
        let invocation = Invocation::new(context.clone()).with_cold_start(number == 0);
        // A failure is what the case is about.
        let _ = runtime.block_on(function.clone().oneshot(Incoming { event, invocation }));
    }
    Ok(())
}

fn subsegment(span: &Value) -> Value {
    let name = span["name"].as_str().unwrap_or_default();
    let exceptions = span["events"].as_array().into_iter().flatten().filter(|event| event["name"] == "exception");
    let errors = exceptions.map(|event| {
        json!({
            "key": format!("{name} error"),
            "value": event["attributes"]["exception.message"],
            "namespace": span["resource"]["service.name"],
        })
    });
    json!({
        "name": format!("## {name}"),
        "annotations": {"ColdStart": span["attributes"]["faas.coldstart"], "Service": span["resource"]["service.name"]},
        "metadata": errors.collect::<Vec<_>>(),
    })
}

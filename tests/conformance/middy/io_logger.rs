//! middy's `input-output-logger` as the logging layer: its lines about an event and its response.

use pilaster::observe::logging::{CapturedLogs, LoggingLayer, Logs};
use pilaster::{FunctionError, Incoming, Outgoing};
use serde::Deserialize;
use serde_json::value::RawValue;
use serde_json::{Map, Value, json};
use tower::{Layer, ServiceExt, service_fn};

use super::handler::Kind;
use super::{Logger, options};
use crate::case::Case;
use crate::{Compared, Replay, Stop, only_these, unsupported};

#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
struct Config {
    logger: Option<Logger>,
    #[serde(default)]
    omit_paths: Vec<String>,
    mask: Option<String>,
    // The context of an invocation is in each of its lines.
    #[serde(default)]
    execution_context: bool,
    #[serde(default)]
    lambda_context: bool,
}

/// The context of an invocation, as far as a line has it; middy nests it for durable functions.
#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase", default)]
struct Given {
    aws_request_id: Option<String>,
    function_name: Option<String>,
    tenant_id: Option<String>,
    memory_limit_in_mb: Option<String>,
    invoked_function_arn: Option<String>,
}

pub(super) fn replay(case: &Case) -> Replay {
    let json = &case.json;
    let config: Config = options(super::only(case)?)?;
    if matches!(config.logger, Some(Logger::Off(_))) {
        return unsupported("turning the logger off: that is a function without the layer");
    }
    let expect = &json["expect"];
    only_these(expect, &["handler_called", "handler_event", "response", "logged"])?;
    let mut layer = LoggingLayer::new().log_event(true).log_response(true).omit(&config.omit_paths);
    if let Some(mask) = &config.mask {
        layer = layer.mask(mask);
    }
    let answer = match Kind::read(&json["handler"])? {
        Kind::Echo { what } if what == "event" => json["event"].clone(),
        Kind::Return { value } => value,
        Kind::ReturnNothing {} => Value::Null,
        _ => return unsupported("a function that does something else"),
    };
    let with_context = config.execution_context || config.lambda_context;
    if with_context && ["executionContext", "lambdaContext"].iter().any(|name| json["context"].get(name).is_some()) {
        return unsupported("the nested context of a durable function");
    }
    let given = if with_context { options(&json["context"])? } else { Given::default() };

    let captured = CapturedLogs::default();
    let _guard = tracing::subscriber::set_default(Logs::new().writer(captured.clone()).build());
    let function = service_fn(move |_: Incoming| {
        let answer = Outgoing::serialize(&answer);
        async move { answer.map_err(|error| FunctionError::new("Answer", error.to_string())) }
    });
    let event = RawValue::from_string(json["event"].to_string()).map_err(|error| Stop::Broken(error.to_string()))?;
    let incoming = Incoming::new(lambda_runtime::LambdaEvent::new(event, context(&given)));
    let answered: Result<Outgoing, _> = crate::exchange::block_on(layer.layer(function).oneshot(incoming));
    let response: Value = match answered {
        Ok(answer) => serde_json::from_str(answer.as_json().expect("JSON").get())
            .map_err(|error| Stop::Broken(error.to_string()))?,
        Err(error) => json!({ "failed": error.message() }),
    };

    let mut observed = Map::from_iter([("response".to_owned(), response)]);
    let mut expected = Map::from_iter([("response".to_owned(), expect["response"].clone())]);
    if let Some(logged) = expect.get("logged") {
        expected.insert("logged".to_owned(), logged.clone());
        // middy's two options differ in which parts of the context they write; Pilaster's lines have all.
        let parts: &[(&str, &str)] = if config.lambda_context { &OF_LAMBDA } else { &OF_EXECUTION };
        let parts = if with_context { parts } else { &[] };
        observed
            .insert("logged".to_owned(), captured.lines().iter().map(|line| in_form_of_middy(line, parts)).collect());
    }
    Ok(Compared { expected: Value::Object(expected), observed: Value::Object(observed) })
}

/// Keys of a line beside middy's names for them.
const OF_LAMBDA: [(&str, &str); 4] = [
    ("function_name", "functionName"),
    ("function_request_id", "awsRequestId"),
    ("function_memory_size", "memoryLimitInMB"),
    ("function_arn", "invokedFunctionArn"),
];
const OF_EXECUTION: [(&str, &str); 1] = [("tenant_id", "tenantId")];

fn context(given: &Given) -> lambda_runtime::Context {
    let text = |text: &Option<String>| text.clone().unwrap_or_default();
    let mut context = lambda_runtime::Context::default();
    context.request_id = text(&given.aws_request_id);
    context.tenant_id = given.tenant_id.clone();
    context.invoked_function_arn = text(&given.invoked_function_arn);
    let memory = given.memory_limit_in_mb.as_ref().and_then(|text| text.parse().ok()).unwrap_or_default();
    context.env_config =
        lambda_runtime::Config { function_name: text(&given.function_name), memory, ..Default::default() }.into();
    context
}

/// A line in middy's form: the event or the answer, and of the context what was asked for.
fn in_form_of_middy(line: &Value, parts: &[(&str, &str)]) -> Value {
    let name = if line["message"] == "Lambda invocation event" { "event" } else { "response" };
    // A key whose value is null is left out of every line.
    let mut logged = Map::from_iter([(name.to_owned(), line[name].clone())]);
    let is_there = |value: &Value| !matches!(value, Value::Null) && value != "" && value != 0;
    let context: Map<_, _> = parts
        .iter()
        .filter(|(own, _)| is_there(&line[*own]))
        .map(|(own, theirs)| {
            // The memory is a text in JavaScript's context.
            let value = &line[*own];
            ((*theirs).to_owned(), if value.is_number() { json!(value.to_string()) } else { value.clone() })
        })
        .collect();
    if !context.is_empty() {
        logged.insert("context".to_owned(), Value::Object(context));
    }
    Value::Object(logged)
}

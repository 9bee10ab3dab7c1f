//! middy's `input-output-logger` as the room that logs: what is told of an event and of its answer.

use std::collections::HashMap;

use pilaster::observe::logging::{Captured, LoggingLayer, Logs};
use pilaster::{FunctionError, Incoming, RawResponse};
use serde::Deserialize;
use serde_json::value::RawValue;
use serde_json::{Map, Value, json};
use tower::{Layer, ServiceExt, service_fn};

use super::{custom, options};
use crate::case::Case;
use crate::{Compared, Replay, Stop, unsupported};

#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
struct Config {
    logger: Option<Value>,
    #[serde(default)]
    omit_paths: Vec<String>,
    mask: Option<String>,
    // The context of an invocation is in each of its lines.
    #[serde(default)]
    execution_context: bool,
    #[serde(default)]
    lambda_context: bool,
}

pub(super) fn replay(case: &Case) -> Replay {
    let json = &case.json;
    let config: Config = options(&json["chain"][0]["config"])?;
    if config.logger.as_ref().is_some_and(|logger| custom(logger).is_none()) {
        return unsupported("turning the logger off: that is a function without the layer");
    }
    let mut layer = LoggingLayer::new().log_event(true).log_response(true).omit(&config.omit_paths);
    if let Some(mask) = &config.mask {
        layer = layer.mask(mask);
    }
    let handler = &json["handler"];
    let answer = match handler["kind"].as_str() {
        Some("echo") if handler["what"] == "event" => json["event"].clone(),
        Some("return") => handler["value"].clone(),
        _ => return unsupported("a function that does something else"),
    };

    let captured = Captured::default();
    let _guard = tracing::subscriber::set_default(Logs::new().writer(captured.clone()).build());
    let function = service_fn(move |_: Incoming| {
        let answer = RawValue::from_string(answer.to_string());
        async move { answer.map_err(|error| FunctionError::new("Answer", error.to_string())) }
    });
    let event = RawValue::from_string(json["event"].to_string()).map_err(|error| Stop::Broken(error.to_string()))?;
    let incoming = Incoming::new(lambda_runtime::LambdaEvent::new(event, context(&json["context"])));
    let answered: Result<RawResponse, _> = crate::exchange::block_on(layer.layer(function).oneshot(incoming));
    let response: Value = match answered {
        Ok(answer) => serde_json::from_str(answer.get()).map_err(|error| Stop::Broken(error.to_string()))?,
        Err(error) => json!({ "failed": error.message() }),
    };

    let expect = &json["expect"];
    let (mut expected, mut observed) = (Map::new(), Map::new());
    let mut compare = |name: &str, want: &Value, got: Value| {
        expected.insert(name.to_owned(), want.clone());
        observed.insert(name.to_owned(), got);
    };
    compare("response", &expect["response"], response);
    if let Some(logged) = expect.get("logged") {
        let with_context = config.execution_context || config.lambda_context;
        let told = captured.lines().iter().map(|line| told(line, with_context)).collect();
        compare("logged", logged, told);
    }
    Ok(Compared { expected: Value::Object(expected), observed: Value::Object(observed) })
}

fn context(given: &Value) -> lambda_runtime::Context {
    let text = |name: &str| given[name].as_str().unwrap_or_default().to_owned();
    let mut context = lambda_runtime::Context::default();
    context.request_id = text("awsRequestId");
    context.tenant_id = given["tenantId"].as_str().map(ToOwned::to_owned);
    let config = lambda_runtime::Config { function_name: text("functionName"), ..Default::default() };
    context.env_config = config.into();
    context
}

/// A line in middy's form: what is told, and the context where it was asked for.
fn told(line: &Value, with_context: bool) -> Value {
    let name = if line["message"] == "Lambda invocation event" { "event" } else { "response" };
    // A key whose value is null is left out of every line.
    let mut told = Map::from_iter([(name.to_owned(), line[name].clone())]);
    let keys = HashMap::from([("function_name", "functionName"), ("function_request_id", "awsRequestId")]);
    let context: Map<_, _> = keys
        .iter()
        .filter(|(own, _)| with_context && line[**own].as_str().is_some_and(|text| !text.is_empty()))
        .map(|(own, theirs)| ((*theirs).to_owned(), line[*own].clone()))
        .collect();
    if !context.is_empty() {
        told.insert("context".to_owned(), Value::Object(context));
    }
    Value::Object(told)
}

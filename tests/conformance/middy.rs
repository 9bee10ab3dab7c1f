//! Cases of middy.

mod batch;
mod bodies;
mod chain;
mod cloudformation;
mod core;
mod cors;
mod encoding;
mod errors;
mod event_normalizer;
mod expectation;
mod handler;
mod io_logger;
mod negotiation;
mod normalizer;
mod router;
mod secrets;
mod security;
mod serializer;
mod ssm;
mod validator;
mod warmup;
mod ws_router;

use serde::de::DeserializeOwned;
use serde_json::Value;

use crate::case::Case;
use crate::{Replay, Stop, unsupported};

/// The middlewares that have a counterpart; a chain of these alone can be replayed.
const IN_SCOPE: [&str; 28] = [
    "http-json-body-parser",
    "http-urlencode-body-parser",
    "http-urlencode-path-parser",
    "http-multipart-body-parser",
    "http-error-handler",
    "http-cors",
    "http-security-headers",
    "http-event-normalizer",
    "http-header-normalizer",
    "ws-json-body-parser",
    "validator",
    "secrets-manager",
    "ssm",
    "error-logger",
    "input-output-logger",
    "warmup",
    "core",
    "event-normalizer",
    "event-batch-response",
    "sqs-partial-batch-failure",
    "ws-router",
    "cloudformation-response",
    "cloudformation-router",
    "http-content-encoding",
    "http-content-negotiation",
    "http-partial-response",
    "http-response-serializer",
    "http-router",
];

/// Replays a case, whatever its middleware.
pub(crate) fn replay(case: &Case) -> Replay {
    if case.group != "combo" && !IN_SCOPE.contains(&case.group.as_str()) {
        return unsupported(match case.group.as_str() {
            "util" => "what middy's plugins share: names of JavaScript's errors, keys of its context",
            _ => "has no counterpart in this release",
        });
    }
    match case.json["kind"].as_str() {
        Some("invoke") if case.group == "validator" => validator::replay(case),
        Some("invoke") if case.group == "warmup" => warmup::replay(case),
        Some("invoke")
            if case.group == "combo" && case.json.pointer("/chain/1/name").is_some_and(|name| name == "warmup") =>
        {
            warmup::of_a_stack(case)
        }
        Some("invoke") if case.group == "cloudformation-response" => cloudformation::replay(case),
        Some("route") if case.group == "cloudformation-router" => cloudformation::route(case),
        Some("invoke") if case.group == "event-normalizer" => event_normalizer::replay(case),
        Some("invoke") if matches!(&*case.group, "event-batch-response" | "sqs-partial-batch-failure") => {
            batch::replay(case)
        }
        Some("invoke") if case.group == "input-output-logger" => io_logger::replay(case),
        Some("invoke") if case.group == "http-content-encoding" => encoding::replay(case),
        Some("invoke") if case.group == "http-content-negotiation" => negotiation::replay(case),
        Some("invoke") if case.group == "http-response-serializer" => serializer::replay(case),
        Some("invoke") => chain::replay(case),
        Some("pipeline") => core::replay(case),
        Some("route") if case.group == "http-router" => router::replay(case),
        Some("construct") if case.group == "http-router" => router::construct(case),
        Some("route") if case.group == "ws-router" => ws_router::replay(case),
        Some("fetch") if case.group == "secrets-manager" => secrets::replay(case),
        Some("fetch") if case.group == "ssm" => ssm::replay(case),
        Some("construct") => chain::construct(case),
        Some(kind) => unsupported(format!("cases of kind `{kind}`")),
        None => Err(Stop::Broken("the case has no kind".to_owned())),
    }
}

/// The options of a middleware; one that the type does not know has no counterpart.
fn options<T: DeserializeOwned>(config: &Value) -> Result<T, Stop> {
    let config = if config.is_null() { serde_json::json!({}) } else { config.clone() };
    serde_json::from_value(config).map_err(|error| {
        let text = error.to_string();
        let option = text.strip_prefix("unknown field ").and_then(|rest| rest.split(',').next());
        Stop::Unsupported(match option {
            Some(option) => format!("the option {option} has no counterpart"),
            None => format!("an option's type has no counterpart: {text}"),
        })
    })
}

/// The name of a callback, which stands for a function of the user's.
fn custom(value: &Value) -> Option<&str> {
    value.get("$custom").and_then(Value::as_str)
}

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

use serde::Deserialize;
use serde::de::{DeserializeOwned, Deserializer};
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

/// The callbacks of cases that have a meaning here; each place takes those that it knows.
const CALLBACKS: [&str; 13] = [
    "capture",
    "const",
    "event_flag",
    "get_origin.const",
    "get_origin.echo_incoming",
    "header_key.uppercase",
    "reviver.uppercase_strings",
    "serialize.xml_message",
    "serialize.json_message",
    "serialize.body_as_is",
    "serialize.whole_response_204_null",
    "serialize.prefix",
    "not_found.cfn_success",
];

/// Values of JavaScript that a case writes as an object of one member: no event has them, since no JSON has.
const NOT_JSON: [&str; 9] =
    ["$bytes", "$set", "$bigint", "$number", "$undefined", "$error", "$regex", "$custom", "$fn"];

/// Replays a case, whatever its middleware.
pub(crate) fn replay(case: &Case) -> Replay {
    if let Some(name) = member(&case.json, &|name, value| match name {
        "$custom" => value.as_str().filter(|name| !CALLBACKS.contains(name)).map(ToOwned::to_owned),
        _ => None,
    }) {
        return unsupported(format!("the callback `{name}` is not known"));
    }
    let of_javascript = |name: &str, _: &Value| NOT_JSON.contains(&name).then(|| name.to_owned());
    if let Some(name) = member(&case.json["event"], &of_javascript) {
        return unsupported(format!("an event with a value that is not JSON (`{name}`)"));
    }
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
            None if text.starts_with("data did not match") => "an option of a form that has no counterpart".to_owned(),
            None => format!("an option's type has no counterpart: {text}"),
        })
    })
}

/// Returns the first value of each member of all inner objects.
fn member(value: &Value, find: &dyn Fn(&str, &Value) -> Option<String>) -> Option<String> {
    match value {
        Value::Array(items) => items.iter().find_map(|item| member(item, find)),
        Value::Object(object) => {
            object.iter().find_map(|(name, value)| find(name, value).or_else(|| member(value, find)))
        }
        _ => None,
    }
}

/// A callback that only records its calls: the log does so.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(tag = "$custom", deny_unknown_fields)]
enum Capture {
    #[serde(rename = "capture")]
    Capture {},
}

/// The option `logger`: a callback, or off.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(untagged)]
enum Logger {
    Off(bool),
    Callback(Capture),
}

/// A value that is there, `null` included.
fn present<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Value>, D::Error> {
    Value::deserialize(deserializer).map(Some)
}

/// The one middleware of a case's chain.
fn only(case: &Case) -> Result<&Value, Stop> {
    match case.json["chain"].as_array().map(Vec::as_slice) {
        Some([middleware]) if middleware["name"] == case.group.as_str() => Ok(&middleware["config"]),
        _ => unsupported("another chain than the middleware alone"),
    }
}

//! Powertools' logger: the calls of a case as lines of Pilaster's log, in a process of their own.
//!
//! The environment and the count of invocations per process (the cold start) are real: each case runs in a child
//! with the case's variables, whose end is in `logger/child.rs`.

pub(crate) mod child;
mod lines;

use std::collections::BTreeMap;
use std::io::Write as _;
use std::process::{Command, Stdio};

use serde::Deserialize;
use serde::de::IgnoredAny;
use serde_json::{Map, Value, json};

use super::{only_these, read, variables};
use crate::case::Case;
use crate::{Replay, Stop, unsupported};

/// The options of a logger, of both languages. The child reads them out of the case again.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
#[allow(dead_code)]
struct Config {
    #[serde(alias = "serviceName")]
    service: Option<String>,
    #[serde(alias = "logLevel")]
    level: Option<String>,
    #[serde(alias = "sampleRateValue")]
    sampling_rate: Option<f64>,
    #[serde(alias = "persistentKeys", default)]
    persistent_keys: Map<String, Value>,
    // Lines are in UTC and RFC 3339 in any case, as Datadog's are.
    #[serde(default)]
    utc: bool,
    #[serde(default)]
    use_rfc3339: bool,
    formatter: Option<String>,
    buffer: Option<Buffer>,
    #[serde(rename = "logBufferOptions")]
    log_buffer: Option<Buffer>,
}

/// The options of a buffer, of both languages.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
#[allow(dead_code)]
struct Buffer {
    enabled: Option<bool>,
    #[serde(alias = "maxBytes")]
    max_bytes: Option<u64>,
    #[serde(alias = "bufferAtVerbosity")]
    buffer_at_verbosity: Option<String>,
    #[serde(alias = "flushOnErrorLog")]
    flush_on_error_log: Option<bool>,
}

/// The input of a case. The child reads it out of the case again.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
#[allow(dead_code)]
struct Input {
    #[serde(default)]
    actions: Vec<Value>,
    clock: Option<String>,
    #[serde(rename = "TZ")]
    time_zone: Option<String>,
    handler: Option<Handler>,
    invocations: Option<Vec<Value>>,
    lambda_context: Option<LambdaContext>,
}

/// A function of the case.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
#[allow(dead_code)]
struct Handler {
    #[serde(default)]
    actions: Vec<Value>,
    #[serde(default)]
    inject: Inject,
    raise: Option<String>,
}

/// Options of the decorator around it.
#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
#[allow(dead_code)]
struct Inject {
    correlation_id_path: Option<String>,
    log_event: Option<bool>,
    clear_state: Option<bool>,
    flush_buffer_on_uncaught_error: Option<bool>,
}

/// The context of an invocation, of both languages; what no line has is not read.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
#[allow(dead_code)]
struct LambdaContext {
    #[serde(alias = "functionName")]
    function_name: Option<String>,
    #[serde(alias = "memoryLimitInMB")]
    memory_limit_in_mb: Option<Value>,
    #[serde(alias = "invokedFunctionArn")]
    invoked_function_arn: Option<String>,
    #[serde(alias = "awsRequestId")]
    aws_request_id: Option<String>,
    #[serde(alias = "tenantId")]
    tenant_id: Option<String>,
    #[serde(alias = "functionVersion")]
    function_version: Option<IgnoredAny>,
    #[serde(alias = "logGroupName")]
    log_group_name: Option<IgnoredAny>,
    #[serde(alias = "logStreamName")]
    log_stream_name: Option<IgnoredAny>,
    #[serde(rename = "callbackWaitsForEmptyEventLoop")]
    waits: Option<IgnoredAny>,
}

/// Keys of the line's own, which a setting of Powertools' can rewrite.
const OWN_KEYS: [&str; 6] = ["level", "location", "message", "timestamp", "service", "sampling_rate"];

/// The variables that a case may set.
const VARIABLES: [&str; 9] = [
    "POWERTOOLS_SERVICE_NAME",
    "POWERTOOLS_LOG_LEVEL",
    "LOG_LEVEL",
    "AWS_LAMBDA_LOG_LEVEL",
    "POWERTOOLS_LOGGER_SAMPLE_RATE",
    "POWERTOOLS_LOGGER_LOG_EVENT",
    "POWERTOOLS_DEV",
    "AWS_LAMBDA_INITIALIZATION_TYPE",
    "_X_AMZN_TRACE_ID",
];

pub(super) fn replay(case: &Case) -> Replay {
    let config: Config = read("a logger", &case.json["config"])?;
    let is_own = |(key, value): &(&String, &Value)| OWN_KEYS.contains(&key.as_str()) && !value.is_null();
    if let Some((key, _)) = config.persistent_keys.iter().find(is_own) {
        return unsupported(format!("rewriting the line's own key `{key}`"));
    }
    if config.formatter.as_ref().is_some_and(|formatter| formatter != "datadog") {
        return unsupported("custom formatters");
    }
    if config.level.as_ref().is_some_and(|level| level.parse::<pilaster::observe::logging::Level>().is_err()) {
        return unsupported("a level that has no name here");
    }
    let env = variables(case, &VARIABLES)?;
    let input: Input = read("an input", &case.json["input"])?;
    child::check(&input.actions)?;
    if input.clock.as_ref().is_some_and(|clock| child::milliseconds(clock).is_none()) {
        return unsupported("a clock of another form");
    }
    // A decorator without options, and without a handler with calls, does not belong to a case.
    let handler = input.handler.as_ref();
    child::check(handler.map_or(&[], |handler| &handler.actions))?;
    let path = handler.and_then(|handler| handler.inject.correlation_id_path.as_deref());
    let nothing = pilaster::idempotency::Document::of(&Value::Null).map_err(|error| Stop::Broken(error.to_string()))?;
    if path.is_some_and(|path| child::pointer(path).is_none() && nothing.search(path).is_err()) {
        return unsupported("correlation ids by an invalid JMESPath expression");
    }
    if case.json["expected"].to_string().contains("\"$frame_keys\"") {
        return unsupported("the frames of an error's stack, which an error in Rust does not have");
    }
    only_these(&case.json["expected"], &["lines", "key_order", "warnings", "raw", "handler_error"])?;
    let observed = run(&case.json, &env)?;
    lines::compare(&case.json, observed)
}

/// Runs the case in a child, and reads what that saw.
fn run(case: &Value, env: &BTreeMap<String, String>) -> Result<Value, Stop> {
    let broken = |what: &str, error: &dyn std::fmt::Display| Stop::Broken(format!("the child {what}: {error}"));
    let program = std::env::current_exe().map_err(|error| broken("has no program", &error))?;
    let mut command = Command::new(program);
    command.arg(child::ARGUMENT).env_clear().stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    // As Lambda sets them.
    command.env("AWS_LAMBDA_LOG_FORMAT", "JSON").env("AWS_LAMBDA_FUNCTION_VERSION", "$LATEST");
    let context = &case["input"]["lambda_context"];
    let text = |names: [&str; 2], default: &str| {
        let value = names.iter().find_map(|name| context.get(*name));
        value.map_or_else(|| default.to_owned(), |value| value.as_str().map_or(value.to_string(), ToOwned::to_owned))
    };
    command.env("AWS_LAMBDA_FUNCTION_NAME", text(["function_name", "functionName"], "fn"));
    command.env("AWS_LAMBDA_FUNCTION_MEMORY_SIZE", text(["memory_limit_in_mb", "memoryLimitInMB"], "128"));
    for (name, value) in env {
        // The runtime gets a trace header with each invocation.
        if name != "_X_AMZN_TRACE_ID" {
            command.env(name, value);
        }
    }
    let mut child = command.spawn().map_err(|error| broken("does not start", &error))?;
    if let Some(mut stdin) = child.stdin.take() {
        stdin.write_all(case.to_string().as_bytes()).map_err(|error| broken("reads nothing", &error))?;
    }
    let output = child.wait_with_output().map_err(|error| broken("does not end", &error))?;
    let text = String::from_utf8_lossy(&output.stdout);
    serde_json::from_str(&text)
        .map_err(|error| broken(&format!("said {:?} ({})", text, String::from_utf8_lossy(&output.stderr)), &error))
}

/// The invocations that a case is about; one without events, for calls that need one.
fn invocations(case: &Value) -> Option<Vec<Value>> {
    if let Some(events) = case["input"]["invocations"].as_array() {
        return Some(events.clone());
    }
    let actions = case["input"]["actions"].as_array();
    let adds_context = actions.is_some_and(|actions| actions.iter().any(|action| action[0] == "addContext"));
    // A trace and a sampling decision belong to an invocation here.
    let per_invocation = case["env"].get("_X_AMZN_TRACE_ID").is_some()
        || case["env"].get("POWERTOOLS_LOGGER_SAMPLE_RATE").is_some()
        || case["config"].get("sampling_rate").is_some()
        || case["config"].get("sampleRateValue").is_some();
    (adds_context || per_invocation).then(|| vec![json!({})])
}

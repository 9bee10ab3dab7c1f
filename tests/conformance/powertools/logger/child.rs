//! The child's part: logs as the case does, and prints the lines.

use std::borrow::Cow;
use std::io::Read as _;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use lambda_runtime::{Config, Context, LambdaEvent};
use pilaster::observe::logging::{self, AsJson, Buffer, CapturedLogs, ErrorKeys, Level, LoggingLayer, Logs, emit};
use pilaster::{FunctionError, Incoming, Outgoing};
use serde_json::value::RawValue;
use serde_json::{Map, Value, json};
use tower::{Layer, ServiceExt, service_fn};

use super::invocations;
use crate::{Stop, unsupported};

/// The argument with which the parent starts the program.
pub(crate) const ARGUMENT: &str = "--replay-logger";

/// Reads a case, and prints `{text, warnings, handler_error}`.
pub(crate) fn main() {
    let mut text = String::new();
    let read = std::io::stdin().read_to_string(&mut text);
    let case: Value = read.ok().and_then(|_| serde_json::from_str(&text).ok()).unwrap_or_default();
    let captured = CapturedLogs::default();
    let logs = logs(&case).writer(captured.clone());
    let warnings = logs.warnings();
    let _guard = tracing::subscriber::set_default(logs.build());
    let error = match invocations(&case) {
        None => {
            act(&case["input"]["actions"]);
            None
        }
        Some(events) => crate::exchange::block_on(invoke(&case, events)),
    };
    println!("{}", json!({ "text": captured.text(), "warnings": warnings, "handler_error": error }));
}

fn logs(case: &Value) -> Logs {
    let config = &case["config"];
    let text = |names: [&str; 2]| names.iter().find_map(|name| config[*name].as_str());
    let mut logs = Logs::from_env();
    if let Some(service) = text(["service", "serviceName"]) {
        logs = logs.service(service);
    }
    if let Some(level) = text(["level", "logLevel"]).and_then(|level| level.parse().ok()) {
        logs = logs.level(level);
    }
    if let Some(rate) = config["sampling_rate"].as_f64().or(config["sampleRateValue"].as_f64()) {
        logs = logs.sample_rate(rate);
    }
    for keys in [&config["persistent_keys"], &config["persistentKeys"]] {
        for (key, value) in keys.as_object().into_iter().flatten() {
            logs = match (key.as_str(), value) {
                // The level stays in Python, too.
                ("level" | "message", Value::Null) => logs,
                (key, Value::Null) => logs.without(key),
                _ => logs.key(key, value),
            };
        }
    }
    logs = logs.errors(if case["lang"] == "typescript" { ErrorKeys::TypeScript } else { ErrorKeys::Python });
    if let Some(log_event) = case.pointer("/input/handler/inject/log_event").and_then(Value::as_bool) {
        logs = logs.log_event(log_event);
    }
    match case["input"]["clock"].as_str().and_then(milliseconds) {
        Some(at) => logs.clock(move || SystemTime::UNIX_EPOCH + Duration::from_millis(at)),
        None => logs,
    }
}

/// Milliseconds since 1970 of `2024-01-02T03:04:05.750Z`.
pub(super) fn milliseconds(text: &str) -> Option<u64> {
    let number = |range: std::ops::Range<usize>| text.get(range)?.parse::<u64>().ok();
    let (year, month, day) = (number(0..4)?, number(5..7)?, number(8..10)?);
    // Days since 1970, by the civil calendar with years from March on.
    let (y, m) = if month > 2 { (year, month - 3) } else { (year - 1, month + 9) };
    let days = 365 * y + y / 4 - y / 100 + y / 400 + (153 * m + 2) / 5 + day - 1 - 719_468;
    Some((days * 86_400 + number(11..13)? * 3_600 + number(14..16)? * 60 + number(17..19)?) * 1_000 + number(20..23)?)
}

/// Runs one invocation after the other, through the layer that gives lines their context.
async fn invoke(case: &Value, events: Vec<Value>) -> Option<String> {
    let path = case.pointer("/input/handler/inject/correlation_id_path").and_then(Value::as_str);
    let mut layer = match (path.and_then(pointer), path) {
        (Some(pointer), _) => LoggingLayer::new().correlation_id(pointer),
        (None, Some(expression)) => LoggingLayer::new().correlation_id_by(expression),
        (None, None) => LoggingLayer::new(),
    };
    if let Some(buffer) = buffer(&case["config"]) {
        layer = layer.buffer(buffer);
    }
    // Each trace is a separate invocation.
    let actions = case["input"]["actions"].as_array().map_or(&[][..], Vec::as_slice);
    let parts = actions.split(|action| action[0] == "set_env").map(|part| Value::from(part.to_vec()));
    let events = events.iter().flat_map(|event| parts.clone().map(move |part| (event, part)));
    let mut failed = None;
    for (event, actions) in events {
        let handler = case["input"]["handler"].clone();
        let function = service_fn(move |incoming: Incoming| {
            act(&actions);
            act(&handler["actions"]);
            let answer: Result<Outgoing, FunctionError> = match handler["raise"].as_str() {
                Some(message) => Err(FunctionError::new("Exception", message.to_owned())),
                None => Outgoing::try_from(incoming.event),
            };
            std::future::ready(answer)
        });
        let Ok(event) = RawValue::from_string(event.to_string()) else { continue };
        let incoming = Incoming::new(LambdaEvent::new(event, context(case)));
        if let Err(error) = layer.layer(function).oneshot(incoming).await {
            failed = Some(error.message().to_owned());
        }
    }
    failed
}

/// The buffer of a logger's options, of both languages.
fn buffer(config: &Value) -> Option<Buffer> {
    let options = match (config.get("buffer"), config.get("logBufferOptions")) {
        (Some(options), _) => options,
        (_, Some(options)) if options["enabled"] != false => options,
        _ => return None,
    };
    let option = |names: [&str; 2]| names.iter().find_map(|name| options.get(*name));
    let mut buffer = Buffer::new();
    if let Some(bytes) = option(["max_bytes", "maxBytes"]).and_then(Value::as_u64) {
        buffer = buffer.max_bytes(usize::try_from(bytes).unwrap_or(usize::MAX));
    }
    let level = option(["buffer_at_verbosity", "bufferAtVerbosity"]).and_then(Value::as_str);
    if let Some(level) = level.and_then(|level| level.parse().ok()) {
        buffer = buffer.level(level);
    }
    if let Some(flush) = option(["flush_on_error_log", "flushOnErrorLog"]).and_then(Value::as_bool) {
        buffer = buffer.flush_on_error(flush);
    }
    Some(buffer)
}

/// The context as the runtime makes it: of the environment, and of the headers of an invocation.
fn context(case: &Value) -> Context {
    let given = &case["input"]["lambda_context"];
    let text = |names: [&str; 2]| names.iter().find_map(|name| given[*name].as_str()).unwrap_or_default().to_owned();
    let mut context = Context::default();
    context.env_config = Arc::new(Config::from_env());
    context.request_id = text(["aws_request_id", "awsRequestId"]);
    context.invoked_function_arn = text(["invoked_function_arn", "invokedFunctionArn"]);
    context.tenant_id = given["tenantId"].as_str().or(given["tenant_id"].as_str()).map(ToOwned::to_owned);
    context.xray_trace_id = case["env"]["_X_AMZN_TRACE_ID"].as_str().map(ToOwned::to_owned);
    context
}

/// `headers."x-amzn-trace-id"` as a JSON Pointer; `None` for any other expression.
pub(super) fn pointer(path: &str) -> Option<String> {
    let mut pointer = String::new();
    for name in path.split('.') {
        let quoted = name.strip_prefix('"').and_then(|name| name.strip_suffix('"'));
        let plain = name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_');
        pointer.push('/');
        pointer.push_str(quoted.or(plain.then_some(name)).filter(|name| !name.is_empty())?);
    }
    Some(pointer)
}

/// An error of the class that JavaScript's are of.
#[derive(Debug)]
struct Error(String);

impl std::fmt::Display for Error {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for Error {}

/// A call of the logger as one of Pilaster's.
enum Call<'c> {
    /// A line: level, message, keys.
    Line(Level, Cow<'c, Value>, Map<String, Value>),
    Failure(&'c str, &'c str),
    Append(&'c Map<String, Value>),
    Remove(Vec<&'c str>),
    Clear,
    Correlate(&'c str),
    Within(&'c Map<String, Value>, &'c Value),
    /// The context is in each line of an invocation without a call.
    AddContext,
    Flush,
    Drop,
    SetLevel(Level),
    /// Another trace, which the invocations are made of.
    NewTrace,
}

/// Checks that each call has a counterpart.
pub(super) fn check(actions: &[Value]) -> Result<(), Stop> {
    for action in actions {
        match call(action) {
            Some(Call::Within(_, inner)) => check(inner.as_array().map_or(&[], Vec::as_slice))?,
            Some(_) => {}
            None => {
                let name = action[0].as_str().unwrap_or_default();
                return unsupported(format!("the call `{name}` with these arguments"));
            }
        }
    }
    Ok(())
}

fn call(action: &Value) -> Option<Call<'_>> {
    let arguments = action.as_array()?.get(1..)?;
    Some(match (action[0].as_str()?, arguments) {
        ("append_keys" | "appendKeys" | "thread_safe_append_keys", [Value::Object(keys)]) => Call::Append(keys),
        ("remove_keys" | "removeKeys", [Value::Array(keys)]) => {
            Call::Remove(keys.iter().map(Value::as_str).collect::<Option<_>>()?)
        }
        ("clear_state" | "resetKeys", []) => Call::Clear,
        ("set_correlation_id" | "setCorrelationId", [Value::String(id)]) => Call::Correlate(id),
        ("context_keys", [Value::Object(keys), inner @ Value::Array(_)]) => Call::Within(keys, inner),
        ("addContext", []) => Call::AddContext,
        ("flush_buffer" | "flushBuffer", []) => Call::Flush,
        ("clear_buffer" | "clearBuffer", []) => Call::Drop,
        ("set_level" | "setLogLevel", [Value::String(level)]) => Call::SetLevel(level.parse().ok()?),
        ("set_env", [Value::String(name), Value::String(_)]) if name == "_X_AMZN_TRACE_ID" => Call::NewTrace,
        ("error_with", [Value::String(message), Value::String(error)]) => Call::Failure(message, error),
        (name, arguments) => {
            let level: Level = match name {
                "trace" | "debug" | "info" | "warn" | "warning" | "error" | "critical" => name.parse().ok()?,
                _ => return None,
            };
            match arguments {
                // TypeScript takes the message out of an object.
                [Value::Object(object)] if object.contains_key("message") && object.len() > 1 => {
                    let mut keys = object.clone();
                    keys.remove("message");
                    Call::Line(level, Cow::Borrowed(&action[1]["message"]), keys)
                }
                [message] => Call::Line(level, Cow::Borrowed(message), Map::new()),
                [Value::String(message), Value::Object(keys)] if keys.len() == 1 && keys.contains_key("$args") => {
                    Call::Line(level, Cow::Owned(json!(formatted(message, &keys["$args"]))), Map::new())
                }
                [message, Value::Object(keys)] => match keys.get("extra") {
                    Some(Value::Object(extra)) if keys.len() == 1 => {
                        Call::Line(level, Cow::Borrowed(message), extra.clone())
                    }
                    _ if keys.keys().any(|key| key.starts_with('$')) => return None,
                    _ if keys.contains_key("exc_info") || keys.contains_key("stack_info") => return None,
                    _ => Call::Line(level, Cow::Borrowed(message), keys.clone()),
                },
                _ => return None,
            }
        }
    })
}

/// `%s` and `%d` by the arguments in their order: what `format!` does where a line is written in Rust.
fn formatted(message: &str, arguments: &Value) -> String {
    let mut text = String::new();
    let mut arguments = arguments.as_array().into_iter().flatten();
    let mut rest = message;
    while let Some((before, after)) = rest.split_once('%') {
        text.push_str(before);
        if let Some(argument) = arguments.next() {
            text.push_str(&argument.as_str().map_or_else(|| argument.to_string(), ToOwned::to_owned));
        }
        rest = after.get(1..).unwrap_or_default();
    }
    text + rest
}

fn act(actions: &Value) {
    for action in actions.as_array().into_iter().flatten() {
        match call(action) {
            Some(Call::Line(level, message, keys)) => match message.as_str() {
                Some(text) => emit(level, text, &keys),
                None => emit(level, AsJson(message.as_ref()), &keys),
            },
            Some(Call::Failure(message, error)) => {
                let error = Error(error.to_owned());
                tracing::error!(error = &error as &dyn std::error::Error, "{message}");
            }
            Some(Call::Append(keys)) => logging::append_keys(keys),
            Some(Call::Remove(keys)) => logging::remove_keys(keys),
            Some(Call::Clear) => logging::clear_keys(),
            Some(Call::Correlate(id)) => logging::set_correlation_id(id),
            Some(Call::Within(keys, inner)) => logging::keys_span(keys).in_scope(|| act(inner)),
            Some(Call::Flush) => logging::flush_buffer(),
            Some(Call::Drop) => logging::clear_buffer(),
            Some(Call::SetLevel(level)) => logging::set_level(level),
            Some(Call::AddContext | Call::NewTrace) | None => {}
        }
    }
}

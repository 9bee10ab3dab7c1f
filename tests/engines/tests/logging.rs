//! Log lines beside those that Powertools for Python writes of the same calls, key by key.

use std::io::Write as _;
use std::process::{Command, Stdio};

use lambda_runtime::{Config, Context, LambdaEvent};
use pilaster::observe::logging::{self, Buffer, CapturedLogs, Level, LoggingLayer, Logs, correlation_paths, emit};
use pilaster::{FunctionError, Incoming, Outgoing};
use serde_json::value::to_raw_value;
use serde_json::{Map, Value, json};
use tower::{Layer, ServiceExt, service_fn};

const TRACE: &str = "Root=1-67c39786-5908a82a246fb67f3089263f;Parent=53995c3f42cd8ad8;Sampled=1";

/// The first keys of a line of Powertools for Python, in its order.
const OWN_KEYS: [&str; 10] = [
    "level",
    "location",
    "message",
    "timestamp",
    "service",
    "cold_start",
    "function_name",
    "function_memory_size",
    "function_arn",
    "function_request_id",
];

fn context() -> Value {
    json!({
        "function_name": "fn", "memory_limit_in_mb": 256, "aws_request_id": "52fdfc07-2182-154f-163f-5f0f9a621d72",
        "invoked_function_arn": "arn:aws:lambda:eu-west-1:123456789012:function:fn",
    })
}

fn cases() -> Value {
    let order = json!({ "id": 42, "lines": [{ "sku": "ü-1", "n": 1.5 }], "none": null });
    json!([
        {
            "service": "plain", "keys": { "version": "1.4", "region": "eu" }, "buffer": null,
            "correlation": "requestContext.requestId", "context": context(), "trace": TRACE,
            "invocations": [
                { "event": { "requestContext": { "requestId": "r-1" } }, "calls": [
                    ["info", "Hello", {}],
                    ["debug", "not written", {}],
                    ["append_keys", { "order": order, "user": "u-1", "gone": null }],
                    ["info", "with keys", { "attempt": 2, "user": "this line's", "flag": true }],
                    ["warning", "a \"quoted\"\nline \u{1f600} \u{0}", { "empty": "", "list": [1, null] }],
                    ["remove_keys", ["order", "nowhere"]],
                    ["correlate", "mine"],
                    ["error", "failed", { "nothing": null, "big": 9_007_199_254_740_993_u64 }],
                    ["critical", "fatal", {}],
                ] },
                { "event": {}, "calls": [["info", "the keys of another invocation are not here", {}]] },
            ],
        },
        {
            "service": "buffered", "keys": {}, "buffer": {}, "correlation": "requestContext.requestId", "context": context(),
            "trace": TRACE,
            "invocations": [
                { "event": {}, "calls": [["debug", "dropped at success", {}], ["info", "at once", {}]] },
                { "event": {}, "calls": [
                    ["debug", "one", { "step": 1 }], ["info", "at once", {}], ["debug", "two", {}], ["error", "failed", {}],
                    ["debug", "cleared", {}], ["clear"], ["debug", "three", {}], ["flush"], ["debug", "never", {}],
                ] },
                { "event": {}, "calls": [["debug", "what led to it", {}]], "raise": "boom" },
            ],
        },
        {
            "service": "warnings", "keys": {}, "buffer": { "buffer_at_verbosity": "WARNING", "flush_on_error_log": false },
            "correlation": "requestContext.requestId", "context": context(), "trace": TRACE,
            "invocations": [
                { "event": {}, "calls": [["warning", "held", {}], ["error", "alone", {}]] },
                { "event": {}, "calls": [["info", "one", {}], ["warning", "two", {}], ["flush"], ["error", "three", {}]] },
            ],
        },
    ])
}

fn act(calls: &Value) {
    for call in calls.as_array().expect("calls") {
        let (name, first) = (call[0].as_str().expect("a name"), &call[1]);
        let texts = || first.as_array().expect("keys").iter().filter_map(Value::as_str);
        match name {
            "append_keys" => logging::append_keys(first.as_object().expect("keys")),
            "remove_keys" => logging::remove_keys(texts()),
            "correlate" => logging::set_correlation_id(first.as_str().expect("an id")),
            "flush" => logging::flush_buffer(),
            "clear" => logging::clear_buffer(),
            level => {
                let level: Level = level.parse().expect("a level");
                emit(level, first.as_str().expect("a message"), call[2].as_object().expect("keys"));
            }
        }
    }
}

/// The lines that Pilaster writes.
async fn lines(case: &Value) -> Vec<String> {
    let captured = CapturedLogs::default();
    let mut logs = Logs::new().service(case["service"].as_str().expect("a name")).writer(captured.clone());
    for (key, value) in case["keys"].as_object().expect("keys") {
        logs = logs.key(key, value);
    }
    let _guard = tracing::subscriber::set_default(logs.build());
    let mut layer = LoggingLayer::new().correlation_id(correlation_paths::API_GATEWAY_REST);
    if let Some(options) = case["buffer"].as_object() {
        let mut buffer = Buffer::new();
        if options.contains_key("buffer_at_verbosity") {
            buffer = buffer.level(Level::Warn).flush_on_error(false);
        }
        layer = layer.buffer(buffer);
    }
    for invocation in case["invocations"].as_array().expect("invocations") {
        let this = invocation.clone();
        let function = service_fn(move |incoming: Incoming| {
            act(&this["calls"]);
            let answer: Result<Outgoing, _> = match this["raise"].as_str() {
                Some(text) => Err(FunctionError::new("ValueError", text.to_owned())),
                None => Outgoing::try_from(incoming.event),
            };
            std::future::ready(answer)
        });
        let mut context = Context::default();
        let text = |name: &str| case["context"][name].as_str().expect("text").to_owned();
        context.request_id = text("aws_request_id");
        context.invoked_function_arn = text("invoked_function_arn");
        context.xray_trace_id = Some(TRACE.to_owned());
        context.env_config = Config { function_name: text("function_name"), memory: 256, ..Default::default() }.into();
        let event = to_raw_value(&invocation["event"]).expect("JSON");
        let _ = layer.layer(function).oneshot(Incoming::new(LambdaEvent::new(event, context))).await;
    }
    captured.text().lines().map(str::to_owned).collect()
}

/// Returns the parts of a line to compare: all except intended differences.
fn comparable(line: &Value) -> Map<String, Value> {
    let mut line = line.as_object().expect("a line").clone();
    // Lambda's level filter does not know Python's names.
    for (theirs, own) in [("WARNING", "WARN"), ("CRITICAL", "FATAL")] {
        if line["level"] == theirs {
            line["level"] = json!(own);
        }
    }
    // There in both: where it was written, and when, in RFC 3339 here.
    for key in ["location", "timestamp"] {
        assert!(line[key].is_string());
        line[key] = json!(true);
    }
    line
}

#[tokio::test]
async fn powertools_for_python_writes_the_same_keys_and_values_of_the_same_calls() {
    let cases = cases();
    let mut python = Command::new(engines::programs().join("python"))
        .arg(concat!(env!("CARGO_MANIFEST_DIR"), "/python/log_lines.py"))
        .env_remove("POWERTOOLS_DEV")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .expect("python starts");
    let mut stdin = python.stdin.take().expect("a pipe");
    stdin.write_all(cases.to_string().as_bytes()).expect("it reads");
    drop(stdin);
    let output = python.wait_with_output().expect("its end");
    assert!(output.status.success());
    let theirs: Vec<Vec<Value>> = serde_json::from_slice(&output.stdout).expect("JSON");
    let mut compared = 0;
    for (case, theirs) in cases.as_array().expect("cases").iter().zip(&theirs) {
        let own = lines(case).await;
        for line in &own {
            // A line of the SDK has no place in the function's code.
            let is_own = line.contains(r#""message":"the invocation failed""#);
            let places: Vec<_> = OWN_KEYS
                .iter()
                .filter(|&&key| !(is_own && key == "location"))
                .map(|key| line.find(&format!("\"{key}\":")).unwrap_or_else(|| panic!("no {key} in {line}")))
                .collect();
            assert!(places.is_sorted(), "{line}");
        }
        let own: Vec<Value> = own.iter().map(|line| serde_json::from_str(line).expect("JSON")).collect();
        // A failed invocation is a line here, which Python leaves to the runtime.
        let own = own.iter().filter(|line| line["message"] != "the invocation failed").map(comparable);
        // And before it flushes, Python logs a line at DEBUG.
        let about_flush = "Uncaught error detected, flushing log buffer before exit";
        let theirs = theirs.iter().filter(|line| line["message"] != about_flush).map(comparable);
        let (own, theirs): (Vec<_>, Vec<_>) = (own.collect(), theirs.collect());
        for (own, theirs) in own.iter().zip(&theirs) {
            assert_eq!(own, theirs, "{}", case["service"]);
            compared += 1;
        }
        assert_eq!(own.len(), theirs.len(), "{}: {own:#?}\n{theirs:#?}", case["service"]);
    }
    assert_eq!(compared, 6 + 7 + 4, "as many lines as the calls write");
}

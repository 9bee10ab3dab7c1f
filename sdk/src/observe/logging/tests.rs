//! Tests of whole lines: what stands in them, for whom, and when.

mod held;
mod keys;
mod told;

use std::error::Error as StdError;
use std::fmt;
use std::process::Command;
use std::time::{Duration, SystemTime};

use lambda_runtime::Context;
use serde_json::{Value, json};
use tower::{Layer, Service, ServiceExt, service_fn};
use tracing::Instrument;
use tracing::subscriber::{set_default, with_default};

use super::*;
use crate::core::error::FunctionError;
use crate::core::invocation::Invocation;
use crate::core::raw::{Incoming, Outgoing};

const CLOCK: Duration = Duration::from_millis(1_704_164_645_750);

fn logs() -> (Logs, Captured) {
    let captured = Captured::default();
    let logs = Logs::new().service("payment").clock(|| SystemTime::UNIX_EPOCH + CLOCK).writer(captured.clone());
    (logs, captured)
}

fn from_vars(vars: &'static [(&str, &str)]) -> (Logs, Captured) {
    let captured = Captured::default();
    let var = |name: &str| vars.iter().find(|(key, _)| *key == name).map(|(_, value)| (*value).to_owned());
    let logs = Logs::from_vars(var).clock(|| SystemTime::UNIX_EPOCH + CLOCK).writer(captured.clone());
    (logs, captured)
}

fn invocation(request_id: &str) -> Invocation {
    let mut context = Context::default();
    context.request_id = request_id.to_owned();
    context.invoked_function_arn = "arn:aws:lambda:eu-west-1:809313241:function:test".to_owned();
    context.xray_trace_id =
        Some("Root=1-5759e988-bd862e3fe1be46a994272793;Parent=53995c3f42cd8ad8;Sampled=1".to_owned());
    let config = lambda_runtime::Config { function_name: "test".to_owned(), memory: 128, ..Default::default() };
    context.env_config = config.into();
    Invocation::new(context)
}

fn incoming(request_id: &str, event: &str) -> Incoming {
    Incoming {
        event: serde_json::value::RawValue::from_string(event.to_owned()).unwrap(),
        invocation: invocation(request_id),
    }
}

fn answer() -> Result<Outgoing, FunctionError> {
    Ok(Outgoing::serialize(&()).unwrap())
}

#[derive(Debug)]
struct Refused;

impl fmt::Display for Refused {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("connection refused")
    }
}

impl StdError for Refused {}

#[test]
fn a_line_outside_of_an_invocation_has_powertools_keys_in_their_order() {
    let (logs, captured) = logs();
    with_default(logs.build(), || tracing::info!(order_id = 42, "Hello"));
    let place = format!("sdk/src/observe/logging/tests.rs:{}", line!() - 1);
    let expected = format!(
        "{{\"level\":\"INFO\",\"location\":\"{place}\",\"message\":\"Hello\",\"timestamp\":\"2024-01-02T03:04:05.750Z\",\
         \"service\":\"payment\",\"order_id\":42}}\n"
    );
    assert_eq!(captured.text(), expected);
}

#[tokio::test]
async fn a_line_in_an_invocation_has_all_keys_in_their_order() {
    let (logs, captured) = logs();
    let _guard = set_default(logs.sample_rate(0.0).key("version", "1.4").build());
    let handler = service_fn(async |_: Incoming| {
        append_key("order", 7);
        async { tracing::warn!(user = "event", "Hello") }
            .instrument(tracing::info_span!("outer", step = 1, user = "span"))
            .await;
        answer()
    });
    let mut incoming = incoming("52fdfc07", r#"{"requestContext": {"requestId": "req-1"}}"#);
    incoming.invocation = incoming.invocation.with_cold_start(true);
    let service = LoggingLayer::new().correlation_id("/requestContext/requestId").layer(handler);
    service.oneshot(incoming).await.unwrap();

    let text = captured.text();
    let (_, rest) = text.split_once(r#""message""#).unwrap();
    assert_eq!(
        rest,
        concat!(
            r#":"Hello","timestamp":"2024-01-02T03:04:05.750Z","service":"payment","cold_start":true,"function_name":"test","#,
            r#""function_memory_size":128,"function_arn":"arn:aws:lambda:eu-west-1:809313241:function:test","#,
            r#""function_request_id":"52fdfc07","correlation_id":"req-1","#,
            r#""xray_trace_id":"1-5759e988-bd862e3fe1be46a994272793","sampling_rate":0.0,"#,
            r#""version":"1.4","order":7,"step":1,"user":"event"}"#,
            "\n"
        )
    );
}

#[test]
fn without_a_trace_there_is_no_trace_key_and_with_a_tenant_there_is_one() {
    let (logs, captured) = logs();
    with_default(logs.build(), || {
        let mut context = Context::default();
        context.tenant_id = Some("t-1".to_owned());
        scope::InvocationContext::open(&Invocation::new(context)).in_scope(|| tracing::info!("x"));
    });
    let line = &captured.lines()[0];
    assert_eq!(line.get("xray_trace_id"), None);
    assert_eq!(line["tenant_id"], "t-1");
    assert_eq!(line["cold_start"], false);
}

#[test]
fn no_field_overwrites_one_of_the_lines_own_keys() {
    let (logs, captured) = logs();
    with_default(logs.key("timestamp", "mine").build(), || {
        append_key("service", "mine");
        tracing::info_span!("s", message = "mine", xray_trace_id = "mine").in_scope(|| {
            tracing::info!(
                level = "mine",
                location = "mine",
                cold_start = "mine",
                function_name = "mine",
                function_memory_size = "mine",
                function_arn = "mine",
                function_request_id = "mine",
                correlation_id = "mine",
                tenant_id = "mine",
                sampling_rate = "mine",
                "mine?"
            );
        });
    });
    let line = captured.lines().remove(0);
    assert_eq!(line["message"], "mine?");
    assert_eq!(line["service"], "payment");
    let renamed = line.as_object().unwrap().iter().filter(|(key, _)| key.ends_with('_')).count();
    assert_eq!(renamed, 14);
    assert_eq!(line.as_object().unwrap().values().filter(|value| *value == "mine").count(), 14);
}

#[test]
fn a_key_occurs_once_and_the_innermost_says_its_value() {
    let (logs, captured) = logs();
    with_default(logs.key("a", "static").key("k", "static").build(), || {
        append_key("a", "appended");
        let outer = tracing::info_span!("outer", a = "outer", b = "outer", c = "outer", late = tracing::field::Empty);
        let _outer = outer.enter();
        outer.record("late", 1);
        outer.record("late", 2);
        let _inner = tracing::info_span!("inner", b = "inner", c = "inner").entered();
        tracing::info!(c = "event", r#type = "raw", none = None::<u8>, "x");
    });
    let text = captured.text();
    let (_, keys) = text.split_once(r#""service":"payment","#).unwrap();
    assert_eq!(keys, "\"k\":\"static\",\"a\":\"outer\",\"late\":2,\"b\":\"inner\",\"c\":\"event\",\"type\":\"raw\"}\n");
}

#[test]
fn hostile_strings_make_one_line_of_json() {
    let hostile = "\u{0}\u{1b}[31m\"}\n{\"level\":\"FATAL\"}\r\n\\\u{2028}\u{fffd}\u{10ffff}\u{7f}\\ud800\t";
    let (logs, captured) = logs();
    with_default(logs.build(), || {
        append_key(hostile, hostile);
        let keys = json!({hostile.to_owned() + "2": {hostile: hostile}});
        keys_span(keys.as_object().unwrap()).in_scope(|| {
            tracing::info!(text = hostile, debug = ?hostile, "quo\"ted" = %hostile, "{hostile}");
        });
        emit(Level::Info, hostile, keys.as_object().unwrap());
    });
    assert_eq!(captured.text().matches('\n').count(), 2);
    let lines = captured.lines();
    assert_eq!(lines[0]["message"], hostile);
    assert_eq!(lines[0]["text"], hostile);
    assert_eq!(lines[0]["debug"], format!("{hostile:?}"));
    assert_eq!(lines[0]["quo\"ted"], hostile);
    assert_eq!(lines[0][hostile], hostile);
    assert_eq!(lines[1][hostile.to_owned() + "2"][hostile], hostile);
}

#[test]
fn every_kind_of_value_is_json() {
    let (logs, captured) = logs();
    let io = FunctionError::new("Save", "not saved").with_source(Refused);
    with_default(logs.build(), || {
        tracing::info!(
            nan = f64::NAN,
            infinite = f64::NEG_INFINITY,
            float = 1e300,
            whole = 2.0,
            big = u128::MAX,
            small = -1_i128,
            yes = true,
            bytes = &b"\x00\xff"[..],
            error = &io as &(dyn StdError + 'static),
            json = %Json(json!({"a": [1, null]})),
            nothing = %Json(serde_json::Value::Null),
            part = %format_args!("{}!", Json(1)),
            "x"
        );
    });
    let line = captured.lines().remove(0);
    assert_eq!(line["nan"], "NaN");
    assert_eq!(line["infinite"], "-inf");
    assert_eq!(line["float"], 1e300);
    assert_eq!(line["whole"], 2.0);
    assert_eq!(line["big"], u128::MAX.to_string());
    assert_eq!(line["small"], -1);
    assert_eq!(line["yes"], true);
    assert!(line["bytes"].is_string());
    assert_eq!(line["error"], "not saved");
    assert_eq!(line["error_chain"], json!(["connection refused"]));
    assert_eq!(line["json"], json!({"a": [1, null]}));
    assert_eq!(line.get("nothing"), None);
    assert_eq!(line["part"], "1!");
}

#[test]
fn a_message_of_json_stays_json_and_text_that_looks_like_it_stays_text() {
    let (logs, captured) = logs();
    with_default(logs.build(), || {
        tracing::info!("{}", Json(json!({"x": "isx"})));
        tracing::info!(message = %Json(1.5));
        tracing::info!("123");
    });
    let messages: Vec<Value> = captured.lines().into_iter().map(|mut line| line["message"].take()).collect();
    assert_eq!(messages, [json!({"x": "isx"}), json!(1.5), json!("123")]);
}

#[test]
fn a_huge_event_is_one_bounded_line() {
    struct Endless;
    impl fmt::Debug for Endless {
        fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            loop {
                f.write_str("for ever\n")?;
            }
        }
    }
    let (logs, captured) = logs();
    let huge = "x".repeat(1_000_000);
    with_default(logs.build(), || {
        tracing::info!(endless = ?Endless, huge, json = %Json(&huge), short = "kept", "{huge}");
    });
    assert!(captured.text().len() <= bound::MAX_LINE);
    let line = captured.lines().remove(0);
    for key in ["endless", "huge", "json", "message"] {
        assert!(line[key].as_str().unwrap().ends_with("... [truncated]"), "{key}");
    }
    assert_eq!(line["short"], "kept");
}

#[test]
fn a_debug_that_logs_and_one_that_panics_leave_the_log_working() {
    struct Talkative;
    impl fmt::Debug for Talkative {
        fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            tracing::info!("within");
            f.write_str("said")
        }
    }
    struct Broken;
    impl fmt::Debug for Broken {
        fn fmt(&self, _: &mut fmt::Formatter<'_>) -> fmt::Result {
            panic!("broken")
        }
    }
    // Not by `with_default`, within which tracing does not let an event happen inside of another.
    if let Some((logs, captured)) = child("a_debug_that_logs_and_one_that_panics_leave_the_log_working") {
        assert!(logs.init());
        tracing::info!(talkative = ?Talkative, "around");
        let _ = std::panic::catch_unwind(|| tracing::info!(broken = ?Broken, "never"));
        tracing::info!("after");
        let said: Vec<Value> = captured.lines().into_iter().map(|mut line| line["message"].take()).collect();
        assert_eq!(said, ["within", "around", "broken", "after"]);
    }
}

/// Eight invocations at once, with five steps each: two lines a step, the second from a spawned task.
async fn interleave() {
    let handler = service_fn(async |incoming: Incoming| {
        let id = incoming.invocation.request_id().to_owned();
        append_key("mine", &id);
        set_correlation_id(id.clone());
        for step in 0..5 {
            tokio::task::yield_now().await;
            tracing::info!(step, expected = id, "x");
            let spawned = async move { tracing::info!(spawned = true, "x") }.in_current_span();
            tokio::spawn(spawned).await.unwrap();
        }
        answer()
    });
    let service = LoggingLayer::new().layer(handler);
    let calls: Vec<_> = (0..8)
        .map(|n| {
            let mut service = service.clone();
            tokio::spawn(async move { service.call(incoming(&format!("id-{n}"), "{}")).await })
        })
        .collect();
    for call in calls {
        call.await.unwrap().unwrap();
    }
    tracing::info!("outside");
}

fn assert_context_was_kept(captured: &Captured) {
    let mut lines = captured.lines();
    let outside = lines.pop().unwrap();
    assert_eq!((outside.get("mine"), outside.get("function_request_id")), (None, None));
    assert_eq!(lines.len(), 8 * 5 * 2);
    for line in &lines {
        let id = &line["function_request_id"];
        assert!(id.is_string());
        assert_eq!((&line["mine"], &line["correlation_id"]), (id, id));
        assert!(line.get("expected").is_none_or(|expected| expected == id));
    }
}

#[tokio::test]
async fn interleaved_invocations_keep_their_context() {
    let (logs, captured) = logs();
    let _guard = set_default(logs.build());
    interleave().await;
    assert_context_was_kept(&captured);
    let lines = captured.lines();
    let changes = lines.windows(2).filter(|pair| pair[0]["mine"] != pair[1]["mine"]).count();
    assert!(changes > 8, "they did interleave");
}

#[test]
fn invocations_on_several_threads_keep_their_context() {
    if let Some((logs, captured)) = child("invocations_on_several_threads_keep_their_context") {
        assert!(logs.init());
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(4).build().unwrap();
        runtime.block_on(interleave());
        assert_context_was_kept(&captured);
    }
}

#[test]
fn keys_can_be_appended_removed_and_cleared() {
    let (logs, captured) = logs();
    with_default(logs.key("kept", 1).build(), || {
        append_keys(json!({"a": 1, "b": {"c": 2}, "none": null}).as_object().unwrap());
        tracing::info!("x");
        append_key("b", Value::Null);
        tracing::info!("x");
        append_key("level", 1);
        remove_keys(["a", "level"]);
        tracing::info!("x");
        append_key("a", 1);
        clear_keys();
        tracing::info!("x");
    });
    let keys = |line: &Value| -> Value {
        let keys = line.as_object().unwrap();
        keys.iter()
            .filter(|(key, _)| ["kept", "a", "b", "none", "level_"].contains(&key.as_str()))
            .map(|(k, v)| (k.clone(), v.clone()))
            .collect()
    };
    let lines: Vec<Value> = captured.lines().iter().map(keys).collect();
    assert_eq!(
        lines,
        [json!({"kept": 1, "a": 1, "b": {"c": 2}}), json!({"kept": 1, "a": 1}), json!({"kept": 1}), json!({"kept": 1})]
    );
}

#[tokio::test]
async fn a_failed_invocation_is_one_line_with_type_text_and_causes() {
    let (logs, captured) = logs();
    let _guard = set_default(logs.build());
    let handler = service_fn(async |_: Incoming| {
        Err::<Outgoing, _>(FunctionError::new("OutOfStock", "no umbrella is left").with_source(Refused))
    });
    let failed = LoggingLayer::new().layer(handler).oneshot(incoming("id-1", "{}")).await;
    assert_eq!(failed.unwrap_err().error_type(), "OutOfStock");
    let lines = captured.lines();
    assert_eq!(lines.len(), 1);
    assert_eq!(lines[0]["level"], "ERROR");
    assert_eq!(lines[0]["function_request_id"], "id-1");
    assert_eq!(lines[0]["error_type"], "OutOfStock");
    assert_eq!(lines[0]["error"], "no umbrella is left");
    assert_eq!(lines[0]["error_chain"], json!(["connection refused"]));
}

#[tokio::test]
async fn the_runtimes_own_line_about_a_failure_is_dropped_and_no_other_of_its_lines() {
    let (logs, captured) = logs();
    let _guard = set_default(logs.build());
    let _room = LoggingLayer::new().layer(());
    let error = FunctionError::new("OutOfStock", "no umbrella is left");
    tracing::error!(target: "lambda_runtime::layers::panic", "{error:?}");
    tracing::error!(target: "lambda_runtime::layers::api_client", status = 500, "no good");
    tracing::warn!(target: "lambda_runtime::runtime", "careful");
    tracing::info!(target: "lambda_runtime::runtime", "chatter");
    let said: Vec<Value> = captured.lines().into_iter().map(|mut line| line["message"].take()).collect();
    assert_eq!(said, ["no good", "careful"]);
}

#[tokio::test]
async fn the_event_is_logged_when_asked_for() {
    for (vars, logged) in [(&[][..], 0), (&[("POWERTOOLS_LOGGER_LOG_EVENT", "True")][..], 1)] {
        let (logs, captured) = from_vars(vars);
        let _guard = set_default(logs.format(Format::Json).build());
        let handler = service_fn(async |_: Incoming| answer());
        LoggingLayer::new().layer(handler).oneshot(incoming("id-1", "{\n  \"greeting\": \"hello\"\n}")).await.unwrap();
        let lines = captured.lines();
        assert_eq!(lines.len(), logged);
        if let Some(line) = lines.first() {
            assert_eq!(line["event"], json!({"greeting": "hello"}));
            assert_eq!(line["message"], "Lambda invocation event");
            assert_eq!(line["function_request_id"], "id-1");
        }
    }
}

#[tokio::test]
async fn an_event_too_large_for_a_line_is_cut() {
    let (logs, captured) = logs();
    let _guard = set_default(logs.log_event(true).build());
    let event = json!({"Records": vec!["x"; 1_000_000]}).to_string();
    let handler = service_fn(async |_: Incoming| answer());
    LoggingLayer::new().layer(handler).oneshot(incoming("id-1", &event)).await.unwrap();
    assert!(captured.text().len() <= bound::MAX_LINE);
    let line = captured.lines().remove(0);
    assert!(line["event"].as_str().unwrap().starts_with(r#"{"Records":["x","#));
}

/// The levels of the lines that are written with these variables.
fn written(vars: &'static [(&str, &str)]) -> (Vec<String>, Vec<String>) {
    let (logs, captured) = from_vars(vars);
    let warnings = logs.warnings();
    with_default(logs.format(Format::Json).build(), || {
        tracing::trace!("x");
        tracing::debug!("x");
        tracing::info!("x");
        tracing::warn!("x");
        tracing::error!("x");
        emit(Level::Fatal, "x", &serde_json::Map::new());
    });
    let levels = captured.lines().iter().map(|line| line["level"].as_str().unwrap().to_owned()).collect();
    (levels, warnings)
}

#[test]
fn the_level_is_taken_from_the_first_variable_that_says_one() {
    const ALL: [&str; 6] = ["TRACE", "DEBUG", "INFO", "WARN", "ERROR", "FATAL"];
    for (vars, from, complaint) in [
        (&[][..], 2, ""),
        (&[("AWS_LAMBDA_LOG_LEVEL", "TRACE")], 0, ""),
        (&[("AWS_LAMBDA_LOG_LEVEL", "FATAL")], 5, ""),
        (&[("POWERTOOLS_LOG_LEVEL", "warning")], 3, ""),
        (&[("LOG_LEVEL", "ERROR")], 4, ""),
        (&[("POWERTOOLS_LOG_LEVEL", "DEBUG"), ("LOG_LEVEL", "ERROR")], 1, ""),
        (&[("RUST_LOG", "debug")], 1, ""),
        (&[("RUST_LOG", "off")], 5, ""),
        (&[("POWERTOOLS_LOG_LEVEL", "INFO"), ("RUST_LOG", "debug")], 2, ""),
        (&[("AWS_LAMBDA_LOG_LEVEL", "INFO"), ("RUST_LOG", "off")], 2, ""),
        (&[("AWS_LAMBDA_LOG_LEVEL", "WARN"), ("RUST_LOG", "pilaster=trace")], 3, ""),
        (&[("AWS_LAMBDA_LOG_LEVEL", "DEBUG"), ("POWERTOOLS_LOG_LEVEL", "ERROR")], 1, ""),
        (
            &[("AWS_LAMBDA_LOG_LEVEL", "ERROR"), ("POWERTOOLS_LOG_LEVEL", "DEBUG")],
            4,
            "Current log level (DEBUG) does not match AWS Lambda Advanced Logging Controls minimum log level (ERROR). \
             This can lead to data loss, consider adjusting them.",
        ),
        (
            &[("AWS_LAMBDA_LOG_LEVEL", "LOUD")],
            2,
            "AWS_LAMBDA_LOG_LEVEL: \"LOUD\" is no log level: write TRACE, DEBUG, INFO, WARN, ERROR or FATAL",
        ),
        (&[("AWS_LAMBDA_LOG_LEVEL", "WARN"), ("POWERTOOLS_LOGGER_SAMPLE_RATE", "1")], 3, ""),
        (
            &[("POWERTOOLS_LOGGER_SAMPLE_RATE", "2")],
            2,
            "POWERTOOLS_LOGGER_SAMPLE_RATE: \"2\" is no sample rate: write a number from 0 to 1",
        ),
    ] {
        let (levels, warnings) = written(vars);
        assert_eq!(levels, ALL[from..], "{vars:?}");
        assert_eq!(warnings.concat(), complaint, "{vars:?}");
    }
}

#[test]
fn a_level_from_code_beats_the_variables_but_lambdas() {
    for (vars, debug) in [(&[("POWERTOOLS_LOG_LEVEL", "ERROR")][..], 1), (&[("AWS_LAMBDA_LOG_LEVEL", "INFO")][..], 0)] {
        let (logs, captured) = from_vars(vars);
        with_default(logs.level(Level::Debug).build(), || tracing::debug!("x"));
        assert_eq!(captured.text().lines().count(), debug, "{vars:?}");
    }
}

#[test]
fn a_sampled_invocation_is_logged_at_debug_and_an_unsampled_one_is_not() {
    for (rate, debug_lines) in [("1", 1), ("0", 0)] {
        let captured = Captured::default();
        let logs = Logs::from_vars(|name| match name {
            "POWERTOOLS_LOGGER_SAMPLE_RATE" => Some(rate.to_owned()),
            "AWS_LAMBDA_LOG_FORMAT" => Some("JSON".to_owned()),
            _ => None,
        });
        with_default(logs.writer(captured.clone()).build(), || {
            scope::InvocationContext::open(&invocation("id-1")).in_scope(|| {
                tracing::trace!("x");
                tracing::debug!("x");
                tracing::debug!(target: "hyper::client", "x");
                tracing::info!("x");
            });
        });
        let lines = captured.lines();
        assert_eq!(lines.iter().filter(|line| line["level"] == "DEBUG").count(), debug_lines);
        assert_eq!(lines.len(), debug_lines + 1);
        assert!(lines.iter().all(|line| line["sampling_rate"] == rate.parse::<f64>().unwrap()));
    }
}

#[test]
fn the_applications_spans_give_context_to_errors_at_any_level() {
    let (logs, captured) = logs();
    with_default(logs.level(Level::Error).build(), || {
        let _span = tracing::info_span!("order", id = 42).entered();
        tracing::info!("not written");
        tracing::error!("failed");
    });
    assert_eq!(captured.lines()[0]["id"], 42);
    assert_eq!(captured.lines().len(), 1);
}

#[test]
fn the_format_follows_lambda_and_is_text_by_hand() {
    let json = "{\"level\"";
    let text = "2024-01-02T03:04:05.750Z INFO  ";
    for (vars, start) in [
        (&[][..], text),
        (&[("AWS_LAMBDA_RUNTIME_API", "127.0.0.1:9001")], json),
        (&[("AWS_LAMBDA_RUNTIME_API", "127.0.0.1:9001"), ("AWS_LAMBDA_LOG_FORMAT", "Text")], text),
        (&[("AWS_LAMBDA_LOG_FORMAT", "JSON")], json),
        (&[("POWERTOOLS_DEV", "true")], "{\n    \"level\":\"INFO\",\n"),
    ] {
        let (logs, captured) = from_vars(vars);
        with_default(logs.build(), || tracing::info!("x"));
        assert!(captured.text().starts_with(start), "{vars:?}: {}", captured.text());
    }
}

#[tokio::test]
async fn a_line_of_text_is_one_line_whatever_is_in_it() {
    let (logs, captured) = logs();
    let _guard = set_default(logs.format(Format::Text).build());
    let handler = service_fn(async |_: Incoming| {
        tracing::warn!(order = 7, note = "a b\nc", user = "u-1", "first\nsecond");
        answer()
    });
    LoggingLayer::new().layer(handler).oneshot(incoming("id-1", "{}")).await.unwrap();
    let (start, end) = (
        "2024-01-02T03:04:05.750Z WARN  sdk/src/observe/logging/tests.rs:",
        " first\\nsecond order=7 note=\"a b\\nc\" user=u-1 function_request_id=id-1\n",
    );
    let text = captured.text();
    assert!(text.starts_with(start) && text.ends_with(end), "{text}");
}

#[test]
fn a_dependencys_place_starts_at_its_crate() {
    assert_eq!(head::shortened("/root/x/src/y-1/hyper-1.8.1/src/client/conn.rs"), "hyper-1.8.1/src/client/conn.rs");
    assert_eq!(head::shortened("examples/crud/src/main.rs"), "examples/crud/src/main.rs");
    assert_eq!(head::shortened("/build/main.rs"), "/build/main.rs");
}

#[test]
fn each_line_is_one_write() {
    #[derive(Clone, Default)]
    struct Counted(std::sync::Arc<std::sync::Mutex<Vec<Vec<u8>>>>);
    impl std::io::Write for Counted {
        fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
            self.0.lock().unwrap().push(bytes.to_vec());
            Ok(bytes.len())
        }
        fn flush(&mut self) -> std::io::Result<()> {
            Ok(())
        }
    }
    let counted = Counted::default();
    with_default(Logs::new().writer(counted.clone()).build(), || {
        tracing::info!(a = 1, "x");
        tracing::info!(b = "x".repeat(100_000), "x");
    });
    let writes = counted.0.lock().unwrap();
    assert_eq!(writes.len(), 2);
    assert!(writes.iter().all(|write| write.ends_with(b"}\n")));
}

/// Runs the test of this name in a process of its own, since it changes what is the process's. In there it returns what to
/// log with; here, after the child has passed, nothing.
fn child(name: &str) -> Option<(Logs, Captured)> {
    if std::env::var_os("PILASTER_TEST_CHILD").is_some() {
        return Some(logs());
    }
    let output = run_child(name);
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stdout));
    None
}

fn run_child(name: &str) -> std::process::Output {
    Command::new(std::env::current_exe().unwrap())
        .args(["--exact", &format!("observe::logging::tests::{name}"), "--nocapture", "--test-threads=1"])
        .env("PILASTER_TEST_CHILD", "1")
        .env("AWS_LAMBDA_LOG_FORMAT", "JSON")
        .env_remove("RUST_BACKTRACE")
        .output()
        .unwrap()
}

#[test]
fn a_panic_is_one_line_with_its_place_and_request_id_and_nothing_on_stderr() {
    if std::env::var_os("PILASTER_TEST_CHILD").is_some() {
        assert!(init());
        assert!(!init(), "a second subscriber is not installed, and nothing panics");
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        runtime.block_on(async {
            let _room = LoggingLayer::new().layer(());
            let boom = async {
                tokio::task::yield_now().await;
                panic!("boom \"{}\"\n", 1 + 1)
            };
            let caught = tokio::spawn(boom.instrument(scope::InvocationContext::open(&invocation("id-1")))).await;
            assert!(caught.unwrap_err().is_panic());
            tracing::error!(target: "lambda_runtime::layers::panic", error = ?"Any", "user handler panicked");
            let failed = service_fn(async |_: Incoming| Err::<Outgoing, _>(FunctionError::new("Panic", "boom")));
            LoggingLayer::new().layer(failed).oneshot(incoming("id-1", "{}")).await.unwrap_err();
        });
        return;
    }
    let output = run_child("a_panic_is_one_line_with_its_place_and_request_id_and_nothing_on_stderr");
    let stdout = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success(), "{stdout}");
    assert_eq!(String::from_utf8_lossy(&output.stderr), "");
    // The test harness writes `test name ... ` before it, without a line break.
    let lines: Vec<Value> =
        stdout.lines().filter_map(|line| serde_json::from_str(&line[line.find('{')?..]).ok()).collect();
    assert_eq!(lines.len(), 1, "{stdout}");
    assert_eq!(lines[0]["level"], "ERROR");
    assert_eq!(lines[0]["message"], "boom \"2\"\n");
    assert_eq!(lines[0]["error_type"], "Panic");
    assert_eq!(lines[0]["function_request_id"], "id-1");
    assert!(lines[0]["location"].as_str().unwrap().starts_with("sdk/src/observe/logging/tests.rs:"));
}

#[test]
fn settings_that_cannot_be_read_are_told_by_a_line_at_any_level() {
    if let Some((logs, captured)) = child("settings_that_cannot_be_read_are_told_by_a_line_at_any_level") {
        drop(logs);
        let logs = Logs::from_vars(|name| match name {
            "AWS_LAMBDA_LOG_LEVEL" => Some("ERROR".to_owned()),
            "LOG_LEVEL" => Some("LOUD".to_owned()),
            "AWS_LAMBDA_RUNTIME_API" => Some("127.0.0.1:9001".to_owned()),
            _ => None,
        });
        assert!(logs.writer(captured.clone()).init());
        let lines = captured.lines();
        assert_eq!(lines.len(), 1);
        assert_eq!(lines[0]["level"], "WARN");
        assert!(lines[0]["message"].as_str().unwrap().starts_with("LOG_LEVEL: \"LOUD\" is no log level"));
    }
}

#[test]
fn what_is_public_can_be_sent_shared_and_cloned() {
    fn check<T: Clone + Send + Sync + 'static>() {}
    check::<Lines>();
    check::<LoggingLayer>();
    check::<Logging<LoggingLayer>>();
    check::<Captured>();
    check::<Level>();
}

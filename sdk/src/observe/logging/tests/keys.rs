//! Tests of which keys stand in a line, and of what may not stand there.

use super::*;

#[test]
fn no_key_makes_a_line_a_blob_of_metrics_whoever_chose_it() {
    let blob = json!({
        "Timestamp": 1,
        "CloudWatchMetrics": [{"Namespace": "N", "Dimensions": [[]], "Metrics": [{"Name": "M"}]}],
    });
    let (logs, captured) = logs();
    with_default(logs.key("_aws", &blob).build(), || {
        tracing::info!("of the builder");
        append_key("_aws", &blob);
        append_keys(json!({"_aws": blob, "M": 1}).as_object().unwrap());
        append_process_key("_aws", &blob);
        tracing::info!(_aws = %Json(&blob), "appended, and a field");
        tracing::info_span!("span", _aws = %Json(&blob)).in_scope(|| tracing::info!("of a span"));
        keys_span(json!({"_aws": blob}).as_object().unwrap()).in_scope(|| tracing::info!("of a span of keys"));
        emit(Level::Info, Json(json!({"_aws": blob})), json!({"_aws": blob, "\u{5f}aws": 1}).as_object().unwrap());
        scope::InvocationContext::open(&invocation("id-1")).in_scope(|| {
            append_key(String::from("_aws"), &blob);
            tracing::info!("in an invocation");
        });
        remove_keys(["_aws"]);
    });
    let lines = captured.lines();
    assert_eq!(lines.len(), 6);
    for line in &lines {
        assert_eq!(line.get("_aws"), None, "{line}");
    }
    assert_eq!(lines[1]["_aws_"], blob);
}

/// An iterator, a text and a value that log while they are read, and one that panics.
struct Talkative;

impl AsRef<str> for Talkative {
    fn as_ref(&self) -> &str {
        tracing::info!("within");
        append_key("inner", 1);
        "outer"
    }
}

impl From<Talkative> for String {
    fn from(_: Talkative) -> Self {
        tracing::info!("within");
        append_key("inner", 1);
        "outer".to_owned()
    }
}

impl serde::Serialize for Talkative {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        tracing::info!("within");
        serializer.serialize_str(&current_keys().len().to_string())
    }
}

#[test]
fn what_the_caller_passes_may_log_and_panic_itself() {
    // Not by `with_default`, within which tracing does not let an event happen inside of another.
    if let Some((logs, captured)) = child("keys::what_the_caller_passes_may_log_and_panic_itself") {
        assert!(logs.init());
        // A lock that is held meanwhile would block this thread for ever.
        let (done, waits) = std::sync::mpsc::channel();
        std::thread::spawn(move || {
            let calls = || {
                append_key(Talkative, Talkative);
                append_process_key(Talkative, Talkative);
                remove_keys([Talkative]);
                remove_process_keys([Talkative]);
                remove_keys(std::iter::repeat_with(|| Talkative).take(2));
                set_correlation_id(Talkative);
                let panicking = std::iter::from_fn(|| -> Option<String> { panic!("broken") });
                let _ = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| remove_keys(panicking)));
            };
            calls();
            scope::InvocationContext::open(&invocation("id-1")).in_scope(calls);
            tracing::info!("after");
            let _ = done.send(());
        });
        waits.recv_timeout(Duration::from_secs(20)).expect("the log is not blocked");
        let lines = captured.lines();
        assert_eq!(lines.last().unwrap()["message"], "after");
        assert!(lines.iter().filter(|line| line["message"] == "within").count() >= 14);
    }
}

#[tokio::test]
async fn a_key_of_the_process_stands_in_all_later_lines_also_of_other_invocations() {
    let (logs, captured) = logs();
    let _guard = set_default(logs.build());
    let handler = service_fn(async |incoming: Incoming| {
        match incoming.invocation.request_id() {
            "id-1" => {
                append_process_key("table_version", 7);
                append_process_keys(json!({"region": "eu", "tier": 1}).as_object().unwrap());
                append_key("only_here", true);
            }
            "id-2" => append_key("tier", 2),
            _ => remove_process_keys(["table_version", "region"]),
        }
        tracing::info!("x");
        answer()
    });
    let service = LoggingLayer::new().layer(handler);
    for id in ["id-1", "id-2", "id-3"] {
        service.clone().oneshot(incoming(id, "{}")).await.unwrap();
    }
    let keys = |line: &Value| {
        ["table_version", "region", "tier", "only_here"].map(|key| line.get(key).cloned().unwrap_or_default())
    };
    let lines: Vec<_> = captured.lines().iter().map(keys).collect();
    assert_eq!(lines[0], [json!(7), json!("eu"), json!(1), json!(true)]);
    assert_eq!(lines[1], [json!(7), json!("eu"), json!(2), Value::Null]);
    assert_eq!(lines[2], [Value::Null, Value::Null, json!(1), Value::Null]);
}

#[test]
fn own_keys_can_be_left_out_but_level_and_message() {
    const OWN: [&str; 12] = [
        "location",
        "timestamp",
        "service",
        "cold_start",
        "function_name",
        "function_memory_size",
        "function_arn",
        "function_request_id",
        "correlation_id",
        "tenant_id",
        "xray_trace_id",
        "sampling_rate",
    ];
    for format in [Format::Json, Format::IndentedJson, Format::Text] {
        for left_out in OWN {
            let (logs, captured) = logs();
            let logs = logs.sample_rate(0.0).format(format).without(left_out);
            assert_eq!(logs.warnings().len(), usize::from(left_out == "timestamp"), "{left_out}");
            with_default(logs.build(), || {
                let mut context = invocation("id-1").context().clone();
                context.tenant_id = Some("t-1".to_owned());
                scope::InvocationContext::open(&Invocation::new(context)).in_scope(|| {
                    set_correlation_id("c-1");
                    tracing::info!(order = 1, "Hello");
                });
                tracing::info!("outside");
            });
            let text = captured.text();
            if format == Format::Text {
                assert!(text.contains("Hello order=1") && !text.contains(&format!("{left_out}=")), "{text}");
                assert_eq!(text.contains("2024-01-02T03:04:05.750Z"), left_out != "timestamp", "{text}");
                assert_eq!(text.contains("keys.rs"), left_out != "location", "{text}");
                continue;
            }
            let line: Value = serde_json::Deserializer::from_str(&text).into_iter().next().unwrap().unwrap();
            let there: Vec<_> = OWN.into_iter().filter(|key| line.get(key).is_some()).collect();
            let expected: Vec<_> = OWN.into_iter().filter(|key| *key != left_out).collect();
            assert_eq!(there, expected);
            assert_eq!(
                (&line["level"], &line["message"], &line["order"]),
                (&json!("INFO"), &json!("Hello"), &json!(1))
            );
        }
    }
    let logs = Logs::new().without("level").without("message").without("order");
    let warnings = logs.warnings();
    assert_eq!(warnings.len(), 3, "{warnings:?}");
    assert!(
        warnings[0].contains("`level` stays") && warnings[2].contains("`order` cannot be left out"),
        "{warnings:?}"
    );
}

#[derive(Debug, thiserror::Error)]
#[error("the card was refused")]
struct CardError {
    #[source]
    why: Refused,
}

fn line_of_an_error(keys: ErrorKeys) -> Value {
    let (logs, captured) = logs();
    with_default(logs.errors(keys).build(), || {
        let error = CardError { why: Refused };
        tracing::error!(order = 7, error = &error as &(dyn StdError + 'static), "not paid");
    });
    captured.lines().remove(0)
}

#[test]
fn an_error_stands_in_the_keys_that_are_chosen_and_says_its_type() {
    let line = line_of_an_error(ErrorKeys::Chain);
    assert_eq!((&line["error"], &line["error_type"]), (&json!("the card was refused"), &json!("CardError")));
    assert_eq!(line["error_chain"], json!(["connection refused"]));

    let line = line_of_an_error(ErrorKeys::Python);
    assert_eq!(line["exception"], "the card was refused\ncaused by: connection refused");
    assert_eq!((&line["exception_name"], &line["error_type"]), (&json!("CardError"), &json!("CardError")));
    assert_eq!(line["stack_trace"], json!({"type": "CardError", "value": "the card was refused", "frames": []}));
    assert_eq!((line.get("error"), &line["order"]), (None, &json!(7)));

    let mut line = line_of_an_error(ErrorKeys::TypeScript);
    let location = line["error"]["location"].take();
    assert!(location.as_str().unwrap().starts_with("sdk/src/observe/logging/tests/keys.rs:"), "{location}");
    let cause = json!({"name": "Refused", "message": "connection refused", "stack": "connection refused"});
    let error = json!({
        "name": "CardError", "location": null, "message": "the card was refused",
        "stack": "the card was refused\ncaused by: connection refused", "cause": cause,
    });
    assert_eq!((&line["error"], &line["error_type"]), (&error, &json!("CardError")));
}

#[test]
fn a_type_that_the_function_names_wins_wherever_it_stands() {
    let (logs, captured) = logs();
    with_default(logs.build(), || {
        let error: &(dyn StdError + 'static) = &Refused;
        tracing::error!(error_type = "Mine", error, "before");
        tracing::error!(error, error_type = "Mine", "after");
        tracing::error!(error, second = &FunctionError::new("Other", "x") as &(dyn StdError + 'static), "two");
        tracing::error!(message = error);
    });
    let lines = captured.lines();
    let types: Vec<_> = lines.iter().map(|line| line["error_type"].clone()).collect();
    assert_eq!(types, [json!("Mine"), json!("Mine"), json!("Refused"), Value::Null]);
    assert_eq!(lines[3]["message"], "connection refused");
}

#[test]
fn a_panic_stands_in_the_same_keys() {
    if std::env::var_os("PILASTER_TEST_CHILD").is_some() {
        let (logs, captured) = logs();
        assert!(logs.errors(ErrorKeys::Python).init());
        let _ = std::panic::catch_unwind(|| panic!("broken"));
        let line = captured.lines().remove(0);
        assert_eq!((&line["exception_name"], &line["exception"]), (&json!("Panic"), &json!("broken")));
        assert_eq!((&line["error_type"], &line["message"]), (&json!("Panic"), &json!("broken")));
        return;
    }
    let output = run_child("keys::a_panic_stands_in_the_same_keys");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stdout));
}

#[tokio::test]
async fn the_correlation_id_is_found_within_a_text() {
    let event = json!({"body": json!({"order": {"id": "o-1"}}).to_string()}).to_string();
    let layers = [
        LoggingLayer::new().correlation_id("/body/order/id"),
        #[cfg(feature = "idempotency")]
        LoggingLayer::new().correlation_id_by("powertools_json(body).order.id"),
    ];
    for layer in layers {
        let (logs, captured) = logs();
        let _guard = set_default(logs.build());
        let handler = service_fn(async |_: Incoming| {
            tracing::info!("x");
            answer()
        });
        layer.layer(handler).oneshot(incoming("id-1", &event)).await.unwrap();
        assert_eq!(captured.lines()[0]["correlation_id"], "o-1");
    }
}

#[cfg(feature = "idempotency")]
#[test]
#[should_panic(expected = "LoggingLayer::correlation_id_by: `[` is not a JMESPath expression")]
fn an_expression_that_is_none_is_a_mistake_at_the_start() {
    let _ = LoggingLayer::new().correlation_id_by("[").layer(());
}

/// As many keys as a caller may send.
fn many(first: usize, number: usize) -> serde_json::Map<String, Value> {
    (first..first + number).map(|at| (format!("k{at:06}"), json!(1))).collect()
}

#[test]
fn of_a_callers_map_of_keys_the_first_1000_stand_in_the_lines_and_one_warning_tells_so() {
    type Call = fn(&serde_json::Map<String, Value>);
    let calls: [(&str, Call); 4] = [
        ("append_keys", |keys| {
            append_keys(keys);
            append_keys(keys);
            append_key("one_more", 1);
            tracing::info!("x");
        }),
        ("append_process_keys", |keys| {
            append_process_keys(keys);
            append_process_key("one_more", 1);
            tracing::info!("x");
        }),
        ("keys_span", |keys| keys_span(keys).in_scope(|| tracing::info!("x"))),
        ("emit", |keys| {
            emit(Level::Debug, "x", keys);
            emit(Level::Info, "x", keys);
        }),
    ];
    for (name, call) in calls {
        let (logs, captured) = logs();
        with_default(logs.build(), || call(&many(0, 100_000)));
        let lines = captured.lines();
        assert_eq!(lines.len(), 2, "{name}");
        assert_eq!(lines[0]["level"], "WARN", "{name}");
        assert!(lines[0]["message"].as_str().unwrap().starts_with("keys are left out"), "{name}: {}", lines[0]);
        let line = lines[1].as_object().unwrap();
        let keys: Vec<_> = line.keys().filter(|key| key.starts_with('k') || *key == "one_more").collect();
        assert_eq!(keys.len(), 1_000, "{name}");
        assert!(line.contains_key("k000000") && line.contains_key("k000999"), "{name}");
    }
}

#[test]
fn keys_that_are_put_one_by_one_without_end_are_bounded_too() {
    let (logs, captured) = logs();
    with_default(logs.build(), || {
        for at in 0..3_000 {
            append_key(format!("k{at}"), at);
        }
        append_key("k0", "replaced");
        remove_keys((1..1_000).map(|at| format!("k{at}")));
        append_key("k5000", 1);
        assert_eq!(current_keys(), *json!({"k0": "replaced", "k5000": 1}).as_object().unwrap());
        append_keys(json!({"k0": null, "level": 1, "level_": 2}).as_object().unwrap());
        assert_eq!(current_keys(), *json!({"k5000": 1, "level_": 2}).as_object().unwrap());
    });
    assert_eq!(captured.lines().len(), 1, "one warning");
}

#[test]
fn of_many_keys_the_innermost_says_the_value_and_none_occurs_twice() {
    let (logs, captured) = logs();
    with_default(logs.format(Format::Json).build(), || {
        append_process_keys(&many(0, 600));
        keys_span(&many(300, 600)).in_scope(|| {
            emit(Level::Info, "x", json!({"k000500": "event"}).as_object().unwrap());
        });
    });
    let text = captured.text();
    let line = &captured.lines()[0];
    assert_eq!(line["k000500"], "event");
    for at in 0..900 {
        assert_eq!(text.matches(&format!("\"k{at:06}\"")).count(), 1, "{at}");
    }
}

#[test]
fn json_of_a_caller_with_line_breaks_is_one_line_wherever_it_stands() {
    for format in [Format::Json, Format::Text] {
        let (logs, captured) = logs();
        let raw = |text: &str| serde_json::value::RawValue::from_string(text.to_owned()).unwrap();
        let blob = raw("[\r\n{\"_aws\":{}}\r\n]");
        with_default(logs.format(format).key("builder", &blob).build(), || {
            append_key("appended", &blob);
            append_process_key("of_process", &blob);
            tracing::info_span!("span", of_span = %Json(&blob)).in_scope(|| {
                tracing::info!(field = %Json(&blob), message = %Json(&blob));
            });
        });
        let text = captured.text();
        assert_eq!(text.matches("_aws").count(), 6, "{text}");
        assert_eq!(text.split_terminator(['\n', '\r']).count(), 1, "{text}");
    }
}

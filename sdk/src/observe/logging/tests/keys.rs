//! Tests of the keys of a line, and of names that must not be keys.

use super::*;

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

#[test]
fn no_key_makes_a_line_a_blob_of_metrics() {
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
        tracing::info!(_aws = %AsJson(&blob), "appended, and a field");
        tracing::info_span!("span", _aws = %AsJson(&blob)).in_scope(|| tracing::info!("of a span"));
        keys_span(json!({"_aws": blob}).as_object().unwrap()).in_scope(|| tracing::info!("of a span of keys"));
        emit(Level::Info, AsJson(json!({"_aws": blob})), json!({"_aws": blob, "\u{5f}aws": 1}).as_object().unwrap());
        invocation_span(&invocation("id-1")).in_scope(|| {
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

impl serde::Serialize for Talkative {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        tracing::info!("within");
        serializer.serialize_str(&current_keys().len().to_string())
    }
}

impl From<Talkative> for String {
    fn from(_: Talkative) -> Self {
        tracing::info!("within");
        append_key("inner", 1);
        "outer".to_owned()
    }
}

#[test]
fn arguments_may_log_and_panic() {
    // Not by `with_default`, within which tracing does not let an event happen inside of another.
    if let Some((logs, captured)) = child("keys::arguments_may_log_and_panic") {
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
            invocation_span(&invocation("id-1")).in_scope(calls);
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
async fn a_key_of_the_process_is_in_all_later_lines_also_of_other_invocations() {
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
fn reserved_keys_can_be_left_out_except_level_and_message() {
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
    for format in [LogFormat::Json, LogFormat::IndentedJson, LogFormat::Text] {
        for left_out in OWN {
            let (logs, captured) = logs();
            let logs = logs.sample_rate(0.0).format(format).without(left_out);
            assert_eq!(logs.warnings().len(), usize::from(left_out == "timestamp"), "{left_out}");
            with_default(logs.build(), || {
                let mut context = invocation("id-1").context().clone();
                context.tenant_id = Some("t-1".to_owned());
                invocation_span(&Invocation::new(context)).in_scope(|| {
                    set_correlation_id("c-1");
                    tracing::info!(target: "my_function", order = 1, "Hello");
                });
                tracing::info!("outside");
            });
            let text = captured.text();
            if format == LogFormat::Text {
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
        warnings[0].contains("`level` cannot be omitted") && warnings[2].contains("`order` cannot be omitted"),
        "{warnings:?}"
    );
}

#[test]
fn the_first_two_tables_of_the_guide_have_the_reserved_keys_and_the_others_have_none() {
    let page = std::fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/guide/src/log-keys.md")).unwrap();
    let tables: Vec<Vec<&str>> = page
        .split("\n## ")
        .skip(1)
        .map(|part| part.lines().filter_map(|line| Some(line.strip_prefix("| `")?.split_once('`')?.0)).collect())
        .collect();
    let mut listed = [&tables[0][..], &tables[1]].concat();
    let mut reserved: Vec<_> = reserved::NAMES.iter().map(|(name, _)| *name).chain(["level", "message"]).collect();
    listed.sort_unstable();
    reserved.sort_unstable();
    assert_eq!(listed, reserved);

    let of_feature = |key: &&&str| cfg!(feature = "otel") || !["trace_id", "span_id"].contains(*key);
    let renamed = |key: &str| reserved::unreserved(key.to_owned().into()) == format!("{key}_");
    for key in listed.iter().filter(of_feature) {
        assert!(renamed(key), "a field replaces the reserved key {key}");
    }
    for key in tables[2].iter().chain(&tables[3]) {
        assert!(!renamed(key), "a field {key} gets an underscore, but its table has no reserved keys");
    }
}

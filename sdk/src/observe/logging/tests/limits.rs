//! Tests of many keys, and of JSON from a caller.

use super::*;

/// As many keys as a caller may send.
fn many(first: usize, number: usize) -> serde_json::Map<String, Value> {
    (first..first + number).map(|at| (format!("k{at:06}"), json!(1))).collect()
}

#[test]
fn the_first_1000_keys_of_a_map_are_in_the_lines_and_others_are_one_warning() {
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
        assert!(lines[0]["message"].as_str().unwrap().starts_with("keys are omitted"), "{name}: {}", lines[0]);
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
fn of_many_keys_the_innermost_wins_and_none_occurs_twice() {
    let (logs, captured) = logs();
    with_default(logs.format(LogFormat::Json).build(), || {
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
fn json_of_a_caller_with_line_breaks_is_one_line() {
    for format in [LogFormat::Json, LogFormat::Text] {
        let (logs, captured) = logs();
        let raw = |text: &str| serde_json::value::RawValue::from_string(text.to_owned()).unwrap();
        let blob = raw("[\r\n{\"_aws\":{}}\r\n]");
        with_default(logs.format(format).key("builder", &blob).build(), || {
            append_key("appended", &blob);
            append_process_key("of_process", &blob);
            tracing::info_span!("span", of_span = %AsJson(&blob)).in_scope(|| {
                tracing::info!(field = %AsJson(&blob), message = %AsJson(&blob));
            });
        });
        let text = captured.text();
        assert_eq!(text.matches("_aws").count(), 6, "{text}");
        assert_eq!(text.split_terminator(['\n', '\r']).count(), 1, "{text}");
    }
}

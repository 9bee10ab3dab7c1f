//! Tests of the values in a line.

use super::*;

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
            json = %AsJson(json!({"a": [1, null]})),
            nothing = %AsJson(serde_json::Value::Null),
            part = %format_args!("{}!", AsJson(1)),
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
        tracing::info!("{}", AsJson(json!({"x": "isx"})));
        tracing::info!(message = %AsJson(1.5));
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
        tracing::info!(endless = ?Endless, huge, json = %AsJson(&huge), short = "kept", "{huge}");
    });
    assert!(captured.text().len() <= truncate::MAX_LINE);
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
            f.write_str("shown")
        }
    }
    struct Broken;
    impl fmt::Debug for Broken {
        fn fmt(&self, _: &mut fmt::Formatter<'_>) -> fmt::Result {
            panic!("broken")
        }
    }
    // Not by `with_default`, within which tracing does not let an event happen inside of another.
    if let Some((logs, captured)) = child("values::a_debug_that_logs_and_one_that_panics_leave_the_log_working") {
        assert!(logs.init());
        tracing::info!(talkative = ?Talkative, "around");
        let _ = std::panic::catch_unwind(|| tracing::info!(broken = ?Broken, "never"));
        tracing::info!("after");
        let messages: Vec<Value> = captured.lines().into_iter().map(|mut line| line["message"].take()).collect();
        assert_eq!(messages, ["within", "around", "broken", "after"]);
    }
}

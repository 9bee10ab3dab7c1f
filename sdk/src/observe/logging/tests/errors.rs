//! Tests of the keys of errors and panics.

use super::*;

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
        tracing::error!(target: "my_function", order = 7, error = &error as &(dyn StdError + 'static), "not paid");
    });
    captured.lines().remove(0)
}

#[test]
fn an_error_has_the_chosen_keys_and_its_type() {
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
    assert!(location.as_str().unwrap().starts_with("sdk/src/observe/logging/tests/errors.rs:"), "{location}");
    let cause = json!({"name": "Refused", "message": "connection refused", "stack": "connection refused"});
    let error = json!({
        "name": "CardError", "location": null, "message": "the card was refused",
        "stack": "the card was refused\ncaused by: connection refused", "cause": cause,
    });
    assert_eq!((&line["error"], &line["error_type"]), (&error, &json!("CardError")));
}

#[test]
fn an_error_type_that_the_function_logs_wins() {
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
fn a_panic_has_the_chosen_keys() {
    if std::env::var_os("PILASTER_TEST_CHILD").is_some() {
        let (logs, captured) = logs();
        assert!(logs.errors(ErrorKeys::Python).init());
        let _ = std::panic::catch_unwind(|| panic!("broken"));
        let line = captured.lines().remove(0);
        assert_eq!((&line["exception_name"], &line["exception"]), (&json!("Panic"), &json!("broken")));
        assert_eq!((&line["error_type"], &line["message"]), (&json!("Panic"), &json!("broken")));
        return;
    }
    let output = run_child("errors::a_panic_has_the_chosen_keys");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stdout));
}

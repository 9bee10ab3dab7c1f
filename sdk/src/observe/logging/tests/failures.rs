//! Tests of failed invocations and panics.

use super::*;

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
    let failing = service_fn(async |_: Incoming| {
        Err::<Outgoing, _>(FunctionError::new("OutOfStock", "no umbrella is left").logged())
    });
    let service = LoggingLayer::new().layer(failing);
    let error = FunctionError::new("OutOfStock", "no umbrella is left");
    let runtimes_own = || tracing::error!(target: "lambda_runtime::layers::panic", "{error:?}");
    runtimes_own();
    assert_eq!(captured.lines().len(), 1, "a layer that is only built changes nothing");
    service.oneshot(incoming("id-1", "{}")).await.unwrap_err();
    runtimes_own();
    tracing::error!(target: "lambda_runtime::layers::api_client", status = 500, "no good");
    tracing::warn!(target: "lambda_runtime::runtime", "careful");
    tracing::info!(target: "lambda_runtime::runtime", "chatter");
    let messages: Vec<Value> = captured.lines().into_iter().skip(1).map(|mut line| line["message"].take()).collect();
    assert_eq!(messages, ["no good", "careful"]);
}

#[test]
fn outside_of_lambda_each_log_is_on_standard_error() {
    const NAME: &str = "observe::logging::tests::failures::outside_of_lambda_each_log_is_on_standard_error";
    if std::env::var_os("PILASTER_TEST_CHILD").is_some() {
        assert!(Logs::from_env().key("version", "1").init());
        tracing::info!("a line of the process");
        return tracing::subscriber::with_default(Logs::new().build(), || tracing::info!("a line of a block"));
    }
    for on_lambda in [false, true] {
        let mut child = std::process::Command::new(std::env::current_exe().unwrap());
        child.args(["--exact", NAME, "--nocapture"]).env_clear().env("PILASTER_TEST_CHILD", "1");
        if on_lambda {
            child.env("AWS_LAMBDA_RUNTIME_API", "127.0.0.1:1");
        }
        let output = child.output().unwrap();
        let count = |stream: &[u8]| String::from_utf8_lossy(stream).matches("a line of ").count();
        let expected = if on_lambda { (2, 0) } else { (0, 2) };
        assert_eq!((count(&output.stdout), count(&output.stderr)), expected, "{output:?}");
    }
}

#[test]
fn a_panic_is_one_line_with_its_location_and_request_id_and_nothing_on_stderr() {
    if std::env::var_os("PILASTER_TEST_CHILD").is_some() {
        assert!(init());
        assert!(!init(), "a second subscriber is not installed, and nothing panics");
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        runtime.block_on(async {
            let boom = async {
                tokio::task::yield_now().await;
                panic!("boom \"{}\"\n", 1 + 1)
            };
            let caught = tokio::spawn(boom.instrument(invocation_span(&invocation("id-1")))).await;
            assert!(caught.unwrap_err().is_panic());
            tracing::error!(target: "lambda_runtime::layers::panic", error = ?"Any", "user handler panicked");
            let failed = service_fn(async |_: Incoming| Err::<Outgoing, _>(FunctionError::new("Panic", "boom")));
            LoggingLayer::new().layer(failed).oneshot(incoming("id-1", "{}")).await.unwrap_err();
        });
        return;
    }
    let output = run_child("failures::a_panic_is_one_line_with_its_location_and_request_id_and_nothing_on_stderr");
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
    assert!(lines[0]["location"].as_str().unwrap().starts_with("sdk/src/observe/logging/tests/failures.rs:"));
}

//! Tests of the settings of a layer.

use super::*;

#[tokio::test]
async fn built_in_metrics_are_recorded_where_the_layer_asks_for_them() {
    let captured = CapturedMetrics::default();
    let layer = layer(&captured).built_in(BuiltIn::Latency).built_in(BuiltIn::CacheHits);
    let failed = invoke(&layer, || async {
        BuiltIn::CacheHits.record(1.0);
        BuiltIn::CacheHits.record(2.0);
        BuiltIn::RecordFailures.record(1.0);
        Err(FunctionError::new("OutOfStock", "none is left"))
    });
    failed.await.unwrap_err();
    assert_eq!(captured.values("CacheHits"), [3.0]);
    assert_eq!(captured.values("InvocationLatency").len(), 1);
    assert!(captured.values("RecordFailures").is_empty());
    judged(&captured);
}

#[test]
#[should_panic = "MetricsLayer: the namespace is missing: call `MetricsLayer::namespace`, or set POWERTOOLS_METRICS_NAMESPACE"]
fn a_layer_without_a_namespace_is_a_mistake() {
    drop(MetricsLayer::new().layer(()));
}

#[test]
#[should_panic = "MetricsLayer: the dimension \"env\" must not have an empty value"]
fn an_invalid_default_dimension_is_a_mistake() {
    drop(layer(&CapturedMetrics::default()).default_dimension("env", "").layer(()));
}

#[test]
#[should_panic = "MetricsLayer: the environment variable POWERTOOLS_METRICS_DISABLED must be `true` or `false`"]
fn a_variable_that_is_not_a_boolean_is_a_mistake() {
    let var = |name: &str| (name == "POWERTOOLS_METRICS_DISABLED").then(|| "maybe".to_owned());
    drop(MetricsLayer::from_vars(var).namespace("Shop").layer(()));
}

#[tokio::test]
async fn disabled_metrics_are_checked_and_not_written_and_need_no_namespace() {
    for (variables, written) in [
        (vec![("POWERTOOLS_METRICS_DISABLED", "Yes")], false),
        (vec![("POWERTOOLS_DEV", "true")], false),
        (
            vec![
                ("POWERTOOLS_DEV", "true"),
                ("POWERTOOLS_METRICS_DISABLED", "0"),
                ("POWERTOOLS_METRICS_NAMESPACE", "N"),
            ],
            true,
        ),
    ] {
        let captured = CapturedMetrics::default();
        let var = |name: &str| variables.iter().find(|(other, _)| *other == name).map(|(_, value)| (*value).to_owned());
        let layer = MetricsLayer::from_vars(var).cold_start().writer(captured.clone());
        let done = invoke(&layer, || async {
            (0..200).for_each(|index| Metrics::current().count(&format!("disabled_{index}"), 1).unwrap());
            assert!(Metrics::current().count("", 1).is_err());
            answer()
        });
        done.await.unwrap();
        assert_eq!(!captured.values("disabled_0").is_empty(), written, "{variables:?}");
    }
}

#[test]
fn outside_of_lambda_metrics_are_on_standard_error() {
    const NAME: &str = "observe::metrics::tests::settings::outside_of_lambda_metrics_are_on_standard_error";
    if std::env::var_os("PILASTER_TEST_CHILD").is_some() {
        return MetricsLayer::new().namespace("Shop").metrics().count("Orders", 1).unwrap();
    }
    for on_lambda in [false, true] {
        let mut child = std::process::Command::new(std::env::current_exe().unwrap());
        child
            .args(["--exact", NAME, "--nocapture"])
            .env("PILASTER_TEST_CHILD", "1")
            .env_remove("AWS_LAMBDA_RUNTIME_API");
        if on_lambda {
            child.env("AWS_LAMBDA_RUNTIME_API", "127.0.0.1:1");
        }
        let output = child.output().unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stdout));
        let has = |stream: &[u8]| String::from_utf8_lossy(stream).contains("CloudWatchMetrics");
        assert_eq!((has(&output.stdout), has(&output.stderr)), (on_lambda, !on_lambda));
    }
}

#[cfg(feature = "logging")]
#[test]
fn metrics_without_a_layer_are_one_warning_in_a_process() {
    use crate::observe::logging::{self, Logs};
    const NAME: &str = "observe::metrics::tests::settings::metrics_without_a_layer_are_one_warning_in_a_process";
    if std::env::var_os("PILASTER_TEST_CHILD").is_none() {
        // No other test of this process may have made a layer.
        let mut child = std::process::Command::new(std::env::current_exe().unwrap());
        let output = child.args(["--exact", NAME]).env("PILASTER_TEST_CHILD", "1").output().unwrap();
        return assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stdout));
    }
    let captured = logging::CapturedLogs::default();
    tracing::subscriber::with_default(Logs::new().writer(captured.clone()).build(), || {
        Metrics::current().count("Started", 1).unwrap();
        assert_eq!(captured.text(), "", "at the start a layer may follow");
        let _first = Incoming::new(lambda_runtime::LambdaEvent::new(incoming().event, Context::default()));
        for _ in 0..3 {
            Metrics::current().count("Orders", 1).unwrap();
            let of_argument = Metrics::from_invocation(&incoming().invocation).now_or_never().unwrap().unwrap();
            of_argument.count("Orders", 1).unwrap();
        }
    });
    let lines = captured.lines();
    assert_eq!(lines.len(), 1, "{lines:?}");
    assert!(lines[0]["message"].as_str().unwrap().contains("no MetricsLayer"), "{lines:?}");
}

/// Whether Lambda sends a line to CloudWatch Logs: its rule for runtimes whose lines it does not write itself.
/// https://docs.aws.amazon.com/lambda/latest/dg/monitoring-cloudwatchlogs-log-level.html
fn is_sent(line: &Value, application_log_level: &str) -> bool {
    const LEVELS: [&str; 6] = ["TRACE", "DEBUG", "INFO", "WARN", "ERROR", "FATAL"];
    let rank = |level: &str| LEVELS.iter().position(|known| known.eq_ignore_ascii_case(level));
    let has_time = line["timestamp"].as_str().is_some_and(|text| humantime::parse_rfc3339(text).is_ok());
    let level = line["level"].as_str().filter(|_| has_time).and_then(rank).or_else(|| rank("INFO"));
    level >= rank(application_log_level)
}

#[tokio::test]
async fn lambda_drops_no_blob_at_any_application_log_level() {
    for level in ["TRACE", "DEBUG", "INFO", "WARN", "ERROR", "FATAL"] {
        let captured = CapturedMetrics::default();
        let var = |name: &str| (name == "AWS_LAMBDA_LOG_LEVEL").then(|| level.to_owned());
        let layer = MetricsLayer::from_vars(var).namespace("Shop").cold_start().writer(captured.clone());
        let service = layer.layer(service_fn(async |_: Incoming| {
            Metrics::current().count("Orders", 1).unwrap();
            (0..120).for_each(|index| Metrics::current().count(&format!("m{index}"), 1).unwrap());
            answer()
        }));
        let cold = Incoming { invocation: incoming().invocation.with_cold_start(true), ..incoming() };
        service.oneshot(cold).await.unwrap();
        let blobs = judged(&captured);
        assert_eq!(blobs.len(), 3, "the cold start, and 121 metrics in two blobs");
        for blob in blobs {
            assert!(is_sent(&blob, level), "{level}: {blob}");
            assert_eq!(blob.get("level").is_some(), ["WARN", "ERROR", "FATAL"].contains(&level), "{level}: {blob}");
        }
    }
}

#[tokio::test]
async fn a_dimension_named_level_keeps_its_value() {
    let captured = CapturedMetrics::default();
    let var = |name: &str| (name == "AWS_LAMBDA_LOG_LEVEL").then(|| "ERROR".to_owned());
    let layer = MetricsLayer::from_vars(var).namespace("Shop").default_dimension("level", "gold");
    invoke(&layer.writer(captured.clone()), || async {
        Metrics::current().count("Orders", 1).unwrap();
        answer()
    })
    .await
    .unwrap();
    let blobs = judged(&captured);
    assert_eq!((&blobs[0]["level"], blobs[0].get("timestamp")), (&json!("gold"), None));
}

//! Tests of the macros of the `metrics` crate.

use super::*;

#[tokio::test]
async fn the_facade_adds_up_counters_keeps_the_last_level_of_gauges_and_each_value_of_histograms() {
    let captured = CapturedMetrics::default();
    let layer = layer(&captured).high_resolution("facade_seconds");
    for _ in 0..2 {
        invoke(&layer, || async {
            ::metrics::describe_histogram!("facade_seconds", ::metrics::Unit::Nanoseconds, "of a call");
            ::metrics::counter!("facade_orders").increment(1);
            ::metrics::counter!("facade_orders").increment(2);
            ::metrics::gauge!("facade_level").increment(5.0);
            ::metrics::gauge!("facade_level").decrement(1.0);
            ::metrics::counter!("facade_absolute").absolute(7);
            ::metrics::histogram!("facade_seconds").record(2_000.0);
            ::metrics::histogram!("facade_seconds").record_many(3_000.0, 2);
            ::metrics::counter!("facade_orders", "method" => "card").increment(4);
            answer()
        })
        .await
        .unwrap();
    }
    let blobs: Vec<_> = judged(&captured).into_iter().filter(|blob| blob.get("facade_orders").is_some()).collect();
    assert_eq!(blobs.len(), 4, "labels are in a blob of their own");
    let directive = &blobs[0]["_aws"]["CloudWatchMetrics"][0];
    assert_eq!(directive["Metrics"][0], json!({"Name": "facade_orders", "Unit": "Count"}));
    assert_eq!(
        directive["Metrics"][3],
        json!({"Name": "facade_seconds", "Unit": "Microseconds", "StorageResolution": 1})
    );
    assert_eq!(blobs[0]["facade_orders"], json!([3.0]));
    assert_eq!(blobs[0]["facade_seconds"], json!([2.0, 3.0, 3.0]));
    assert_eq!((&blobs[1]["method"], &blobs[1]["facade_orders"]), (&json!("card"), &json!([4.0])));
    assert_eq!(captured.values("facade_level"), [4.0, 8.0], "a level outlives its invocation");
    assert_eq!(captured.values("facade_absolute"), [7.0, 0.0], "a value that was counted is not counted again");
}

#[tokio::test]
async fn a_value_that_the_facade_cannot_record_does_not_affect_others() {
    let captured = CapturedMetrics::default();
    invoke(&layer(&captured), || async {
        ::metrics::histogram!("facade_value").record(f64::NAN);
        ::metrics::histogram!("facade_value").record(1.0);
        ::metrics::counter!("").increment(1);
        ::metrics::counter!("facade_label", "method" => "").increment(1);
        ::metrics::counter!("facade_value").increment(1);
        answer()
    })
    .await
    .unwrap();
    let blobs = judged(&captured);
    assert_eq!(captured.values("facade_value"), [1.0]);
    assert!(blobs.iter().all(|blob| blob.get("").is_none() && blob.get("facade_label").is_none()));
}

#[cfg(feature = "logging")]
#[test]
fn a_name_that_the_facade_cannot_record_is_one_warning_in_an_invocation() {
    use crate::observe::logging;

    let lines = logging::CapturedLogs::default();
    let captured = CapturedMetrics::default();
    tracing::subscriber::with_default(logging::Logs::new().writer(lines.clone()).build(), || {
        let refused = invoke(&layer(&captured), || async {
            (0..3).for_each(|_| ::metrics::histogram!("warned_value").record(f64::INFINITY));
            ::metrics::gauge!("warned_label", "method" => "é").set(1);
            answer()
        });
        refused.now_or_never().unwrap().unwrap();
    });
    let lines = lines.lines();
    let warnings: Vec<_> = lines.iter().filter(|line| line["message"] == "a metric was not recorded").collect();
    assert_eq!(warnings.len(), 2, "{lines:#?}");
    assert_eq!(warnings[0]["metric"], "\"warned_value\"");
    assert!(
        warnings[0]["error"].as_str().is_some_and(|error| error.contains("cannot have the value inf")),
        "{}",
        warnings[0]
    );
    assert_eq!(warnings[1]["level"], "WARN");
}

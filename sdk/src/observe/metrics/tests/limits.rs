//! Tests of CloudWatch's limits, and of names with two meanings.

use super::*;

#[test]
fn a_metric_has_at_most_30_dimensions_and_the_31st_is_an_error() {
    let captured = CapturedMetrics::default();
    let metrics = layer(&captured).default_dimension("env", "prod").metrics();
    (0..28).for_each(|index| metrics.dimension(&format!("d{index}"), index).unwrap());
    let error = metrics.dimension("d28", 28).unwrap_err();
    assert!(error.is_too_many_dimensions());
    assert_eq!(error.to_string(), "a metric can have at most 30 dimensions, and this one would have 31");
    let labelled = metrics.labelled([("label", "l")]).unwrap();
    assert!(labelled.count("Orders", 1).unwrap_err().is_too_many_dimensions());
    let set = |count| metrics.dimension_set((0..count).map(|index| (format!("s{index}"), index)));
    assert!(set(30).unwrap_err().is_too_many_dimensions());
    set(29).unwrap();
    metrics.count("Orders", 1).unwrap();
    drop((metrics, labelled));
    let blobs = judged(&captured);
    let sets = blobs[0]["_aws"]["CloudWatchMetrics"][0]["Dimensions"].as_array().unwrap();
    assert_eq!(sets.iter().map(|set| set.as_array().unwrap().len()).collect::<Vec<_>>(), [30, 30]);
}

#[test]
fn a_name_has_one_meaning_in_a_blob() {
    let metrics = layer(&CapturedMetrics::default()).default_dimension("env", "prod").metrics();
    metrics.count("Orders", 1).unwrap();
    metrics.metadata("request", "r-1").unwrap();
    metrics.dimension_set([("region", "eu")]).unwrap();
    for taken in ["env", "service", "request", "region"] {
        assert!(metrics.count(taken, 1).unwrap_err().is_taken(), "{taken}");
    }
    assert!(metrics.dimension("Orders", "x").unwrap_err().is_taken());
    assert!(metrics.dimension("region", "us").unwrap_err().is_taken(), "a blob has one value of it");
    assert!(metrics.dimension_set([("env", "dev")]).unwrap_err().is_taken());
    assert!(metrics.metadata("Orders", 1).unwrap_err().is_taken());
    assert!(metrics.metadata("service", 1).unwrap_err().is_taken());
    assert!(metrics.labelled([("request", "x")]).unwrap().count("Other", 1).unwrap_err().is_taken());
    metrics.metadata("request", "r-2").unwrap();
    metrics.dimension("service", "another").unwrap();
}

#[test]
fn a_metric_has_one_unit_and_one_resolution() {
    let metrics = layer(&CapturedMetrics::default()).metrics();
    metrics.add("Latency", Unit::Milliseconds, 1.0).unwrap();
    let error = metrics.add("Latency", Unit::Seconds, 1.0).unwrap_err();
    assert!(error.is_mismatch());
    assert!(error.to_string().contains("first Milliseconds, now Seconds"), "{error}");
    assert!(metrics.add_high_resolution("Latency", Unit::Milliseconds, 1.0).unwrap_err().is_mismatch());
}

#[test]
fn times_beyond_cloudwatchs_range_are_errors_and_others_are_the_blobs() {
    let captured = CapturedMetrics::default();
    let metrics = layer(&captured).metrics();
    let now = UNIX_EPOCH + Duration::from_millis(NOW);
    assert!(metrics.timestamp(now - Duration::from_secs(15 * 86_400)).unwrap_err().is_timestamp());
    assert!(metrics.timestamp(now + Duration::from_secs(3 * 3_600)).unwrap_err().is_timestamp());
    metrics.timestamp(now - Duration::from_secs(3_600)).unwrap();
    metrics.count("Orders", 1).unwrap();
    drop(metrics);
    assert_eq!(judged(&captured)[0]["_aws"]["Timestamp"], NOW - 3_600_000);
}

#[test]
fn metadata_and_dimensions_leave_space_for_the_metrics() {
    let metrics = layer(&CapturedMetrics::default()).metrics();
    let error = metrics.metadata("large", "x".repeat(128 * 1024)).unwrap_err();
    assert!(error.is_too_large());
    metrics.metadata("large", "x").unwrap();
    let unprintable = std::collections::BTreeMap::from([(vec![1_u8], 1)]);
    assert!(metrics.metadata("no JSON", unprintable).unwrap_err().is_metadata());
}

#[test]
fn sets_of_long_dimensions_are_split_over_blobs_and_none_is_lost() {
    let captured = CapturedMetrics::default();
    let mut layer = layer(&captured);
    for number in 0..25 {
        layer = layer.default_dimension(format!("{number:0>250}"), "\"".repeat(1024));
    }
    let metrics = layer.metrics();
    metrics.metadata("note", "x".repeat(30_000)).unwrap();
    for number in 0..80 {
        metrics.dimension_set([(format!("own-{number}"), number)]).unwrap();
    }
    for number in 0..3 {
        metrics.count(&format!("Orders-{number}"), 1).unwrap();
    }
    metrics.flush();
    let mut sets = Vec::new();
    for blob in judged(&captured) {
        let directive = &blob["_aws"]["CloudWatchMetrics"][0];
        assert_eq!(directive["Metrics"].as_array().unwrap().len(), 3);
        sets.extend(directive["Dimensions"].as_array().unwrap().iter().map(Value::to_string));
    }
    assert_eq!((sets.len(), sets.iter().collect::<BTreeSet<_>>().len()), (81, 81));
}

#[test]
fn the_longest_dimensions_and_metadata_leave_space_for_a_metric() {
    let captured = CapturedMetrics::default();
    let mut layer = layer(&captured);
    for number in 0..28 {
        layer = layer.default_dimension(format!("\"{number:\"<248}"), "\\".repeat(1024));
    }
    let metrics = layer.metrics();
    metrics.metadata("note", "x".repeat(127_000)).unwrap();
    metrics.dimension_set([("own", 1)]).unwrap();
    (0..150).for_each(|value| metrics.add(&"ü".repeat(255), Unit::Count, f64::from(value) + 0.123_456_789).unwrap());
    metrics.flush();
    assert_eq!(judged(&captured).len(), 4, "two sets, and two parts of the values");
}

#[test]
fn more_than_100_metrics_and_more_than_100_values_are_split_and_none_is_lost() {
    let captured = CapturedMetrics::default();
    let metrics = layer(&captured).metrics();
    metrics.metadata("request", "r-1").unwrap();
    for index in 0..250_u32 {
        metrics.add("Many", Unit::None, f64::from(index)).unwrap();
        metrics.add(&format!("Metric {index}"), Unit::None, f64::from(index)).unwrap();
    }
    metrics.flush();
    let blobs = judged(&captured);
    // 251 metrics are 3 blobs; the second and the third hundred of values are one each.
    assert_eq!(blobs.len(), 5);
    assert!(blobs.iter().all(|blob| blob["request"] == "r-1" && blob["service"] == "payment"));
    assert_eq!(captured.values("Many"), (0..250).map(f64::from).collect::<Vec<_>>());
    assert!((0..250).all(|index| captured.values(&format!("Metric {index}")) == [f64::from(index)]));
}

#[test]
fn a_blob_is_never_larger_than_a_log_event() {
    let captured = CapturedMetrics::default();
    let metrics = layer(&captured).metrics();
    metrics.metadata("blob", "x".repeat(100_000)).unwrap();
    for value in 0..100 {
        for metric in 0..90 {
            metrics.add(&format!("{metric:0>200}"), Unit::None, 1.234_567_890_123_4e-300 * f64::from(value)).unwrap();
        }
    }
    metrics.flush();
    assert!(judged(&captured).len() > 1);
    assert!((0..90).all(|metric| captured.values(&format!("{metric:0>200}")).len() == 100));
}

//! The layer with a service in it, and what it writes.

mod kept;

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use futures_util::FutureExt;
use lambda_runtime::Context;
use serde_json::value::RawValue;
use serde_json::{Value, json};
use tower::{Layer, ServiceExt, service_fn};

use super::state::{Datum, Kind, State};
use super::*;
use crate::core::error::FunctionError;
use crate::core::invocation::{FromInvocation, Invocation};
use crate::core::raw::{Incoming, Outgoing};

/// 2024-01-02T03:04:05.750Z
const NOW: u64 = 1_704_164_645_750;

fn layer(captured: &Captured) -> MetricsLayer {
    let clock = || UNIX_EPOCH + Duration::from_millis(NOW);
    MetricsLayer::from_vars(|_| None).namespace("Shop").service("payment").clock(clock).writer(captured.clone())
}

fn incoming() -> Incoming {
    Incoming { event: RawValue::from_string("{}".into()).unwrap(), invocation: Invocation::new(Context::default()) }
}

fn answer() -> Result<Outgoing, FunctionError> {
    Ok(Outgoing::serialize(&()).unwrap())
}

/// Runs one invocation of a function.
fn invoke<F, G>(layer: &MetricsLayer, function: G) -> impl Future<Output = Result<Outgoing, FunctionError>> + use<F, G>
where
    F: Future<Output = Result<Outgoing, FunctionError>> + Send + 'static,
    G: Fn() -> F + Clone + Send + 'static,
{
    layer.layer(service_fn(move |_: Incoming| function())).oneshot(incoming())
}

/// The blobs, each held against what the format's specification, and CloudWatch's API for what it becomes, say.
fn judged(captured: &Captured) -> Vec<Value> {
    captured.text().lines().for_each(judge);
    captured.blobs()
}

fn judge(line: &str) {
    assert!(line.len() + 1 + 26 <= 256 * 1024, "a blob is one log event");
    let blob: Value = serde_json::from_str(line).unwrap();
    assert!(blob["_aws"]["Timestamp"].is_u64());
    let directives = blob["_aws"]["CloudWatchMetrics"].as_array().unwrap();
    for directive in directives {
        assert!((1..=255).contains(&directive["Namespace"].as_str().unwrap().len()));
        for set in directive["Dimensions"].as_array().unwrap() {
            let set: Vec<_> = set.as_array().unwrap().iter().map(|name| name.as_str().unwrap()).collect();
            assert!(set.len() <= 30);
            assert_eq!(set.iter().collect::<BTreeSet<_>>().len(), set.len(), "no dimension twice: {set:?}");
            for name in set {
                assert!((1..=250).contains(&name.len()));
                assert!((1..=1024).contains(&blob[name].as_str().unwrap().len()), "{name} has its value at the root");
            }
        }
        let metrics = directive["Metrics"].as_array().unwrap();
        assert!((1..=100).contains(&metrics.len()));
        let names: BTreeSet<_> = metrics.iter().map(|metric| metric["Name"].as_str().unwrap()).collect();
        assert_eq!(names.len(), metrics.len(), "no metric twice");
        for metric in metrics {
            let name = metric["Name"].as_str().unwrap();
            assert!((1..=255).contains(&name.chars().count()));
            assert!(metric["Unit"].as_str().unwrap().parse::<Unit>().is_ok());
            assert!([Value::Null, json!(1), json!(60)].contains(&metric["StorageResolution"]));
            let values = blob[name].as_array().unwrap();
            assert!((1..=100).contains(&values.len()) && values.iter().all(Value::is_number), "{name}");
        }
    }
}

#[test]
fn a_blob_is_what_powertools_for_python_writes() {
    let captured = Captured::default();
    let metrics = layer(&captured).metrics();
    metrics.dimension("env", "prod").unwrap();
    metrics.metadata("booking", json!({"id": "b\"1"})).unwrap();
    metrics.count("Orders", 1).unwrap();
    metrics.count("Orders", 2).unwrap();
    metrics.add_high_resolution("Lat", Unit::Milliseconds, 12.5).unwrap();
    metrics.flush();
    assert_eq!(
        captured.text(),
        concat!(
            r#"{"_aws":{"Timestamp":1704164645750,"CloudWatchMetrics":[{"Namespace":"Shop","Dimensions":[["env","service"]],"#,
            r#""Metrics":[{"Name":"Orders","Unit":"Count"},{"Name":"Lat","Unit":"Milliseconds","StorageResolution":1}]}]},"#,
            r#""env":"prod","service":"payment","booking":{"id":"b\"1"},"Orders":[1.0,2.0],"Lat":[12.5]}"#,
            "\n"
        )
    );
    judged(&captured);
}

#[test]
fn a_cold_start_is_a_blob_with_the_functions_name_and_the_service_alone() {
    let captured = Captured::default();
    let layer = layer(&captured).default_dimension("env", "prod").cold_start().function_name("orders");
    let service = layer.layer(service_fn(async |_: Incoming| answer()));
    let cold = Incoming { invocation: incoming().invocation.with_cold_start(true), ..incoming() };
    drop(service.clone().oneshot(cold).now_or_never());
    drop(service.oneshot(incoming()).now_or_never());
    assert_eq!(
        captured.text(),
        concat!(
            r#"{"_aws":{"Timestamp":1704164645750,"CloudWatchMetrics":[{"Namespace":"Shop","Dimensions":[["function_name","service"]],"#,
            r#""Metrics":[{"Name":"ColdStart","Unit":"Count"}]}]},"function_name":"orders","service":"payment","ColdStart":[1.0]}"#,
            "\n"
        )
    );
}

#[tokio::test]
async fn a_failed_invocation_writes_its_metrics() {
    let captured = Captured::default();
    let failed = invoke(&layer(&captured), || async {
        Metrics::current().count("Orders", 1).unwrap();
        Err(FunctionError::new("OutOfStock", "none is left"))
    });
    assert!(failed.await.is_err());
    assert_eq!(captured.values("Orders"), [1.0]);
}

#[tokio::test]
async fn a_panicked_invocation_writes_its_metrics() {
    let captured = Captured::default();
    let layer = layer(&captured);
    let panicked = tokio::spawn(async move {
        invoke(&layer, || async {
            Metrics::current().count("Orders", 1).unwrap();
            panic!("no more umbrellas");
        })
        .await
    });
    assert!(panicked.await.unwrap_err().is_panic());
    assert_eq!(captured.values("Orders"), [1.0]);
}

#[tokio::test]
async fn an_invocation_whose_future_is_dropped_writes_its_metrics_and_those_of_what_it_drops() {
    struct CountsItsEnd;
    impl Drop for CountsItsEnd {
        fn drop(&mut self) {
            Metrics::current().count("Dropped", 1).unwrap();
        }
    }
    let captured = Captured::default();
    let waits = invoke(&layer(&captured), || async {
        let _counts = CountsItsEnd;
        Metrics::current().count("Orders", 1).unwrap();
        std::future::pending().await
    });
    assert!(waits.now_or_never().is_none(), "polled once and dropped");
    assert_eq!((captured.values("Orders"), captured.values("Dropped")), (vec![1.0], vec![1.0]));
    assert_eq!(judged(&captured).len(), 1, "in one blob");
}

#[tokio::test(start_paused = true)]
async fn what_there_is_is_written_before_the_deadline_and_what_follows_at_the_end() {
    let captured = Captured::default();
    let mut context = Context::default();
    let deadline = SystemTime::now().duration_since(UNIX_EPOCH).unwrap() + Duration::from_secs(3600);
    context.deadline = u64::try_from(deadline.as_millis()).unwrap();
    let seen = captured.clone();
    let service = layer(&captured).layer(service_fn(move |_: Incoming| {
        let seen = seen.clone();
        async move {
            let metrics = Metrics::current();
            metrics.dimension("step", "a").unwrap();
            metrics.count("Before", 1).unwrap();
            tokio::time::sleep(Duration::from_secs(3600)).await;
            assert_eq!(seen.values("Before"), [1.0], "written while the function still runs");
            metrics.count("After", 1).unwrap();
            answer()
        }
    }));
    service.oneshot(Incoming { invocation: Invocation::new(context), ..incoming() }).await.unwrap();
    let blobs = judged(&captured);
    assert_eq!((blobs.len(), &blobs[1]["step"]), (2, &json!("a")), "the dimensions stay");
    assert_eq!((captured.values("Before"), captured.values("After")), (vec![1.0], vec![1.0]), "nothing twice");
}

#[test]
fn more_than_100_metrics_and_more_than_100_values_are_split_and_none_is_lost() {
    let captured = Captured::default();
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
    let captured = Captured::default();
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

#[test]
fn what_is_recorded_without_end_is_written_in_between() {
    let captured = Captured::default();
    let metrics = layer(&captured).metrics();
    metrics.dimension("env", "prod").unwrap();
    (0..25_000).for_each(|value| metrics.add("Values", Unit::None, f64::from(value)).unwrap());
    let written = captured.values("Values").len();
    assert!((10_000..25_000).contains(&written), "{written}");
    drop(metrics);
    assert_eq!(captured.values("Values"), (0..25_000).map(f64::from).collect::<Vec<_>>());
    assert!(judged(&captured).iter().all(|blob| blob["env"] == "prod"));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn five_hundred_invocations_at_once_never_mix_and_lose_nothing() {
    let captured = Captured::default();
    let service = layer(&captured).layer(service_fn(async |incoming: Incoming| {
        let id = incoming.invocation.request_id().to_owned();
        let metrics = Metrics::current();
        metrics.metadata("request", &id).map_err(FunctionError::from_error)?;
        for _ in 0..10 {
            ::metrics::counter!("Steps").increment(1);
            ::metrics::histogram!("Number").record(id.parse::<f64>().unwrap_or(f64::NAN));
            tokio::task::yield_now().await;
        }
        let within = Metrics::current().scope(async { Metrics::current().count("Spawned", 1) });
        tokio::spawn(within).await.map_err(FunctionError::from_error)?.map_err(FunctionError::from_error)?;
        answer()
    }));
    let invocations = (0..500).map(|id| {
        let mut context = Context::default();
        context.request_id = id.to_string();
        tokio::spawn(service.clone().oneshot(Incoming { invocation: Invocation::new(context), ..incoming() }))
    });
    for done in futures_util::future::join_all(invocations).await {
        done.unwrap().unwrap();
    }
    let blobs = judged(&captured);
    let blobs: Vec<_> = blobs.iter().filter(|blob| blob.get("request").is_some()).collect();
    let mut ids = BTreeSet::new();
    for blob in &blobs {
        let id: f64 = blob["request"].as_str().unwrap().parse().unwrap();
        ids.insert(blob["request"].as_str().unwrap());
        assert_eq!(blob["Number"], Value::from(vec![id; 10]));
        assert_eq!((&blob["Steps"], &blob["Spawned"]), (&json!([10.0]), &json!([1.0])));
    }
    assert_eq!((blobs.len(), ids.len()), (500, 500));
}

#[test]
fn a_metric_has_at_most_30_dimensions_and_the_31st_is_an_error() {
    let captured = Captured::default();
    let metrics = layer(&captured).default_dimension("env", "prod").metrics();
    (0..28).for_each(|index| metrics.dimension(&format!("d{index}"), index).unwrap());
    let error = metrics.dimension("d28", 28).unwrap_err();
    assert!(error.is_too_many_dimensions());
    assert_eq!(error.to_string(), "CloudWatch takes 30 dimensions of a metric, and here would be 31");
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
    let metrics = layer(&Captured::default()).default_dimension("env", "prod").metrics();
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
    let metrics = layer(&Captured::default()).metrics();
    metrics.add("Latency", Unit::Milliseconds, 1.0).unwrap();
    let error = metrics.add("Latency", Unit::Seconds, 1.0).unwrap_err();
    assert!(error.is_mismatch());
    assert!(error.to_string().contains("then Milliseconds, now Seconds"), "{error}");
    assert!(metrics.add_high_resolution("Latency", Unit::Milliseconds, 1.0).unwrap_err().is_mismatch());
}

#[test]
fn times_beyond_cloudwatchs_range_are_errors_and_others_are_the_blobs() {
    let captured = Captured::default();
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
fn metadata_and_dimensions_leave_room_for_the_metrics() {
    let metrics = layer(&Captured::default()).metrics();
    let error = metrics.metadata("large", "x".repeat(128 * 1024)).unwrap_err();
    assert!(error.is_too_large());
    metrics.metadata("large", "x").unwrap();
    let unprintable = std::collections::BTreeMap::from([(vec![1_u8], 1)]);
    assert!(metrics.metadata("no JSON", unprintable).unwrap_err().is_metadata());
}

#[tokio::test]
async fn the_facade_adds_up_counters_keeps_the_last_level_of_gauges_and_each_value_of_histograms() {
    let captured = Captured::default();
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
    assert_eq!(captured.values("facade_absolute"), [7.0, 0.0], "what was counted already is not counted again");
}

#[tokio::test]
async fn what_the_facade_cannot_record_does_not_spoil_the_rest() {
    let captured = Captured::default();
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
fn what_the_facade_cannot_record_is_one_warning_for_each_name_in_an_invocation() {
    use crate::observe::logging;

    // With a single subscriber alive, `tracing` asks only the thread that comes by first whether a line is wanted.
    let _ = tracing::subscriber::set_global_default(tracing::subscriber::NoSubscriber::default());
    let lines = logging::Captured::default();
    let captured = Captured::default();
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
    assert!(warnings[0]["error"].as_str().is_some_and(|error| error.contains("cannot be inf")), "{}", warnings[0]);
    assert_eq!(warnings[1]["level"], "WARN");
}

#[tokio::test]
async fn built_in_metrics_are_recorded_where_the_layer_asks_for_them() {
    let captured = Captured::default();
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
#[should_panic = "MetricsLayer: metrics need a namespace: `MetricsLayer::namespace` or the variable POWERTOOLS_METRICS_NAMESPACE"]
fn a_layer_without_a_namespace_is_a_mistake() {
    drop(MetricsLayer::from_vars(|_| None).layer(()));
}

#[test]
#[should_panic = "MetricsLayer: the dimension \"env\" has an empty value"]
fn a_default_dimension_that_cloudwatch_does_not_take_is_a_mistake() {
    drop(layer(&Captured::default()).default_dimension("env", "").layer(()));
}

#[test]
#[should_panic = "MetricsLayer: POWERTOOLS_METRICS_DISABLED: \"maybe\" is neither true nor false"]
fn a_variable_that_is_neither_true_nor_false_is_a_mistake() {
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
        let captured = Captured::default();
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

#[tokio::test]
async fn metrics_are_an_argument_that_is_made_from_the_invocation() {
    let captured = Captured::default();
    invoke(&layer(&captured), || async {
        let metrics = Metrics::from_invocation(&incoming().invocation).await;
        metrics.map_err(|error| FunctionError::new("None", error.to_string()))?.count("Orders", 1).unwrap();
        answer()
    })
    .await
    .unwrap();
    assert_eq!(captured.values("Orders"), [1.0]);
}

#[cfg(feature = "http")]
#[tokio::test]
async fn metrics_are_an_argument_of_http_functions() {
    use crate::function::service::IntoRaw;

    async fn place(metrics: Metrics) -> Result<String, crate::http::HttpError> {
        metrics.count("Orders", 1)?;
        Ok("placed".to_owned())
    }
    let captured = Captured::default();
    let raw = crate::handler(place).outer(layer(&captured)).into_raw();
    let event = json!({
        "version": "2.0", "rawPath": "/", "rawQueryString": "", "headers": {},
        "requestContext": {"http": {"method": "GET", "path": "/"}, "stage": "$default"}, "isBase64Encoded": false,
    });
    let event = RawValue::from_string(event.to_string()).unwrap();
    let answer = raw.oneshot(Incoming { event, ..incoming() }).await.unwrap();
    assert!(answer.as_json().unwrap().get().contains("placed"), "{answer:?}");
    assert_eq!(captured.values("Orders"), [1.0]);
}

#[test]
fn sets_of_long_dimensions_are_split_over_blobs_and_none_is_lost() {
    let captured = Captured::default();
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
fn the_longest_dimensions_and_metadata_leave_room_for_a_metric() {
    let captured = Captured::default();
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

/// A writer and a clock of a test that record metrics themselves.
#[test]
fn a_writer_and_a_clock_may_record_metrics() {
    #[derive(Clone, Default)]
    struct Recording(Arc<std::sync::OnceLock<Metrics>>, Captured);
    impl Recording {
        fn record(&self) {
            if let Some(metrics) = self.0.get() {
                metrics.count("Written", 1).unwrap();
            }
        }
    }
    impl std::io::Write for Recording {
        fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
            self.record();
            self.1.write(bytes)
        }
        fn flush(&mut self) -> std::io::Result<()> {
            Ok(())
        }
    }
    let recording = Recording::default();
    let clock = recording.clone();
    let layer = MetricsLayer::from_vars(|_| None).namespace("Shop").writer(recording.clone()).clock(move || {
        clock.record();
        UNIX_EPOCH + Duration::from_millis(NOW)
    });
    let (done, waits) = std::sync::mpsc::channel();
    std::thread::spawn(move || {
        let metrics = layer.metrics();
        assert!(recording.0.set(metrics.clone()).is_ok());
        metrics.count("Orders", 1).unwrap();
        metrics.timestamp(UNIX_EPOCH + Duration::from_millis(NOW)).unwrap();
        metrics.flush();
        let _ = done.send(recording.1.text());
        // It would write itself without end.
        std::mem::forget(metrics);
        std::mem::forget(recording);
    });
    let text = waits.recv_timeout(Duration::from_secs(20)).expect("the metrics are not blocked");
    assert!(text.contains("Orders"), "{text}");
}

#[cfg(feature = "logging")]
#[test]
fn metrics_without_a_layer_are_one_warning_in_a_process() {
    use crate::observe::logging::{self, Logs};
    const NAME: &str = "observe::metrics::tests::metrics_without_a_layer_are_one_warning_in_a_process";
    if std::env::var_os("PILASTER_TEST_CHILD").is_none() {
        // No other test of this process may have made a layer.
        let mut child = std::process::Command::new(std::env::current_exe().unwrap());
        let output = child.args(["--exact", NAME]).env("PILASTER_TEST_CHILD", "1").output().unwrap();
        return assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stdout));
    }
    let captured = logging::Captured::default();
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

#[test]
fn public_types_go_anywhere() {
    fn anywhere<T: Clone + Send + Sync + std::fmt::Debug + 'static>() {}
    anywhere::<Metrics>();
    anywhere::<MetricsLayer>();
    anywhere::<WithMetrics<Arc<()>>>();
    anywhere::<MetricsError>();
}

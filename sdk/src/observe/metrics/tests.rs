//! Tests of the layer around a service, and of what it writes.

mod facade;
mod invocations;
mod late;
mod limits;
mod settings;

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::{Duration, UNIX_EPOCH};

use futures_util::FutureExt;
use lambda_runtime::Context;
use serde_json::value::RawValue;
use serde_json::{Value, json};
use tower::{Layer, ServiceExt, service_fn};

use super::buffer::{Aggregation, Buffer, Measurement};
use super::*;
use crate::core::error::FunctionError;
use crate::core::invocation::{FromInvocation, Invocation};
use crate::core::raw::{Incoming, Outgoing};

/// 2024-01-02T03:04:05.750Z
const NOW: u64 = 1_704_164_645_750;

fn layer(captured: &CapturedMetrics) -> MetricsLayer {
    let clock = || UNIX_EPOCH + Duration::from_millis(NOW);
    MetricsLayer::new().namespace("Shop").service("payment").clock(clock).writer(captured.clone())
}

fn incoming() -> Incoming {
    Incoming { event: crate::RawEvent::parse("{}").unwrap(), invocation: Invocation::new(Context::default()) }
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

/// Returns the blobs, each checked against the format's specification and CloudWatch's API.
fn judged(captured: &CapturedMetrics) -> Vec<Value> {
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
    let captured = CapturedMetrics::default();
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
fn public_types_go_anywhere() {
    fn anywhere<T: Clone + Send + Sync + std::fmt::Debug + 'static>() {}
    anywhere::<Metrics>();
    anywhere::<MetricsLayer>();
    anywhere::<MetricsService<Arc<()>>>();
    anywhere::<MetricsError>();
}

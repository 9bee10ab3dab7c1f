//! Tests of rejected and late values, and of JSON from a caller.

use super::*;

#[test]
fn metadata_with_line_breaks_is_one_blob() {
    let captured = CapturedMetrics::default();
    let metrics = layer(&captured).metrics();
    let blob = json!({
        "_aws": {"Timestamp": 1, "CloudWatchMetrics": [{"Namespace": "N", "Dimensions": [[]], "Metrics": [{"Name": "x"}]}]},
        "x": 1,
    });
    for between in ["\n", "\r", "\r\n"] {
        let raw = RawValue::from_string(format!("[{between}{blob}{between}]")).unwrap();
        metrics.metadata("request", &raw).unwrap();
        metrics.count("Orders", 1).unwrap();
        metrics.flush();
    }
    let text = captured.text();
    assert_eq!(text.split_terminator(['\n', '\r']).count(), 3, "{text}");
    for written in judged(&captured) {
        assert_eq!(written["request"], json!([blob]));
        assert_eq!(written["Orders"], json!([1.0]));
    }
}

#[tokio::test]
async fn a_gauge_that_was_not_a_number_continues_from_its_last_level() {
    let captured = CapturedMetrics::default();
    let layer = layer(&captured);
    for levels in [&[2.0][..], &[f64::NAN], &[f64::INFINITY], &[]] {
        let function = move || async move {
            levels.iter().for_each(|level| ::metrics::gauge!("kept_level").set(*level));
            ::metrics::gauge!("kept_level").increment(1.0);
            answer()
        };
        invoke(&layer, function).await.unwrap();
    }
    assert_eq!(captured.values("kept_level"), [3.0, 4.0, 5.0, 6.0]);
}

#[test]
fn a_rejected_value_leaves_nothing_behind() {
    let mut buffer = Buffer::default();
    let datum = |name| Measurement {
        name,
        unit: Unit::Count,
        high_resolution: false,
        aggregation: Aggregation::Each,
        value: 1.0,
    };
    for id in 0..10 {
        let labels = [("id".to_owned(), id.to_string())];
        for name in ["id", "_aws", ""] {
            assert!(buffer.record(None, &labels, datum(name)).is_err());
        }
    }
    assert!(buffer.groups.is_empty());
    buffer.record(None, &[("id".to_owned(), "1".to_owned())], datum("Orders")).unwrap();
    assert_eq!(buffer.groups.len(), 1);
}

#[tokio::test]
async fn a_late_value_is_written_by_the_layer_of_its_invocation() {
    let (first, second) = (CapturedMetrics::default(), CapturedMetrics::default());
    let (first_layer, second_layer) = (layer(&first), layer(&second).namespace("Other"));
    let _first = first_layer.layer(service_fn(async |_: Incoming| answer()));
    let late = Arc::new(std::sync::Mutex::new(None));
    let mut service = second_layer.layer(service_fn({
        let late = Arc::clone(&late);
        move |_: Incoming| {
            let late = Arc::clone(&late);
            async move {
                *late.lock().unwrap() = Some(Metrics::current());
                answer()
            }
        }
    }));
    tower::Service::call(&mut service, incoming()).await.unwrap();
    let handle = late.lock().unwrap().take().unwrap();
    handle.count("Late", 1).unwrap();
    handle.flush();
    handle.count("Late", 2).unwrap();
    invoke(&first_layer, || async { answer() }).await.unwrap();
    tower::Service::call(&mut service, incoming()).await.unwrap();
    assert_eq!(second.values("Late"), [1.0, 2.0]);
    assert_eq!(second.blobs()[0]["_aws"]["CloudWatchMetrics"][0]["Namespace"], "Other");
    assert_eq!(first.values("Late"), [] as [f64; 0]);
    handle.count("Late", 3).unwrap();
    flush();
    assert_eq!(second.values("Late"), [1.0, 2.0, 3.0]);
}

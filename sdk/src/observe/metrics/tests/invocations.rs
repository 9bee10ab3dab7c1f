//! Tests of invocations: what is written at their end, and when.

use super::*;

#[test]
fn a_cold_start_is_a_blob_with_only_the_functions_name_and_the_service() {
    let captured = CapturedMetrics::default();
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
    let captured = CapturedMetrics::default();
    let failed = invoke(&layer(&captured), || async {
        Metrics::current().count("Orders", 1).unwrap();
        Err(FunctionError::new("OutOfStock", "none is left"))
    });
    assert!(failed.await.is_err());
    assert_eq!(captured.values("Orders"), [1.0]);
}

#[tokio::test]
async fn a_panicked_invocation_writes_its_metrics() {
    let captured = CapturedMetrics::default();
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
async fn an_invocation_whose_future_is_dropped_writes_its_metrics_and_those_of_its_destructors() {
    struct CountsItsEnd;
    impl Drop for CountsItsEnd {
        fn drop(&mut self) {
            Metrics::current().count("Dropped", 1).unwrap();
        }
    }
    let captured = CapturedMetrics::default();
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
async fn values_are_written_before_the_deadline_and_later_ones_at_the_end() {
    let captured = CapturedMetrics::default();
    let invocation = Invocation::with_time_left(Context::default(), Some(Duration::from_secs(3600)));
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
    service.oneshot(Incoming { invocation, ..incoming() }).await.unwrap();
    let blobs = judged(&captured);
    assert_eq!((blobs.len(), &blobs[1]["step"]), (2, &json!("a")), "the dimensions stay");
    assert_eq!((captured.values("Before"), captured.values("After")), (vec![1.0], vec![1.0]), "nothing twice");
}

#[test]
fn values_without_end_are_written_in_between() {
    let captured = CapturedMetrics::default();
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
    let captured = CapturedMetrics::default();
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

#[tokio::test]
async fn metrics_are_an_argument_that_is_made_from_the_invocation() {
    let captured = CapturedMetrics::default();
    invoke(&layer(&captured), || async {
        let metrics = Metrics::from_invocation(&incoming().invocation).await;
        metrics.map_err(|error| FunctionError::new("None", error.to_string()))?.count("Orders", 1).unwrap();
        answer()
    })
    .await
    .unwrap();
    assert_eq!(captured.values("Orders"), [1.0]);
}

/// A writer and a clock of a test that record metrics themselves.
#[test]
fn a_writer_and_a_clock_may_record_metrics() {
    #[derive(Clone, Default)]
    struct Recording(Arc<std::sync::OnceLock<Metrics>>, CapturedMetrics);
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
    let layer = MetricsLayer::new().namespace("Shop").writer(recording.clone()).clock(move || {
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

#[tokio::test]
async fn a_layer_changes_the_process_when_it_is_run_or_called_and_not_when_it_is_applied() {
    let captured = CapturedMetrics::default();
    let service = layer(&captured).layer(service_fn(async |_: Incoming| answer()));
    assert!(!service.is_registered());
    service.clone().oneshot(incoming()).await.unwrap();
    assert!(service.is_registered());
    let apply = || Ok::<_, ()>(layer(&captured).layer(service_fn(async |_: Incoming| answer())));
    assert!(crate::core::at_start::perform(apply).unwrap().is_registered());
}

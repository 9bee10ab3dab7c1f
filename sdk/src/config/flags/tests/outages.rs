//! A source that fails, hangs or refuses.

use super::*;

/// Keeps the warnings' and infos' messages.
#[derive(Clone, Default)]
struct Lines(Arc<Mutex<Vec<String>>>);

impl tracing::Subscriber for Lines {
    fn enabled(&self, metadata: &tracing::Metadata<'_>) -> bool {
        metadata.target().contains("config::flags")
    }
    fn new_span(&self, _: &tracing::span::Attributes<'_>) -> tracing::span::Id {
        tracing::span::Id::from_u64(1)
    }
    fn record(&self, _: &tracing::span::Id, _: &tracing::span::Record<'_>) {}
    fn record_follows_from(&self, _: &tracing::span::Id, _: &tracing::span::Id) {}
    fn event(&self, event: &tracing::Event<'_>) {
        self.0.lock().unwrap().push(event.metadata().level().to_string());
    }
    fn enter(&self, _: &tracing::span::Id) {}
    fn exit(&self, _: &tracing::span::Id) {}
}

#[tokio::test(start_paused = true)]
async fn an_outage_is_one_warning_and_few_calls_and_its_end_one_line() {
    let lines = Lines::default();
    // A second subscriber, so that `tracing` asks both: see the cache's tests.
    let _ = tracing::subscriber::set_global_default(tracing::subscriber::NoSubscriber::default());
    let _subscriber = tracing::subscriber::set_default(lines.clone());
    let stub = Stub::with(json!({ "f": { "default": true } }));
    let flags = stub.flags();
    let document = stub.text.lock().unwrap().clone().unwrap();
    stub.down();
    for _ in 0..60 {
        assert!(!flags.evaluate("f", &(), false).await);
        sleep(SECOND).await;
    }
    assert!(stub.fetches() <= 12, "once in five seconds");
    assert!(flags.enabled_features(&()).await.is_empty());
    stub.put(&document);
    advance(SECOND * 6).await;
    assert!(flags.evaluate("f", &(), false).await);
    assert_eq!(*lines.0.lock().unwrap(), ["WARN", "INFO"]);
}

#[tokio::test(start_paused = true)]
async fn a_source_that_hangs_costs_a_call_two_seconds_and_the_next_ones_nothing() {
    let stub = Stub::with(json!({ "f": { "default": true } }));
    *stub.hangs.lock().unwrap() = true;
    let flags = stub.flags();
    let began = Instant::now();
    assert!(!flags.evaluate("f", &(), false).await);
    assert_eq!(began.elapsed(), SECOND * 2);
    assert!(!flags.evaluate("f", &(), false).await);
    assert_eq!(began.elapsed(), SECOND * 2);
}

#[tokio::test(start_paused = true)]
async fn over_a_source_that_hangs_the_good_document_stays_in_use() {
    for wait in [SECOND / 2, SECOND * 2] {
        let stub = Stub::with(json!({ "f": { "default": true } }));
        let flags = stub.flags().longest_wait(wait);
        assert!(flags.evaluate("f", &(), false).await);
        *stub.hangs.lock().unwrap() = true;
        advance(SECOND * 6).await;
        for _ in 0..20 {
            let began = Instant::now();
            assert!(flags.evaluate("f", &(), false).await);
            assert!(began.elapsed() <= wait.min(SECOND * 3 / 2), "{:?}", began.elapsed());
            sleep(SECOND).await;
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_document_that_comes_late_is_used_at_once() {
    let stub = Stub::with(json!({ "f": { "default": true } }));
    let flags = stub.flags().longest_wait(SECOND / 20);
    assert!(!flags.evaluate("f", &(), false).await, "the source takes longer");
    sleep(SECOND / 10).await;
    assert!(flags.evaluate("f", &(), false).await);
}

#[tokio::test(start_paused = true)]
async fn time_that_passes_in_a_frozen_sandbox_counts() {
    let stub = Stub::with(json!({ "f": { "default": true } }));
    let flags = stub.flags();
    assert!(flags.evaluate("f", &(), false).await);
    stub.put(r#"{"f": {"default": false}}"#);
    crate::core::clock::freeze(SECOND * 60);
    assert!(!flags.evaluate("f", &(), true).await);
    stub.down();
    crate::core::clock::freeze(SECOND * 7200);
    assert!(flags.evaluate("f", &(), true).await, "the document is too old");
    stub.put(r#"{"f": {"default": false}}"#);
    crate::core::clock::freeze(SECOND * 60);
    assert!(!flags.evaluate("f", &(), true).await, "and the pause is over");
}

#[tokio::test(start_paused = true)]
async fn a_document_that_the_source_refuses_is_no_longer_used() {
    #[derive(Clone, Default)]
    struct Withdrawn(Arc<AtomicUsize>);
    impl ParameterSource for Withdrawn {
        async fn fetch(&self, id: &ParameterId) -> Result<ParameterValue, BoxError> {
            match self.0.fetch_add(1, Ordering::SeqCst) {
                0 => Ok(ParameterValue::from_text(id, r#"{"f": {"default": true}}"#)),
                _ => Err(crate::config::cache::Refused::new("there is no such profile").into()),
            }
        }
    }
    let flags = Flags::new(Withdrawn::default(), "features");
    assert!(flags.evaluate("f", &(), false).await);
    advance(SECOND * 6).await;
    assert!(!flags.evaluate("f", &(), false).await);
}

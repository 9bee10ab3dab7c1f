//! A source that fails, refuses, panics or does not respond.

use super::*;

#[tokio::test(start_paused = true)]
async fn while_the_source_fails_the_last_good_value_stays_for_a_bounded_time() {
    let source = Source::default();
    let cache = source.cache().last_good(Duration::from_secs(600));
    cache.get(&"k").await.unwrap();
    source.down(true);
    later(TTL + SECOND).await;
    assert_eq!(*cache.get(&"k").await.unwrap(), 1);
    later(Duration::from_secs(500)).await;
    assert_eq!(*cache.get(&"k").await.unwrap(), 1);
    later(Duration::from_secs(200)).await;
    assert_eq!(chain(&cache.get(&"k").await.unwrap_err()), ["could not get k", "the service is down"]);
    source.down(false);
    assert!(cache.get(&"k").await.is_ok());
}

/// Counts warnings.
struct Warnings(Arc<AtomicUsize>);

impl tracing::Subscriber for Warnings {
    fn enabled(&self, metadata: &tracing::Metadata<'_>) -> bool {
        *metadata.level() == tracing::Level::WARN
    }
    fn new_span(&self, _: &tracing::span::Attributes<'_>) -> tracing::span::Id {
        tracing::span::Id::from_u64(1)
    }
    fn record(&self, _: &tracing::span::Id, _: &tracing::span::Record<'_>) {}
    fn record_follows_from(&self, _: &tracing::span::Id, _: &tracing::span::Id) {}
    fn event(&self, _: &tracing::Event<'_>) {
        self.0.fetch_add(1, Ordering::SeqCst);
    }
    fn enter(&self, _: &tracing::span::Id) {}
    fn exit(&self, _: &tracing::span::Id) {}
}

#[tokio::test(start_paused = true)]
async fn a_failed_refresh_is_one_warning_however_many_wait_for_it() {
    let warnings = Arc::new(AtomicUsize::new(0));
    // A second subscriber: with only one, `tracing` may ask just the thread of another test.
    let _ = tracing::subscriber::set_global_default(tracing::subscriber::NoSubscriber::default());
    let _subscriber = tracing::subscriber::set_default(Warnings(Arc::clone(&warnings)));
    let source = Source::default();
    let cache = source.cache();
    cache.get(&"k").await.unwrap();
    source.down(true);
    advance(TTL + SECOND).await;
    let all = join_all((0..100).map(|_| cache.get(&"k"))).await;
    assert!(all.into_iter().all(|value| *value.unwrap() == 1));
    assert_eq!((source.fetches(), warnings.load(Ordering::SeqCst)), (2, 1));
}

#[tokio::test(start_paused = true)]
async fn a_failing_source_is_asked_less_and_less_often() {
    let source = Source::default();
    let cache = source.cache();
    cache.get(&"k").await.unwrap();
    source.down(true);
    advance(TTL).await;
    let mut asked = 0;
    let minutes = 30;
    // A call every 100 ms for half an hour.
    for _ in 0..minutes * 600 {
        assert_eq!(*cache.get(&"k").await.unwrap(), 1);
        sleep(Duration::from_millis(100)).await;
    }
    asked += source.fetches() - 1;
    assert!(asked <= 6 + minutes, "{asked} times in {minutes} minutes");
    assert!(asked >= minutes / 2, "{asked} times in {minutes} minutes");
    source.down(false);
    advance(LONGEST_PAUSE).await;
    assert!(*cache.get(&"k").await.unwrap() > 1);
}

#[tokio::test(start_paused = true)]
async fn a_source_that_panics_is_an_error_and_is_asked_again() {
    let calls = Arc::new(AtomicUsize::new(0));
    let counted = Arc::clone(&calls);
    let cache = Cache::new(move |_: &'static str| {
        let call = counted.fetch_add(1, Ordering::SeqCst);
        async move { if call == 0 { panic!("oh") } else { Ok(call) } }
    });
    assert!(cache.get(&"k").await.is_err());
    assert_eq!(*cache.get(&"k").await.unwrap(), 1);
}

#[tokio::test(start_paused = true)]
async fn a_fetch_that_never_answers_ends_and_the_last_good_value_is_used() {
    let stuck = Arc::new(AtomicBool::new(false));
    let hangs = stuck.clone();
    let cache = Cache::new(move |_: &'static str| {
        let hangs = hangs.load(Ordering::SeqCst);
        async move { if hangs { std::future::pending().await } else { Ok(7) } }
    })
    .time_to_live(TTL);
    assert_eq!(*cache.get(&"k").await.unwrap(), 7);
    stuck.store(true, Ordering::SeqCst);
    advance(TTL + SECOND).await;
    assert_eq!(*cache.get(&"k").await.unwrap(), 7, "after the flight's limit");
    stuck.store(false, Ordering::SeqCst);
    advance(TTL).await;
    assert_eq!(*cache.get(&"k").await.unwrap(), 7, "and the next one flies");
}

#[tokio::test(start_paused = true)]
async fn a_source_that_hangs_costs_a_moment_once_and_its_answer_is_kept() {
    let source = Held::default();
    let cache = source.with_value().await;
    advance(TTL + SECOND).await;
    let began = Instant::now();
    assert_eq!(*cache.get(&"k").await.unwrap(), 1);
    assert_eq!(began.elapsed(), PATIENCE);
    assert_eq!(*cache.get(&"k").await.unwrap(), 1);
    assert_eq!(began.elapsed(), PATIENCE, "the next caller does not wait any more");
    advance(SECOND * 5).await;
    source.end(2, Ok(())).await;
    assert_eq!(*cache.get(&"k").await.unwrap(), 2, "the flight went on");
    assert_eq!(source.calls(), 2);
}

#[tokio::test(start_paused = true)]
async fn a_refusal_is_no_outage() {
    let source = Held::default();
    let cache = source.with_value().await;
    advance(TTL + SECOND).await;
    let get = spawn(&cache);
    turn().await;
    source.end(2, Err(Refused::new("it was deleted").into())).await;
    let error = get.await.unwrap().unwrap_err();
    assert!(error.is_refused());
    assert_eq!(chain(&error), ["could not get k", "it was deleted"]);
    let again = spawn(&cache);
    turn().await;
    assert_eq!(source.calls(), 3, "the value is forgotten");
    source.end(3, Err("the service is down".into())).await;
    assert!(!again.await.unwrap().unwrap_err().is_refused());
}

#[tokio::test(start_paused = true)]
async fn a_refusal_of_a_refresh_ahead_ends_the_value_too() {
    let source = Held::default();
    let cache = source.with_value().await;
    advance(TTL / 10 * 9).await;
    assert_eq!(*cache.get(&"k").await.unwrap(), 1);
    turn().await;
    source.end(2, Err(Refused::new("it may not be read").into())).await;
    let get = spawn(&cache);
    turn().await;
    source.end(3, Err(Refused::new("it may not be read").into())).await;
    assert!(get.await.unwrap().unwrap_err().is_refused());
}

#[tokio::test(start_paused = true)]
async fn an_error_does_not_show_its_reasons_debug() {
    #[derive(Debug)]
    struct Leaky(#[allow(dead_code, reason = "only its `Debug` is tested")] &'static str);
    impl fmt::Display for Leaky {
        fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("unreadable")
        }
    }
    impl StdError for Leaky {}

    for refuses in [false, true] {
        let cache: Cache<&str, ()> = Cache::new(move |_| async move {
            Err(if refuses { Refused::new(Leaky("hunter2")).into() } else { Leaky("hunter2").into() })
        });
        let printed = format!("{:?}", cache.get(&"k").await.unwrap_err());
        assert_eq!(printed, "CacheError(could not get k: unreadable)");
    }
}

#[tokio::test(start_paused = true)]
async fn forced_reads_that_fail_in_a_pause_do_not_make_it_longer() {
    let (fetches, down) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicBool::new(false)));
    let (counted, fails) = (Arc::clone(&fetches), Arc::clone(&down));
    let cache = Cache::new(move |_: &'static str| {
        let count = counted.fetch_add(1, Ordering::SeqCst) + 1;
        let fails = fails.load(Ordering::SeqCst);
        async move { if fails { Err("the service is down".into()) } else { Ok(count) } }
    })
    .time_to_live(SECOND * 10);
    assert_eq!(*cache.get(&"k").await.unwrap(), 1);
    down.store(true, Ordering::SeqCst);
    for _ in 0..8 {
        assert!(cache.fetch(&"k").await.is_err());
    }
    advance(SECOND * 11).await;
    assert_eq!(*cache.get(&"k").await.unwrap(), 1, "the pause of one failure is over, so this is the second");
    down.store(false, Ordering::SeqCst);
    advance(SECOND).await;
    assert_eq!(*cache.get(&"k").await.unwrap(), 1, "a pause of 2 s");
    advance(SECOND).await;
    assert_eq!(*cache.get(&"k").await.unwrap(), 11);
}

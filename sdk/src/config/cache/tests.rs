use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use tokio::time::{advance, sleep};

use super::*;

const TTL: Duration = Duration::from_secs(300);
const SECOND: Duration = Duration::from_secs(1);

/// A source whose value is the number of fetches so far; each takes a second, and it can be switched off.
#[derive(Clone, Default)]
struct Source {
    fetches: Arc<AtomicUsize>,
    down: Arc<AtomicBool>,
}

impl Source {
    fn cache(&self) -> Cache<&'static str, usize> {
        let source = self.clone();
        Cache::new(move |_| {
            let source = source.clone();
            async move {
                sleep(SECOND).await;
                let count = source.fetches.fetch_add(1, Ordering::SeqCst) + 1;
                if source.down.load(Ordering::SeqCst) { Err("the service is down".into()) } else { Ok(count) }
            }
        })
    }

    fn fetches(&self) -> usize {
        self.fetches.load(Ordering::SeqCst)
    }

    fn down(&self, down: bool) {
        self.down.store(down, Ordering::SeqCst);
    }
}

/// Moves the clock, then lets a background fetch come to its end.
async fn later(time: Duration) {
    advance(time).await;
    settle().await;
}

async fn settle() {
    sleep(SECOND + SECOND).await;
}

#[tokio::test(start_paused = true)]
async fn a_value_is_kept_for_its_time_to_live_and_not_longer() {
    let source = Source::default();
    let cache = source.cache();
    assert_eq!(*cache.get(&"k").await.unwrap(), 1);
    advance(TTL / 2).await;
    assert_eq!(*cache.get(&"k").await.unwrap(), 1);
    advance(TTL).await;
    assert_eq!(*cache.get(&"k").await.unwrap(), 2, "expired, so the caller waits for a new one");
}

#[tokio::test(start_paused = true)]
async fn the_last_moment_still_belongs_to_the_time_to_live() {
    let source = Source::default();
    let cache = source.cache();
    cache.get(&"k").await.unwrap();
    advance(TTL).await;
    assert_eq!(*cache.get(&"k").await.unwrap(), 1);
}

#[tokio::test(start_paused = true)]
async fn a_hundred_callers_are_one_flight() {
    let source = Source::default();
    let cache = source.cache();
    let all = future::join_all((0..100).map(|_| cache.get(&"k"))).await;
    assert!(all.into_iter().all(|value| *value.unwrap() == 1));
    assert_eq!(source.fetches(), 1);
}

#[tokio::test(start_paused = true)]
async fn a_hundred_callers_share_one_failure_and_the_next_call_tries_again() {
    let source = Source::default();
    source.down(true);
    let cache = source.cache();
    let all = future::join_all((0..100).map(|_| cache.get(&"database"))).await;
    let error = all.into_iter().map(Result::unwrap_err).next().unwrap();
    assert_eq!(chain(&error), ["could not get database", "the service is down"]);
    assert_eq!(source.fetches(), 1);
    source.down(false);
    assert_eq!(*cache.get(&"database").await.unwrap(), 2);
}

#[tokio::test(start_paused = true)]
async fn keys_do_not_wait_for_one_another() {
    let source = Source::default();
    let cache = source.cache();
    let began = Instant::now();
    future::join_all(["a", "b", "c"].iter().map(|key| cache.get(key))).await;
    assert_eq!(began.elapsed(), SECOND);
    assert_eq!(source.fetches(), 3);
}

#[tokio::test(start_paused = true)]
async fn a_caller_who_goes_away_does_not_end_the_flight() {
    let source = Source::default();
    let cache = source.cache();
    assert!(tokio::time::timeout(SECOND / 2, cache.get(&"k")).await.is_err());
    settle().await;
    assert_eq!(*cache.get(&"k").await.unwrap(), 1);
    assert_eq!(source.fetches(), 1);
}

#[tokio::test(start_paused = true)]
async fn ahead_of_expiry_it_is_refreshed_in_the_background() {
    let source = Source::default();
    let cache = source.cache();
    cache.get(&"k").await.unwrap();
    advance(TTL / 5 * 4 - SECOND).await;
    cache.get(&"k").await.unwrap();
    settle().await;
    assert_eq!(source.fetches(), 1, "too early");

    let began = Instant::now();
    assert_eq!(*cache.get(&"k").await.unwrap(), 1, "the value at hand");
    assert_eq!(began.elapsed(), Duration::ZERO, "at once");
    settle().await;
    assert_eq!(*cache.get(&"k").await.unwrap(), 2);
    assert_eq!(source.fetches(), 2);
}

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
    // With a single subscriber alive, `tracing` asks only the thread that comes by first whether a line is wanted, and that
    // may be another test's. A second one, which wants nothing, makes it ask both.
    let _ = tracing::subscriber::set_global_default(tracing::subscriber::NoSubscriber::default());
    let _subscriber = tracing::subscriber::set_default(Warnings(Arc::clone(&warnings)));
    let source = Source::default();
    let cache = source.cache();
    cache.get(&"k").await.unwrap();
    source.down(true);
    advance(TTL + SECOND).await;
    let all = future::join_all((0..100).map(|_| cache.get(&"k"))).await;
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
async fn a_reader_may_ask_for_a_younger_value() {
    let source = Source::default();
    let cache = source.cache();
    cache.get(&"k").await.unwrap();
    advance(SECOND * 20).await;
    assert_eq!(*cache.get_within(&"k", SECOND * 30).await.unwrap(), 1);
    assert_eq!(*cache.get_within(&"k", SECOND * 5).await.unwrap(), 2);
    advance(SECOND * 100).await;
    assert_eq!(*cache.get(&"k").await.unwrap(), 2, "and the others keep their time to live");
}

#[tokio::test(start_paused = true)]
async fn a_time_to_live_of_zero_keeps_nothing() {
    let source = Source::default();
    let cache = source.cache().time_to_live(Duration::ZERO);
    assert_eq!(*cache.get(&"k").await.unwrap(), 1);
    assert_eq!(*cache.get(&"k").await.unwrap(), 2);
    source.down(true);
    assert!(cache.get(&"k").await.is_err());

    let cache = Source::default().cache();
    assert_eq!(*cache.get_within(&"k", Duration::ZERO).await.unwrap(), 1);
    assert_eq!(*cache.get(&"k").await.unwrap(), 2);
}

#[tokio::test(start_paused = true)]
async fn the_longest_time_to_live_is_for_ever() {
    let source = Source::default();
    let cache = source.cache().time_to_live(Duration::MAX);
    cache.get(&"k").await.unwrap();
    advance(Duration::from_secs(86_400 * 365)).await;
    assert_eq!(*cache.get(&"k").await.unwrap(), 1);
}

#[tokio::test(start_paused = true)]
async fn a_forced_fetch_renews_the_value_and_fails_loudly() {
    let source = Source::default();
    let cache = source.cache();
    cache.get(&"k").await.unwrap();
    assert_eq!(*cache.fetch(&"k").await.unwrap(), 2);
    assert_eq!(*cache.get(&"k").await.unwrap(), 2);
    source.down(true);
    assert!(cache.fetch(&"k").await.is_err());
    assert_eq!(*cache.get(&"k").await.unwrap(), 2, "the others keep the last good value");
}

#[tokio::test(start_paused = true)]
async fn what_was_cleared_is_fetched_again_and_a_flight_under_way_does_not_bring_it_back() {
    let source = Source::default();
    let cache = source.cache();
    let (value, ()) = tokio::join!(cache.get(&"k"), async {
        sleep(SECOND / 2).await;
        cache.clear();
    });
    assert_eq!(*value.unwrap(), 1);
    assert_eq!(*cache.get(&"k").await.unwrap(), 2);
}

#[tokio::test(start_paused = true)]
async fn the_least_recently_used_key_makes_room() {
    let source = Source::default();
    let cache = source.cache().capacity(2);
    for key in ["a", "b", "a", "c"] {
        cache.get(&key).await.unwrap();
        advance(SECOND).await;
    }
    assert_eq!(source.fetches(), 3);
    cache.get(&"a").await.unwrap();
    assert_eq!(source.fetches(), 3, "a was used after b");
    cache.get(&"b").await.unwrap();
    assert_eq!(source.fetches(), 4);
    assert!(cache.shared.entries().len() <= 2);
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

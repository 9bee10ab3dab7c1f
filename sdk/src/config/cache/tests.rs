use std::error::Error as StdError;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use futures_util::future::join_all;
use tokio::time::{Instant, advance, sleep, timeout};

use super::read::PATIENCE;
use super::*;
use crate::core::clock::{freeze, set_back};
use crate::core::error::chain;

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
    // The fetch took a second, and its departure counts.
    advance(TTL - SECOND).await;
    assert_eq!(*cache.get(&"k").await.unwrap(), 1);
}

#[tokio::test(start_paused = true)]
async fn a_hundred_callers_are_one_flight() {
    let source = Source::default();
    let cache = source.cache();
    let all = join_all((0..100).map(|_| cache.get(&"k"))).await;
    assert!(all.into_iter().all(|value| *value.unwrap() == 1));
    assert_eq!(source.fetches(), 1);
}

#[tokio::test(start_paused = true)]
async fn a_hundred_callers_share_one_failure_and_the_next_call_tries_again() {
    let source = Source::default();
    source.down(true);
    let cache = source.cache();
    let all = join_all((0..100).map(|_| cache.get(&"database"))).await;
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
    join_all(["a", "b", "c"].iter().map(|key| cache.get(key))).await;
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
    advance(TTL / 5 * 4 - SECOND * 2).await;
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

/// A source whose fetches end when the test says so, each with its number.
#[derive(Clone, Default)]
struct Held(Arc<Mutex<Vec<Option<Ends>>>>);

type Ends = tokio::sync::oneshot::Sender<Result<(), BoxError>>;

impl Held {
    fn cache(&self) -> Cache<&'static str, usize> {
        let held = self.clone();
        Cache::new(move |_| {
            let (sender, receiver) = tokio::sync::oneshot::channel();
            let mut calls = held.0.lock().unwrap();
            calls.push(Some(sender));
            let call = calls.len();
            async move { receiver.await?.map(|()| call) }
        })
    }

    fn calls(&self) -> usize {
        self.0.lock().unwrap().len()
    }

    /// Ends a fetch, the first one is 1.
    async fn end(&self, call: usize, result: Result<(), BoxError>) {
        let sender = self.0.lock().unwrap()[call - 1].take().unwrap();
        let _ = sender.send(result);
        turn().await;
    }

    /// A cache with the value of the first fetch.
    async fn with_value(&self) -> Cache<&'static str, usize> {
        let cache = self.cache();
        let get = spawn(&cache);
        turn().await;
        self.end(1, Ok(())).await;
        assert_eq!(get.await.unwrap().unwrap(), 1);
        cache
    }
}

type Getting = tokio::task::JoinHandle<Result<usize, CacheError>>;

fn spawn(cache: &Cache<&'static str, usize>) -> Getting {
    let cache = cache.clone();
    tokio::spawn(async move { cache.get(&"k").await.map(|value| *value) })
}

fn spawn_fetch(cache: &Cache<&'static str, usize>) -> Getting {
    let cache = cache.clone();
    tokio::spawn(async move { cache.fetch(&"k").await.map(|value| *value) })
}

/// Lets all tasks have their turns, without time that passes.
async fn turn() {
    for _ in 0..10 {
        tokio::task::yield_now().await;
    }
}

#[tokio::test(start_paused = true)]
async fn time_that_passes_in_a_frozen_sandbox_counts() {
    let source = Source::default();
    let cache = source.cache().last_good(Duration::from_secs(600));
    cache.get(&"k").await.unwrap();
    freeze(TTL + SECOND);
    assert_eq!(*cache.get(&"k").await.unwrap(), 2, "expired");
    source.down(true);
    freeze(Duration::from_secs(1000));
    assert!(cache.get(&"k").await.is_err(), "not even the last good value is young enough");
}

#[tokio::test(start_paused = true)]
async fn a_wall_clock_that_is_set_back_makes_nothing_live_longer() {
    let source = Source::default();
    let cache = source.cache();
    cache.get(&"k").await.unwrap();
    set_back(Duration::from_secs(86_400));
    advance(TTL + SECOND).await;
    assert_eq!(*cache.get(&"k").await.unwrap(), 2);
}

#[tokio::test(start_paused = true)]
async fn a_pause_ends_while_the_sandbox_is_frozen() {
    let source = Source::default();
    let cache = source.cache();
    cache.get(&"k").await.unwrap();
    source.down(true);
    later(TTL + SECOND).await;
    assert_eq!(*cache.get(&"k").await.unwrap(), 1);
    source.down(false);
    freeze(LONGEST_PAUSE);
    assert_eq!(*cache.get(&"k").await.unwrap(), 3);
}

#[tokio::test(start_paused = true)]
async fn a_refresh_that_was_frozen_is_dated_at_its_departure() {
    let source = Held::default();
    let cache = source.with_value().await;
    advance(TTL / 10 * 9).await;
    assert_eq!(*cache.get(&"k").await.unwrap(), 1);
    turn().await;
    assert_eq!(source.calls(), 2, "the refresh departs");
    freeze(Duration::from_secs(3200));
    source.end(2, Ok(())).await;
    let get = spawn(&cache);
    turn().await;
    assert_eq!(source.calls(), 3, "what it brought is 3,200 s old");
    source.end(3, Ok(())).await;
    assert_eq!(get.await.unwrap().unwrap(), 3);
}

#[tokio::test(start_paused = true)]
async fn a_flight_that_was_frozen_is_neither_joined_nor_a_failure() {
    let source = Held::default();
    let cache = source.with_value().await;
    advance(TTL / 10 * 9).await;
    cache.get(&"k").await.unwrap();
    turn().await;
    freeze(Duration::from_secs(600));
    let get = spawn(&cache);
    turn().await;
    assert_eq!(source.calls(), 3, "a new one departs at once");
    source.end(2, Err("the connection was reset".into())).await;
    source.end(3, Ok(())).await;
    assert_eq!(get.await.unwrap().unwrap(), 3);

    // The same without a caller while it lands.
    advance(TTL / 10 * 9).await;
    cache.get(&"k").await.unwrap();
    turn().await;
    freeze(Duration::from_secs(600));
    source.end(4, Err("the connection was reset".into())).await;
    let get = spawn(&cache);
    turn().await;
    assert_eq!(source.calls(), 5, "no pause: the failure says nothing about the source");
    source.end(5, Ok(())).await;
    assert_eq!(get.await.unwrap().unwrap(), 5);
}

#[tokio::test(start_paused = true)]
async fn a_caller_that_was_frozen_with_its_flight_takes_another_one() {
    let source = Held::default();
    let cache = source.cache();
    let get = spawn(&cache);
    turn().await;
    freeze(Duration::from_secs(600));
    source.end(1, Err("the connection was reset".into())).await;
    assert_eq!(source.calls(), 2);
    source.end(2, Ok(())).await;
    assert_eq!(get.await.unwrap().unwrap(), 2);
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
async fn what_departed_before_a_refusal_is_not_kept_after_it() {
    let source = Held::default();
    let cache = source.cache();
    let get = spawn(&cache);
    turn().await;
    let fetch = spawn_fetch(&cache);
    turn().await;
    source.end(2, Err(Refused::new("it was deleted").into())).await;
    assert!(fetch.await.unwrap().unwrap_err().is_refused());
    source.end(1, Ok(())).await;
    assert_eq!(get.await.unwrap().unwrap(), 1, "its own callers asked before the refusal");
    let again = spawn(&cache);
    turn().await;
    source.end(3, Ok(())).await;
    assert_eq!(again.await.unwrap().unwrap(), 3);
}

#[tokio::test(start_paused = true)]
async fn a_forced_fetch_does_not_join_what_departed_before() {
    let source = Held::default();
    let cache = source.with_value().await;
    advance(TTL / 10 * 9).await;
    cache.get(&"k").await.unwrap();
    turn().await;
    advance(SECOND).await;
    let fetch = spawn_fetch(&cache);
    turn().await;
    assert_eq!(source.calls(), 3);
    source.end(3, Ok(())).await;
    assert_eq!(fetch.await.unwrap().unwrap(), 3);
    source.end(2, Ok(())).await;
    assert_eq!(*cache.get(&"k").await.unwrap(), 3, "the older one does not replace it");
}

#[tokio::test(start_paused = true)]
async fn forced_fetches_that_come_one_after_another_share_the_next_flight() {
    let source = Held::default();
    let cache = source.with_value().await;
    let first = spawn_fetch(&cache);
    let mut others = Vec::new();
    for _ in 0..50 {
        advance(Duration::from_millis(1)).await;
        others.push(spawn_fetch(&cache));
        turn().await;
    }
    assert_eq!(source.calls(), 2);
    source.end(2, Ok(())).await;
    assert_eq!(first.await.unwrap().unwrap(), 2);
    assert_eq!(source.calls(), 3);
    source.end(3, Ok(())).await;
    for other in others {
        assert_eq!(other.await.unwrap().unwrap(), 3);
    }
}

#[tokio::test(start_paused = true)]
async fn an_age_of_zero_does_not_join_what_departed_before() {
    let source = Held::default();
    let cache = source.cache();
    let get = spawn(&cache);
    turn().await;
    advance(SECOND / 2).await;
    let fresh = cache.clone();
    let fresh = tokio::spawn(async move { fresh.get_within(&"k", Duration::ZERO).await.map(|value| *value) });
    turn().await;
    source.end(1, Ok(())).await;
    source.end(2, Ok(())).await;
    assert_eq!((get.await.unwrap().unwrap(), fresh.await.unwrap().unwrap()), (1, 2));
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
async fn after_a_burst_no_more_values_are_kept_than_the_capacity() {
    let source = Source::default();
    let cache = Cache::new(move |key: usize| {
        let source = source.clone();
        async move {
            sleep(SECOND).await;
            source.fetches.fetch_add(1, Ordering::SeqCst);
            Ok(key)
        }
    })
    .capacity(2);
    let keys: Vec<_> = (0..100).collect();
    let all = join_all(keys.iter().map(|key| cache.get(key))).await;
    let values: Vec<_> = all.into_iter().map(|value| Arc::downgrade(&value.unwrap())).collect();
    assert_eq!(values.iter().filter(|value| value.upgrade().is_some()).count(), 2);
    assert_eq!(cache.shared.entries().len(), 2);
}

#[tokio::test(start_paused = true)]
async fn keys_without_a_value_take_no_place() {
    let fetches = Arc::new(AtomicUsize::new(0));
    let counted = Arc::clone(&fetches);
    let cache = Cache::new(move |key: &'static str| {
        counted.fetch_add(1, Ordering::SeqCst);
        async move {
            match key {
                "refused" => Err(Refused::new("there is no such key").into()),
                "down" => Err("the service is down".into()),
                _ => Ok(key.len()),
            }
        }
    })
    .capacity(1);
    cache.get(&"a").await.unwrap();
    for key in ["refused", "down", "refused"] {
        advance(SECOND).await;
        cache.get(&key).await.unwrap_err();
        assert_eq!(cache.shared.entries().len(), 1);
    }
    assert_eq!(cache.get_within(&"bb", Duration::ZERO).await.map(|value| *value).unwrap(), 2);
    assert_eq!(cache.shared.entries().len(), 1);
    assert_eq!(fetches.load(Ordering::SeqCst), 5);
    cache.get(&"a").await.unwrap();
    assert_eq!(fetches.load(Ordering::SeqCst), 5, "the value was not pushed out");
}

/// Uses the cache when it is dropped.
struct Meddling(Cache<&'static str, Meddling>);

impl Drop for Meddling {
    fn drop(&mut self) {
        self.0.forget(&"other");
    }
}

#[tokio::test(start_paused = true)]
async fn the_code_of_a_caller_may_use_the_cache() {
    let cache: Arc<OnceLock<Cache<&'static str, Meddling>>> = Arc::default();
    let own = Arc::clone(&cache);
    let new = Cache::new(move |_| {
        let own = own.get().cloned();
        async move { Ok(Meddling(own.ok_or("no cache")?)) }
    });
    let cache = cache.get_or_init(|| new.capacity(1).time_to_live(SECOND));
    cache.get(&"a").await.unwrap();
    cache.forget_if(|key| {
        cache.forget(&"other");
        *key == "a"
    });
    assert_eq!(cache.shared.entries().len(), 0);
    cache.get(&"a").await.unwrap();
    cache.get(&"b").await.unwrap();
    later(SECOND * 2).await;
    cache.get(&"b").await.unwrap();
    cache.forget(&"b");
    cache.get(&"b").await.unwrap();
    cache.clear();
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

/// Counts the spans that are open.
#[cfg(feature = "logging")]
struct Open(Arc<AtomicUsize>);

#[cfg(feature = "logging")]
impl<S> tracing_subscriber::Layer<S> for Open
where
    S: tracing::Subscriber + for<'a> tracing_subscriber::registry::LookupSpan<'a>,
{
    fn on_new_span(
        &self,
        _: &tracing::span::Attributes<'_>,
        _: &tracing::span::Id,
        _: tracing_subscriber::layer::Context<'_, S>,
    ) {
        self.0.fetch_add(1, Ordering::SeqCst);
    }
    fn on_close(&self, _: tracing::span::Id, _: tracing_subscriber::layer::Context<'_, S>) {
        self.0.fetch_sub(1, Ordering::SeqCst);
    }
}

#[cfg(feature = "logging")]
#[tokio::test(start_paused = true)]
async fn a_callers_span_ends_with_the_caller_and_not_with_the_fetch() {
    use tracing::Instrument as _;
    use tracing_subscriber::layer::SubscriberExt as _;

    let open = Arc::new(AtomicUsize::new(0));
    let _ = tracing::subscriber::set_global_default(tracing::subscriber::NoSubscriber::default());
    let _subscriber = tracing::subscriber::set_default(tracing_subscriber::registry().with(Open(Arc::clone(&open))));
    let source = Held::default();
    let cache = source.with_value().await;
    let is_open = || open.load(Ordering::SeqCst);
    let span = || tracing::info_span!("charge");

    advance(TTL / 10 * 9).await;
    assert_eq!(*cache.get(&"k").instrument(span()).await.unwrap(), 1);
    turn().await;
    assert_eq!((source.calls(), is_open()), (2, 0), "a refresh in the background");
    source.end(2, Ok(())).await;

    advance(TTL + SECOND).await;
    assert_eq!(*cache.get(&"k").instrument(span()).await.unwrap(), 2);
    assert_eq!((source.calls(), is_open()), (3, 0), "a source that does not respond in time");
    source.end(3, Ok(())).await;

    assert!(timeout(SECOND, cache.fetch(&"k").instrument(span())).await.is_err());
    assert_eq!((source.calls(), is_open()), (4, 0), "a caller who has given up");
    let seen = Arc::new(Mutex::new(None));
    let see = Arc::clone(&seen);
    let spans = Cache::new(move |_: &'static str| {
        let see = Arc::clone(&see);
        async move {
            *see.lock().unwrap() = tracing::Span::current().metadata().map(|span| span.name());
            Ok(1)
        }
    });
    spans.get(&"k").instrument(span()).await.unwrap();
    assert_eq!(*seen.lock().unwrap(), Some("charge"), "a caller who waits");
}

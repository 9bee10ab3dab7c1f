use std::error::Error as StdError;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use futures_util::future::join_all;
use tokio::time::{Instant, advance, sleep};

use super::read::PATIENCE;
use super::*;
use crate::core::clock::{freeze, set_back};
use crate::core::error::chain;

mod failures;
mod flights;
mod frozen;
mod model;

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

//! A cache for values that a service keeps and that change seldom: secrets, parameters, configuration.
//!
//! A value is fetched when it is first asked for and handed out until it is older than its time to live. Then:
//!
//! - **one flight per key**: however many ask, one fetch is under way, and all get its result. It is a task of its own, so
//!   a request that is given up does not end it for the others;
//! - **refresh ahead**: from four fifths of the time to live on, a call still gets the value at once and starts a fetch;
//! - **last good value**: while the source has an outage, the old value is handed out for a bounded time. A call waits at most 1.5 s
//!   for a source that does not answer, and the fetch goes on without it. Each failed fetch is logged
//!   once, as a warning, and the next one waits: 1 s, 2 s, 4 s, … up to 60 s, so that a service in trouble is left alone;
//! - **after that**, and where there is no old value: an error that names the key, with the reason as its source;
//! - **a refusal** ([`Refused`]) is not an outage: the value is forgotten, and the caller gets the error at once.
//!
//! An age counts from the departure of the fetch, and is the greater of what the monotonic clock and the wall clock show: a sandbox
//! that was frozen for an hour wakes up with values that are an hour old. A fetch that was frozen is replaced.
//!
//! The number of keys is bounded; the least recently used one goes first. A key without a value takes no place once its fetch has ended,
//! and keys whose fetches are under way are not bounded.
//!
//! A fetch runs within the span of the caller who waits for it, and outside of it when that one has gone; a fetch in the background
//! has no span.
//!
//! # Example
//!
//! ```
//! use std::time::Duration;
//!
//! use pilaster::config::cache::Cache;
//!
//! # tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build()?.block_on(async {
//! let lengths = Cache::new(|key: String| async move { Ok(key.len()) }).time_to_live(Duration::from_secs(60));
//!
//! assert_eq!(*lengths.get(&"umbrella".to_owned()).await?, 8);
//! # Ok::<(), pilaster::BoxError>(()) })?;
//! # Ok::<(), pilaster::BoxError>(())
//! ```

mod entry;
mod error;
mod span;

use std::collections::HashMap;
use std::error::Error as StdError;
use std::fmt;
use std::hash::Hash;
use std::mem;
use std::panic::AssertUnwindSafe;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};
use std::time::Duration;

use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use tokio::time::{Instant, timeout};

use self::entry::{Entry, Flight, Held, Outcome, push_out};
pub(crate) use self::error::Chain;
pub use self::error::{CacheError, Refused};
use self::span::{Slot, Waiting, Within};
use crate::core::clock::Moment;
use crate::core::error::{BoxError, chain};

/// How long a failed refresh is left alone: the first time, and at most.
const FIRST_PAUSE: Duration = Duration::from_secs(1);
const LONGEST_PAUSE: Duration = Duration::from_secs(60);
/// How long one fetch may take. Longer, and the value that is there is the better answer.
pub(crate) const LONGEST_FLIGHT: Duration = Duration::from_secs(10);
/// How long a caller with a good value at hand waits, and how old its flight may become, before it takes that one. Lambda's default time-out is 3 s.
const PATIENCE: Duration = Duration::from_millis(1500);

/// Fetches values by key and keeps them for a while. Cheap to clone; clones share their values. See the
/// [module docs](self).
pub struct Cache<K, V> {
    shared: Arc<Shared<K, V>>,
    policy: Policy,
}

#[derive(Clone, Copy, Debug)]
struct Policy {
    ttl: Duration,
    last_good: Duration,
    capacity: usize,
}

struct Shared<K, V> {
    fetch: Fetch<K, V>,
    entries: Mutex<HashMap<K, Entry<V>>>,
    /// How many entries there have been.
    count: AtomicU64,
}

type Fetch<K, V> = Box<dyn Fn(K) -> BoxFuture<'static, Result<V, BoxError>> + Send + Sync>;

/// What a caller wants.
#[derive(Clone, Copy)]
struct Want {
    /// How long a value that is fetched for this caller is kept, and how old a kept one may be.
    max_age: Duration,
    /// How old a flight may be at this time for the caller to join it.
    at: Moment,
    tolerated: Duration,
    /// Whether a kept value will do.
    is_kept_good: bool,
}

/// What a call does next.
enum Next<V> {
    Take(Arc<V>),
    Await(Flight<V>, Option<Waiting>),
    /// Another caller's forced flight is under way that departed too early: the callers behind it share the next one.
    Follow(Flight<V>),
}

impl<K, V> Cache<K, V>
where
    K: Clone + Eq + Hash + fmt::Display + Send + Sync + 'static,
    V: Send + Sync + 'static,
{
    /// A cache over this source: 5 minutes to live, the last good value for 1 hour more, at most 256 keys.
    pub fn new<F, R>(fetch: F) -> Self
    where
        F: Fn(K) -> R + Send + Sync + 'static,
        R: Future<Output = Result<V, BoxError>> + Send + 'static,
    {
        let fetch: Fetch<K, V> = Box::new(move |key| fetch(key).boxed());
        Self {
            shared: Arc::new(Shared { fetch, entries: Mutex::default(), count: AtomicU64::new(0) }),
            policy: Policy { ttl: Duration::from_secs(300), last_good: Duration::from_secs(3600), capacity: 256 },
        }
    }

    /// How long a value is handed out without a new fetch. Zero keeps nothing; [`Duration::MAX`] keeps it for ever.
    #[must_use]
    pub fn time_to_live(mut self, ttl: Duration) -> Self {
        self.policy.ttl = ttl;
        self
    }

    /// How much longer the last good value is handed out while the source fails. Zero turns that off.
    #[must_use]
    pub fn last_good(mut self, time: Duration) -> Self {
        self.policy.last_good = time;
        self
    }

    /// How many keys are kept, at least one.
    #[must_use]
    pub fn capacity(mut self, keys: usize) -> Self {
        self.policy.capacity = keys.max(1);
        self
    }

    /// The value of this key.
    ///
    /// # Errors
    ///
    /// The source refused it, or has an outage and there is no last good value, or none that is young enough.
    pub async fn get(&self, key: &K) -> Result<Arc<V>, CacheError> {
        self.get_within(key, self.policy.ttl).await
    }

    /// The value of this key, fetched at most `max_age` ago. A value that this call fetches is kept for that time. Zero always
    /// fetches and keeps nothing.
    ///
    /// # Errors
    ///
    /// As [`get`](Self::get).
    pub async fn get_within(&self, key: &K, max_age: Duration) -> Result<Arc<V>, CacheError> {
        // The callers that want what the cache promises share a flight whatever its age.
        let tolerated = if max_age >= self.policy.ttl && !max_age.is_zero() { Duration::MAX } else { max_age };
        self.read(key, Want { max_age, at: Moment::now(), tolerated, is_kept_good: true }).await
    }

    /// Fetches the value of this key, whatever is kept. A fetch that departed before this call does not count; callers that come
    /// while another such fetch is under way share the next one.
    ///
    /// # Errors
    ///
    /// The source refused it or has an outage. The last good value is no answer to who asks for a new one; it stays for others.
    pub async fn fetch(&self, key: &K) -> Result<Arc<V>, CacheError> {
        self.fetch_since(key, Moment::now()).await
    }

    /// As [`fetch`](Self::fetch); a fetch that departed at this time or later will do.
    pub(crate) async fn fetch_since(&self, key: &K, at: Moment) -> Result<Arc<V>, CacheError> {
        let want = Want { max_age: self.policy.ttl, at, tolerated: Duration::ZERO, is_kept_good: false };
        self.read(key, want).await
    }

    /// The value that is kept of this key, if it would be handed out during an outage.
    #[cfg(any(feature = "flags", feature = "secrets"))]
    pub(crate) fn at_hand(&self, key: &K) -> Option<Arc<V>> {
        self.last_good_value(key, self.policy.ttl)
    }

    // What is removed is dropped after the lock is given back: a value's `Drop` may use the cache.

    /// Forgets the value of this key: it was changed, say. A fetch under way is not kept either.
    pub fn forget(&self, key: &K) {
        let removed = self.shared.entries().remove(key);
        drop(removed);
    }

    /// Forgets the values of all keys of which this holds. It may use the cache.
    pub fn forget_if(&self, mut forget: impl FnMut(&K) -> bool) {
        let mut keys: Vec<K> = self.shared.entries().keys().cloned().collect();
        keys.retain(|key| forget(key));
        let mut entries = self.shared.entries();
        let removed: Vec<_> = keys.iter().filter_map(|key| entries.remove_entry(key)).collect();
        drop(entries);
        drop(removed);
    }

    /// Forgets all values.
    pub fn clear(&self) {
        let removed = mem::take(&mut *self.shared.entries());
        drop(removed);
    }

    async fn read(&self, key: &K, want: Want) -> Result<Arc<V>, CacheError> {
        let (began, mut may_follow) = (Instant::now(), true);
        loop {
            let (flight, _waiting) = match self.next(key, want, may_follow) {
                Next::Take(value) => {
                    #[cfg(feature = "metrics")]
                    crate::observe::metrics::BuiltIn::CacheHits.record(1.0);
                    return Ok(value);
                }
                Next::Follow(flight) => {
                    let _ = timeout(PATIENCE, flight.outcome).await;
                    may_follow = false;
                    continue;
                }
                Next::Await(flight, waiting) => (flight, waiting),
            };
            if let Some(outcome) = self.outcome(key, want, &flight, began).await {
                return outcome.map_err(|reason| CacheError::new(key, reason));
            }
        }
    }

    fn next(&self, key: &K, want: Want, may_follow: bool) -> Next<V> {
        let mut entries = self.shared.entries();
        let entry = self.entry(&mut entries, key);
        let now = Moment::now();
        let held = entry.held.as_ref().filter(|_| want.is_kept_good);
        let Some((value, age, ttl)) = held.and_then(|held| held.for_reader(now, want.max_age)) else {
            return self.board(key, entry, want, may_follow, Slot::of_caller);
        };
        let is_pausing = entry.is_pausing(now);
        if age <= ttl {
            if age >= ttl / 5 * 4 && !is_pausing {
                // The background fetch; a result that nobody awaits is kept by the task itself.
                drop(self.board(key, entry, Want { tolerated: Duration::MAX, ..want }, false, Slot::default));
            }
            return Next::Take(value);
        }
        if is_pausing && age <= ttl.saturating_add(self.policy.last_good) {
            return Next::Take(value);
        }
        self.board(key, entry, want, may_follow, Slot::of_caller)
    }

    /// How the flight ended; `None` if it was frozen with the sandbox.
    async fn outcome(&self, key: &K, want: Want, flight: &Flight<V>, began: Instant) -> Option<Outcome<V>> {
        loop {
            let at_hand = self.last_good_for(key, want).is_some();
            // Without a value at hand the caller looks now and then whether the flight was frozen.
            let waited = flight.age_at(Moment::now()).max(began.elapsed());
            let wait = if at_hand { PATIENCE.saturating_sub(waited) } else { PATIENCE };
            let outcome = timeout(wait, flight.outcome.clone()).await;
            if flight.is_stale(Moment::now()) {
                return None;
            }
            match outcome {
                Ok(Ok(value)) => return Some(Ok(value)),
                Ok(Err(reason)) if Refused::is_in(&*reason) => return Some(Err(reason)),
                Ok(Err(reason)) => return Some(self.last_good_for(key, want).ok_or(reason)),
                Err(_) => {
                    if let Some(value) = self.last_good_for(key, want).filter(|_| at_hand) {
                        return Some(Ok(value));
                    }
                }
            }
        }
    }

    fn last_good_for(&self, key: &K, want: Want) -> Option<Arc<V>> {
        want.is_kept_good.then(|| self.last_good_value(key, want.max_age)).flatten()
    }

    fn last_good_value(&self, key: &K, max_age: Duration) -> Option<Arc<V>> {
        let entries = self.shared.entries();
        let (value, age, ttl) = entries.get(key)?.held.as_ref()?.for_reader(Moment::now(), max_age)?;
        (age <= ttl.saturating_add(self.policy.last_good)).then_some(value)
    }

    /// The entry of this key, used now.
    fn entry<'a>(&self, entries: &'a mut HashMap<K, Entry<V>>, key: &K) -> &'a mut Entry<V> {
        let now = Instant::now();
        let new = || Entry::new(self.shared.count.fetch_add(1, Ordering::Relaxed), now);
        let entry = entries.entry(key.clone()).or_insert_with(new);
        entry.used = now;
        entry
    }

    /// The flight under way, if it is young enough for this caller, or a new one.
    fn board(
        &self,
        key: &K,
        entry: &mut Entry<V>,
        want: Want,
        may_follow: bool,
        slot: impl FnOnce() -> Slot,
    ) -> Next<V> {
        if let Some(flight) = entry.flight.as_ref().filter(|flight| !flight.task.is_finished()) {
            if flight.is_stale(Moment::now()) {
                // It may hold a lock or a connection of the source; those that await it take another one.
                flight.task.abort();
            } else if flight.suits(want.at, want.tolerated) {
                return Next::Await(flight.clone(), None);
            } else if flight.is_forced && may_follow {
                return Next::Follow(flight.clone());
            }
        }
        let slot = slot();
        let waiting = slot.waiting();
        Next::Await(self.depart(key, entry, want, slot), Some(waiting))
    }

    fn depart(&self, key: &K, entry: &mut Entry<V>, want: Want, slot: Slot) -> Flight<V> {
        // A reader in a hurry does not shorten what others agreed on.
        let ttl = entry.held.as_ref().map_or(want.max_age, |held| held.ttl.max(want.max_age));
        let (shared, key, of, departed) = (Arc::clone(&self.shared), key.clone(), entry.id, Arc::default());
        let departs: Arc<OnceLock<Moment>> = Arc::clone(&departed);
        let capacity = self.policy.capacity;
        let future = Box::pin(async move {
            let at = *departs.get_or_init(Moment::now);
            // A connection that died while the sandbox was frozen may never answer: the flight ends all the same, and
            // so does one whose source panics.
            let fetch = AssertUnwindSafe(async { (shared.fetch)(key.clone()).await }).catch_unwind();
            let result = match timeout(LONGEST_FLIGHT, fetch).await {
                Ok(Ok(result)) => result,
                Ok(Err(_)) => Err("the source panicked".into()),
                Err(_) => Err(format!("no answer within {LONGEST_FLIGHT:?}").into()),
            };
            shared.land(&key, of, capacity, result.map(|value| Held { value: Arc::new(value), at, ttl }))
        });
        let task = tokio::spawn(Within { slot, future });
        let handle = task.abort_handle();
        let outcome = task.map(|joined| joined.unwrap_or_else(|panic| Err(Arc::new(panic)))).boxed().shared();
        let flight = Flight { task: handle, departed, is_forced: want.tolerated < Duration::MAX, outcome };
        entry.flight = Some(flight.clone());
        flight
    }
}

impl<K: Clone + Eq + Hash + fmt::Display, V> Shared<K, V> {
    fn entries(&self) -> MutexGuard<'_, HashMap<K, Entry<V>>> {
        self.entries.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Keeps what the current task has fetched, or counts its failure.
    fn land(&self, key: &K, of: u64, capacity: usize, result: Result<Held<V>, BoxError>) -> Outcome<V> {
        let result = result.map_err(Arc::<dyn StdError + Send + Sync>::from);
        let outcome = match &result {
            Ok(held) => Ok(Arc::clone(&held.value)),
            Err(reason) => Err(Arc::clone(reason)),
        };
        // Dropped after the lock is given back.
        let (mut removed, mut replaced) = (Vec::new(), None);
        let mut entries = self.entries();
        // Not there, or another one: the cache was cleared meanwhile, or the key was pushed out.
        let Some(entry) = entries.get_mut(key).filter(|entry| entry.id == of) else { return outcome };
        let own = entry.flight.take_if(|flight| tokio::task::try_id() == Some(flight.task.id()));
        // A flight that was replaced, or frozen with the sandbox, says nothing about the source as it is now.
        let own = own.filter(|flight| !flight.is_stale(Moment::now()));
        let message = match (result, own) {
            (Ok(held), _) => {
                replaced = entry.keep(held);
                None
            }
            (Err(_), None) => None,
            (Err(reason), Some(_)) if Refused::is_in(&*reason) => {
                let message = "the source refuses this value; the kept one is no longer used";
                replaced = entry.held.take();
                replaced.is_some().then_some((reason, message))
            }
            // Without a value to hand out there is nothing to spare the source for: the next call tries again.
            (Err(reason), Some(_)) => entry.held.is_some().then(|| {
                entry.fail();
                (reason, "could not refresh; the last good value stays in use")
            }),
        };
        // What an earlier flight brings is not kept then, which a refusal needs.
        if entry.is_empty() {
            removed.extend(entries.remove_entry(key));
        }
        push_out(&mut entries, capacity, &mut removed);
        drop(entries);
        drop((removed, replaced));
        if let Some((reason, message)) = message {
            tracing::warn!(key = %key, reason = chain(&*reason).join(": "), "{key}: {message}");
        }
        outcome
    }
}

impl<K, V> Clone for Cache<K, V> {
    fn clone(&self) -> Self {
        Self { shared: Arc::clone(&self.shared), policy: self.policy }
    }
}

impl<K, V> fmt::Debug for Cache<K, V> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Neither keys nor values: they may be secrets.
        f.debug_struct("Cache").field("policy", &self.policy).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod model;
#[cfg(test)]
mod tests;

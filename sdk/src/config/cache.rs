//! A cache for values that a service keeps and that change seldom: secrets, parameters, configuration.
//!
//! A value is fetched when it is first asked for and handed out until it is older than its time to live. Then:
//!
//! - **one flight per key**: however many ask, one fetch is under way, and all get its result. It is a task of its own, so
//!   a request that is given up does not end it for the others;
//! - **refresh ahead**: from four fifths of the time to live on, a call still gets the value at once and starts a fetch;
//! - **last good value**: while the source fails, the old value is handed out for a bounded time. Each failed fetch is logged
//!   once, as a warning, and the next one waits: 1 s, 2 s, 4 s, … up to 60 s, so that a service in trouble is left alone;
//! - **after that**, and where there is no old value: an error that names the key, with the reason as its source.
//!
//! The number of keys is bounded; the least recently used one goes first.
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

use std::collections::HashMap;
use std::error::Error as StdError;
use std::fmt;
use std::hash::Hash;
use std::panic::AssertUnwindSafe;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use futures_util::FutureExt;
use futures_util::future::{self, BoxFuture};
use tokio::task::AbortHandle;
use tokio::time::Instant;
use tracing::Instrument;

use crate::error::{BoxError, chain};

/// How long a failed refresh is left alone: the first time, and at most.
const FIRST_PAUSE: Duration = Duration::from_secs(1);
const LONGEST_PAUSE: Duration = Duration::from_secs(60);
/// How long one fetch may take. Longer, and the value that is there is the better answer.
const LONGEST_FLIGHT: Duration = Duration::from_secs(10);

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
}

type Fetch<K, V> = Box<dyn Fn(K) -> BoxFuture<'static, Result<V, BoxError>> + Send + Sync>;
type Outcome<V> = Result<Arc<V>, Arc<dyn StdError + Send + Sync>>;

struct Entry<V> {
    held: Option<Held<V>>,
    flight: Option<Flight<V>>,
    used: Instant,
    failures: u32,
    not_before: Option<Instant>,
}

struct Held<V> {
    value: Arc<V>,
    at: Instant,
    ttl: Duration,
}

struct Flight<V> {
    task: AbortHandle,
    outcome: future::Shared<BoxFuture<'static, Outcome<V>>>,
}

/// What a call does next.
enum Next<V> {
    Take(Arc<V>),
    Await(future::Shared<BoxFuture<'static, Outcome<V>>>),
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
            shared: Arc::new(Shared { fetch, entries: Mutex::default() }),
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
    /// The source failed and there is no last good value, or none that is young enough.
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
        match self.next(key, max_age) {
            Next::Take(value) => {
                #[cfg(feature = "metrics")]
                crate::observe::metrics::BuiltIn::CacheHits.record(1.0);
                Ok(value)
            }
            Next::Await(outcome) => match outcome.await {
                Ok(value) => Ok(value),
                Err(reason) => self.last_good_value(key, max_age).ok_or_else(|| CacheError::new(key, reason)),
            },
        }
    }

    /// Fetches the value of this key, whatever is kept, unless a fetch is under way; then its result is this one's too.
    ///
    /// # Errors
    ///
    /// The source failed. The last good value is no answer to who asks for a new one; it stays for others.
    pub async fn fetch(&self, key: &K) -> Result<Arc<V>, CacheError> {
        let outcome = self.depart(key, self.entry(&mut self.shared.entries(), key), self.policy.ttl);
        outcome.await.map_err(|reason| CacheError::new(key, reason))
    }

    /// Forgets the value of this key: it was changed, say. A fetch under way is not kept either.
    pub fn forget(&self, key: &K) {
        self.shared.entries().remove(key);
    }

    /// Forgets the values of all keys of which this holds.
    pub fn forget_if(&self, mut forget: impl FnMut(&K) -> bool) {
        self.shared.entries().retain(|key, _| !forget(key));
    }

    /// Forgets all values.
    pub fn clear(&self) {
        self.shared.entries().clear();
    }

    fn next(&self, key: &K, max_age: Duration) -> Next<V> {
        let mut entries = self.shared.entries();
        let entry = self.entry(&mut entries, key);
        let now = entry.used;
        let pausing = entry.not_before.is_some_and(|at| now < at);
        let Some((value, age, ttl)) = entry.held.as_ref().and_then(|held| held.for_reader(now, max_age)) else {
            return Next::Await(self.depart(key, entry, max_age));
        };
        if age <= ttl {
            if age >= ttl / 5 * 4 && !pausing {
                // The background fetch; a result that nobody awaits is kept by the task itself.
                drop(self.depart(key, entry, max_age));
            }
            return Next::Take(value);
        }
        if pausing && age <= ttl.saturating_add(self.policy.last_good) {
            return Next::Take(value);
        }
        Next::Await(self.depart(key, entry, max_age))
    }

    fn last_good_value(&self, key: &K, max_age: Duration) -> Option<Arc<V>> {
        let entries = self.shared.entries();
        let (value, age, ttl) = entries.get(key)?.held.as_ref()?.for_reader(Instant::now(), max_age)?;
        (age <= ttl.saturating_add(self.policy.last_good)).then_some(value)
    }

    /// The entry of this key, used now. A new one may push out the least recently used.
    fn entry<'a>(&self, entries: &'a mut HashMap<K, Entry<V>>, key: &K) -> &'a mut Entry<V> {
        if !entries.contains_key(key) && entries.len() >= self.policy.capacity {
            let idle = entries.iter().filter(|(_, entry)| !entry.is_in_flight());
            if let Some(oldest) = idle.min_by_key(|(_, entry)| entry.used).map(|(key, _)| key.clone()) {
                entries.remove(&oldest);
            }
        }
        let now = Instant::now();
        let entry = entries.entry(key.clone()).or_insert_with(|| Entry {
            held: None,
            flight: None,
            used: now,
            failures: 0,
            not_before: None,
        });
        entry.used = now;
        entry
    }

    /// The flight under way, or a new one.
    fn depart(
        &self,
        key: &K,
        entry: &mut Entry<V>,
        max_age: Duration,
    ) -> future::Shared<BoxFuture<'static, Outcome<V>>> {
        if let Some(flight) = entry.flight.as_ref().filter(|flight| !flight.task.is_finished()) {
            return flight.outcome.clone();
        }
        // A reader in a hurry does not shorten what others agreed on.
        let ttl = entry.held.as_ref().map_or(max_age, |held| held.ttl.max(max_age));
        let (shared, key) = (Arc::clone(&self.shared), key.clone());
        let task = tokio::spawn(
            async move {
                let id = tokio::task::id();
                // A connection that died while the sandbox was frozen may never answer: the flight ends all the same, and
                // so does one whose source panics.
                let fetch = AssertUnwindSafe(async { (shared.fetch)(key.clone()).await }).catch_unwind();
                let result = match tokio::time::timeout(LONGEST_FLIGHT, fetch).await {
                    Ok(Ok(result)) => result,
                    Ok(Err(_)) => Err("the source panicked".into()),
                    Err(_) => Err(format!("no answer within {LONGEST_FLIGHT:?}").into()),
                };
                shared.land(&key, id, ttl, result)
            }
            .in_current_span(),
        );
        let handle = task.abort_handle();
        let outcome = task.map(|joined| joined.unwrap_or_else(|panic| Err(Arc::new(panic)))).boxed().shared();
        entry.flight = Some(Flight { task: handle, outcome: outcome.clone() });
        outcome
    }
}

impl<K: Eq + Hash + fmt::Display, V> Shared<K, V> {
    fn entries(&self) -> MutexGuard<'_, HashMap<K, Entry<V>>> {
        self.entries.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn land(&self, key: &K, id: tokio::task::Id, ttl: Duration, result: Result<V, BoxError>) -> Outcome<V> {
        let outcome: Outcome<V> = result.map(Arc::new).map_err(Arc::from);
        let mut entries = self.entries();
        // Not there, or of a later flight: the cache was cleared meanwhile, or the key was pushed out.
        let entry = entries.get_mut(key).filter(|entry| entry.flight.as_ref().is_some_and(|f| f.task.id() == id));
        let Some(entry) = entry else { return outcome };
        entry.flight = None;
        match &outcome {
            Ok(value) => {
                (entry.failures, entry.not_before) = (0, None);
                if !ttl.is_zero() {
                    entry.held = Some(Held { value: Arc::clone(value), at: Instant::now(), ttl });
                }
            }
            // Without a value to hand out there is nothing to spare the source for: the next call tries again.
            Err(reason) if entry.held.is_some() => {
                let pause = FIRST_PAUSE.saturating_mul(1 << entry.failures.min(6)).min(LONGEST_PAUSE);
                (entry.failures, entry.not_before) = (entry.failures.saturating_add(1), Some(Instant::now() + pause));
                let reason = chain(&**reason).join(": ");
                tracing::warn!(key = %key, reason, "could not refresh {key}; its last good value stays in use");
            }
            Err(_) => {}
        }
        outcome
    }
}

impl<V> Entry<V> {
    fn is_in_flight(&self) -> bool {
        self.flight.as_ref().is_some_and(|flight| !flight.task.is_finished())
    }
}

impl<V> Held<V> {
    /// The value with its age and its time to live as this reader sees it; nothing for a reader who wants no kept value.
    fn for_reader(&self, now: Instant, max_age: Duration) -> Option<(Arc<V>, Duration, Duration)> {
        let ttl = self.ttl.min(max_age);
        (!ttl.is_zero()).then(|| (Arc::clone(&self.value), now.saturating_duration_since(self.at), ttl))
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

/// A value that could not be had. It names the key; its source is the reason.
#[derive(Clone, Debug)]
pub struct CacheError {
    key: String,
    reason: Arc<dyn StdError + Send + Sync>,
}

impl CacheError {
    fn new(key: &impl fmt::Display, reason: Arc<dyn StdError + Send + Sync>) -> Self {
        Self { key: key.to_string(), reason }
    }

    /// The reason alone.
    pub(crate) fn into_reason(self) -> Arc<dyn StdError + Send + Sync> {
        self.reason
    }
}

impl fmt::Display for CacheError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "could not get {}", self.key)
    }
}

impl StdError for CacheError {
    fn source(&self) -> Option<&(dyn StdError + 'static)> {
        Some(&*self.reason)
    }
}

#[cfg(test)]
mod tests;

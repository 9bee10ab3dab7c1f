//! A cache for remote values that rarely change: secrets, parameters, configuration.
//!
//! A value is fetched on first use and returned until it is older than its time to live. Then:
//!
//! - **one flight per key**: concurrent callers of a value share one fetch and its result. The fetch
//!   is a separate task, so a dropped request does not cancel it for the others;
//! - **refresh ahead**: after four fifths of the time to live, a call still gets the value immediately and starts a
//!   fetch in the background;
//! - **last good value**: during an outage of the source, the old value is returned for a limited time. A call waits at
//!   most 1.5 s for a source that does not respond, and the fetch continues without it. Each failed fetch is logged
//!   once, as a warning, and the next one waits: 1 s, 2 s, 4 s, … up to 60 s, so that a failing service is not
//!   overloaded;
//! - **error**: afterwards, or without an old value, the caller gets an error that names the key, with the reason as
//!   its source;
//! - **refusal** ([`Refused`]): this is not an outage, so the value is removed and the caller gets the error
//!   immediately.
//!
//! The age of a value starts with its fetch. It is the greater of the ages on the monotonic clock and the wall clock: a
//! sandbox that was frozen for an hour resumes with values that are an hour old. A frozen fetch is replaced.
//!
//! The number of keys is bounded; the least recently used key is evicted first. A key without a value is removed once
//! its fetch has ended, and keys with a pending fetch do not count.
//!
//! A fetch runs within the span of the caller that waits for it, and outside of it once that caller has left; a
//! background fetch has no span.
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
mod read;
mod span;

use std::collections::HashMap;
use std::fmt;
use std::hash::Hash;
use std::mem;
use std::sync::atomic::AtomicU64;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use futures_util::FutureExt;
use futures_util::future::BoxFuture;

use self::entry::Entry;
#[cfg(any(feature = "secrets", feature = "_parameters"))]
pub(crate) use self::error::Chain;
pub use self::error::{CacheError, Refused};
use crate::core::clock::Moment;
use crate::core::error::BoxError;

/// The pause after a failed refresh: the initial and the maximum one.
const FIRST_PAUSE: Duration = Duration::from_secs(1);
const LONGEST_PAUSE: Duration = Duration::from_secs(60);
/// The time-out of a fetch. After it, the kept value is used.
pub(crate) const LONGEST_FLIGHT: Duration = Duration::from_secs(10);

/// A cache that fetches values by key. Cheap to clone; clones share their values. See the [module docs](self).
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
    /// The number of entries created so far.
    count: AtomicU64,
}

type Fetch<K, V> = Box<dyn Fn(K) -> BoxFuture<'static, Result<V, BoxError>> + Send + Sync>;

/// The requirements of a caller.
#[derive(Clone, Copy)]
struct Want {
    /// The time to live of a value that is fetched for this caller, and the maximum age of a kept one.
    max_age: Duration,
    /// The latest start of a flight that the caller may join.
    at: Moment,
    tolerated: Duration,
    /// `true` if a kept value may be returned.
    is_kept_good: bool,
}

impl<K, V> Cache<K, V>
where
    K: Clone + Eq + Hash + fmt::Display + Send + Sync + 'static,
    V: Send + Sync + 'static,
{
    /// Creates a cache over this source, with a time to live of 5 minutes, the last good value for 1 hour longer, and
    /// at most 256 keys.
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

    /// Sets the time for which a value is returned without a new fetch. Zero disables caching; [`Duration::MAX`] keeps
    /// values forever.
    #[must_use]
    pub fn time_to_live(mut self, ttl: Duration) -> Self {
        self.policy.ttl = ttl;
        self
    }

    /// Sets the additional time for which the last good value is returned while the source fails. Zero disables this.
    #[must_use]
    pub fn last_good(mut self, time: Duration) -> Self {
        self.policy.last_good = time;
        self
    }

    /// Sets the maximum number of keys, at least one.
    #[must_use]
    pub fn capacity(mut self, keys: usize) -> Self {
        self.policy.capacity = keys.max(1);
        self
    }

    /// Returns the value of this key.
    ///
    /// # Errors
    ///
    /// The source refused it, or has an outage and there is no recent last good value.
    pub async fn get(&self, key: &K) -> Result<Arc<V>, CacheError> {
        self.get_within(key, self.policy.ttl).await
    }

    /// Returns the value of this key, fetched at most `max_age` ago. A value that this call fetches is kept for that
    /// time. Zero always fetches and caches nothing.
    ///
    /// # Errors
    ///
    /// The same as those of [`get`](Self::get).
    pub async fn get_within(&self, key: &K, max_age: Duration) -> Result<Arc<V>, CacheError> {
        // Callers with the default maximum age share a flight of any age.
        let tolerated = if max_age >= self.policy.ttl && !max_age.is_zero() { Duration::MAX } else { max_age };
        self.read(key, Want { max_age, at: Moment::now(), tolerated, is_kept_good: true }).await
    }

    /// Fetches the value of this key, even if one is cached. A fetch that started before this call does not count;
    /// callers that arrive during another such fetch share the next one.
    ///
    /// # Errors
    ///
    /// The source refused it or has an outage. The last good value is not used for this call, but kept for others.
    pub async fn fetch(&self, key: &K) -> Result<Arc<V>, CacheError> {
        self.fetch_since(key, Moment::now()).await
    }

    /// Fetches the value like [`fetch`](Self::fetch); a fetch that started at this time or later counts.
    pub(crate) async fn fetch_since(&self, key: &K, at: Moment) -> Result<Arc<V>, CacheError> {
        let want = Want { max_age: self.policy.ttl, at, tolerated: Duration::ZERO, is_kept_good: false };
        self.read(key, want).await
    }

    /// Returns the cached value of this key, if it would be returned during an outage.
    #[cfg(any(feature = "flags", feature = "secrets"))]
    pub(crate) fn at_hand(&self, key: &K) -> Option<Arc<V>> {
        self.last_good_value(key, self.policy.ttl)
    }

    // Removed values are dropped after the lock is released: a value's `Drop` may use the cache.

    /// Removes the value of this key, for example after it was changed. The result of a fetch under way is not kept
    /// either.
    pub fn forget(&self, key: &K) {
        let removed = self.shared.entries().remove(key);
        drop(removed);
    }

    /// Removes the values of all keys for which the predicate returns `true`. The predicate may use the cache.
    pub fn forget_if(&self, mut forget: impl FnMut(&K) -> bool) {
        let mut keys: Vec<K> = self.shared.entries().keys().cloned().collect();
        keys.retain(|key| forget(key));
        let mut entries = self.shared.entries();
        let removed: Vec<_> = keys.iter().filter_map(|key| entries.remove_entry(key)).collect();
        drop(entries);
        drop(removed);
    }

    /// Removes all values.
    pub fn clear(&self) {
        let removed = mem::take(&mut *self.shared.entries());
        drop(removed);
    }
}

impl<K, V> Clone for Cache<K, V> {
    fn clone(&self) -> Self {
        Self { shared: Arc::clone(&self.shared), policy: self.policy }
    }
}

impl<K, V> fmt::Debug for Cache<K, V> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Shows neither keys nor values, which may be secrets.
        f.debug_struct("Cache").field("policy", &self.policy).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests;

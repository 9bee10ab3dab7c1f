//! [`MemoryStore`]: the states of keys in this process.

use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::SystemTime;

use lru::LruCache;

use super::{Quota, Store, Taken};
use crate::core::error::BoxError;

/// The number of keys. Beyond it, the key that was used least recently starts anew.
const CAPACITY: usize = 65_536;

/// States in memory: each sandbox counts for itself, so a caller has up to as many quotas as the function has
/// sandboxes. Clones share their states. Use it for local runs and tests.
///
/// It holds 65,536 keys; beyond that, the one that was used least recently starts anew.
///
/// # Example
///
/// ```
/// use pilaster::rate_limit::{MemoryStore, Quota, RateLimit};
///
/// let limit = RateLimit::new(MemoryStore::new(), Quota::per_second(10));
/// # let _ = limit;
/// ```
#[derive(Clone)]
pub struct MemoryStore {
    states: Arc<Mutex<LruCache<String, SystemTime>>>,
}

impl Default for MemoryStore {
    fn default() -> Self {
        // Grows with its keys: `LruCache::new` would reserve the whole capacity.
        let states = LruCache::unbounded();
        Self { states: Arc::new(Mutex::new(states)) }
    }
}

impl MemoryStore {
    /// Creates an empty store.
    pub fn new() -> Self {
        Self::default()
    }
}

impl Store for MemoryStore {
    async fn take(&self, key: &str, quota: &Quota, now: SystemTime) -> Result<Taken, BoxError> {
        let mut states = self.states.lock().unwrap_or_else(PoisonError::into_inner);
        let taken = quota.take(states.get(key).copied(), now);
        if let Taken::Allowed(tat) = taken {
            states.put(key.to_owned(), tat);
            while states.len() > CAPACITY {
                states.pop_lru();
            }
        }
        Ok(taken)
    }
}

impl fmt::Debug for MemoryStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("MemoryStore").finish_non_exhaustive()
    }
}

#[cfg(test)]
impl MemoryStore {
    pub(crate) fn keys(&self) -> Vec<String> {
        self.states.lock().unwrap().iter().map(|(key, _)| key.clone()).collect()
    }

    /// Returns the state of the only key.
    pub(crate) fn only_state(&self) -> Option<SystemTime> {
        self.states.lock().unwrap().iter().map(|(_, tat)| *tat).next()
    }
}

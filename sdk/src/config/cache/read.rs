//! One read of a key: the cached value, a pending fetch, or a new fetch.

use std::collections::HashMap;
use std::error::Error as StdError;
use std::fmt;
use std::hash::Hash;
use std::panic::AssertUnwindSafe;
use std::sync::atomic::Ordering;
use std::sync::{Arc, MutexGuard, OnceLock, PoisonError};
use std::time::Duration;

use futures_util::FutureExt;
use tokio::time::{Instant, timeout};

use super::entry::{Entry, Flight, Held, Outcome, push_out};
use super::error::{CacheError, Refused};
use super::span::{Slot, Waiting, Within};
use super::{Cache, LONGEST_FLIGHT, Shared, Want};
use crate::core::clock::Moment;
use crate::core::error::{BoxError, chain};

/// The time after which a caller uses the cached value, and the maximum age of a flight that it joins. Lambda's default
/// time-out is 3 s.
pub(super) const PATIENCE: Duration = Duration::from_millis(1500);

/// The next step of a call.
enum Next<V> {
    Take(Arc<V>),
    Await(Flight<V>, Option<Waiting>),
    /// Another caller's forced flight is pending, but started too early: waiting callers share the next one.
    Follow(Flight<V>),
}

impl<K, V> Cache<K, V>
where
    K: Clone + Eq + Hash + fmt::Display + Send + Sync + 'static,
    V: Send + Sync + 'static,
{
    pub(super) async fn read(&self, key: &K, want: Want) -> Result<Arc<V>, CacheError> {
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
                // The background fetch: its task stores the result itself.
                drop(self.board(key, entry, Want { tolerated: Duration::MAX, ..want }, false, Slot::default));
            }
            return Next::Take(value);
        }
        if is_pausing && age <= ttl.saturating_add(self.policy.last_good) {
            return Next::Take(value);
        }
        self.board(key, entry, want, may_follow, Slot::of_caller)
    }

    /// Returns the result of the flight; `None` if it was frozen with the sandbox.
    async fn outcome(&self, key: &K, want: Want, flight: &Flight<V>, began: Instant) -> Option<Outcome<V>> {
        loop {
            let at_hand = self.last_good_for(key, want).is_some();
            // A caller without a cached value checks regularly for a frozen flight.
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

    pub(super) fn last_good_value(&self, key: &K, max_age: Duration) -> Option<Arc<V>> {
        let entries = self.shared.entries();
        let (value, age, ttl) = entries.get(key)?.held.as_ref()?.for_reader(Moment::now(), max_age)?;
        (age <= ttl.saturating_add(self.policy.last_good)).then_some(value)
    }

    /// Returns the entry of this key, and marks it as recently used.
    fn entry<'a>(&self, entries: &'a mut HashMap<K, Entry<V>>, key: &K) -> &'a mut Entry<V> {
        let now = Instant::now();
        let new = || Entry::new(self.shared.count.fetch_add(1, Ordering::Relaxed), now);
        let entry = entries.entry(key.clone()).or_insert_with(new);
        entry.used = now;
        entry
    }

    /// Returns the pending flight, if it is recent enough for this caller, or a new one.
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
                // It may hold a lock of the source, and its callers need another one.
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
        // A caller's short time-out must not affect the others.
        let ttl = entry.held.as_ref().map_or(want.max_age, |held| held.ttl.max(want.max_age));
        let (shared, key, of, departed) = (Arc::clone(&self.shared), key.clone(), entry.id, Arc::default());
        let departs: Arc<OnceLock<Moment>> = Arc::clone(&departed);
        let capacity = self.policy.capacity;
        let future = Box::pin(async move {
            let at = *departs.get_or_init(Moment::now);
            // A connection that died with a frozen sandbox may never respond; a source may panic.
            let fetch = AssertUnwindSafe(async { (shared.fetch)(key.clone()).await }).catch_unwind();
            let result = match timeout(LONGEST_FLIGHT, fetch).await {
                Ok(Ok(result)) => result,
                Ok(Err(_)) => Err("the source panicked".into()),
                Err(_) => Err(format!("no response within {LONGEST_FLIGHT:?}").into()),
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
    pub(super) fn entries(&self) -> MutexGuard<'_, HashMap<K, Entry<V>>> {
        self.entries.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Stores the result of the current task, or counts its failure.
    fn land(&self, key: &K, of: u64, capacity: usize, result: Result<Held<V>, BoxError>) -> Outcome<V> {
        let result = result.map_err(Arc::<dyn StdError + Send + Sync>::from);
        let outcome = match &result {
            Ok(held) => Ok(Arc::clone(&held.value)),
            Err(reason) => Err(Arc::clone(reason)),
        };
        // Dropped after the lock is released.
        let (mut removed, mut replaced) = (Vec::new(), None);
        let mut entries = self.entries();
        // Missing or replaced: the cache was cleared in the meantime, or the key was evicted.
        let Some(entry) = entries.get_mut(key).filter(|entry| entry.id == of) else { return outcome };
        let own = entry.flight.take_if(|flight| tokio::task::try_id() == Some(flight.task.id()));
        // A replaced or frozen flight shows nothing about the current state of the source.
        let own = own.filter(|flight| !flight.is_stale(Moment::now()));
        let message = match (result, own) {
            (Ok(held), _) => {
                replaced = entry.keep(held);
                None
            }
            (Err(_), None) => None,
            (Err(reason), Some(_)) if Refused::is_in(&*reason) => {
                let message = "the source refused this value; the cached one was removed";
                replaced = entry.held.take();
                replaced.is_some().then_some((reason, message))
            }
            // Without a cached value there is no pause: the next call fetches again.
            (Err(reason), Some(_)) => entry.held.is_some().then(|| {
                entry.fail();
                (reason, "could not refresh; using the last good value")
            }),
        };
        // A refusal must also discard the result of an earlier flight.
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

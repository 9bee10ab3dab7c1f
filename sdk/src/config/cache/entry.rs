//! The entry of a key in a cache: its value, and its pending fetch.

use std::collections::HashMap;
use std::error::Error as StdError;
use std::hash::Hash;
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use futures_util::future::{BoxFuture, Shared};
use tokio::task::AbortHandle;
use tokio::time::Instant;

use super::{FIRST_PAUSE, LONGEST_FLIGHT, LONGEST_PAUSE};
use crate::core::clock::Moment;

/// The maximum delay of a timer. A flight older than its limit plus this delay was frozen with the sandbox.
const TIMER_SLACK: Duration = Duration::from_secs(1);

pub(super) type Outcome<V> = Result<Arc<V>, Arc<dyn StdError + Send + Sync>>;

pub(super) struct Entry<V> {
    /// The number that distinguishes the entry from a removed one of the same key.
    pub(super) id: u64,
    pub(super) held: Option<Held<V>>,
    pub(super) flight: Option<Flight<V>>,
    pub(super) used: Instant,
    failures: u32,
    /// The time of the last failed fetch, and the pause after it.
    pause: Option<(Moment, Duration)>,
}

impl<V> Entry<V> {
    pub(super) fn new(id: u64, used: Instant) -> Self {
        Self { id, held: None, flight: None, used, failures: 0, pause: None }
    }

    pub(super) fn is_in_flight(&self) -> bool {
        self.flight.as_ref().is_some_and(|flight| !flight.task.is_finished())
    }

    pub(super) fn is_pausing(&self, now: Moment) -> bool {
        self.pause.is_some_and(|(since, pause)| since.age_at(now) < pause)
    }

    /// Returns `true` if the entry can be removed.
    pub(super) fn is_empty(&self) -> bool {
        self.held.is_none() && self.flight.is_none()
    }

    /// Counts a failed fetch. A fetch that fails during the pause was forced, or started before it, and does not count.
    pub(super) fn fail(&mut self) {
        if self.is_pausing(Moment::now()) {
            return;
        }
        let pause = FIRST_PAUSE.saturating_mul(1 << self.failures.min(6)).min(LONGEST_PAUSE);
        (self.failures, self.pause) = (self.failures.saturating_add(1), Some((Moment::now(), pause)));
    }

    /// Stores a value, unless there is one from a later fetch; returns the one that is not stored.
    pub(super) fn keep(&mut self, value: Held<V>) -> Option<Held<V>> {
        if self.held.as_ref().is_some_and(|held| value.at.is_before(held.at)) {
            return Some(value);
        }
        (self.failures, self.pause) = (0, None);
        if value.ttl.is_zero() { Some(value) } else { self.held.replace(value) }
    }
}

/// Evicts the least recently used values until at most this number remains, and the entries of flights that ended with
/// their runtime. An entry with a pending fetch is kept, and does not count while it has no value.
pub(super) fn push_out<K: Clone + Eq + Hash, V>(
    entries: &mut HashMap<K, Entry<V>>,
    capacity: usize,
    removed: &mut Vec<(K, Entry<V>)>,
) {
    while entries.len() > capacity {
        let is_full = entries.values().filter(|entry| entry.held.is_some()).count() > capacity;
        let idle = entries.iter().filter(|(_, entry)| !entry.is_in_flight() && (is_full || entry.held.is_none()));
        let oldest = idle.min_by_key(|(_, entry)| (entry.held.is_some(), entry.used)).map(|(key, _)| key.clone());
        let Some(oldest) = oldest else { return };
        removed.extend(entries.remove_entry(&oldest));
    }
}

pub(super) struct Held<V> {
    pub(super) value: Arc<V>,
    /// The start of its fetch, which is the maximum age of the source's value.
    pub(super) at: Moment,
    pub(super) ttl: Duration,
}

impl<V> Held<V> {
    /// Returns the value with its age and its time to live for this reader; `None` for a reader that does not accept
    /// it.
    pub(super) fn for_reader(&self, now: Moment, max_age: Duration) -> Option<(Arc<V>, Duration, Duration)> {
        let ttl = self.ttl.min(max_age);
        (!ttl.is_zero()).then(|| (Arc::clone(&self.value), self.at.age_at(now), ttl))
    }
}

/// A pending fetch, which is a separate task.
pub(super) struct Flight<V> {
    pub(super) task: AbortHandle,
    /// Set when the task calls the source; until then, every caller may join the flight.
    pub(super) departed: Arc<OnceLock<Moment>>,
    /// `true` if it started for a caller that must not join the previous flight.
    pub(super) is_forced: bool,
    pub(super) outcome: Shared<BoxFuture<'static, Outcome<V>>>,
}

impl<V> Flight<V> {
    pub(super) fn age_at(&self, now: Moment) -> Duration {
        self.departed.get().map_or(Duration::ZERO, |departed| departed.age_at(now))
    }

    /// Returns `true` if a caller that arrived at this time and accepts this age may join it; without an age, the
    /// flight must have started later.
    pub(super) fn suits(&self, at: Moment, tolerated: Duration) -> bool {
        let Some(departed) = self.departed.get() else { return true };
        if tolerated.is_zero() { !departed.is_before(at) } else { departed.age_at(at) <= tolerated }
    }

    /// Returns `true` if it is older than its limit on either clock: it was frozen with the sandbox, and its connection
    /// is dead.
    pub(super) fn is_stale(&self, now: Moment) -> bool {
        self.age_at(now) > LONGEST_FLIGHT + TIMER_SLACK
    }
}

impl<V> Clone for Flight<V> {
    fn clone(&self) -> Self {
        Self {
            task: self.task.clone(),
            departed: Arc::clone(&self.departed),
            is_forced: self.is_forced,
            outcome: self.outcome.clone(),
        }
    }
}

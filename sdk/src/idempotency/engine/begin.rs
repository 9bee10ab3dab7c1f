//! The steps before a call: its key, its record, its lock.

use std::future::Future;
use std::sync::{Once, PoisonError};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use serde_json::{Value, json};
use tokio::time::Instant;

use super::CALLER;
use super::running::Running;
use super::{Begun, Idempotency};
use crate::core::expression::{Document, Selected};
use crate::idempotency::error::IdempotencyError;
use crate::idempotency::key::{self, HashFunction, KeyFormat};
use crate::idempotency::store::{IdempotencyRecord, Lock, LockOutcome, Status, milliseconds, seconds};

/// The number of attempts to read a record that keeps changing, as in Powertools.
const ATTEMPTS: u32 = 3;

/// The last second of the year 9999, which every language can read: the expiration of a record that is kept forever.
const LATEST: Duration = Duration::from_secs(253_402_300_799);

/// A day earlier: later locks of a key, each a millisecond longer, still end before their records.
const LATEST_LOCK: Duration = LATEST.saturating_sub(Duration::from_secs(86_400));

/// The identity of a call.
#[derive(Default)]
pub(crate) struct CallKey {
    pub(crate) key: Selected,
    /// The part that distinguishes calls with the same selected key: one of several records in an envelope.
    pub(crate) within: Option<Value>,
    pub(crate) payload: Option<Selected>,
    /// The caller, where it is not part of the key: a result that was recorded for another caller is not replayed.
    pub(crate) caller: Option<Value>,
    pub(crate) deadline: Option<SystemTime>,
}

/// A record in the memory of this process. It is used until either the wall clock, which may be set back, or the
/// monotonic clock shows that it has expired.
pub(super) struct CachedRecord {
    record: IdempotencyRecord,
    since: Instant,
    lifetime: Duration,
}

impl Idempotency {
    /// Runs `work`, or returns the recorded result of an earlier call with the same key. An error, a panic and a
    /// dropped future leave no record.
    ///
    /// `deadline` is the end of the invocation, and of the lock
    /// ([`Invocation::deadline`](crate::Invocation::deadline)). A deadline in the past is ignored.
    ///
    /// # Errors
    ///
    /// The error of `work`, or an [`IdempotencyError`] if `work` did not run.
    ///
    /// # Example
    ///
    /// ```
    /// use pilaster::idempotency::{Document, Idempotency, IdempotencyError, MemoryStore};
    ///
    /// # tokio::runtime::Builder::new_current_thread().enable_time().build()?.block_on(async {
    /// let idempotency = Idempotency::from_env(MemoryStore::new()).key("order_id");
    /// let order = Document::of(&serde_json::json!({ "order_id": 7, "amount": 100 }))?;
    /// for _ in 0..2 {
    ///     let charge = || async { Ok::<_, IdempotencyError>("charged".to_owned()) };
    ///     assert_eq!(idempotency.run(&order, None, charge).await?, "charged"); // runs once
    /// }
    /// # Ok::<(), pilaster::BoxError>(()) })?;
    /// # Ok::<(), pilaster::BoxError>(())
    /// ```
    pub async fn run<T, E, W, F>(&self, document: &Document, deadline: Option<SystemTime>, work: W) -> Result<T, E>
    where
        W: FnOnce() -> F,
        F: Future<Output = Result<T, E>>,
        T: Serialize + DeserializeOwned,
        E: From<IdempotencyError>,
    {
        self.begin(document, deadline).await?.finish_value(work).await
    }

    /// Takes the lock of the document's key, or finds the recorded result.
    ///
    /// # Errors
    ///
    /// The call must not run: its key is in progress, was used with a different payload, or is invalid, or the store
    /// failed.
    pub async fn begin(&self, document: &Document, deadline: Option<SystemTime>) -> Result<Begun, IdempotencyError> {
        let key = || {
            let (key, payload) = (self.key_of(document)?, self.payload_of(document)?);
            Ok(CallKey { key, payload, deadline, ..CallKey::default() })
        };
        self.begin_with(key).await
    }

    /// Selects the key with the expression, or uses the whole document.
    pub(crate) fn key_of(&self, document: &Document) -> Result<Selected, IdempotencyError> {
        let key = self.settings.key.as_ref().map_or_else(|| document.whole(), |key| key.select(document));
        key.map_err(IdempotencyError::bad_key)
    }

    /// Selects the payload, if one is compared.
    pub(crate) fn payload_of(&self, document: &Document) -> Result<Option<Selected>, IdempotencyError> {
        let payload = self.settings.payload.as_ref().map(|payload| payload.select(document)).transpose();
        payload.map_err(IdempotencyError::bad_key)
    }

    /// Returns `true` if idempotency is turned off.
    fn is_off(&self) -> Result<bool, IdempotencyError> {
        static WARNED: Once = Once::new();
        if let Some(mistake) = &self.settings.mistake {
            return Err(IdempotencyError::setup(mistake));
        }
        if self.settings.disabled {
            WARNED.call_once(|| {
                tracing::warn!("idempotency is off (POWERTOOLS_IDEMPOTENCY_DISABLED): repeated calls run again")
            });
        }
        Ok(self.settings.disabled)
    }

    /// Begins a call whose key is selected by the caller. The key is not selected while idempotency is disabled.
    pub(crate) async fn begin_with(
        &self,
        key: impl FnOnce() -> Result<CallKey, IdempotencyError>,
    ) -> Result<Begun, IdempotencyError> {
        if self.is_off()? {
            return Ok(Begun::Unkeyed);
        }
        let CallKey { mut key, within, payload, caller, deadline } = key()?;
        let settings = &*self.settings;
        if key::is_missing(&key.value) {
            if settings.required {
                return Err(IdempotencyError::no_key());
            }
            let key = settings.key.as_ref().map(tracing::field::display);
            tracing::warn!(key, "no idempotency key: the call runs and is not recorded");
            return Ok(Begun::Unkeyed);
        }
        if let Some(within) = within {
            key.value = json!([key.value.take(), within]);
        }
        let hash = |selected: &Selected| key::hash(selected, settings.hash, settings.format);
        let id = format!("{}#{}", settings.prefix, hash(&key)?);
        let validation = payload.as_ref().map(hash).transpose()?;
        let caller = caller.map(caller_hash).transpose()?;
        for _ in 0..ATTEMPTS {
            let now = (settings.clock)();
            if let Some(record) = self.cached(&id, now) {
                return self.replay(record, validation.as_deref(), caller.as_deref());
            }
            let lock = self.lock(&id, validation.clone(), deadline, now);
            let locked = settings.store.lock(&lock, now).await;
            let record = match locked.map_err(|error| IdempotencyError::store("written", error))? {
                LockOutcome::Acquired => {
                    let has_ended = lock.in_progress_expiration < milliseconds((settings.clock)());
                    let running = Running { idempotency: self.clone(), lock: Some(lock), caller: caller.clone() };
                    if !has_ended {
                        return Ok(Begun::Run(running));
                    }
                    // The sandbox was frozen while it waited for the store; another call may be running by now.
                    running.release().await;
                    continue;
                }
                LockOutcome::Held(Some(record)) => Some(record),
                LockOutcome::Held(None) => {
                    settings.store.get(&lock).await.map_err(|error| IdempotencyError::store("read", error))?
                }
            };
            // A record that has expired since the lock was refused is free now.
            let now = (settings.clock)();
            let Some(record) = record.filter(|record| !record.is_free(now)) else { continue };
            return self.replay(record, validation.as_deref(), caller.as_deref());
        }
        Err(IdempotencyError::inconsistent())
    }

    fn lock(&self, id: &str, validation: Option<String>, deadline: Option<SystemTime>, now: SystemTime) -> Lock {
        let settings = &*self.settings;
        // A deadline in the past belongs to no invocation, so it does not bound the work.
        let end = deadline.filter(|deadline| *deadline > now).unwrap_or_else(|| later(now, settings.lock_for));
        let end = end.min(UNIX_EPOCH + LATEST_LOCK);
        let mut last_locks = settings.last_locks.lock().unwrap_or_else(PoisonError::into_inner);
        // Two calls in one invocation share a deadline, but need different locks.
        let last = last_locks.get(id).copied().unwrap_or_default();
        let in_progress_expiration = milliseconds(end).max(last.saturating_add(1));
        last_locks.put(id.to_owned(), in_progress_expiration);
        Lock {
            id: id.to_owned(),
            // Not before the lock: an expired record is deleted, and another call would run concurrently.
            expiration: self.expiration(now).max(in_progress_expiration.div_ceil(1000)),
            in_progress_expiration,
            validation,
            format: settings.format,
        }
    }

    pub(super) fn expiration(&self, now: SystemTime) -> u64 {
        let end = later(now, self.settings.expires_after);
        match self.settings.format {
            KeyFormat::Python => seconds(end),
            // Rounds like `Math.round`.
            KeyFormat::TypeScript => milliseconds(end).saturating_add(500) / 1000,
        }
    }

    pub(super) fn cached(&self, id: &str, now: SystemTime) -> Option<IdempotencyRecord> {
        let mut cache = self.settings.cache.as_ref()?.lock().unwrap_or_else(PoisonError::into_inner);
        let cached = cache.get(id)?;
        if cached.record.is_expired(now) || cached.since.elapsed() > cached.lifetime {
            cache.pop(id);
            return None;
        }
        Some(cached.record.clone())
    }

    pub(super) fn cache_record(&self, record: &IdempotencyRecord) {
        if let Some(cache) = &self.settings.cache {
            let mut cache = cache.lock().unwrap_or_else(PoisonError::into_inner);
            // A replay from the cache does not extend the record's lifetime.
            if cache.get(&record.id).is_some_and(|cached| cached.record == *record) {
                return;
            }
            // The record is still valid in its last second.
            let left = record.expiration.saturating_add(1).saturating_sub(seconds((self.settings.clock)()));
            let (since, lifetime) = (Instant::now(), Duration::from_secs(left));
            cache.put(record.id.clone(), CachedRecord { record: record.clone(), since, lifetime });
        }
    }

    fn replay(
        &self,
        record: IdempotencyRecord,
        validation: Option<&str>,
        caller: Option<&str>,
    ) -> Result<Begun, IdempotencyError> {
        if validation.is_some() && record.validation.as_deref() != validation {
            return Err(IdempotencyError::mismatch());
        }
        if record.status == Status::InProgress {
            return Err(IdempotencyError::in_progress());
        }
        if caller.is_some_and(|caller| is_of_another(&record, caller)) {
            return Err(IdempotencyError::other_caller());
        }
        self.cache_record(&record);
        tracing::debug!(key = record.id, "replayed the recorded result");
        // TypeScript writes no attribute for `undefined`.
        let data = record.data.clone().unwrap_or_else(|| "null".to_owned());
        let unreadable = |error| IdempotencyError::result("read from its record", error);
        let result = match &self.settings.hook {
            None => RawValue::from_string(data),
            Some(hook) => {
                let mut value = serde_json::from_str::<Value>(&data).map_err(unreadable)?;
                value.as_object_mut().and_then(|members| members.remove(CALLER));
                serde_json::value::to_raw_value(&hook(value, &record))
            }
        };
        #[cfg(feature = "metrics")]
        crate::observe::metrics::BuiltIn::IdempotentReplays.record(1.0);
        result.map(Begun::Replay).map_err(unreadable)
    }
}

/// Adds to a time, up to the last second that a record can represent.
fn later(now: SystemTime, by: Duration) -> SystemTime {
    let latest = UNIX_EPOCH + LATEST;
    now.checked_add(by).map_or(latest, |end| end.min(latest))
}

/// Hashes the identity of a caller.
fn caller_hash(caller: Value) -> Result<String, IdempotencyError> {
    key::hash(&caller.into(), HashFunction::Sha256, KeyFormat::Python)
}

/// Returns `true` if a result was recorded for another caller. A record of Powertools has no caller and is replayed for
/// all.
fn is_of_another(record: &IdempotencyRecord, caller: &str) -> bool {
    #[derive(Deserialize)]
    struct Recorded {
        #[serde(rename = "pilasterCaller")]
        caller: String,
    }
    let recorded = record.data.as_deref().and_then(|data| serde_json::from_str::<Recorded>(data).ok());
    recorded.is_some_and(|recorded| recorded.caller != caller)
}

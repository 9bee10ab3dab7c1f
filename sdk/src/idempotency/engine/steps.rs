//! The steps before a call: its key, its record, its lock.

use std::future::Future;
use std::sync::{Once, PoisonError};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use serde_json::{Value, json};
use tokio::time::Instant;

use super::running::{Running, finish};
use super::{Begun, Idempotency};
use crate::idempotency::error::IdempotencyError;
use crate::idempotency::jmespath::Document;
use crate::idempotency::key::{self, Format, Hash, Selected};
use crate::idempotency::store::{Lock, Locked, Record, Status, milliseconds, seconds};

/// How often a record is looked at that changes while it is read, as in Powertools.
const ATTEMPTS: u32 = 3;

/// The last second of the year 9999: a record that is kept for ever ends there, which every language can read.
const LATEST: Duration = Duration::from_secs(253_402_300_799);

/// The member of a recorded answer that holds the hash of its caller.
#[cfg_attr(not(feature = "http"), allow(dead_code))]
pub(crate) const CALLER: &str = "pilasterCaller";

/// A day earlier, so that also the next locks of a key, which are later by a millisecond each, end before their records.
const LATEST_LOCK: Duration = LATEST.saturating_sub(Duration::from_secs(86_400));

/// What a call is known by.
#[derive(Default)]
pub(crate) struct Call {
    pub(crate) key: Selected,
    /// What tells it from others that an expression selects the same key for: one of several contents of an envelope.
    pub(crate) within: Option<Value>,
    pub(crate) payload: Option<Selected>,
    /// The hash of the caller, where the key does not have the caller in it: an answer that was recorded for another is not replayed.
    pub(crate) caller: Option<String>,
    pub(crate) deadline: Option<SystemTime>,
}

/// A record in this process. It is used until the clock of the records or the monotonic one shows that it is expired, since the former
/// may be set back.
pub(crate) struct Kept {
    record: Record,
    since: Instant,
    lifetime: Duration,
}

impl Idempotency {
    /// Runs `work` unless its answer is recorded: then that is the result. An error or a panic leaves no record, nor does
    /// giving up on the future.
    ///
    /// `deadline` is when the invocation ends, and with it the lock ([`Invocation::deadline`](crate::Invocation::deadline)). One that
    /// is past counts as none.
    ///
    /// # Errors
    ///
    /// What `work` fails with; [`IdempotencyError`] if it did not run.
    ///
    /// # Example
    ///
    /// ```
    /// use pilaster::idempotency::{Document, Idempotency, IdempotencyError, MemoryStore};
    ///
    /// # tokio::runtime::Builder::new_current_thread().enable_time().build()?.block_on(async {
    /// let idempotency = Idempotency::new(MemoryStore::new()).key("order_id");
    /// let order = Document::of(&serde_json::json!({ "order_id": 7, "amount": 100 }))?;
    /// for _ in 0..2 {
    ///     let charge = || async { Ok::<_, IdempotencyError>("charged".to_owned()) };
    ///     assert_eq!(idempotency.run(&order, None, charge).await?, "charged"); // it runs once
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
        finish(self.begin(document, deadline).await?, work).await
    }

    /// Takes the lock of the document's key, or finds its answer.
    ///
    /// # Errors
    ///
    /// The call must not run: its key is in progress, or was used with another payload, or cannot be read, or the store fails.
    pub async fn begin(&self, document: &Document, deadline: Option<SystemTime>) -> Result<Begun, IdempotencyError> {
        if self.is_off()? {
            return Ok(Begun::Unkeyed);
        }
        let (key, payload) = (self.key_of(document)?, self.payload_of(document)?);
        self.begin_with(Call { key, payload, deadline, ..Call::default() }).await
    }

    /// What the key is made of: what the expression selects, or the whole document.
    pub(crate) fn key_of(&self, document: &Document) -> Result<Selected, IdempotencyError> {
        let key = self.settings.key.as_ref().map_or_else(|| document.whole(), |key| key.select(document));
        key.map_err(IdempotencyError::bad_key)
    }

    /// What the payload is compared by, if it is.
    pub(crate) fn payload_of(&self, document: &Document) -> Result<Option<Selected>, IdempotencyError> {
        let payload = self.settings.payload.as_ref().map(|payload| payload.select(document)).transpose();
        payload.map_err(IdempotencyError::bad_key)
    }

    /// Whether nothing is recorded at all.
    pub(crate) fn is_off(&self) -> Result<bool, IdempotencyError> {
        static WARNED: Once = Once::new();
        if let Some(mistake) = &self.settings.mistake {
            return Err(IdempotencyError::setup(mistake));
        }
        if self.settings.disabled {
            WARNED.call_once(|| tracing::warn!("POWERTOOLS_IDEMPOTENCY_DISABLED is set: repeated calls run again"));
        }
        Ok(self.settings.disabled)
    }

    /// The same with what was selected elsewhere.
    pub(crate) async fn begin_with(&self, call: Call) -> Result<Begun, IdempotencyError> {
        let Call { mut key, within, payload, caller, deadline } = call;
        let settings = &*self.settings;
        if self.is_off()? {
            return Ok(Begun::Unkeyed);
        }
        if key::is_missing(&key.value) {
            if settings.required {
                return Err(IdempotencyError::no_key());
            }
            let key = settings.key.as_ref().map(tracing::field::display);
            tracing::warn!(key, "there is no idempotency key: the call runs and is not recorded");
            return Ok(Begun::Unkeyed);
        }
        if let Some(within) = within {
            key.value = json!([key.value.take(), within]);
        }
        let hash = |selected: &Selected| key::hash(selected, settings.hash, settings.format);
        let id = format!("{}#{}", settings.prefix, hash(&key)?);
        let validation = payload.as_ref().map(hash).transpose()?;
        for _ in 0..ATTEMPTS {
            let now = (settings.clock)();
            if let Some(record) = self.cached(&id, now) {
                return self.replay(record, validation.as_deref(), caller.as_deref());
            }
            let lock = self.lock(&id, validation.clone(), deadline, now);
            let locked = settings.store.lock(&lock, now).await;
            let record = match locked.map_err(|error| IdempotencyError::store("written", error))? {
                Locked::Ours => {
                    let has_ended = lock.in_progress_expiration < milliseconds((settings.clock)());
                    let running = Running { idempotency: self.clone(), lock: Some(lock) };
                    if !has_ended {
                        return Ok(Begun::Run(running));
                    }
                    // The sandbox was frozen while it waited for the store: another call may run by now.
                    running.release().await;
                    continue;
                }
                Locked::Refused(Some(record)) => Some(record),
                Locked::Refused(None) => {
                    settings.store.get(&lock).await.map_err(|error| IdempotencyError::store("read", error))?
                }
            };
            // What has come to its end since it refused us is free now.
            let now = (settings.clock)();
            let Some(record) = record.filter(|record| !record.is_free(now)) else { continue };
            return self.replay(record, validation.as_deref(), caller.as_deref());
        }
        Err(IdempotencyError::inconsistent())
    }

    fn lock(&self, id: &str, validation: Option<String>, deadline: Option<SystemTime>, now: SystemTime) -> Lock {
        let settings = &*self.settings;
        // The work may take as long as it likes where nothing ends it: a deadline that is past is that of no invocation.
        let end = deadline.filter(|deadline| *deadline > now).unwrap_or_else(|| later(now, settings.lock_for));
        let end = end.min(UNIX_EPOCH + LATEST_LOCK);
        let mut issued = settings.issued.lock().unwrap_or_else(PoisonError::into_inner);
        // Two calls in one invocation have one deadline, and yet must not be taken for one another.
        let last = issued.get(id).copied().unwrap_or_default();
        let in_progress_expiration = milliseconds(end).max(last.saturating_add(1));
        issued.put(id.to_owned(), in_progress_expiration);
        Lock {
            id: id.to_owned(),
            // Not before the lock: a table forgets a record that has expired, and another call would run beside this one.
            expiration: self.expiration(now).max(in_progress_expiration.div_ceil(1000)),
            in_progress_expiration,
            validation,
            format: settings.format,
        }
    }

    pub(crate) fn expiration(&self, now: SystemTime) -> u64 {
        let end = later(now, self.settings.expires_after);
        match self.settings.format {
            Format::Python => seconds(end),
            // `Math.round`.
            Format::TypeScript => milliseconds(end).saturating_add(500) / 1000,
        }
    }

    pub(crate) fn cached(&self, id: &str, now: SystemTime) -> Option<Record> {
        let mut cache = self.settings.cache.as_ref()?.lock().unwrap_or_else(PoisonError::into_inner);
        let kept = cache.get(id)?;
        if kept.record.is_expired(now) || kept.since.elapsed() > kept.lifetime {
            cache.pop(id);
            return None;
        }
        Some(kept.record.clone())
    }

    pub(crate) fn keep(&self, record: &Record) {
        if let Some(cache) = &self.settings.cache {
            let mut cache = cache.lock().unwrap_or_else(PoisonError::into_inner);
            // What was replayed from here does not begin to live anew.
            if cache.get(&record.id).is_some_and(|kept| kept.record == *record) {
                return;
            }
            // The second itself still counts.
            let left = record.expiration.saturating_add(1).saturating_sub(seconds((self.settings.clock)()));
            let kept = Kept { record: record.clone(), since: Instant::now(), lifetime: Duration::from_secs(left) };
            cache.put(record.id.clone(), kept);
        }
    }

    fn replay(
        &self,
        record: Record,
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
        self.keep(&record);
        tracing::debug!(key = record.id, "answered from the idempotency record");
        // TypeScript's `undefined` is no attribute at all.
        let data = record.data.clone().unwrap_or_else(|| "null".to_owned());
        let unreadable = |error| IdempotencyError::answer("read from its record", error);
        let answer = match &self.settings.hook {
            None => RawValue::from_string(data),
            Some(hook) => {
                let mut value = serde_json::from_str::<Value>(&data).map_err(unreadable)?;
                value.as_object_mut().and_then(|members| members.remove(CALLER));
                serde_json::value::to_raw_value(&hook(value, &record))
            }
        };
        #[cfg(feature = "metrics")]
        crate::observe::metrics::BuiltIn::IdempotentReplays.record(1.0);
        answer.map(Begun::Replay).map_err(unreadable)
    }
}

/// A time later by this much, and no later than the last that a record can name.
fn later(now: SystemTime, by: Duration) -> SystemTime {
    let latest = UNIX_EPOCH + LATEST;
    now.checked_add(by).map_or(latest, |end| end.min(latest))
}

/// The hash by which a caller is known again.
#[cfg_attr(not(feature = "http"), allow(dead_code))]
pub(crate) fn caller_hash(caller: Value) -> Result<String, IdempotencyError> {
    key::hash(&caller.into(), Hash::Sha256, Format::Python)
}

/// Whether an answer was recorded for another caller. One that names none, as Powertools records it, is for all.
fn is_of_another(record: &Record, caller: &str) -> bool {
    #[derive(Deserialize)]
    struct Recorded {
        #[serde(rename = "pilasterCaller")]
        caller: String,
    }
    let recorded = record.data.as_deref().and_then(|data| serde_json::from_str::<Recorded>(data).ok());
    recorded.is_some_and(|recorded| recorded.caller != caller)
}

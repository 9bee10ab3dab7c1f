//! The steps before a call: its key, its record, its lock.

use std::future::Future;
use std::sync::{Once, PoisonError};
use std::time::SystemTime;

use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;
use serde_json::value::RawValue;

use super::running::{Running, finish};
use super::{Begun, Idempotency};
use crate::idempotency::error::IdempotencyError;
use crate::idempotency::jmespath::Document;
use crate::idempotency::key::{self, Format};
use crate::idempotency::store::{Lock, Locked, Record, Status, milliseconds, seconds};

/// How often a record is looked at that changes while it is read, as in Powertools.
const ATTEMPTS: u32 = 3;

impl Idempotency {
    /// Runs `work` unless its answer is recorded: then that is the result. An error or a panic leaves no record, nor does
    /// giving up on the future.
    ///
    /// `deadline` is when the invocation ends, and with it the lock ([`Invocation::deadline`](crate::Invocation::deadline)).
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
        let settings = &*self.settings;
        if self.is_off()? {
            return Ok(Begun::Unkeyed);
        }
        let whole = || document.value().map_err(|error| error.reason.to_string());
        let key = settings.key.as_ref().map_or_else(whole, |key| key.select(document));
        let key = key.map_err(IdempotencyError::bad_key)?;
        self.begin_with(key, self.payload_of(document)?, deadline).await
    }

    /// What the payload is compared by, if it is.
    pub(in crate::idempotency) fn payload_of(&self, document: &Document) -> Result<Option<Value>, IdempotencyError> {
        let payload = self.settings.payload.as_ref().map(|payload| payload.select(document)).transpose();
        payload.map_err(IdempotencyError::bad_key)
    }

    /// Whether nothing is recorded at all.
    fn is_off(&self) -> Result<bool, IdempotencyError> {
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
    pub(in crate::idempotency) async fn begin_with(
        &self,
        key: Value,
        payload: Option<Value>,
        deadline: Option<SystemTime>,
    ) -> Result<Begun, IdempotencyError> {
        let settings = &*self.settings;
        if self.is_off()? {
            return Ok(Begun::Unkeyed);
        }
        if key::is_missing(&key, settings.format) {
            if settings.required {
                return Err(IdempotencyError::no_key());
            }
            let key = settings.key.as_ref().map(tracing::field::display);
            tracing::warn!(key, "there is no idempotency key: the call runs and is not recorded");
            return Ok(Begun::Unkeyed);
        }
        let hash = |value: &Value| key::hash(value, settings.hash, settings.format);
        let id = format!("{}#{}", settings.prefix, hash(&key)?);
        let validation = payload.as_ref().map(hash).transpose()?;
        for _ in 0..ATTEMPTS {
            let now = (settings.clock)();
            if let Some(record) = self.cached(&id, now) {
                return self.replay(record, validation.as_deref());
            }
            let lock = self.lock(&id, validation.clone(), deadline, now);
            let locked = settings.store.lock(&lock, now).await;
            let record = match locked.map_err(|error| IdempotencyError::store("written", error))? {
                Locked::Ours => return Ok(Begun::Run(Running { idempotency: self.clone(), lock: Some(lock) })),
                Locked::Refused(Some(record)) => Some(record),
                Locked::Refused(None) => {
                    settings.store.get(&lock).await.map_err(|error| IdempotencyError::store("read", error))?
                }
            };
            // What has come to its end since it refused us is free now.
            let now = (settings.clock)();
            let Some(record) = record.filter(|record| !record.is_free(now)) else { continue };
            return self.replay(record, validation.as_deref());
        }
        Err(IdempotencyError::inconsistent())
    }

    fn lock(&self, id: &str, validation: Option<String>, deadline: Option<SystemTime>, now: SystemTime) -> Lock {
        let settings = &*self.settings;
        let end = deadline.map_or_else(|| now + settings.lock_for, |deadline| deadline.max(now));
        let mut issued = settings.issued.lock().unwrap_or_else(PoisonError::into_inner);
        // Two calls in one invocation have one deadline, and yet must not be taken for one another.
        let last = issued.get(id).copied().unwrap_or_default();
        let in_progress_expiration = milliseconds(end).max(last.saturating_add(1));
        issued.put(id.to_owned(), in_progress_expiration);
        Lock {
            id: id.to_owned(),
            expiration: self.expiration(now),
            in_progress_expiration,
            validation,
            format: settings.format,
        }
    }

    pub(super) fn expiration(&self, now: SystemTime) -> u64 {
        let end = now + self.settings.expires_after;
        match self.settings.format {
            Format::Python => seconds(end),
            // `Math.round`.
            Format::TypeScript => milliseconds(end).saturating_add(500) / 1000,
        }
    }

    fn cached(&self, id: &str, now: SystemTime) -> Option<Record> {
        let mut cache = self.settings.cache.as_ref()?.lock().unwrap_or_else(PoisonError::into_inner);
        let record = cache.get(id)?;
        if record.is_expired(now) {
            cache.pop(id);
            return None;
        }
        Some(record.clone())
    }

    pub(super) fn keep(&self, record: &Record) {
        if let Some(cache) = &self.settings.cache {
            cache.lock().unwrap_or_else(PoisonError::into_inner).put(record.id.clone(), record.clone());
        }
    }

    fn replay(&self, record: Record, validation: Option<&str>) -> Result<Begun, IdempotencyError> {
        if validation.is_some() && record.validation.as_deref() != validation {
            return Err(IdempotencyError::mismatch());
        }
        if record.status == Status::InProgress {
            return Err(IdempotencyError::in_progress());
        }
        self.keep(&record);
        tracing::debug!(key = record.id, "answered from the idempotency record");
        // TypeScript's `undefined` is no attribute at all.
        let data = record.data.clone().unwrap_or_else(|| "null".to_owned());
        let unreadable = |error| IdempotencyError::answer("read from its record", error);
        let answer = match &self.settings.hook {
            None => RawValue::from_string(data),
            Some(hook) => {
                let value = serde_json::from_str(&data).map_err(unreadable)?;
                serde_json::value::to_raw_value(&hook(value, &record))
            }
        };
        #[cfg(feature = "metrics")]
        crate::observe::metrics::BuiltIn::IdempotentReplays.record(1.0);
        answer.map(Begun::Replay).map_err(unreadable)
    }
}

//! [`MemoryStore`]: records in the memory of the process.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::SystemTime;

use super::{Completion, IdempotencyRecord, Lock, LockOutcome, Status, Store};
use crate::core::error::BoxError;

/// The maximum number of records: a call beyond that fails.
const CAPACITY: usize = 100_000;

/// Records in the memory of the process: for tests and for local runs. Each sandbox of a deployed function has its own
/// records, so calls of a deployed function are not idempotent with it. Clones share their records, up to 100,000 that
/// have not expired.
#[derive(Clone, Debug, Default)]
pub struct MemoryStore {
    records: Arc<Mutex<HashMap<String, IdempotencyRecord>>>,
}

impl MemoryStore {
    /// Creates an empty store.
    pub fn new() -> Self {
        Self::default()
    }

    /// Returns the record of this key.
    pub fn record(&self, id: &str) -> Option<IdempotencyRecord> {
        self.records().get(id).cloned()
    }

    /// Inserts a record, or replaces the existing one.
    pub fn insert(&self, record: IdempotencyRecord) {
        self.records().insert(record.id.clone(), record);
    }

    /// Returns all records.
    pub fn all(&self) -> Vec<IdempotencyRecord> {
        self.records().values().cloned().collect()
    }

    fn records(&self) -> MutexGuard<'_, HashMap<String, IdempotencyRecord>> {
        self.records.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Store for MemoryStore {
    async fn lock(&self, lock: &Lock, now: SystemTime) -> Result<LockOutcome, BoxError> {
        let mut records = self.records();
        if let Some(record) = records.get(&lock.id).filter(|record| !record.is_free(now)) {
            return Ok(LockOutcome::Held(Some(record.clone())));
        }
        if records.len() >= CAPACITY {
            records.retain(|_, record| !record.is_expired(now));
        }
        if records.len() >= CAPACITY {
            return Err(format!("the store in memory is full: it holds {CAPACITY} records").into());
        }
        let record = IdempotencyRecord {
            id: lock.id.clone(),
            status: Status::InProgress,
            expiration: lock.expiration,
            in_progress_expiration: Some(lock.in_progress_expiration),
            data: None,
            validation: lock.validation.clone(),
        };
        records.insert(lock.id.clone(), record);
        Ok(LockOutcome::Acquired)
    }

    async fn get(&self, lock: &Lock) -> Result<Option<IdempotencyRecord>, BoxError> {
        Ok(self.record(&lock.id))
    }

    async fn complete(&self, lock: &Lock, completion: &Completion) -> Result<bool, BoxError> {
        let mut records = self.records();
        let own = |record: &&mut IdempotencyRecord| record.in_progress_expiration == Some(lock.in_progress_expiration);
        let Some(record) = records.get_mut(&lock.id).filter(own) else { return Ok(false) };
        record.status = Status::Completed;
        record.expiration = completion.expiration;
        record.data = Some(completion.data.clone());
        record.validation.clone_from(&lock.validation);
        Ok(true)
    }

    async fn release(&self, lock: &Lock) -> Result<bool, BoxError> {
        let mut records = self.records();
        let own = |record: &IdempotencyRecord| {
            record.status == Status::InProgress && record.in_progress_expiration == Some(lock.in_progress_expiration)
        };
        let held = records.get(&lock.id).is_some_and(own);
        if held {
            records.remove(&lock.id);
        }
        Ok(held)
    }
}

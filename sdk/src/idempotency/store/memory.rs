//! [`MemoryStore`]: records in this process.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::SystemTime;

use super::{Completion, Lock, Locked, Record, Status, Store};
use crate::core::error::BoxError;

/// As many records as are kept: beyond that, a call that needs one more fails.
const CAPACITY: usize = 100_000;

/// Records in this process: for tests, and for a function tried by hand. Each sandbox of a deployed function has its own, so there it
/// does not make calls idempotent. Clones share their records, of which there are at most 100 000 that are not expired.
#[derive(Clone, Debug, Default)]
pub struct MemoryStore {
    records: Arc<Mutex<HashMap<String, Record>>>,
}

impl MemoryStore {
    /// An empty store.
    pub fn new() -> Self {
        Self::default()
    }

    /// The record of this key.
    pub fn record(&self, id: &str) -> Option<Record> {
        self.records().get(id).cloned()
    }

    /// Puts a record in place, whatever is there.
    pub fn insert(&self, record: Record) {
        self.records().insert(record.id.clone(), record);
    }

    /// All records.
    pub fn all(&self) -> Vec<Record> {
        self.records().values().cloned().collect()
    }

    fn records(&self) -> MutexGuard<'_, HashMap<String, Record>> {
        self.records.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Store for MemoryStore {
    async fn lock(&self, lock: &Lock, now: SystemTime) -> Result<Locked, BoxError> {
        let mut records = self.records();
        if let Some(record) = records.get(&lock.id).filter(|record| !record.is_free(now)) {
            return Ok(Locked::Refused(Some(record.clone())));
        }
        if records.len() >= CAPACITY {
            records.retain(|_, record| !record.is_expired(now));
        }
        if records.len() >= CAPACITY {
            return Err(format!("there are {CAPACITY} records in memory").into());
        }
        let record = Record {
            id: lock.id.clone(),
            status: Status::InProgress,
            expiration: lock.expiration,
            in_progress_expiration: Some(lock.in_progress_expiration),
            data: None,
            validation: lock.validation.clone(),
        };
        records.insert(lock.id.clone(), record);
        Ok(Locked::Ours)
    }

    async fn get(&self, lock: &Lock) -> Result<Option<Record>, BoxError> {
        Ok(self.record(&lock.id))
    }

    async fn complete(&self, lock: &Lock, completion: &Completion) -> Result<bool, BoxError> {
        let mut records = self.records();
        let own = |record: &&mut Record| record.in_progress_expiration == Some(lock.in_progress_expiration);
        let Some(record) = records.get_mut(&lock.id).filter(own) else { return Ok(false) };
        record.status = Status::Completed;
        record.expiration = completion.expiration;
        record.data = Some(completion.data.clone());
        record.validation.clone_from(&lock.validation);
        Ok(true)
    }

    async fn release(&self, lock: &Lock) -> Result<bool, BoxError> {
        let mut records = self.records();
        let own = |record: &Record| {
            record.status == Status::InProgress && record.in_progress_expiration == Some(lock.in_progress_expiration)
        };
        let held = records.get(&lock.id).is_some_and(own);
        if held {
            records.remove(&lock.id);
        }
        Ok(held)
    }
}

//! The [`Store`] trait, with implementations in memory and in DynamoDB.

#[cfg(feature = "dynamodb")]
mod dynamodb;
mod memory;

use std::fmt;
use std::pin::Pin;
use std::time::{SystemTime, UNIX_EPOCH};

#[cfg(feature = "dynamodb")]
pub use self::dynamodb::DynamoDbStore;
pub use self::memory::MemoryStore;
use super::key::KeyFormat;
use crate::core::error::BoxError;

/// The state of a record's call.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Status {
    /// `INPROGRESS`: a call holds the lock.
    InProgress,
    /// `COMPLETED`: the result is recorded.
    Completed,
}

impl Status {
    /// Returns the value of the record's attribute.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::InProgress => "INPROGRESS",
            Self::Completed => "COMPLETED",
        }
    }
}

/// A stored record. See the [module docs](super) for its attributes.
#[derive(Clone, PartialEq, Eq)]
pub struct IdempotencyRecord {
    /// The key with its prefix.
    pub id: String,
    /// The state of the call.
    pub status: Status,
    /// The last second in which the record is valid, in seconds since 1970.
    pub expiration: u64,
    /// The time at which the lock expires, in milliseconds since 1970. A record of Powertools has none if the
    /// function's time-out was unknown.
    pub in_progress_expiration: Option<u64>,
    /// The result, as JSON text.
    pub data: Option<String>,
    /// The hash of the payload that belongs to the key.
    pub validation: Option<String>,
}

/// Shows only the length of the result, which may be secret or personal.
impl fmt::Debug for IdempotencyRecord {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("IdempotencyRecord")
            .field("id", &self.id)
            .field("status", &self.status)
            .field("expiration", &self.expiration)
            .field("in_progress_expiration", &self.in_progress_expiration)
            .field("data", &self.data.as_ref().map(|data| format!("{} bytes", data.len())))
            .finish_non_exhaustive()
    }
}

impl IdempotencyRecord {
    /// Returns `true` if the record has expired: `expiration` is in the past. It is still valid within that second.
    pub fn is_expired(&self, now: SystemTime) -> bool {
        self.expiration < seconds(now)
    }

    /// Returns `true` if another call may take the lock: the record has expired, or its call is in progress and the
    /// lock has expired.
    ///
    /// The `expiration` of a record in progress is not before the end of its lock.
    pub fn is_free(&self, now: SystemTime) -> bool {
        // `IS_FREE` of `store/dynamodb.rs` is the same rule as a condition.
        let overdue = self.in_progress_expiration.is_some_and(|at| at < milliseconds(now));
        self.is_expired(now) || (self.status == Status::InProgress && overdue)
    }
}

pub(super) fn seconds(time: SystemTime) -> u64 {
    time.duration_since(UNIX_EPOCH).map(|since| since.as_secs()).unwrap_or_default()
}

pub(super) fn milliseconds(time: SystemTime) -> u64 {
    let since = time.duration_since(UNIX_EPOCH).map(|since| since.as_millis()).unwrap_or_default();
    u64::try_from(since).unwrap_or(u64::MAX)
}

/// The lock of a key. `in_progress_expiration` identifies it: another call takes the lock only once that time has
/// passed, and its own lies in the future.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Lock {
    /// The key with its prefix: `function.handler#hash`.
    pub id: String,
    /// The time at which the record expires, in seconds since 1970: not before the lock.
    pub expiration: u64,
    /// The time at which the lock expires, in milliseconds since 1970.
    pub in_progress_expiration: u64,
    /// The hash of the payload.
    pub validation: Option<String>,
    /// The format in which the result is stored.
    pub format: KeyFormat,
}

/// The outcome of [`Store::lock`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum LockOutcome {
    /// The call has acquired the lock.
    Acquired,
    /// There is already a record, which the store may return.
    Held(Option<IdempotencyRecord>),
}

/// The result of a call, to be recorded.
#[derive(Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Completion {
    /// The time at which the record expires, in seconds since 1970.
    pub expiration: u64,
    /// The result, as JSON text.
    pub data: String,
}

/// Shows only the length of the result, which may be secret or personal.
impl fmt::Debug for Completion {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Completion")
            .field("expiration", &self.expiration)
            .field("data", &format_args!("{} bytes", self.data.len()))
            .finish()
    }
}

/// Stores records. Each method is one atomic step that writes only while the call holds the lock, so that a late first
/// call never overwrites a later one.
pub trait Store: Send + Sync + 'static {
    /// Writes an `INPROGRESS` record if there is none or [it is free](IdempotencyRecord::is_free).
    ///
    /// # Errors
    ///
    /// The record may or may not have been written. A store that can check again and finds its own lock returns
    /// [`LockOutcome::Acquired`]: otherwise no call runs until that lock expires.
    fn lock(&self, lock: &Lock, now: SystemTime) -> impl Future<Output = Result<LockOutcome, BoxError>> + Send;

    /// Reads the record of the lock's key, consistently.
    ///
    /// # Errors
    ///
    /// The record could not be read.
    fn get(&self, lock: &Lock) -> impl Future<Output = Result<Option<IdempotencyRecord>, BoxError>> + Send;

    /// Marks the record as `COMPLETED` if its `in_progress_expiration` is that of the lock. Returns `false` if another
    /// call holds the key. Idempotent.
    ///
    /// # Errors
    ///
    /// The record may or may not have been written.
    fn complete(&self, lock: &Lock, completion: &Completion) -> impl Future<Output = Result<bool, BoxError>> + Send;

    /// Deletes the record if it is `INPROGRESS` and its `in_progress_expiration` is that of the lock. Returns `false`
    /// if it no longer exists, or another call holds the key.
    ///
    /// # Errors
    ///
    /// The record may or may not have been deleted.
    fn release(&self, lock: &Lock) -> impl Future<Output = Result<bool, BoxError>> + Send;
}

type Boxed<'a, T> = Pin<Box<dyn Future<Output = Result<T, BoxError>> + Send + 'a>>;

/// An object-safe [`Store`].
pub(super) trait DynStore: Send + Sync {
    fn lock<'a>(&'a self, lock: &'a Lock, now: SystemTime) -> Boxed<'a, LockOutcome>;
    fn get<'a>(&'a self, lock: &'a Lock) -> Boxed<'a, Option<IdempotencyRecord>>;
    fn complete<'a>(&'a self, lock: &'a Lock, completion: &'a Completion) -> Boxed<'a, bool>;
    fn release<'a>(&'a self, lock: &'a Lock) -> Boxed<'a, bool>;
}

impl<S: Store> DynStore for S {
    fn lock<'a>(&'a self, lock: &'a Lock, now: SystemTime) -> Boxed<'a, LockOutcome> {
        Box::pin(Store::lock(self, lock, now))
    }

    fn get<'a>(&'a self, lock: &'a Lock) -> Boxed<'a, Option<IdempotencyRecord>> {
        Box::pin(Store::get(self, lock))
    }

    fn complete<'a>(&'a self, lock: &'a Lock, completion: &'a Completion) -> Boxed<'a, bool> {
        Box::pin(Store::complete(self, lock, completion))
    }

    fn release<'a>(&'a self, lock: &'a Lock) -> Boxed<'a, bool> {
        Box::pin(Store::release(self, lock))
    }
}

//! Where records are kept: the [`Store`] trait, a store in memory and one in DynamoDB.

#[cfg(feature = "dynamodb")]
mod dynamodb;
mod memory;

use std::fmt;
use std::pin::Pin;
use std::time::{SystemTime, UNIX_EPOCH};

#[cfg(feature = "dynamodb")]
pub use self::dynamodb::DynamoDbStore;
pub use self::memory::MemoryStore;
use super::key::Format;
use crate::core::error::BoxError;

/// The step of a call that a record is in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Status {
    /// `INPROGRESS`: a call holds the lock.
    InProgress,
    /// `COMPLETED`: the answer is there.
    Completed,
}

impl Status {
    /// As it stands in the record.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::InProgress => "INPROGRESS",
            Self::Completed => "COMPLETED",
        }
    }
}

/// A record as it is stored. See the [module docs](super) for its attributes.
#[derive(Clone, PartialEq, Eq)]
pub struct Record {
    /// The key with its prefix.
    pub id: String,
    /// The step.
    pub status: Status,
    /// When the record is no longer used, in seconds since 1970.
    pub expiration: u64,
    /// When the lock ends if the call does not, in milliseconds since 1970. A record of Powertools has none where the
    /// time-out of its function was not known.
    pub in_progress_expiration: Option<u64>,
    /// The answer, as JSON text.
    pub data: Option<String>,
    /// The hash of the payload that belongs to the key.
    pub validation: Option<String>,
}

/// The answer may hold anything: only its length is shown.
impl fmt::Debug for Record {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Record")
            .field("id", &self.id)
            .field("status", &self.status)
            .field("expiration", &self.expiration)
            .field("in_progress_expiration", &self.in_progress_expiration)
            .field("data", &self.data.as_ref().map(|data| format!("{} bytes", data.len())))
            .finish_non_exhaustive()
    }
}

impl Record {
    /// Whether it is no longer used: `expiration` lies in the past; the second itself still counts.
    pub fn is_expired(&self, now: SystemTime) -> bool {
        self.expiration < seconds(now)
    }

    /// Whether another call may take the lock: the record is expired, or its call is in progress beyond its time.
    ///
    /// The `expiration` of a record in progress is not before the end of its lock.
    pub fn is_free(&self, now: SystemTime) -> bool {
        let overdue = self.in_progress_expiration.is_some_and(|at| at < milliseconds(now));
        self.is_expired(now) || (self.status == Status::InProgress && overdue)
    }
}

pub(crate) fn seconds(time: SystemTime) -> u64 {
    time.duration_since(UNIX_EPOCH).map(|since| since.as_secs()).unwrap_or_default()
}

pub(crate) fn milliseconds(time: SystemTime) -> u64 {
    let since = time.duration_since(UNIX_EPOCH).map(|since| since.as_millis()).unwrap_or_default();
    u64::try_from(since).unwrap_or(u64::MAX)
}

/// A call's claim to a key. `in_progress_expiration` tells it from every other one: a lock is only taken over once that time
/// has passed, and the new one's lies in the future.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Lock {
    /// The key with its prefix: `function.handler#hash`.
    pub id: String,
    /// When the record ends, in seconds since 1970: not before the lock.
    pub expiration: u64,
    /// When the lock ends if the call does not, in milliseconds since 1970.
    pub in_progress_expiration: u64,
    /// The hash of the payload.
    pub validation: Option<String>,
    /// In whose form the answer is stored.
    pub format: Format,
}

/// What came of [`Store::lock`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Locked {
    /// The lock is ours.
    Ours,
    /// It is not: with the record that is in the way, where the store tells it.
    Refused(Option<Record>),
}

/// The answer of a call, to be recorded.
#[derive(Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Completion {
    /// When the record ends, in seconds since 1970.
    pub expiration: u64,
    /// The answer, as JSON text.
    pub data: String,
}

/// The answer may hold anything: only its length is shown.
impl fmt::Debug for Completion {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Completion")
            .field("expiration", &self.expiration)
            .field("data", &format_args!("{} bytes", self.data.len()))
            .finish()
    }
}

/// Where records are kept. Each method is one atomic step, and writes only while the lock is the caller's own, so that a late
/// first call never overwrites what came after it.
pub trait Store: Send + Sync + 'static {
    /// Writes an `INPROGRESS` record, if there is none or [`Record::is_free`].
    ///
    /// # Errors
    ///
    /// It is not known whether it was written. A store that can find out, and finds its own lock, says [`Locked::Ours`]: otherwise
    /// nobody runs until that lock ends.
    fn lock(&self, lock: &Lock, now: SystemTime) -> impl Future<Output = Result<Locked, BoxError>> + Send;

    /// The record of this key, read consistently.
    ///
    /// # Errors
    ///
    /// It could not be read.
    fn get(&self, lock: &Lock) -> impl Future<Output = Result<Option<Record>, BoxError>> + Send;

    /// Makes the record `COMPLETED`, if its `in_progress_expiration` is that of the lock. `false`: it is another's. To do it
    /// twice is as good as once.
    ///
    /// # Errors
    ///
    /// It is not known whether it was written.
    fn complete(&self, lock: &Lock, completion: &Completion) -> impl Future<Output = Result<bool, BoxError>> + Send;

    /// Deletes the record, if it is `INPROGRESS` and its `in_progress_expiration` is that of the lock. `false`: it is gone, or
    /// another's.
    ///
    /// # Errors
    ///
    /// It is not known whether it was deleted.
    fn release(&self, lock: &Lock) -> impl Future<Output = Result<bool, BoxError>> + Send;
}

type Boxed<'a, T> = Pin<Box<dyn Future<Output = Result<T, BoxError>> + Send + 'a>>;

/// A [`Store`] of any type.
pub(crate) trait AnyStore: Send + Sync {
    fn lock<'a>(&'a self, lock: &'a Lock, now: SystemTime) -> Boxed<'a, Locked>;
    fn get<'a>(&'a self, lock: &'a Lock) -> Boxed<'a, Option<Record>>;
    fn complete<'a>(&'a self, lock: &'a Lock, completion: &'a Completion) -> Boxed<'a, bool>;
    fn release<'a>(&'a self, lock: &'a Lock) -> Boxed<'a, bool>;
}

impl<S: Store> AnyStore for S {
    fn lock<'a>(&'a self, lock: &'a Lock, now: SystemTime) -> Boxed<'a, Locked> {
        Box::pin(Store::lock(self, lock, now))
    }

    fn get<'a>(&'a self, lock: &'a Lock) -> Boxed<'a, Option<Record>> {
        Box::pin(Store::get(self, lock))
    }

    fn complete<'a>(&'a self, lock: &'a Lock, completion: &'a Completion) -> Boxed<'a, bool> {
        Box::pin(Store::complete(self, lock, completion))
    }

    fn release<'a>(&'a self, lock: &'a Lock) -> Boxed<'a, bool> {
        Box::pin(Store::release(self, lock))
    }
}

//! The steps after a call: recording its result, or releasing its lock.

use std::error::Error as StdError;
use std::fmt;
use std::future::{Future, ready};
use std::panic::{AssertUnwindSafe, resume_unwind};
use std::time::Duration;

use futures_util::FutureExt as _;
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;
use serde_json::value::{RawValue, to_raw_value};

use super::CALLER;
use super::{Begun, Idempotency};
use crate::core::at_end;
use crate::core::error::BoxError;
use crate::core::expression::read;
use crate::idempotency::canonical_json;
use crate::idempotency::error::IdempotencyError;
use crate::idempotency::store::{Completion, IdempotencyRecord, Lock, Status};

/// The delays before recording is retried: the call has taken effect, so a retry is worth the time.
const RETRY_COMPLETE_AFTER: [Duration; 2] = [Duration::from_millis(50), Duration::from_millis(200)];
/// The time-out for releasing the lock of a failed call. Otherwise, the lock expires.
const RELEASE_TIMEOUT: Duration = Duration::from_secs(2);
const NOT_RECORDED: &str = "could not record the result: a repeated call runs again once the lock has expired";

/// The record of a finished call.
pub(crate) enum Recording {
    /// The result as JSON text; repeated calls get it.
    Complete(Box<RawValue>),
    /// The call has taken effect, but its result cannot be serialized: the lock stays until it expires.
    Unserializable(serde_json::Error),
    /// The call failed, or its response is a stream: the lock is released, and the next call runs.
    Release,
}

impl From<serde_json::Result<Box<RawValue>>> for Recording {
    fn from(result: serde_json::Result<Box<RawValue>>) -> Self {
        result.map_or_else(Self::Unserializable, Self::Complete)
    }
}

impl Begun {
    /// Runs the call and records its result, or replays the result of the first call. Every idempotent call goes
    /// through this function.
    ///
    /// `replay` decodes a recorded result; `record` decides how the result of a successful call is recorded.
    pub(crate) async fn finish<T, E, F, R>(
        self,
        call: impl Future<Output = Result<T, E>>,
        replay: impl FnOnce(&RawValue) -> Result<T, BoxError>,
        record: F,
    ) -> Result<T, E>
    where
        E: From<IdempotencyError>,
        F: FnOnce(T) -> R,
        R: Future<Output = (T, Recording)>,
    {
        let running = match self {
            Self::Run(running) => running,
            Self::Unkeyed => return call.await,
            Self::Replay(recorded) => {
                let replayed = replay(&recorded);
                return replayed.map_err(|error| IdempotencyError::result("read from its record", error).into());
            }
        };
        // A call that panics releases its lock; the panic continues to the kind's own panic guard.
        let result = match AssertUnwindSafe(call).catch_unwind().await {
            Ok(result) => result,
            Err(panic) => {
                running.release().await;
                resume_unwind(panic)
            }
        };
        match result {
            Ok(value) => {
                let (value, recording) = record(value).await;
                match recording {
                    Recording::Complete(text) => running.complete(&text).await?,
                    Recording::Unserializable(error) => running.keep_locked(&error),
                    Recording::Release => running.release().await,
                }
                Ok(value)
            }
            Err(error) => {
                running.release().await;
                Err(error)
            }
        }
    }

    /// Calls [`finish`](Self::finish) with a result that is recorded as its own JSON.
    pub(crate) async fn finish_value<T, E, W, F>(self, work: W) -> Result<T, E>
    where
        W: FnOnce() -> F,
        F: Future<Output = Result<T, E>>,
        T: Serialize + DeserializeOwned,
        E: From<IdempotencyError>,
    {
        let replay = |recorded: &RawValue| Ok(serde_json::from_str(recorded.get())?);
        let record = |value: T| {
            let recording = to_raw_value(&value).into();
            ready((value, recording))
        };
        self.finish(async move { work().await }, replay, record).await
    }
}

/// A call that holds the lock of its key. If it is dropped before it is completed or released, for example by a
/// time-out, it releases the lock in the background; the invocation waits for that, for at most half of the time that it
/// has left.
#[must_use = "complete or release the running call"]
pub struct Running {
    pub(super) idempotency: Idempotency,
    /// `None` once the call must not be repeated before the lock expires.
    pub(super) lock: Option<Lock>,
    /// The hash of the caller, if the result is only replayed for that caller.
    pub(super) caller: Option<String>,
}

impl Running {
    /// Records the result. If that fails, an ERROR line is logged and the call counts as done: it has taken effect, so
    /// its caller gets the result, and repeated calls are rejected until the lock expires.
    ///
    /// # Errors
    ///
    /// [`IdempotencyError::is_lost`]: the call outlived its lock, and another call has run or is running. Retry to get
    /// the result of that call.
    pub async fn complete(mut self, result: &RawValue) -> Result<(), IdempotencyError> {
        // The call has taken effect: from here on the lock is kept, even if this future is dropped.
        let Some(lock) = self.lock.take() else { return Ok(()) };
        let settings = &*self.idempotency.settings;
        let (text, large) = read(result.get());
        let value = serde_json::from_str::<Value>(&text).ok();
        let data = value.and_then(|mut value| {
            if let Some((caller, members)) = self.caller.take().zip(value.as_object_mut()) {
                members.insert(CALLER.to_owned(), caller.into());
            }
            canonical_json::python(&value, &large)
        });
        let completion = Completion {
            expiration: self.idempotency.expiration((settings.clock)()),
            data: data.unwrap_or_else(|| result.get().to_owned()),
        };
        let mut waits = RETRY_COMPLETE_AFTER.into_iter();
        loop {
            let error = match settings.store.complete(&lock, &completion).await {
                Ok(true) => break,
                Ok(false) => return Err(IdempotencyError::lost()),
                Err(error) => error,
            };
            let Some(wait) = waits.next() else {
                let error: &(dyn StdError + 'static) = &*error;
                tracing::error!(key = lock.id, error, "{NOT_RECORDED}");
                return Ok(());
            };
            tokio::time::sleep(wait).await;
        }
        self.idempotency.cache_record(&IdempotencyRecord {
            id: lock.id,
            status: Status::Completed,
            expiration: completion.expiration,
            in_progress_expiration: Some(lock.in_progress_expiration),
            data: Some(completion.data),
            validation: lock.validation,
        });
        Ok(())
    }

    /// Releases the lock after a failed call, so that the next call runs. If that fails, the lock expires.
    pub async fn release(mut self) {
        if let Some(lock) = &self.lock {
            release(&self.idempotency, lock).await;
            self.lock = None;
        }
    }

    /// Keeps the lock until it expires: the call has taken effect, but its result cannot be recorded.
    fn keep_locked(mut self, error: &(dyn StdError + 'static)) {
        if let Some(lock) = self.lock.take() {
            tracing::error!(key = lock.id, error, "{NOT_RECORDED}");
        }
    }
}

async fn release(idempotency: &Idempotency, lock: &Lock) {
    let released = tokio::time::timeout(RELEASE_TIMEOUT, idempotency.settings.store.release(lock)).await;
    let error: Option<BoxError> = match released {
        Ok(Ok(_)) => None,
        Ok(Err(error)) => Some(error),
        Err(late) => Some(late.into()),
    };
    if let Some(error) = error {
        let error: &(dyn StdError + 'static) = &*error;
        tracing::warn!(key = lock.id, error, "could not release the lock of a failed call; it will expire");
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        let Some(lock) = self.lock.take() else { return };
        let idempotency = self.idempotency.clone();
        at_end::spawn(async move { release(&idempotency, &lock).await });
    }
}

impl fmt::Debug for Running {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Running").field("lock", &self.lock).finish_non_exhaustive()
    }
}

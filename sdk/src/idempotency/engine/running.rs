//! The steps after a call: its answer is recorded, or its lock released.

use std::error::Error as StdError;
use std::fmt;
use std::future::Future;
use std::panic::{AssertUnwindSafe, resume_unwind};
use std::time::Duration;

use futures_util::FutureExt as _;
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;
use serde_json::value::RawValue;
use tracing::Instrument as _;

use super::{Begun, Idempotency};
use crate::core::error::BoxError;
use crate::idempotency::canonical_json;
use crate::idempotency::error::IdempotencyError;
use crate::idempotency::store::{Completion, Lock, Record, Status};

/// How long after a failed attempt an answer is recorded again: the call has had its effect, so it is worth a wait.
const COMPLETE_AGAIN_AFTER: [Duration; 2] = [Duration::from_millis(50), Duration::from_millis(200)];
/// How long a failed call waits at most for its lock to be released; after that the lock ends by itself.
const RELEASE_WITHIN: Duration = Duration::from_secs(2);

/// Runs `work` where that is what was found, and decodes the answer where it is not.
pub(crate) async fn finish<T, E, W, F>(begun: Begun, work: W) -> Result<T, E>
where
    W: FnOnce() -> F,
    F: Future<Output = Result<T, E>>,
    T: Serialize + DeserializeOwned,
    E: From<IdempotencyError>,
{
    let running = match begun {
        Begun::Run(running) => running,
        Begun::Unkeyed => return work().await,
        Begun::Replay(answer) => {
            let answer = serde_json::from_str(answer.get());
            return answer.map_err(|error| IdempotencyError::answer("read from its record", error).into());
        }
    };
    let (running, result) = running.watch(async move { work().await }).await;
    match result {
        Ok(answer) => {
            // The effect is there: an answer that has no JSON form leaves the lock to end by itself.
            match serde_json::value::to_raw_value(&answer) {
                Ok(text) => running.complete(&text).await?,
                Err(error) => running.keep(&error),
            }
            Ok(answer)
        }
        Err(error) => {
            running.release().await;
            Err(error)
        }
    }
}

/// A call that holds the lock of its key. Dropped before it said how it ended, as in a time-out, it releases the lock in the
/// background, as far as the sandbox lives on.
#[must_use = "a running call says how it ended"]
pub struct Running {
    pub(crate) idempotency: Idempotency,
    /// Taken once the call must not be repeated before the lock ends.
    pub(crate) lock: Option<Lock>,
}

impl Running {
    /// Records the answer. If that fails, an ERROR line says so, and the call counts as done: it has had its effect, so its
    /// caller gets the answer, and others are refused until the lock ends.
    ///
    /// # Errors
    ///
    /// [`IdempotencyError::is_lost`]: the call took longer than its lock lasted, and another one has run or is running. Its
    /// answer is the one that counts; ask again for it.
    pub async fn complete(mut self, answer: &RawValue) -> Result<(), IdempotencyError> {
        // From here on the lock is not released, even if nobody waits any longer: the effect is there.
        let Some(lock) = self.lock.take() else { return Ok(()) };
        let settings = &*self.idempotency.settings;
        let (text, large) = canonical_json::read(answer.get());
        let value = serde_json::from_str::<Value>(&text).ok();
        let data = value.and_then(|value| canonical_json::python(&value, &large));
        let completion = Completion {
            expiration: self.idempotency.expiration((settings.clock)()),
            data: data.unwrap_or_else(|| answer.get().to_owned()),
        };
        let mut again = COMPLETE_AGAIN_AFTER.into_iter();
        loop {
            let error = match settings.store.complete(&lock, &completion).await {
                Ok(true) => break,
                Ok(false) => return Err(IdempotencyError::lost()),
                Err(error) => error,
            };
            let Some(wait) = again.next() else {
                let error: &(dyn StdError + 'static) = &*error;
                tracing::error!(
                    key = lock.id,
                    error,
                    "the answer could not be recorded: a repeated call will run again"
                );
                return Ok(());
            };
            tokio::time::sleep(wait).await;
        }
        self.idempotency.keep(&Record {
            id: lock.id,
            status: Status::Completed,
            expiration: completion.expiration,
            in_progress_expiration: Some(lock.in_progress_expiration),
            data: Some(completion.data),
            validation: lock.validation,
        });
        Ok(())
    }

    /// Releases the lock after a failed call, so that the next one runs. Where that fails, the lock ends by itself.
    pub async fn release(mut self) {
        if let Some(lock) = &self.lock {
            release(&self.idempotency, lock).await;
            self.lock = None;
        }
    }

    /// Leaves the lock to end by itself: the call has had its effect, and what it answers cannot be recorded.
    pub(crate) fn keep(mut self, error: &(dyn StdError + 'static)) {
        if let Some(lock) = self.lock.take() {
            tracing::error!(key = lock.id, error, "the answer could not be recorded: a repeated call will run again");
        }
    }

    /// Waits for the call; a panic of it releases the lock before it goes on its way.
    pub(crate) async fn watch<F: Future>(self, work: F) -> (Self, F::Output) {
        match AssertUnwindSafe(work).catch_unwind().await {
            Ok(output) => (self, output),
            Err(panic) => {
                self.release().await;
                resume_unwind(panic)
            }
        }
    }
}

async fn release(idempotency: &Idempotency, lock: &Lock) {
    let released = tokio::time::timeout(RELEASE_WITHIN, idempotency.settings.store.release(lock)).await;
    let error: Option<BoxError> = match released {
        Ok(Ok(_)) => None,
        Ok(Err(error)) => Some(error),
        Err(late) => Some(late.into()),
    };
    if let Some(error) = error {
        let error: &(dyn StdError + 'static) = &*error;
        tracing::warn!(key = lock.id, error, "the lock of a failed call could not be released: it ends by itself");
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        let Some(lock) = self.lock.take() else { return };
        let idempotency = self.idempotency.clone();
        if let Ok(runtime) = tokio::runtime::Handle::try_current() {
            // What it logs and traces is the invocation's that gave up on the call.
            drop(runtime.spawn(async move { release(&idempotency, &lock).await }.in_current_span()));
        }
    }
}

impl fmt::Debug for Running {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Running").field("lock", &self.lock).finish_non_exhaustive()
    }
}

//! Records that are opened when their turn comes, since what they hold may be far larger than they are: batches of log events in a
//! stream of Kinesis, and aggregated records where all of an event's are too much at once. Their contents run one after the other, as
//! records of one lane do.

use std::panic::{AssertUnwindSafe, catch_unwind};

use tokio::sync::Semaphore;
use tokio::task::yield_now;
use tokio::time::Instant;
use tower::Service;

use super::batch::{Outcome, attempt, failed, panicked};
use crate::core::error::{BoxError, FunctionError};
use crate::records::adapter::Plan;
use crate::records::answer::Answer;
use crate::records::handler::Opened;
use crate::records::record::Record;

/// What is counted in one permit, in bytes.
const PART: usize = 1024 * 1024;

/// As many parts as the contents of the records that run may have together. A record that has more runs alone.
const PARTS: u32 = 32;

/// What is counted for a record while it is opened.
const OPENING: u32 = 16;

/// How much memory is left for records that are opened.
pub(crate) struct Memory {
    /// One record is opened at a time: how much it holds is known only then.
    opening: Semaphore,
    parts: Semaphore,
}

impl Memory {
    pub(crate) fn new() -> Self {
        Self { opening: Semaphore::new(1), parts: Semaphore::new(PARTS as usize) }
    }
}

/// Opens a record and runs what it holds, up to the first failure. It is not opened if a record before it has failed meanwhile.
pub(crate) async fn run<S>(
    service: &S,
    record: Record,
    plan: &Plan,
    memory: &Memory,
    stop: Option<Instant>,
    is_behind_failure: impl Fn() -> bool,
) -> Outcome
where
    S: Service<Record, Response = Answer, Error: Into<BoxError>> + Clone,
{
    // Neither semaphore is ever closed, so neither is asked in vain.
    let opening = memory.opening.acquire().await;
    let mut held = memory.parts.acquire_many(OPENING).await.ok();
    if is_behind_failure() {
        return Outcome::Held;
    }
    record.release();
    let open = || (plan.open)(&record).map_err(FunctionError::from_error);
    let contents = match catch_unwind(AssertUnwindSafe(open)).unwrap_or_else(|payload| Err(panicked(payload))) {
        Err(error) => return failed(&record, plan.names.apply(error)),
        Ok(Opened::Itself) => return attempt(service, record, &plan.names).await,
        Ok(opened) => opened.contents(),
    };
    let parts = u32::try_from(record.release().div_ceil(PART)).unwrap_or(PARTS).min(PARTS);
    let more = match &mut held {
        Some(held) if parts < OPENING => held.split((OPENING - parts) as usize).map(drop).and(None),
        _ => memory.parts.acquire_many(parts - OPENING.min(parts)).await.ok(),
    };
    drop(opening);
    let mut outcome = Outcome::Done(Answer::default());
    let count = contents.len();
    for content in contents {
        // Records that never wait keep the deadline's timer from being asked.
        if stop.is_some_and(|stop| Instant::now() >= stop) {
            return Outcome::Unfinished;
        }
        // It would be sent again with the one that failed before it.
        if is_behind_failure() {
            return Outcome::Held;
        }
        match attempt(service, record.with_content(content, count), &plan.names).await {
            Outcome::Done(_) => {}
            discarded @ Outcome::Discarded(_) => outcome = discarded,
            returned => return returned,
        }
        yield_now().await;
    }
    drop((held, more));
    outcome
}

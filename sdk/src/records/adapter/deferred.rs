//! Records that are opened when it is their turn, since their contents may be far larger than they are: batches of log
//! events in a Kinesis stream, and aggregated records of an event whose contents exceed the memory limit together. The
//! contents of a record are processed in order, as the records of one lane are.

use tokio::sync::Semaphore;
use tokio::task::yield_now;
use tokio::time::Instant;
use tower::Service;

use super::call::call;
use super::config::AdapterConfig;
use super::outcome::Outcome;
use crate::core::error::BoxError;
use crate::records::extract::Contents;
use crate::records::record::Record;
use crate::records::response::RecordResponse;

/// The bytes that one permit stands for.
const PERMIT: usize = 1024 * 1024;

/// The permits that the contents of all records in progress share. A record with larger contents is processed alone.
const PERMITS: u32 = 32;

/// The permits that a record holds while it is opened.
const OPENING: u32 = 16;

/// The memory that is left for the contents of records.
pub(super) struct Memory {
    /// One record is opened at a time: its size is not known before.
    opening: Semaphore,
    permits: Semaphore,
}

impl Memory {
    pub(super) fn new() -> Self {
        Self { opening: Semaphore::new(1), permits: Semaphore::new(PERMITS as usize) }
    }
}

/// Opens a record and processes its contents up to the first failure. A record behind a failure is not opened.
pub(super) async fn open_and_call<S>(
    service: &S,
    record: Record,
    config: &AdapterConfig,
    memory: &Memory,
    stop: Option<Instant>,
    is_behind_failure: impl Fn() -> bool,
) -> Outcome
where
    S: Service<Record, Response = RecordResponse, Error: Into<BoxError>> + Clone,
{
    // The semaphores are never closed, so acquiring cannot fail.
    let opening = memory.opening.acquire().await;
    let mut held = memory.permits.acquire_many(OPENING).await.ok();
    if is_behind_failure() {
        return Outcome::NotStarted;
    }
    record.release();
    let texts = match config.contents(&record) {
        Err(error) => return Outcome::failed(&record, config.error_types.apply(error)),
        Ok(Contents::Itself) => return call(service, record, &config.error_types).await,
        Ok(contents) => contents.into_texts(),
    };
    let needed = u32::try_from(record.release().div_ceil(PERMIT)).unwrap_or(PERMITS).min(PERMITS);
    let more = match &mut held {
        Some(held) if needed < OPENING => held.split((OPENING - needed) as usize).map(drop).and(None),
        _ => memory.permits.acquire_many(needed - OPENING.min(needed)).await.ok(),
    };
    drop(opening);
    let mut outcome = Outcome::Succeeded(RecordResponse::default());
    let count = texts.len();
    for text in texts {
        // Calls that never wait keep the deadline's timer from being polled.
        if stop.is_some_and(|stop| Instant::now() >= stop) {
            return Outcome::Cancelled;
        }
        // The source would retry it together with the earlier record that failed.
        if is_behind_failure() {
            return Outcome::NotStarted;
        }
        match call(service, record.with_content(text, count), &config.error_types).await {
            Outcome::Succeeded(_) => {}
            discarded @ Outcome::Discarded(_) => outcome = discarded,
            retried => return retried,
        }
        yield_now().await;
    }
    drop((held, more));
    outcome
}

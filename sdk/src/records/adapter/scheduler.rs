//! Processes the records of a batch; the same for all sources.
//!
//! Each record is processed by itself: an error or a panic fails that record alone. Records of one *lane* (a message
//! group of a FIFO queue, a key of a stream, a partition of Kafka) are processed one after the other, and a failure
//! stops its lane; lanes are processed concurrently. After a failure in a shard no later record is started, of whatever
//! lane, unless [`Batch::continue_on_failure`](crate::records::Batch::continue_on_failure) is set. Near the deadline no
//! further record is started, and those in progress are cancelled and retried.

use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::future::poll_fn;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::Poll;

use futures_util::stream::FuturesUnordered;
use futures_util::{FutureExt, StreamExt};
use tokio::task::{coop, yield_now};
use tokio::time::Instant;
use tower::Service;

use super::call::call;
use super::config::AdapterConfig;
use super::deferred::{Memory, open_and_call};
use super::outcome::Outcome;
use super::queue::{Lanes, QueuedRecord, Step};
use crate::core::error::{BoxError, FunctionError};
use crate::core::panic::Cancellable;
use crate::records::record::Record;
use crate::records::response::RecordResponse;
use crate::records::source::ResponseFormat;

/// Processes the records and returns their outcomes in the same order.
pub(super) async fn run<S>(
    service: &S,
    queue: Vec<QueuedRecord>,
    format: ResponseFormat,
    config: &AdapterConfig,
    stop: Option<Instant>,
) -> Vec<Outcome>
where
    S: Service<Record, Response = RecordResponse, Error: Into<BoxError>> + Clone,
{
    #[cfg(feature = "otel")]
    super::spans::batch(queue.iter().map(|queued| &queued.record));
    let mut outcomes = Vec::with_capacity(queue.len());
    outcomes.resize_with(queue.len(), || None);
    let lanes = Lanes::of(&queue);
    let mut queue = queue.into_iter().map(Some).collect::<Vec<_>>();
    // The lane with the earliest record comes first: with a concurrency of 1 the batch is in order.
    let mut ready = lanes.first.iter().copied().map(Reverse).collect::<BinaryHeap<_>>();
    // `true` if a failure stops all lanes: the source retries all records behind it.
    let stops_all = format == ResponseFormat::ShardCheckpoint && !config.batch.continue_on_failure;
    // Atomic: records that wait for memory read it while others run.
    let first_failure = AtomicUsize::new(usize::MAX);
    let is_behind_failure = |index: usize| stops_all && index > first_failure.load(Ordering::Relaxed);
    let memory = Memory::new();
    let mut running = FuturesUnordered::new();
    // The memory of a call that has completed at once is that of the next one.
    let mut unused = None::<Cancellable<_>>;
    let at_stop = async {
        match stop {
            Some(stop) => tokio::time::sleep_until(stop).await,
            None => std::future::pending().await,
        }
    };
    tokio::pin!(at_stop);
    let mut keep = |index: usize, outcome: Outcome| {
        if outcome.is_retried() {
            first_failure.fetch_min(index, Ordering::Relaxed);
        }
        outcomes[index] = Some(outcome);
    };
    loop {
        // Calls that never wait keep the timer from being polled, so the clock is read as well.
        let is_over = || stop.is_some_and(|stop| Instant::now() >= stop);
        let mut must_yield = false;
        while running.len() < config.batch.concurrency && !must_yield && !is_over() {
            let Some(Reverse(index)) = ready.pop() else { break };
            // The source would retry it together with the earlier record that failed.
            if is_behind_failure(index) {
                continue;
            }
            let Some(queued) = queue[index].take() else { continue };
            let mut run = unused.take().unwrap_or_default();
            run.start(run_one(service, queued, config, &memory, stop, move || is_behind_failure(index)));
            // Polled once first: a call that completes at once is not added to `running`.
            match poll_fn(|cx| Poll::Ready(run.poll_unpin(cx))).await {
                Poll::Ready(outcome) => {
                    unused = Some(run);
                    // The calls that wait are polled in between, and not only after the last one has started.
                    must_yield = !running.is_empty();
                    if !outcome.is_retried() {
                        ready.extend(lanes.behind(index).map(Reverse));
                    }
                    keep(index, outcome);
                }
                Poll::Pending => running.push(run.map(move |outcome| (index, outcome))),
            }
        }
        if running.is_empty() {
            break;
        }
        tokio::select! {
            biased;
            () = &mut at_stop => break,
            Some((index, outcome)) = running.next() => {
                if !outcome.is_retried() {
                    ready.extend(lanes.behind(index).map(Reverse));
                }
                keep(index, outcome);
            }
            // The calls may wait for other tasks of the runtime.
            () = yield_now(), if must_yield => {}
        }
    }
    // A record whose call has ended must not be retried, so tokio's cooperative budget is lifted.
    while let Some(Some((index, outcome))) = coop::unconstrained(running.next()).now_or_never() {
        keep(index, outcome);
    }
    drop(running);
    // A record that has left the queue without an outcome was started.
    let without =
        |queued: &Option<QueuedRecord>| if queued.is_none() { Outcome::Cancelled } else { Outcome::NotStarted };
    outcomes.into_iter().zip(&queue).map(|(outcome, queued)| outcome.unwrap_or_else(|| without(queued))).collect()
}

async fn run_one<S>(
    service: &S,
    queued: QueuedRecord,
    config: &AdapterConfig,
    memory: &Memory,
    stop: Option<Instant>,
    is_behind_failure: impl Fn() -> bool,
) -> Outcome
where
    S: Service<Record, Response = RecordResponse, Error: Into<BoxError>> + Clone,
{
    let QueuedRecord { record, step, .. } = queued;
    match step {
        Step::Call => call(service, record, &config.error_types).await,
        // Boxed: it would make the future of every record as large.
        Step::OpenAndCall => Box::pin(open_and_call(service, record, config, memory, stop, is_behind_failure)).await,
        Step::Reject(error) => Outcome::failed(&record, config.error_types.apply(FunctionError::from_error(error))),
        Step::Fail(error) => Outcome::failed(&record, config.error_types.apply(error)),
    }
}

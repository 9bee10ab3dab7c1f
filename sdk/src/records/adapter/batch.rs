//! [`Batch`]: how the records of a batch are run; the engine for all sources.
//!
//! Each record is run by itself: an error or a panic stays in its record. Records of one *lane* (a message group of a FIFO queue,
//! a key of a stream, a partition of Kafka) run one after the other, and after a failure the rest of the lane is held back;
//! lanes run side by side. After a failure in a shard no record behind it is begun, of whatever lane, unless
//! [`Batch::continue_on_failure`] is set. Near the deadline no further record is started, and what is unfinished is cancelled and
//! returned.

use std::any::Any;
use std::borrow::Cow;
use std::cmp::Reverse;
use std::collections::{BinaryHeap, HashMap, VecDeque};
use std::future::poll_fn;
use std::panic::AssertUnwindSafe;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::Poll;
use std::time::Duration;

use futures_util::stream::FuturesUnordered;
use futures_util::{FutureExt, StreamExt};
use tokio::task::{coop, yield_now};
use tokio::time::Instant;
use tower::{Service, ServiceExt};
use tracing::Instrument;

use super::deferred::{self, Memory};
use crate::core::deadline::{Cancellable, contained, until};
use crate::core::error::{BoxError, FunctionError, Names};
use crate::core::invocation::Invocation;
use crate::records::adapter::Plan;
use crate::records::answer::Answer;
use crate::records::error::RecordError;
use crate::records::record::Record;
use crate::records::source::Reporting;

/// As many messages as SQS sends at once by default.
const CONCURRENCY: usize = 10;

/// What is left of the invocation's time when a batch is answered.
const MARGIN: Duration = Duration::from_millis(500);

/// How the records of a batch are run. Given to [`Function::batch`](crate::Function::batch), or as
/// `#[lambda_handler(batch = …)]`.
///
/// # Example
///
/// ```
/// use std::time::Duration;
/// use pilaster::records::Batch;
///
/// let batch = Batch::new().concurrency(4).margin(Duration::from_secs(1)).fail_if_all_fail();
/// # let _ = batch;
/// ```
#[derive(Clone, Debug)]
#[must_use]
pub struct Batch {
    pub(crate) concurrency: usize,
    pub(crate) margin: Duration,
    pub(crate) fail_if_all_fail: bool,
    pub(crate) continue_on_failure: bool,
    pub(crate) ordered_by: Option<Cow<'static, str>>,
}

impl Default for Batch {
    fn default() -> Self {
        Self {
            concurrency: CONCURRENCY,
            margin: MARGIN,
            fail_if_all_fail: false,
            continue_on_failure: false,
            ordered_by: None,
        }
    }
}

impl Batch {
    /// Ten records at once where their order does not count, an answer half a second before the deadline, and the ids of all
    /// records that failed, be it every one.
    pub fn new() -> Self {
        Self::default()
    }

    /// How many records run at once, at most; 10 unless set. Of one message group, key of a stream or partition it is always
    /// one at a time: 1 runs the whole batch in its order. After a failure in a shard no record behind it is begun
    /// ([`continue_on_failure`](Self::continue_on_failure)).
    pub fn concurrency(mut self, records: usize) -> Self {
        self.concurrency = records;
        self
    }

    /// How long before the invocation's deadline the batch is answered; 500 ms unless set. If that is more than half of the time
    /// that there is, it is half of it.
    pub fn margin(mut self, margin: Duration) -> Self {
        self.margin = margin;
        self
    }

    /// Fails the invocation if no record of the batch was done: if each one failed, or was held back by one that did. It then
    /// counts as an error in Lambda's metrics, and its retries slow down. Otherwise all ids are returned.
    pub fn fail_if_all_fail(mut self) -> Self {
        self.fail_if_all_fail = true;
        self
    }

    /// Runs the records of a stream behind one that failed as well: of Kinesis, DynamoDB Streams and Kafka. A failed key still holds
    /// back its own records: no record is handled before an earlier one of its partition key, item or Kafka key that failed.
    ///
    /// The response is the same with it and without: all from the first failure on are returned, since a stream has one
    /// checkpoint. So a record that is handled behind a failure is handled again with the next try, and has to be idempotent.
    /// It helps in two cases:
    ///
    /// - An event source mapping without `ReportBatchItemFailures` takes the response for success, so a record that failed is
    ///   lost in any case. With this option only that record and the rest of its key are lost, without it all records behind it.
    /// - Where the retries of a mapping end (`MaximumRetryAttempts`, `MaximumRecordAgeInSeconds`) and its batches are not split
    ///   (`BisectBatchOnFunctionError`), the batch is discarded from the failure on. With this option the records of other keys
    ///   behind it were handled.
    ///
    /// Records of one partition of Kafka run side by side with this option where their keys differ. Those without a key stay in
    /// the order of their partition, and one that fails holds back the others.
    ///
    /// Message groups of FIFO queues are apart from each other with and without it.
    ///
    /// # Example
    ///
    /// ```
    /// use pilaster::records::Batch;
    /// use pilaster::{BoxError, Kinesis};
    ///
    /// async fn count(click: Kinesis<String>) -> Result<(), BoxError> {
    ///     Ok(())
    /// }
    /// let function = pilaster::handler(count).batch(Batch::new().continue_on_failure());
    /// # let _ = function;
    /// ```
    pub fn continue_on_failure(mut self) -> Self {
        self.continue_on_failure = true;
        self
    }

    /// Handles changes of a table one after the other where this attribute of the key is the same: mostly the partition key, where
    /// the changes of its items depend on each other. Otherwise only those of one item are; a record of DynamoDB Streams does not
    /// name which attribute is which. Of a key without it all changes are in order. It holds for a table's stream of DynamoDB
    /// Streams and for one of Kinesis.
    ///
    /// A function that does not take [`Change`](crate::records::Change) panics at its start with it.
    pub fn ordered_by(mut self, key_attribute: impl Into<Cow<'static, str>>) -> Self {
        self.ordered_by = Some(key_attribute.into());
        self
    }

    /// When to stop, if there is a deadline.
    pub(crate) fn stop_at(&self, invocation: &Invocation) -> Option<Instant> {
        until(invocation, self.margin).map(|(at, _)| at)
    }
}

/// A record to run, or why it cannot be.
pub(crate) struct Unit {
    pub(crate) record: Record,
    pub(crate) problem: Option<FunctionError>,
    pub(crate) lane: Option<String>,
    /// Whether it is opened when its turn comes.
    pub(crate) is_deferred: bool,
}

/// What became of a record.
#[derive(Debug)]
pub(crate) enum Outcome {
    Done(Answer),
    /// Failed for good; it is not returned.
    Discarded(FunctionError),
    Failed(FunctionError),
    /// Begun, and cancelled at the deadline.
    Unfinished,
    /// Not begun: the deadline was near, or one before it failed.
    Held,
}

impl Outcome {
    /// Whether the source has to send the record again.
    pub(crate) fn is_returned(&self) -> bool {
        !matches!(self, Self::Done(_) | Self::Discarded(_))
    }

    pub(crate) fn answer(&self) -> Option<&Answer> {
        match self {
            Self::Done(answer) => Some(answer),
            _ => None,
        }
    }
}

/// Runs the records; the outcomes are in the order of the units.
pub(crate) async fn run<S>(
    service: &S,
    units: Vec<Unit>,
    reporting: Reporting,
    plan: &Plan,
    stop: Option<Instant>,
) -> Vec<Outcome>
where
    S: Service<Record, Response = Answer, Error: Into<BoxError>> + Clone,
{
    #[cfg(feature = "otel")]
    crate::records::adapter::spans::batch(units.iter().map(|unit| &unit.record));
    let mut outcomes = Vec::with_capacity(units.len());
    outcomes.resize_with(units.len(), || None);
    let mut lanes = lanes(&units);
    let mut units = units.into_iter().map(Some).collect::<Vec<_>>();
    // Of the lanes that can go on, that with the earliest record is the first: one at a time the batch runs in its order.
    let next = |lanes: &[VecDeque<usize>], lane: usize| Some(Reverse((*lanes.get(lane)?.front()?, lane)));
    let mut ready = (0..lanes.len()).filter_map(|lane| next(&lanes, lane)).collect::<BinaryHeap<_>>();
    // Whether a failure holds back what is behind it, of whatever lane: all of it is sent again.
    let holds_all = reporting == Reporting::FromFirst && !plan.batch.continue_on_failure;
    // Read by records that wait for memory while others run.
    let first_failure = AtomicUsize::new(usize::MAX);
    let is_behind_failure = |index: usize| holds_all && index > first_failure.load(Ordering::Relaxed);
    let memory = Memory::new();
    let mut running = FuturesUnordered::new();
    let at_stop = async {
        match stop {
            Some(stop) => tokio::time::sleep_until(stop).await,
            None => std::future::pending().await,
        }
    };
    tokio::pin!(at_stop);
    let mut keep = |index: usize, outcome: Outcome| {
        if outcome.is_returned() {
            first_failure.fetch_min(index, Ordering::Relaxed);
        }
        outcomes[index] = Some(outcome);
    };
    loop {
        // The timer is not asked alone: records that never wait keep it from being told.
        let is_over = || stop.is_some_and(|stop| Instant::now() >= stop);
        let mut gives_way = false;
        while running.len() < plan.batch.concurrency && !gives_way && !is_over() {
            let Some(Reverse((index, lane))) = ready.pop() else { break };
            lanes[lane].pop_front();
            // It would be sent again with the one that failed before it.
            if is_behind_failure(index) {
                continue;
            }
            let Some(unit) = units[index].take() else { continue };
            let mut run =
                Cancellable::new(run_unit(service, unit, plan, &memory, stop, move || is_behind_failure(index)));
            // Many a record never waits: it needs no place among those that do.
            match poll_fn(|cx| Poll::Ready(run.poll_unpin(cx))).await {
                Poll::Ready(outcome) => {
                    // Those that wait are asked in between, or they would wait until none is left to begin.
                    gives_way = !running.is_empty();
                    if !outcome.is_returned() {
                        ready.extend(next(&lanes, lane));
                    }
                    keep(index, outcome);
                }
                Poll::Pending => running.push(run.map(move |outcome| (lane, index, outcome))),
            }
        }
        if running.is_empty() {
            break;
        }
        tokio::select! {
            biased;
            () = &mut at_stop => break,
            Some((lane, index, outcome)) = running.next() => {
                if !outcome.is_returned() {
                    ready.extend(next(&lanes, lane));
                }
                keep(index, outcome);
            }
            // What they wait for may need the runtime.
            () = yield_now(), if gives_way => {}
        }
    }
    // Those that are through at this very moment are not to be done twice: tokio, which makes a task that did much seem to wait, is
    // kept from that.
    while let Some(Some((_, index, outcome))) = coop::unconstrained(running.next()).now_or_never() {
        keep(index, outcome);
    }
    drop(running);
    // Taken and without an outcome: it was begun.
    let without = |unit: &Option<Unit>| if unit.is_none() { Outcome::Unfinished } else { Outcome::Held };
    outcomes.into_iter().zip(&units).map(|(outcome, unit)| outcome.unwrap_or_else(|| without(unit))).collect()
}

/// The positions of the records by lane; one without a lane has its own.
fn lanes(units: &[Unit]) -> Vec<VecDeque<usize>> {
    let mut lanes = Vec::<VecDeque<usize>>::with_capacity(units.len());
    let mut known = HashMap::<&str, usize>::new();
    for (index, unit) in units.iter().enumerate() {
        let lane = match &unit.lane {
            None => lanes.len(),
            Some(name) => *known.entry(name).or_insert(lanes.len()),
        };
        match lanes.get_mut(lane) {
            Some(lane) => lane.push_back(index),
            None => lanes.push(VecDeque::from([index])),
        }
    }
    lanes
}

async fn run_unit<S>(
    service: &S,
    unit: Unit,
    plan: &Plan,
    memory: &Memory,
    stop: Option<Instant>,
    is_behind_failure: impl Fn() -> bool,
) -> Outcome
where
    S: Service<Record, Response = Answer, Error: Into<BoxError>> + Clone,
{
    let Unit { record, problem, is_deferred, .. } = unit;
    match problem {
        Some(problem) => failed(&record, plan.names.apply(problem)),
        // Boxed: it would make the future of every record as large.
        None if is_deferred => Box::pin(deferred::run(service, record, plan, memory, stop, is_behind_failure)).await,
        None => attempt(service, record, &plan.names).await,
    }
}

/// Calls the function for a record.
pub(crate) async fn attempt<S>(service: &S, record: Record, names: &Names) -> Outcome
where
    S: Service<Record, Response = Answer, Error: Into<BoxError>> + Clone,
{
    // Every line of the function says which record it is about.
    let span = tracing::error_span!("record", record_id = &*record.key().as_text());
    // Before anything tells of it, an error has its name, which is the function's own code and may panic as well.
    let called = async {
        let called = service.clone().oneshot(record.clone()).await;
        called.map_err(|error| names.apply(FunctionError::of(error.into())))
    };
    let tried = async {
        #[cfg(feature = "otel")]
        crate::records::adapter::spans::began(&record);
        let tried = AssertUnwindSafe(called).catch_unwind().await.unwrap_or_else(|payload| Err(panicked(payload)));
        #[cfg(feature = "otel")]
        crate::records::adapter::spans::ended(&tried);
        tried
    };
    match tried.instrument(span).await {
        Ok(answer) => Outcome::Done(answer),
        Err(error) => failed(&record, error),
    }
}

/// The outcome of a record that failed, which is logged.
pub(crate) fn failed(record: &Record, error: FunctionError) -> Outcome {
    let discarded = RecordError::discards(&error);
    tell(record, &error, discarded);
    if discarded { Outcome::Discarded(error) } else { Outcome::Failed(error) }
}

/// The error of a panic; what it carried is dropped, whose own `Drop` may panic.
pub(crate) fn panicked(payload: Box<dyn Any + Send>) -> FunctionError {
    contained(|| drop(payload));
    FunctionError::new("Panic", "the function panicked")
}

/// The one line of a record that failed.
pub(crate) fn tell(record: &Record, error: &FunctionError, discarded: bool) {
    let (id, source) = (record.key().as_text(), record.source());
    let receive_count = record.receive_count();
    let cause: &(dyn std::error::Error + 'static) = error;
    let error_type = error.error_type();
    match discarded {
        false => tracing::error!(
            record_id = &*id, source = %source, receive_count, error_type, error = cause, "the record failed"
        ),
        true => tracing::warn!(
            record_id = &*id, source = %source, receive_count, error_type, error = cause,
            "the record failed and is discarded"
        ),
    }
}

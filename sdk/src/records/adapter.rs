//! The record door: splits the event downwards, and answers upwards as its source understands.

pub(crate) mod batch;
pub(crate) mod decode;
mod deferred;
pub(crate) mod failures;
mod lanes;
pub(crate) mod lenient;
pub(crate) mod pipes;
#[cfg(feature = "otel")]
mod spans;
pub(crate) mod surrogates;

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll};

use tower::Service;

use super::answer::{Answer, Failures, Resulting, Results, TaskAnswer, TaskAnswers};
use super::handler::Opened;
use super::record::{Event, Record};
use super::source::{Reporting, Source};
use crate::core::error::{BoxError, FunctionError, Names};
use crate::core::raw::{Incoming, Outgoing};
use crate::records::adapter::batch::{Batch, Outcome, Unit, panicked, run, tell};
use crate::records::adapter::decode::{Part, Split, split};
use crate::records::extract::kinesis;
use crate::records::extract::payload::DecodeError;

/// What the door knows of the function behind it.
#[derive(Debug)]
pub(crate) struct Plan {
    pub(crate) sources: &'static [Source],
    pub(crate) open: fn(&Record) -> Result<Opened, DecodeError>,
    pub(crate) batch: Batch,
    pub(crate) names: Names,
    /// Whether the setting of the event source mapping was named in the log.
    is_hinted: AtomicBool,
}

impl Plan {
    pub(crate) fn new(
        sources: &'static [Source],
        open: fn(&Record) -> Result<Opened, DecodeError>,
        batch: Batch,
        names: Names,
    ) -> Self {
        Self { sources, open, batch, names, is_hinted: AtomicBool::new(false) }
    }
}

/// Service that runs the records of an event, one call of the inner service for each.
#[derive(Clone, Debug)]
pub struct RecordAdapter<S> {
    inner: S,
    plan: Arc<Plan>,
}

impl<S> RecordAdapter<S> {
    pub(crate) fn new(inner: S, plan: Plan) -> Self {
        Self { inner, plan: Arc::new(plan) }
    }
}

impl<S> Service<Incoming> for RecordAdapter<S>
where
    S: Service<Record, Response = Answer, Error: Into<BoxError>, Future: Send> + Clone + Send + Sync + 'static,
{
    type Response = Outgoing;
    type Error = FunctionError;
    type Future = Pin<Box<dyn Future<Output = Result<Outgoing, FunctionError>> + Send>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), FunctionError>> {
        // Asked for each record: an error here would end the process.
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, incoming: Incoming) -> Self::Future {
        let Self { inner, plan } = self.clone();
        Box::pin(async move {
            let stop = plan.batch.stop_at(&incoming.invocation);
            let batched = units(incoming, &plan).map_err(|error| plan.names.apply(error))?;
            let Batched { event, units, is_piped } = batched;
            let reporting = if is_piped { pipes::reporting(event.source) } else { event.source.reporting() };
            let records = units.iter().map(|unit| unit.record.clone()).collect::<Vec<_>>();
            let outcomes = run(&inner, units, reporting, &plan, stop).await;
            let answered = Answered { event: &event, reporting, is_piped };
            answer(&answered, &records, outcomes, &plan)
        })
    }
}

/// The records of an event, what was in envelopes taken out.
struct Batched {
    event: Arc<Event>,
    units: Vec<Unit>,
    /// Whether EventBridge Pipes sent it, instead of an event source mapping.
    is_piped: bool,
}

fn units(incoming: Incoming, plan: &Plan) -> Result<Batched, FunctionError> {
    let Incoming { event, invocation } = incoming;
    let (event, is_piped) = match pipes::event(event.get()) {
        Some(piped) => (piped, true),
        None => (event, false),
    };
    let Split { source, parts } = split(&event, plan.sources)?;
    let event = Arc::new(Event::new(event, source, invocation));
    // Log events that a stream brings: a few records may unpack to more than there is memory.
    let mut is_deferred = source == Source::Kinesis && plan.sources.contains(&Source::Logs);
    let mut is_in_order = false;
    let mut units = Vec::with_capacity(parts.len());
    for (index, part) in parts.into_iter().enumerate() {
        let Part { id, lane, body, receive_count, problem } = part;
        let record = Record::new(&event, index, id, body, receive_count);
        if is_deferred {
            let problem = problem.map(FunctionError::from_error);
            units.push(Unit { record, problem, lane, is_deferred });
            continue;
        }
        // What opens it may be a user's own, so its panic stays in the record as well.
        let open = || (plan.open)(&record).map_err(FunctionError::from_error);
        let opened = match problem {
            Some(problem) => Err(FunctionError::from_error(problem)),
            None => catch_unwind(AssertUnwindSafe(open)).unwrap_or_else(|payload| Err(panicked(payload))),
        };
        match opened {
            Ok(Opened::Itself) => units.push(Unit { record, problem: None, lane, is_deferred }),
            // All of the event are too much at once, so each is opened when its turn comes.
            Ok(Opened::Aggregated(aggregated)) if aggregated.reserve(&record).is_err() => {
                (is_deferred, is_in_order) = (true, true);
                units.push(Unit { record, problem: None, lane, is_deferred });
            }
            Ok(opened) => {
                let contents = opened.contents();
                let count = contents.len();
                units.extend(contents.map(|content| {
                    let record = record.with_content(content, count);
                    let lane = kinesis::own_lane(&record).or_else(|| lane.clone());
                    Unit { record, problem: None, lane, is_deferred }
                }));
            }
            Err(error) => units.push(Unit { record, problem: Some(error), lane, is_deferred }),
        }
    }
    match is_in_order {
        true => units = in_order(units),
        false => crate::records::adapter::lanes::set(&mut units, &plan.batch),
    }
    Ok(Batched { event, units, is_piped })
}

/// The records as they came, each to be opened when its turn comes, in one lane: what is in them may have any key.
fn in_order(mut units: Vec<Unit>) -> Vec<Unit> {
    units.dedup_by_key(|unit| unit.record.index());
    let in_turn = |unit: Unit| Unit {
        record: unit.record.outer(),
        lane: Some(String::new()),
        is_deferred: true,
        problem: unit.problem,
    };
    units.into_iter().map(in_turn).collect()
}

/// Who is answered, and in which form.
struct Answered<'e> {
    event: &'e Event,
    reporting: Reporting,
    is_piped: bool,
}

/// What the source is told.
fn answer(
    answered: &Answered<'_>,
    records: &[Record],
    outcomes: Vec<Outcome>,
    plan: &Plan,
) -> Result<Outgoing, FunctionError> {
    tell_of_time(records, &outcomes);
    #[cfg(feature = "metrics")]
    count_failures(&outcomes);
    let all_failed = outcomes.iter().any(|outcome| matches!(outcome, Outcome::Failed(_)))
        && outcomes.iter().all(|outcome| matches!(outcome, Outcome::Failed(_) | Outcome::Held));
    let &Answered { event, reporting, is_piped } = answered;
    if reporting == Reporting::Nothing || (all_failed && plan.batch.fail_if_all_fail) {
        return whole(records, outcomes);
    }
    let encoded = match reporting {
        Reporting::Results => {
            if outcomes.iter().any(|outcome| matches!(outcome, Outcome::Unfinished | Outcome::Held)) {
                // A record with a result is not sent again; without an answer all of them are.
                return Err(FunctionError::new("Timeout", "the deadline came before every record was transformed"));
            }
            let each = records.iter().zip(&outcomes).map(|(record, outcome)| Resulting::new(record, outcome.answer()));
            Outgoing::serialize(&Results { records: each.collect::<Option<_>>().ok_or_else(nameless)? })
        }
        Reporting::Tasks => {
            let each = records.iter().zip(&outcomes).map(|(record, outcome)| TaskAnswer::new(record, outcome));
            Outgoing::serialize(&TaskAnswers::new(event, each.collect::<Option<_>>().ok_or_else(nameless)?))
        }
        _ => {
            let batch_item_failures = failures::named(records, &outcomes, reporting, is_piped)?;
            if !batch_item_failures.is_empty() && !is_piped && !plan.is_hinted.swap(true, Ordering::Relaxed) {
                failures::hint(event.source);
            }
            Outgoing::serialize(&Failures { batch_item_failures })
        }
    };
    encoded.map_err(FunctionError::from_error)
}

/// As many records as are named in a line or an error.
const TOLD: usize = 10;

/// The whole invocation is the answer, as the source takes no other.
fn whole(records: &[Record], outcomes: Vec<Outcome>) -> Result<Outgoing, FunctionError> {
    let of = outcomes.len();
    let mut failed = records.iter().zip(outcomes).filter(|(_, outcome)| outcome.is_returned()).collect::<Vec<_>>();
    match failed.len() {
        0 => return Outgoing::serialize(&()).map_err(FunctionError::from_error),
        1 => {
            if let Some((_, Outcome::Failed(error))) =
                failed.pop_if(|(_, outcome)| matches!(outcome, Outcome::Failed(_)))
            {
                return Err(error.logged());
            }
        }
        _ => {}
    }
    let why = |outcome: &Outcome| match outcome {
        Outcome::Failed(error) => error.to_string(),
        Outcome::Unfinished => "not finished before the deadline".to_owned(),
        _ => "not begun".to_owned(),
    };
    let told = failed.iter().take(TOLD).map(|(record, outcome)| format!("{}: {}", record.id(), why(outcome)));
    let told = told.collect::<Vec<_>>().join("; ");
    let more = if failed.len() > TOLD { "; …" } else { "" };
    Err(FunctionError::new("RecordsFailed", format!("{} of {of} records failed: {told}{more}", failed.len())).logged())
}

pub(crate) fn nameless() -> FunctionError {
    // Lambda would take an empty or unknown id for the failure of the batch as well; so it is said.
    FunctionError::new("RecordWithoutId", "a record failed that has no id: the whole batch is returned")
}

#[cfg(feature = "metrics")]
fn count_failures(outcomes: &[Outcome]) {
    let failed =
        |outcome: &&Outcome| matches!(outcome, Outcome::Failed(_) | Outcome::Discarded(_) | Outcome::Unfinished);
    let failed = outcomes.iter().filter(failed).count();
    if failed > 0 {
        crate::observe::metrics::BuiltIn::RecordFailures.record(failed as f64);
    }
}

/// A line for each record that was cancelled, and one for those that were not begun.
fn tell_of_time(records: &[Record], outcomes: &[Outcome]) {
    for (record, _) in records.iter().zip(outcomes).filter(|(_, outcome)| matches!(outcome, Outcome::Unfinished)) {
        tell(
            record,
            &FunctionError::new("Timeout", "it was not finished before the deadline, and is cancelled"),
            false,
        );
    }
    let held = records.iter().zip(outcomes).filter(|(_, outcome)| matches!(outcome, Outcome::Held));
    let mut held = held.map(|(record, _)| record.key().as_text()).peekable();
    if held.peek().is_some() {
        let ids = held.by_ref().take(TOLD).collect::<Vec<_>>();
        let not_begun = ids.len() + held.count();
        let record_ids = ids.join(", ");
        tracing::warn!(
            not_begun,
            record_ids,
            "records behind a failure or near the deadline were returned unprocessed"
        );
    }
}

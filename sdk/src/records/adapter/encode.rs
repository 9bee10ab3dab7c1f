//! Encodes the outcomes of a batch as the response of its source.

mod firehose;
mod item_failures;
mod s3_batch;

use super::config::AdapterConfig;
use super::outcome::{Outcome, log_failure};
use crate::core::error::FunctionError;
use crate::core::raw::Outgoing;
use crate::records::record::{BatchEvent, Record};
use crate::records::source::ResponseFormat;

/// The maximum number of records that an error or a log line names.
const MAX_NAMED: usize = 10;

/// Encodes the response, or fails the invocation where the source has no other way to retry its records.
pub(super) fn response(
    event: &BatchEvent,
    records: &[Record],
    outcomes: Vec<Outcome>,
    format: ResponseFormat,
    is_piped: bool,
    config: &AdapterConfig,
) -> Result<Outgoing, FunctionError> {
    log_unfinished(records, &outcomes);
    #[cfg(feature = "metrics")]
    count_failures(&outcomes);
    let has_failed = |outcome: &Outcome| matches!(outcome, Outcome::Failed(_));
    let all_failed = outcomes.iter().any(has_failed)
        && outcomes.iter().all(|outcome| has_failed(outcome) || matches!(outcome, Outcome::NotStarted));
    let is_failed = (all_failed && config.batch.fail_if_all_fail)
        || (config.batch.fail_if_any_fails && outcomes.iter().any(Outcome::is_retried));
    if format == ResponseFormat::WholeInvocation || is_failed {
        return whole_invocation(records, outcomes);
    }
    let describes_failure = outcomes.iter().any(Outcome::is_retried);
    let encoded = match format {
        ResponseFormat::FirehoseRecords => Outgoing::serialize(&firehose::Response::new(records, &outcomes)?),
        ResponseFormat::TaskResults => Outgoing::serialize(&s3_batch::Response::new(event, records, &outcomes)?),
        _ => {
            let response = item_failures::Response::new(records, &outcomes, format, is_piped)?;
            if !is_piped {
                response.warn_of_mapping(event.source, &config.has_warned_of_mapping);
            }
            Outgoing::serialize(&response)
        }
    };
    let encoded = encoded.map_err(FunctionError::from_error)?;
    Ok(encoded.describing_failure(describes_failure))
}

/// Fails the invocation if a record is to be retried.
fn whole_invocation(records: &[Record], outcomes: Vec<Outcome>) -> Result<Outgoing, FunctionError> {
    let of = outcomes.len();
    let mut failed = records.iter().zip(outcomes).filter(|(_, outcome)| outcome.is_retried()).collect::<Vec<_>>();
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
        Outcome::Cancelled => "not finished before the deadline".to_owned(),
        _ => "not started".to_owned(),
    };
    let named = failed.iter().take(MAX_NAMED).map(|(record, outcome)| format!("{}: {}", record.id(), why(outcome)));
    let named = named.collect::<Vec<_>>().join("; ");
    let more = if failed.len() > MAX_NAMED { "; …" } else { "" };
    Err(FunctionError::new("RecordsFailed", format!("{} of {of} records failed: {named}{more}", failed.len())).logged())
}

/// Returns the error of a response that would have to name a record without an id. Lambda takes an empty or unknown id
/// for a failure of the whole batch as well, but silently.
fn without_id() -> FunctionError {
    FunctionError::new("RecordWithoutId", "a failed record has no id, so the whole batch is retried")
}

#[cfg(feature = "metrics")]
fn count_failures(outcomes: &[Outcome]) {
    let failed =
        |outcome: &&Outcome| matches!(outcome, Outcome::Failed(_) | Outcome::Discarded(_) | Outcome::Cancelled);
    let failed = outcomes.iter().filter(failed).count();
    if failed > 0 {
        crate::observe::metrics::BuiltIn::RecordFailures.record(failed as f64);
    }
}

/// Emits a log line for each record that was cancelled, and one for those that were not started.
fn log_unfinished(records: &[Record], outcomes: &[Outcome]) {
    for (record, _) in records.iter().zip(outcomes).filter(|(_, outcome)| matches!(outcome, Outcome::Cancelled)) {
        let error = FunctionError::new("Timeout", "the record was not finished before the deadline and is cancelled");
        log_failure(record, &error, false);
    }
    let not_started = records.iter().zip(outcomes).filter(|(_, outcome)| matches!(outcome, Outcome::NotStarted));
    let mut ids = not_started.map(|(record, _)| record.record_id().as_text()).peekable();
    if ids.peek().is_some() {
        let named = ids.by_ref().take(MAX_NAMED).collect::<Vec<_>>();
        let not_started = named.len() + ids.count();
        let record_ids = named.join(", ");
        tracing::warn!(
            not_started,
            record_ids,
            "records behind a failure or near the deadline were returned unprocessed"
        );
    }
}

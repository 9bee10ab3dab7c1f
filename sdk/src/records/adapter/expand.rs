//! Creates the queue of an event: its records, and the contents of those that are envelopes.

use std::sync::Arc;

use super::config::AdapterConfig;
use super::queue::{QueuedRecord, Step};
use super::{decode, lanes, pipes};
use crate::core::error::FunctionError;
use crate::core::raw::Incoming;
use crate::records::extract::Contents;
use crate::records::record::BatchEvent;
use crate::records::source::{ResponseFormat, Source};

/// The records of an event in its order.
pub(super) struct Expanded {
    pub(super) event: Arc<BatchEvent>,
    pub(super) queue: Vec<QueuedRecord>,
    pub(super) format: ResponseFormat,
    /// `true` if EventBridge Pipes sent the event, instead of an event source mapping.
    pub(super) is_piped: bool,
}

pub(super) fn expand(incoming: Incoming, config: &AdapterConfig) -> Result<Expanded, FunctionError> {
    let Incoming { event, invocation } = incoming;
    let (event, is_piped) = match pipes::event(event.get()) {
        Some(piped) => (piped, true),
        None => (event, false),
    };
    let (event, records) = decode::decode(event, invocation, config.sources)?;
    let source = event.source;
    // A few batches of log events in a stream may unpack to more than the memory of the function.
    let mut opens_later = source == Source::Kinesis && config.sources.contains(&Source::Logs);
    let mut is_too_large = false;
    let mut queue = Vec::with_capacity(records.len());
    for mut queued in records {
        if let Step::Reject(_) = queued.step {
            queue.push(queued);
            continue;
        }
        if opens_later {
            queued.step = Step::OpenAndCall;
            queue.push(queued);
            continue;
        }
        let record = &queued.record;
        match config.contents(record) {
            Ok(Contents::Itself) => {}
            Ok(Contents::Aggregated(aggregated)) if aggregated.reserve(record).is_err() => {
                (opens_later, is_too_large) = (true, true);
                queued.step = Step::OpenAndCall;
            }
            Ok(contents) => {
                let texts = contents.into_texts();
                let count = texts.len();
                queue.extend(texts.map(|text| {
                    let record = record.with_content(text, count);
                    let lane = lanes::of_deaggregated(&record).or_else(|| queued.lane.clone());
                    QueuedRecord { record, lane, step: Step::Call }
                }));
                continue;
            }
            Err(error) => queued.step = Step::Fail(error),
        }
        queue.push(queued);
    }
    match is_too_large {
        true => queue = in_order(queue),
        false => lanes::apply(&mut queue, &config.batch),
    }
    let format = if is_piped { pipes::response_format(source) } else { source.response_format() };
    Ok(Expanded { event, queue, format, is_piped })
}

/// Returns the records in one lane, each to be opened when it is its turn: its contents may have any key.
fn in_order(mut queue: Vec<QueuedRecord>) -> Vec<QueuedRecord> {
    queue.dedup_by_key(|queued| queued.record.index());
    let in_one_lane = |queued: QueuedRecord| QueuedRecord {
        record: queued.record.outer(),
        lane: Some(String::new()),
        step: match queued.step {
            failed @ (Step::Reject(_) | Step::Fail(_)) => failed,
            Step::Call | Step::OpenAndCall => Step::OpenAndCall,
        },
    };
    queue.into_iter().map(in_one_lane).collect()
}

//! [`Window`]: the records of a tumbling window of Kinesis or DynamoDB Streams, with what those before them came to.
//!
//! Where the event source mapping has `TumblingWindowInSeconds`, Lambda brings the state that the function returned for the batch
//! before, per shard, and calls it once more when the window ends, mostly without a record. So such a function is one of whole
//! batches: it folds the records into the state, and answers with a [`WindowState`]. If it fails, the same batch comes again with
//! the same state, so that nothing is counted twice; `BisectBatchOnFunctionError` finds the record that is to blame. The state may
//! have 1 MB; with more, Lambda ends the window early.
//!
//! # Example
//!
//! ```
//! use pilaster::records::{Window, WindowState};
//! use pilaster::{BoxError, Kinesis};
//! use serde::{Deserialize, Serialize};
//!
//! #[derive(Deserialize)]
//! struct Sale { cents: u64 }
//!
//! #[derive(Default, Deserialize, Serialize)]
//! struct Total { cents: u64, sales: u64 }
//!
//! async fn add_up(window: Window<Total, Kinesis<Sale>>) -> Result<WindowState<Total>, BoxError> {
//!     let mut total = window.state;
//!     for sale in window.records {
//!         total.cents += sale?.cents;
//!         total.sales += 1;
//!     }
//!     if window.bounds.is_final() {
//!         tracing::info!(total.cents, total.sales, until = window.bounds.end(), "sold");
//!     }
//!     Ok(WindowState::new(total))
//! }
//! # let _ = pilaster::handler(add_up);
//! ```

use std::sync::Arc;

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use super::payload::DecodeError;
use crate::core::error::FunctionError;
use crate::core::json;
use crate::core::raw::Incoming;
use crate::events::FromEvent;
use crate::records::adapter::decode::split;
use crate::records::handler::{FromRecord, Opened};
use crate::records::record::{Event, Record};

/// The records of a batch, and the state of their window.
///
/// `R` is `Kinesis<T>` or `Change<T>`, also of a table's stream of Kinesis, or `LogRecord` of a log subscription's stream. The form is that of
/// <https://docs.aws.amazon.com/lambda/latest/dg/services-kinesis-windows.html> and
/// <https://docs.aws.amazon.com/lambda/latest/dg/services-ddb-windows.html>. See the [module docs](self).
#[derive(Debug)]
#[non_exhaustive]
pub struct Window<S, R> {
    /// What the function returned for the batch before; `S::default()` at the window's begin.
    pub state: S,
    /// The records, in their order; or why one cannot be read.
    pub records: Vec<Result<R, DecodeError>>,
    /// What is said of the window.
    pub bounds: Bounds,
}

/// From when until when a window is, of which shard, and whether it ends.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Bounds {
    start: String,
    end: String,
    shard_id: Option<String>,
    stream_arn: Option<String>,
    is_final: bool,
    is_terminated_early: bool,
}

impl Bounds {
    /// When it began: RFC 3339.
    pub fn start(&self) -> &str {
        &self.start
    }

    /// When it ends: RFC 3339.
    pub fn end(&self) -> &str {
        &self.end
    }

    /// The shard.
    pub fn shard_id(&self) -> Option<&str> {
        self.shard_id.as_deref()
    }

    /// The ARN of the stream.
    pub fn stream_arn(&self) -> Option<&str> {
        self.stream_arn.as_deref()
    }

    /// Whether this is the window's last call: the state is what all of its records came to.
    pub fn is_final(&self) -> bool {
        self.is_final
    }

    /// Whether it ends before its time, since the state has become too large.
    pub fn is_terminated_early(&self) -> bool {
        self.is_terminated_early
    }
}

/// What the records came to, for the next batch of the window.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct WindowState<S> {
    state: S,
    /// A batch is done as a whole, or the function fails.
    batch_item_failures: [(); 0],
}

impl<S> WindowState<S> {
    /// The state, which has to be a JSON object.
    pub fn new(state: S) -> Self {
        Self { state, batch_item_failures: [] }
    }
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Wire<'a> {
    window: Times,
    #[serde(borrow, default)]
    state: Option<&'a RawValue>,
    #[serde(default)]
    shard_id: Option<String>,
    #[serde(default, rename = "eventSourceARN")]
    stream_arn: Option<String>,
    #[serde(default)]
    is_final_invoke_for_window: bool,
    #[serde(default)]
    is_window_terminated_early: bool,
    #[serde(borrow, default, rename = "Records")]
    records: Option<&'a RawValue>,
}

#[derive(Deserialize)]
struct Times {
    start: String,
    end: String,
}

impl<S, R> FromEvent for Window<S, R>
where
    S: DeserializeOwned + Default + Send,
    R: FromRecord,
{
    fn from_event(incoming: &Incoming) -> Result<Self, FunctionError> {
        let wrong = |why: String| FunctionError::new("InvalidEvent", why);
        let wire = serde_json::from_str::<Wire<'_>>(incoming.event.get());
        let wire = wire.map_err(|error| wrong(format!("the event is no batch of a tumbling window: {error}")))?;
        let state = match wire.state.map(RawValue::get) {
            // Before the first batch.
            None | Some("null") => S::default(),
            Some(state) if is_empty(state) => S::default(),
            Some(state) => json::decode(state.as_bytes())
                .map_err(|error| wrong(format!("the state of the window cannot be read: {error}")))?,
        };
        Ok(Self {
            state,
            records: match wire.records {
                Some(_) => records(incoming)?,
                None => Vec::new(),
            },
            bounds: Bounds {
                start: wire.window.start,
                end: wire.window.end,
                shard_id: wire.shard_id,
                stream_arn: wire.stream_arn,
                is_final: wire.is_final_invoke_for_window,
                is_terminated_early: wire.is_window_terminated_early,
            },
        })
    }
}

/// Whether it is `{}`.
fn is_empty(state: &str) -> bool {
    let within = state.strip_prefix('{').and_then(|rest| rest.strip_suffix('}'));
    within.is_some_and(|within| within.trim().is_empty())
}

fn records<R: FromRecord>(incoming: &Incoming) -> Result<Vec<Result<R, DecodeError>>, FunctionError> {
    let split = split(&incoming.event, R::SOURCES)?;
    let event = Arc::new(Event::new(incoming.event.clone(), split.source, incoming.invocation.clone()));
    let mut records = Vec::with_capacity(split.parts.len());
    for (index, part) in split.parts.into_iter().enumerate() {
        if let Some(problem) = part.problem {
            records.push(Err(problem));
            continue;
        }
        let record = Record::new(&event, index, part.id, part.body, part.receive_count);
        match R::open(&record) {
            Ok(Opened::Itself) => records.push(R::from_record(&record)),
            Ok(opened) => {
                // The window has all of them at once.
                let room =
                    if let Opened::Aggregated(aggregated) = &opened { aggregated.reserve(&record) } else { Ok(()) };
                if let Err(error) = room {
                    records.push(Err(error));
                    continue;
                }
                let contents = opened.contents();
                let count = contents.len();
                records.extend(contents.map(|content| R::from_record(&record.with_content(content, count))));
            }
            Err(error) => records.push(Err(error)),
        }
    }
    Ok(records)
}

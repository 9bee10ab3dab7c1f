//! [`Window`]: a batch in a tumbling window of Kinesis or DynamoDB Streams, with the state of the window.
//!
//! If the event source mapping has `TumblingWindowInSeconds`, Lambda passes in the state that the function returned for
//! the previous batch of the shard, and invokes the function once more when the window ends, usually without a record.
//! Such a function processes whole batches: it folds the records into the state and returns a [`WindowState`]. If it
//! fails, Lambda retries the batch with the same state, so that nothing is counted twice; `BisectBatchOnFunctionError`
//! isolates the failing record. The state may have 1 MB; Lambda ends a window with a larger state early.
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
//!         tracing::info!(total.cents, total.sales, until = window.bounds.end(), "total sales");
//!     }
//!     Ok(WindowState::new(total))
//! }
//! # let _ = pilaster::handler(add_up);
//! ```

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use crate::core::error::FunctionError;
use crate::core::from_event::FromEvent;
use crate::core::json;
use crate::core::raw::Incoming;
use crate::records::adapter::decode::decode;
use crate::records::adapter::queue::{QueuedRecord, Step};
use crate::records::error::DecodeError;
use crate::records::extract::{Contents, FromRecord};

/// The records of a batch, and the state of their window.
///
/// `R` is `Kinesis<T>`, `Change<T>`, also from a Kinesis stream of a table, or `LogRecord` from a Kinesis stream of a
/// log subscription. The format is that of <https://docs.aws.amazon.com/lambda/latest/dg/services-kinesis-windows.html>
/// and <https://docs.aws.amazon.com/lambda/latest/dg/services-ddb-windows.html>. See the [module docs](self).
#[derive(Debug)]
#[non_exhaustive]
pub struct Window<S, R> {
    /// The state that the function returned for the previous batch; `S::default()` at the start of the window.
    pub state: S,
    /// The records in order; an error for a record that could not be decoded.
    pub records: Vec<Result<R, DecodeError>>,
    /// The bounds of the window.
    pub bounds: Bounds,
}

/// The start, end and shard of a window.
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
    /// Returns the start, as RFC 3339.
    pub fn start(&self) -> &str {
        &self.start
    }

    /// Returns the end, as RFC 3339.
    pub fn end(&self) -> &str {
        &self.end
    }

    /// Returns the shard.
    pub fn shard_id(&self) -> Option<&str> {
        self.shard_id.as_deref()
    }

    /// Returns the ARN of the stream.
    pub fn stream_arn(&self) -> Option<&str> {
        self.stream_arn.as_deref()
    }

    /// Returns `true` if this is the last invocation of the window, with its final state.
    pub fn is_final(&self) -> bool {
        self.is_final
    }

    /// Returns `true` if the window ends early because its state is too large.
    pub fn is_terminated_early(&self) -> bool {
        self.is_terminated_early
    }
}

/// The state for the next batch of the window.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct WindowState<S> {
    state: S,
    /// Always empty: a batch succeeds or fails as a whole.
    batch_item_failures: [(); 0],
}

impl<S> WindowState<S> {
    /// Creates the response with a state, which must serialize as a JSON object.
    pub fn new(state: S) -> Self {
        Self { state, batch_item_failures: [] }
    }
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct WindowEvent<'a> {
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
        let not_a_batch = |why: &str| wrong(format!("the event is not a batch of a tumbling window: {why}"));
        let text = incoming.event.get();
        if !json::is_object(text) {
            return Err(not_a_batch("it must be a JSON object"));
        }
        let event = serde_json::from_str::<WindowEvent<'_>>(text);
        let event = event.map_err(|error| not_a_batch(&json::described(&error.to_string())))?;
        let state = match event.state.map(RawValue::get) {
            // Empty before the first batch.
            None | Some("null") => S::default(),
            Some(state) if is_empty(state) => S::default(),
            Some(state) => json::decode(state.as_bytes())
                .map_err(|error| wrong(format!("the state of the window could not be decoded: {error}")))?,
        };
        Ok(Self {
            state,
            records: match event.records {
                Some(_) => records(incoming)?,
                None => Vec::new(),
            },
            bounds: Bounds {
                start: event.window.start,
                end: event.window.end,
                shard_id: event.shard_id,
                stream_arn: event.stream_arn,
                is_final: event.is_final_invoke_for_window,
                is_terminated_early: event.is_window_terminated_early,
            },
        })
    }
}

/// Returns `true` if the state is `{}`.
fn is_empty(state: &str) -> bool {
    let within = state.strip_prefix('{').and_then(|rest| rest.strip_suffix('}'));
    within.is_some_and(|within| within.trim().is_empty())
}

fn records<R: FromRecord>(incoming: &Incoming) -> Result<Vec<Result<R, DecodeError>>, FunctionError> {
    let (_, queue) = decode(incoming.event.clone(), incoming.invocation.clone(), R::SOURCES)?;
    let mut records = Vec::with_capacity(queue.len());
    for QueuedRecord { record, step, .. } in queue {
        let contents = match step {
            Step::Reject(error) => Err(error),
            _ => R::contents(&record),
        };
        match contents {
            Ok(Contents::Itself) => records.push(R::from_record(&record)),
            Ok(contents) => {
                // The window holds all of them in memory at the same time.
                let reserved = match &contents {
                    Contents::Aggregated(aggregated) => aggregated.reserve(&record),
                    _ => Ok(()),
                };
                if let Err(error) = reserved {
                    records.push(Err(error));
                    continue;
                }
                let texts = contents.into_texts();
                let count = texts.len();
                records.extend(texts.map(|text| R::from_record(&record.with_content(text, count))));
            }
            Err(error) => records.push(Err(error)),
        }
    }
    Ok(records)
}

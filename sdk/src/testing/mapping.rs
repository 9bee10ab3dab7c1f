//! A model of AWS's event source mapping, which processes the response of a function.
//!
//! [`Verdict::of`] evaluates one response: the records that are done, the records that are resent, and the [`Rule`]
//! that applies. [`Mapping`] runs a whole mapping, until a queue or a shard is empty, and [`Report`] shows the outcome
//! of each record.
//!
//! A local engine is often more lenient than AWS, where an unknown id in a response causes the whole batch to be
//! resent. The model follows AWS's documentation, each [`Rule`] with its page; undocumented rules are marked there. It
//! has no clock: visibility time-outs and pauses between retries are omitted, and one batch runs at a time.
//!
//! # Example
//!
//! ```
//! use pilaster::FunctionError;
//! use pilaster::testing::mapping::Mapping;
//! use pilaster::testing::{sqs, sqs::message};
//! use serde_json::{Value, json};
//!
//! /// Fails the records that it cannot decode.
//! async fn function(event: Value) -> Result<Value, FunctionError> {
//!     let records = event["Records"].as_array().cloned().unwrap_or_default();
//!     let failed = records.iter().filter(|record| record["body"] == "poison");
//!     let failed: Vec<_> = failed.map(|record| json!({ "itemIdentifier": record["messageId"] })).collect();
//!     Ok(json!({ "batchItemFailures": failed }))
//! }
//!
//! # tokio::runtime::Builder::new_current_thread().build()?.block_on(async {
//! let queue = sqs([message("good").id("1"), message("poison").id("2"), message("good").id("3")]);
//! let report = Mapping::sqs(queue).max_receive_count(3).batch_size(10).run(function).await;
//! assert_eq!(report.completed(), ["1", "3"]);
//! assert_eq!(report.dead_lettered(), ["2"]);
//! assert_eq!((report.deliveries("1"), report.deliveries("2")), (1, 3));
//! # });
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod queue;
mod report;
mod stream;
#[cfg(test)]
mod tests;
mod verdict;

use serde_json::Value;

pub use self::queue::Queue;
pub use self::report::{Call, Report};
pub use self::stream::Stream;
pub use self::verdict::{Rule, Verdict};

use super::Caller;
use crate::core::error::FunctionError;
use crate::core::raw::RawService;

/// An event source mapping of Lambda. See the [module docs](self).
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub struct Mapping;

impl Mapping {
    /// Creates a mapping of a queue with the messages of this event. It is a FIFO queue if its ARN ends in `.fifo`.
    ///
    /// # Panics
    ///
    /// If the event is not an SQS event.
    pub fn sqs(messages: impl Into<Value>) -> Queue {
        Queue::new(messages.into())
    }

    /// Creates a mapping of a shard with the records of this event, from Kinesis or DynamoDB Streams, or of
    /// the partitions of a Kafka event.
    ///
    /// # Panics
    ///
    /// If the event is from another source.
    pub fn stream(records: impl Into<Value>) -> Stream {
        Stream::new(records.into())
    }
}

/// A function that a mapping calls: a `&Caller`, or an async function from event to response.
pub trait Target {
    /// Calls the function.
    ///
    /// # Errors
    ///
    /// The error that the function posts to the Runtime API when the invocation fails.
    fn invoke(&self, event: Value) -> impl Future<Output = Result<Value, FunctionError>>;
}

impl<F, Fut> Target for F
where
    F: Fn(Value) -> Fut,
    Fut: Future<Output = Result<Value, FunctionError>>,
{
    async fn invoke(&self, event: Value) -> Result<Value, FunctionError> {
        self(event).await
    }
}

impl<R: RawService> Target for &Caller<R> {
    async fn invoke(&self, event: Value) -> Result<Value, FunctionError> {
        self.call(event).await
    }
}

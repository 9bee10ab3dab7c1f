//! [`Batch`]: the settings of batch processing.

use std::borrow::Cow;
use std::time::Duration;

use tokio::time::Instant;

use crate::core::deadline::until;
use crate::core::invocation::Invocation;

/// The default batch size of an SQS event source mapping.
const CONCURRENCY: usize = 10;

/// The time before the deadline of its invocation at which a batch ends.
const MARGIN: Duration = Duration::from_millis(500);

/// Settings for processing the records of a batch, for [`Function::batch`](crate::Function::batch) or
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
    pub(super) concurrency: usize,
    pub(super) margin: Duration,
    pub(super) fail_if_all_fail: bool,
    pub(super) fail_if_any_fails: bool,
    pub(super) continue_on_failure: bool,
    pub(super) ordered_by: Option<Cow<'static, str>>,
}

impl Default for Batch {
    fn default() -> Self {
        Self {
            concurrency: CONCURRENCY,
            margin: MARGIN,
            fail_if_all_fail: false,
            fail_if_any_fails: false,
            continue_on_failure: false,
            ordered_by: None,
        }
    }
}

impl Batch {
    /// Returns the default settings: up to ten records concurrently where their order does not matter, a response half
    /// a second before the deadline, and a partial batch response even if every record failed.
    pub fn new() -> Self {
        Self::default()
    }

    /// Sets the number of records that are processed concurrently; the default is 10. Records of one message group,
    /// partition key or partition are always processed one at a time, and 1 processes the whole batch in order. After a
    /// failure in a shard no later record is started (see [`continue_on_failure`](Self::continue_on_failure)).
    pub fn concurrency(mut self, records: usize) -> Self {
        self.concurrency = records;
        self
    }

    /// Sets the time between the end of the batch and the deadline of the invocation; the default is 500 ms. It is at
    /// most half of the time that the invocation has left.
    pub fn margin(mut self, margin: Duration) -> Self {
        self.margin = margin;
        self
    }

    /// Fails the invocation if no record of the batch succeeded: each record failed, or was not started because an
    /// earlier one failed. The invocation then counts as an error in Lambda's metrics, and Lambda backs off. Without
    /// this option, a partial batch response names all records.
    pub fn fail_if_all_fail(mut self) -> Self {
        self.fail_if_all_fail = true;
        self
    }

    /// Fails the invocation if a record failed or was not started, so that Lambda delivers the whole batch again. It is
    /// for an event source mapping that does not read a partial batch response: one without
    /// `FunctionResponseTypes: [ReportBatchItemFailures]`, which exists for Kafka only in
    /// [provisioned mode](https://docs.aws.amazon.com/lambda/latest/dg/kafka-scaling-modes.html). There, a response
    /// that names records counts as success, and they are lost. The records that succeeded run again: make their
    /// effect idempotent.
    pub fn fail_if_any_fails(mut self) -> Self {
        self.fail_if_any_fails = true;
        self
    }

    /// Continues with the records behind a failed one in a stream of Kinesis, DynamoDB Streams or Kafka. Records of the
    /// failed key are still not started: no record is processed before an earlier one of its partition key, item or
    /// Kafka key.
    ///
    /// The response is the same with and without this option: it returns all records from the first failure on, since a
    /// stream has one checkpoint. A record that is processed behind a failure is therefore processed again with the
    /// next attempt and must be idempotent. The option helps in two cases:
    ///
    /// - An event source mapping without `ReportBatchItemFailures` treats the response as success, and a failed record
    ///   is lost in any case. With this option, only that record and the rest of its key are lost; without it, all
    ///   records behind it.
    /// - When the retries of a mapping end (`MaximumRetryAttempts`, `MaximumRecordAgeInSeconds`) and its batches are
    ///   not split (`BisectBatchOnFunctionError`), Lambda discards the batch from the failure on. With this option the
    ///   records of other keys behind it have been processed.
    ///
    /// With this option, records of one Kafka partition with different keys are processed concurrently. Records without
    /// a key stay in the order of their partition; after a failed one, the others are not started.
    ///
    /// Message groups of FIFO queues are always independent of each other.
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

    /// Processes changes of a table in order if this attribute of their key is equal. Set the partition key if the
    /// changes of its items depend on each other. By default, only the changes of one item are in order, since a record
    /// of DynamoDB Streams does not identify the partition key. Changes whose key lacks the attribute are in order with
    /// each other. The setting applies to DynamoDB Streams and to a Kinesis stream of a table.
    ///
    /// A function that does not take [`Change`](crate::records::Change) does not start: [`run`](crate::run) returns the
    /// error.
    pub fn ordered_by(mut self, key_attribute: impl Into<Cow<'static, str>>) -> Self {
        self.ordered_by = Some(key_attribute.into());
        self
    }

    /// Returns the time at which processing ends, if the invocation has a deadline.
    pub(super) fn stop_at(&self, invocation: &Invocation) -> Option<Instant> {
        until(invocation, self.margin).map(|(at, _)| at)
    }
}

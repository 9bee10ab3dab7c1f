//! Record functions: the function is called once for each record of a batch.
//!
//! The last argument is the type of one record: [`Sqs<T>`](Sqs), [`S3Object`], … The arguments before it are extracted
//! from the invocation ([`Client<T>`](crate::Client), `Secret<T>`, [`Invocation`](crate::Invocation)) or from the
//! record ([`SqsMessage`]).
//!
//! | event | outcome of the record |
//! |---|---|
//! | the function returns `Ok` | succeeded |
//! | the record cannot be decoded, or the function fails or panics | failed: it is returned, and its source retries it |
//! | the function returns [`RecordError::discard`] | discarded: it is logged and not retried |
//! | an earlier record failed in its message group, its partition, or anywhere in its shard | not started, and returned |
//! | the deadline is near | not started or cancelled, and returned |
//!
//! The response has the format that the source reads:
//!
//! | source | response | retried after a failure |
//! |---|---|---|
//! | SQS | partial batch response with message ids | the message; in a FIFO queue also the rest of its group |
//! | Kinesis, DynamoDB Streams | partial batch response with sequence numbers | all records of the batch from the first failure on |
//! | Kafka | partial batch response with partitions and offsets | the rest of the partition |
//! | Firehose, S3 Batch Operations | a result for each record | according to the result |
//! | SNS, S3, EventBridge, Amazon MQ, SES, CloudWatch Logs | the invocation fails | the whole event |
//!
//! # Event source mapping
//!
//! Lambda reads a partial batch response (`batchItemFailures`) only if the event source mapping enables it. **Without
//! `FunctionResponseTypes` Lambda treats every response as success, and each failed record is lost.** A function cannot
//! see how its mapping is configured, so the first failure of a process logs a warning that names the setting.
//!
//! ```yaml
//! # In an AWS SAM template: a queue
//! Type: SQS
//! Properties:
//!   Queue: !GetAtt Orders.Arn
//!   FunctionResponseTypes: [ReportBatchItemFailures]
//! ---
//! # A Kinesis or DynamoDB stream
//! Type: Kinesis
//! Properties:
//!   Stream: !GetAtt Clicks.Arn
//!   StartingPosition: TRIM_HORIZON
//!   FunctionResponseTypes: [ReportBatchItemFailures]
//!   BisectBatchOnFunctionError: true
//!   MaximumRetryAttempts: 10
//!   DestinationConfig: { OnFailure: { Type: SQS, Destination: !GetAtt FailedClicks.Arn } }
//! ```
//!
//! In plain CloudFormation these are properties of `AWS::Lambda::EventSourceMapping` with the same names, and
//! `DestinationConfig: { OnFailure: { Destination: … } }`.
//!
//! A stream has one checkpoint for each shard. After a failure, no later record of the shard is started, even with
//! another key: it would be processed again with the next attempt. Two settings control those records:
//!
//! - `BisectBatchOnFunctionError` splits the batch at the failure, so that the records behind it get their own batches.
//!   Without it, Lambda retries the batch unchanged until the retries end (`MaximumRetryAttempts`,
//!   `MaximumRecordAgeInSeconds`), and then **discards all records from the failure on, even those that the function
//!   never received**; without such a limit the shard is blocked until the record expires.
//! - [`Batch::continue_on_failure`] processes the records of other keys behind a failure with each attempt. It is for
//!   mappings whose batches cannot be split, and for those without `ReportBatchItemFailures`.
//!
//! The rules are those of <https://docs.aws.amazon.com/lambda/latest/dg/services-sqs-errorhandling.html>,
//! <https://docs.aws.amazon.com/lambda/latest/dg/services-kinesis-batchfailurereporting.html>,
//! <https://docs.aws.amazon.com/lambda/latest/dg/services-ddb-batchfailurereporting.html> and
//! <https://docs.aws.amazon.com/lambda/latest/dg/kafka-retry-configurations.html>.
//!
//! # EventBridge Pipes
//!
//! A function with the same types can be the target of a pipe from SQS, Kinesis, DynamoDB Streams, Kafka or Amazon MQ.
//! The response names the failed records by message ids and event ids, which a pipe reads without any setting; for
//! Kafka and Amazon MQ the invocation fails, since a pipe retries the whole batch
//! (<https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-pipes-batching-concurrency.html>). The pipe must wait
//! for the response (`InvocationType: REQUEST_RESPONSE`, the default), and an input transformer must keep the records
//! unchanged.

pub mod adapter;
mod batch;
mod error;
mod extract;
mod function;
mod handler;
mod layers;
mod record;
mod response;
mod source;
#[cfg(test)]
mod tests;
pub mod window;

pub use self::batch::Batch;
pub use self::error::{DecodeError, RecordError};
pub use self::extract::dynamodb::{self, Change, ChangeRecord};
pub use self::extract::event_bridge::{self, EventBridge};
pub use self::extract::firehose::{self, Firehose, FirehoseRecord};
pub use self::extract::kafka::{self, Kafka, KafkaRecord, KafkaSchema};
pub use self::extract::kinesis::{self, Kinesis, KinesisRecord};
#[cfg(feature = "cloudwatch-logs")]
pub use self::extract::logs::{self, LogRecord};
pub use self::extract::mq::{self, MqMessage, MqRecord};
pub use self::extract::s3::{self, S3Object};
pub use self::extract::s3_batch::{self, S3BatchTask};
pub use self::extract::ses::{self, SesMessage, SesVerdict};
pub use self::extract::sns::{self, Sns, SnsNotification};
pub use self::extract::sqs::{self, MessageAttribute, Sqs, SqsMessage};
pub use self::extract::{Contents, FromRecord, FromRecordParts};
pub use self::function::{ByRecord, RecordFunction};
pub use self::handler::{RecordHandler, RecordResult};
pub use self::layers::from_fn::{self, FromFn, FromFnLayer, Next, from_fn};
pub use self::record::Record;
pub use self::response::{RecordResponse, TaskResult, TransformedRecord};
pub use self::source::Source;
pub use self::window::{Window, WindowState};

//! Record functions: one call of the function for each record of a batch.
//!
//! The last argument says what the function takes one of: [`Sqs<T>`](Sqs), [`S3Object`], … The arguments before it are made of the
//! invocation ([`Client<T>`](crate::Client), `Secret<T>`, [`Invocation`](crate::Invocation)) or of the record ([`SqsMessage`]).
//!
//! | what happens to a record | what becomes of it |
//! |---|---|
//! | the function returns `Ok` | it is done |
//! | it cannot be decoded, or the function fails or panics | it is returned, and its source sends it again |
//! | the function fails with [`RecordError::discard`] | it is logged and not sent again |
//! | one before it failed: in its message group, its partition, or anywhere in its shard | it is not begun, and returned |
//! | the deadline is near | it is not begun, or cancelled, and returned |
//!
//! The response has the form that the source reads:
//!
//! | source | response | what is sent again after a failure |
//! |---|---|---|
//! | SQS | `batchItemFailures` with message ids | the message; of a FIFO queue the rest of its group |
//! | Kinesis, DynamoDB Streams | `batchItemFailures` with sequence numbers | all records of the batch from the first failure on |
//! | Kafka | `batchItemFailures` with partitions and offsets | the rest of the partition |
//! | Firehose, S3 Batch Operations | a result for each record | what its result says |
//! | SNS, S3, EventBridge, Amazon MQ, SES, CloudWatch Logs | the invocation fails | the whole event |
//!
//! # The event source mapping
//!
//! Lambda reads `batchItemFailures` only where the event source mapping asks for it. **Without `FunctionResponseTypes` Lambda takes
//! each response for success, and every record that failed is lost.** No function can see how its mapping is set, so the first
//! failure of a process is logged with the name of the setting.
//!
//! ```yaml
//! # In an AWS SAM template: a queue
//! Type: SQS
//! Properties:
//!   Queue: !GetAtt Orders.Arn
//!   FunctionResponseTypes: [ReportBatchItemFailures]
//! ---
//! # A stream of Kinesis or DynamoDB
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
//! In plain CloudFormation these are properties of `AWS::Lambda::EventSourceMapping` by the same names, and
//! `DestinationConfig: { OnFailure: { Destination: … } }`.
//!
//! A stream has one checkpoint for each shard. So after a failure no record behind it is begun, of whatever key: it would be handled
//! again with the next try. Two settings decide what becomes of those records:
//!
//! - `BisectBatchOnFunctionError` splits the batch at the failure, so that the records behind it get their own batches. Without it
//!   the batch is tried as it is until the retries end (`MaximumRetryAttempts`, `MaximumRecordAgeInSeconds`), and then **all of its
//!   records from the failure on are discarded, also those that the function never saw**; without such a limit the shard waits until
//!   the record expires.
//! - [`Batch::continue_on_failure`] handles the records of other keys behind a failure with each try. It is for mappings that cannot
//!   be split, and for those without `ReportBatchItemFailures`.
//!
//! The rules are those of <https://docs.aws.amazon.com/lambda/latest/dg/services-sqs-errorhandling.html>,
//! <https://docs.aws.amazon.com/lambda/latest/dg/services-kinesis-batchfailurereporting.html>,
//! <https://docs.aws.amazon.com/lambda/latest/dg/services-ddb-batchfailurereporting.html> and
//! <https://docs.aws.amazon.com/lambda/latest/dg/kafka-retry-configurations.html>.
//!
//! # EventBridge Pipes
//!
//! A function can be the target of a pipe from SQS, Kinesis, DynamoDB Streams, Kafka or Amazon MQ: it takes the same types. The
//! response names what failed by message ids and event ids, which a pipe reads without any setting; of Kafka and Amazon MQ the
//! invocation fails, since a pipe sends the whole batch again
//! (<https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-pipes-batching-concurrency.html>). The pipe has to wait for the
//! response (`InvocationType: REQUEST_RESPONSE`, which is the default), and an input transformer has to keep the records as they are.

pub mod adapter;
pub(crate) mod answer;
pub(crate) mod error;
pub(crate) mod extract;
pub(crate) mod function;
pub(crate) mod handler;
pub(crate) mod layers;
pub(crate) mod record;
pub(crate) mod source;
#[cfg(test)]
mod tests;

pub use self::adapter::batch::Batch;
pub use self::answer::{Answer, TaskResult, Transformed};
pub use self::error::RecordError;
pub use self::extract::dynamodb::{self, Change, ChangeRecord};
pub use self::extract::event_bridge::{self, EventBridge};
pub use self::extract::firehose::{self, Firehose, FirehoseRecord};
pub use self::extract::kafka::{self, Kafka, KafkaRecord, KafkaSchema};
pub use self::extract::kinesis::{self, Kinesis, KinesisRecord};
#[cfg(feature = "cloudwatch-logs")]
pub use self::extract::logs::{self, LogRecord};
pub use self::extract::mq::{self, MqMessage, MqRecord};
pub use self::extract::payload::DecodeError;
pub use self::extract::s3::{self, S3Object};
pub use self::extract::s3_batch::{self, S3BatchTask};
pub use self::extract::ses::{self, SesMessage, Verdict};
pub use self::extract::sns::{self, Sns, SnsNotification};
pub use self::extract::sqs::{self, MessageAttribute, Sqs, SqsMessage};
pub use self::extract::window::{self, Window, WindowState};
pub use self::function::{ByRecord, RecordFunction};
pub use self::handler::{FromRecord, FromRecordParts, Opened, RecordHandler, RecordResult};
pub use self::layers::from_fn::{self, FromFn, FromFnLayer, Next, from_fn};
pub use self::record::Record;
pub use self::source::Source;

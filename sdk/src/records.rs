//! Record functions: one call of the function for each record of a batch.
//!
//! The last argument says what the function takes one of: [`Sqs<T>`](Sqs), [`S3Object`], … The arguments before it are made of the
//! invocation ([`Client<T>`](crate::Client), `Secret<T>`, [`Invocation`](crate::Invocation)) or of the record ([`SqsMessage`]).
//!
//! | what happens to a record | what becomes of it |
//! |---|---|
//! | the function returns `Ok` | it is done |
//! | it cannot be decoded, or the function fails or panics | it alone is returned, and its source sends it again |
//! | the function fails with [`RecordError::discard`] | it is logged and not sent again |
//! | one before it in its message group, key or partition failed | it is not begun, and returned |
//! | the deadline is near | it is not begun, or cancelled, and returned |
//!
//! Each source is answered as it understands it: `batchItemFailures` with message ids (SQS), sequence numbers (Kinesis, DynamoDB
//! Streams: from the first failure on) or offsets (Kafka), results (Firehose, S3 Batch Operations). SNS, S3, EventBridge and others know no partial
//! answer: there the invocation fails, and names the records that did.
//!
//! # It needs `ReportBatchItemFailures`
//!
//! SQS, Kinesis, DynamoDB Streams and Kafka read the answer only where the event source mapping says
//! `FunctionResponseTypes: [ReportBatchItemFailures]`. Without it, failed records are taken for done.

mod answer;
mod batch;
mod deferred;
pub mod door;
pub mod dynamodb;
mod envelope;
mod error;
pub mod event_bridge;
pub mod firehose;
pub mod from_fn;
mod function;
mod handler;
mod head;
pub mod kafka;
pub mod kinesis;
#[cfg(feature = "cloudwatch-logs")]
pub mod logs;
pub mod mq;
mod payload;
mod record;
pub mod s3;
pub mod s3_batch;
pub mod ses;
pub mod sns;
mod source;
mod split;
pub mod sqs;
mod surrogates;
#[cfg(test)]
mod tests;
#[cfg(feature = "otel")]
mod traced;
pub mod window;

pub use self::answer::{Answer, TaskResult, Transformed};
pub use self::batch::Batch;
pub use self::dynamodb::{Change, ChangeRecord};
pub use self::error::RecordError;
pub use self::event_bridge::EventBridge;
pub use self::firehose::{Firehose, FirehoseRecord};
pub use self::from_fn::{FromFn, FromFnLayer, Next, from_fn};
pub use self::function::{ByRecord, Hall};
pub use self::handler::{FromRecord, FromRecordParts, HandlerService, Opened, RecordHandler, RecordResult};
pub use self::kafka::{Kafka, KafkaRecord, KafkaSchema};
pub use self::kinesis::{Kinesis, KinesisRecord};
#[cfg(feature = "cloudwatch-logs")]
pub use self::logs::LogRecord;
pub use self::mq::{MqMessage, MqRecord};
pub use self::payload::DecodeError;
pub use self::record::Record;
pub use self::s3::S3Object;
pub use self::s3_batch::S3BatchTask;
pub use self::ses::{SesMessage, Verdict};
pub use self::sns::{Sns, SnsNotification};
pub use self::source::Source;
pub use self::sqs::{MessageAttribute, Sqs, SqsMessage};
pub use self::window::{Window, WindowState};

//! The arguments of record functions.

#[cfg(feature = "macros")]
mod check;
pub mod dynamodb;
pub(crate) mod envelope;
pub mod event_bridge;
pub mod firehose;
pub mod kafka;
pub mod kinesis;
#[cfg(feature = "cloudwatch-logs")]
pub mod logs;
pub mod mq;
pub(crate) mod payload;
pub mod s3;
pub mod s3_batch;
pub mod ses;
pub mod sns;
pub mod sqs;
pub mod window;

//! [`Source`]: the AWS service that records come from, and the format of its response.

use std::fmt;

use crate::core::source::EventSource;

/// The service that sent the records of an event.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Source {
    /// An Amazon SQS queue, standard or FIFO.
    Sqs,
    /// A stream of Amazon Kinesis Data Streams.
    Kinesis,
    /// The stream of an Amazon DynamoDB table.
    DynamoDb,
    /// Topics of Amazon MSK or of a self-managed Kafka cluster.
    Kafka,
    /// An Amazon SNS topic.
    Sns,
    /// Event notifications of an Amazon S3 bucket.
    S3,
    /// An Amazon MQ broker for ActiveMQ.
    ActiveMq,
    /// An Amazon MQ broker for RabbitMQ.
    RabbitMq,
    /// A data transformation of Amazon Data Firehose.
    Firehose,
    /// An Amazon CloudWatch Logs subscription filter.
    Logs,
    /// An Amazon SES receipt rule.
    Ses,
    /// An Amazon EventBridge rule.
    EventBridge,
    /// An S3 Batch Operations job.
    S3Batch,
}

/// The format in which a response reports failed records to the source.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum ResponseFormat {
    /// A partial batch response with the ids of the failed records (SQS).
    FailedItems,
    /// A partial batch response in which the lowest id counts: all records from it on are retried (Kinesis, DynamoDB
    /// Streams).
    ShardCheckpoint,
    /// A partial batch response in which the lowest offset of each partition counts (Kafka).
    PartitionCheckpoints,
    /// A result for each record (Firehose).
    FirehoseRecords,
    /// A result for each task (S3 Batch Operations).
    TaskResults,
    /// No format: the invocation succeeds or fails as a whole.
    WholeInvocation,
}

impl Source {
    pub(super) fn response_format(self) -> ResponseFormat {
        match self {
            Self::Sqs => ResponseFormat::FailedItems,
            Self::Kinesis | Self::DynamoDb => ResponseFormat::ShardCheckpoint,
            Self::Kafka => ResponseFormat::PartitionCheckpoints,
            Self::Firehose => ResponseFormat::FirehoseRecords,
            Self::S3Batch => ResponseFormat::TaskResults,
            _ => ResponseFormat::WholeInvocation,
        }
    }

    /// Returns the source for the `eventSource` of an event or a record.
    pub(super) fn named(name: &str) -> Option<Self> {
        EventSource::named(name).and_then(Self::of)
    }

    /// Returns the service; `None` for one that does not send records.
    pub(crate) fn of(source: EventSource) -> Option<Self> {
        Some(match source {
            EventSource::Sqs => Self::Sqs,
            EventSource::Kinesis => Self::Kinesis,
            EventSource::DynamoDb => Self::DynamoDb,
            EventSource::Kafka => Self::Kafka,
            EventSource::Sns => Self::Sns,
            EventSource::S3 => Self::S3,
            EventSource::ActiveMq => Self::ActiveMq,
            EventSource::RabbitMq => Self::RabbitMq,
            EventSource::Firehose => Self::Firehose,
            EventSource::Logs => Self::Logs,
            EventSource::Ses => Self::Ses,
            EventSource::EventBridge | EventSource::Schedule => Self::EventBridge,
            EventSource::S3Batch => Self::S3Batch,
            EventSource::RestApi
            | EventSource::HttpApiV1
            | EventSource::HttpApi
            | EventSource::FunctionUrl
            | EventSource::Alb { .. }
            | EventSource::VpcLatticeV1
            | EventSource::VpcLattice
            | EventSource::WebSocketApi
            | EventSource::Authorizer
            | EventSource::AppSync
            | EventSource::Channels { .. }
            | EventSource::Bedrock => return None,
        })
    }
}

/// Writes the name of the service.
impl fmt::Display for Source {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Sqs => "SQS",
            Self::Kinesis => "Kinesis",
            Self::DynamoDb => "DynamoDB Streams",
            Self::Kafka => "Kafka",
            Self::Sns => "SNS",
            Self::S3 => "S3",
            Self::ActiveMq => "ActiveMQ",
            Self::RabbitMq => "RabbitMQ",
            Self::Firehose => "Firehose",
            Self::Logs => "CloudWatch Logs",
            Self::Ses => "SES",
            Self::EventBridge => "EventBridge",
            Self::S3Batch => "S3 Batch Operations",
        })
    }
}

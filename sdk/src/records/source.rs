//! [`Source`]: where records come from, and what each source understands as an answer.

use std::fmt;

/// Where the records of an event come from: what Lambda was called by.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Source {
    /// A queue of Amazon SQS, standard or FIFO.
    Sqs,
    /// A stream of Kinesis Data Streams.
    Kinesis,
    /// The stream of a DynamoDB table.
    DynamoDb,
    /// Topics of Amazon MSK or of a Kafka of one's own.
    Kafka,
    /// A topic of Amazon SNS.
    Sns,
    /// Notifications of a bucket.
    S3,
    /// An ActiveMQ broker of Amazon MQ.
    ActiveMq,
    /// A RabbitMQ broker of Amazon MQ.
    RabbitMq,
    /// Amazon Data Firehose, which has its records transformed.
    Firehose,
    /// A subscription of CloudWatch Logs.
    Logs,
    /// A receipt rule of Amazon SES.
    Ses,
    /// A rule of EventBridge.
    EventBridge,
    /// A job of S3 Batch Operations.
    S3Batch,
}

/// How a source learns which records failed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Reporting {
    /// A list of the ids that failed; the others are done (SQS).
    Each,
    /// The same list, of which the lowest counts: from there on all are sent again (Kinesis, DynamoDB Streams).
    FromFirst,
    /// The same by partition (Kafka).
    FromFirstOfLane,
    /// Every record with its result (Firehose).
    Results,
    /// The same with other results (S3 Batch Operations).
    Tasks,
    /// Only that the invocation failed.
    Nothing,
}

impl Source {
    pub(crate) fn reporting(self) -> Reporting {
        match self {
            Self::Sqs => Reporting::Each,
            Self::Kinesis | Self::DynamoDb => Reporting::FromFirst,
            Self::Kafka => Reporting::FromFirstOfLane,
            Self::Firehose => Reporting::Results,
            Self::S3Batch => Reporting::Tasks,
            _ => Reporting::Nothing,
        }
    }

    /// By the `eventSource` of an event or of a record.
    pub(crate) fn named(name: &str) -> Option<Self> {
        Some(match name {
            "aws:sqs" => Self::Sqs,
            "aws:kinesis" => Self::Kinesis,
            "aws:dynamodb" => Self::DynamoDb,
            "aws:kafka" | "SelfManagedKafka" | "aws:SelfManagedKafka" => Self::Kafka,
            "aws:sns" => Self::Sns,
            "aws:s3" => Self::S3,
            "aws:amq" | "aws:mq" => Self::ActiveMq,
            "aws:rmq" => Self::RabbitMq,
            "aws:ses" => Self::Ses,
            _ => return None,
        })
    }
}

/// Its name as AWS writes it.
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

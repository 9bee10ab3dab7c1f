//! The services that call a function of records, and a function for each.

use std::pin::Pin;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use pilaster::records::{Batch, FromRecord, LogRecord, MqMessage, Sns, TransformedRecord};
use pilaster::testing::Caller;
use pilaster::{
    BoxError, Change, Firehose, FunctionError, IntoService, Kafka, Kinesis, RawService, S3BatchTask, S3Object, Sqs,
};
use serde::Deserialize;
use serde_json::Value;

use super::{Outcome, World, act};

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Origin {
    Sqs,
    Fifo,
    /// Two notifications in each message.
    SqsOfS3,
    FifoOfS3,
    Kinesis,
    /// Two log events in each record.
    KinesisOfLogs,
    DynamoDb,
    TableKinesis,
    Kafka,
    Firehose,
    S3Batch,
    Sns,
    S3,
    ActiveMq,
    RabbitMq,
    PipeSqs,
    PipeFifo,
    PipeKinesis,
    PipeDynamoDb,
    PipeKafka,
    PipeActiveMq,
    PipeRabbitMq,
}

#[derive(Debug, Deserialize)]
struct Payload {
    at: usize,
}

type Called = Pin<Box<dyn Future<Output = Result<Value, FunctionError>>>>;

/// A function as the service sees it: from an event and the time until the deadline, in milliseconds, to the response.
pub(super) type Function = Box<dyn Fn(Value, Option<u64>) -> Called>;

/// Calls it.
pub(super) async fn call(function: &Function, event: Value, deadline: Option<u64>) -> Result<Value, FunctionError> {
    function(event, deadline).await
}

fn boxed<R: RawService>(function: impl IntoService<Service = R>) -> Function {
    let caller = Caller::new(function).without_logs();
    Box::new(move |event, deadline| {
        let caller = caller.clone();
        Box::pin(async move {
            match deadline {
                Some(deadline) => caller.with_time_left(Duration::from_millis(deadline)).call(event).await,
                None => caller.call(event).await,
            }
        })
    })
}

fn each<R>(batch: Batch, world: Arc<Mutex<World>>, at: fn(&R) -> usize) -> Function
where
    R: FromRecord<Response = ()> + 'static,
{
    boxed(pilaster::handler(move |record: R| act(Arc::clone(&world), at(&record))).batch(batch))
}

/// A function of the contents of records: the content `other` is done, the other one has the record's outcome.
fn parts<R>(batch: Batch, world: Arc<Mutex<World>>, text: fn(&R) -> String) -> Function
where
    R: FromRecord<Response = ()> + 'static,
{
    boxed(
        pilaster::handler(move |part: R| {
            let (world, text) = (Arc::clone(&world), text(&part));
            async move {
                match text.parse() {
                    Ok(at) => act(world, at).await,
                    Err(_) => {
                        tokio::task::yield_now().await;
                        Ok(())
                    }
                }
            }
        })
        .batch(batch),
    )
}

impl Origin {
    pub(super) fn caller(self, batch: Batch, world: Arc<Mutex<World>>) -> Function {
        match self {
            Self::Sqs | Self::Fifo | Self::PipeSqs | Self::PipeFifo => {
                each(batch, world, |it: &Sqs<Payload>| it.body.at)
            }
            Self::Kinesis | Self::PipeKinesis => each(batch, world, |it: &Kinesis<Payload>| it.data.at),
            Self::DynamoDb | Self::TableKinesis | Self::PipeDynamoDb => {
                each(batch, world, |it: &Change<Payload>| it.new_image().unwrap().at)
            }
            Self::Kafka | Self::PipeKafka => {
                each(batch, world, |it: &Kafka<String, Payload>| it.value.as_ref().unwrap().at)
            }
            Self::Sns => each(batch, world, |it: &Sns<Payload>| it.message.at),
            Self::S3 => each(batch, world, |it: &S3Object| it.key().parse().unwrap()),
            Self::SqsOfS3 | Self::FifoOfS3 => parts(batch, world, |it: &S3Object| it.key().to_owned()),
            Self::KinesisOfLogs => parts(batch, world, |it: &LogRecord| it.message().to_owned()),
            Self::ActiveMq | Self::RabbitMq | Self::PipeActiveMq | Self::PipeRabbitMq => {
                each(batch, world, |it: &MqMessage<Payload>| it.data.at)
            }
            Self::Firehose => boxed(
                pilaster::handler(move |it: Firehose<Payload>| {
                    let acting = act(Arc::clone(&world), it.data.at);
                    async move { acting.await.map(|()| TransformedRecord::ok("transformed")) }
                })
                .batch(batch),
            ),
            Self::S3Batch => boxed(
                pilaster::handler(move |it: S3BatchTask| {
                    let acting = act(Arc::clone(&world), it.key().parse().unwrap());
                    async move { acting.await as Result<(), BoxError> }
                })
                .batch(batch),
            ),
        }
    }

    /// A shard has one checkpoint.
    pub(super) fn is_shard(self) -> bool {
        matches!(self, Self::Kinesis | Self::KinesisOfLogs | Self::PipeKinesis) || self.has_changes()
    }

    /// A queue deletes each message by itself.
    pub(super) fn is_queue(self) -> bool {
        matches!(self, Self::Sqs | Self::Fifo | Self::SqsOfS3 | Self::FifoOfS3 | Self::PipeSqs | Self::PipeFifo)
    }

    pub(super) fn has_changes(self) -> bool {
        matches!(self, Self::DynamoDb | Self::TableKinesis | Self::PipeDynamoDb)
    }

    /// Returns whether a failure is a result, after which the record is not sent again.
    pub(super) fn reports_failures_as_results(self) -> bool {
        self == Self::Firehose
    }

    /// The outcome, or another where this service's records cannot have it.
    pub(super) fn possible(self, outcome: Outcome, has_deadline: bool) -> Outcome {
        match outcome {
            Outcome::Hangs if !has_deadline => Outcome::Fails,
            Outcome::Unreadable if matches!(self, Self::S3 | Self::S3Batch) => Outcome::Fails,
            outcome => outcome,
        }
    }
}

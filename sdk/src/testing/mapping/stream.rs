//! [`Stream`]: the mapping of a shard or of partitions, played until all records are behind the checkpoint.

use std::collections::VecDeque;
use std::time::Duration;

use serde_json::{Map, Value, json};
use tokio::time::Instant;

use super::Target;
use super::report::{Call, Report};
use super::verdict::{self, Rule, Source, Verdict};

/// The mapping of a shard of Kinesis or DynamoDB Streams, or of partitions of Kafka, with an on-failure destination; by
/// [`Mapping::stream`](super::Mapping::stream).
///
/// - What is before the lowest record that failed is done; from there on all is sent again
///   (<https://docs.aws.amazon.com/lambda/latest/dg/services-kinesis-batchfailurereporting.html>). Kafka has a checkpoint in each
///   partition (<https://docs.aws.amazon.com/lambda/latest/dg/kafka-retry-configurations.html>).
/// - After the maximum number of retries the batch, or beyond the maximum age the record, goes to the on-failure destination
///   and the shard goes on (<https://docs.aws.amazon.com/lambda/latest/dg/kinesis-on-failure-destination.html>).
/// - With [`bisect`](Self::bisect) a batch that failed is split in two, each half is sent by itself, and splitting does not count
///   as a retry (`BisectBatchOnFunctionError`,
///   <https://docs.aws.amazon.com/lambda/latest/api/API_CreateEventSourceMapping.html>); after a partial answer it is split at the
///   lowest record that failed, and only the rest is sent again
///   (<https://docs.aws.amazon.com/lambda/latest/dg/services-kinesis-batchfailurereporting.html>).
///
/// Of three things no page speaks, so a function should depend on none of them: into which halves a batch is split, how one is split
/// whose first record failed, and whether a partial answer that made progress begins the count of retries anew. In this model it is
/// in the middle, in the middle, and it does not.
#[derive(Clone, Debug)]
#[must_use = "a mapping does nothing until `run`"]
pub struct Stream {
    records: Vec<Value>,
    source: Source,
    /// Of the event, beside its records: Kafka has its brokers there.
    frame: Value,
    batch_size: usize,
    max_retries: u32,
    max_age: Option<Duration>,
    bisect: bool,
    reporting: bool,
}

/// Records that are sent together, and how often they were retried.
struct Batch {
    records: Vec<usize>,
    retries: u32,
}

impl Stream {
    pub(super) fn new(mut event: Value) -> Self {
        let (source, _) = verdict::items(&event);
        let records = match source {
            Source::Kinesis | Source::DynamoDb => event["Records"].as_array_mut().map(std::mem::take),
            Source::Kafka => {
                let partitions = event["records"].as_object_mut().map(std::mem::take).unwrap_or_default();
                let lists = partitions.into_iter().filter_map(|(_, list)| match list {
                    Value::Array(list) => Some(list),
                    _ => None,
                });
                Some(lists.flatten().collect())
            }
            Source::Sqs | Source::Other => None,
        };
        let Some(records) = records else { panic!("the event is of no stream") };
        Self {
            records,
            source,
            frame: event,
            batch_size: 100,
            max_retries: 3,
            max_age: None,
            bisect: false,
            reporting: true,
        }
    }

    /// How many records a batch has at most; 100 unless told, as on AWS.
    pub fn batch_size(mut self, records: usize) -> Self {
        self.batch_size = records.max(1);
        self
    }

    /// How often a batch is sent again before it goes to the on-failure destination; 3 unless told. AWS itself retries until the
    /// records expire unless a mapping says otherwise.
    pub fn max_retries(mut self, times: u32) -> Self {
        self.max_retries = times;
        self
    }

    /// How old a record may be when it is sent, by tokio's clock, from the moment when the mapping runs; no limit unless told.
    pub fn max_age(mut self, age: Duration) -> Self {
        self.max_age = Some(age);
        self
    }

    /// With `BisectBatchOnFunctionError`.
    pub fn bisect(mut self) -> Self {
        self.bisect = true;
        self
    }

    /// Without `FunctionResponseTypes: [ReportBatchItemFailures]`: partial answers are ignored.
    pub fn without_reporting(mut self) -> Self {
        self.reporting = false;
        self
    }

    /// Sends the records until all are done or at the on-failure destination.
    pub async fn run(&self, function: impl Target) -> Report {
        let all: Vec<_> = (0..self.records.len()).collect();
        let mut report = Report::new(verdict::items(&self.event(&all)).1);
        let batches = all.chunks(self.batch_size).map(|records| Batch { records: records.to_vec(), retries: 0 });
        let mut waiting: VecDeque<_> = batches.collect();
        let start = Instant::now();
        while let Some(Batch { records, retries }) = waiting.pop_front() {
            if self.max_age.is_some_and(|age| start.elapsed() > age) {
                report.dead.extend(records);
                continue;
            }
            let event = self.event(&records);
            records.iter().for_each(|&at| report.fates[at].deliveries += 1);
            let answer = function.invoke(event.clone()).await;
            let verdict = Verdict::judge(&event, &answer, self.reporting);
            let (again, done): (Vec<_>, Vec<_>) =
                records.into_iter().zip(verdict.fates()).partition(|(_, retried)| *retried);
            let progress = verdict.rule() == Rule::Reported && !done.is_empty();
            report.completed.extend(done.into_iter().map(|(at, _)| at));
            let again: Vec<_> = again.into_iter().map(|(at, _)| at).collect();
            match again.len() {
                0 => {}
                _ if self.bisect && progress => waiting.push_front(Batch { records: again, retries }),
                2.. if self.bisect => {
                    let (first, second) = again.split_at(again.len() / 2);
                    waiting.push_front(Batch { records: second.to_vec(), retries });
                    waiting.push_front(Batch { records: first.to_vec(), retries });
                }
                _ if retries < self.max_retries => waiting.push_front(Batch { records: again, retries: retries + 1 }),
                _ => report.dead.extend(again),
            }
            report.calls.push(Call { event, answer, verdict });
        }
        report
    }

    /// These records as an event.
    fn event(&self, records: &[usize]) -> Value {
        let records = records.iter().map(|&at| self.records[at].clone());
        let mut event = self.frame.clone();
        if self.source != Source::Kafka {
            event["Records"] = records.collect();
            return event;
        }
        let mut partitions = Map::new();
        for record in records {
            let topic = record["topic"].as_str().unwrap_or_default();
            let list = partitions.entry(format!("{topic}-{}", record["partition"])).or_insert_with(|| json!([]));
            if let Value::Array(list) = list {
                list.push(record);
            }
        }
        event["records"] = partitions.into();
        event
    }
}

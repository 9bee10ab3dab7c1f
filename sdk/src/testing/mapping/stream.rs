//! [`Stream`]: the mapping of a shard or of partitions, which runs until the checkpoint is behind all records.

use std::collections::VecDeque;
use std::time::Duration;

use serde_json::{Map, Value, json};
use tokio::time::Instant;

use super::Target;
use super::report::{Call, Report};
use super::verdict::{self, Rule, Source, Verdict};

/// The mapping of a shard of Kinesis or DynamoDB Streams, or of partitions of Kafka, with an on-failure destination;
/// returned by [`Mapping::stream`](super::Mapping::stream).
///
/// - Records before the lowest failed one are done; all records from it on are resent
///   (<https://docs.aws.amazon.com/lambda/latest/dg/services-kinesis-batchfailurereporting.html>). Kafka has a
///   checkpoint for each partition (<https://docs.aws.amazon.com/lambda/latest/dg/kafka-retry-configurations.html>).
/// - After the maximum number of retries the batch moves to the on-failure destination, and beyond the maximum age the
///   record does; the shard then continues
///   (<https://docs.aws.amazon.com/lambda/latest/dg/kinesis-on-failure-destination.html>).
/// - With [`bisect`](Self::bisect), a failed batch is split into halves that are sent separately, and splitting does
///   not count as a retry (`BisectBatchOnFunctionError`,
///   <https://docs.aws.amazon.com/lambda/latest/api/API_CreateEventSourceMapping.html>); after a partial batch response
///   it is split at the lowest failed record, and only the rest is resent
///   (<https://docs.aws.amazon.com/lambda/latest/dg/services-kinesis-batchfailurereporting.html>).
///
/// Three details are not documented, so a function should not depend on them: where a batch is split, where one is
/// split whose first record failed, and if a partial batch response that made progress resets the number of
/// retries. In this model, a batch is always split in the middle, and the number is not reset.
#[derive(Clone, Debug)]
#[must_use = "a mapping does nothing until `run`"]
pub struct Stream {
    records: Vec<Value>,
    source: Source,
    /// The event without its records; it contains Kafka's brokers.
    frame: Value,
    batch_size: usize,
    max_retries: u32,
    max_age: Option<Duration>,
    bisect: bool,
    reporting: bool,
}

/// Records that are sent together, and the number of their retries.
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
        let Some(records) = records else { panic!("the event must be of Kinesis, DynamoDB Streams or Kafka") };
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

    /// Sets the maximum number of records in a batch; the default is 100, as on AWS.
    pub fn batch_size(mut self, records: usize) -> Self {
        self.batch_size = records.max(1);
        self
    }

    /// Sets the number of retries before a batch moves to the on-failure destination; the default is 3. AWS itself
    /// retries until the records expire unless a mapping sets a maximum.
    pub fn max_retries(mut self, times: u32) -> Self {
        self.max_retries = times;
        self
    }

    /// Sets the maximum age of a record when it is sent, on tokio's clock, from the start of the mapping; by default
    /// there is no limit.
    pub fn max_age(mut self, age: Duration) -> Self {
        self.max_age = Some(age);
        self
    }

    /// Enables `BisectBatchOnFunctionError`.
    pub fn bisect(mut self) -> Self {
        self.bisect = true;
        self
    }

    /// Removes `FunctionResponseTypes: [ReportBatchItemFailures]`: partial batch responses are ignored.
    pub fn without_reporting(mut self) -> Self {
        self.reporting = false;
        self
    }

    /// Sends the records until all are done or in the on-failure destination.
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
            let response = function.invoke(event.clone()).await;
            let verdict = Verdict::judge(&event, &response, self.reporting);
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
            report.calls.push(Call { event, response, verdict });
        }
        report
    }

    /// Returns an event with these records.
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

//! [`Queue`]: the mapping of a queue, which runs until the queue is empty.

use std::collections::VecDeque;

use serde_json::{Value, json};

use super::Target;
use super::report::{Call, Report};
use super::verdict::{self, Source, Verdict};

/// The mapping of an SQS queue with a dead-letter queue; returned by [`Mapping::sqs`](super::Mapping::sqs).
///
/// - A batch is the first messages of the queue. A completed message is deleted; any other is returned, in a
///   standard queue to the end, in a FIFO queue to its position before the rest of its group
///   (<https://docs.aws.amazon.com/lambda/latest/dg/services-sqs-errorhandling.html>).
/// - A message that would exceed the maximum receive count moves to the dead-letter queue instead
///   (<https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-dead-letter-queues.html>). A
///   message that a function returns unprocessed counts as received: in a FIFO queue, the rest of a group can follow it
///   behind a poison message, unless the count is large enough or the batch is small.
#[derive(Clone, Debug)]
#[must_use = "a mapping does nothing until `run`"]
pub struct Queue {
    messages: Vec<Value>,
    batch_size: usize,
    max_receive_count: u32,
    reporting: bool,
}

impl Queue {
    pub(super) fn new(mut event: Value) -> Self {
        let messages = match (verdict::items(&event).0, event["Records"].take()) {
            (Source::Sqs, Value::Array(messages)) => messages,
            _ => panic!("the event must be an SQS event"),
        };
        Self { messages, batch_size: 10, max_receive_count: 5, reporting: true }
    }

    /// Sets the maximum number of messages in a batch; the default is 10, as on AWS.
    pub fn batch_size(mut self, messages: usize) -> Self {
        self.batch_size = messages.max(1);
        self
    }

    /// Sets the number of receives before a message moves to the dead-letter queue; the default is 5, AWS's
    /// recommended minimum.
    pub fn max_receive_count(mut self, times: u32) -> Self {
        self.max_receive_count = times;
        self
    }

    /// Removes `FunctionResponseTypes: [ReportBatchItemFailures]`: partial batch responses are ignored.
    pub fn without_reporting(mut self) -> Self {
        self.reporting = false;
        self
    }

    /// Sends the messages until the queue is empty.
    pub async fn run(&self, function: impl Target) -> Report {
        let (_, items) = verdict::items(&json!({ "Records": self.messages }));
        let fifo = items.iter().any(|item| item.lane.is_some());
        let mut report = Report::new(items);
        let mut waiting: VecDeque<usize> = (0..self.messages.len()).collect();
        while !waiting.is_empty() {
            let mut batch = Vec::new();
            while batch.len() < self.batch_size
                && let Some(at) = waiting.pop_front()
            {
                match report.fates[at].deliveries < self.max_receive_count {
                    true => batch.push(at),
                    false => report.dead.push(at),
                }
            }
            if batch.is_empty() {
                continue;
            }
            let event = json!({ "Records": batch.iter().map(|&at| self.deliver(at, &mut report)).collect::<Vec<_>>() });
            let response = function.invoke(event.clone()).await;
            let verdict = Verdict::judge(&event, &response, self.reporting);
            let (retried, done): (Vec<_>, Vec<_>) =
                batch.into_iter().zip(verdict.fates()).partition(|(_, retried)| *retried);
            report.completed.extend(done.into_iter().map(|(at, _)| at));
            let retried = retried.into_iter().map(|(at, _)| at);
            match fifo {
                true => retried.rev().for_each(|at| waiting.push_front(at)),
                false => waiting.extend(retried),
            }
            report.calls.push(Call { event, response, verdict });
        }
        report
    }

    /// Returns the message with its current receive count.
    fn deliver(&self, at: usize, report: &mut Report) -> Value {
        let fate = &mut report.fates[at];
        fate.deliveries += 1;
        let mut message = self.messages[at].clone();
        message["attributes"]["ApproximateReceiveCount"] = fate.deliveries.to_string().into();
        message
    }
}

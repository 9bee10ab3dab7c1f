//! The rules of each service for a response, by AWS's documentation.
//!
//! - SQS: <https://docs.aws.amazon.com/lambda/latest/dg/services-sqs-errorhandling.html>
//! - Kinesis, DynamoDB Streams: <https://docs.aws.amazon.com/lambda/latest/dg/services-kinesis-batchfailurereporting.html>,
//!   <https://docs.aws.amazon.com/lambda/latest/dg/services-ddb-batchfailurereporting.html>: "Lambda uses the lowest sequence number
//!   as the checkpoint"
//! - Kafka: <https://docs.aws.amazon.com/lambda/latest/dg/kafka-retry-configurations.html>: the same by partition
//! - Firehose: <https://docs.aws.amazon.com/firehose/latest/dev/data-transformation.html>: each record has its result
//! - S3 Batch Operations: <https://docs.aws.amazon.com/AmazonS3/latest/userguide/batch-ops-invoke-lambda.html>
//! - SNS, S3, Amazon MQ: the invocation fails or not
//! - Pipes: <https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-pipes-batching-concurrency.html>: message ids of SQS, `eventID`
//!   of Kinesis and DynamoDB; "EventBridge retries the entire batch" of Kafka and Amazon MQ (`eb-pipes-msk.html`, `eb-pipes-mq.html`).
//!   Its pages name both that a pipe from a stream retries "only specific failed records" and that it keeps their order with a checkpoint,
//!   so a response has to be right under both readings.

use pilaster::FunctionError;
use serde_json::{Value, json};

use super::callers::Origin;
use super::{Outcome, Planned};

/// The records that are not sent again.
pub(super) fn acknowledged(
    from: Origin,
    all: &[Planned],
    delivered: &[usize],
    answer: &Result<Value, FunctionError>,
    named_only: bool,
) -> Vec<usize> {
    let Ok(answer) = answer else { return Vec::new() };
    match from {
        Origin::Firehose => {
            let ids: Vec<_> = results(answer, "records").iter().map(|result| result["recordId"].clone()).collect();
            let expected: Vec<_> = delivered.iter().map(|at| json!(from.id(*at))).collect();
            assert_eq!(ids, expected, "each record has one result");
            delivered.to_vec()
        }
        Origin::S3Batch => {
            let results = results(answer, "results");
            assert_eq!(results.len(), delivered.len(), "each task has one result");
            let code = |at: usize| {
                let result =
                    results.iter().find(|result| result["taskId"] == from.id(at)).expect("a result for each task");
                result["resultCode"].as_str().unwrap().to_owned()
            };
            delivered.iter().copied().filter(|at| code(*at) != "TemporaryFailure").collect()
        }
        Origin::Sns
        | Origin::S3
        | Origin::ActiveMq
        | Origin::RabbitMq
        | Origin::PipeKafka
        | Origin::PipeActiveMq
        | Origin::PipeRabbitMq => delivered.to_vec(),
        _ => {
            let named: Vec<_> =
                results(answer, "batchItemFailures").iter().map(|failure| failure["itemIdentifier"].clone()).collect();
            // An id of no record has the whole batch sent again, which no response should bring about.
            let known: Vec<_> = delivered.iter().map(|at| from.identifier(&all[*at], *at)).collect();
            assert!(named.iter().all(|id| known.contains(id)), "{named:?} of {known:?}");
            let place = |at: usize| delivered.iter().position(|other| *other == at);
            let first = |at: usize| {
                let same = |other: &&usize| from != Origin::Kafka || all[**other].lane == all[at].lane;
                let failed = |other: &&usize| named.contains(&from.identifier(&all[**other], **other));
                delivered.iter().filter(same).filter(failed).filter_map(|other| place(*other)).min()
            };
            let comes_again = |at: usize| match from {
                _ if from.is_queue() => named.contains(&from.identifier(&all[at], at)),
                Origin::PipeKinesis | Origin::PipeDynamoDb if named_only => {
                    named.contains(&from.identifier(&all[at], at))
                }
                _ => first(at).is_some_and(|first| place(at) >= Some(first)),
            };
            delivered.iter().copied().filter(|at| !comes_again(*at)).collect()
        }
    }
}

fn results<'a>(answer: &'a Value, name: &str) -> &'a [Value] {
    answer[name].as_array().unwrap_or_else(|| panic!("no `{name}`: {answer}"))
}

/// Checks that each record has the result of its outcome, where a service reads a result for each.
pub(super) fn results_are_true(
    from: Origin,
    delivered: &[usize],
    answer: &Result<Value, FunctionError>,
    ended: impl Fn(usize) -> Option<Outcome>,
) {
    let Ok(answer) = answer else { return };
    for &at in delivered {
        match from {
            Origin::Firehose => {
                let result =
                    results(answer, "records").iter().find(|result| result["recordId"] == from.id(at)).unwrap();
                let expected = if ended(at) == Some(Outcome::Done) { "Ok" } else { "ProcessingFailed" };
                assert_eq!(result["result"], expected, "{at}");
            }
            Origin::S3Batch => {
                let result = results(answer, "results").iter().find(|result| result["taskId"] == from.id(at)).unwrap();
                let expected = match ended(at) {
                    Some(Outcome::Done) => "Succeeded",
                    Some(Outcome::Discarded) => "PermanentFailure",
                    _ => "TemporaryFailure",
                };
                assert_eq!(result["resultCode"], expected, "{at}");
            }
            _ => {}
        }
    }
}

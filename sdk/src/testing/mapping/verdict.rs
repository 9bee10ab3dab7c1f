//! [`Verdict`]: AWS's evaluation of one response.

use std::cmp::Ordering;
use std::fmt;

use serde_json::Value;

use crate::core::error::FunctionError;
use crate::core::source::EventSource;

const SQS: &str = "https://docs.aws.amazon.com/lambda/latest/dg/services-sqs-errorhandling.html";
const KINESIS: &str = "https://docs.aws.amazon.com/lambda/latest/dg/services-kinesis-batchfailurereporting.html";
const DYNAMODB: &str = "https://docs.aws.amazon.com/lambda/latest/dg/services-ddb-batchfailurereporting.html";
const KAFKA: &str = "https://docs.aws.amazon.com/lambda/latest/dg/kafka-retry-configurations.html";

/// The reason for AWS's decision. [`Verdict::page`] returns its documentation.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Rule {
    /// All are done: the response is `null`, empty (`{}`, `[]`, `""`), or its list is `null` or empty.
    NothingFailed,
    /// All are done: the response is an object with other fields and no `batchItemFailures`. **A list under a
    /// misspelled name is lost in this way, with its records.** This case is undocumented; the model treats it
    /// like a null list.
    ListMissing,
    /// The records in the list are resent; in a stream, all from the lowest on; in Kafka, per partition.
    Reported,
    /// All are done, regardless of the response: the mapping lacks `FunctionResponseTypes:
    /// [ReportBatchItemFailures]`.
    NotReporting,
    /// The whole batch is resent: the function failed.
    FunctionFailed,
    /// The whole batch is resent: the response does not have the form `{"batchItemFailures": […]}`.
    InvalidResponse,
    /// The whole batch is resent: an entry has no `itemIdentifier`.
    BadKey,
    /// The whole batch is resent: an `itemIdentifier` is `null`.
    NullIdentifier,
    /// The whole batch is resent: an `itemIdentifier` is an empty string.
    EmptyIdentifier,
    /// The whole batch is resent: an `itemIdentifier` is not that of a record in the batch.
    UnknownIdentifier,
    /// The whole batch is resent: a message is listed twice. AWS's behaviour is not documented; the model is strict,
    /// since a duplicate is a mistake. In a stream, the lowest entry applies, so duplicates are valid.
    DuplicateIdentifier,
    /// All are done: this source does not support partial batch responses, and the function did not fail.
    NoPartialResponse,
}

impl fmt::Display for Rule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::NothingFailed => "the response names no failure",
            Self::ListMissing => "the response has no `batchItemFailures`, which counts as success",
            Self::Reported => "the response names the records that failed",
            Self::NotReporting => "the response is ignored without `ReportBatchItemFailures`",
            Self::FunctionFailed => "the function failed",
            Self::InvalidResponse => "the response must have the form `{\"batchItemFailures\": [..]}`",
            Self::BadKey => "an `itemIdentifier` is missing or does not have this source's format",
            Self::NullIdentifier => "an `itemIdentifier` is null",
            Self::EmptyIdentifier => "an `itemIdentifier` is empty",
            Self::UnknownIdentifier => "an `itemIdentifier` is not that of a record in the batch",
            Self::DuplicateIdentifier => "an `itemIdentifier` occurs twice",
            Self::NoPartialResponse => "this source has no partial batch responses",
        })
    }
}

/// AWS's evaluation of a response.
///
/// # Example
///
/// ```
/// use pilaster::testing::mapping::{Rule, Verdict};
/// use pilaster::testing::{sqs, sqs::message};
/// use serde_json::json;
///
/// let event = sqs([message("a").id("1"), message("b").id("2")]).event();
/// let verdict = Verdict::of(&event, &Ok(json!({ "batchItemFailures": [{ "itemIdentifier": "2" }] })));
/// assert_eq!((verdict.done(), verdict.retried()), (vec!["1"], vec!["2"]));
///
/// let verdict = Verdict::of(&event, &Ok(json!({ "batchItemFailures": [{ "itemIdentifier": "3" }] })));
/// assert_eq!((verdict.rule(), verdict.retried()), (Rule::UnknownIdentifier, vec!["1", "2"]));
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct Verdict {
    source: Source,
    rule: Rule,
    records: Vec<Judged>,
}

#[derive(Clone, Debug, PartialEq)]
struct Judged {
    record: Item,
    retried: bool,
}

impl Verdict {
    /// Evaluates the response to this event of a mapping with `FunctionResponseTypes: [ReportBatchItemFailures]`.
    pub fn of(event: &Value, response: &Result<Value, FunctionError>) -> Self {
        Self::judge(event, response, true)
    }

    /// Evaluates the response to this event of a mapping without `ReportBatchItemFailures`.
    pub fn without_reporting(event: &Value, response: &Result<Value, FunctionError>) -> Self {
        Self::judge(event, response, false)
    }

    pub(super) fn judge(event: &Value, response: &Result<Value, FunctionError>, reporting: bool) -> Self {
        let (source, items) = items(event);
        let found = match response {
            Err(_) => Err(Rule::FunctionFailed),
            Ok(_) if source == Source::Other => Ok((Rule::NoPartialResponse, Vec::new())),
            Ok(_) if !reporting => Ok((Rule::NotReporting, Vec::new())),
            Ok(response) => named(source, &items, response),
        };
        let (rule, retried) = match found {
            Ok((rule, named)) => (rule, from_lowest(source, &items, &named)),
            Err(rule) => (rule, vec![true; items.len()]),
        };
        let records = items.into_iter().zip(retried).map(|(record, retried)| Judged { record, retried }).collect();
        Self { source, rule, records }
    }

    /// Returns the reason.
    pub fn rule(&self) -> Rule {
        self.rule
    }

    /// Returns the URL of AWS's documentation for the reason.
    pub fn page(&self) -> &'static str {
        match (self.source, self.rule) {
            (_, Rule::NoPartialResponse) => "https://docs.aws.amazon.com/lambda/latest/dg/lambda-services.html",
            (Source::Other, _) => "https://docs.aws.amazon.com/lambda/latest/dg/invocation-retries.html",
            (Source::Sqs, _) => SQS,
            (Source::Kinesis, _) => KINESIS,
            (Source::DynamoDb, _) => DYNAMODB,
            (Source::Kafka, _) => KAFKA,
        }
    }

    /// Returns the records that are done (deleted from the queue, or before the checkpoint): their message id, sequence
    /// number or `topic-0@7`.
    pub fn done(&self) -> Vec<&str> {
        self.records.iter().filter(|judged| !judged.retried).map(|judged| &*judged.record.id).collect()
    }

    /// Returns the records that are resent.
    pub fn retried(&self) -> Vec<&str> {
        self.records.iter().filter(|judged| judged.retried).map(|judged| &*judged.record.id).collect()
    }

    /// Returns the records that are done although an earlier message of their group is resent. AWS requires a
    /// function on a FIFO queue to stop at the first failure and to return the messages that it did not process
    /// (<https://docs.aws.amazon.com/lambda/latest/dg/services-sqs-errorhandling.html>).
    pub fn overtook(&self) -> Vec<&str> {
        let overtook = |(at, judged): &(usize, &Judged)| {
            let group = judged.record.lane.as_ref();
            let earlier = &self.records[..*at];
            !judged.retried
                && group.is_some()
                && earlier.iter().any(|it| it.retried && it.record.lane.as_ref() == group)
        };
        self.records.iter().enumerate().filter(overtook).map(|(_, judged)| &*judged.record.id).collect()
    }

    /// Returns for each record, in the order of the event, `true` if it is resent.
    pub(super) fn fates(&self) -> impl Iterator<Item = bool> + '_ {
        self.records.iter().map(|judged| judged.retried)
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Source {
    Sqs,
    Kinesis,
    DynamoDb,
    Kafka,
    Other,
}

/// The fields of a record that a mapping uses.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Item {
    /// The name in reports.
    pub(super) id: String,
    /// The identifier in a response.
    identifier: Value,
    /// A message group or a partition; a shard is one lane.
    pub(super) lane: Option<String>,
}

/// Returns the records of an event, in its order.
pub(super) fn items(event: &Value) -> (Source, Vec<Item>) {
    let records = event["Records"].as_array().map(Vec::as_slice).unwrap_or_default();
    let source = records.first().map_or(&event["eventSource"], |record| &record["eventSource"]);
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let item = |id: &Value, lane: Option<String>| Item { id: text(id), identifier: id.clone(), lane };
    match source.as_str().and_then(EventSource::named) {
        Some(EventSource::Sqs) => {
            let group = |record: &Value| {
                let fifo = record["eventSourceARN"].as_str().is_some_and(|arn| arn.ends_with(".fifo"));
                fifo.then(|| text(&record["attributes"]["MessageGroupId"]))
            };
            (Source::Sqs, records.iter().map(|record| item(&record["messageId"], group(record))).collect())
        }
        Some(EventSource::Kinesis) => {
            (Source::Kinesis, records.iter().map(|record| item(&record["kinesis"]["sequenceNumber"], None)).collect())
        }
        Some(EventSource::DynamoDb) => {
            (Source::DynamoDb, records.iter().map(|record| item(&record["dynamodb"]["SequenceNumber"], None)).collect())
        }
        Some(EventSource::Kafka) => {
            let mut items = Vec::new();
            for (partition, records) in event["records"].as_object().into_iter().flatten() {
                items.extend(records.as_array().into_iter().flatten().map(|record| Item {
                    id: format!("{partition}@{}", record["offset"]),
                    identifier: serde_json::json!({ "partition": partition, "offset": record["offset"] }),
                    lane: Some(partition.clone()),
                }));
            }
            (Source::Kafka, items)
        }
        _ => {
            let places = 0..records.len().max(1);
            (Source::Other, places.map(|at| Item { id: at.to_string(), identifier: Value::Null, lane: None }).collect())
        }
    }
}

/// Returns the positions of the records in a response.
fn named(source: Source, items: &[Item], response: &Value) -> Result<(Rule, Vec<usize>), Rule> {
    let object = match response {
        Value::Null => return Ok((Rule::NothingFailed, Vec::new())),
        Value::String(text) if text.is_empty() => return Ok((Rule::NothingFailed, Vec::new())),
        Value::Array(items) if items.is_empty() => return Ok((Rule::NothingFailed, Vec::new())),
        Value::Object(object) if object.is_empty() => return Ok((Rule::NothingFailed, Vec::new())),
        Value::Object(object) => object,
        _ => return Err(Rule::InvalidResponse),
    };
    let failures = match object.get("batchItemFailures") {
        None => return Ok((Rule::ListMissing, Vec::new())),
        Some(Value::Null) => return Ok((Rule::NothingFailed, Vec::new())),
        Some(Value::Array(failures)) if failures.is_empty() => return Ok((Rule::NothingFailed, Vec::new())),
        Some(Value::Array(failures)) => failures,
        Some(_) => return Err(Rule::InvalidResponse),
    };
    let mut named = Vec::new();
    for failure in failures {
        let identifier = failure.get("itemIdentifier").ok_or(Rule::BadKey)?;
        match identifier {
            Value::Null => return Err(Rule::NullIdentifier),
            Value::String(text) if text.is_empty() => return Err(Rule::EmptyIdentifier),
            other if source == Source::Kafka && (other.get("partition").is_none() || other.get("offset").is_none()) => {
                return Err(Rule::BadKey);
            }
            _ => {}
        }
        let position = items.iter().position(|item| match source {
            // Additional fields are ignored.
            Source::Kafka => {
                let same = |field: &str| item.identifier[field] == identifier[field];
                same("partition") && same("offset")
            }
            _ => item.identifier == *identifier,
        });
        let position = position.ok_or(Rule::UnknownIdentifier)?;
        if source == Source::Sqs && named.contains(&position) {
            return Err(Rule::DuplicateIdentifier);
        }
        named.push(position);
    }
    Ok((Rule::Reported, named))
}

/// Returns for each record `true` if it is resent.
fn from_lowest(source: Source, items: &[Item], named: &[usize]) -> Vec<bool> {
    let retried = |(at, item): (usize, &Item)| match source {
        Source::Sqs | Source::Other => named.contains(&at),
        // A shard or a partition is in order: all records from the lowest failure on are sent again.
        Source::Kinesis | Source::DynamoDb | Source::Kafka => {
            let same = |other: &Item| other.lane == item.lane;
            named.iter().map(|&other| &items[other]).filter(|other| same(other)).any(|other| !below(item, other))
        }
    };
    items.iter().enumerate().map(retried).collect()
}

/// Compares sequence numbers or offsets, which can have more digits than any integer type.
fn below(item: &Item, other: &Item) -> bool {
    let digits = |item: &Item| match &item.identifier {
        Value::String(number) => number.trim_start_matches('0').to_owned(),
        place => place["offset"].to_string(),
    };
    let (a, b) = (digits(item), digits(other));
    a.len().cmp(&b.len()).then_with(|| a.cmp(&b)) == Ordering::Less
}

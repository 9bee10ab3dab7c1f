//! [`Answer`]: what becomes of one record; and all of them as the response that the source understands.

use std::borrow::Cow;
use std::fmt;

use serde::{Serialize, Serializer};

use super::record::{Event, Id, Record};
use crate::records::adapter::batch::Outcome;

/// What a record that went well is answered with. Nothing, except in a transformation for Firehose and a task of S3 Batch Operations.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Answer(pub(crate) Own);

#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) enum Own {
    #[default]
    Nothing,
    Transformed(Transformed),
    Task(TaskResult),
}

impl From<()> for Answer {
    fn from((): ()) -> Self {
        Self::default()
    }
}

/// A Firehose record after its transformation.
///
/// The forms are those of
/// <https://docs.aws.amazon.com/firehose/latest/dev/data-transformation.html>.
///
/// # Example
///
/// ```
/// use pilaster::records::Transformed;
/// use serde_json::json;
///
/// let page = Transformed::json(&json!({ "page": "/" }))?.partition_key("day", "2026-11-21");
/// assert_eq!(page, Transformed::ok("{\"page\":\"/\"}\n").partition_key("day", "2026-11-21"));
/// # Ok::<(), serde_json::Error>(())
/// ```
#[derive(Clone, PartialEq)]
#[non_exhaustive]
pub enum Transformed {
    /// Delivered with these bytes, and these keys for dynamic partitioning.
    Ok {
        /// What is delivered instead of the record's data.
        data: Vec<u8>,
        /// `metadata.partitionKeys` of the answer; empty for none.
        partition_keys: Vec<(String, String)>,
    },
    /// Not delivered, on purpose.
    Dropped,
    /// Put where the stream puts what could not be processed.
    Failed,
}

impl Transformed {
    /// Delivered with these bytes. Firehose puts nothing between records: a line ends with the newline that it has.
    pub fn ok(data: impl Into<Vec<u8>>) -> Self {
        Self::Ok { data: data.into(), partition_keys: Vec::new() }
    }

    /// Delivered as a line of JSON.
    ///
    /// # Errors
    ///
    /// The value cannot be written as JSON.
    pub fn json<T: Serialize + ?Sized>(value: &T) -> Result<Self, serde_json::Error> {
        let mut line = serde_json::to_vec(value)?;
        line.push(b'\n');
        Ok(Self::ok(line))
    }

    /// Not delivered, on purpose.
    pub fn dropped() -> Self {
        Self::Dropped
    }

    /// Put where the stream puts what could not be processed. A call that fails says the same, and is logged.
    pub fn failed() -> Self {
        Self::Failed
    }

    /// Adds a key for dynamic partitioning (<https://docs.aws.amazon.com/firehose/latest/dev/dynamic-partitioning.html>) to what is
    /// delivered; of two by one name the last counts.
    #[must_use]
    pub fn partition_key(mut self, name: impl Into<String>, value: impl Into<String>) -> Self {
        if let Self::Ok { partition_keys, .. } = &mut self {
            partition_keys.push((name.into(), value.into()));
        }
        self
    }
}

/// Its size, and how many keys it has; what they are may be nobody's business.
impl fmt::Debug for Transformed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Ok { data, partition_keys } => {
                f.debug_struct("Ok").field("bytes", &data.len()).field("partition_keys", &partition_keys.len()).finish()
            }
            Self::Dropped => f.write_str("Dropped"),
            Self::Failed => f.write_str("Failed"),
        }
    }
}

impl From<Transformed> for Answer {
    fn from(transformed: Transformed) -> Self {
        Self(Own::Transformed(transformed))
    }
}

/// What a task of S3 Batch Operations came to: a text for the job's report, or nothing. Made of `()` and of a `String`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TaskResult(pub(crate) String);

impl From<()> for TaskResult {
    fn from((): ()) -> Self {
        Self::default()
    }
}

impl From<String> for TaskResult {
    fn from(text: String) -> Self {
        Self(text)
    }
}

impl From<TaskResult> for Answer {
    fn from(result: TaskResult) -> Self {
        Self(Own::Task(result))
    }
}

/// `{"batchItemFailures": [{"itemIdentifier": …}, …]}`
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Failures<'a> {
    pub(crate) batch_item_failures: Vec<Failure<'a>>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Failure<'a> {
    #[serde(serialize_with = "identifier")]
    pub(crate) item_identifier: Cow<'a, Id>,
}

/// A text; of a record of Kafka `{"partition": "topic-0", "offset": 7}`.
fn identifier<S: Serializer>(id: &impl AsRef<Id>, serializer: S) -> Result<S::Ok, S::Error> {
    #[derive(Serialize)]
    struct Place<'a> {
        partition: &'a str,
        offset: i64,
    }
    match id.as_ref() {
        Id::Text(text) => serializer.serialize_str(text),
        Id::Offset { partition, offset } => Place { partition, offset: *offset }.serialize(serializer),
        // Lambda would read it as the failure of the whole batch. The door fails the invocation instead and never comes here.
        Id::Unknown => Err(serde::ser::Error::custom("a record without an id")),
    }
}

/// `{"records": [{"recordId": …, "result": …, "data": …}, …]}`
#[derive(Serialize)]
pub(crate) struct Results<'a> {
    pub(crate) records: Vec<Resulting<'a>>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Resulting<'a> {
    record_id: &'a str,
    result: &'static str,
    data: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    metadata: Option<Metadata<'a>>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Metadata<'a> {
    partition_keys: std::collections::BTreeMap<&'a str, &'a str>,
}

impl<'a> Resulting<'a> {
    /// The result of one record; `None` stands for its failure. Without an id there is none.
    pub(crate) fn new(record: &'a Record, answer: Option<&'a Answer>) -> Option<Self> {
        use base64::Engine as _;
        let Id::Text(record_id) = record.key() else { return None };
        let result = |result, data| Self { record_id, result, data, metadata: None };
        let transformed = answer.and_then(|answer| match &answer.0 {
            Own::Transformed(transformed) => Some(transformed),
            _ => None,
        });
        Some(match transformed {
            Some(Transformed::Ok { data, partition_keys }) => Self {
                metadata: (!partition_keys.is_empty())
                    .then(|| partition_keys.iter().map(|(key, value)| (key.as_str(), value.as_str())).collect())
                    .map(|partition_keys| Metadata { partition_keys }),
                ..result("Ok", base64::engine::general_purpose::STANDARD.encode(data))
            },
            Some(Transformed::Dropped) => result("Dropped", String::new()),
            // A record that was answered with nothing is delivered as it was.
            None if answer.is_some() => result("Ok", data(record)),
            Some(Transformed::Failed) | None => result("ProcessingFailed", data(record)),
        })
    }
}

/// `{"invocationSchemaVersion": "1.0", "treatMissingKeysAs": …, "invocationId": …, "results": […]}`
/// (<https://docs.aws.amazon.com/AmazonS3/latest/userguide/batch-ops-invoke-lambda.html>).
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct TaskAnswers<'a> {
    invocation_schema_version: Option<String>,
    /// Every task has its result, so it does not count.
    treat_missing_keys_as: &'static str,
    invocation_id: Option<String>,
    results: Vec<TaskAnswer<'a>>,
}

impl<'a> TaskAnswers<'a> {
    pub(crate) fn new(event: &Event, results: Vec<TaskAnswer<'a>>) -> Self {
        Self {
            invocation_schema_version: event.beside("invocationSchemaVersion"),
            treat_missing_keys_as: PERMANENT,
            invocation_id: event.beside("invocationId"),
            results,
        }
    }
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct TaskAnswer<'a> {
    task_id: &'a str,
    result_code: &'static str,
    result_string: &'a str,
}

const PERMANENT: &str = "PermanentFailure";

impl<'a> TaskAnswer<'a> {
    /// The longest text, in bytes; the job's report has one in each line.
    const TEXT: usize = 1024;

    /// Without an id there is none.
    pub(crate) fn new(record: &'a Record, outcome: &'a Outcome) -> Option<Self> {
        let Id::Text(task_id) = record.key() else { return None };
        let (result_code, text) = match outcome {
            Outcome::Done(Answer(Own::Task(TaskResult(text)))) => ("Succeeded", text.as_str()),
            Outcome::Done(_) => ("Succeeded", ""),
            Outcome::Discarded(error) => (PERMANENT, error.message()),
            Outcome::Failed(error) => ("TemporaryFailure", error.message()),
            Outcome::Unfinished | Outcome::Held => ("TemporaryFailure", "not finished before the deadline"),
        };
        Some(Self { task_id, result_code, result_string: &text[..text.floor_char_boundary(Self::TEXT)] })
    }
}

/// As it came: base64.
fn data(record: &Record) -> String {
    #[derive(serde::Deserialize)]
    struct Wire {
        data: String,
    }
    serde_json::from_str::<Wire>(record.json()).map(|wire| wire.data).unwrap_or_default()
}

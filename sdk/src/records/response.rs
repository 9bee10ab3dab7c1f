//! [`RecordResponse`]: the response to one record; [`TransformedRecord`] and [`TaskResult`] for the sources that read
//! one.

use std::fmt;

use serde::Serialize;

/// The response to a record that succeeded. It is empty, except for a Firehose transformation and a task of S3 Batch
/// Operations.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct RecordResponse(pub(super) ResponseValue);

#[derive(Clone, Debug, Default, PartialEq)]
pub(super) enum ResponseValue {
    #[default]
    Empty,
    Transformed(TransformedRecord),
    Task(TaskResult),
}

impl From<()> for RecordResponse {
    fn from((): ()) -> Self {
        Self::default()
    }
}

/// A record that a Firehose function returns in place of the received one.
///
/// The format is that of <https://docs.aws.amazon.com/firehose/latest/dev/data-transformation.html>.
///
/// # Example
///
/// ```
/// use pilaster::records::TransformedRecord;
/// use serde_json::json;
///
/// let page = TransformedRecord::json(&json!({ "page": "/" }))?.partition_key("day", "2026-11-21");
/// assert_eq!(page, TransformedRecord::ok("{\"page\":\"/\"}\n").partition_key("day", "2026-11-21"));
/// # Ok::<(), serde_json::Error>(())
/// ```
#[derive(Clone, PartialEq)]
#[non_exhaustive]
pub enum TransformedRecord {
    /// Firehose delivers these bytes.
    Ok {
        /// The data to deliver in place of the record's.
        data: Vec<u8>,
        /// The keys for dynamic partitioning, `metadata.partitionKeys` in the response; may be empty.
        partition_keys: Vec<(String, String)>,
    },
    /// The record is dropped intentionally.
    Dropped,
    /// Firehose writes the record to the error output of the stream.
    Failed,
}

impl TransformedRecord {
    /// Delivers these bytes. Firehose puts no delimiter between records, so a line must end with its own newline.
    pub fn ok(data: impl Into<Vec<u8>>) -> Self {
        Self::Ok { data: data.into(), partition_keys: Vec::new() }
    }

    /// Delivers the value as a line of JSON.
    ///
    /// # Errors
    ///
    /// The value cannot be serialized as JSON.
    pub fn json<T: Serialize + ?Sized>(value: &T) -> Result<Self, serde_json::Error> {
        let mut line = serde_json::to_vec(value)?;
        line.push(b'\n');
        Ok(Self::ok(line))
    }

    /// Drops the record intentionally.
    pub fn dropped() -> Self {
        Self::Dropped
    }

    /// Marks the record as failed: Firehose writes it to the error output of the stream. A call that returns an error
    /// does the same, and is logged.
    pub fn failed() -> Self {
        Self::Failed
    }

    /// Adds a key for dynamic partitioning
    /// (<https://docs.aws.amazon.com/firehose/latest/dev/dynamic-partitioning.html>) to a record that is delivered. A
    /// later key replaces an earlier one of the same name.
    #[must_use]
    pub fn partition_key(mut self, name: impl Into<String>, value: impl Into<String>) -> Self {
        if let Self::Ok { partition_keys, .. } = &mut self {
            partition_keys.push((name.into(), value.into()));
        }
        self
    }
}

/// Shows only the size and the number of keys: the data may be confidential.
impl fmt::Debug for TransformedRecord {
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

impl From<TransformedRecord> for RecordResponse {
    fn from(transformed: TransformedRecord) -> Self {
        Self(ResponseValue::Transformed(transformed))
    }
}

/// The result of an S3 Batch Operations task: text for the job's report, or nothing. Converts from `()` and from a
/// `String`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TaskResult(pub(super) String);

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

impl From<TaskResult> for RecordResponse {
    fn from(result: TaskResult) -> Self {
        Self(ResponseValue::Task(result))
    }
}

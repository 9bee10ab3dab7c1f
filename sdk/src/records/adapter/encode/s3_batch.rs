//! The response to S3 Batch Operations:
//! `{"invocationSchemaVersion": "1.0", "treatMissingKeysAs": …, "invocationId": …, "results": […]}`
//! (<https://docs.aws.amazon.com/AmazonS3/latest/userguide/batch-ops-invoke-lambda.html>).

use serde::Serialize;

use super::without_id;
use crate::core::error::FunctionError;
use crate::records::adapter::outcome::Outcome;
use crate::records::record::{BatchEvent, Record, RecordId};
use crate::records::response::{RecordResponse, ResponseValue, TaskResult};

const PERMANENT_FAILURE: &str = "PermanentFailure";

/// The longest text of a result, in bytes. The job's report has one in each line.
const MAX_TEXT: usize = 1024;

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Response<'a> {
    invocation_schema_version: Option<String>,
    /// Has no effect, since every task has a result.
    treat_missing_keys_as: &'static str,
    invocation_id: Option<String>,
    results: Vec<Task<'a>>,
}

impl<'a> Response<'a> {
    /// # Errors
    ///
    /// A task has no id.
    pub(super) fn new(
        event: &BatchEvent,
        records: &'a [Record],
        outcomes: &'a [Outcome],
    ) -> Result<Self, FunctionError> {
        let results = records.iter().zip(outcomes).map(|(record, outcome)| Task::new(record, outcome));
        Ok(Self {
            invocation_schema_version: event.beside("invocationSchemaVersion"),
            treat_missing_keys_as: PERMANENT_FAILURE,
            invocation_id: event.beside("invocationId"),
            results: results.collect::<Option<_>>().ok_or_else(without_id)?,
        })
    }
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Task<'a> {
    task_id: &'a str,
    result_code: &'static str,
    result_string: &'a str,
}

impl<'a> Task<'a> {
    /// Returns the result of a task; `None` for one without an id.
    fn new(record: &'a Record, outcome: &'a Outcome) -> Option<Self> {
        let RecordId::Text(task_id) = record.record_id() else { return None };
        let (result_code, text) = match outcome {
            Outcome::Succeeded(RecordResponse(ResponseValue::Task(TaskResult(text)))) => ("Succeeded", text.as_str()),
            Outcome::Succeeded(_) => ("Succeeded", ""),
            Outcome::Discarded(error) => (PERMANENT_FAILURE, error.message()),
            Outcome::Failed(error) => ("TemporaryFailure", error.message()),
            Outcome::Cancelled | Outcome::NotStarted => ("TemporaryFailure", "not finished before the deadline"),
        };
        Some(Self { task_id, result_code, result_string: &text[..text.floor_char_boundary(MAX_TEXT)] })
    }
}

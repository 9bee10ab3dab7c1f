//! The response of a Firehose transformation: `{"records": [{"recordId": …, "result": …, "data": …}, …]}`.

use std::collections::BTreeMap;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::{Deserialize, Serialize};

use super::without_id;
use crate::core::error::FunctionError;
use crate::records::adapter::outcome::Outcome;
use crate::records::record::{Record, RecordId};
use crate::records::response::{RecordResponse, ResponseValue, TransformedRecord};

#[derive(Serialize)]
pub(super) struct Response<'a> {
    records: Vec<RecordResult<'a>>,
}

impl<'a> Response<'a> {
    /// # Errors
    ///
    /// A record has no id, or was not finished: a record with a result is not retried, so the invocation must fail.
    pub(super) fn new(records: &'a [Record], outcomes: &'a [Outcome]) -> Result<Self, FunctionError> {
        if outcomes.iter().any(|outcome| matches!(outcome, Outcome::Cancelled | Outcome::NotStarted)) {
            return Err(FunctionError::new("Timeout", "not every record was transformed before the deadline"));
        }
        let results =
            records.iter().zip(outcomes).map(|(record, outcome)| RecordResult::new(record, outcome.response()));
        Ok(Self { records: results.collect::<Option<_>>().ok_or_else(without_id)? })
    }
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct RecordResult<'a> {
    record_id: &'a str,
    result: &'static str,
    data: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    metadata: Option<Metadata<'a>>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Metadata<'a> {
    partition_keys: BTreeMap<&'a str, &'a str>,
}

impl<'a> RecordResult<'a> {
    /// Returns the result of a record, which has failed without a response; `None` for a record without an id.
    fn new(record: &'a Record, response: Option<&'a RecordResponse>) -> Option<Self> {
        let RecordId::Text(record_id) = record.record_id() else { return None };
        let result = |result, data| Self { record_id, result, data, metadata: None };
        Some(match response.map(|RecordResponse(value)| value) {
            Some(ResponseValue::Transformed(TransformedRecord::Ok { data, partition_keys })) => Self {
                metadata: (!partition_keys.is_empty())
                    .then(|| partition_keys.iter().map(|(key, value)| (key.as_str(), value.as_str())).collect())
                    .map(|partition_keys| Metadata { partition_keys }),
                ..result("Ok", STANDARD.encode(data))
            },
            Some(ResponseValue::Transformed(TransformedRecord::Dropped)) => result("Dropped", String::new()),
            Some(ResponseValue::Transformed(TransformedRecord::Failed)) | None => {
                result("ProcessingFailed", original_data(record))
            }
            // An empty response of a layer delivers the record as it was.
            Some(_) => result("Ok", original_data(record)),
        })
    }
}

/// Returns the data as the event has it, in base64.
fn original_data(record: &Record) -> String {
    #[derive(Deserialize)]
    struct Data {
        data: String,
    }
    serde_json::from_str::<Data>(record.json()).map(|record| record.data).unwrap_or_default()
}

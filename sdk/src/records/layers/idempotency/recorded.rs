//! The recorded form of a [`RecordResponse`].

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::{Deserialize, Serialize};
use serde_json::value::{RawValue, to_raw_value};

use crate::records::response::{RecordResponse, ResponseValue, TaskResult, TransformedRecord};
use crate::records::source::Source;

/// A transformation, in the format of the response to Firehose.
#[derive(Deserialize, Serialize)]
#[serde(rename_all = "camelCase")]
struct Recorded {
    result: String,
    #[serde(default)]
    data: String,
    #[serde(default)]
    partition_keys: Vec<(String, String)>,
}

impl RecordResponse {
    /// Returns the JSON to record: `null`, the text of a task, or a transformation. Returns `None` for a failed
    /// transformation, which runs again when it is repeated, as after an error.
    pub(crate) fn recorded(&self) -> Option<Result<Box<RawValue>, serde_json::Error>> {
        let recorded =
            |result: &str, data, partition_keys| Recorded { result: result.to_owned(), data, partition_keys };
        Some(match &self.0 {
            ResponseValue::Empty => to_raw_value(&()),
            ResponseValue::Task(TaskResult(text)) => to_raw_value(text),
            ResponseValue::Transformed(TransformedRecord::Ok { data, partition_keys }) => {
                to_raw_value(&recorded("Ok", STANDARD.encode(data), partition_keys.clone()))
            }
            ResponseValue::Transformed(TransformedRecord::Dropped) => {
                to_raw_value(&recorded("Dropped", String::new(), Vec::new()))
            }
            ResponseValue::Transformed(TransformedRecord::Failed) => return None,
        })
    }

    /// Decodes the recorded result of a record of this source. Most sources ignore the result, so any recorded value is
    /// valid.
    ///
    /// # Errors
    ///
    /// The value is not a result for this source.
    pub(crate) fn replayed(recorded: &RawValue, source: Source) -> Result<Self, crate::BoxError> {
        match source {
            Source::Firehose => {
                let Recorded { result, data, partition_keys } = serde_json::from_str(recorded.get())?;
                match result.as_str() {
                    "Ok" => Ok(TransformedRecord::Ok { data: STANDARD.decode(data)?, partition_keys }.into()),
                    "Dropped" => Ok(TransformedRecord::Dropped.into()),
                    _ => Err("the recorded result must be `Ok` or `Dropped`".into()),
                }
            }
            Source::S3Batch => {
                let text = serde_json::from_str::<Option<String>>(recorded.get())?;
                Ok(TaskResult(text.unwrap_or_default()).into())
            }
            _ => Ok(Self::default()),
        }
    }
}

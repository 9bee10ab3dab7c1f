//! An [`RecordResponse`] as an idempotency record keeps it.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::{Deserialize, Serialize};
use serde_json::value::{RawValue, to_raw_value};

use crate::records::response::{RecordResponse, ResponseValue, TaskResult, TransformedRecord};
use crate::records::source::Source;

/// A transformation, in the form of Firehose's own answer.
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
    /// What is recorded: `null`, the text of a task, or a transformation. `None` for a transformation that says that it failed: a
    /// repeated record is tried again, as after an error.
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

    /// The answer of a record of this source, out of what was recorded. Most sources read no answer, so that of another language, or of
    /// another release, is as good.
    ///
    /// # Errors
    ///
    /// It is not an answer that this source reads.
    pub(crate) fn replayed(recorded: &RawValue, source: Source) -> Result<Self, crate::BoxError> {
        match source {
            Source::Firehose => {
                let Recorded { result, data, partition_keys } = serde_json::from_str(recorded.get())?;
                match result.as_str() {
                    "Ok" => Ok(TransformedRecord::Ok { data: STANDARD.decode(data)?, partition_keys }.into()),
                    "Dropped" => Ok(TransformedRecord::Dropped.into()),
                    _ => Err("the recorded result is neither `Ok` nor `Dropped`".into()),
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

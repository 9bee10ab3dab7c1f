//! [`S3BatchTask`]: an object that an S3 Batch Operations job processes.
//!
//! | outcome | result | the job |
//! |---|---|---|
//! | the function returns `Ok` | `Succeeded`, with the returned `String` | completes the task |
//! | it returns an error or panics, or the deadline passes | `TemporaryFailure` | retries the task |
//! | it returns [`RecordError::discard`](crate::records::RecordError::discard) | `PermanentFailure` | reports the failure |
//!
//! The completion report of the job has each result with its text, up to 1024 bytes: the returned `String`, or the
//! message of the error.
//!
//! # Example
//!
//! ```
//! use pilaster::records::RecordError;
//! use pilaster::{BoxError, S3BatchTask};
//!
//! async fn shrink(task: S3BatchTask) -> Result<String, BoxError> {
//!     if !task.key().ends_with(".jpg") {
//!         return Err(RecordError::discard("not an image").into());
//!     }
//!     let to = task.user_argument("to").ok_or("no destination")?;
//!     tracing::info!(bucket = task.bucket(), key = task.key(), to, "resized");
//!     Ok(format!("{to}/{}", task.key()))
//! }
//! # let _ = pilaster::handler(shrink);
//! ```

use std::collections::BTreeMap;
use std::fmt;

use serde::Deserialize;
use serde_json::{Map, Value};

use super::s3::decode_key;
use crate::core::json;
use crate::core::json::lenient::Lenient;
use crate::records::error::DecodeError;
use crate::records::extract::FromRecord;
use crate::records::record::Record;
use crate::records::response::TaskResult;
use crate::records::source::Source;

/// A task of an S3 Batch Operations job, in schema 1.0 or 2.0.
///
/// The function returns `Result<(), E>`, or `Result<String, E>` with text for the job's report. The format is that of
/// <https://docs.aws.amazon.com/AmazonS3/latest/userguide/batch-ops-invoke-lambda.html>. See the [module docs](self).
#[derive(Clone)]
pub struct S3BatchTask {
    record: Record,
    bucket: String,
    bucket_arn: Option<String>,
    key: String,
    version_id: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Task {
    s3_key: String,
    #[serde(default)]
    s3_version_id: Lenient<String>,
    /// The bucket's ARN, in schema 1.0.
    #[serde(default)]
    s3_bucket_arn: Option<String>,
    /// The bucket's name, in schema 2.0.
    #[serde(default)]
    s3_bucket: Option<String>,
}

impl FromRecord for S3BatchTask {
    const SOURCES: &'static [Source] = &[Source::S3Batch];
    type Response = TaskResult;

    fn from_record(record: &Record) -> Result<Self, DecodeError> {
        const WHAT: &str = "the task";
        let task: Task = json::decode(record.json().as_bytes()).map_err(|error| DecodeError::new(WHAT, error))?;
        let bucket = match (task.s3_bucket, &task.s3_bucket_arn) {
            (Some(bucket), _) => bucket,
            (None, Some(arn)) => arn.rsplit(':').next().unwrap_or(arn).to_owned(),
            (None, None) => return Err(DecodeError::new(WHAT, "the bucket is missing")),
        };
        Ok(Self {
            record: record.clone(),
            bucket,
            bucket_arn: task.s3_bucket_arn,
            key: decode_key(&task.s3_key)?,
            version_id: task.s3_version_id.0,
        })
    }
}

impl S3BatchTask {
    /// Returns the task id, as in the response. It is the same for each attempt.
    pub fn id(&self) -> String {
        self.record.id().to_string()
    }

    /// Returns the name of the bucket.
    pub fn bucket(&self) -> &str {
        &self.bucket
    }

    /// Returns the ARN of the bucket, which schema 2.0 lacks.
    pub fn bucket_arn(&self) -> Option<&str> {
        self.bucket_arn.as_deref()
    }

    /// Returns the key of the object, decoded.
    pub fn key(&self) -> &str {
        &self.key
    }

    /// Returns the version id of the object, if it is in the manifest.
    pub fn version_id(&self) -> Option<&str> {
        self.version_id.as_deref()
    }

    /// Returns the id of the job.
    pub fn job_id(&self) -> Option<String> {
        match self.job().remove("id") {
            Some(Value::String(id)) => Some(id),
            _ => None,
        }
    }

    /// Returns a user argument of the job (schema 2.0).
    pub fn user_argument(&self, name: &str) -> Option<String> {
        self.user_arguments().remove(name)
    }

    /// Returns the user arguments of the job (schema 2.0). An argument that is not a string is omitted.
    pub fn user_arguments(&self) -> BTreeMap<String, String> {
        let Some(Value::Object(arguments)) = self.job().remove("userArguments") else { return BTreeMap::new() };
        let text = |(name, value)| match value {
            Value::String(value) => Some((name, value)),
            _ => None,
        };
        arguments.into_iter().filter_map(text).collect()
    }

    /// Returns the schema version, `1.0` or `2.0`.
    pub fn schema_version(&self) -> Option<String> {
        self.record.beside("invocationSchemaVersion")
    }

    /// Returns the invocation id that the job has assigned.
    pub fn invocation_id(&self) -> Option<String> {
        self.record.beside("invocationId")
    }

    fn job(&self) -> Map<String, Value> {
        self.record.beside("job").unwrap_or_default()
    }
}

/// Shows the id and the object.
impl fmt::Debug for S3BatchTask {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("S3BatchTask")
            .field("id", &self.id())
            .field("bucket", &self.bucket)
            .field("key", &self.key)
            .finish_non_exhaustive()
    }
}

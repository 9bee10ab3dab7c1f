//! Tasks of an S3 Batch Operations job
//! (<https://docs.aws.amazon.com/AmazonS3/latest/userguide/batch-ops-invoke-lambda.html>).
//!
//! # Example
//!
//! ```
//! use pilaster::testing::s3_batch;
//!
//! let event = s3_batch("photos", ["a b.jpg"]).user_argument("to", "thumbnails").event();
//! assert_eq!(event["tasks"][0]["s3Key"], "a+b.jpg");
//! assert_eq!(event["job"]["userArguments"]["to"], "thumbnails");
//! ```

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::content::{built, uuid};
use super::s3::encode;

/// Builds an event with a task for each of these keys, in schema 2.0. Their ids are `task1`, `task2`, ….
pub fn s3_batch(bucket: impl Into<String>, keys: impl IntoIterator<Item = impl Into<String>>) -> S3BatchEvent {
    S3BatchEvent {
        bucket: bucket.into(),
        keys: keys.into_iter().map(Into::into).collect(),
        arguments: BTreeMap::new(),
        is_first_schema: false,
    }
}

/// A builder of an event of S3 Batch Operations. See the [module docs](self).
#[derive(Clone, Debug)]
#[must_use = "a builder is not sent: pass it to a `Caller`, or call `event()`"]
pub struct S3BatchEvent {
    bucket: String,
    keys: Vec<String>,
    arguments: BTreeMap<String, String>,
    is_first_schema: bool,
}

impl S3BatchEvent {
    /// Adds a user argument of the job.
    pub fn user_argument(mut self, name: impl Into<String>, value: impl Into<String>) -> Self {
        self.arguments.insert(name.into(), value.into());
        self
    }

    /// Sets schema 1.0, which has the ARN of the bucket and no user arguments.
    pub fn first_schema(mut self) -> Self {
        self.is_first_schema = true;
        self
    }

    /// Returns the event.
    pub fn event(&self) -> Value {
        let tasks = self.keys.iter().enumerate().map(|(at, key)| {
            let (id, key) = (format!("task{}", at + 1), encode(key));
            match self.is_first_schema {
                true => json!({
                    "taskId": id, "s3Key": key, "s3VersionId": "1",
                    "s3BucketArn": format!("arn:aws:s3:::{}", self.bucket),
                }),
                false => json!({ "taskId": id, "s3Key": key, "s3VersionId": null, "s3Bucket": self.bucket }),
            }
        });
        let mut event = json!({
            "invocationSchemaVersion": if self.is_first_schema { "1.0" } else { "2.0" },
            "invocationId": uuid(10, 1),
            "job": { "id": uuid(11, 1) },
            "tasks": tasks.collect::<Vec<_>>(),
        });
        if !self.is_first_schema {
            event["job"]["userArguments"] = json!(self.arguments);
        }
        event
    }
}

built!(S3BatchEvent);

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::shape;

    #[test]
    fn a_task_has_the_fields_of_a_real_one() {
        let event = s3_batch("b", ["k"]);
        shape::same("python/s3BatchOperationEventSchemaV1.json", &event.clone().first_schema().event(), &[]);
        let event = event.user_argument("k1", "v1").user_argument("k2", "v2");
        shape::same("python/s3BatchOperationEventSchemaV2.json", &event.event(), &[]);
    }
}

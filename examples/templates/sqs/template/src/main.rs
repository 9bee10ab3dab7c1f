//! Handles jobs from an SQS queue, each one once. To run it locally:
//! `cargo run --no-default-features -- events/jobs.json`

mod jobs;
#[cfg(test)]
mod tests;

use std::time::Duration;

use pilaster::records::RecordError;
use pilaster::{Client, Sqs, lambda_handler};
use tower::timeout::TimeoutLayer;

use crate::jobs::{Job, JobError, Jobs};

/// The time limit of one job. A job that exceeds it fails alone and is retried.
const JOB_TIMEOUT: Duration = Duration::from_secs(5);

#[lambda_handler(layer = TimeoutLayer::new(JOB_TIMEOUT), concurrency = 5, warm(Client<Jobs>))]
async fn handle(Client(jobs): Client<Jobs>, job: Sqs<Job>) -> Result<(), RecordError> {
    let is_new = jobs.run(&job).await.map_err(|error| match error {
        // No retry can succeed: the message is logged and deleted.
        JobError::Empty => RecordError::discard(error),
        // After the last attempt, the message moves to the dead-letter queue.
        JobError::OtherText | JobError::Table(_) => RecordError::retry(error),
    })?;
    tracing::info!(job = job.id, is_new, "the job is done");
    Ok(())
}

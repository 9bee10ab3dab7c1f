//! Marks the jobs in the dead-letter queue as failed, for their callers.

use async_api::jobs::{Jobs, State};
use pilaster::table::TableError;
use pilaster::{Client, Sqs, lambda_handler};

#[cfg(test)]
mod tests;

#[lambda_handler(warm(Client<Jobs>))]
async fn fail(Client(jobs): Client<Jobs>, key: Sqs<String>) -> Result<(), TableError> {
    let reason = "the job could not be run: try again with a new Idempotency-Key";
    jobs.finish(&key, &State::Failed { reason: reason.to_owned() }).await
}

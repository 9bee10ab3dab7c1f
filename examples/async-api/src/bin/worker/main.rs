//! Runs the jobs of the queue.

use async_api::jobs::Jobs;
use pilaster::table::TableError;
use pilaster::{Client, Sqs, lambda_handler};

#[cfg(test)]
mod tests;

#[lambda_handler(warm(Client<Jobs>))]
async fn work(Client(jobs): Client<Jobs>, key: Sqs<String>) -> Result<(), TableError> {
    jobs.run(&key).await
}

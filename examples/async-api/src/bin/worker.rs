//! The worker that runs the jobs of the queue. `cargo run -p async-api --bin worker -- examples/async-api/event.json`

use async_api::job::Job;
use async_api::jobs::{Jobs, Unavailable};
use pilaster::{Client, Sqs, lambda_handler};

#[lambda_handler(warm(Client<Jobs>))]
async fn work(Client(jobs): Client<Jobs>, job: Sqs<Job>) -> Result<(), Unavailable> {
    job.run(&jobs).await
}

#[cfg(test)]
mod tests {
    use async_api::job::{Count, State};
    use pilaster::testing::Caller;
    use pilaster::{Clients, handler};
    use serde_json::json;

    use super::*;

    #[tokio::test]
    async fn the_job_of_the_sample_event_is_done() -> Result<(), Box<dyn std::error::Error>> {
        let (clients, jobs) = (Clients::new(), Jobs::in_memory());
        clients.insert(jobs.clone());
        let id = "7b3c1e0a-52a4-4b6e-9c3f-0d9a3b1f6a55".parse()?;
        jobs.create(id).await?;
        let worker = Caller::new(handler(work)).with_clients(clients);
        let response = worker.call_text(include_str!("../../event.json")).await?;
        assert_eq!(response, json!({ "batchItemFailures": [] }));
        assert_eq!(jobs.get(id).await?, State::Done { result: Count { words: 6, different: 4 } });
        Ok(())
    }
}

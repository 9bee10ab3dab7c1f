use async_api::jobs::{Job, State};
use pilaster::table::Table;
use pilaster::testing::mapping::Mapping;
use pilaster::testing::{Caller, sqs, sqs::message};
use pilaster::{BoxError, Clients};
use serde_json::json;

use super::*;

const KEY: &str = "7b3c1e0a-52a4-4b6e-9c3f-0d9a3b1f6a55";

fn jobs() -> (Jobs, Clients) {
    let (jobs, clients) = (Jobs(Table::in_memory()), Clients::new());
    clients.insert(jobs.clone());
    (jobs, clients)
}

#[tokio::test]
async fn the_job_of_the_sample_event_is_done() -> Result<(), BoxError> {
    let (jobs, clients) = jobs();
    jobs.create(KEY, "to be or\nnot  to be").await?;
    let worker = Caller::new(work::function()).with_clients(clients);
    let response = worker.call_text(include_str!("../../../events/job.json")).await?;
    assert_eq!(response, json!({ "batchItemFailures": [] }));
    let job = jobs.0.get::<Job>(KEY).await?.expect("a job");
    assert_eq!(job.state, State::Done { words: 6 });
    Ok(())
}

#[tokio::test]
async fn a_repeated_message_and_one_of_an_unknown_job_change_nothing_and_one_without_a_key_is_retried()
-> Result<(), BoxError> {
    let (jobs, clients) = jobs();
    jobs.create(KEY, "tea").await?;
    jobs.finish(KEY, &State::Failed { reason: "failed earlier".to_owned() }).await?;
    let messages = [message(KEY).id("1"), message("unknown").id("2"), message("").id("3"), message(KEY).id("4")];
    let report = Mapping::sqs(sqs(messages))
        .max_receive_count(5)
        .run(&Caller::new(work::function()).with_clients(clients))
        .await;
    assert_eq!((report.completed(), report.dead_lettered()), (vec!["1", "2", "4"], vec!["3"]));
    let job = jobs.0.get::<Job>(KEY).await?.expect("a job");
    assert_eq!(job.state, State::Failed { reason: "failed earlier".to_owned() });
    assert_eq!(jobs.0.get::<Job>("unknown").await?, None, "a message creates no job");
    Ok(())
}

#[tokio::test]
async fn the_table_is_there_before_the_first_message() {
    let clients = Clients::new();
    Caller::new(work::function()).with_clients(clients.clone()).warm_up().await;
    assert!(clients.contains::<Jobs>());
}

use async_api::jobs::Job;
use pilaster::table::Table;
use pilaster::testing::Caller;
use pilaster::{BoxError, Clients};
use serde_json::json;

use super::*;

const KEY: &str = "7b3c1e0a-52a4-4b6e-9c3f-0d9a3b1f6a55";

#[tokio::test]
async fn a_job_in_the_dead_letter_queue_has_failed_and_a_finished_one_keeps_its_result() -> Result<(), BoxError> {
    for done in [false, true] {
        let (jobs, clients) = (Jobs(Table::in_memory()), Clients::new());
        clients.insert(jobs.clone());
        jobs.create(KEY, "tea").await?;
        if done {
            jobs.run(KEY).await?;
        }
        let function = Caller::new(fail::function()).with_clients(clients);
        for _ in 0..2 {
            let response = function.call_text(include_str!("../../../events/failed.json")).await?;
            assert_eq!(response, json!({ "batchItemFailures": [] }));
        }
        // A worker that is late.
        jobs.run(KEY).await?;
        let state = jobs.0.get::<Job>(KEY).await?.expect("a job").state;
        match done {
            true => assert_eq!(state, State::Done { words: 1 }),
            false => assert!(matches!(state, State::Failed { .. }), "{state:?}"),
        }
    }
    Ok(())
}

#[tokio::test]
async fn the_table_is_there_before_the_first_message() {
    let clients = Clients::new();
    Caller::new(fail::function()).with_clients(clients.clone()).warm_up().await;
    assert!(clients.contains::<Jobs>());
}

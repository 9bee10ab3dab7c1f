use async_api::jobs::Job;
use pilaster::table::Table;
use pilaster::testing::mapping::Mapping;
use pilaster::testing::{Caller, sqs, sqs::message};
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

/// What the function cannot process leaves its queue for one that no function reads, whose alarm sees it.
#[tokio::test]
async fn a_message_that_is_never_processed_goes_to_the_queue_of_the_alarm() -> Result<(), BoxError> {
    let (jobs, clients) = (Jobs(Table::in_memory()), Clients::new());
    clients.insert(jobs.clone());
    // A job in another form, and a text that is no key.
    let other = "0b3c1e0a-52a4-4b6e-9c3f-0d9a3b1f6a55";
    jobs.0.put(other, &json!({ "text": "tea" })).await?;
    jobs.create(KEY, "tea").await?;
    let messages = [message("x".repeat(3000)).id("long"), message(other).id("other"), message(KEY).id("job")];
    let failed =
        include_str!("../../../template.yaml").split("\n  Failed: ").nth(1).expect("the queue of the function");
    let failed = failed.split("\n  # ").next().expect("its properties");
    assert!(failed.contains("deadLetterTargetArn: !GetAtt Rejected.Arn"), "{failed}");
    let report = Mapping::sqs(sqs(messages)).run(&Caller::new(fail::function()).with_clients(clients)).await;
    assert_eq!((report.completed(), report.dead_lettered()), (vec!["job"], vec!["long", "other"]));
    Ok(())
}

#[tokio::test]
async fn the_table_is_there_before_the_first_message() {
    let clients = Clients::new();
    Caller::new(fail::function()).with_clients(clients.clone()).warm_up().await;
    assert!(clients.contains::<Jobs>());
}

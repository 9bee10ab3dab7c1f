//! The function as it is deployed, with a table in memory.

use pilaster::table::Table;
use pilaster::testing::mapping::Mapping;
use pilaster::testing::sqs::message;
use pilaster::testing::{Caller, sqs};
use pilaster::{BoxError, Clients, RawService};
use serde_json::{Value, json};

use crate::jobs::{JobResult, Jobs, count_words};

fn function() -> (Caller<impl RawService>, Table) {
    let (clients, table) = (Clients::new(), Table::in_memory());
    clients.insert(Jobs(table.clone()));
    (Caller::new(crate::handle::function()).with_clients(clients), table)
}

fn job(id: &str, text: &str) -> Value {
    json!({ "id": id, "text": text })
}

#[test]
fn words_are_separated_by_any_white_space() {
    assert_eq!(count_words(" to be\tor\nnot "), 4);
    assert_eq!(count_words(" \n"), 0);
}

#[tokio::test]
async fn of_the_sample_event_only_the_message_that_is_not_json_comes_again() -> Result<(), BoxError> {
    let (function, table) = function();
    let response = function.call_text(include_str!("../events/jobs.json")).await?;
    assert_eq!(
        response,
        json!({ "batchItemFailures": [{ "itemIdentifier": "2e1424d4-f796-459a-8184-9c92662be6da" }] })
    );
    let done: Option<JobResult> = table.get("job#j-1").await?;
    assert_eq!(done, Some(JobResult { text: "to be or not to be".into(), words: 6 }));
    Ok(())
}

#[tokio::test]
async fn a_job_is_done_once_and_one_that_always_fails_ends_in_the_dead_letter_queue() {
    let (function, _) = function();
    let queue = sqs([
        message(job("j-1", "tea")).id("first"),
        message(job("j-1", "tea")).id("duplicate"),
        message(job("j-1", "milk")).id("other text"),
        message(job("j-2", "")).id("empty"),
        message("poison").id("poison"),
    ]);
    // Of the messages of one batch, up to five are handled at a time; one of the two texts of `j-1` is the first.
    let report = Mapping::sqs(queue).batch_size(1).max_receive_count(5).run(&function).await;
    assert_eq!(report.completed(), ["first", "duplicate", "empty"]);
    assert_eq!(report.dead_lettered(), ["other text", "poison"]);
    assert_eq!((report.deliveries("first"), report.deliveries("poison")), (1, 5));
}

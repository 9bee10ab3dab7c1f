//! The function as it is deployed, with a view in memory.

use pilaster::table::Table;
use pilaster::testing::dynamodb::DynamoDbEvent;
use pilaster::testing::mapping::Mapping;
use pilaster::testing::{Caller, insert, modify, remove};
use pilaster::{BoxError, Clients, RawService};
use serde_json::{Value, json};

use crate::view::{Task, View};

fn function() -> (Caller<impl RawService>, Table) {
    let (clients, table) = (Clients::new(), Table::in_memory());
    clients.insert(View(table.clone()));
    (Caller::new(crate::project::function()).with_clients(clients), table)
}

fn task(id: &str, assignee: &str) -> Value {
    json!({ "pk": format!("task#{id}"), "sk": "-", "id": id, "assignee": assignee, "title": "write" })
}

fn stream(changes: impl IntoIterator<Item = DynamoDbEvent>) -> DynamoDbEvent {
    changes.into_iter().reduce(DynamoDbEvent::and).expect("a change").table("tasks").keys(["pk", "sk"])
}

async fn tasks_of(table: &Table, assignee: &str) -> Result<Vec<String>, BoxError> {
    let found = table.query::<Task>(&format!("assignee#{assignee}")).send().await?;
    Ok(found.into_iter().map(|found| found.value.id).collect())
}

#[test]
fn a_task_has_one_key_per_person() {
    let task = Task { id: "t-1".into(), assignee: "ada".into(), title: "write".into() };
    assert_eq!((task.view_key().partition(), task.view_key().sort()), ("assignee#ada", "t-1"));
}

#[tokio::test]
async fn the_sample_event_moves_one_task_and_removes_another() -> Result<(), BoxError> {
    let (function, table) = function();
    let response = function.call_text(include_str!("../events/changes.json")).await?;
    assert_eq!(response, json!({ "batchItemFailures": [] }));
    assert!(tasks_of(&table, "ada").await?.is_empty());
    assert_eq!(tasks_of(&table, "bob").await?, ["t-1"]);
    Ok(())
}

#[tokio::test]
async fn changes_that_are_delivered_again_end_with_the_same_view() -> Result<(), BoxError> {
    let (function, table) = function();
    let changes = || {
        let moved = modify(task("t-1", "ada"), task("t-1", "bob"));
        stream([insert(task("t-1", "ada")), insert(task("t-2", "ada")), moved, remove(task("t-2", "ada"))])
    };
    for _ in 0..2 {
        let report = Mapping::stream(changes()).bisect().max_retries(4).run(&function).await;
        assert_eq!((report.completed().len(), report.dead_lettered().len()), (4, 0));
        assert!(tasks_of(&table, "ada").await?.is_empty());
        assert_eq!(tasks_of(&table, "bob").await?, ["t-1"]);
    }
    Ok(())
}

#[tokio::test]
async fn a_change_that_cannot_be_decoded_ends_in_the_dead_letter_queue_and_the_others_do_not() -> Result<(), BoxError> {
    let (function, table) = function();
    let invalid = insert(json!({ "pk": "task#t-2", "sk": "-", "id": "t-2" }));
    let changes = stream([insert(task("t-1", "ada")), invalid, insert(task("t-3", "ada"))]);
    let report = Mapping::stream(changes).bisect().max_retries(4).run(&function).await;
    assert_eq!((report.completed().len(), report.dead_lettered().len()), (2, 1));
    assert_eq!(tasks_of(&table, "ada").await?, ["t-1", "t-3"]);
    Ok(())
}

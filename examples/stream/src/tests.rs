//! The function as it is deployed, with a table in memory and tokio's clock paused.

use std::time::Duration;

use futures_util::StreamExt as _;
use pilaster::observe::logging::CapturedLogs;
use pilaster::table::Table;
use pilaster::testing::Caller;
use pilaster::testing::http::{self, Request, TestResponse};
use pilaster::{Clients, FunctionError, RawService};
use serde_json::{Value, json};
use tokio::time::{Instant, sleep, timeout};

use crate::log::{Event, EventLog, Status, sort_key};
use crate::sse;

fn tested() -> (Caller<impl RawService>, EventLog) {
    let (clients, log) = (Clients::new(), EventLog(Table::in_memory()));
    clients.insert(log.clone());
    (Caller::new(crate::events::function()).with_clients(clients).with_time_left(Duration::from_secs(60)), log)
}

fn event(status: Status) -> Event {
    Event { id: 0, status, note: None }
}

fn follow() -> Request {
    http::get("/?order=o-1")
}

fn after(id: &str) -> Request {
    follow().header("last-event-id", id)
}

/// Returns the ids and the data of the events of a response.
fn events_of(text: &str) -> Vec<(u64, Value)> {
    let blocks = text.split("\n\n").filter(|block| block.starts_with("id: "));
    blocks
        .map(|block| {
            let (id, data) = block.split_once('\n').expect("two lines");
            let data = data.strip_prefix("data: ").expect("one line of data");
            (id["id: ".len()..].parse().expect("a number"), serde_json::from_str(data).expect("JSON"))
        })
        .collect()
}

fn ids(response: &TestResponse) -> Vec<u64> {
    events_of(&response.text()).into_iter().map(|(id, _)| id).collect()
}

#[tokio::test(start_paused = true)]
async fn a_client_gets_the_past_events_and_then_the_new_ones_until_the_last() -> Result<(), Box<dyn std::error::Error>>
{
    let (function, log) = tested();
    let posted = function.send(http::post("/?order=o-1").json(json!({ "status": "placed" }))).await?;
    assert_eq!((posted.status(), posted.header("last-event-id")), (201, Some("1")));
    let ship = async {
        for status in [Status::Paid, Status::Shipped, Status::Delivered] {
            sleep(Duration::from_secs(3)).await;
            log.append("o-1", &event(status)).await.expect("appended");
        }
    };
    let start = Instant::now();
    let (response, ()) = tokio::join!(function.send(follow()), ship);
    let response = response?;
    assert_eq!(response.status(), 200);
    assert_eq!(response.header("content-type"), Some("text/event-stream"));
    assert_eq!(response.header("cache-control"), Some("no-store"));
    assert!(response.text().starts_with("retry: 1000\n\n"));
    let statuses = ["placed", "paid", "shipped", "delivered"].into_iter().zip(1..);
    let expected =
        statuses.map(|(status, id)| (id, json!({ "id": id, "status": status, "note": null }))).collect::<Vec<_>>();
    assert_eq!(events_of(&response.text()), expected);
    assert!(start.elapsed() < Duration::from_secs(11), "it ends with the last event");
    Ok(())
}

#[tokio::test(start_paused = true)]
async fn an_event_is_sent_while_the_response_is_not_yet_complete() {
    let (_, log) = tested();
    log.append("o-1", &event(Status::Placed)).await.expect("appended");
    let mut stream = Box::pin(sse::stream(log.clone(), "o-1".into(), 0, Duration::from_secs(50)));
    for start in ["retry: ", "id: 1\n"] {
        assert!(stream.next().await.expect("a chunk").expect("text").starts_with(start));
    }
    log.append("o-1", &event(Status::Paid)).await.expect("appended");
    let next = timeout(Duration::from_secs(1), stream.next()).await.expect("within a second");
    assert_eq!(next.expect("a chunk").expect("text"), "id: 2\ndata: {\"id\":2,\"status\":\"paid\",\"note\":null}\n\n");
}

#[tokio::test(start_paused = true)]
async fn a_client_that_connects_again_gets_what_it_has_missed_and_nothing_twice() -> Result<(), FunctionError> {
    let (function, log) = tested();
    for status in [Status::Placed, Status::Paid, Status::Shipped, Status::Delivered] {
        log.append("o-1", &event(status)).await.expect("appended");
    }
    for (id, missed) in [("0", vec![1, 2, 3, 4]), ("2", vec![3, 4]), ("3", vec![4])] {
        assert_eq!(ids(&function.send(after(id)).await?), missed, "after {id}");
    }
    assert_eq!(function.send(after("4")).await?.status(), 204, "the client does not connect again");
    Ok(())
}

#[tokio::test(start_paused = true)]
async fn more_events_than_a_query_returns_come_complete_and_in_order() -> Result<(), FunctionError> {
    let (function, log) = tested();
    for at in 0..250 {
        let note = Some(format!("place {at}"));
        log.append("o-1", &Event { id: 0, status: Status::Shipped, note }).await.expect("appended");
    }
    log.append("o-1", &event(Status::Delivered)).await.expect("appended");
    assert_eq!(ids(&function.send(follow()).await?), (1..=251).collect::<Vec<_>>());
    Ok(())
}

#[tokio::test(start_paused = true)]
async fn a_mistake_of_the_client_is_answered_before_the_stream() -> Result<(), FunctionError> {
    let (function, log) = tested();
    log.append("o-1", &event(Status::Delivered)).await.expect("appended");
    for id in ["", "x", "-1", "1.5", "99999999999999999999", "1\u{e4}"] {
        assert_eq!(function.send(after(id)).await?.status(), 400, "{id:?}");
    }
    let status = |request: Request| async { Ok::<_, FunctionError>(function.send(request).await?.status()) };
    assert_eq!(status(http::get("/?order=o-2")).await?, 404);
    for path in ["/".to_owned(), "/?order=".to_owned(), format!("/?order={}", "x".repeat(101))] {
        assert_eq!(status(http::get(path)).await?, 400);
    }
    assert_eq!(status(http::post("/?order=o-2")).await?, 400);
    assert_eq!(status(http::post("/?order=o-2").json(json!({ "status": "lost" }))).await?, 422);
    assert_eq!(status(http::post("/?order=o-1").json(json!({ "status": "paid" }))).await?, 409);
    assert_eq!(status(http::delete("/?order=o-1")).await?, 405);
    Ok(())
}

#[tokio::test(start_paused = true)]
async fn silence_is_broken_by_a_heartbeat_and_the_response_ends_before_the_timeout() -> Result<(), FunctionError> {
    let (function, log) = tested();
    log.append("o-1", &event(Status::Placed)).await.expect("appended");
    let start = Instant::now();
    let response = function.send(follow()).await?;
    assert_eq!(response.text().matches(": heartbeat\n\n").count(), 3, "each 15 s of 50 s");
    assert_eq!(ids(&response), [1]);
    assert!((50..52).contains(&start.elapsed().as_secs()), "{:?}", start.elapsed());

    // With less time left than usual, as after a slow start.
    let start = Instant::now();
    let response = function.clone().with_time_left(Duration::from_secs(8)).send(follow()).await?;
    assert_eq!(ids(&response), [1]);
    assert!(start.elapsed() < Duration::from_millis(7_500), "{:?}", start.elapsed());
    Ok(())
}

#[tokio::test(start_paused = true)]
async fn a_table_that_fails_in_the_middle_aborts_the_response_and_the_client_continues_later() {
    let (function, log) = tested();
    for status in [Status::Placed, Status::Paid] {
        log.append("o-1", &event(status)).await.expect("appended");
    }
    let logs = CapturedLogs::default();
    let following = function.clone().with_logs(&logs);
    let key = ("order#o-1", sort_key(3));
    let fail = async {
        sleep(Duration::from_secs(5)).await;
        log.0.put(key.clone(), &json!({ "status": "unreadable" })).await.expect("written");
    };
    let (response, ()) = tokio::join!(following.send(follow()), fail);
    let error = response.expect_err("not a complete response");
    assert!(!error.to_string().contains("unreadable"), "{error}");
    let aborted = |line: &&Value| line["message"] == "the response was aborted" && line["level"] == "ERROR";
    assert_eq!(logs.lines().iter().filter(aborted).count(), 1, "{:?}", logs.lines());

    log.0.delete(key).await.expect("deleted");
    log.append("o-1", &event(Status::Delivered)).await.expect("appended");
    assert_eq!(ids(&function.send(after("2")).await.expect("a response")), [3]);
}

#[tokio::test(start_paused = true)]
async fn events_that_are_appended_at_the_same_time_reach_a_client_without_a_gap() {
    let (_, log) = tested();
    log.append("o-1", &event(Status::Placed)).await.expect("appended");
    let append = async {
        let notes = (0..20).map(|at| Event { id: 0, status: Status::Shipped, note: Some(format!("place {at}")) });
        let appended = notes.map(|event| {
            let log = log.clone();
            async move { log.append("o-1", &event).await.expect("appended").expect("an id") }
        });
        let mut ids = futures_util::future::join_all(appended).await;
        ids.sort_unstable();
        assert_eq!(ids, (2..=21).collect::<Vec<_>>());
        log.append("o-1", &event(Status::Delivered)).await.expect("appended");
    };
    let follow = sse::stream(log.clone(), "o-1".into(), 0, Duration::from_secs(50));
    let (chunks, ()) = tokio::join!(follow.map(|chunk| chunk.expect("text")).collect::<String>(), append);
    assert_eq!(events_of(&chunks).into_iter().map(|(id, _)| id).collect::<Vec<_>>(), (1..=22).collect::<Vec<_>>());
}

#[tokio::test]
async fn an_event_that_is_sent_again_keeps_its_id() -> Result<(), FunctionError> {
    let (function, _) = tested();
    for status in ["placed", "placed", "delivered", "delivered"] {
        let response = function.send(http::post("/?order=o-1").json(json!({ "status": status }))).await?;
        let id = if status == "placed" { "1" } else { "2" };
        assert_eq!((response.status(), response.header("last-event-id")), (201, Some(id)), "{status}");
    }
    Ok(())
}

#[tokio::test(start_paused = true)]
async fn text_of_an_event_cannot_become_another_event() -> Result<(), FunctionError> {
    let (function, _) = tested();
    let note = "one\n\nid: 99\ndata: {}\r\n\r\nevent: x\u{2028}";
    let body = json!({ "id": 1, "status": "delivered", "note": note });
    assert_eq!(function.send(http::post("/?order=o-1").json(&body)).await?.status(), 201);
    assert_eq!(events_of(&function.send(follow()).await?.text()), [(1, body)]);
    Ok(())
}

#[tokio::test]
async fn the_table_is_opened_before_the_first_request() {
    let clients = Clients::new();
    Caller::new(crate::events::function()).with_clients(clients.clone()).warm_up().await;
    assert!(clients.contains::<EventLog>());
}

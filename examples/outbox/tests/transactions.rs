//! An order and its events are written together, or not at all.

use outbox::{Event, OrderError, Orders, Status};
use pilaster::Clients;
use pilaster::table::Table;
use serde_json::Value;

type TestResult = Result<(), Box<dyn std::error::Error>>;

const STATUSES: [Status; 4] = [Status::Placed, Status::Paid, Status::Shipped, Status::Cancelled];

async fn events(table: &Table, order: &str) -> Vec<Event> {
    let found = table.query::<Event>(format!("order#{order}")).prefix("event#").send().await.expect("an answer");
    found.into_iter().map(|found| found.value).collect()
}

#[tokio::test]
async fn each_change_of_an_order_is_announced_once() -> TestResult {
    let orders: Orders = Clients::new().get().await?;
    for (at, status) in [Status::Placed, Status::Paid, Status::Shipped].into_iter().enumerate() {
        let event = orders.set_status("o-1", status).await?.expect("a change");
        assert_eq!((event.id, event.number as usize), (format!("o-1/{}", at + 1), at + 1));
        // The answer was lost.
        assert_eq!(orders.set_status("o-1", status).await?, None);
    }
    let seen: Vec<_> = events(&orders.0, "o-1").await.into_iter().map(|event| event.status).collect();
    assert_eq!(seen, [Status::Placed, Status::Paid, Status::Shipped]);
    Ok(())
}

#[tokio::test]
async fn a_change_that_is_not_allowed_is_not_announced() -> TestResult {
    let orders: Orders = Clients::new().get().await?;
    assert!(matches!(orders.set_status("o-1", Status::Paid).await, Err(OrderError::StatusNotAllowed)));
    orders.set_status("o-1", Status::Placed).await?;
    orders.set_status("o-1", Status::Cancelled).await?;
    for status in [Status::Placed, Status::Paid, Status::Shipped] {
        assert!(matches!(orders.set_status("o-1", status).await, Err(OrderError::StatusNotAllowed)));
    }
    assert_eq!(events(&orders.0, "o-1").await.len(), 2);
    Ok(())
}

/// A request whose answer was lost comes again, at any time later.
#[tokio::test]
async fn a_request_that_is_repeated_later_succeeds_and_is_not_announced_again() -> TestResult {
    let statuses = [Status::Placed, Status::Paid, Status::Shipped];
    for done in 1..=statuses.len() {
        let orders: Orders = Clients::new().get().await?;
        for status in &statuses[..done] {
            orders.set_status("o-1", *status).await?;
        }
        let before = events(&orders.0, "o-1").await;
        for repeated in &statuses[..done] {
            assert_eq!(orders.set_status("o-1", *repeated).await?, None, "{repeated:?} after {done} requests");
        }
        assert_eq!(events(&orders.0, "o-1").await, before);
        assert_eq!(orders.set_status("o-1", statuses[done - 1]).await?, None, "its status is the same");
    }
    Ok(())
}

/// A later attempt would fail as well, so the error does not ask for one.
#[tokio::test]
async fn an_id_that_is_no_key_is_an_error_of_the_caller() -> TestResult {
    let orders: Orders = Clients::new().get().await?;
    for id in [String::new(), "x".repeat(257), "ä".repeat(129), "x".repeat(3_000), "x".repeat(500_000)] {
        for status in STATUSES {
            let error = orders.set_status(&id, status).await.expect_err("it is too long, or empty");
            assert!(matches!(error, OrderError::InvalidOrder), "{error}");
            assert_eq!(error.to_string(), "`order` must have 1 to 256 bytes");
        }
    }
    for id in ["x".repeat(256), "ä".repeat(128), "a/1".into(), "event#".into(), "#".into(), "o\u{0}".into()] {
        for status in [Status::Placed, Status::Paid, Status::Shipped] {
            assert_eq!(orders.set_status(&id, status).await?.expect("a change").order, id);
        }
        assert_eq!(events(&orders.0, &id).await.len(), 3);
    }
    Ok(())
}

/// Many requests at once, in any order: the events of an order are numbered without a gap, and the last one has its status.
#[tokio::test(start_paused = true)]
async fn the_events_are_the_history_of_the_order_whoever_comes_first() -> TestResult {
    for round in 0..50_usize {
        let orders: Orders = Clients::new().get().await?;
        let tasks: Vec<_> = (0..24_usize)
            .map(|at| {
                let (orders, status) = (orders.clone(), STATUSES[(at * 7 + round * round) % 4]);
                tokio::spawn(async move { orders.set_status("o-1", status).await })
            })
            .collect();
        let mut announced = Vec::new();
        for task in tasks {
            announced.extend(task.await?.ok().flatten().map(|event| event.id));
        }
        announced.sort();
        let events = events(&orders.0, "o-1").await;
        let ids: Vec<_> = (1..=events.len()).map(|number| format!("o-1/{number}")).collect();
        assert_eq!(events.iter().map(|event| &event.id).collect::<Vec<_>>(), ids.iter().collect::<Vec<_>>());
        assert_eq!(announced, ids, "each event has one request");
        let order = orders.0.get::<Value>(("order#o-1", "order")).await?.expect("the order");
        assert_eq!(order["events"], events.len());
        assert_eq!(order["status"], serde_json::to_value(events.last().expect("an event").status)?);
    }
    Ok(())
}

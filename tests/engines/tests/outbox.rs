//! The outbox example, built and deployed by its template into an engine with DynamoDB, its streams, Lambda and EventBridge: a rule
//! passes the events to a queue.

use engines::Engine;
use serde_json::{Value, json};

#[test]
fn the_event_of_each_change_is_published() {
    let engine = Engine::shared();
    let report = engine.report_of("outbox", "outbox.py");

    let event = |order: &str, number: u32, status: &str| json!({ "id": format!("{order}/{number}"), "order": order, "number": number, "status": status });
    let answers = &report["answers"];
    assert_eq!(answers[0], event("o-1", 1, "placed"));
    assert_eq!(answers[1], Value::Null, "a repeated request changes nothing");
    assert_eq!(answers[2]["errorType"], "StatusNotAllowed");
    assert_eq!((&answers[3], &answers[4]), (&event("o-1", 2, "paid"), &event("o-1", 3, "shipped")));

    assert_eq!(answers[5], Value::Null, "a request that is repeated later changes nothing either");
    assert_eq!(report["too long"]["errorType"], "InvalidOrder", "{}", report["too long"]);

    let at_once = report["at once"].as_array().expect("answers");
    let changes: Vec<_> = at_once.iter().filter(|answer| !answer.is_null()).collect();
    assert_eq!(changes, [&event("o-2", 1, "placed")], "{at_once:?}");

    let received = report["received"].as_array().expect("events");
    let of = |order: &str| -> Vec<Value> {
        let details = received.iter().map(|event| event["detail"].clone());
        details.filter(|detail| detail["order"] == order).collect()
    };
    let expected = [("placed", 1), ("paid", 2), ("shipped", 3)];
    let expected: Vec<_> = expected.iter().map(|(status, number)| event("o-1", *number, status)).collect();
    assert_eq!(of("o-1"), expected, "in order, and once");
    assert_eq!(of("o-2"), [event("o-2", 1, "placed")]);
    let lost = [event("o-3", 1, "placed"), event("o-3", 2, "paid")];
    assert_eq!(report["lost"], json!(lost));
    assert_eq!(report["keys"].as_array().map(Vec::len), Some(2), "only what was not published is in the table");
    assert_eq!(of("o-3"), lost, "by the command of the README, after the records of the stream were lost");
    for envelope in received {
        assert_eq!((&envelope["source"], &envelope["detail-type"]), (&json!("outbox.orders"), &json!("OrderChanged")));
    }
}

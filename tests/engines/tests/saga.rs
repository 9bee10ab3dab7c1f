//! The saga example, built and deployed by its template into an engine with Step Functions, Lambda, DynamoDB and SQS: the state
//! machine branches on the names of the functions' errors.

use std::process::{Command, Stdio};

use engines::{Engine, binary};
use serde_json::{Value, json};

#[test]
fn an_order_is_shipped_or_what_was_done_of_it_is_taken_back() {
    let engine = Engine::shared();
    let built = binary::build(&["--package", "saga", "--bins", "--features", "aws"]);
    let output = Command::new(engine.program("python"))
        .arg(concat!(env!("CARGO_MANIFEST_DIR"), "/python/saga.py"))
        .arg(engine.endpoint())
        .arg(concat!(env!("CARGO_MANIFEST_DIR"), "/../../examples/saga"))
        .arg(built["reserve"].parent().expect("a folder"))
        .stderr(Stdio::inherit())
        .output()
        .expect("python starts");
    assert!(output.status.success(), "saga.py failed");
    let report: Value = serde_json::from_slice(&output.stdout).expect("what it saw");

    a_good_order_is_shipped_once(&report);
    a_declined_card_releases_the_reservation(&report);
    a_busy_bank_is_asked_again(&report);
    what_cannot_be_delivered_is_refunded_and_released(&report);
    an_unknown_order_is_rejected(&report);
    an_unexpected_failure_notifies_the_operator(&report);
}

fn a_good_order_is_shipped_once(report: &Value) {
    for name in ["good", "again"] {
        let order = &report[name];
        assert_eq!(order["output"], json!({ "order": "o-1", "status": "shipped", "tracking": "DE-o-1" }), "{order}");
        assert_eq!(order["states"], json!(["Reserve", "Charge", "Ship", "Shipped"]));
        assert_eq!(order["entries"], json!({ "reservation": true, "charge": true, "shipment": true }));
        assert_eq!(order["left"], 98, "{name}: two are reserved, once");
    }
    assert_eq!(lines(report, "reserved", "o-1"), 2, "the function ran twice: {:#}", report["log"]);
}

fn a_declined_card_releases_the_reservation(report: &Value) {
    let order = &report["declined"];
    assert_eq!(order["output"], json!({ "order": "o-2", "status": "rejected", "reason": "CardDeclined" }), "{order}");
    assert_eq!(order["states"], json!(["Reserve", "Charge", "Release", "IsBusinessFailure", "Rejected"]));
    assert_eq!((&order["failed"], &order["entries"]), (&json!(["CardDeclined"]), &json!({ "reservation": false })));
    assert_eq!(order["left"], 98, "as before");
    let ran = ["reserved", "charged", "shipped", "refunded", "released"].map(|what| lines(report, what, "o-2"));
    assert_eq!(ran, [1, 0, 0, 0, 1], "{:#}", report["log"]);
}

fn a_busy_bank_is_asked_again(report: &Value) {
    let order = &report["busy"];
    assert_eq!(order["output"], json!({ "order": "o-3", "status": "shipped", "tracking": "DE-o-3" }), "{order}");
    assert_eq!(order["states"], json!(["Reserve", "Charge", "Ship", "Shipped"]));
    assert_eq!((&order["failed"], &order["left"]), (&json!(["BankBusy"]), &json!(96)));
    assert_eq!(lines(report, "charged", "o-3"), 1, "{:#}", report["log"]);
}

fn what_cannot_be_delivered_is_refunded_and_released(report: &Value) {
    let order = &report["far"];
    assert_eq!(order["output"], json!({ "order": "o-4", "status": "rejected", "reason": "NotDeliverable" }), "{order}");
    assert_eq!(
        order["states"],
        json!(["Reserve", "Charge", "Ship", "Refund", "Release", "IsBusinessFailure", "Rejected"])
    );
    assert_eq!(order["entries"], json!({ "reservation": false, "charge": false }));
    assert_eq!(order["left"], 96, "as before");
}

fn an_unknown_order_is_rejected(report: &Value) {
    let order = &report["many"];
    assert_eq!(order["output"], json!({ "order": "o-5", "status": "rejected", "reason": "OutOfStock" }), "{order}");
    assert_eq!(order["states"], json!(["Reserve", "Rejected"]));
    assert_eq!((&order["entries"], &order["left"]), (&json!({}), &json!(96)));
}

/// An order that cannot be decoded: nothing was done of it.
fn an_unexpected_failure_notifies_the_operator(report: &Value) {
    let order = &report["wrong"];
    assert_eq!((&order["status"], &order["error"]), (&json!("FAILED"), &json!("InvalidEvent")), "{order}");
    assert_eq!(order["states"], json!(["Reserve", "NotifyOperator", "Failed"]));
    let messages = report["operator notified"].as_array().expect("messages");
    assert_eq!(messages.len(), 1, "{messages:?}");
    assert_eq!((&messages[0]["id"], &messages[0]["failure"]["Error"]), (&json!("o-6"), &json!("InvalidEvent")));
}

/// Returns the number of lines of the functions' log with this message about an order.
fn lines(report: &Value, what: &str, order: &str) -> usize {
    let log = report["log"].as_array().expect("lines").iter().filter_map(Value::as_str);
    let log = log.filter_map(|line| serde_json::from_str::<Value>(line).ok());
    log.filter(|line| line["message"] == what && line["order"] == order).count()
}

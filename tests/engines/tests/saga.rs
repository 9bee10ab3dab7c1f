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
    let told: Value = serde_json::from_slice(&output.stdout).expect("what it saw");

    a_good_order_is_shipped_once(&told);
    a_declined_card_releases_the_reservation(&told);
    a_busy_bank_is_asked_again(&told);
    what_cannot_be_delivered_is_refunded_and_released(&told);
    what_nobody_has_is_rejected(&told);
    an_unexpected_failure_notifies_the_operator(&told);
}

fn a_good_order_is_shipped_once(told: &Value) {
    for name in ["good", "again"] {
        let order = &told[name];
        assert_eq!(order["output"], json!({ "order": "o-1", "status": "shipped", "tracking": "DE-o-1" }), "{order}");
        assert_eq!(order["states"], json!(["Reserve", "Charge", "Ship", "Shipped"]));
        assert_eq!(order["entries"], json!({ "reservation": true, "charge": true, "shipment": true }));
        assert_eq!(order["left"], 98, "{name}: two are reserved, once");
    }
    assert_eq!(lines(told, "reserved", "o-1"), 2, "the function ran twice: {:#}", told["log"]);
}

fn a_declined_card_releases_the_reservation(told: &Value) {
    let order = &told["declined"];
    assert_eq!(order["output"], json!({ "order": "o-2", "status": "rejected", "reason": "CardDeclined" }), "{order}");
    assert_eq!(order["states"], json!(["Reserve", "Charge", "Release", "IsBusinessFailure", "Rejected"]));
    assert_eq!((&order["failed"], &order["entries"]), (&json!(["CardDeclined"]), &json!({ "reservation": false })));
    assert_eq!(order["left"], 98, "as before");
    let ran = ["reserved", "charged", "shipped", "refunded", "released"].map(|what| lines(told, what, "o-2"));
    assert_eq!(ran, [1, 0, 0, 0, 1], "{:#}", told["log"]);
}

fn a_busy_bank_is_asked_again(told: &Value) {
    let order = &told["busy"];
    assert_eq!(order["output"], json!({ "order": "o-3", "status": "shipped", "tracking": "DE-o-3" }), "{order}");
    assert_eq!(order["states"], json!(["Reserve", "Charge", "Ship", "Shipped"]));
    assert_eq!((&order["failed"], &order["left"]), (&json!(["BankBusy"]), &json!(96)));
    assert_eq!(lines(told, "charged", "o-3"), 1, "{:#}", told["log"]);
}

fn what_cannot_be_delivered_is_refunded_and_released(told: &Value) {
    let order = &told["far"];
    assert_eq!(order["output"], json!({ "order": "o-4", "status": "rejected", "reason": "NotDeliverable" }), "{order}");
    assert_eq!(
        order["states"],
        json!(["Reserve", "Charge", "Ship", "Refund", "Release", "IsBusinessFailure", "Rejected"])
    );
    assert_eq!(order["entries"], json!({ "reservation": false, "charge": false }));
    assert_eq!(order["left"], 96, "as before");
}

fn what_nobody_has_is_rejected(told: &Value) {
    let order = &told["many"];
    assert_eq!(order["output"], json!({ "order": "o-5", "status": "rejected", "reason": "OutOfStock" }), "{order}");
    assert_eq!(order["states"], json!(["Reserve", "Rejected"]));
    assert_eq!((&order["entries"], &order["left"]), (&json!({}), &json!(96)));
}

/// An order that cannot be decoded: nothing was done of it.
fn an_unexpected_failure_notifies_the_operator(told: &Value) {
    let order = &told["wrong"];
    assert_eq!((&order["status"], &order["error"]), (&json!("FAILED"), &json!("InvalidEvent")), "{order}");
    assert_eq!(order["states"], json!(["Reserve", "NotifyOperator", "Failed"]));
    let messages = told["operator notified"].as_array().expect("messages");
    assert_eq!(messages.len(), 1, "{messages:?}");
    assert_eq!((&messages[0]["id"], &messages[0]["failure"]["Error"]), (&json!("o-6"), &json!("InvalidEvent")));
}

/// How many lines of the functions' log say this of an order.
fn lines(told: &Value, what: &str, order: &str) -> usize {
    let log = told["log"].as_array().expect("lines").iter().filter_map(Value::as_str);
    let log = log.filter_map(|line| serde_json::from_str::<Value>(line).ok());
    log.filter(|line| line["message"] == what && line["order"] == order).count()
}

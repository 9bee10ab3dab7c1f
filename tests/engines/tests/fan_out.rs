//! The fan-out example, built and deployed by its template into an engine with SNS, SQS, DynamoDB and Lambda: orders are published,
//! and each function is called for those that concern it.

use std::process::{Command, Stdio};

use engines::{Engine, binary};
use serde_json::{Value, json};

#[test]
fn an_order_that_is_published_reaches_the_functions_that_it_concerns() {
    let engine = Engine::shared();
    let built = binary::build(&["--package", "fan-out", "--bins", "--features", "aws"]);
    let output = Command::new(engine.program("python"))
        .arg(concat!(env!("CARGO_MANIFEST_DIR"), "/python/fan_out.py"))
        .arg(engine.endpoint())
        .arg(concat!(env!("CARGO_MANIFEST_DIR"), "/../../examples/fan-out"))
        .arg(built["email"].parent().expect("a folder"))
        .stderr(Stdio::inherit())
        .output()
        .expect("python starts");
    assert!(output.status.success(), "fan_out.py failed");
    let report: Value = serde_json::from_slice(&output.stdout).expect("what it saw");

    let done = json!({
        "email#o-1#placed": "We have received your order o-1: 2 x tea.",
        "email#o-1#paid": "We have received your payment for order o-1.",
        "email#o-2#placed": "We have received your order o-2: 2 x tea.",
        "email#o-2#cancelled": "Your order o-2 has been cancelled.",
        "email#o-3#paid": "We have received your payment for order o-3.",
        "invoice#o-1": "2 x tea: 18.00 EUR",
        "stock#o-1#placed": "-2 tea",
        "stock#o-2#placed": "-2 tea",
        "stock#o-2#cancelled": "+2 tea",
    });
    assert_eq!(report["done"], done, "{:#}", report["log"]);

    // An order without an invoice is in its dead-letter queue, and in no other.
    let failed =
        report["sizes"].as_object().expect("queues").iter().filter(|(_, size)| **size != 0).collect::<Vec<_>>();
    assert_eq!(failed, [(&"FailedInvoices".to_owned(), &json!(1))]);
    assert!(report["failed"].as_str().is_some_and(|body| body.contains("o-3")), "{}", report["failed"]);

    // Each function logs only its own events. A queue may deliver twice, which is handled once.
    let log = report["log"].as_array().expect("lines").iter().filter_map(Value::as_str);
    let lines = log.filter_map(|line| serde_json::from_str::<Value>(line).ok()).collect::<Vec<_>>();
    let of = |message: &'static str| lines.iter().filter(move |line| line["message"] == message);
    let new = |message| of(message).filter(|line| line["is_new"] == true).count();
    assert_eq!(["sent the e-mail", "issued the invoice", "updated the stock"].map(new), [5, 1, 3], "{lines:#?}");
    assert!(of("issued the invoice").all(|line| line["order"] == "o-1"), "{lines:#?}");
    assert!(of("sent the e-mail").any(|line| line["is_new"] == false), "one was placed twice: {lines:#?}");
    assert_eq!(of("the record failed").filter_map(|line| line["receive_count"].as_u64()).max(), Some(5), "{lines:#?}");
}

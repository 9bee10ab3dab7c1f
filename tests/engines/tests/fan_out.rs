//! The fan-out example, built and deployed by its template into an engine with SNS, SQS, DynamoDB and Lambda: orders are published,
//! and each function is called for those that concern it.

use engines::Engine;
use serde_json::{Value, json};

#[test]
fn an_order_that_is_published_reaches_the_functions_that_it_concerns() {
    let engine = Engine::shared();
    let report = engine.report_of("fan-out", "fan_out.py");

    let done = json!({
        "provider#Placed#o-1": "We have received your order o-1: 2 x tea.",
        "provider#Paid#o-1": "We have received your payment for order o-1.",
        "provider#Placed#o-2": "We have received your order o-2: 2 x tea.",
        "provider#Cancelled#o-2": "Your order o-2 has been cancelled.",
        "provider#Paid#o-3": "We have received your payment for order o-3.",
        "invoice#o-1": "1800",
        "change#Placed#o-1": "-2",
        "change#Placed#o-2": "-2",
        "change#Cancelled#o-2": "2",
        "stock#tea": "-2",
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
    assert_eq!(["issued the invoice", "changed the stock"].map(new), [1, 3], "{lines:#?}");
    // Two deliveries at the same time both send, with one key: the provider has one e-mail, as above.
    assert!(new("sent the e-mail") >= 5, "{lines:#?}");
    assert!(of("issued the invoice").all(|line| line["order"] == "o-1"), "{lines:#?}");
    assert!(of("changed the stock").any(|line| line["is_new"] == false), "one was placed twice: {lines:#?}");
    assert_eq!(of("the record failed").filter_map(|line| line["receive_count"].as_u64()).max(), Some(5), "{lines:#?}");
}

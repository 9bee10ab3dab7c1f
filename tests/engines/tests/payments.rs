//! The payments example, built and deployed by its template into an engine with SQS and DynamoDB: over HTTP and from the queue.

use std::process::{Command, Stdio};

use engines::{Engine, binary};
use serde_json::Value;

#[test]
fn what_is_asked_for_more_than_once_is_charged_once_over_http_and_from_the_queue() {
    let engine = Engine::shared();
    let built = binary::build(&["--package", "payments", "--bins", "--features", "aws"]);
    let output = Command::new(engine.program("python"))
        .arg(concat!(env!("CARGO_MANIFEST_DIR"), "/python/payments.py"))
        .arg(engine.endpoint())
        .arg(concat!(env!("CARGO_MANIFEST_DIR"), "/../../examples/payments"))
        .arg(built["payments"].parent().expect("a folder"))
        .stderr(Stdio::inherit())
        .output()
        .expect("python starts");
    assert!(output.status.success(), "payments.py failed");
    let report: Value = serde_json::from_slice(&output.stdout).expect("what it saw");

    let (first, second) = (&report["first"], &report["second"]);
    assert_eq!((&first["status"], &second["status"]), (&201.into(), &201.into()), "{report}");
    assert_eq!((&first["body"], &first["headers"]["location"]), (&second["body"], &second["headers"]["location"]));
    for (answer, origin) in [(first, "https://shop.example.com"), (second, "https://app.example.com")] {
        assert_eq!(answer["headers"]["access-control-allow-origin"], origin, "each caller has its own");
    }
    for (name, status) in [("another amount", 422), ("no key", 400), ("invalid amount", 422), ("then taken", 201)] {
        assert_eq!(report[name]["status"], status, "{name}: {}", report[name]);
    }
    let at_last = &report["after the race"];
    assert_eq!(at_last["status"], 201);
    for answer in report["race"].as_array().expect("answers") {
        assert!(answer["status"] == 409 || answer["body"] == at_last["body"], "{answer}");
    }

    let sorted = |name: &str| {
        let mut orders: Vec<String> = serde_json::from_value(report[name].clone()).expect("texts");
        orders.sort();
        orders
    };
    assert_eq!(sorted("over http"), ["a", "b", "race"], "each charged once");
    assert_eq!(sorted("in all"), ["a", "b", "q-1", "q-2", "race"]);
    assert_eq!(report["dead"], 0);
    let records = report["records"].as_array().expect("items");
    assert_eq!(records.len(), 5, "{records:?}");
    assert!(records.iter().all(|record| record["status"]["S"] == "COMPLETED"), "{records:?}");
    let log = report["log"].to_string();
    // At least once, as a queue delivers.
    assert!(log.contains("the record failed and is discarded"), "the one that cannot be charged: {log}");
}

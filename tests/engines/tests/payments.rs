//! The payments example, built and deployed by its template into an engine with SQS, DynamoDB and Cognito: over HTTP and from the queue.

use engines::Engine;
use serde_json::{Value, json};

#[test]
fn an_order_is_charged_once_over_http_and_from_the_queue() {
    let engine = Engine::shared();
    let report = engine.report_of("payments", "payments.py");

    for (name, status) in [
        ("no token", 401),
        ("wrong token", 401),
        ("no key", 400),
        ("first", 201),
        ("second", 201),
        ("another body", 422),
        ("another total", 409),
        ("another key", 201),
        ("of bob", 201),
        ("nothing", 422),
        ("then something", 201),
        ("answer lost", 503),
        ("answer found", 201),
        ("declined", 402),
        ("declined again", 402),
        ("unknown", 409),
        ("reconciled", 201),
        ("time-out", 503),
        ("after the time-out", 201),
    ] {
        assert_eq!(report[name]["status"], status, "{name}: {}", report[name]);
    }
    let (first, second) = (&report["first"], &report["second"]);
    assert_eq!(first["body"], second["body"]);
    for (answer, origin) in [(first, "https://shop.example.com"), (second, "https://app.example.com")] {
        assert_eq!(answer["headers"]["access-control-allow-origin"], origin, "each caller has its own");
    }
    assert_eq!(first["body"], report["another key"]["body"], "the order has one charge");
    assert_ne!(first["body"]["charge_id"], report["of bob"]["body"]["charge_id"]);

    let race = |name: &str| report[name].as_array().expect("answers").clone();
    let paid = |answer: &Value| answer["status"] == 201;
    assert!(race("race of one key").iter().all(|answer| paid(answer) || answer["status"] == 409), "{report}");
    assert!(race("race of one key").iter().any(paid), "{report}");
    let many = race("race of many keys");
    let charge_id = |answer: &Value| answer["body"]["charge_id"].clone();
    assert!(many.iter().all(|answer| paid(answer) && charge_id(answer) == charge_id(&many[0])), "{many:?}");

    let mut dead: Vec<String> = serde_json::from_value(report["dead"].clone()).expect("texts");
    dead.sort();
    assert_eq!(dead.len(), 6, "{dead:?}");
    let orders = ["not JSON", "\"amount\": 2000", "\"order_id\": 10,", "\"order_id\": 11,"];
    let parts = [&orders[..], &["\"order_id\": 13,", "\"order_id\": 9,"]].concat();
    for (body, part) in dead.iter().zip(parts) {
        assert!(body.contains(part), "{part} in {body}");
    }
    let paid: Value = (1..=8).map(|order| (format!("order#{order}"), json!("charged"))).collect();
    let mut expected = paid;
    expected["order#11"] = json!("declined");
    expected["order#12"] = json!("declined");
    expected["order#13"] = json!(null);
    expected["order#14"] = json!("charged");
    assert_eq!(report["paid"], expected);
    assert_eq!(report["charges"], 8 + 1 + 2, "eight of Ada, one of Bob, two declined");
    let log = report["log"].to_string();
    for counted in ["the outcome of an old charge is unknown", "a charge has no outcome yet"] {
        assert!(log.contains(counted), "the line that an alarm counts: {counted}: {log}");
    }
    assert_eq!(report["open"], json!(["order#13", "order#14"]), "what the README finds");
    assert_eq!(report["not reconciled"], "another", "only the charge that was asked for");
}

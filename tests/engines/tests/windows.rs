//! The windows example, built and deployed by its template into an engine with Kinesis, Firehose, S3 and DynamoDB.

use engines::Engine;
use serde_json::json;

#[test]
fn the_sales_of_a_window_are_added_up_once_and_firehose_delivers_them_without_card_numbers() {
    let engine = Engine::shared();
    let report = engine.report_of("windows", "windows.py");

    let invalid = report["invalid"].as_str().expect("an error");
    assert!(invalid.contains("the record data could not be decoded"), "{invalid}");
    let start = "2026-11-29T10:00:00Z";
    assert_eq!(
        report["totals"],
        json!([
            { "pk": start, "sk": "shard-1", "sales": "3", "sums": [["2000", "EUR"], ["500", "CHF"]] },
            { "pk": start, "sk": "shard-2", "sales": "1", "sums": [["7", "EUR"]] },
        ])
    );

    let line = |id: &str, amount: i64, currency: &str| {
        format!(r#"{{"id":"{id}","money":{{"amount":{amount},"currency":"{currency}"}},"card":"*1234"}}"#)
    };
    let objects = &report["objects"];
    assert_eq!(objects["sales/currency=EUR"], json!([line("e", 1, "EUR"), line("h", 4, "EUR")]), "{report}");
    assert_eq!(objects["sales/currency=CHF"], json!([line("f", 2, "CHF")]));
    assert!(!report["log"].to_string().contains("4111"), "no card number is logged");
}

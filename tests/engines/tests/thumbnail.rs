//! The thumbnail example, built and deployed by its template into an engine with S3, DynamoDB and SQS: images are put into the
//! bucket, and S3 calls the function.

use std::process::{Command, Stdio};

use engines::{Engine, binary};
use serde_json::{Value, json};

const KEY: &str = "uploads/Käse + Brot/a b.jpg";

#[test]
fn an_image_put_into_the_bucket_gets_its_thumbnail_and_a_broken_one_ends_in_the_queue_of_failed_ones() {
    let engine = Engine::shared();
    let built = binary::build(&["--package", "thumbnail", "--bins", "--features", "aws"]);
    let output = Command::new(engine.program("python"))
        .arg(concat!(env!("CARGO_MANIFEST_DIR"), "/python/thumbnail.py"))
        .arg(engine.endpoint())
        .arg(concat!(env!("CARGO_MANIFEST_DIR"), "/../../examples/thumbnail"))
        .arg(&built["thumbnail"])
        .stderr(Stdio::inherit())
        .output()
        .expect("python starts");
    assert!(output.status.success(), "thumbnail.py failed");
    let report: Value = serde_json::from_slice(&output.stdout).expect("what it saw");

    is_a_thumbnail_with_its_item(&report);
    events_that_come_twice_or_late_change_nothing(&report);
    a_thumbnail_gets_none(&report);
    a_broken_image_is_reported(&report);
}

fn is_a_thumbnail_with_its_item(report: &Value) {
    assert_eq!(report["content type"], "image/jpeg");
    let bytes: Vec<u8> = serde_json::from_value(report["bytes"].clone()).expect("bytes");
    assert!(bytes.starts_with(&[0xFF, 0xD8]) && bytes.ends_with(&[0xFF, 0xD9]), "a JPEG");
    let item = &report["item"];
    let bucket = report["bucket"].as_str().expect("a name");
    assert_eq!(item["object"]["S"], format!("{bucket}/{KEY}"));
    assert_eq!(item["thumbnail"]["S"], "thumbnails/Käse + Brot/a b.jpg.jpg");
    assert_eq!((&item["width"]["N"], &item["height"]["N"]), (&json!("400"), &json!("600")), "upright");
    assert_eq!((&item["thumbnail_width"]["N"], &item["thumbnail_height"]["N"]), (&json!("171"), &json!("256")));
    assert!(item["sequencer"]["S"].is_string() && item["e_tag"]["S"].is_string(), "{item}");
}

fn events_that_come_twice_or_late_change_nothing(report: &Value) {
    for name in ["again", "late"] {
        assert_eq!(report[name]["error"], Value::Null, "{}", report[name]);
    }
    let later = &report["item of a later event"];
    assert_eq!(later["sequencer"]["S"], "F".repeat(18));
    assert_eq!(&report["item after an earlier event"], later);
}

fn a_thumbnail_gets_none(report: &Value) {
    assert_eq!(report["own"]["error"], Value::Null, "it is not tried again: {}", report["own"]);
    assert_eq!(report["thumbnail of a thumbnail"], false);
    let keys = json!(["thumbnails/Käse + Brot/a b.jpg.jpg", KEY, "uploads/broken.jpg"]);
    assert_eq!(report["keys"], keys);
}

fn a_broken_image_is_reported(report: &Value) {
    let failed = report["failed"].as_array().expect("messages");
    assert_eq!(failed.len(), 1, "{failed:?}");
    let failed = &failed[0];
    assert_eq!(failed["requestPayload"]["Records"][0]["s3"]["object"]["key"], "uploads/broken.jpg");
    assert_eq!(failed["requestContext"]["condition"], "RetriesExhausted");

    let log: Vec<_> = report["log"].as_array().expect("lines").iter().filter_map(Value::as_str).collect();
    let lines = |text: &str| log.iter().filter(|line| line.contains(text)).count();
    let reason = |line: &&&str| line.contains("truncated JPEG");
    let failures = log.iter().filter(reason).filter(|line| line.contains("the record failed"));
    assert_eq!(failures.count(), 3, "a line for each of three tries: {log:#?}");
    assert_eq!(lines("created a thumbnail"), 3, "by its event, once more, and late: {log:#?}");
    assert_eq!(lines("is not an upload"), 1, "{log:#?}");
}

//! The thumbnail example, built and deployed by its template into an engine with S3, EventBridge, DynamoDB and SQS: images are put
//! into the bucket and deleted, and EventBridge calls the function.

use engines::Engine;
use serde_json::{Value, json};

const KEY: &str = "uploads/Käse + Brot/a b.jpg";

#[test]
fn an_upload_gets_its_thumbnail_a_broken_one_is_rejected_and_a_deleted_one_loses_it() {
    let engine = Engine::shared();
    let report = engine.report_of("thumbnail", "thumbnail.py");
    let log: Vec<_> = report["log"].as_array().expect("lines").iter().filter_map(Value::as_str).collect();
    let lines = |text: &str| log.iter().filter(|line| line.contains(text)).count();

    assert_eq!(report["content type"], "image/jpeg");
    let bytes: Vec<u8> = serde_json::from_value(report["bytes"].clone()).expect("bytes");
    assert!(bytes.starts_with(&[0xFF, 0xD8]) && bytes.ends_with(&[0xFF, 0xD9]), "a JPEG");
    let item = &report["item"];
    assert!(item["pk"]["S"].as_str().is_some_and(|key| key.ends_with(&format!("/{KEY}"))), "{item}");
    assert_eq!(item["thumbnail"]["S"], "thumbnails/Käse + Brot/a b.jpg.jpg");
    assert_eq!((&item["width"]["N"], &item["height"]["N"]), (&json!("400"), &json!("600")), "upright");
    assert!(item["e_tag"]["S"].is_string(), "{item}");

    // Events that come twice, late or too late, and those of thumbnails.
    for outcome in report["handled"].as_array().expect("outcomes") {
        assert_eq!(outcome["error"], Value::Null, "it is not retried: {outcome}");
    }
    let afterwards = &report["item afterwards"];
    assert_eq!((&afterwards["status"]["S"], &afterwards["e_tag"]), (&json!("ready"), &item["e_tag"]));
    assert_eq!(report["thumbnail afterwards"], report["bytes"]);
    let deleted = &report["item of a deleted upload"];
    assert!(deleted["status"]["S"] == "deleted" && deleted["expires_at"]["N"].is_string(), "{deleted}");
    assert_eq!(report["keys"], json!(["thumbnails/Käse + Brot/a b.jpg.jpg", KEY, "uploads/broken.jpg"]));
    assert_eq!(lines("the object is not an upload"), 1, "{log:#?}");

    // A permanent error is not retried; an error of S3 is.
    assert_eq!(report["rejected"]["reason"]["S"], "the end of the JPEG is missing");
    assert_eq!(lines("rejected the upload"), 1, "{log:#?}");
    let failed = report["failed"].as_array().expect("messages");
    assert_eq!(failed.len(), 1, "{failed:?}");
    assert_eq!(failed[0]["requestPayload"]["detail"]["bucket"]["name"], "no-such-bucket");
    assert_eq!(failed[0]["requestContext"]["condition"], "RetriesExhausted");
    assert_eq!(lines("the record failed\""), 3, "a line for each of three tries: {log:#?}");
}

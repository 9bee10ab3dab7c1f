//! The async-api example, built and deployed by its template into an engine with SQS and DynamoDB.

use engines::Engine;
use serde_json::{Value, json};

#[test]
fn a_job_is_accepted_once_done_by_the_worker_behind_the_queue_and_failed_if_the_worker_never_succeeds() {
    let engine = Engine::shared();
    let report = engine.report_of("async-api", "async_api.py");

    assert_eq!(report["accepted"]["status"], 202, "{}", report["accepted"]);
    assert_eq!(report["accepted"]["headers"]["retry-after"], "1");
    let done = |words: u32| json!({ "status": "done", "words": words });
    assert_eq!((&report["done"]["status"], &report["done"]["body"]), (&json!(200), &done(6)));
    assert_eq!(report["failed"]["body"], json!({ "status": "failed", "reason": "the text contains no words" }));
    assert_eq!(report["longest"]["body"], done(1));
    assert_eq!((&report["too long"]["status"], &report["no key"]["status"]), (&json!(422), &json!(400)));

    let many = report["many"].as_array().expect("answers");
    assert!(many.len() == 24 && many.iter().all(|answer| answer["body"] == done(2)), "{many:?}");
    assert_eq!(report["other text"]["status"], 422);

    assert_eq!(report["waiting"], json!({ "Queue": 0, "Failed": 0 }));
    assert_eq!(report["done again"]["body"], done(6), "a second message of a job changes nothing");
    assert_eq!((&report["unknown"]["status"], &report["still unknown"]["status"]), (&json!(404), &json!(404)));

    assert_eq!(report["not stored"]["status"], 500, "{}", report["not stored"]);
    assert_eq!(report["messages"], json!([1, 1 + 2]), "one before the job is stored, and one afterwards");

    assert_eq!(report["not sent"]["status"], 500, "{}", report["not sent"]);
    assert_eq!(report["stored"]["status"], 404, "{}", report["stored"]);
    assert_eq!(report["sent again"]["status"], 202, "{}", report["sent again"]);
    assert_eq!(report["done by the retry"]["body"], done(2));

    assert_eq!(report["expired"]["status"], 404);
    let items = report["items"].as_array().expect("items");
    let has_expiry = |item: &Value| item["expires_at"]["N"].is_string();
    assert!(items.len() == 3 + 12 + 1 + 1 + 1 && items.iter().all(has_expiry), "{items:?}");

    assert_eq!(report["never run accepted"]["status"], 202);
    let failed = "the job could not be run: try again with a new Idempotency-Key";
    assert_eq!(report["never run"]["body"], json!({ "status": "failed", "reason": failed }), "{}", report["log"]);
    assert_eq!(report["rejected"], json!({ "Failed": 0, "Rejected": 2 }), "what the function cannot process");
}

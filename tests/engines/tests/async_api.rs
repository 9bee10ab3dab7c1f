//! The async-api example, built and deployed by its template into an engine with SQS and DynamoDB.

use std::process::{Command, Stdio};

use engines::{Engine, binary};
use serde_json::{Value, json};

#[test]
fn a_job_is_taken_on_and_done_by_the_worker_behind_the_queue() {
    let engine = Engine::shared();
    let built = binary::build(&["--package", "async-api", "--bins", "--features", "aws"]);
    let output = Command::new(engine.program("python"))
        .arg(concat!(env!("CARGO_MANIFEST_DIR"), "/python/async_api.py"))
        .arg(engine.endpoint())
        .arg(concat!(env!("CARGO_MANIFEST_DIR"), "/../../examples/async-api"))
        .arg(built["worker"].parent().expect("a folder"))
        .stderr(Stdio::inherit())
        .output()
        .expect("python starts");
    assert!(output.status.success(), "async_api.py failed");
    let report: Value = serde_json::from_slice(&output.stdout).expect("what it saw");

    assert_eq!(report["accepted"]["status"], 202, "{}", report["accepted"]);
    assert_eq!(report["accepted"]["headers"]["retry-after"], "1");
    let done = json!({ "status": "done", "result": { "words": 6, "different": 4 } });
    assert_eq!((&report["done"]["status"], &report["done"]["body"]), (&json!(200), &done));
    assert_eq!(report["failed"]["body"], json!({ "status": "failed", "reason": "the text contains no words" }));
    assert_eq!(report["longest"]["body"], json!({ "status": "done", "result": { "words": 1, "different": 1 } }));
    assert_eq!((&report["too long"]["status"], &report["unknown"]["status"]), (&json!(422), &json!(404)));

    let many = report["many"].as_array().expect("answers");
    assert!(many.len() == 24 && many.iter().all(|answer| answer["body"]["result"]["words"] == 2), "{many:?}");

    assert_eq!(report["waiting"], json!({ "Queue": 0, "Failed": 0 }));
    assert_eq!(report["done again"]["body"], done, "a second message of a job changes nothing");
    assert_eq!(report["still unknown"]["status"], 404, "a message makes no job");
    let items = report["items"].as_array().expect("items");
    assert!(items.len() == 27 && items.iter().all(|item| item["expires_at"]["N"].is_string()), "{items:?}");
    let log = report["log"].to_string();
    assert_eq!(log.matches("nothing to do: the job is finished").count(), 2, "{log}");
}

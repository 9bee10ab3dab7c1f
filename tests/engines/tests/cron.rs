//! The cron example, built and deployed by its template into an engine with Scheduler and DynamoDB.

use std::process::{Command, Stdio};

use engines::{Engine, binary};
use serde_json::{Value, json};

#[test]
fn old_carts_go_once_a_night() {
    let engine = Engine::shared();
    let built = binary::build(&["--package", "cron", "--bins"]);
    let output = Command::new(engine.program("python"))
        .arg(concat!(env!("CARGO_MANIFEST_DIR"), "/python/cron.py"))
        .arg(engine.endpoint())
        .arg(concat!(env!("CARGO_MANIFEST_DIR"), "/../../examples/cron"))
        .arg(built["cron"].parent().expect("a folder"))
        .stderr(Stdio::inherit())
        .output()
        .expect("python starts");
    assert!(output.status.success(), "cron.py failed");
    let report: Value = serde_json::from_slice(&output.stdout).expect("what it saw");

    let cleaned = json!({ "removed": 60, "finished": true });
    assert_eq!(report["cleaned"], json!({ "error": null, "payload": cleaned }));
    let mut left = vec!["just in time".to_owned()];
    left.extend((0..15).map(|at| format!("new-{at:02}")));
    assert_eq!(report["carts"], json!(left));

    assert_eq!(report["again"], report["cleaned"], "delivered again");
    assert_eq!(report["a later run"], report["cleaned"], "of the same night");
    left.insert(1, "late".to_owned());
    assert_eq!(report["carts after again"], json!(left), "the night is done");

    assert_eq!(report["next night"]["payload"], json!({ "removed": 2, "finished": true }));
    assert_eq!(report["carts after next night"], json!(left[2..]));
    assert_eq!(report["no schedule"]["payload"]["errorType"], "InvalidEvent", "{}", report["no schedule"]);
    assert_eq!(report["metrics"].as_array().map(Vec::len), Some(4), "one for each run of a finished night");

    let targets = report["targets"].as_array().expect("targets");
    assert_eq!((targets.len(), &targets[0]["Arn"]), (1, &report["function"]));
    let input: Value = serde_json::from_str(targets[0]["Input"].as_str().expect("an input")).expect("JSON");
    assert_eq!(input["scheduled-time"], "<aws.scheduler.scheduled-time>");
    assert!(targets[0]["DeadLetterConfig"]["Arn"].is_string(), "{}", targets[0]);
}

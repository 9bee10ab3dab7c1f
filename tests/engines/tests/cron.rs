//! The cron example, built and deployed by its template into an engine with Scheduler and DynamoDB.

use engines::Engine;
use serde_json::{Value, json};

#[test]
fn old_carts_go_once_a_night() {
    let engine = Engine::shared();
    let report = engine.report_of("cron", "cron.py");

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

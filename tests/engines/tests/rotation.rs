//! The rotation example, built and deployed by its template into an engine with CloudFormation and Secrets Manager.

use engines::Engine;
use serde_json::{Value, json};

#[test]
fn an_account_is_created_with_its_stack_and_its_key_is_rotated() {
    let engine = Engine::shared();
    let report = engine.report_of("rotation", "rotation.py");

    assert_eq!((&report["account"], &report["created"]), (&json!("rotation"), &json!(true)));
    assert_eq!(report["disabled"], "the rotation of the secret is not enabled");
    assert_eq!(report["too early"], json!(vec!["the pending key is not accepted"; 2]));
    assert_eq!(report["errors"], Value::from(vec![Value::Null; 12]), "each step may be repeated");
    for seen in ["rotated", "previous", "both keys", "deleted"] {
        assert_eq!(report[seen], true, "{seen}: {report}");
    }
    assert_eq!(report["unknown version"], "the version is not pending: a newer rotation has begun");
}

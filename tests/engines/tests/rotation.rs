//! The rotation example, built and deployed by its template into an engine with CloudFormation and Secrets Manager.

use std::process::{Command, Stdio};

use engines::{Engine, binary};
use serde_json::{Value, json};

#[test]
fn an_account_is_created_with_its_stack_and_its_key_is_rotated() {
    let engine = Engine::shared();
    let built = binary::build(&["--package", "rotation", "--bins"]);
    let output = Command::new(engine.program("python"))
        .arg(concat!(env!("CARGO_MANIFEST_DIR"), "/python/rotation.py"))
        .arg(engine.endpoint())
        .arg(concat!(env!("CARGO_MANIFEST_DIR"), "/../../examples/rotation"))
        .arg(built["rotate"].parent().expect("a folder"))
        .stderr(Stdio::inherit())
        .output()
        .expect("python starts");
    assert!(output.status.success(), "rotation.py failed");
    let report: Value = serde_json::from_slice(&output.stdout).expect("what it saw");

    assert_eq!((&report["account"], &report["created"]), (&json!("rotation"), &json!(true)));
    assert_eq!(report["too early"], "the service does not accept the pending key");
    assert_eq!(report["errors"], Value::from(vec![Value::Null; 12]), "each step may be repeated");
    for seen in ["rotated", "previous", "both keys", "deleted"] {
        assert_eq!(report[seen], true, "{seen}: {report}");
    }
    assert_eq!(report["unknown version"], "the version is not pending: a newer rotation has begun");
}

//! The crud example, built and deployed into an engine with DynamoDB and Secrets Manager, behind an HTTP API.

use std::process::{Command, Stdio};

use engines::{Engine, binary};
use serde_json::Value;

#[test]
fn crud_in_the_cloud_creates_reads_lists_updates_and_deletes_a_user() {
    let engine = Engine::shared();
    let built = binary::build(&["--package", "crud", "--features", "aws"]);
    let output = Command::new(engine.program("python"))
        .arg(concat!(env!("CARGO_MANIFEST_DIR"), "/deploy.py"))
        .arg(engine.endpoint())
        .arg(&built["crud"])
        .stderr(Stdio::inherit())
        .output()
        .expect("python starts");
    assert!(output.status.success(), "deploy.py failed");
    let answers: Value = serde_json::from_slice(&output.stdout).expect("its answers");
    let status = |name: &str| answers[name]["status"].as_u64().unwrap_or_else(|| panic!("no answer: {name}"));
    let body = |name: &str| &answers[name]["body"];
    println!("{answers:#}");

    for name in ["no key", "wrong key"] {
        assert_eq!(status(name), 401);
        assert_eq!(answers[name]["headers"]["www-authenticate"], "ApiKey");
        assert_eq!(answers[name]["headers"]["x-content-type-options"], "nosniff", "errors have the stack's headers");
    }
    assert_eq!(status("created"), 201);
    let location = answers["created"]["headers"]["location"].as_str().expect("a Location");
    assert_eq!(location, format!("/users/{}", body("created")["id"].as_str().expect("an id")));
    assert_eq!(status("invalid"), 422);
    assert_eq!(body("invalid")["errors"].as_array().map(Vec::len), Some(2), "{}", body("invalid"));
    assert_eq!(status("taken"), 409, "an e-mail address is one whatever its case");
    assert_eq!(body("read"), body("created"));
    assert_eq!(body("first page")["users"], serde_json::json!([body("created")]));
    assert_eq!(body("second page")["users"], serde_json::json!([body("second")]));
    assert!(body("second page")["next"].is_null(), "nothing is behind the last page");
    assert_eq!(status("bad cursor"), 400);
    assert_eq!((status("updated"), &body("updated")["version"]), (200, &Value::from(2)));
    assert_eq!(status("stale"), 409, "a change of version 1 does not overwrite version 2");
    assert_eq!((status("deleted"), status("gone")), (204, 404));

    assert_eq!(status("no table"), 500);
    assert!(!body("no table").to_string().contains("table"), "nothing internal: {}", body("no table"));
    let log = answers["log of broken"].to_string();
    assert!(log.contains("ResourceNotFound"), "the cause is in the log: {log}");
}

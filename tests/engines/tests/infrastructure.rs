//! The CDK apps, Terraform modules, serverless.yml and the deployment workflow of the examples, by the tools of `tests/infrastructure`:
//! they describe what the SAM templates describe, and what osls deploys works.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use engines::{Engine, binary};
use serde_json::{Value, json};

/// The folder of `tests/infrastructure`.
fn here() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../infrastructure")
}

/// Runs `tests/infrastructure/run`; it prints what is wrong.
fn run(arguments: &[&str]) {
    let output = Command::new(here().join("run")).args(arguments).output().expect("`run` starts");
    let report = [output.stdout, output.stderr].concat();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&report).trim());
}

/// Returns the folder of the tools, which no test installs.
fn tools() -> String {
    let output = Command::new(here().join("install.sh")).arg("--check").output().expect("`install.sh` starts");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr).trim());
    String::from_utf8_lossy(&output.stdout).trim().to_owned()
}

/// Deploys an example by its serverless.yml, and returns what it reports.
fn deployed(example: &str) -> Value {
    let tools = tools();
    let engine = Engine::shared();
    let built = binary::example(example);
    let output = Command::new(engine.program("python"))
        .env("PYTHONDONTWRITEBYTECODE", "1")
        .arg(here().join("deploy.py"))
        .args([&engine.endpoint(), &tools, example])
        .arg(built.values().find_map(|binary| binary.parent()).expect("a folder"))
        .stderr(Stdio::inherit())
        .output()
        .expect("python starts");
    assert!(output.status.success(), "{example} was not deployed");
    serde_json::from_slice(&output.stdout).expect("a report")
}

#[test]
fn cdk_terraform_and_osls_describe_what_the_sam_templates_describe() {
    run(&[]);
}

#[test]
fn each_planted_mistake_is_found() {
    run(&["--planted"]);
}

#[test]
fn a_deployment_that_does_not_respond_is_rolled_back_by_its_alias() {
    let engine = Engine::shared();
    let output = Command::new(engine.program("python"))
        .env("PYTHONDONTWRITEBYTECODE", "1")
        .arg(here().join("rollback.py"))
        .args([&engine.endpoint(), &tools()])
        .output()
        .expect("python starts");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
}

#[test]
fn orders_as_osls_deploys_them_are_shipped() {
    let report = deployed("orders");
    let shipped: Vec<String> = serde_json::from_value(report["shipped"].clone()).expect("ids");
    assert!(shipped.len() == 29 && shipped.contains(&"a-5".to_owned()), "{shipped:?}");
    assert_eq!(report["dead"].as_array().map(Vec::len), Some(2), "{}", report["dead"]);
    assert_eq!(report["dead in turn"].as_array().map(Vec::len), Some(1), "{}", report["dead in turn"]);
    assert!(report["invoked"]["batchItemFailures"].is_array(), "{}", report["invoked"]);
}

#[test]
fn an_upload_as_osls_deploys_it_gets_its_thumbnail() {
    let report = deployed("thumbnail");
    assert_eq!(report["content type"], "image/jpeg");
    assert_eq!(report["item of a deleted upload"]["status"]["S"], "deleted");
    assert_eq!(report["failed"].as_array().map(Vec::len), Some(1), "the event that failed is in the queue");
}

#[test]
fn events_as_osls_deploys_it_become_accounts() {
    let report = deployed("projection");
    assert_eq!(report["after a rebuild"]["ada"], json!([33, "owner of ada", (2..12).sum::<i32>() - 100 + 21]));
    assert_eq!(report["rebuilt with the change"], json!([253, "kim", 1252]));
    assert!(report["invoked"].is_u64(), "the sequence of the account: {}", report["invoked"]);
}

#[test]
fn users_as_osls_deploys_them_are_created_read_updated_and_deleted() {
    let report = deployed("crud");
    let statuses = ["no key", "created", "read", "updated", "list", "deleted", "unknown"];
    let statuses = statuses.map(|name| report[name]["status"].as_u64().expect("a status"));
    assert_eq!(statuses, [401, 201, 200, 200, 200, 204, 404], "{report}");
    assert_eq!(report["read"]["body"], report["created"]["body"]);
    assert_eq!(report["list"]["body"]["users"], json!([report["updated"]["body"]]));
    assert_eq!(report["invoked"]["statusCode"], 401, "{}", report["invoked"]);
}

/// A mistake of the script would let every other test pass.
#[test]
fn the_checks_fail_where_they_cannot_run() {
    let empty = Path::new(env!("CARGO_TARGET_TMPDIR")).join("no-tools");
    fs::create_dir_all(&empty).expect("a folder");
    let mut check = Command::new(here().join("install.sh"));
    let output = check.arg("--check").env("CARGO_TARGET_DIR", &empty).output().expect("`install.sh` starts");
    assert!(!output.status.success());
    let message = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(message.contains("run tests/infrastructure/install.sh first"), "{message}");
}

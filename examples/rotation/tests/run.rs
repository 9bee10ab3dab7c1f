//! The commands of the README.

use std::process::{Command, Output};

/// Runs a function with its sample event, and with credentials and an endpoint that must not be used.
fn run(binary: &str, event: &str) -> Output {
    let mut command = Command::new(binary);
    command.arg(event).env_remove("ACCOUNTS_TABLE").env_remove("AWS_LAMBDA_RUNTIME_API");
    command.envs([("AWS_ACCESS_KEY_ID", "key"), ("AWS_SECRET_ACCESS_KEY", "secret"), ("AWS_REGION", "eu-central-1")]);
    command.env("AWS_ENDPOINT_URL", "http://127.0.0.1:1").output().expect("it starts")
}

#[test]
fn a_local_run_prints_the_response_for_cloudformation() {
    let output = run(env!("CARGO_BIN_EXE_account"), "events/account.json");
    let (stdout, stderr) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    assert!(output.status.success(), "{stderr}");
    assert!(stdout.contains(r#""PhysicalResourceId":"pilaster-rotation""#), "{stdout}");
}

#[test]
fn a_local_run_rotates_no_secret() {
    let output = run(env!("CARGO_BIN_EXE_rotate"), "events/rotate.json");
    let seen = format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    assert!(!output.status.success(), "{seen}");
    assert!(seen.contains("a local run without ACCOUNTS_TABLE rotates no secret"), "{seen}");
}

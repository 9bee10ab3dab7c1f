//! The command of the README.

use std::process::Command;

#[test]
fn a_local_run_prints_the_response_for_cloudformation() {
    let mut account = Command::new(env!("CARGO_BIN_EXE_account"));
    account.arg("events/account.json").env("PILASTER_SECRETS", "tests/secrets.json");
    account.env_remove("ACCOUNTS_TABLE").env_remove("AWS_LAMBDA_RUNTIME_API");
    let output = account.output().expect("it starts");
    let (stdout, stderr) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    assert!(output.status.success(), "{stderr}");
    assert!(stdout.contains(r#""PhysicalResourceId":"pilaster-rotation""#), "{stdout}");
}

//! The command of the README.

use std::process::Command;

#[test]
fn a_local_run_prints_the_result_and_the_metric_of_a_finished_night() {
    let mut cron = Command::new(env!("CARGO_BIN_EXE_cron"));
    cron.arg("events/nightly.json").env_remove("CARTS_TABLE").env_remove("AWS_LAMBDA_RUNTIME_API");
    let output = cron.output().expect("it starts");
    let (stdout, stderr) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    assert!(output.status.success(), "{stderr}");
    assert!(stdout.contains(r#""removed":2"#) && stdout.contains(r#""finished":true"#), "{stdout}");
    let metric = stderr.lines().find(|line| line.contains("CloudWatchMetrics"));
    assert!(metric.is_some_and(|line| line.contains(r#""FinishedNights":[1.0]"#)), "{stderr}");
}

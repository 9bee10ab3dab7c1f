//! Calls functions of other languages, and Pilaster's.

use std::io::Write as _;
use std::process::{Command, Stdio};
use std::sync::atomic::{AtomicUsize, Ordering};

use lambda_runtime::{Config, Context};
use pilaster::observe::logging::CapturedLogs;
use pilaster::observe::metrics::CapturedMetrics;
use pilaster::testing::Caller;
use pilaster::{Clients, RawService};
use serde_json::{Value, json};

use super::case::Case;
use super::file;
use super::meaning::Outcome;

const REQUEST_ID: &str = "52fdfc07-2182-154f-163f-5f0f9a621d72";
const FUNCTION_ARN: &str = "arn:aws:lambda:eu-west-1:123456789012:function:users";
const TRACE: &str = "Root=1-67c39786-5908a82a246fb67f3089263f;Parent=53995c3f42cd8ad8;Sampled=1";

/// Calls the functions that `NAME` exports, by Node.js.
pub(crate) fn node(name: &str, cases: &[Case]) -> Vec<Outcome> {
    node_with(name, cases, [])
}

/// Calls the functions that `NAME` exports, by Node.js, in this environment.
pub(crate) fn node_with(
    name: &str,
    cases: &[Case],
    environment: impl IntoIterator<Item = (&'static str, String)>,
) -> Vec<Outcome> {
    // Node.js finds the packages beside the module, not beside a link to it. Tests run at the same time: each has its own copy.
    static COPIES: AtomicUsize = AtomicUsize::new(0);
    let installed = installed();
    let copies = installed.join("functions");
    std::fs::create_dir_all(&copies).expect("a folder");
    let number = COPIES.fetch_add(1, Ordering::Relaxed);
    let copy = copies.join(format!("{}-{number}-{}", std::process::id(), name.replace('/', "-")));
    std::fs::copy(file(name), &copy).expect("a copy");
    let mut node = Command::new(installed.join("bin/node"));
    node.arg("--no-warnings").arg(file("run.mjs")).arg(&copy).envs(environment);
    let outcomes = run(node, cases);
    std::fs::remove_file(copy).expect("the copy is there");
    outcomes
}

/// Calls the functions of `NAME` by Python.
pub(crate) fn python(name: &str, cases: &[Case]) -> Vec<Outcome> {
    let mut python = Command::new(engines::programs().join("python"));
    python.arg(file("run.py")).arg(file(name));
    run(python, cases)
}

/// Returns the folder of the packages that `install.sh` has installed for Node.js.
pub(crate) fn installed() -> std::path::PathBuf {
    let output = Command::new(file("install.sh")).arg("--check").output().expect("`install.sh` starts");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr).trim());
    String::from_utf8_lossy(&output.stdout).trim().into()
}

fn run(mut program: Command, cases: &[Case]) -> Vec<Outcome> {
    let calls: Vec<_> = cases.iter().map(|case| json!({ "function": case.function, "event": case.event })).collect();
    let input = json!({ "calls": calls, "request_id": REQUEST_ID, "function_arn": FUNCTION_ARN });
    for variable in
        ["POWERTOOLS_SERVICE_NAME", "POWERTOOLS_DEV", "POWERTOOLS_LOG_LEVEL", "LOG_LEVEL", "AWS_LAMBDA_LOG_LEVEL"]
    {
        program.env_remove(variable);
    }
    let mut child = program
        .envs([("AWS_LAMBDA_FUNCTION_NAME", "users"), ("_X_AMZN_TRACE_ID", TRACE)])
        .envs([("AWS_LAMBDA_INITIALIZATION_TYPE", "on-demand"), ("POWERTOOLS_TRACE_DISABLED", "true")])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .expect("the program starts");
    let mut stdin = child.stdin.take().expect("a pipe");
    stdin.write_all(input.to_string().as_bytes()).expect("it reads");
    drop(stdin);
    let output = child.wait_with_output().expect("its end");
    assert!(output.status.success(), "{program:?}: {}", String::from_utf8_lossy(&output.stdout));
    let outcomes: Vec<Value> = serde_json::from_slice(&output.stdout).expect("JSON");
    outcomes
        .iter()
        .map(|outcome| {
            let written = outcome["written"].as_str().unwrap_or_default();
            let result = match outcome.get("error") {
                Some(error) => Err(error.to_string()),
                None => Ok(outcome["response"].clone()),
            };
            Outcome { result, lines: json_lines(written) }
        })
        .collect()
}

/// Returns the lines that are JSON objects.
fn json_lines(text: &str) -> Vec<Value> {
    text.lines().filter_map(|line| serde_json::from_str(line).ok()).filter(Value::is_object).collect()
}

/// Calls a function of Pilaster, in this process. The metrics are those that its layer has written to `metrics`.
pub(crate) async fn pilaster<R: RawService>(caller: Caller<R>, metrics: &CapturedMetrics, event: &Value) -> Outcome {
    let captured = CapturedLogs::default();
    let before = metrics.blobs().len();
    let caller = caller.with_context(context()).with_clients(Clients::new()).with_logs(&captured);
    let result = caller.call(event.clone()).await;
    // As the programs of the other languages write it.
    let result = result.map_err(|error| json!({ "name": error.error_type(), "message": error.message() }).to_string());
    let mut lines = captured.lines();
    lines.extend(metrics.blobs().into_iter().skip(before));
    Outcome { result, lines }
}

/// Returns the context of each call.
pub(crate) fn context() -> Context {
    let mut context = Context::default();
    context.request_id = REQUEST_ID.to_owned();
    context.invoked_function_arn = FUNCTION_ARN.to_owned();
    context.xray_trace_id = Some(TRACE.to_owned());
    context.env_config = Config { function_name: "users".to_owned(), memory: 128, ..Default::default() }.into();
    context
}

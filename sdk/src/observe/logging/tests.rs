//! Tests of whole lines: their keys, when they are written, and by whom.

mod buffering;
mod concurrency;
mod errors;
mod events;
mod failures;
mod keys;
mod limits;
mod line;
mod settings;
mod values;

use std::error::Error as StdError;
use std::fmt;
use std::process::Command;
use std::time::{Duration, SystemTime};

use lambda_runtime::Context;
use serde_json::{Value, json};
use tower::{Layer, Service, ServiceExt, service_fn};
use tracing::Instrument;
use tracing::subscriber::{set_default, with_default};

use super::*;
use crate::core::error::FunctionError;
use crate::core::invocation::Invocation;
use crate::core::raw::{Incoming, Outgoing};

const CLOCK: Duration = Duration::from_millis(1_704_164_645_750);

fn logs() -> (Logs, CapturedLogs) {
    logs_to(CapturedLogs::default())
}

fn logs_to(captured: CapturedLogs) -> (Logs, CapturedLogs) {
    let logs = Logs::new().service("payment").clock(|| SystemTime::UNIX_EPOCH + CLOCK).writer(captured.clone());
    (logs, captured)
}

fn from_vars(vars: &'static [(&str, &str)]) -> (Logs, CapturedLogs) {
    let captured = CapturedLogs::default();
    let var = |name: &str| vars.iter().find(|(key, _)| *key == name).map(|(_, value)| (*value).to_owned());
    let logs = Logs::from_vars(var).clock(|| SystemTime::UNIX_EPOCH + CLOCK).writer(captured.clone());
    (logs, captured)
}

fn invocation(request_id: &str) -> Invocation {
    let mut context = Context::default();
    context.request_id = request_id.to_owned();
    context.invoked_function_arn = "arn:aws:lambda:eu-west-1:809313241:function:test".to_owned();
    context.xray_trace_id =
        Some("Root=1-5759e988-bd862e3fe1be46a994272793;Parent=53995c3f42cd8ad8;Sampled=1".to_owned());
    let config = lambda_runtime::Config { function_name: "test".to_owned(), memory: 128, ..Default::default() };
    context.env_config = config.into();
    Invocation::new(context)
}

fn incoming(request_id: &str, event: &str) -> Incoming {
    Incoming { event: crate::RawEvent::parse(event).unwrap(), invocation: invocation(request_id) }
}

fn answer() -> Result<Outgoing, FunctionError> {
    Ok(Outgoing::serialize(&()).unwrap())
}

#[derive(Debug)]
struct Refused;

impl fmt::Display for Refused {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("connection refused")
    }
}

impl StdError for Refused {}

/// Runs the test of this name in a child process, since it changes the process. Returns the log there, and `None` here,
/// after the child has passed.
fn child(name: &str) -> Option<(Logs, CapturedLogs)> {
    if std::env::var_os("PILASTER_TEST_CHILD").is_some() {
        return Some(logs_to(CapturedLogs::alone()));
    }
    let output = run_child(name);
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stdout));
    None
}

fn run_child(name: &str) -> std::process::Output {
    Command::new(std::env::current_exe().unwrap())
        .args(["--exact", &format!("observe::logging::tests::{name}"), "--nocapture", "--test-threads=1"])
        .env_clear()
        .env("PILASTER_TEST_CHILD", "1")
        .env("AWS_LAMBDA_LOG_FORMAT", "JSON")
        .env("AWS_LAMBDA_RUNTIME_API", "127.0.0.1:9001")
        .output()
        .unwrap()
}

#[test]
fn what_is_public_can_be_sent_shared_and_cloned() {
    fn check<T: Clone + Send + Sync + 'static>() {}
    check::<SubscriberLayer>();
    check::<LoggingLayer>();
    check::<Logging<LoggingLayer>>();
    check::<CapturedLogs>();
    check::<Level>();
}

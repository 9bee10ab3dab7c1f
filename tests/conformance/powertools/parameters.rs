//! Powertools' parameters: its providers' calls as Pilaster's.

mod app_config;
mod own;
mod providers;
mod secrets;

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::{Value, json};

use super::{present, read};
use crate::case::Case;
use crate::{Replay, Stop, unsupported};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Step {
    op: String,
    #[serde(default)]
    at_ms: u64,
    #[serde(default)]
    args: Value,
}

/// The input of a case.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Input {
    #[serde(rename = "clock_ms")]
    _clock_ms: Option<u64>,
    steps: Vec<Step>,
}

/// The options of a provider.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Config {
    #[serde(rename = "provider")]
    _provider: Option<String>,
    #[serde(default)]
    backend_values: BTreeMap<String, Value>,
    /// Of AppConfig alone.
    application: Option<String>,
    environment: Option<String>,
}

pub(super) fn replay(case: &Case) -> Replay {
    match case.json["config"]["provider"].as_str() {
        Some("secrets" | "secretsmanager" | "secret") => secrets::replay(case),
        Some("ssm") => providers::ssm(case),
        Some("appconfig") if case.json["input"].get("calls").is_some() => app_config::sessions(case),
        Some("appconfig" | "app_config") => app_config::replay(case),
        None if case.json["config"].get("backend_values").is_some() => own::replay(case),
        other => unsupported(format!("the provider `{}`", other.unwrap_or("without a kind"))),
    }
}

fn steps(case: &Case) -> Result<Vec<Step>, Stop> {
    let input: Input = read("an input", &case.json["input"])?;
    Ok(input.steps)
}

/// A step of the expectation.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Expected {
    #[serde(default, deserialize_with = "present")]
    result: Option<Value>,
    error: Option<Value>,
    calls: Option<Value>,
    warnings: Option<Vec<Value>>,
}

/// The failure of a step and its requests to the service are compared; the classes and texts of errors are specific to Python.
fn expected(steps: &Value) -> Result<Value, Stop> {
    let steps: Vec<Expected> = read("an expectation", steps)?;
    let step = |Expected { result, error, mut calls, warnings }: Expected| {
        // Without an option the service does not decrypt, so that some of the calls leave it out.
        for call in calls.iter_mut().filter_map(Value::as_array_mut).flatten() {
            if let Some(call) = call.as_object_mut().filter(|call| call["op"] == "GetParameters") {
                call.entry("WithDecryption").or_insert(json!(false));
            }
        }
        if warnings.is_some_and(|warnings| !warnings.is_empty()) {
            return unsupported("a warning of one call");
        }
        Ok(match error {
            Some(_) => json!({ "error": true, "calls": calls }),
            None => json!({ "result": result, "calls": calls }),
        })
    };
    Ok(Value::Array(steps.into_iter().map(step).collect::<Result<_, _>>()?))
}

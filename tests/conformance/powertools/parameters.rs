//! Powertools' parameters: its providers' calls as Pilaster's.

mod providers;
mod secrets;

use serde::Deserialize;
use serde_json::{Value, json};

use super::read;
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

pub(super) fn replay(case: &Case) -> Replay {
    match case.json["config"]["provider"].as_str() {
        Some("secrets" | "secretsmanager" | "secret") => secrets::replay(case),
        Some("ssm") => providers::ssm(case),
        Some("appconfig") => providers::app_config(case),
        None if case.json["config"].get("backend_values").is_some() => providers::own(case),
        other => unsupported(format!("the provider `{}`", other.unwrap_or("of one's own"))),
    }
}

fn steps(case: &Case) -> Result<Vec<Step>, Stop> {
    read("steps", &case.json["input"]["steps"])
}

/// That a step fails is compared, and what it asked the service; the classes and texts of errors are Python's own.
fn expected(steps: &Value) -> Value {
    let steps = steps.as_array().into_iter().flatten();
    steps
        .map(|step| match step.get("error") {
            Some(_) => json!({ "error": true, "calls": step["calls"] }),
            None => json!({ "result": step["result"], "calls": step["calls"] }),
        })
        .collect()
}

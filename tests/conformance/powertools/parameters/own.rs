//! A provider of the user's own.

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use pilaster::BoxError;
use pilaster::config::parameters::{ParameterId, ParameterSource, ParameterValue, Parameters};
use serde::Deserialize;
use serde_json::{Value, json};

use super::Config;
use super::providers::{Options, VARIABLES, get};
use crate::case::Case;
use crate::powertools::{only_these, present, read, variables};
use crate::{Compared, Replay, unsupported};

/// A source of texts that counts what it is asked.
struct Own {
    values: HashMap<String, String>,
    fetched: Arc<AtomicUsize>,
}

impl ParameterSource for Own {
    async fn fetch(&self, id: &ParameterId) -> Result<ParameterValue, BoxError> {
        self.fetched.fetch_add(1, Ordering::SeqCst);
        let text = self.values.get(id.name()).ok_or("there is no such parameter")?;
        Ok(ParameterValue::from_text(id, text.as_str()))
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct OwnStep {
    at_ms: u64,
    name: String,
    #[serde(default)]
    options: Options,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct OwnInput {
    #[serde(rename = "clock_ms")]
    _clock_ms: Option<u64>,
    steps: Vec<OwnStep>,
}

/// A step of the expectation; it repeats the call.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct OwnExpected {
    #[serde(rename = "at_ms")]
    _at_ms: Option<u64>,
    #[serde(rename = "name")]
    _name: Option<String>,
    #[serde(rename = "options")]
    _options: Option<Value>,
    #[serde(default, deserialize_with = "present")]
    result: Option<Value>,
    error: Option<Value>,
    fetched: u64,
}

pub(super) fn replay(case: &Case) -> Replay {
    only_these(&case.json["expected"], &["steps"])?;
    let env = variables(case, &VARIABLES)?;
    let OwnInput { steps, .. } = read("an input", &case.json["input"])?;
    let Config { backend_values, .. } = read("a provider", &case.json["config"])?;
    let mut values = HashMap::new();
    for (name, value) in backend_values {
        match value {
            Value::String(text) => drop(values.insert(name, text)),
            _ => return unsupported("a value that is not text"),
        }
    }
    let fetched = Arc::new(AtomicUsize::new(0));
    let source = Own { values, fetched: Arc::clone(&fetched) };
    let parameters = Parameters::from_variables(source, &env.clone().into_iter().collect());
    let observed: Vec<_> = crate::exchange::block_on(async {
        let start = tokio::time::Instant::now();
        let mut observed = Vec::new();
        for OwnStep { at_ms, name, options } in steps {
            let at = start + Duration::from_millis(at_ms);
            tokio::time::advance(at.saturating_duration_since(tokio::time::Instant::now())).await;
            let before = fetched.load(Ordering::SeqCst);
            let mut seen = match get(&parameters, &name, &options).await {
                Ok(value) => json!({ "result": value }),
                Err(_) => json!({ "error": true }),
            };
            seen["fetched"] = (fetched.load(Ordering::SeqCst) - before).into();
            observed.push(seen);
        }
        observed
    });
    let steps: Vec<OwnExpected> = read("an expectation", &case.json["expected"]["steps"])?;
    let step_outcome = |OwnExpected { result, error, fetched, .. }| match error {
        Some(_) => json!({ "error": true, "fetched": fetched }),
        None => json!({ "result": result, "fetched": fetched }),
    };
    let expected: Vec<_> = steps.into_iter().map(step_outcome).collect();
    Ok(Compared { expected: json!({ "steps": expected }), observed: json!({ "steps": observed }) })
}

//! The providers for SSM and AppConfig, and one of one's own.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use pilaster::BoxError;
use pilaster::config::parameters::{
    AppConfig, ParameterError, ParameterId, ParameterSource, ParameterValue, Parameters, Transformed,
};
use serde::Deserialize;
use serde_json::{Map, Value, json};

use super::{Step, expected, steps};
use crate::case::Case;
use crate::compare::byte_string;
use crate::parameters::Service;
use crate::powertools::{only_these, read};
use crate::{Compared, Replay, Stop, unsupported};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Get {
    name: String,
    transform: Option<String>,
    #[serde(default)]
    force_fetch: bool,
    max_age: Option<u64>,
    #[serde(default)]
    decrypt: bool,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct GetMultiple {
    path: String,
    transform: Option<String>,
    #[serde(default)]
    raise_on_transform_error: bool,
    #[serde(default)]
    recursive: bool,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct GetByName {
    parameters: BTreeMap<String, Map<String, Value>>,
    #[serde(default)]
    decrypt: bool,
}

pub(super) fn ssm(case: &Case) -> Replay {
    only_these(&case.json["expected"], &["steps"])?;
    let steps = steps(case)?;
    let service = Service::default();
    for (name, value) in case.json["config"]["backend_values"].as_object().into_iter().flatten() {
        service.put(name, value.clone());
    }
    let env = &case.json["env"];
    let parameters = Parameters::from_lookup(service.ssm(), |name| env[name].as_str().map(str::to_owned));
    let observed = crate::exchange::block_on(run(&steps, &service, &parameters))?;
    let expected = expected(&case.json["expected"]["steps"]);
    Ok(Compared { expected: json!({ "steps": expected }), observed: json!({ "steps": observed }) })
}

async fn run(steps: &[Step], service: &Service, parameters: &Parameters) -> Result<Vec<Value>, Stop> {
    let start = tokio::time::Instant::now();
    let mut observed = Vec::new();
    for step in steps {
        let at = start + Duration::from_millis(step.at_ms);
        tokio::time::advance(at.saturating_duration_since(tokio::time::Instant::now())).await;
        let before = service.calls().len();
        let result = match step.op.as_str() {
            "get" => get(parameters, read("a read", &step.args)?).await,
            "get_multiple" => multiple(parameters, read("a read of a path", &step.args)?).await,
            "get_by_name" => by_name(parameters, read("a read by names", &step.args)?).await?,
            "clear_cache" => {
                parameters.clear();
                Ok(Value::Null)
            }
            other => return unsupported(format!("the call `{other}`")),
        };
        let mut seen = match result {
            Ok(value) => json!({ "result": value }),
            Err(_) => json!({ "error": true }),
        };
        // The pages after the first are the same call to Powertools' recorder.
        let calls = service.calls();
        let calls = calls.get(before..).unwrap_or_default().iter();
        seen["calls"] = calls.filter(|call| call.get("NextToken").is_none()).cloned().collect();
        observed.push(seen);
    }
    Ok(observed)
}

async fn get(parameters: &Parameters, arguments: Get) -> Result<Value, ParameterError> {
    let mut request = parameters.get(arguments.name.as_str());
    if let Some(seconds) = arguments.max_age {
        request = request.max_age(Duration::from_secs(seconds));
    }
    if arguments.force_fetch {
        request = request.force();
    }
    if arguments.decrypt {
        request = request.decrypt(true);
    }
    transformed(&request.value().await?, &arguments.name, arguments.transform.as_deref())
}

fn transformed(value: &ParameterValue, name: &str, transform: Option<&str>) -> Result<Value, ParameterError> {
    match transform {
        Some("json") => value.json(),
        Some("binary") => Ok(byte_string(&value.binary()?)),
        Some("auto") => Ok(match value.auto_as(name)? {
            Transformed::Json(value) => value,
            Transformed::Binary(bytes) => byte_string(&bytes),
            Transformed::Text(text) => text.into(),
            _ => Value::Null,
        }),
        _ => Ok(json!(value.text()?)),
    }
}

/// What cannot be read is null, unless it is to fail the whole.
async fn multiple(parameters: &Parameters, arguments: GetMultiple) -> Result<Value, ParameterError> {
    let mut request = parameters.below(arguments.path.as_str());
    if arguments.recursive {
        request = request.recursive();
    }
    let mut all = Map::new();
    for (name, value) in request.await?.iter() {
        let value = transformed(value, name, arguments.transform.as_deref());
        let value = if arguments.raise_on_transform_error { value? } else { value.unwrap_or_default() };
        all.insert(name.clone(), value);
    }
    Ok(all.into())
}

async fn by_name(parameters: &Parameters, arguments: GetByName) -> Result<Result<Value, ParameterError>, Stop> {
    if arguments.parameters.values().any(|options| !options.is_empty()) {
        return unsupported("options of one name");
    }
    let ids = arguments.parameters.into_keys().map(|name| ParameterId::new(name).decrypt(arguments.decrypt));
    let all = parameters.named(ids).await.into_iter();
    let texts = all.map(|(id, value)| Ok((id.name().to_owned(), json!(value?.text()?))));
    Ok(texts.collect::<Result<Map<_, _>, _>>().map(Value::Object))
}

/// Each environment is a source of its own.
pub(super) fn app_config(case: &Case) -> Replay {
    only_these(&case.json["expected"], &["sessions"])?;
    let service = Service::default();
    let calls = case.json["input"]["calls"].as_array().into_iter().flatten();
    let text = |call: &Value, name: &str| call[name].as_str().unwrap_or_default().to_owned();
    crate::exchange::block_on(async {
        for call in calls {
            let source = AppConfig::new(service.app_config(), text(call, "application"), text(call, "environment"));
            // The configuration is empty; which session is opened is what the case tells.
            let _ = Parameters::from_source(source).get(text(call, "name")).value().await;
        }
    });
    let sessions = service.calls().into_iter().filter(|call| call["op"] == "StartConfigurationSession");
    Ok(Compared {
        expected: case.json["expected"].clone(),
        observed: json!({ "sessions": sessions.collect::<Vec<_>>() }),
    })
}

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
    options: OwnOptions,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
struct OwnOptions {
    transform: Option<String>,
    #[serde(default)]
    force_fetch: bool,
}

pub(super) fn own(case: &Case) -> Replay {
    only_these(&case.json["expected"], &["steps"])?;
    let steps: Vec<OwnStep> = read("steps", &case.json["input"]["steps"])?;
    let fetched = Arc::new(AtomicUsize::new(0));
    let values = read("values", &case.json["config"]["backend_values"])?;
    let parameters = Parameters::from_lookup(Own { values, fetched: Arc::clone(&fetched) }, |_| None);
    let observed: Vec<_> = crate::exchange::block_on(async {
        let start = tokio::time::Instant::now();
        let mut observed = Vec::new();
        for OwnStep { at_ms, name, options } in steps {
            let at = start + Duration::from_millis(at_ms);
            tokio::time::advance(at.saturating_duration_since(tokio::time::Instant::now())).await;
            let before = fetched.load(Ordering::SeqCst);
            let OwnOptions { transform, force_fetch } = options;
            let arguments = Get { name, transform, force_fetch, max_age: None, decrypt: false };
            let mut seen = match get(&parameters, arguments).await {
                Ok(value) => json!({ "result": value }),
                Err(_) => json!({ "error": true }),
            };
            seen["fetched"] = (fetched.load(Ordering::SeqCst) - before).into();
            observed.push(seen);
        }
        observed
    });
    let steps = case.json["expected"]["steps"].as_array().into_iter().flatten();
    let told = |step: &Value| match step.get("error") {
        Some(_) => json!({ "error": true, "fetched": step["fetched"] }),
        None => json!({ "result": step["result"], "fetched": step["fetched"] }),
    };
    let expected: Vec<_> = steps.map(told).collect();
    Ok(Compared { expected: json!({ "steps": expected }), observed: json!({ "steps": observed }) })
}

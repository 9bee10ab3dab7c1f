//! The provider for AppConfig: which sessions are opened, by which tokens is polled, and what an empty answer means.

use std::time::Duration;

use pilaster::config::parameters::{AppConfig, ParameterError, Parameters};
use serde::Deserialize;
use serde_json::{Value, json};

use super::providers::Transform;
use super::{Config, expected, steps};
use crate::case::Case;
use crate::compare::byte_string;
use crate::parameters::Service;
use crate::powertools::{only_these, read, variables};
use crate::{Compared, Replay, unsupported};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Calls {
    #[serde(rename = "clock_ms")]
    _clock_ms: Option<u64>,
    calls: Vec<Call>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Call {
    name: String,
    environment: String,
    application: String,
}

/// Each environment is a source of its own.
pub(super) fn sessions(case: &Case) -> Replay {
    only_these(&case.json["expected"], &["sessions"])?;
    variables(case, &[])?;
    let Calls { calls, .. } = read("an input", &case.json["input"])?;
    let service = Service::default();
    crate::exchange::block_on(async {
        for Call { name, environment, application } in calls {
            let source = AppConfig::new(service.app_config(), application, environment);
            // The configuration is empty; the case is about the session that is opened.
            let _ = Parameters::from_source(source).get(name).value().await;
        }
    });
    let sessions = service.calls().into_iter().filter(|call| call["op"] == "StartConfigurationSession");
    Ok(Compared {
        expected: case.json["expected"].clone(),
        observed: json!({ "sessions": sessions.collect::<Vec<_>>() }),
    })
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Get {
    name: String,
    transform: Option<Transform>,
    #[serde(default)]
    force_fetch: bool,
    max_age: Option<u64>,
}

/// Reads of one environment, whose configurations may change from poll to poll.
pub(super) fn replay(case: &Case) -> Replay {
    only_these(&case.json["expected"], &["steps"])?;
    let env = variables(case, &["POWERTOOLS_PARAMETERS_MAX_AGE", "POWERTOOLS_SERVICE_NAME"])?;
    let Config { backend_values, application, environment, .. } = read("a provider", &case.json["config"])?;
    let application = application.or_else(|| env.get("POWERTOOLS_SERVICE_NAME").cloned());
    let (Some(application), Some(environment)) = (application, environment) else {
        return unsupported("an application or environment without a name");
    };
    let service = Service::default();
    for (name, content) in backend_values {
        // One content for each poll, an empty one where nothing changed; the last one stays.
        service.configure(&name, if let Value::Array(contents) = content { contents } else { vec![content] });
    }
    let source = AppConfig::new(service.app_config(), application, environment);
    let parameters = Parameters::from_variables(source, &env.clone().into_iter().collect());
    let steps = steps(case)?;
    let observed = crate::exchange::block_on(async {
        let start = tokio::time::Instant::now();
        let mut observed = Vec::new();
        for step in steps {
            let at = start + Duration::from_millis(step.at_ms);
            tokio::time::advance(at.saturating_duration_since(tokio::time::Instant::now())).await;
            let before = service.calls().len();
            let mut seen = match step.op.as_str() {
                "clear_cache" => {
                    parameters.clear();
                    json!({ "result": null })
                }
                "get" => match get(&parameters, read("a read", &step.args)?).await {
                    Ok(value) => json!({ "result": value }),
                    Err(_) => json!({ "error": true }),
                },
                other => return unsupported(format!("the call `{other}`")),
            };
            seen["calls"] = json!(service.calls().get(before..));
            observed.push(seen);
        }
        Ok(observed)
    })?;
    let expected = expected(&case.json["expected"]["steps"])?;
    Ok(Compared { expected: json!({ "steps": expected }), observed: json!({ "steps": observed }) })
}

async fn get(parameters: &Parameters, arguments: Get) -> Result<Value, ParameterError> {
    let mut request = parameters.get(arguments.name);
    if let Some(seconds) = arguments.max_age {
        request = request.max_age(Duration::from_secs(seconds));
    }
    if arguments.force_fetch {
        request = request.force();
    }
    let value = request.value().await?;
    match arguments.transform {
        Some(Transform::Json) => value.json(),
        Some(Transform::Binary) => Ok(byte_string(&value.binary()?)),
        // A value without a transformation is bytes in Python.
        Some(Transform::Auto) | None => Ok(byte_string(value.text()?.as_bytes())),
    }
}

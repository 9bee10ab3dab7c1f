//! The provider for secrets.

use std::time::Duration;

use pilaster::config::secrets::{ExposeSecret, SecretError, Secrets};
use serde::Deserialize;
use serde_json::{Value, json};

use super::{Step, expected, steps};
use crate::case::Case;
use crate::compare::byte_string;
use crate::powertools::{only_these, read};
use crate::secrets::Service;
use crate::{Compared, Replay, Stop, unsupported};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Arguments {
    name: String,
    transform: Option<String>,
    #[serde(default)]
    force_fetch: bool,
    max_age: Option<u64>,
}

pub(super) fn replay(case: &Case) -> Replay {
    if let Some((name, _)) = case.json["env"].as_object().into_iter().flatten().next() {
        return unsupported(format!("the variable {name}"));
    }
    only_these(&case.json["expected"], &["steps"])?;
    let steps = steps(case)?;
    for step in &steps {
        match step.op.as_str() {
            "clear_cache" => {}
            "get" => drop(read::<Arguments>("a read", &step.args)?),
            other => return unsupported(format!("the call `{other}`")),
        }
    }
    let service = Service::default();
    for (name, value) in case.json["config"]["backend_values"].as_object().into_iter().flatten() {
        service.answer(
            name,
            [match (value.as_str(), value["$bytes_b64"].as_str()) {
                (Some(text), _) => json!({ "SecretString": text, "VersionId": "v1" }),
                (_, Some(base64)) => json!({ "SecretBinary": base64, "VersionId": "v1" }),
                _ => return unsupported("a value that is neither text nor bytes"),
            }],
        );
    }
    let expected = expected(&case.json["expected"]["steps"]);
    let observed = crate::exchange::block_on(run(&steps, &service))?;
    Ok(Compared { expected: json!({ "steps": expected }), observed: json!({ "steps": observed }) })
}

async fn run(steps: &[Step], service: &Service) -> Result<Vec<Value>, Stop> {
    let secrets = Secrets::new(service.client());
    let start = tokio::time::Instant::now();
    let mut observed = Vec::new();
    for step in steps {
        let at = start + Duration::from_millis(step.at_ms);
        tokio::time::advance(at.saturating_duration_since(tokio::time::Instant::now())).await;
        let before = service.calls().len();
        let mut seen = match step.op.as_str() {
            "clear_cache" => {
                secrets.clear();
                json!({ "result": null })
            }
            _ => match get(&secrets, &read("a read", &step.args)?).await {
                Ok(value) => json!({ "result": value }),
                Err(_) => json!({ "error": true }),
            },
        };
        seen["calls"] = json!(service.calls().get(before..));
        observed.push(seen);
    }
    Ok(observed)
}

async fn get(secrets: &Secrets, arguments: &Arguments) -> Result<Value, SecretError> {
    let mut request = secrets.get(arguments.name.as_str());
    if let Some(seconds) = arguments.max_age {
        request = request.max_age(Duration::from_secs(seconds));
    }
    if arguments.force_fetch {
        request = request.force();
    }
    let json = match arguments.transform.as_deref() {
        Some("json") => true,
        Some("auto") => arguments.name.ends_with(".json"),
        _ => false,
    };
    if json {
        return request.json().await;
    }
    let value = request.value().await?;
    match value.binary() {
        Ok(bytes) => Ok(byte_string(bytes.expose_secret())),
        Err(_) => Ok(json!(value.text()?.expose_secret())),
    }
}

//! The provider for secrets.

use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use pilaster::config::secrets::{ExposeSecret, SecretError, Secrets};
use serde::Deserialize;
use serde_json::{Value, json};

use super::providers::Transform;
use super::{Config, Step, expected, steps};
use crate::case::Case;
use crate::compare::byte_string;
use crate::powertools::{only_these, read, variables};
use crate::secrets::Service;
use crate::{Compared, Replay, Stop, unsupported};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Arguments {
    name: String,
    transform: Option<Transform>,
    #[serde(default)]
    force_fetch: bool,
    max_age: Option<u64>,
    #[serde(default)]
    sdk_options: Version,
    #[serde(alias = "VersionId")]
    version_id: Option<String>,
    #[serde(alias = "VersionStage")]
    version_stage: Option<String>,
}

/// Which version of a secret, as the SDK's own options have it.
#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct Version {
    #[serde(rename = "VersionId")]
    id: Option<String>,
    #[serde(rename = "VersionStage")]
    stage: Option<String>,
}

pub(super) fn replay(case: &Case) -> Replay {
    variables(case, &[])?;
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
    let config: Config = read("a provider", &case.json["config"])?;
    for (name, value) in config.backend_values {
        service.answer(
            &name,
            [match (value.as_str(), value["$bytes_b64"].as_str()) {
                (Some(text), _) => json!({ "SecretString": text, "VersionId": "v1" }),
                (_, Some(base64)) => json!({ "SecretBinary": base64, "VersionId": "v1" }),
                _ => return unsupported("a value that is neither text nor bytes"),
            }],
        );
    }
    let expected = expected(&case.json["expected"]["steps"])?;
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
    let Version { id, stage } = &arguments.sdk_options;
    if let Some(id) = id.as_ref().or(arguments.version_id.as_ref()) {
        request = request.version(id);
    }
    if let Some(stage) = stage.as_ref().or(arguments.version_stage.as_ref()) {
        request = request.stage(stage);
    }
    let json = match arguments.transform {
        Some(Transform::Json) => true,
        Some(Transform::Auto) => arguments.name.ends_with(".json"),
        Some(Transform::Binary) | None => false,
    };
    if json {
        return request.json().await;
    }
    if let Some(Transform::Binary) = arguments.transform {
        // A text in base64 is the user's to decode.
        let value = request.value().await?;
        let text = value.text()?.expose_secret();
        return Ok(match STANDARD.decode(text) {
            Ok(bytes) => byte_string(&bytes),
            Err(_) => json!({ "$error": "it is not base64" }),
        });
    }
    let value = request.value().await?;
    match value.binary() {
        Ok(bytes) => Ok(byte_string(bytes.expose_secret())),
        Err(_) => Ok(json!(value.text()?.expose_secret())),
    }
}

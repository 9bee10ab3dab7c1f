//! Powertools' feature flags: its documents, evaluated.

use std::time::SystemTime;

use pilaster::BoxError;
use pilaster::config::flags::Flags;
use pilaster::config::parameters::{ParameterId, ParameterSource, ParameterValue};
use serde::Deserialize;
use serde_json::{Value, json};

use super::{only_these, present, read, seconds_since_1970, variables};
use crate::case::Case;
use crate::{Compared, Replay, Stop, unsupported};

/// A store with the document of the case.
struct Store(Vec<u8>);

impl ParameterSource for Store {
    async fn fetch(&self, id: &ParameterId) -> Result<ParameterValue, BoxError> {
        Ok(ParameterValue::from_bytes(id, self.0.clone()))
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Config {
    document: Value,
    envelope: Option<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Evaluate {
    name: String,
    #[serde(default)]
    context: Value,
    default: Value,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Enabled {
    #[serde(default)]
    context: Value,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Input {
    evaluate: Option<Evaluate>,
    get_enabled_features: Option<Enabled>,
    clock: Option<String>,
    #[serde(default, deserialize_with = "present")]
    get_configuration: Option<Value>,
}

pub(super) fn replay(case: &Case) -> Replay {
    only_these(&case.json["expected"], &["result", "error"])?;
    let config: Config = read("a configuration", &case.json["config"])?;
    variables(case, &[])?;
    let input: Input = read("an input", &case.json["input"])?;
    let now = match input.clock.as_deref() {
        None => SystemTime::now(),
        Some(clock) => {
            let now = seconds_since_1970(clock).ok_or_else(|| Stop::Broken(format!("the clock is {clock}")))?;
            SystemTime::UNIX_EPOCH + std::time::Duration::from_secs(now)
        }
    };
    let mut flags = Flags::new(Store(config.document.to_string().into_bytes()), "features").clock(move || now);
    if let Some(envelope) = config.envelope {
        flags = flags.envelope(&envelope);
    }
    let observed = crate::exchange::block_on(async {
        // A document that is not of the schema is an exception there, and an error of `document` here.
        if let Err(error) = flags.document().await
            && error.schema().is_some()
        {
            return Ok(json!({ "error": true }));
        }
        Ok(match (input.evaluate, input.get_enabled_features, input.get_configuration) {
            (Some(Evaluate { name, context, default }), None, None) => {
                json!({ "result": flags.evaluate(&name, &context, default).await })
            }
            (None, Some(Enabled { context }), None) => {
                json!({ "result": flags.enabled_features(&context).await })
            }
            _ => return unsupported("another call than `evaluate` and `get_enabled_features`"),
        })
    })?;
    let expected = match case.json["expected"].get("error") {
        Some(_) => json!({ "error": true }),
        None => case.json["expected"].clone(),
    };
    Ok(Compared { expected, observed })
}

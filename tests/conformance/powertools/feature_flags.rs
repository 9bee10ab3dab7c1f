//! Powertools' feature flags: its documents, evaluated.

use std::time::SystemTime;

use pilaster::BoxError;
use pilaster::config::flags::Flags;
use pilaster::config::parameters::{ParameterId, ParameterSource, ParameterValue};
use serde::Deserialize;
use serde_json::{Value, json};

use super::{only_these, read};
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

pub(super) fn replay(case: &Case) -> Replay {
    only_these(&case.json["expected"], &["result", "error"])?;
    let config: Config = read("a configuration", &case.json["config"])?;
    let input = &case.json["input"];
    let now = match input["clock"].as_str() {
        None => SystemTime::now(),
        Some(clock) => {
            let now = time(clock).ok_or_else(|| Stop::Broken(format!("the clock is {clock}")))?;
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
        Ok(if input.get("evaluate").is_some() {
            let Evaluate { name, context, default } = read("an evaluation", &input["evaluate"])?;
            json!({ "result": flags.evaluate(&name, &context, default).await })
        } else if let Some(all) = input.get("get_enabled_features") {
            json!({ "result": flags.enabled_features(&all["context"]).await })
        } else {
            return unsupported("another call than `evaluate` and `get_enabled_features`");
        })
    })?;
    let expected = match case.json["expected"].get("error") {
        Some(_) => json!({ "error": true }),
        None => case.json["expected"].clone(),
    };
    Ok(Compared { expected, observed })
}

/// Seconds since 1970 of `2022-02-15T11:12:00Z`, by a day's number in the proleptic Gregorian calendar.
fn time(text: &str) -> Option<u64> {
    let (date, clock) = text.strip_suffix('Z')?.split_once('T')?;
    let numbers = |text: &str, by| text.split(by).map(|part| part.parse::<u64>().ok()).collect::<Option<Vec<_>>>();
    let (date, clock) = (numbers(date, '-')?, numbers(clock, ':')?);
    let (&[year, month, day], &[hour, minute, second]) = (date.as_slice(), clock.as_slice()) else { return None };
    // March is the first month, so that the leap day is the last of its year.
    let (year, month) = if month > 2 { (year, month - 3) } else { (year - 1, month + 9) };
    let days = 365 * year + year / 4 - year / 100 + year / 400 + (153 * month + 2) / 5 + day - 1 - 719_468;
    Some(((days * 24 + hour) * 60 + minute) * 60 + second)
}

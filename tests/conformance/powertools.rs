//! Cases of Powertools for AWS Lambda.

mod answers;
mod batch;
mod bedrock;
mod channels;
mod cors;
mod data_classes;
mod event_handler;
mod feature_flags;
mod idempotency;
mod jmespath;
pub(crate) mod logger;
mod metrics;
mod middleware;
mod parameters;
mod raised;
mod routes;
mod tracer;

use std::collections::BTreeMap;

use serde::Deserialize as _;
use serde::de::{DeserializeOwned, Deserializer};
use serde_json::Value;

use crate::case::Case;
use crate::{Replay, Stop, only_these, unsupported};

/// Replays a case, whatever its utility.
pub(crate) fn replay(case: &Case) -> Replay {
    match case.group.as_str() {
        "batch" => batch::replay(case),
        "event_handler" if case.json["config"]["resolver"] == "bedrock_agent_function" => bedrock::replay(case),
        "event_handler" => event_handler::replay(case),
        "data_classes" => data_classes::replay(case),
        "feature_flags" => feature_flags::replay(case),
        "parameters" => parameters::replay(case),
        "logger" => logger::replay(case),
        "idempotency" => idempotency::replay(case),
        "jmespath" => jmespath::replay(case),
        "metrics" => metrics::replay(case),
        "tracer" => tracer::replay(case),
        "middleware_factory" => middleware::replay(case),
        "validation" => unsupported("JSON schemas: a type is the schema, and `Valid` what it asks of its values"),
        "circuit_breaker" => unsupported("a circuit breaker, of which tower has some from other crates"),
        _ => unsupported("has no counterpart in this release"),
    }
}

/// A part of a case as a type; what the type does not know has no counterpart.
fn read<T: DeserializeOwned>(what: &str, value: &Value) -> Result<T, Stop> {
    serde_json::from_value(value.clone()).map_err(|error| {
        let text = error.to_string();
        let option = text.strip_prefix("unknown field ").and_then(|rest| rest.split(',').next());
        Stop::Unsupported(match option {
            Some(option) => format!("{what} with {option}"),
            None => format!("{what}: {text}"),
        })
    })
}

/// Seconds since 1970 of `2022-02-15T11:12:00Z`, also without the `Z`, by a day's number in the proleptic Gregorian calendar.
fn seconds_since_1970(text: &str) -> Option<u64> {
    let (date, clock) = text.strip_suffix('Z').unwrap_or(text).split_once('T')?;
    let numbers = |text: &str, by| text.split(by).map(|part| part.parse::<u64>().ok()).collect::<Option<Vec<_>>>();
    let (date, clock) = (numbers(date, '-')?, numbers(clock, ':')?);
    let (&[year, month, day], &[hour, minute, second]) = (date.as_slice(), clock.as_slice()) else { return None };
    // March is the first month, so that the leap day is the last of its year.
    let (year, month) = if month > 2 { (year, month - 3) } else { (year - 1, month + 9) };
    let days = 365 * year + year / 4 - year / 100 + year / 400 + (153 * month + 2) / 5 + day - 1 - 719_468;
    Some(((days * 24 + hour) * 60 + minute) * 60 + second)
}

/// The variables of a case, which must be among those that its utility reads.
fn variables(case: &Case, known: &[&str]) -> Result<BTreeMap<String, String>, Stop> {
    let mut all = BTreeMap::new();
    for (name, value) in case.json["env"].as_object().into_iter().flatten() {
        if !known.contains(&name.as_str()) {
            return unsupported(format!("the variable {name}"));
        }
        all.insert(name.clone(), value.as_str().map_or_else(|| value.to_string(), ToOwned::to_owned));
    }
    Ok(all)
}

/// A value that is there, `null` included.
fn present<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Value>, D::Error> {
    Value::deserialize(deserializer).map(Some)
}

//! Cases of Powertools for AWS Lambda.

mod answers;
mod batch;
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

use serde::de::DeserializeOwned;
use serde_json::Value;

use crate::case::Case;
use crate::{Replay, Stop, unsupported};

/// Replays a case, whatever its utility.
pub(crate) fn replay(case: &Case) -> Replay {
    match case.group.as_str() {
        "batch" => batch::replay(case),
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

/// What a replay does not compare must not be told by a case.
fn only_these(expected: &Value, known: &[&str]) -> Result<(), Stop> {
    match expected.as_object().into_iter().flatten().find(|(name, _)| !known.contains(&name.as_str())) {
        Some((name, _)) => unsupported(format!("expectations of the kind `{name}`")),
        None => Ok(()),
    }
}

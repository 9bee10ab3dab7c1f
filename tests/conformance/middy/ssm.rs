//! `ssm`: its options as reads of Pilaster's `Parameters`, over a client whose connection ends in the runner.

use std::collections::BTreeMap;
use std::time::Duration;

use pilaster::config::parameters::{ParameterError, ParameterId, ParameterKind, ParameterValue, Parameters};
use serde::Deserialize;
use serde_json::{Map, Value, json};

use super::options;
use crate::case::Case;
use crate::parameters::Service;
use crate::{Compared, Replay, Stop, unsupported};

#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
struct Options {
    #[serde(default)]
    fetch_data: BTreeMap<String, String>,
    /// Without it middy fetches while it is made, as `warm` does during initialisation.
    #[serde(default)]
    disable_prefetch: bool,
    #[serde(default = "for_ever")]
    cache_expiry: i64,
    #[serde(default)]
    set_to_context: bool,
}

fn for_ever() -> i64 {
    -1
}

pub(super) fn replay(case: &Case) -> Replay {
    let (Some([middleware]), Some(steps)) =
        (case.json["chain"].as_array().map(Vec::as_slice), case.json["steps"].as_array())
    else {
        return unsupported("a chain of several");
    };
    let options: Options = options(&middleware["config"])?;
    if !options.disable_prefetch {
        return unsupported("a prefetch while the chain is made");
    }
    if options.fetch_data.values().any(|name| name.ends_with('/')) {
        return unsupported("a path among the names");
    }
    let time_to_live = match options.cache_expiry {
        -1 => Duration::MAX,
        expiry => Duration::from_millis(expiry.unsigned_abs()),
    };
    let service = Service::default();
    for call in case.json["aws"].as_array().into_iter().flatten() {
        if call["command"] != "GetParametersCommand" {
            return unsupported(format!("the call {}", call["command"]));
        }
        service.answer(call["outputs"].as_array().into_iter().flatten().cloned());
    }
    // The names are asked for in middy's order, that of the configuration.
    let names: Vec<(String, String)> = match &middleware["config"]["fetchData"] {
        Value::Object(all) => ordered(all, case),
        _ => Vec::new(),
    };
    let (expected, observed) = crate::exchange::block_on(run(steps, &options, &names, &service, time_to_live))?;
    Ok(Compared { expected: json!({ "steps": expected }), observed: json!({ "steps": observed }) })
}

/// The keys with their names, in the order of the recorded calls.
fn ordered(all: &Map<String, Value>, case: &Case) -> Vec<(String, String)> {
    let calls = case.json["aws"].as_array().into_iter().flatten();
    let names = calls.flat_map(|call| call["input"]["Names"].as_array().into_iter().flatten());
    let order: Vec<_> = names.filter_map(Value::as_str).collect();
    let mut all: Vec<_> =
        all.iter().map(|(key, name)| (key.clone(), name.as_str().unwrap_or_default().to_owned())).collect();
    all.sort_by_key(|(_, name)| order.iter().position(|other| other == name));
    all
}

async fn run(
    steps: &[Value],
    options: &Options,
    names: &[(String, String)],
    service: &Service,
    time_to_live: Duration,
) -> Result<(Vec<Value>, Vec<Value>), Stop> {
    let known = ["construct", "invoke", "internal", "context", "error", "expect_aws_calls"];
    let parameters = Parameters::from_lookup(service.ssm(), |_| None).time_to_live(time_to_live);
    let (mut expected, mut observed) = (Vec::new(), Vec::new());
    for step in steps {
        if let Some(name) =
            step.as_object().into_iter().flat_map(Map::keys).find(|name| !known.contains(&name.as_str()))
        {
            return unsupported(format!("steps with `{name}`"));
        }
        if let Some(calls) = step.get("expect_aws_calls") {
            expected.push(json!({ "calls": calls }));
            observed.push(json!({ "calls": service.calls().len() }));
        }
        if step.get("invoke").is_none() {
            continue;
        }
        let place = if options.set_to_context { "context" } else { "internal" };
        let wanted = step[place].as_object().cloned().unwrap_or_default();
        let ids = names.iter().map(|(_, name)| ParameterId::new(name.clone()).decrypt(true));
        let mut values = parameters.named(ids).await;
        let mut told = Map::new();
        let mut failed = Vec::new();
        for (key, name) in names {
            match values.remove(name).map(|value| value.and_then(|value| read(&value))) {
                Some(Ok(value)) => drop(told.insert(key.clone(), value)),
                Some(Err(error)) => failed.extend(error.parameter().map(str::to_owned)),
                None => {}
            }
        }
        // A name that is not there is told by its error; middy tells it in the message.
        let messages = step.pointer("/error/cause/data_messages").and_then(Value::as_array);
        let invalid =
            messages.into_iter().flatten().filter_map(|text| text.as_str()?.strip_prefix("InvalidParameter "));
        let invalid: Vec<_> = invalid.collect();
        let named = if invalid.is_empty() { Vec::new() } else { failed.clone() };
        expected.push(json!({ "failed": step.get("error").is_some(), "values": wanted, "invalid": invalid }));
        observed.push(json!({ "failed": !failed.is_empty(), "values": told, "invalid": named }));
    }
    Ok((expected, observed))
}

/// What a type says in Rust middy guesses: a list by its kind, JSON where the text is an object or a list.
fn read(value: &ParameterValue) -> Result<Value, ParameterError> {
    let text = value.text()?;
    if value.kind() == Some(ParameterKind::StringList) {
        return Ok(json!(value.list()?));
    }
    if text.starts_with(['{', '[']) { value.json() } else { Ok(json!(text)) }
}

//! `ssm`: its options as reads of Pilaster's `Parameters`, over a client whose connection ends in the runner.

use std::collections::BTreeMap;
use std::time::Duration;

use pilaster::config::parameters::{ParameterError, ParameterId, ParameterKind, ParameterValue, Parameters};
use serde::Deserialize;
use serde_json::{Map, Value, json};

use super::options;
use super::secrets::{Call, Input, Step};
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
    let options: Options = options(super::only(case)?)?;
    let steps: Vec<Step> = super::options(&case.json["steps"])?;
    let calls: Vec<Call> = super::options(&case.json["aws"])?;
    let time_to_live = match options.cache_expiry {
        -1 => Duration::MAX,
        expiry => Duration::from_millis(expiry.unsigned_abs()),
    };
    let service = Service::default();
    // The names are asked for in middy's order, that of the configuration, which the recorded calls have.
    let mut order = Vec::new();
    for Call { command, input, outputs } in calls {
        match (command.as_str(), input) {
            ("GetParametersCommand", Input { names: Some(names), .. }) => {
                service.answer(outputs);
                order.extend(names);
            }
            ("GetParametersByPathCommand", Input { path: Some(path), .. }) => {
                service.answer(outputs);
                order.push(path);
            }
            (command, _) => return unsupported(format!("the call {command}")),
        }
    }
    let mut names: Vec<_> = options.fetch_data.clone().into_iter().collect();
    names.sort_by_key(|(_, name)| order.iter().position(|other| other == name));
    let (expected, observed) = crate::exchange::block_on(run(&steps, &options, &names, &service, time_to_live))?;
    Ok(Compared { expected: json!({ "steps": expected }), observed: json!({ "steps": observed }) })
}

/// The values of all names at once, and the names that failed. A name with a slash at its end is a path.
async fn fetch(parameters: &Parameters, names: &[(String, String)]) -> (Map<String, Value>, Vec<String>) {
    let ids = names.iter().filter(|(_, name)| !name.ends_with('/'));
    let ids: Vec<_> = ids.map(|(_, name)| ParameterId::new(name.clone()).decrypt(true)).collect();
    let mut values = parameters.named(ids).await;
    let (mut found, mut failed) = (Map::new(), Vec::new());
    for (key, name) in names {
        let value = match name.ends_with('/') {
            true => match parameters.below(name.clone()).recursive().decrypt(true).await {
                Ok(all) => all.iter().map(|(name, value)| Ok((name.clone(), read(value)?))).collect(),
                Err(error) => Err(error),
            }
            .map(Value::Object),
            false => match values.remove(name) {
                Some(value) => value.and_then(|value| read(&value)),
                None => continue,
            },
        };
        match value {
            Ok(value) => drop(found.insert(key.clone(), value)),
            Err(error) => failed.push(error.parameter().unwrap_or(name).to_owned()),
        }
    }
    (found, failed)
}

/// An error of a step.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Failed {
    #[serde(rename = "message")]
    _message: Option<String>,
    #[serde(default)]
    cause: Cause,
}

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct Cause {
    #[serde(rename = "package")]
    _package: Option<String>,
    data_messages: Vec<String>,
}

async fn run(
    steps: &[Step],
    options: &Options,
    names: &[(String, String)],
    service: &Service,
    time_to_live: Duration,
) -> Result<(Vec<Value>, Vec<Value>), Stop> {
    let parameters = Parameters::from_source(service.ssm()).time_to_live(time_to_live);
    let (mut expected, mut observed) = (Vec::new(), Vec::new());
    for step in steps {
        if step.construct.is_some() && !options.disable_prefetch && !time_to_live.is_zero() {
            // As `warm` does during initialisation.
            fetch(&parameters, names).await;
        }
        if let Some(by) = step.advance_ms {
            tokio::time::advance(Duration::from_millis(by)).await;
        }
        if step.invoke.is_some() {
            let wanted = if options.set_to_context { &step.context } else { &step.internal };
            let wanted = wanted.clone().unwrap_or_default();
            let (found, failed) = fetch(&parameters, names).await;
            // The error has the missing name; in middy its message has it.
            let error: Option<Failed> = step.error.as_ref().map(super::options).transpose()?;
            let messages = error.iter().flat_map(|error| &error.cause.data_messages);
            let invalid: Vec<_> = messages.filter_map(|text| text.strip_prefix("InvalidParameter ")).collect();
            let named = if invalid.is_empty() { Vec::new() } else { failed.clone() };
            expected.push(json!({ "failed": step.error.is_some(), "values": wanted, "invalid": invalid }));
            observed.push(json!({ "failed": !failed.is_empty(), "values": found, "invalid": named }));
        }
        if let Some(calls) = step.expect_aws_calls {
            expected.push(json!({ "calls": calls }));
            observed.push(json!({ "calls": service.calls().len() }));
        }
    }
    Ok((expected, observed))
}

/// middy guesses what a type decides in Rust: a list by its kind, JSON where the text is an object or a list.
fn read(value: &ParameterValue) -> Result<Value, ParameterError> {
    let text = value.text()?;
    if value.kind() == Some(ParameterKind::StringList) {
        return Ok(json!(value.list()?));
    }
    if text.starts_with(['{', '[']) { value.json() } else { Ok(json!(text)) }
}

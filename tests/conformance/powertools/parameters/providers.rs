//! The provider for SSM.

use std::collections::BTreeMap;
use std::time::Duration;

use pilaster::config::parameters::{AutoValue, ParameterError, ParameterId, ParameterValue, Parameters};
use serde::Deserialize;
use serde_json::{Map, Value, json};

use super::{Config, Step, expected, steps};
use crate::case::Case;
use crate::compare::byte_string;
use crate::parameters::Service;
use crate::powertools::{only_these, read, variables};
use crate::{Compared, Replay, Stop, unsupported};

/// The options of a read of one parameter.
#[derive(Clone, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct Options {
    transform: Option<Transform>,
    #[serde(alias = "forceFetch")]
    force_fetch: bool,
    #[serde(alias = "maxAge")]
    max_age: Option<u64>,
    /// The provider's own setting, unless the call has one.
    decrypt: Option<bool>,
}

#[derive(Clone, Copy, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Transform {
    Json,
    Binary,
    Auto,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Get {
    name: String,
    transform: Option<Transform>,
    #[serde(default)]
    force_fetch: bool,
    max_age: Option<u64>,
    decrypt: Option<bool>,
}

impl Get {
    fn split(self) -> (String, Options) {
        let Self { name, transform, force_fetch, max_age, decrypt } = self;
        (name, Options { transform, force_fetch, max_age, decrypt })
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct GetMultiple {
    path: String,
    transform: Option<Transform>,
    #[serde(default)]
    raise_on_transform_error: bool,
    #[serde(default)]
    recursive: bool,
    #[serde(default)]
    decrypt: Option<bool>,
    #[serde(default)]
    force_fetch: bool,
    max_age: Option<u64>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct GetByName {
    parameters: BTreeMap<String, Option<OfName>>,
    transform: Option<Transform>,
    decrypt: Option<bool>,
    max_age: Option<u64>,
    /// Without it, the names that failed are returned beside the values.
    raise_on_error: Option<bool>,
}

/// The options of a read of one of several parameters.
#[derive(Clone, Copy, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct OfName {
    transform: Option<Transform>,
    decrypt: Option<bool>,
    max_age: Option<u64>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Set {
    name: String,
    value: String,
    #[serde(default)]
    overwrite: bool,
    description: Option<String>,
}

/// The variables that a case may set.
pub(super) const VARIABLES: [&str; 2] = ["POWERTOOLS_PARAMETERS_MAX_AGE", "POWERTOOLS_PARAMETERS_SSM_DECRYPT"];

pub(super) fn ssm(case: &Case) -> Replay {
    only_these(&case.json["expected"], &["steps"])?;
    let steps = steps(case)?;
    let config: Config = read("a provider", &case.json["config"])?;
    let env = variables(case, &VARIABLES)?;
    let service = Service::default();
    for (name, value) in config.backend_values {
        service.put(&name, value);
    }
    let parameters = Parameters::from_variables(service.ssm(), &env.clone().into_iter().collect());
    let observed = crate::exchange::block_on(run(&steps, &service, &parameters))?;
    let expected = expected(&case.json["expected"]["steps"])?;
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
            "get" => {
                let (name, options) = read::<Get>("a read", &step.args)?.split();
                get(parameters, &name, &options).await
            }
            "get_multiple" => multiple(parameters, read("a read of a path", &step.args)?).await,
            "get_by_name" | "get_parameters_by_name" => {
                by_name(parameters, read("a read by names", &step.args)?).await?
            }
            "set" => set(parameters, read("a write", &step.args)?).await,
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

pub(super) async fn get(parameters: &Parameters, name: &str, options: &Options) -> Result<Value, ParameterError> {
    let mut request = parameters.get(name.to_owned());
    if let Some(decrypt) = options.decrypt {
        request = request.decrypt(decrypt);
    }
    if let Some(seconds) = options.max_age {
        request = request.max_age(Duration::from_secs(seconds));
    }
    if options.force_fetch {
        request = request.force();
    }
    transformed(&request.value().await?, name, options.transform)
}

fn transformed(value: &ParameterValue, name: &str, transform: Option<Transform>) -> Result<Value, ParameterError> {
    match transform {
        Some(Transform::Json) => value.json(),
        Some(Transform::Binary) => Ok(byte_string(&value.binary()?)),
        Some(Transform::Auto) => Ok(match value.auto_as(name)? {
            AutoValue::Json(value) => value,
            AutoValue::Binary(bytes) => byte_string(&bytes),
            AutoValue::Text(text) => text.into(),
            _ => Value::Null,
        }),
        None => Ok(json!(value.text()?)),
    }
}

/// A parameter that cannot be read is null, unless it must fail the whole read.
async fn multiple(parameters: &Parameters, arguments: GetMultiple) -> Result<Value, ParameterError> {
    let mut request = parameters.below(arguments.path.clone());
    if arguments.recursive {
        request = request.recursive();
    }
    if let Some(decrypt) = arguments.decrypt {
        request = request.decrypt(decrypt);
    }
    if let Some(seconds) = arguments.max_age {
        request = request.max_age(Duration::from_secs(seconds));
    }
    if arguments.force_fetch {
        request = request.force();
    }
    let mut all = Map::new();
    for (name, value) in request.await?.iter() {
        let value = transformed(value, name, arguments.transform);
        let value = if arguments.raise_on_transform_error { value? } else { value.unwrap_or_default() };
        all.insert(name.clone(), value);
    }
    Ok(all.into())
}

/// A read of names that differ in nothing is one call of `named`; those with an age of their own are read one by one.
async fn by_name(parameters: &Parameters, arguments: GetByName) -> Result<Result<Value, ParameterError>, Stop> {
    let GetByName { parameters: names, transform, decrypt, max_age, raise_on_error } = arguments;
    let options = |own: Option<OfName>| {
        let own = own.unwrap_or_default();
        Options {
            transform: own.transform.or(transform),
            decrypt: own.decrypt.or(decrypt),
            max_age: own.max_age.or(max_age),
            force_fetch: false,
        }
    };
    let names: BTreeMap<_, _> = names.into_iter().map(|(name, own)| (name, options(own))).collect();
    let aged: Vec<_> = names.iter().filter(|(_, options)| options.max_age.is_some()).collect();
    let together = names.iter().filter(|(_, options)| options.max_age.is_none());
    let ids = together.map(|(name, options)| {
        let id = ParameterId::new(name.clone());
        options.decrypt.map_or(id.clone(), |decrypt| id.decrypt(decrypt))
    });
    let mut all = BTreeMap::new();
    for (id, value) in parameters.named(ids).await {
        let name = id.name().to_owned();
        let transform = names.get(&name).and_then(|options| options.transform);
        let value = value.and_then(|value| transformed(&value, &name, transform));
        all.insert(name, value);
    }
    for (name, options) in aged {
        all.insert(name.clone(), get(parameters, name, options).await);
    }
    if raise_on_error == Some(false) {
        let (mut values, mut failed) = (Map::new(), Vec::new());
        for (name, value) in all {
            match value {
                Ok(value) => drop(values.insert(name, value)),
                Err(_) => failed.push(json!(name)),
            }
        }
        if !failed.is_empty() {
            values.insert("_errors".to_owned(), failed.into());
        }
        return Ok(Ok(Value::Object(values)));
    }
    let all = all.into_iter().map(|(name, value)| Ok((name, value?)));
    Ok(all.collect::<Result<Map<_, _>, _>>().map(Value::Object))
}

async fn set(parameters: &Parameters, arguments: Set) -> Result<Value, ParameterError> {
    let Set { name, value, overwrite, description } = arguments;
    let mut request = parameters.set(name, value);
    if overwrite {
        request = request.overwrite();
    }
    if let Some(description) = description {
        request = request.description(description);
    }
    request.await.map(|version| json!({ "Version": version }))
}

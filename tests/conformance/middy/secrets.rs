//! `secrets-manager`: its options as those of Pilaster's `Secrets`, over a client whose connection ends in the runner.

use std::collections::BTreeMap;
use std::time::Duration;

use pilaster::config::secrets::{ExposeSecret, SecretError, Secrets};
use serde::Deserialize;
use serde_json::{Map, Value, json};

use super::options;
use crate::case::Case;
use crate::secrets::Service;
use crate::{Compared, Replay, Stop, unsupported};

/// From here on middy takes an expiry for a moment, in milliseconds.
const DAY: i64 = 86_400_000;

#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
struct Options {
    #[serde(default)]
    fetch_data: BTreeMap<String, String>,
    #[serde(default)]
    disable_prefetch: bool,
    #[serde(default = "for_ever")]
    cache_expiry: i64,
    /// The name of the cache, which every `Secrets` has of its own.
    #[serde(default = "own")]
    cache_key: String,
    #[serde(default)]
    cache_key_expiry: BTreeMap<String, i64>,
    #[serde(default)]
    set_to_context: bool,
}

fn for_ever() -> i64 {
    -1
}

fn own() -> String {
    "@middy/secrets-manager".to_owned()
}

pub(super) fn replay(case: &Case) -> Replay {
    let options: Options = options(super::only(case)?)?;
    let steps: Vec<Step> = super::options(&case.json["steps"])?;
    let calls: Vec<Call> = super::options(&case.json["aws"])?;
    let expiry = options.cache_key_expiry.get(&options.cache_key).copied().unwrap_or(options.cache_expiry);
    let time_to_live = match expiry {
        -1 => Duration::MAX,
        0..=DAY => Duration::from_millis(expiry.unsigned_abs()),
        _ => return unsupported("an expiry at a moment instead of after a time"),
    };
    let service = Service::default();
    for call in calls {
        match (call.command.as_str(), call.input) {
            ("GetSecretValueCommand", Input { secret_id: Some(id), .. }) => service.answer(&id, call.outputs),
            (command, _) => return unsupported(format!("the call {command}")),
        }
    }
    let (expected, observed) = crate::exchange::block_on(run(&steps, &options, &service, time_to_live))?;
    Ok(Compared { expected: json!({ "steps": expected }), observed: json!({ "steps": observed }) })
}

/// A step of a case.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Step {
    pub(super) construct: Option<bool>,
    pub(super) invoke: Option<Invoke>,
    pub(super) internal: Option<Map<String, Value>>,
    pub(super) context: Option<Map<String, Value>>,
    #[serde(default, rename = "response_ok")]
    _response_ok: Option<bool>,
    pub(super) error: Option<Value>,
    pub(super) advance_ms: Option<u64>,
    pub(super) settle: Option<bool>,
    pub(super) expect_aws_calls: Option<usize>,
}

/// A call without an event of its own.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Invoke {}

/// The responses of the service to a command, in order.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Call {
    pub(super) command: String,
    pub(super) input: Input,
    pub(super) outputs: Vec<Value>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "PascalCase")]
pub(super) struct Input {
    pub(super) secret_id: Option<String>,
    pub(super) names: Option<Vec<String>>,
    pub(super) path: Option<String>,
    #[serde(rename = "Recursive")]
    _recursive: Option<bool>,
    #[serde(rename = "WithDecryption")]
    _with_decryption: Option<bool>,
    #[serde(rename = "NextToken")]
    _next_token: Option<String>,
}

async fn run(
    steps: &[Step],
    options: &Options,
    service: &Service,
    time_to_live: Duration,
) -> Result<(Vec<Value>, Vec<Value>), Stop> {
    let mut secrets = None;
    let (mut expected, mut observed) = (Vec::new(), Vec::new());
    for step in steps {
        if step.construct.is_some() {
            let made = Secrets::new(service.client()).time_to_live(time_to_live);
            if !options.disable_prefetch && !time_to_live.is_zero() {
                // As `warm` does during initialisation.
                fetch(&made, options, &Map::new()).await;
            }
            secrets = Some(made);
        }
        if let Some(by) = step.advance_ms {
            tokio::time::advance(Duration::from_millis(by)).await;
        }
        if step.settle.is_some() {
            settle().await;
        }
        if step.invoke.is_some() {
            let Some(secrets) = &secrets else { return Err(Stop::Broken("nothing was constructed".to_owned())) };
            // With `setToContext` the values are in the context alone, or there as well.
            let of_context = step.context.as_ref().filter(|_| options.set_to_context);
            let wanted = step.internal.as_ref().or(of_context).cloned().unwrap_or_default();
            let values = fetch(secrets, options, &wanted).await;
            let failed = values.values().any(Option::is_none);
            expected.push(json!({ "failed": step.error.is_some(), "values": wanted }));
            let known: Map<_, _> = values.into_iter().filter_map(|(key, value)| Some((key, value?))).collect();
            let values = known.into_iter().filter(|(key, _)| wanted.contains_key(key));
            observed.push(json!({ "failed": failed, "values": Value::Object(values.collect()) }));
            // A handler takes a value as an argument, which is what `setToContext` is for.
            if let Some(context) = of_context {
                let present = wanted.keys().all(|key| context.contains_key(key));
                expected.push(json!({ "in_context": true }));
                observed.push(json!({ "in_context": present && !failed }));
            }
        }
        if let Some(calls) = step.expect_aws_calls {
            settle().await;
            expected.push(json!({ "calls": calls }));
            observed.push(json!({ "calls": service.calls().len() }));
        }
    }
    Ok((expected, observed))
}

/// Lets what runs beside the steps come to its end.
async fn settle() {
    for _ in 0..64 {
        tokio::task::yield_now().await;
    }
}

/// All secrets at once; `None` where one failed. A type decides in Rust, the expectation here: text or JSON.
async fn fetch(secrets: &Secrets, options: &Options, wanted: &Map<String, Value>) -> BTreeMap<String, Option<Value>> {
    let one = async |key: &String, id: &String| -> Result<Value, SecretError> {
        match wanted.get(key) {
            None | Some(Value::String(_)) => Ok(json!(secrets.get(id.as_str()).text().await?.expose_secret())),
            Some(_) => secrets.get(id.as_str()).json().await,
        }
    };
    let all = options.fetch_data.iter().map(async |(key, id)| (key.clone(), one(key, id).await.ok()));
    futures_util::future::join_all(all).await.into_iter().collect()
}

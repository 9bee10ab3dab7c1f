//! Powertools' idempotency: a function under `IdempotencyLayer`, over a table that evaluates the store's conditions.

mod config;
mod table;

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use lambda_runtime::Context;
use pilaster::idempotency::{
    DynamoDbStore, HashFunction, Idempotency, IdempotencyLayer, KeyFormat, MemoryStore, Store as IdempotencyStore,
};
use pilaster::observe::logging::{CapturedLogs, Level, Logs};
use pilaster::{BoxError, FunctionError, Incoming, Invocation, Outgoing};
use serde_json::value::to_raw_value;
use serde_json::{Value, json};
use tower::{Layer, ServiceExt, service_fn};

use self::config::{Config, Handler, Input, Raised, Raises};
use self::table::Table;
use super::{only_these, read, variables};
use crate::case::Case;
use crate::{Compared, Replay, Stop, unsupported};

/// The variables that a case may set.
const VARIABLES: [&str; 1] = ["POWERTOOLS_IDEMPOTENCY_DISABLED"];

pub(super) fn replay(case: &Case) -> Replay {
    let env = variables(case, &VARIABLES)?;
    if !env.is_empty() && !crate::child::is_here() {
        return crate::child::replay(case, env.into_iter());
    }
    let config: Config = read("a configuration", &case.json["config"])?;
    let input: Input = read("an input", &case.json["input"])?;
    let format = if case.json["lang"] == "typescript" { KeyFormat::TypeScript } else { KeyFormat::Python };
    match config.store.kind.as_str() {
        "dynamodb" => {}
        // A fault of Redis must not occur with any store.
        "cache" if case.defect => return any_store(case, &config, input, format),
        other => return unsupported(format!("the store `{other}`")),
    }
    let expected = &case.json["expected"];
    let log = CapturedLogs::default();
    let guard = tracing::subscriber::set_default(Logs::new().level(Level::Warn).writer(log.clone()).build());
    let mut observed = crate::exchange::block_on(run(config, input, format))?;
    drop(guard);
    if expected.get("invocations").is_none() {
        // One call, with what it asked the store by name.
        only_these(expected, &["error", "handler_executed", "store_calls", "result"])?;
        let mut call = observed["invocations"][0].clone();
        let names = call["store_calls"].as_array().into_iter().flatten().map(|call| call["op"].clone()).collect();
        call["store_calls"] = names;
        return Ok(Compared { expected: outcome(expected), observed: call });
    }
    only_these(expected, &["invocations", "final_items", "warnings"])?;
    let calls = expected["invocations"].as_array().into_iter().flatten().map(outcome).collect::<Vec<_>>();
    let mut wanted = json!({ "invocations": calls });
    match expected.get("final_items") {
        Some(items) => wanted["final_items"] = items.clone(),
        None => drop(observed.as_object_mut().and_then(|observed| observed.remove("final_items"))),
    }
    // Only the presence of warnings is compared: their texts and their number differ between the libraries.
    if let Some(warnings) = expected["warnings"].as_array() {
        wanted["warns"] = json!(!warnings.is_empty());
        observed["warns"] = json!(log.lines().iter().any(|line| line["level"] == "WARN"));
    }
    Ok(Compared { expected: wanted, observed })
}

/// The results alone, over a store in memory.
fn any_store(case: &Case, config: &Config, input: Input, format: KeyFormat) -> Replay {
    let idempotency = idempotency(config, MemoryStore::new(), format)?;
    let default = Handler { returns: Some(json!({ "ok": true })), raises: None };
    let seen = crate::exchange::block_on(invoke(idempotency, input, default, format, &Vec::new))?;
    let only = |call: &Value| match call.get("error") {
        Some(error) => json!({ "error": error["kind"] }),
        None => json!({ "result": call["result"] }),
    };
    let calls = |calls: Vec<Value>| calls.iter().map(only).collect::<Vec<_>>();
    let expected = case.json["expected"]["invocations"].as_array().cloned().unwrap_or_default();
    Ok(Compared {
        expected: json!({ "invocations": calls(expected) }),
        observed: json!({ "invocations": calls(seen) }),
    })
}

/// The kinds of errors are compared, and the texts of the function's own: those of the library are Powertools' words.
fn outcome(expected: &Value) -> Value {
    let mut expected = expected.clone();
    if let Some(error) = expected["error"].as_object_mut()
        && error["kind"].as_str().is_some_and(|kind| kind.starts_with("Idempotency"))
    {
        error.remove("message");
    }
    for call in expected["store_calls"].as_array_mut().into_iter().flatten() {
        table::normalize(call);
    }
    if expected.get("error").is_some_and(Value::is_null) {
        expected.as_object_mut().map(|expected| expected.remove("error"));
    }
    expected
}

fn idempotency(config: &Config, store: impl IdempotencyStore, format: KeyFormat) -> Result<Idempotency, Stop> {
    let options = &config.idempotency;
    let name = config.function.lambda_name.as_deref().unwrap_or("test-func");
    let prefix = match (&options.key_prefix, &config.function.key_prefix, &config.function.qualified_name) {
        (Some(prefix), _, _) | (_, Some(prefix), _) => prefix.clone(),
        (_, _, Some(qualified)) if format == KeyFormat::Python => format!("{name}.{qualified}"),
        _ => name.to_owned(),
    };
    let mut idempotency = Idempotency::from_env(store).prefix(prefix).format(format);
    if let Some(key) = options.event_key_jmespath.as_deref().filter(|key| !key.is_empty()) {
        idempotency = idempotency.key(key);
    }
    if let Some(payload) = &options.payload_validation_jmespath {
        idempotency = idempotency.payload(payload);
    }
    if options.raise_on_no_idempotency_key {
        idempotency = idempotency.require_key();
    }
    if let Some(seconds) = options.expires_after_seconds {
        idempotency = idempotency.expires_after(Duration::from_secs(seconds));
    }
    if options.use_local_cache {
        idempotency = idempotency.cache(options.local_cache_max_items.unwrap_or(256));
    }
    match options.hash_function.as_deref() {
        None | Some("md5") => {}
        Some("sha256") => idempotency = idempotency.hash(HashFunction::Sha256),
        Some(other) => return unsupported(format!("the hash function {other}")),
    }
    match options.response_hook.as_deref() {
        None => {}
        Some("adds x-idempotent-key=<record key> to the response") => {
            idempotency = idempotency.on_replay(|mut answer, record| {
                answer["x-idempotent-key"] = json!(record.id);
                answer
            });
        }
        Some(other) => return unsupported(format!("a hook that {other}")),
    }
    Ok(idempotency)
}

async fn run(config: Config, input: Input, format: KeyFormat) -> Result<Value, Stop> {
    let table = Table::new(
        config.store.initial_items.clone(),
        config.store.fail.clone(),
        config.store.returns_old_item_on_condition_failure,
        [config.store.key_attr.as_deref().unwrap_or("id"), config.store.sort_key_attr.as_deref().unwrap_or("sk")],
    );
    if let Some(put) = &config.store.put_item {
        let get = config.store.get_item.as_deref();
        if !put.starts_with("always ConditionalCheckFailed") || get != Some("COMPLETED item, expiration = now - 100 s")
        {
            return unsupported(format!("a store whose PutItem does {put}"));
        }
        table.refuse_all_with(json!({
            "id": { "S": "any" }, "status": { "S": "COMPLETED" }, "data": { "S": "{}" },
            "expiration": { "N": (input.clock_ms / 1000 - 100).to_string() },
        }));
    }
    let mut store = DynamoDbStore::table("TEST_TABLE").client(table.client());
    let names = &config.store;
    for (attribute, name) in [
        ("id", &names.key_attr),
        ("expiration", &names.expiry_attr),
        ("in_progress_expiration", &names.in_progress_expiry_attr),
        ("status", &names.status_attr),
        ("data", &names.data_attr),
        ("validation", &names.validation_key_attr),
    ] {
        if let Some(name) = name {
            store = store.attribute(attribute, name.as_str());
        }
    }
    if let Some(name) = &config.store.sort_key_attr {
        let function = config.function.lambda_name.as_deref().unwrap_or("test-func");
        let partition = config.store.static_pk_value.clone();
        store = store.sort_key(name, Some(partition.unwrap_or_else(|| format!("idempotency#{function}"))));
    }
    let default = Handler { returns: Some(json!({ "statusCode": 200, "message": "test" })), raises: None };
    let idempotency = idempotency(&config, store, format)?;
    let invocations = invoke(idempotency, input, default, format, &|| table.calls()).await?;
    Ok(json!({ "invocations": invocations, "final_items": table.items() }))
}

/// Returns the result of each call; `calls` are the calls of the store.
async fn invoke(
    idempotency: Idempotency,
    input: Input,
    default: Handler,
    format: KeyFormat,
    calls: &dyn Fn() -> Vec<Value>,
) -> Result<Vec<Value>, Stop> {
    let clock = Arc::new(AtomicU64::new(input.clock_ms));
    let at = |ms: u64| UNIX_EPOCH + Duration::from_millis(ms);
    let now = Arc::clone(&clock);
    let layer = IdempotencyLayer::new(idempotency.clock(move || at(now.load(Ordering::Relaxed))));
    let default = input.default_handler.unwrap_or(default);
    let mut invocations = Vec::new();
    for call in input.invocations {
        clock.store(input.clock_ms + call.at_ms, Ordering::Relaxed);
        let handler = call.handler.unwrap_or_else(|| default.clone());
        let ran = Arc::new(AtomicU64::new(0));
        let function = {
            let ran = Arc::clone(&ran);
            service_fn(move |_: Incoming| {
                ran.fetch_add(1, Ordering::Relaxed);
                let handler = handler.clone();
                async move { answer(&handler, format) }
            })
        };
        let before = calls().len();
        let deadline = at(input.clock_ms + call.at_ms + call.remaining_ms);
        let incoming = Incoming {
            event: to_raw_value(&call.event).map_err(|error| Stop::Broken(error.to_string()))?.into(),
            invocation: Invocation::new(context(deadline)),
        };
        let mut seen = match layer.layer(function).oneshot(incoming).await {
            Ok(answer) => {
                json!({ "result": serde_json::from_str::<Value>(answer.as_json().expect("JSON").get()).unwrap_or_default() })
            }
            Err(error) => match error.error_type() {
                kind if kind.starts_with("Idempotency") => json!({ "error": { "kind": kind } }),
                kind => json!({ "error": { "kind": kind, "message": error.message() } }),
            },
        };
        seen["handler_executed"] = json!(ran.load(Ordering::Relaxed) > 0);
        seen["store_calls"] = json!(calls().get(before..));
        invocations.push(seen);
    }
    Ok(invocations)
}

fn context(deadline: SystemTime) -> Context {
    let mut context = Context::default();
    let since = deadline.duration_since(UNIX_EPOCH).unwrap_or_default();
    context.deadline = u64::try_from(since.as_millis()).unwrap_or_default();
    context
}

/// The error of a handler is compared with its class or without.
fn answer(handler: &Handler, format: KeyFormat) -> Result<Outgoing, BoxError> {
    let (kind, message) = match &handler.raises {
        None => return Ok(Outgoing::serialize(&handler.returns)?),
        Some(Raises::Text(text)) if format == KeyFormat::TypeScript => ("Error", text.as_str()),
        Some(Raises::Text(text)) => ("Exception", text.as_str()),
        Some(Raises::Error(Raised { kind, message })) => (kind.as_str(), message.as_str()),
    };
    Err(FunctionError::new(kind, message).into())
}

//! `warmup`: its option as a predicate of `WarmupLayer`, around a function of the raw landing that answers `null`.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use pilaster::{BoxError, FunctionError, Incoming, Invocation, RawResponse, WarmupLayer};
use serde::Deserialize;
use serde_json::value::RawValue;
use serde_json::{Value, json};
use tower::{ServiceBuilder, ServiceExt, service_fn};

use super::options;
use crate::case::Case;
use crate::{Compared, Replay, Stop, unsupported};

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase", default)]
struct Options {
    is_warming_up: Option<IsWarmingUp>,
}

/// A callback, which stands for a function of the user's.
#[derive(Deserialize)]
#[serde(tag = "$custom", rename_all = "snake_case")]
enum IsWarmingUp {
    Const { value: bool },
    EventFlag { path: String },
}

impl IsWarmingUp {
    fn is_true_of(&self, event: &RawValue) -> bool {
        match self {
            Self::Const { value } => *value,
            Self::EventFlag { path } => {
                serde_json::from_str::<Value>(event.get()).is_ok_and(|event| event[path] == Value::Bool(true))
            }
        }
    }
}

pub(super) fn replay(case: &Case) -> Replay {
    let Some([middleware]) = case.json["chain"].as_array().map(Vec::as_slice) else {
        return unsupported("a chain of several");
    };
    let options: Options = options(&middleware["config"])?;
    let mut layer = WarmupLayer::new();
    if let Some(is_warming_up) = options.is_warming_up {
        layer = layer.when(move |event| is_warming_up.is_true_of(event));
    }
    let expect = &case.json["expect"];
    let expected = match (expect.get("response"), expect.get("response_absent")) {
        (Some(response), None) => json!({ "called": expect["handler_called"], "response": response }),
        // A handler without a value answers `null`.
        (None, Some(_)) => json!({ "called": expect["handler_called"], "response": null }),
        _ => return unsupported("an expectation of neither an answer nor none"),
    };
    let observed = crate::exchange::block_on(call(layer, &case.json["event"]));
    Ok(Compared { expected, observed: observed.map_err(|error| Stop::Broken(error.to_string()))? })
}

async fn call(layer: WarmupLayer, event: &Value) -> Result<Value, BoxError> {
    let called = Arc::new(AtomicBool::new(false));
    let noted = Arc::clone(&called);
    let function = service_fn(move |_: Incoming| {
        noted.store(true, Ordering::Relaxed);
        async { Ok::<RawResponse, FunctionError>(RawValue::NULL.to_owned()) }
    });
    let event = RawValue::from_string(event.to_string())?;
    let incoming = Incoming { event, invocation: Invocation::new(lambda_runtime::Context::default()) };
    let response = ServiceBuilder::new().layer(layer).service(function).oneshot(incoming).await?;
    let response: Value = serde_json::from_str(response.get())?;
    Ok(json!({ "called": called.load(Ordering::Relaxed), "response": response }))
}

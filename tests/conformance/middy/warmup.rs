//! `warmup`: its option as a predicate of `WarmupLayer`, around a raw service that returns `null`.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use pilaster::http::{Method, Stack};
use pilaster::{BoxError, FunctionError, Incoming, Invocation, RawEvent, WarmupLayer};
use serde::Deserialize;
use serde_json::{Value, json};
use tower::{ServiceBuilder, ServiceExt, service_fn};

use super::handler::Kind;
use super::options;
use crate::case::Case;
use crate::exchange::{Notes, Sent, send};
use crate::{Compared, Replay, Stop, only_these, unsupported};

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase", default)]
struct Options {
    is_warming_up: Option<IsWarmingUp>,
}

/// A callback, which stands for a function of the user's.
#[derive(Deserialize)]
#[serde(tag = "$custom", rename_all = "snake_case", deny_unknown_fields)]
enum IsWarmingUp {
    Const { value: bool },
    EventFlag { path: String },
}

impl IsWarmingUp {
    fn is_true_of(&self, event: &RawEvent) -> bool {
        match self {
            Self::Const { value } => *value,
            Self::EventFlag { path } => {
                serde_json::from_str::<Value>(event.get()).is_ok_and(|event| event[path] == Value::Bool(true))
            }
        }
    }
}

/// With a stack of HTTP: outside of the adapter, so that no layer of the stack sees the call.
pub(super) fn of_a_stack(case: &Case) -> Replay {
    let Some([cors, warmup]) = case.json["chain"].as_array().map(Vec::as_slice) else {
        return unsupported("a chain of more than two");
    };
    only_these(&case.json["expect"], &["handler_called", "response"])?;
    let Kind::MustNotRun {} = Kind::read(&case.json["handler"])? else {
        return unsupported("a handler that is called");
    };
    let Options { is_warming_up: None } = options(&warmup["config"])? else {
        return unsupported("a predicate of its own");
    };
    let stack = Stack::new().cors(super::cors::layer(&cors["config"])?);
    let notes = Notes::default();
    let called = notes.clone();
    let function = move |_: Method| {
        called.add(Value::Null);
        std::future::ready(())
    };
    let function = pilaster::handler(function).layer(stack).outer(WarmupLayer::new());
    let mut observed = match send(function, &case.json["event"]) {
        Sent::Answer(answer) => json!({ "response": answer }),
        Sent::Failed(error) => json!({ "failed": error.error_type() }),
        Sent::Refused(sentence) => json!({ "refused": sentence }),
    };
    observed["called"] = json!(!notes.all().is_empty());
    let expect = &case.json["expect"];
    Ok(Compared { expected: json!({ "called": expect["handler_called"], "response": expect["response"] }), observed })
}

pub(super) fn replay(case: &Case) -> Replay {
    let options: Options = options(super::only(case)?)?;
    let mut layer = WarmupLayer::new();
    if let Some(is_warming_up) = options.is_warming_up {
        layer = layer.when(move |event| is_warming_up.is_true_of(event));
    }
    let expect = &case.json["expect"];
    only_these(expect, &["handler_called", "response", "response_absent"])?;
    let answer = match Kind::read(&case.json["handler"])? {
        Kind::Return { value } => value,
        Kind::ReturnNothing {} | Kind::MustNotRun {} => Value::Null,
        _ => return unsupported("a function that does something else"),
    };
    let expected = match (expect.get("response"), expect.get("response_absent")) {
        (Some(response), None) => json!({ "called": expect["handler_called"], "response": response }),
        // A handler without a value returns `null`.
        (None, Some(_)) => json!({ "called": expect["handler_called"], "response": null }),
        _ => return unsupported("an expectation of neither an answer nor none"),
    };
    let observed = crate::exchange::block_on(call(layer, &case.json["event"], answer));
    Ok(Compared { expected, observed: observed.map_err(|error| Stop::Broken(error.to_string()))? })
}

async fn call(layer: WarmupLayer, event: &Value, answer: Value) -> Result<Value, BoxError> {
    let called = Arc::new(AtomicBool::new(false));
    let noted = Arc::clone(&called);
    let function = service_fn(move |_: Incoming| {
        noted.store(true, Ordering::Relaxed);
        let answer = pilaster::Outgoing::serialize(&answer).map_err(FunctionError::from_error);
        async { answer }
    });
    let event = pilaster::RawEvent::parse(event.to_string())?;
    let incoming = Incoming { event, invocation: Invocation::new(lambda_runtime::Context::default()) };
    let response = ServiceBuilder::new().layer(layer).service(function).oneshot(incoming).await?;
    let response: Value = serde_json::from_str(response.as_json().expect("JSON").get())?;
    Ok(json!({ "called": called.load(Ordering::Relaxed), "response": response }))
}

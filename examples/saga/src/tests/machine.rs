//! An interpreter of the parts of the Amazon States Language that `saga.asl.json` uses
//! (<https://states-language.net/spec.html>). It does not wait between retries.

use std::fmt::Display;

use serde_json::{Map, Value, json};

/// The error of a task.
#[derive(Clone, Debug)]
pub(super) struct Failure {
    pub(super) error: String,
    cause: String,
}

impl Failure {
    pub(super) fn new(error: &str, cause: impl Display) -> Self {
        Self { error: error.to_owned(), cause: cause.to_string() }
    }
}

/// An execution that has ended.
#[derive(Debug)]
pub(super) struct Execution {
    /// The states that were entered.
    pub(super) states: Vec<String>,
    /// The output, or `null` if the execution failed.
    pub(super) output: Value,
    /// The error, if the execution failed.
    error: Option<String>,
    /// The messages in the operator's queue.
    pub(super) notified: Vec<Value>,
}

impl Execution {
    /// Returns the error of a failed execution, otherwise the last state.
    pub(super) fn end(&self) -> &str {
        self.error.as_deref().or(self.states.last().map(String::as_str)).expect("a state")
    }
}

pub(super) fn definition() -> Value {
    serde_json::from_str(include_str!("../../saga.asl.json")).expect("JSON")
}

/// Runs an execution with this name. `call` invokes the function of a step.
pub(super) async fn execute(
    name: &str,
    input: Value,
    call: impl AsyncFn(String, Value) -> Result<Value, Failure>,
) -> Execution {
    let machine = definition();
    let context = json!({ "Execution": { "Name": name } });
    let mut execution = Execution { states: Vec::new(), output: Value::Null, error: None, notified: Vec::new() };
    let (mut at, mut data) = (text(&machine["StartAt"]).to_owned(), input);
    loop {
        // The quota of Step Functions for the input and the output of a state. No state catches this error.
        if data.to_string().len() > 262_144 {
            execution.error = Some("States.DataLimitExceeded".to_owned());
            return execution;
        }
        let state = &machine["States"][&at];
        assert!(execution.states.len() < 20, "the state machine does not end: {:?}", execution.states);
        execution.states.push(at.clone());
        at = match text(&state["Type"]) {
            "Choice" => {
                let choices = state["Choices"].as_array().expect("choices");
                let met = choices.iter().find(|choice| is_met(choice, &data, &context));
                text(met.map_or(&state["Default"], |choice| &choice["Next"])).to_owned()
            }
            "Pass" => {
                let result = match (state.get("Parameters"), state.get("Result")) {
                    (Some(parameters), None) => resolved(parameters, &data, &context),
                    (None, Some(result)) => result.clone(),
                    _ => panic!("{at}: either Parameters or Result"),
                };
                store(state, &mut data, result);
                if state["End"] == true {
                    execution.output = data;
                    return execution;
                }
                text(&state["Next"]).to_owned()
            }
            "Fail" => {
                execution.error = Some(text(&at_path(&state["ErrorPath"], &data)).to_owned());
                assert!(at_path(&state["CausePath"], &data).is_string(), "the cause of a failure is a text");
                return execution;
            }
            "Task" => match text(&state["Resource"]) {
                "arn:${Partition}:states:::sqs:sendMessage" => {
                    execution.notified.push(resolved(&state["Parameters"], &data, &context)["MessageBody"].clone());
                    assert_eq!(state["ResultPath"], Value::Null);
                    text(&state["Next"]).to_owned()
                }
                resource => {
                    assert_eq!(state["InputPath"], "$.order", "a step gets the order only");
                    let step = resource.trim_start_matches("${").trim_end_matches("Arn}");
                    task(state, step, &mut data, &call).await
                }
            },
            other => panic!("{at}: the type {other}"),
        };
    }
}

/// Invokes a function with its retries, and returns the next state.
async fn task(
    state: &Value,
    step: &str,
    data: &mut Value,
    call: &impl AsyncFn(String, Value) -> Result<Value, Failure>,
) -> String {
    let list = |name: &str| state[name].as_array().cloned().unwrap_or_default();
    let (retriers, catchers) = (list("Retry"), list("Catch"));
    let mut retries = vec![0; retriers.len()];
    loop {
        let failure = match call(step.to_owned(), at_path(&state["InputPath"], data)).await {
            Ok(result) => {
                store(state, data, result);
                return text(&state["Next"]).to_owned();
            }
            Err(failure) => failure,
        };
        if let Some(at) = retriers.iter().position(|retrier| matches(retrier, &failure))
            && retries[at] < retriers[at]["MaxAttempts"].as_u64().expect("MaxAttempts")
        {
            retries[at] += 1;
            tokio::task::yield_now().await;
            continue;
        }
        let catcher = catchers.iter().find(|catcher| matches(catcher, &failure)).expect("a catcher of States.ALL");
        store(catcher, data, json!({ "Error": failure.error, "Cause": failure.cause }));
        return text(&catcher["Next"]).to_owned();
    }
}

fn matches(rule: &Value, failure: &Failure) -> bool {
    let names = rule["ErrorEquals"].as_array().expect("ErrorEquals");
    names.iter().any(|name| name == "States.ALL" || *name == failure.error.as_str())
}

fn is_met(rule: &Value, data: &Value, context: &Value) -> bool {
    let all = |rules: &Value| rules.as_array().cloned().expect("rules");
    if let Some(rules) = rule.get("And") {
        return all(rules).iter().all(|rule| is_met(rule, data, context));
    }
    if let Some(rules) = rule.get("Or") {
        return all(rules).iter().any(|rule| is_met(rule, data, context));
    }
    let value = pointer(&rule["Variable"]).and_then(|path| data.pointer(&path));
    if let Some(present) = rule.get("IsPresent") {
        return *present == value.is_some();
    }
    // A path that leads nowhere ends an execution with `States.Runtime`, which no state catches.
    let value = value.expect("a variable that is present");
    if let Some(null) = rule.get("IsNull") {
        return *null == value.is_null();
    }
    match rule.get("StringEqualsPath") {
        Some(path) => {
            let path = text(path).strip_prefix("$$").expect("a path of the context").replace('.', "/");
            context.pointer(&path) == Some(value)
        }
        None => *value == rule["StringEquals"],
    }
}

/// Converts `$.a.b` to `/a/b`.
fn pointer(path: &Value) -> Option<String> {
    text(path).strip_prefix('$').map(|path| path.replace('.', "/"))
}

fn at_path(path: &Value, data: &Value) -> Value {
    let path = pointer(path).expect("a path");
    data.pointer(&path).unwrap_or_else(|| panic!("there is nothing at {path} of {data}")).clone()
}

fn resolved(parameters: &Value, data: &Value, context: &Value) -> Value {
    let Value::Object(fields) = parameters else { return parameters.clone() };
    let fields = fields.iter().map(|(name, value)| match (name.strip_suffix(".$"), text_of(value).strip_prefix('$')) {
        (Some(name), Some(path)) if path.starts_with('$') => (name.to_owned(), at_path(&json!(path), context)),
        (Some(name), _) => (name.to_owned(), at_path(value, data)),
        (None, _) => (name.clone(), resolved(value, data, context)),
    });
    Value::Object(fields.collect::<Map<_, _>>())
}

/// Stores a result at the `ResultPath` of a state or a catcher.
fn store(state: &Value, data: &mut Value, result: Value) {
    match state.get("ResultPath") {
        Some(Value::Null) => {}
        Some(path) => data[text(path).strip_prefix("$.").expect("a field")] = result,
        None => *data = result,
    }
}

fn text_of(value: &Value) -> &str {
    value.as_str().unwrap_or_default()
}

fn text(value: &Value) -> &str {
    value.as_str().unwrap_or_else(|| panic!("{value} is not a text"))
}

mod api;
mod exact;
mod session;

use std::time::Duration;

use lambda_runtime::Context;
use serde_json::{Value, json};
use tower::ServiceExt as _;

use crate::core::error::{BoxError, FunctionError};
use crate::core::invocation::Invocation;
use crate::core::raw::{Incoming, RawEvent};
use crate::function::into_service::IntoService;
use crate::tools::{Definition, Input, Session, Tool, ToolError, Tools};

/// Calls a function with an event.
async fn call(function: impl IntoService, event: &Value) -> Result<Value, FunctionError> {
    let mut context = Context::default();
    context.request_id = "52fdfc07".into();
    let invocation = Invocation::with_time_left(context, Some(Duration::from_secs(3)));
    let incoming = Incoming { event: RawEvent::parse(event.to_string()).unwrap(), invocation };
    let response = function.into_service().unwrap().oneshot(incoming).await?;
    Ok(serde_json::from_str(response.as_json().unwrap().get()).unwrap())
}

fn event(function: &str, parameters: &[(&str, &str)]) -> Value {
    let parameters = parameters.iter().map(|(name, value)| json!({ "name": name, "type": "string", "value": value }));
    json!({
        "messageVersion": "1.0", "agent": { "id": "a", "name": "n", "alias": "l", "version": "1" },
        "inputText": "hunter2", "sessionId": "s", "actionGroup": "group", "function": function,
        "sessionAttributes": { "kept": "1" }, "promptSessionAttributes": {},
        "parameters": parameters.collect::<Vec<_>>(),
    })
}

/// Returns the state and the body of a function's response.
fn result(answer: &Value) -> (Option<&str>, &str) {
    let response = &answer["response"]["functionResponse"];
    (response["responseState"].as_str(), response["responseBody"]["TEXT"]["body"].as_str().unwrap())
}

macro_rules! tool {
    ($name:ident, $text:literal, { $($field:ident: $type:ty),* }) => {
        #[derive(Debug, serde::Deserialize, schemars::JsonSchema)]
        #[allow(non_snake_case, dead_code)]
        struct $name { $($field: $type),* }

        impl Tool for $name {
            const DEFINITION: Definition = Definition::new($text, "A tool.");
        }
    };
}
use tool;

tool!(Exact, "exact", { yes: Option<bool>, int: Option<i64>, big: Option<u64>, num: Option<f64>, text: Option<String> });

async fn exact(Input(input): Input<Exact>) -> String {
    format!("{input:?}")
}

#[tokio::test]
async fn check_26_texts_become_exact_values_or_reprompt_with_the_name() {
    for (name, text, shown) in [
        ("yes", "TRUE", "yes: Some(true)"),
        ("yes", "false", "yes: Some(false)"),
        ("int", "12.0", "int: Some(12)"),
        ("int", "1e3", "int: Some(1000)"),
        ("int", "9007199254740993", "int: Some(9007199254740993)"),
        ("big", "9007199254740993", "big: Some(9007199254740993)"),
        ("big", "18446744073709551615", "big: Some(18446744073709551615)"),
        ("num", "12.0", "num: Some(12.0)"),
        ("num", "1e3", "num: Some(1000.0)"),
        ("num", "-1.5e+2", "num: Some(-150.0)"),
        ("text", "42", "text: Some(\"42\")"),
        ("text", "", "text: Some(\"\")"),
        ("text", "null", "text: Some(\"null\")"),
        ("int", "null", "int: None"),
    ] {
        let answer = call(Tools::new().add(exact).for_bedrock(), &event("exact", &[(name, text)])).await.unwrap();
        let (state, body) = result(&answer);
        assert!(state.is_none() && body.contains(shown), "{name} {text}: {state:?} {body}");
    }
    for name in ["yes", "int", "big", "num"] {
        for text in ["", "hunter2", "+1", "0x1", "NaN", "1,5"] {
            let answer = call(Tools::new().add(exact).for_bedrock(), &event("exact", &[(name, text)])).await.unwrap();
            let (state, body) = result(&answer);
            assert_eq!(state, Some("REPROMPT"), "{name} {text}");
            assert!(body.contains(&format!("/{name}")) && !body.contains("hunter2"), "{body}");
        }
    }
    for (name, text) in [("yes", "1"), ("int", "1.5"), ("big", "-1"), ("int", "9223372036854775808")] {
        let answer = call(Tools::new().add(exact).for_bedrock(), &event("exact", &[(name, text)])).await.unwrap();
        assert_eq!(result(&answer).0, Some("REPROMPT"), "{name} {text}");
    }
}

#[derive(Debug, serde::Deserialize, schemars::JsonSchema)]
#[allow(non_snake_case, dead_code)]
struct Item {
    itemName: String,
    quantity: u8,
}
tool!(Lists, "lists", { nums: Option<Vec<i64>>, words: Option<Vec<String>>, items: Option<Vec<Item>> });

#[tokio::test]
async fn check_27_lists_are_json_or_unambiguous_text_of_java() {
    let lists = async |Input(input): Input<Lists>| format!("{input:?}");
    let tools = || Tools::new().add(lists).for_bedrock();
    for (name, text, shown) in [
        ("nums", "[1,2]", "nums: Some([1, 2])"),
        ("nums", "[1, 2.0]", "nums: Some([1, 2])"),
        ("words", "[a, b]", r#"words: Some(["a", "b"])"#),
        ("words", r#"["a, b"]"#, r#"words: Some(["a, b"])"#),
        ("words", "[1, 2]", r#"words: Some(["1", "2"])"#),
        ("items", "[{itemName=x, quantity=2}]", r#"items: Some([Item { itemName: "x", quantity: 2 }])"#),
        ("items", r#"[{"itemName":"x","quantity":2}]"#, r#"items: Some([Item { itemName: "x", quantity: 2 }])"#),
        ("items", "[]", "items: Some([])"),
    ] {
        let answer = call(tools(), &event("lists", &[(name, text)])).await.unwrap();
        let (state, body) = result(&answer);
        assert!(state.is_none() && body.contains(shown), "{text}: {state:?} {body}");
    }
    for (name, text) in [
        ("items", "[{a=b=c}]"),
        ("items", "[{itemName=a=b, quantity=2}]"),
        ("items", "[{itemName=a, itemName=b, quantity=2}]"),
        ("items", "[{itemName=a, b, quantity=2}]"),
        ("words", "[{a=b}]"),
        ("words", "[a, [b]]"),
        ("nums", "[a, b]"),
        ("words", "a, b"),
        ("items", "[{quantity=300}]"),
    ] {
        let answer = call(tools(), &event("lists", &[(name, text)])).await.unwrap();
        let (state, body) = result(&answer);
        assert!(state == Some("REPROMPT") && body.contains(&format!("/{name}")), "{text}: {body}");
    }
}

#[derive(Debug, serde::Deserialize, schemars::JsonSchema)]
#[allow(dead_code)]
struct Line {
    name: String,
    count: Option<i64>,
}
tool!(Strict, "strict", {
    single: Option<f32>, singles: Option<Vec<f32>>, words: Option<Vec<String>>, nums: Option<Vec<i64>>,
    lines: Option<Vec<Line>>, opts: Option<Vec<Option<i64>>>
});

#[tokio::test]
async fn json_that_does_not_fit_and_ambiguous_text_are_reprompted_and_no_number_is_infinite() {
    let strict = async |Input(input): Input<Strict>| format!("{input:?}");
    let tools = || Tools::new().add(strict).for_bedrock();
    for (name, text, shown) in [
        ("single", "3.4e38", "single: Some(3.4e38)"),
        ("singles", "[1, 0.5]", "singles: Some([1.0, 0.5])"),
        ("words", "[true, 1]", r#"words: Some(["true", "1"])"#),
        ("nums", "[1e3, 9007199254740993.0]", "nums: Some([1000, 9007199254740993])"),
        ("opts", "[null, 1e0]", "opts: Some([None, Some(1)])"),
        ("lines", r#"[{"name":"x","count":2.0}]"#, r#"lines: Some([Line { name: "x", count: Some(2) }])"#),
        ("lines", "[{name=x, count=2}]", r#"lines: Some([Line { name: "x", count: Some(2) }])"#),
    ] {
        let answer = call(tools(), &event("strict", &[(name, text)])).await.unwrap();
        let (state, body) = result(&answer);
        assert!(state.is_none() && body.contains(shown), "{text}: {state:?} {body}");
    }
    for (name, text, why) in [
        ("single", "1e39", "expected a number between"),
        ("single", "-3.5e38", "expected a number between"),
        ("singles", "[1e39]", "expected a number between"),
        ("singles", "[0.5, 340282356779733661637539395458142568448]", "expected a number between"),
        ("words", r#"["a", null]"#, "/words/1: expected a string, got null"),
        ("words", "[null]", "/words/0: expected a string, got null"),
        ("words", r#"["a, b", c]"#, "expected a list, such as [\"a\", \"b\"]"),
        ("nums", r#"["1"]"#, "/nums/0: expected an integer, got a string"),
        ("lines", "[{name=a, b=c, count=2}]", "expected a list of JSON objects with the members `count`, `name`"),
        ("lines", r#"[{"name":"x","count":2.5}]"#, "/lines/0/count: expected an integer"),
        ("lines", r#"[{"name":"x","count":9007199254740993.0}]"#, "/lines/0/count: expected an integer"),
    ] {
        let answer = call(tools(), &event("strict", &[(name, text)])).await.unwrap();
        let (state, body) = result(&answer);
        assert!(state == Some("REPROMPT") && body.contains(why), "{text}: {state:?} {body}");
        assert!(body.starts_with(&format!("invalid arguments: /{name}")), "{body}");
    }
}

tool!(Nothing, "nothing", {});

#[tokio::test]
async fn check_28_no_parameters_run_and_a_parameter_twice_is_reprompted() {
    let tools = || Tools::new().add(async |Input(Nothing {}): Input<Nothing>| "done").add(exact).for_bedrock();
    let mut without = event("nothing", &[]);
    without.as_object_mut().unwrap().remove("parameters");
    for event in [without, event("nothing", &[])] {
        assert_eq!(result(&call(tools(), &event).await.unwrap()), (None, "done"));
    }
    let twice = call(tools(), &event("exact", &[("int", "1"), ("int", "1")])).await.unwrap();
    let (state, body) = result(&twice);
    assert!(state == Some("REPROMPT") && body.contains("/int: the parameter is sent twice"), "{body}");
}

tool!(Fail, "fail", { how: String });

async fn fail(Input(Fail { how }): Input<Fail>) -> Result<String, BoxError> {
    match &*how {
        "stated" => Err(ToolError::new("try another day").with_source("secret host").into()),
        "function" => Err(FunctionError::new("Gone", "it is gone").into()),
        "panic" => panic!("secret host"),
        "late" => std::future::pending().await,
        _ => Err(std::io::Error::other("secret host").into()),
    }
}

#[tokio::test(start_paused = true)]
async fn check_29_an_unknown_function_is_reprompted_and_a_failing_dependency_is_an_opaque_failure() {
    let tools = || Tools::new().add(fail).for_bedrock();
    let unknown = call(tools(), &event("nope", &[])).await.unwrap();
    let response = json!({
        "actionGroup": "group", "function": "nope",
        "functionResponse": {
            "responseState": "REPROMPT", "responseBody": { "TEXT": { "body": "there is no function of this name" } },
        },
    });
    assert_eq!(unknown, json!({ "messageVersion": "1.0", "response": response }));
    for (how, state, body) in [
        ("stated", "REPROMPT", "try another day"),
        ("function", "REPROMPT", "it is gone"),
        ("io", "FAILURE", "internal error (request id 52fdfc07)"),
        ("panic", "FAILURE", "internal error (request id 52fdfc07)"),
        ("late", "FAILURE", "internal error (request id 52fdfc07)"),
    ] {
        let answer = call(tools(), &event("fail", &[("how", how)])).await.unwrap();
        assert_eq!(result(&answer), (Some(state), body), "{how}");
        assert!(!answer.to_string().contains("secret"), "{answer}");
    }
}

#[cfg(feature = "logging")]
#[tokio::test]
async fn what_the_caller_sends_wrongly_is_logged_once_and_no_value() {
    use crate::observe::logging::{CapturedLogs, Logs};
    use tracing::instrument::WithSubscriber as _;

    let property = json!([{ "name": "n", "type": "integer", "value": "hunter2" }]);
    let of_router = |path: &str, parameters: Value| {
        json!({
            "messageVersion": "1.0", "actionGroup": "group", "apiPath": path, "httpMethod": "POST", "parameters": parameters,
            "requestBody": { "content": { "application/json": { "properties": property } } },
        })
    };
    let twice = json!([{ "name": "id", "value": "hunter2" }, { "name": "id", "value": "2" }]);
    let unfit = ("InvalidArguments", "the arguments do not fit the tool");
    let route = ("InvalidArguments", "the arguments do not fit the route");
    let unknown = ("UnknownTool", "the caller names a tool that does not exist");
    for (event, (error_type, message), tool) in [
        // One is refused by its text, one by the type of the input.
        (event("exact", &[("int", "hunter2")]), unfit, json!("exact")),
        (event("exact", &[("big", "-1")]), unfit, json!("exact")),
        (event("nope", &[]), unknown, json!("nope")),
        (event("hunter2 is no name", &[]), unknown, Value::Null),
        (of_router("/users/{id}", json!([])), route, Value::Null),
        (of_router("/users/{id}", twice), route, Value::Null),
        (of_router("/users", json!([])), route, Value::Null),
    ] {
        let captured = CapturedLogs::default();
        let logs = Logs::new().writer(captured.clone()).build();
        let function = Tools::new().add(exact).for_bedrock().openapi(axum::Router::new());
        call(function, &event).with_subscriber(logs).await.unwrap();
        let lines = captured.lines();
        assert_eq!(lines.len(), 1, "{event}: {lines:?}");
        let (line, expected) = (&lines[0], [json!("INFO"), json!(error_type), json!(message), tool]);
        let found = ["level", "error_type", "message", "tool"].map(|key| line.get(key).cloned().unwrap_or_default());
        assert_eq!(found, expected, "{event}");
        assert!(!format!("{lines:?}").contains("hunter2"));
    }
}

tool!(Nested, "nested", { item: Item });
tool!(Twin, "exact", {});

#[derive(serde::Deserialize, schemars::JsonSchema)]
#[serde(transparent)]
#[allow(dead_code)]
struct List {
    inner: Vec<u8>,
}

impl Tool for List {
    const DEFINITION: Definition = Definition::new("list", "A tool.");
}

#[test]
fn check_46_two_tools_of_one_name_and_what_the_dialect_refuses_fail_at_start() {
    let built = |tools: Tools| tools.for_bedrock().into_service().map(|_| ()).unwrap_err().to_string();
    let twin = built(Tools::new().add(exact).add(async |_: Input<Twin>| "twin"));
    assert!(twin.contains("two tools have the name `exact`"), "{twin}");
    let nested = built(Tools::new().add(async |_: Input<Nested>| "nested"));
    assert!(nested.contains("`nested` at `/item`: a nested object"), "{nested}");
    let list = built(Tools::new().add(async |_: Input<List>| "list"));
    assert!(list.contains("the input of the tool `list` is not always an object"), "{list}");
}

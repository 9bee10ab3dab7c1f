use lambda_runtime::Context;
use serde_json::{Value, json};
use tower::ServiceExt as _;

use crate::core::error::{BoxError, FunctionError};
use crate::core::invocation::Invocation;
use crate::core::raw::{Incoming, RawEvent};
use crate::tools::{Caller, Definition, Input, Tool, ToolError, Tools};

#[derive(serde::Deserialize, schemars::JsonSchema)]
struct Ask {
    city: String,
    days: Option<u8>,
}

impl Tool for Ask {
    const DEFINITION: Definition = Definition::new("a___b", "Asks.");
}

async fn ask(caller: Caller, Input(Ask { city, days }): Input<Ask>) -> Result<String, BoxError> {
    match &*city {
        "missing" => Err(ToolError::new("no such city").with_type("NoCity").with_source("secret").into()),
        "broken" => Err(std::io::Error::other("secret host").into()),
        "panic" => panic!("secret"),
        "late" => std::future::pending().await,
        _ => {
            let Caller::AgentCore(gateway) = caller else { return Err("no gateway".into()) };
            let header = gateway.header("x-user").unwrap_or("none");
            Ok(format!("{city} {days:?} {} {} {header}", gateway.target_name(), gateway.id()))
        }
    }
}

fn context(tool: &str) -> Context {
    let mut context = Context::default();
    context.request_id = "52fdfc07".into();
    let custom = json!({
        "bedrockAgentCoreToolName": tool,
        "bedrockAgentCoreGatewayId": "gw",
        "bedrockAgentCorePropagatedHeaders": r#"{"X-User":"ada"}"#,
    });
    context.client_context = serde_json::from_value(json!({ "custom": custom })).ok();
    context
}

async fn call_with(context: Context, event: &Value) -> Result<Value, FunctionError> {
    let invocation = Invocation::with_time_left(context, Some(std::time::Duration::from_secs(3)));
    let incoming = Incoming { event: RawEvent::parse(event.to_string()).unwrap(), invocation };
    let response = Tools::new().add(ask).for_agentcore().into_service().unwrap().oneshot(incoming).await?;
    Ok(serde_json::from_str(response.as_json().unwrap().get()).unwrap())
}

#[tokio::test(start_paused = true)]
async fn check_34_the_tool_is_after_the_first_separator_and_an_error_names_the_asked_one() {
    let answer = call_with(context("target___a___b"), &json!({ "city": "Paris" })).await;
    assert_eq!(answer.unwrap(), "Paris None target gw ada");
    for (asked, shown) in [("target___nope", "nope"), ("target___nope___b", "nope___b"), ("a___", ""), ("nope", "nope")]
    {
        let unknown = call_with(context(asked), &json!({ "city": "hunter2" })).await.unwrap_err();
        assert_eq!(unknown.error_type(), "UnknownTool");
        assert!(unknown.message().starts_with(&format!("there is no tool \"{shown}\";")), "{unknown}");
    }
    let none = call_with(Context::default(), &json!({ "city": "hunter2" })).await.unwrap_err();
    assert_eq!(none.error_type(), "InvalidEvent");
    assert!(
        none.message().contains("`bedrockAgentCoreToolName` in `custom`") && !none.message().contains("hunter2"),
        "{none}"
    );
}

#[cfg(all(feature = "logging", feature = "testing"))]
#[tokio::test]
async fn an_unknown_tool_is_logged_once_and_not_as_an_error() {
    let captured = crate::observe::logging::CapturedLogs::default();
    let context = context("target___nope");
    let caller = crate::testing::Caller::new(Tools::new().add(ask).for_agentcore()).with_context(context);
    let error = caller.with_logs(&captured).call(json!({ "city": "hunter2" })).await.unwrap_err();
    assert_eq!(error.error_type(), "UnknownTool");
    let lines = captured.lines();
    assert_eq!(lines.len(), 1, "{lines:?}");
    assert_eq!((&lines[0]["level"], &lines[0]["tool"]), (&json!("INFO"), &json!("nope")));
    assert_eq!(lines[0]["error_type"], "UnknownTool");
}

#[tokio::test(start_paused = true)]
async fn failures_for_the_model_are_values_and_others_are_opaque_errors() {
    let call = async |event: Value| call_with(context("t___a___b"), &event).await;
    let failed = call(json!({ "city": "missing" })).await.unwrap();
    assert_eq!(failed, json!({ "error": { "type": "NoCity", "message": "no such city" } }));
    let invalid = call(json!({ "city": "Paris", "days": 300 })).await.unwrap();
    let message = "/days: expected an integer from 0 to 255";
    assert_eq!(invalid, json!({ "error": { "type": "InvalidArguments", "message": message } }));
    for (city, error_type) in [("broken", "InternalError"), ("panic", "Panic"), ("late", "Timeout")] {
        let error = call(json!({ "city": city })).await.unwrap_err();
        assert_eq!((error.error_type(), error.message()), (error_type, "internal error (request id 52fdfc07)"));
    }
}

#[tokio::test]
async fn other_invocations_reach_the_other_function() {
    async fn other(crate::Event(value): crate::Event<Value>) -> Result<Value, BoxError> {
        Ok(json!({ "other": value }))
    }
    let function = Tools::new().add(ask).for_agentcore().otherwise(crate::handler(other));
    let incoming = Incoming { event: RawEvent::parse("7").unwrap(), invocation: Invocation::new(Context::default()) };
    let response = function.into_service().unwrap().oneshot(incoming).await.unwrap();
    assert_eq!(response.as_json().unwrap().get(), r#"{"other":7}"#);
}

#[test]
fn a_propagated_header_of_another_form_loses_no_other() {
    let custom = json!({
        "bedrockAgentCoreToolName": "t___a",
        "bedrockAgentCorePropagatedHeaders": r#"{"X-User":"ada","list":["1",5,"2"],"null":null,"number":7,"odd":[5],"none":[]}"#,
    });
    let mut context = Context::default();
    context.client_context = serde_json::from_value(json!({ "custom": custom })).ok();
    let (_, gateway) = super::decode::target(&Invocation::new(context)).unwrap();
    assert_eq!((gateway.header("x-user"), gateway.header("list")), (Some("ada"), Some("1, 2")));
    for skipped in ["null", "number", "odd", "none"] {
        assert_eq!(gateway.header(skipped), None, "{skipped}");
    }
}

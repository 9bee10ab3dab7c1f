//! Calls of a registry: outcomes, errors, what is logged.

use std::time::Duration;

use lambda_runtime::Context;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::*;
use crate::core::error::{BoxError, ErrorType};
use crate::core::invocation::Invocation;

#[derive(Deserialize, JsonSchema)]
struct Ask {
    how: String,
}

impl Tool for Ask {
    const DEFINITION: Definition = Definition::new("ask", "Asks.").with_title("Ask").read_only();
}

#[derive(Debug, thiserror::Error)]
#[error("no umbrella is left")]
struct OutOfStock;

impl ErrorType for OutOfStock {
    fn error_type(&self) -> &str {
        "OutOfStock"
    }
}

#[derive(Serialize, JsonSchema)]
struct Answer {
    text: String,
}

async fn ask(invocation: Invocation, Input(Ask { how }): Input<Ask>) -> Result<Answer, BoxError> {
    match &*how {
        "named" => Err(OutOfStock.into()),
        "stated" => Err(ToolError::new("try again").with_source("secret host").into()),
        "other" => Err(BoxError::from(std::io::Error::other("secret host"))),
        "panic" => panic!("secret host"),
        "late" => std::future::pending().await,
        _ => Ok(Answer { text: format!("{how} {}", invocation.request_id()) }),
    }
}

fn context() -> CallContext {
    let mut context = Context::default();
    context.request_id = "52fdfc07".into();
    CallContext::new(Invocation::with_time_left(context, Some(Duration::from_secs(3))))
}

async fn call(tools: &Tools, arguments: Value) -> Outcome {
    tools.call("ask", arguments, context()).await
}

#[test]
fn an_error_that_would_be_sent_as_the_value_is_a_mistake() {
    #[derive(Serialize, JsonSchema)]
    struct Failed {
        host: &'static str,
    }
    type Outcome<T> = Result<T, Failed>;
    async fn fail(_: Input<Ask>) -> Outcome<i64> {
        Err(Failed { host: "secret host" })
    }
    let tools = Tools::new().add(fail);
    let mistake = "the error of the tool `ask` would be sent as its value: return `ToolError` or `BoxError`";
    assert_eq!(tools.mistake(), Some(mistake));
    assert_eq!(Tools::new().add(tools).mistake(), Some(mistake));
    // A part of a value is a value.
    assert_eq!(Tools::new().add(async |_: Input<Ask>| vec![Ok::<_, Failed>(1)]).mistake(), None);
    assert_eq!(Tools::new().add(ask).mistake(), None);
}

#[tokio::test(start_paused = true)]
async fn each_outcome_is_told_apart() {
    let tools = Tools::new().add(ask);
    let how = |how: &str| json!({ "how": how });
    let Outcome::Structured(json) = call(&tools, how("hi")).await else { panic!() };
    assert_eq!(json.get(), r#"{"text":"hi 52fdfc07"}"#);
    let Outcome::Failed(error) = call(&tools, how("stated")).await else { panic!() };
    assert_eq!((error.error_type(), error.message()), ("ToolError", "try again"));
    assert!(matches!(call(&tools, how("named")).await, Outcome::Opaque(_)), "its type was not added");
    let named = tools.clone().error_type::<OutOfStock>();
    let Outcome::Failed(error) = call(&named, how("named")).await else { panic!() };
    assert_eq!((error.error_type(), error.message()), ("OutOfStock", "no umbrella is left"));
    for (kind, is) in [("other", [false, false]), ("panic", [true, false]), ("late", [false, true])] {
        let Outcome::Opaque(opaque) = call(&tools, how(kind)).await else { panic!("{kind}") };
        assert_eq!([opaque.is_panic(), opaque.is_timeout()], is, "{kind}");
        assert_eq!(opaque.to_string(), "internal error (request id 52fdfc07)");
    }
    let Outcome::Invalid(invalid) = call(&tools, json!({ "how": 5 })).await else { panic!() };
    assert_eq!(invalid.pointer(), "/how");
    assert!(matches!(tools.call("nope", json!({}), context()).await, Outcome::UnknownTool));
}

#[cfg(feature = "macros")]
#[tokio::test]
async fn the_error_type_of_one_tool_is_not_that_of_another() {
    async fn other(_: Input<Other>) -> Result<String, BoxError> {
        Err(OutOfStock.into())
    }
    let how = || json!({ "how": "named" });
    let of_ask = || Tools::new().add(ask).error_type_of_each::<OutOfStock>();
    let inner = || Tools::new().add(ask).error_type::<OutOfStock>();
    for tools in [of_ask().add(other), Tools::new().add(other).add(of_ask()), Tools::new().add(inner()).add(other)] {
        assert!(matches!(tools.call("ask", how(), context()).await, Outcome::Failed(_)));
        let outcome = tools.call("other", how(), context()).await;
        assert!(matches!(outcome, Outcome::Opaque(_)), "{outcome:?}");
    }
    // Named by the registry, it holds for all, also for those that are added later.
    let tools = Tools::new().error_type::<OutOfStock>().add(Tools::new().add(other));
    assert!(matches!(tools.call("other", how(), context()).await, Outcome::Failed(_)));
}

#[derive(Deserialize, JsonSchema)]
struct Other {}

impl Tool for Other {
    const DEFINITION: Definition = Definition::new("other", "Another one.");
}

#[cfg(feature = "logging")]
#[tokio::test]
async fn an_output_with_a_number_that_json_cannot_hold_is_a_failure_that_is_logged_with_its_path() {
    use crate::observe::logging::{CapturedLogs, Logs};
    use tracing::instrument::WithSubscriber as _;

    #[derive(Serialize, JsonSchema)]
    struct Measured {
        celsius: Vec<Option<f64>>,
        unit: Option<String>,
    }
    async fn measure(Input(Ask { how }): Input<Ask>) -> Measured {
        let unit = (how == "null").then(|| "null".to_owned());
        Measured { celsius: vec![None, how.parse().ok()], unit }
    }
    for (how, is_success) in [("1.5", true), ("none", true), ("null", true), ("NaN", false), ("-inf", false)] {
        let captured = CapturedLogs::default();
        let logs = Logs::new().writer(captured.clone()).build();
        let outcome = call(&Tools::new().add(measure), json!({ "how": how })).with_subscriber(logs).await;
        assert_eq!(outcome.is_success(), is_success, "{how}: {outcome:?}");
        let lines = captured.lines();
        assert_eq!(lines.is_empty(), is_success);
        if !is_success {
            assert!(matches!(outcome, Outcome::Opaque(_)));
            let error = "/celsius/1: the output has a number that is NaN or infinite, which JSON cannot hold";
            assert_eq!((&lines[0]["tool"], &lines[0]["error"]), (&json!("ask"), &json!(error)));
        }
    }
}

#[tokio::test]
async fn the_outermost_error_that_is_known_decides_what_the_model_reads() {
    #[derive(Debug, thiserror::Error)]
    #[error("secret host")]
    struct Internal(#[source] ToolError);

    impl ErrorType for Internal {
        fn error_type(&self) -> &str {
            "Internal"
        }

        fn is_internal(&self) -> bool {
            true
        }
    }

    #[derive(Debug, thiserror::Error)]
    #[error(transparent)]
    struct Transparent(ToolError);

    async fn holds(Input(Ask { how }): Input<Ask>) -> Result<String, BoxError> {
        let internal = || Internal(ToolError::new("secret shard"));
        Err(match &*how {
            "internal" => internal().into(),
            "taken" => crate::FunctionError::from_error(internal()).into(),
            "around" => crate::FunctionError::new("Booking", "try later").with_source(ToolError::new("secret")).into(),
            "its text" => ToolError::new(internal().to_string()).with_source(internal()).into(),
            "any text" => crate::FunctionError::from_error(std::io::Error::other("secret")).into(),
            "transparent" => Transparent(ToolError::new("try later").with_type("Booking")).into(),
            _ => ToolError::new("try later").with_type("Booking").with_source(internal()).into(),
        })
    }
    let tools = Tools::new().add(holds).error_type::<Internal>();
    for how in ["internal", "taken", "its text", "any text"] {
        assert!(matches!(call(&tools, json!({ "how": how })).await, Outcome::Opaque(_)), "{how}");
    }
    for how in ["around", "within", "transparent"] {
        let Outcome::Failed(error) = call(&tools, json!({ "how": how })).await else { panic!("{how}") };
        assert_eq!((error.error_type(), error.message()), ("Booking", "try later"), "{how}");
    }
}

#[cfg(feature = "logging")]
#[tokio::test(start_paused = true)]
async fn an_opaque_failure_is_logged_once_with_its_chain_and_no_argument() {
    use crate::observe::logging::{CapturedLogs, Logs};
    use tracing::instrument::WithSubscriber as _;

    for (how, error_type) in [("other", "Error"), ("late", "Timeout"), ("panic", "Panic")] {
        let captured = CapturedLogs::default();
        let tools = Tools::new().add(ask);
        let arguments = json!({ "how": how, "more": "hunter2" });
        call(&tools, arguments).with_subscriber(Logs::new().writer(captured.clone()).build()).await;
        let lines = captured.lines();
        let errors = lines.iter().filter(|line| line["level"] == "ERROR" && line["message"] == "the tool failed");
        let errors = errors.collect::<Vec<_>>();
        assert_eq!(errors.len(), 1, "{lines:?}");
        assert_eq!((&errors[0]["tool"], &errors[0]["error_type"]), (&json!("ask"), &json!(error_type)));
        assert!(!format!("{lines:?}").contains("hunter2"));
        assert_eq!(errors[0].to_string().contains("secret host"), how == "other");
    }
}

#[cfg(feature = "logging")]
#[tokio::test]
async fn an_error_for_the_model_is_logged_with_its_source_and_a_mistake_without_a_value() {
    use crate::observe::logging::{CapturedLogs, Logs};
    use tracing::instrument::WithSubscriber as _;

    async fn gone(_: Input<Ask>) -> Result<String, BoxError> {
        Err(crate::FunctionError::new("Gone", "not here").with_source("secret host").into())
    }
    for (tools, error_type, message) in
        [(Tools::new().add(ask), "ToolError", "try again"), (Tools::new().add(gone), "Gone", "not here")]
    {
        let captured = CapturedLogs::default();
        let logs = Logs::new().writer(captured.clone()).build();
        let outcome = call(&tools, json!({ "how": "stated" })).with_subscriber(logs).await;
        assert!(matches!(outcome, Outcome::Failed(_)));
        let lines = captured.lines();
        let line = lines.iter().find(|line| line["message"] == "the tool answered with an error").unwrap();
        assert_eq!((&line["level"], &line["tool"]), (&json!("INFO"), &json!("ask")));
        assert_eq!((&line["error_type"], &line["error"]), (&json!(error_type), &json!(message)));
        assert_eq!(line["error_chain"], json!(["secret host"]));
    }
    let captured = CapturedLogs::default();
    let logs = Logs::new().writer(captured.clone()).build();
    call(&Tools::new().add(ask), json!({ "how": ["hunter2"] })).with_subscriber(logs).await;
    let lines = captured.lines();
    let [line] = &*lines else { panic!("{lines:?}") };
    assert_eq!((&line["level"], &line["message"]), (&json!("INFO"), &json!("the arguments do not fit the tool")));
    assert_eq!((&line["tool"], &line["error_type"]), (&json!("ask"), &json!("InvalidArguments")));
    assert!(!line.to_string().contains("hunter2"));
}

#[tokio::test]
async fn text_and_content_are_not_structured() {
    async fn text(_: Input<Ask>) -> String {
        "a text".to_owned()
    }
    async fn content(_: Input<Ask>) -> Result<Content, BoxError> {
        Ok(Content::text("a picture").image("image/png", *b"png"))
    }
    async fn number(_: Input<Ask>) -> u8 {
        5
    }
    let how = || json!({ "how": "" });
    let Outcome::Text(of_text) = call(&Tools::new().add(text), how()).await else { panic!() };
    assert_eq!(of_text, "a text");
    let Outcome::Content(of_content) = call(&Tools::new().add(content), how()).await else { panic!() };
    assert_eq!(of_content.blocks().len(), 2);
    let Outcome::Structured(json) = call(&Tools::new().add(number), how()).await else { panic!() };
    assert_eq!(json.get(), "5");
    let schema = |tools: Tools| tools.iter().next().unwrap().output_schema().cloned();
    assert_eq!([schema(Tools::new().add(text)), schema(Tools::new().add(content))], [None, None]);
    assert_eq!(schema(Tools::new().add(number)).unwrap()["type"], "integer");
}

#[test]
fn names_are_unique_and_the_order_is_that_of_adding() {
    let tools = Tools::new().add(ask).add(Tools::new().add(async |Input(Ask { .. }): Input<Ask>| "twin"));
    assert!(tools.mistake().unwrap().contains("two tools have the name `ask`"));
    assert_eq!((tools.len(), Tools::new().is_empty()), (2, true));
    let ask = Tools::new().add(ask);
    let tool = ask.get("ask").unwrap();
    assert_eq!((tool.title(), tool.description()), (Some("Ask"), "Asks."));
    assert!(tool.hints().read_only && !tool.hints().destructive);
    assert!(std::ptr::eq(tool.input_schema(), ask.clone().get("ask").unwrap().input_schema()), "made once");
    let more = ask.clone().add(async |Input(Ask { .. }): Input<Ask>| "twin");
    assert_eq!((ask.len(), ask.mistake(), more.len()), (1, None, 2));
}

#[test]
fn the_public_types_are_shared_between_threads() {
    fn is_shared<T: Send + Sync + Clone + std::fmt::Debug>() {}
    is_shared::<Tools>();
    is_shared::<Call>();
    is_shared::<CallContext>();
    is_shared::<Outcome>();
    is_shared::<Session>();
    is_shared::<Caller>();
    is_shared::<ToolError>();
    is_shared::<Content>();
}

//! Tools through whole functions: the derive, `#[tool]`, and one registry served by several kinds.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use pilaster::observe::logging::CapturedLogs;
use pilaster::testing::{Caller, agentcore, bedrock};
use pilaster::tools::{self, Content, Input, Outcome, Session, Tool, ToolError, Tools, tool};
use pilaster::{BoxError, Client, Clients, ErrorType, FromClients};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use tower::ServiceBuilder;

/// An event of Powertools' tests.
const RECORDED: &str = include_str!("../fixtures/events/python-later/bedrockAgentFunctionEvent.json");

/// Requests vacation.
#[derive(Deserialize, JsonSchema, Tool)]
#[serde(rename_all = "camelCase")]
#[tool(name = "submitVacationRequest", idempotent, destructive = false)]
struct Vacation {
    /// The first day.
    start_date: String,
    end_date: String,
}

#[derive(Serialize, JsonSchema)]
struct Requested {
    from: String,
    to: String,
}

async fn vacation(Input(ask): Input<Vacation>) -> Requested {
    Requested { from: ask.start_date, to: ask.end_date }
}

#[derive(Clone)]
struct Factor(i64);

impl FromClients for Factor {
    async fn from_clients(_: &Clients) -> Result<Self, BoxError> {
        Ok(Self(10))
    }
}

#[derive(Debug, ErrorType)]
enum ScaleError {
    TooLarge,
    Broken,
}

impl std::fmt::Display for ScaleError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::TooLarge => "the number is too large",
            Self::Broken => "broken",
        })
    }
}

impl std::error::Error for ScaleError {}

/// Scales a number.
#[tool(read_only)]
async fn scale(
    Client(Factor(factor)): Client<Factor>,
    /// The number.
    number: i64,
    #[extract] _session: Session,
    #[serde(default)] times: Option<u8>,
) -> Result<i64, ScaleError> {
    if number < 0 {
        return Err(ScaleError::Broken);
    }
    let times = i64::from(times.unwrap_or(1));
    number.checked_mul(factor * times).ok_or(ScaleError::TooLarge)
}

/// Draws.
#[tool]
async fn draw() -> Content {
    Content::text("a chart").image("image/png", *b"png")
}

fn all() -> Tools {
    Tools::new().add(vacation).add(scale::tool()).add(draw::tool())
}

#[tokio::test]
async fn the_recorded_event_of_an_agent_is_answered() {
    let answer = Caller::new(all().for_bedrock()).call_text(RECORDED).await;
    let body = json!({ "TEXT": { "body": r#"{"from":"2024-03-15","to":"2024-03-20"}"# } });
    let response = json!({
        "actionGroup": "VacationsActionGroup", "function": "submitVacationRequest",
        "functionResponse": { "responseBody": body },
    });
    assert_eq!(answer.unwrap(), json!({ "messageVersion": "1.0", "response": response }));
}

#[tokio::test]
async fn check_46_one_registry_gives_one_value_in_each_envelope() {
    for (name, arguments, text) in [
        ("submitVacationRequest", json!({ "startDate": "a", "endDate": "b" }), r#"{"from":"a","to":"b"}"#),
        ("scale", json!({ "number": 4, "times": 2 }), "80"),
        ("draw", json!({}), "a chart\n[image/png, 3 bytes]"),
    ] {
        let mut event = bedrock::function(name);
        for (name, value) in arguments.as_object().unwrap() {
            let value = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
            event = event.parameter(name, "string", &value);
        }
        let answer = Caller::new(all().for_bedrock()).call(event).await.unwrap();
        assert_eq!(bedrock::result(&answer), Some((None, text)));
        let caller = Caller::new(all().for_agentcore()).with_context(agentcore::tool(name));
        let value = caller.call(arguments).await.unwrap();
        let expected = serde_json::from_str(text).unwrap_or_else(|_| Value::from(text));
        assert_eq!(value, expected);
    }
    let both = Caller::new(all().for_agentcore().otherwise(all().for_bedrock()));
    let answer = both.call(bedrock::function("scale").parameter("number", "integer", "4")).await.unwrap();
    assert_eq!(bedrock::result(&answer), Some((None, "40")));
    let clients = Clients::new();
    clients.insert(Factor(2));
    let stubbed = Caller::new(all().for_bedrock()).with_clients(clients);
    let answer = stubbed.call(bedrock::function("scale").parameter("number", "integer", "4")).await.unwrap();
    assert_eq!(bedrock::result(&answer), Some((None, "8")));
}

#[tokio::test]
async fn a_function_under_the_attribute_is_unchanged_and_states_its_errors() {
    assert_eq!(scale(Client(Factor(3)), 5, Session::default(), None).await.unwrap(), 15);
    let caller = Caller::new(all().for_bedrock());
    for (number, text) in [("-1", "broken"), ("9223372036854775807", "the number is too large")] {
        let answer = caller.call(bedrock::function("scale").parameter("number", "integer", number)).await.unwrap();
        assert_eq!(bedrock::result(&answer), Some((Some("REPROMPT"), text)));
    }
    let scale = all();
    let scale = scale.get("scale").unwrap();
    assert_eq!(scale.description(), "Scales a number.");
    assert_eq!(scale.input_schema()["properties"]["number"]["description"], "The number.");
    assert_eq!(scale.input_schema()["required"], json!(["number"]));
    assert_eq!(scale.output_schema().unwrap()["type"], "integer");
    assert!(scale.hints().read_only && !scale.hints().destructive);
    let vacation = all();
    let hints = vacation.get("submitVacationRequest").unwrap().hints();
    assert!(hints.idempotent && !hints.destructive && hints.open_world);
}

#[tokio::test]
async fn the_error_type_of_one_function_is_opaque_from_another() {
    /// Fails.
    #[tool]
    async fn fail() -> Result<String, BoxError> {
        Err(ScaleError::Broken.into())
    }
    let answer = async |tools: Tools| {
        let answer = Caller::new(tools.for_bedrock()).call(bedrock::function("fail")).await.unwrap();
        bedrock::result(&answer).map(|(state, text)| format!("{state:?} {text}")).unwrap()
    };
    let tools = || all().add(fail::tool());
    let opaque = answer(tools()).await;
    assert!(opaque.starts_with("Some(\"FAILURE\") internal error"), "{opaque}");
    assert_eq!(answer(tools().error_type::<ScaleError>()).await, "Some(\"REPROMPT\") broken");
}

/// A text, and an error that is also a value, are errors: the compiler is not asked to choose.
#[tokio::test]
async fn an_error_that_is_also_a_value_is_an_error() {
    #[derive(Debug, Serialize, JsonSchema)]
    struct Failed {
        host: String,
    }
    impl std::fmt::Display for Failed {
        fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
            f.write_str("secret host")
        }
    }
    impl std::error::Error for Failed {}
    type Outcome<T> = Result<T, Failed>;
    /// Fails.
    #[tool]
    async fn owned() -> Result<i64, String> {
        Err("secret host".to_owned())
    }
    /// Fails.
    #[tool]
    async fn borrowed() -> Result<String, &'static str> {
        Err("secret host")
    }
    /// Fails.
    #[tool]
    async fn value() -> Outcome<Content> {
        Err(Failed { host: "secret host".to_owned() })
    }
    /// Succeeds.
    #[tool]
    async fn fine(number: i64) -> Outcome<i64> {
        Ok(number)
    }
    let tools = Tools::new().add(owned::tool()).add(borrowed::tool()).add(value::tool()).add(fine::tool());
    for name in ["owned", "borrowed", "value"] {
        let answer = Caller::new(tools.clone().for_bedrock()).call(bedrock::function(name)).await.unwrap();
        let (state, text) = bedrock::result(&answer).unwrap();
        assert_eq!(state, Some("FAILURE"), "{name}");
        assert!(text.starts_with("internal error"), "{name}: {text}");
    }
    let fine = bedrock::function("fine").parameter("number", "integer", "7");
    let answer = Caller::new(tools.clone().for_bedrock()).call(fine).await.unwrap();
    assert_eq!(bedrock::result(&answer), Some((None, "7")));
    let schema = |name: &str| tools.get(name).unwrap().output_schema().map(|schema| schema["type"].clone());
    assert_eq!([schema("owned"), schema("borrowed"), schema("value")], [Some("integer".into()), None, None]);
}

#[tokio::test]
async fn a_description_may_be_that_of_a_file() {
    /// Draws.
    #[tool]
    #[doc = include_str!("../fixtures/events/python-later/bedrockAgentFunctionEvent.json")]
    async fn file() -> String {
        String::new()
    }
    let tools = file::tool();
    let description = tools.get("file").unwrap().description();
    assert_eq!(description, format!("Draws.\n{RECORDED}"));
}

#[tokio::test]
async fn a_layer_sees_each_call_and_can_answer_itself() {
    let layer = ServiceBuilder::new().map_future(|future| async move {
        match future.await {
            Ok(Outcome::Text(text)) => Ok(Outcome::Text(text.to_uppercase())),
            other => other,
        }
    });
    /// Says hello.
    #[tool]
    async fn hello() -> String {
        "hello".to_owned()
    }
    let refuse = tower::layer::layer_fn(|inner| {
        tower::service_fn(move |call: tools::Call| {
            let mut inner = Clone::clone(&inner);
            async move {
                if call.name() == "draw" {
                    return Err(BoxError::from(ToolError::new("not today")));
                }
                tower::Service::call(&mut inner, call).await
            }
        })
    });
    let function =
        || Tools::new().add(hello::tool()).add(draw::tool()).for_bedrock().layer(layer.clone()).layer(refuse);
    let answer = Caller::new(function()).call(bedrock::function("hello")).await.unwrap();
    assert_eq!(bedrock::result(&answer), Some((None, "HELLO")));
    let answer = Caller::new(function()).call(bedrock::function("draw")).await.unwrap();
    assert_eq!(bedrock::result(&answer), Some((Some("REPROMPT"), "not today")));
}

#[tokio::test]
async fn what_the_user_wrote_is_not_logged() {
    let captured = CapturedLogs::default();
    let caller = Caller::new(all().for_bedrock()).with_logs(&captured);
    for number in ["hunter2", "-1", "9223372036854775807"] {
        let event = bedrock::function("scale")
            .parameter("number", "integer", number)
            .parameter("other", "string", "hunter2")
            .attribute("card", "hunter2")
            .input_text("hunter2");
        caller.call(event).await.unwrap();
    }
    caller.call(bedrock::function("hunter2 hunter2").input_text("hunter2")).await.unwrap();
    assert!(!captured.text().contains("hunter2"), "{}", captured.text());
}

#[test]
fn the_schema_of_a_function_is_that_of_its_dialect() {
    let schema = all().agentcore_schema().unwrap();
    assert_eq!(schema.as_array().unwrap().len(), 3);
    assert_eq!(
        schema[1]["inputSchema"]["properties"]["number"],
        json!({ "type": "integer", "description": "The number." })
    );
    assert!(all().bedrock_schema().is_ok() && all().mcp_schema().is_ok());
}

#[tokio::test]
async fn a_stack_answers_the_errors_of_a_router() {
    use axum::Router;
    use axum::routing::get;
    use pilaster::http::{HttpError, Stack};

    let app = Router::new()
        .route("/gone", get(async || Err::<String, _>(HttpError::not_found("no such claim"))))
        .route("/broken", get(async || Err::<String, _>(HttpError::internal(std::io::Error::other("secret host")))));
    let caller = Caller::new(pilaster::bedrock::openapi(app).layer(Stack::new()));
    for (path, status, text) in [("/gone", 404, "no such claim"), ("/broken", 500, "Internal Server Error")] {
        let answer = caller.call(bedrock::api("GET", path)).await.unwrap();
        let response = &answer["response"];
        assert_eq!((&response["apiPath"], &response["httpStatusCode"]), (&json!(path), &json!(status)));
        let body = response["responseBody"]["application/problem+json"]["body"].as_str().unwrap();
        assert!(body.contains(text) && !body.contains("secret"), "{body}");
    }
}

/// A layer whose services count their copies.
#[derive(Clone, Default)]
struct Counted(Arc<AtomicUsize>);

struct CountedService<S>(S, Arc<AtomicUsize>);

impl<S> tower::Layer<S> for Counted {
    type Service = CountedService<S>;

    fn layer(&self, inner: S) -> CountedService<S> {
        CountedService(inner, Arc::clone(&self.0))
    }
}

impl<S: Clone> Clone for CountedService<S> {
    fn clone(&self) -> Self {
        self.1.fetch_add(1, Ordering::Relaxed);
        Self(self.0.clone(), Arc::clone(&self.1))
    }
}

impl<S: tower::Service<tools::Call>> tower::Service<tools::Call> for CountedService<S> {
    type Response = S::Response;
    type Error = S::Error;
    type Future = S::Future;

    fn poll_ready(&mut self, cx: &mut std::task::Context<'_>) -> std::task::Poll<Result<(), S::Error>> {
        self.0.poll_ready(cx)
    }

    fn call(&mut self, call: tools::Call) -> S::Future {
        self.0.call(call)
    }
}

#[tokio::test]
async fn an_invocation_copies_no_tool_but_the_one_that_it_calls() {
    let counted = Counted::default();
    let copies = || counted.0.swap(0, Ordering::Relaxed);
    let tools = || Tools::new().add(vacation).add(scale::tool()).layer(counted.clone());
    let agent = Caller::new(tools().for_bedrock());
    let gateway = Caller::new(tools().for_agentcore()).with_context(agentcore::tool("submitVacationRequest"));
    let event = bedrock::function("submitVacationRequest").parameter("startDate", "string", "a");
    let event = event.parameter("endDate", "string", "b");
    copies();
    assert_eq!(bedrock::result(&agent.call(event).await.unwrap()).unwrap().0, None);
    assert_eq!(copies(), 1, "Bedrock");
    gateway.call(json!({ "startDate": "a", "endDate": "b" })).await.unwrap();
    assert_eq!(copies(), 1, "AgentCore");
    let message =
        pilaster::testing::mcp::call("submitVacationRequest").argument("startDate", "a").argument("endDate", "b");
    let server = Caller::new(pilaster::http::service(pilaster::mcp::Server::new(tools())));
    copies();
    assert_eq!(server.send(message).await.unwrap().status(), 200);
    assert_eq!(copies(), 1, "MCP");
}

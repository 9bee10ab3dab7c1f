//! MCP servers through whole functions: behind the stack, as a route, and with tokens.

mod closed;
mod foreign;

use std::time::Duration;

use axum::Router;
use pilaster::http::{self, CompressionLayer, CorsLayer, DeadlineLayer, JwtLayer, Stack};
use pilaster::observe::logging::CapturedLogs;
use pilaster::observe::metrics::CapturedMetrics;
use pilaster::testing::http::{Request, TestResponse, get, request};
use pilaster::testing::{Caller, TokenIssuer, mcp as client};
use pilaster::tools::{self, Input, Tool, ToolError, Tools, tool};
use pilaster::{BoxError, Metrics, MetricsLayer, RawService, mcp};
use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::{Value, json};

/// Ends as it is asked to.
#[derive(Deserialize, JsonSchema, Tool)]
struct End {
    how: String,
}

async fn end(metrics: Metrics, Input(End { how }): Input<End>) -> Result<String, BoxError> {
    metrics.count("Calls", 1)?;
    tracing::info!("the tool is called");
    match &*how {
        "stated" => Err(ToolError::new("try again").into()),
        "other" => Err(std::io::Error::other("the disk is full").into()),
        "panic" => panic!("the disk is on fire"),
        "late" => std::future::pending().await,
        "long" => Ok("long ".repeat(2_000)),
        _ => Ok(format!("ended {how}")),
    }
}

/// Returns the subject of the token.
#[tool]
async fn subject(#[extract] caller: tools::Caller) -> Result<String, ToolError> {
    let tools::Caller::Mcp(client) = &caller else { return Err(ToolError::new("not a client of MCP")) };
    let token = client.extension::<pilaster::jwt::VerifiedJwt>();
    let subject = token.and_then(|token| token.subject()).ok_or_else(|| ToolError::new("no token"))?;
    Ok(subject.to_owned())
}

fn server() -> mcp::Server {
    mcp::Server::new(Tools::new().add(end).add(subject::tool())).allow_origins(["https://app.example"])
}

fn call(how: &str) -> Request {
    client::call("end").argument("how", how).id(json!(7)).request()
}

/// Returns the text of a result.
fn text(response: &TestResponse) -> (bool, String) {
    let answer: Value = response.json().unwrap();
    assert_eq!((response.status(), &answer["id"]), (200, &json!(7)), "{answer}");
    client::text(response).unwrap_or_else(|| panic!("{answer}"))
}

fn stack() -> Stack {
    let cors = CorsLayer::new().allow_origins(["https://app.example"]);
    let cors = cors.allow_headers(["content-type", "mcp-protocol-version", "mcp-method", "mcp-name"]);
    Stack::new().cors(cors).compression(CompressionLayer::new())
}

fn metrics() -> MetricsLayer {
    MetricsLayer::new().namespace("Tools")
}

#[tokio::test]
async fn a_server_is_a_function_and_a_route() {
    serves(Caller::new(http::service(server()).layer(stack()).outer(metrics()))).await;
    let router = Router::new().route_service("/mcp", server());
    serves(Caller::new(http::service(router).layer(stack()).outer(metrics()))).await;
}

async fn serves<R: RawService>(caller: Caller<R>) {
    let listed = caller.send(client::list()).await.unwrap();
    assert_eq!(listed.header("content-type"), Some("application/json"));
    assert_eq!(listed.json::<Value>().unwrap()["result"]["tools"][1]["name"], "subject");
    assert_eq!(text(&caller.send(call("well")).await.unwrap()), (false, "ended well".to_owned()));

    let long = caller.send(call("long").header("accept-encoding", "gzip")).await.unwrap();
    assert_eq!((long.status(), long.header("content-encoding")), (200, Some("gzip")));

    let preflight = request("OPTIONS", "/mcp")
        .header("origin", "https://app.example")
        .header("access-control-request-method", "POST")
        .header("access-control-request-headers", "mcp-method");
    let preflight = caller.send(preflight).await.unwrap();
    assert_eq!(preflight.header("access-control-allow-origin"), Some("https://app.example"));
    let own = caller.send(call("well").header("origin", "https://app.example")).await.unwrap();
    assert_eq!(own.header("access-control-allow-origin"), Some("https://app.example"));

    let captured = CapturedMetrics::default();
    let counted = caller.clone().with_metrics(&captured);
    let evil = counted.send(call("well").header("origin", "https://evil.example")).await.unwrap();
    assert_eq!(evil.status(), 403);
    let got = counted.send(get("/mcp").header("accept", "text/event-stream")).await.unwrap();
    assert_eq!((got.status(), got.header("allow")), (405, Some("POST")));
    assert!(captured.values("Calls").is_empty());
}

#[tokio::test(start_paused = true)]
async fn check_41_failures_are_results_and_their_logs_and_metrics_are_those_of_the_request() {
    let function = || Caller::new(http::service(server()).layer(stack()).outer(metrics()));
    for (how, expected, error) in [
        ("stated", "try again", None),
        ("other", "internal error (request id ", Some("the disk is full")),
        ("panic", "internal error (request id ", Some("the tool panicked")),
        (
            "late",
            "internal error (request id ",
            Some("the work was cancelled after 2.7s, at the deadline of the invocation"),
        ),
    ] {
        let (logs, counted) = (CapturedLogs::default(), CapturedMetrics::default());
        let caller = function().with_time_left(Duration::from_secs(3)).with_logs(&logs).with_metrics(&counted);
        let (is_error, text) = text(&caller.send(call(how)).await.unwrap());
        assert!(is_error && text.starts_with(expected) && !text.contains("disk"), "{how}: {text}");
        assert_eq!(counted.values("Calls"), [1.0], "{how}");
        let lines = logs.lines();
        let called = lines.iter().find(|line| line["message"] == "the tool is called").unwrap();
        let id = called["function_request_id"].as_str().unwrap();
        assert!(!id.is_empty() && (error.is_none() || text.contains(id)), "{how}: {called}");
        let errors: Vec<_> = lines.iter().filter(|line| line["level"] == "ERROR").collect();
        // A panic also has the line of the hook, with the place in the source.
        let of_tool: Vec<_> = errors.iter().filter(|line| line["tool"] == "end").collect();
        assert_eq!(of_tool.len(), usize::from(error.is_some()), "{how}: {errors:?}");
        assert_eq!(errors.len(), of_tool.len() + usize::from(how == "panic"), "{how}: {errors:?}");
        if let Some(error) = error {
            assert_eq!(
                (&of_tool[0]["error"], &of_tool[0]["function_request_id"]),
                (&json!(error), &json!(id)),
                "{how}"
            );
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_deadline_layer_that_is_earlier_than_the_margin_answers_for_the_server() {
    let layers = Stack::new().deadline(DeadlineLayer::new().margin(Duration::from_secs(1)));
    let caller = Caller::new(http::service(server()).layer(layers).outer(metrics()));
    let response = caller.with_time_left(Duration::from_secs(3)).send(call("late")).await.unwrap();
    assert_eq!(response.status(), 504);
    // A longer margin gives the answer to the server.
    let layers = Stack::new().deadline(DeadlineLayer::new().margin(Duration::from_secs(1)));
    let server = server().margin(Duration::from_millis(1_050));
    let caller = Caller::new(http::service(server).layer(layers).outer(metrics()));
    let response = caller.with_time_left(Duration::from_secs(3)).send(call("late")).await.unwrap();
    assert!(text(&response).0);
}

#[tokio::test]
async fn check_45_a_client_finds_the_login_and_the_scopes_that_a_tool_needs() {
    let issuer = TokenIssuer::new("https://id.example.com").unwrap();
    let address = "https://api.example.com/mcp";
    let tokens = JwtLayer::new(issuer.verifier().audience(address)).protected_resource(address);
    let server = server().require_scopes("end", ["jobs:end"]);
    let caller = Caller::new(http::service(server).layer(stack().layer(tokens)).outer(metrics()));

    let refused = caller.send(call("well")).await.unwrap();
    let metadata = "https://api.example.com/.well-known/oauth-protected-resource/mcp";
    let challenge = format!("Bearer resource_metadata=\"{metadata}\"");
    assert_eq!((refused.status(), refused.header("www-authenticate")), (401, Some(&*challenge)));
    let document = caller.send(get("/.well-known/oauth-protected-resource/mcp")).await.unwrap();
    let document: Value = document.json().unwrap();
    assert_eq!(
        (&document["resource"], &document["authorization_servers"]),
        (&json!(address), &json!(["https://id.example.com"]))
    );

    let token = |scope: &str| issuer.token(json!({ "sub": "ada", "aud": address, "scope": scope }));
    let subject = client::call("subject").id(json!(7)).request().bearer(token(""));
    assert_eq!(text(&caller.send(subject).await.unwrap()), (false, "ada".to_owned()));
    let lacking = caller.send(call("well").bearer(token("jobs:read"))).await.unwrap();
    let challenge = format!(r#"Bearer error="insufficient_scope", scope="jobs:end", resource_metadata="{metadata}""#);
    assert_eq!((lacking.status(), lacking.header("www-authenticate")), (403, Some(&*challenge)));
    assert_eq!(lacking.json::<Value>().unwrap()["id"], 7);
    assert!(!text(&caller.send(call("well").bearer(token("jobs:end jobs:read"))).await.unwrap()).0);
}

/// Numbers of one digit.
#[derive(Deserialize, JsonSchema, Tool)]
struct Digit {
    digit: u8,
}

#[tokio::test]
async fn check_46_one_registry_gives_one_value_in_three_envelopes() {
    use pilaster::testing::{agentcore, bedrock};

    async fn digit(Input(Digit { digit }): Input<Digit>) -> u8 {
        digit
    }
    let tools = || Tools::new().add(digit);
    let message = client::call("digit").argument("digit", 7);
    let by_mcp = Caller::new(http::service(mcp::Server::new(tools()))).send(message).await.unwrap();
    assert_eq!(by_mcp.json::<Value>().unwrap()["result"]["structuredContent"], json!({ "result": 7 }));
    let gateway = Caller::new(tools().for_agentcore()).with_context(agentcore::tool("digit"));
    assert_eq!(gateway.call(json!({ "digit": 7 })).await.unwrap(), 7);
    let event = bedrock::function("digit").parameter("digit", "integer", "7");
    let answer = Caller::new(tools().for_bedrock()).call(event).await.unwrap();
    assert_eq!(bedrock::result(&answer), Some((None, "7")));
}

/// Heats.
#[derive(Deserialize, JsonSchema, Tool)]
struct Heat {
    by: Vec<f32>,
}

#[tokio::test]
async fn a_number_that_would_be_infinite_is_refused_by_each_kind() {
    use pilaster::testing::{agentcore, bedrock};

    async fn heat(Input(Heat { by }): Input<Heat>) -> String {
        format!("{by:?}")
    }
    let tools = || Tools::new().add(heat);
    let expected = "expected a number between -3.4e38 and 3.4e38";
    let server = Caller::new(http::service(mcp::Server::new(tools())));
    let answer = server.send(client::call("heat").argument("by", [1.0, 1e39])).await.unwrap();
    assert_eq!(client::text(&answer), Some((true, format!("/by/1: {expected}"))));
    let gateway = Caller::new(tools().for_agentcore()).with_context(agentcore::tool("heat"));
    let answer = gateway.call(json!({ "by": [1.0, 1e39] })).await.unwrap();
    assert_eq!(answer["error"], json!({ "type": "InvalidArguments", "message": format!("/by/1: {expected}") }));
    let event = bedrock::function("heat").parameter("by", "array", "[1.0, 1e39]");
    let answer = Caller::new(tools().for_bedrock()).call(event).await.unwrap();
    let (state, text) = bedrock::result(&answer).unwrap();
    assert!(state == Some("REPROMPT") && text.ends_with(expected), "{text}");
}

#[test]
fn check_46_two_tools_of_one_name_fail_at_start_in_each_envelope() {
    async fn digit(Input(Digit { digit }): Input<Digit>) -> u8 {
        digit
    }
    let one = || Tools::new().add(digit);
    // In one registry, in two that are merged, and in the one that is merged.
    for twice in [one().add(digit), one().add(one()), Tools::new().add(one().add(digit))] {
        let expected = "two tools have the name `digit`";
        let mistake = twice.clone().for_bedrock().into_service().err().unwrap().to_string();
        assert!(mistake.contains(expected), "{mistake}");
        let mistake = twice.clone().for_agentcore().into_service().err().unwrap().to_string();
        assert!(mistake.contains(expected), "{mistake}");
        let mistake = http::service(mcp::Server::new(twice)).into_service().err().unwrap().to_string();
        assert!(mistake.contains(expected), "{mistake}");
    }
}

//! The server as a client of each revision sees it. The numbers are those of the acceptance checks.

mod calls;
mod http_rules;
mod listing;
mod model;
#[cfg(feature = "jwt")]
mod scopes;
mod versions;

use std::time::Duration;

use axum_core::body::Body;
use axum_core::response::Response;
use http::Request;
use http::request::Builder;
use http_body_util::BodyExt as _;
use lambda_runtime::Context;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use tower::ServiceExt as _;

use super::Server;
use crate::core::error::BoxError;
use crate::core::invocation::Invocation;
use crate::core::limits::PAYLOAD_LIMIT;
use crate::tools::{Caller, Content, Definition, Input, Tool, ToolError, Tools};

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Ask {
    how: String,
    days: Option<u8>,
}

impl Tool for Ask {
    const DEFINITION: Definition = Definition::new("ask", "Asks.").with_title("Ask").read_only();
}

#[derive(Serialize, JsonSchema)]
struct Answer {
    text: String,
}

async fn ask(caller: Caller, Input(Ask { how, days }): Input<Ask>) -> Result<Answer, BoxError> {
    match &*how {
        "stated" => Err(ToolError::new("try \"again\"").with_source("secret host").into()),
        "other" => Err(std::io::Error::other("secret host").into()),
        "panic" => panic!("secret host"),
        "late" => std::future::pending().await,
        _ => {
            let Caller::Mcp(client) = caller else { return Err("no client".into()) };
            Ok(Answer { text: format!("{how} {days:?} {:?} {}", client.name(), client.protocol_version()) })
        }
    }
}

#[derive(Deserialize, JsonSchema)]
struct Nothing {}

impl Tool for Nothing {
    const DEFINITION: Definition = Definition::new("five", "Five.");
}

async fn five(Input(Nothing {}): Input<Nothing>) -> u8 {
    5
}

#[derive(Deserialize, JsonSchema)]
struct Picture {}

impl Tool for Picture {
    const DEFINITION: Definition = Definition::new("picture", "A picture.");
}

#[derive(Deserialize, JsonSchema)]
struct Many {
    of: String,
    count: usize,
    is_text: bool,
}

impl Tool for Many {
    const DEFINITION: Definition = Definition::new("many", "Repeats a text, as a value or as text.");
}

async fn many(Input(Many { of, count, is_text }): Input<Many>) -> Result<Answer, BoxError> {
    let text = of.repeat(count);
    if is_text { Err(ToolError::new(text).into()) } else { Ok(Answer { text }) }
}

async fn picture(Input(Picture {}): Input<Picture>) -> Content {
    let png: &[u8] = b"png";
    Content::text("\"one\"").image("image/png", png).audio("audio/wav", png).link("https://a.example", "a").resource(
        "file:///a",
        "text/plain",
        "\"a\"",
    )
}

#[derive(Deserialize, JsonSchema)]
struct Mirrored {
    #[schemars(extend("x-mcp-header" = "Region"))]
    region: Option<String>,
    place: Option<Place>,
}

#[derive(Deserialize, JsonSchema)]
struct Place {
    #[schemars(extend("x-mcp-header" = "Floor"))]
    floor: i64,
}

impl Tool for Mirrored {
    const DEFINITION: Definition = Definition::new("mirrored", "Is routed by headers.");
}

async fn mirrored(Input(Mirrored { region, place }): Input<Mirrored>) -> String {
    format!("{region:?} {:?}", place.map(|place| place.floor))
}

fn tools() -> Tools {
    Tools::new().add(ask).add(five).add(picture).add(mirrored)
}

fn server() -> Server {
    Server::new(tools()).info("tests", "1.2.3")
}

/// A request of a browser or a client, in an invocation of three seconds.
fn http_request() -> Builder {
    let mut context = Context::default();
    context.request_id = "52fdfc07".into();
    let invocation = Invocation::with_time_left(context, Some(Duration::from_secs(3)));
    Request::post("/mcp")
        .extension(invocation)
        .header("content-type", "application/json")
        .header("accept", "application/json, text/event-stream")
}

/// What a client of the current revision sends: the headers and `_meta`.
fn modern(method: &str, mut params: Value) -> (Builder, Value) {
    params["_meta"] = json!({
        "io.modelcontextprotocol/protocolVersion": "2026-07-28",
        "io.modelcontextprotocol/clientCapabilities": {},
        "io.modelcontextprotocol/clientInfo": { "name": "tests", "version": "1" },
    });
    let request = http_request().header("mcp-protocol-version", "2026-07-28").header("mcp-method", method);
    let request = match params["name"].as_str() {
        Some(name) => request.header("mcp-name", name),
        None => request,
    };
    (request, json!({ "jsonrpc": "2.0", "id": 7, "method": method, "params": params }))
}

/// What a client of an older revision sends.
fn legacy(method: &str, params: &Value) -> (Builder, Value) {
    let request = http_request().header("mcp-protocol-version", "2025-11-25");
    (request, json!({ "jsonrpc": "2.0", "id": "a", "method": method, "params": params }))
}

async fn send(server: &Server, request: Builder, body: impl Into<Body>) -> Response {
    server.clone().oneshot(request.body(body.into()).unwrap()).await.unwrap()
}

async fn body(response: Response) -> Value {
    let bytes = response.into_body().collect().await.unwrap().to_bytes();
    if bytes.is_empty() { Value::Null } else { serde_json::from_slice(&bytes).unwrap() }
}

/// Returns the status and the body.
async fn answer(server: &Server, (request, message): (Builder, Value)) -> (u16, Value) {
    let response = send(server, request, message.to_string()).await;
    (response.status().as_u16(), body(response).await)
}

/// Returns the result of a request that succeeds.
async fn result(server: &Server, message: (Builder, Value)) -> Value {
    let (status, answer) = answer(server, message).await;
    assert_eq!(status, 200, "{answer}");
    assert!(answer.get("error").is_none(), "{answer}");
    answer["result"].clone()
}

//! `tools/call` of an MCP server beside a POST handler that reads the same message and writes the same answer, without the checks of the
//! protocol.

use pilaster::http::{self, HttpError, Json};
use pilaster::tools::{Input, Tool, ToolError, Tools};
use pilaster::{Invocation, RawService, handler, mcp};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use serde_json::{Value, json};

/// An HTTP API's event with a message.
pub const CALL: &str = include_str!("../events/mcp.json");

/// Creates a user.
#[derive(Deserialize, JsonSchema, Tool)]
#[tool(name = "create_user")]
struct NewUser {
    email: String,
    name: String,
}

#[derive(Serialize, JsonSchema)]
struct User {
    id: String,
    email: String,
    name: String,
}

fn create(invocation: &Invocation, new: NewUser) -> Option<User> {
    tracing::info!(status = 201, "created a user");
    let id = invocation.request_id().to_owned();
    new.email.contains('@').then_some(User { id, email: new.email, name: new.name })
}

/// The tool.
pub fn by_tool() -> impl RawService {
    async fn tool(invocation: Invocation, Input(new): Input<NewUser>) -> Result<User, ToolError> {
        create(&invocation, new).ok_or_else(|| ToolError::new("invalid user"))
    }
    let server = mcp::Server::new(Tools::new().add(tool)).info("users", "1");
    let server = server.allow_origins(["https://app.example.com"]);
    http::service(server).layer(http::Stack::new()).into_service().expect("a service")
}

/// The members of a message that the handler reads.
#[derive(Deserialize)]
struct Message {
    id: Box<RawValue>,
    method: String,
    params: Params,
}

#[derive(Deserialize)]
struct Params {
    name: String,
    arguments: NewUser,
}

#[derive(Serialize)]
struct Answer {
    jsonrpc: &'static str,
    id: Box<RawValue>,
    result: Value,
}

/// The handler.
pub fn by_post() -> impl RawService {
    async fn post(invocation: Invocation, Json(message): Json<Message>) -> Result<Json<Answer>, HttpError> {
        let Message { id, method, params } = message;
        if method != "tools/call" || params.name != "create_user" {
            return Err(HttpError::not_found("no such tool"));
        }
        let user =
            create(&invocation, params.arguments).ok_or_else(|| HttpError::unprocessable_entity("invalid user"))?;
        let user = serde_json::to_value(user)?;
        let result = json!({
            "content": [{ "type": "text", "text": user.to_string() }],
            "structuredContent": user,
            "resultType": "complete",
            "_meta": { "io.modelcontextprotocol/serverInfo": { "name": "users", "version": "1" } },
        });
        Ok(Json(Answer { jsonrpc: "2.0", id, result }))
    }
    handler(post).layer(http::Stack::new()).into_service().expect("a service")
}

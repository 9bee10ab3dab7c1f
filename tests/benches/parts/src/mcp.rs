//! `tools/call` of an MCP server beside a POST handler that does the same work for the same request, but for the envelope of the message.

use pilaster::http::{self, HttpError, Json, StatusCode};
use pilaster::tools::{Input, Tool, ToolError, Tools};
use pilaster::{Invocation, RawService, handler, mcp};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// An HTTP API's event with a message.
pub const CALL: &str = include_str!("../events/mcp.json");

/// The same event with the arguments alone.
pub const POST: &str = include_str!("../events/mcp-post.json");

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

/// The handler.
pub fn by_post() -> impl RawService {
    async fn post(invocation: Invocation, Json(new): Json<NewUser>) -> Result<(StatusCode, Json<User>), HttpError> {
        let user = create(&invocation, new).ok_or_else(|| HttpError::unprocessable_entity("invalid user"))?;
        Ok((StatusCode::CREATED, Json(user)))
    }
    handler(post).layer(http::Stack::new()).into_service().expect("a service")
}

//! The tools that the conformance suite of MCP and foreign clients call. The names, the texts and the schema are the suite's.

use std::borrow::Cow;

use pilaster::tools::{Content, Input, Tool, ToolError, Tools, tool};
use pilaster::{StartError, http, mcp};
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Serialize};

/// A picture of one dot.
const PNG: &[u8] = &[
    137, 80, 78, 71, 13, 10, 26, 10, 0, 0, 0, 13, 73, 72, 68, 82, 0, 0, 0, 1, 0, 0, 0, 1, 8, 2, 0, 0, 0, 144, 119, 83,
    222, 0, 0, 0, 12, 73, 68, 65, 84, 8, 215, 99, 248, 207, 192, 0, 0, 3, 1, 1, 0, 24, 221, 141, 176, 0, 0, 0, 0, 73,
    69, 78, 68, 174, 66, 96, 130,
];

/// A sound without a sample.
const WAV: &[u8] = b"RIFF\x24\0\0\0WAVEfmt \x10\0\0\0\x01\0\x01\0\x40\x1f\0\0\x80\x3e\0\0\x02\0\x10\0data\0\0\0\0";

/// Returns a simple text.
#[tool]
async fn test_simple_text() -> String {
    "This is a simple text response for testing.".to_owned()
}

/// Fails.
#[tool]
async fn test_error_handling() -> Result<String, ToolError> {
    Err(ToolError::new("This tool intentionally returns an error for testing"))
}

/// Returns a picture.
#[tool]
async fn test_image_content() -> Content {
    Content::default().image("image/png", PNG)
}

/// Returns a sound.
#[tool]
async fn test_audio_content() -> Content {
    Content::default().audio("audio/wav", WAV)
}

/// Returns a resource.
#[tool]
async fn test_embedded_resource() -> Content {
    Content::default().resource("test://embedded-resource", "text/plain", "This is an embedded resource content.")
}

/// Returns blocks of three kinds.
#[tool]
async fn test_multiple_content_types() -> Content {
    Content::text("Multiple content types test:").image("image/png", PNG).resource(
        "test://mixed-content-resource",
        "application/json",
        r#"{"test":"data","value":123}"#,
    )
}

/// Needs a capability of the client.
#[tool]
async fn test_missing_capability() -> String {
    "the client states it".to_owned()
}

/// Logs nothing to the client, which did not ask for it.
#[tool]
async fn test_logging_tool() -> String {
    "nothing is logged".to_owned()
}

/// Answers at once: this server sends no requests to clients.
#[tool]
async fn test_streaming_elicitation() -> String {
    "nothing was asked".to_owned()
}

/// Adds two numbers.
#[derive(Deserialize, JsonSchema, Tool)]
#[tool(read_only, idempotent)]
struct Add {
    a: i64,
    b: i64,
}

#[derive(Serialize, JsonSchema)]
struct Sum {
    sum: i64,
}

async fn add(Input(Add { a, b }): Input<Add>) -> Result<Sum, ToolError> {
    let sum = a.checked_add(b).ok_or_else(|| ToolError::new("the sum is too large"))?;
    Ok(Sum { sum })
}

/// Returns the number of letters, which is not an object.
#[tool]
async fn count_letters(text: String) -> usize {
    text.chars().count()
}

/// Is routed by a header.
#[derive(Deserialize, JsonSchema, Tool)]
struct Route {
    #[schemars(extend("x-mcp-header" = "Region"))]
    region: String,
}

async fn route(Input(Route { region }): Input<Route>) -> String {
    region
}

/// Panics.
#[tool]
async fn panics() -> String {
    panic!("a secret")
}

/// Tool with JSON Schema 2020-12 features
#[derive(Deserialize, Tool)]
#[tool(name = "json_schema_2020_12_tool")]
#[serde(rename_all = "camelCase")]
struct Contact {
    name: Option<String>,
    contact_method: Option<String>,
}

impl JsonSchema for Contact {
    fn schema_name() -> Cow<'static, str> {
        "Contact".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({
            "$schema": "https://json-schema.org/draft/2020-12/schema",
            "type": "object",
            "$defs": {
                "address": {
                    "$anchor": "addressDef",
                    "type": "object",
                    "properties": { "street": { "type": "string" }, "city": { "type": "string" } },
                },
            },
            "properties": {
                "name": { "type": "string" },
                "address": { "$ref": "#/$defs/address" },
                "contactMethod": { "type": "string", "enum": ["phone", "email"] },
                "phone": { "type": "string" },
                "email": { "type": "string" },
            },
            "allOf": [{ "anyOf": [{ "required": ["phone"] }, { "required": ["email"] }] }],
            "if": { "properties": { "contactMethod": { "const": "phone" } }, "required": ["contactMethod"] },
            "then": { "required": ["phone"] },
            "else": { "required": ["email"] },
            "additionalProperties": false,
        })
    }
}

async fn contact(Input(Contact { name, contact_method }): Input<Contact>) -> String {
    format!("{name:?} {contact_method:?}")
}

fn tools() -> Tools {
    Tools::new()
        .add(test_simple_text::tool())
        .add(test_error_handling::tool())
        .add(test_image_content::tool())
        .add(test_audio_content::tool())
        .add(test_embedded_resource::tool())
        .add(test_multiple_content_types::tool())
        .add(test_missing_capability::tool())
        .add(test_logging_tool::tool())
        .add(test_streaming_elicitation::tool())
        .add(add)
        .add(count_letters::tool())
        .add(route)
        .add(panics::tool())
        .add(contact)
}

fn main() -> Result<(), StartError> {
    let server = mcp::Server::new(tools()).info("pilaster-fixture", "1").instructions("Call the tools.");
    let server = server.require_capability("test_missing_capability", "sampling");
    // The suite reads one page.
    let pages = std::env::var("PAGE_SIZE").ok().and_then(|size| size.parse().ok()).unwrap_or(100);
    pilaster::run(http::service(server.page_size(pages)))
}

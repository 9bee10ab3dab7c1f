//! The tools of `tools/list` in MCP (<https://modelcontextprotocol.io/specification/2026-07-28/server/tools>).

use serde_json::{Value, json};

use super::SchemaFaults;
use crate::tools::registry::{RegisteredTool, Tools};

impl Tools {
    /// Returns the tools as a list of `tools/list` in MCP, with their schemas by JSON Schema 2020-12.
    ///
    /// # Errors
    ///
    /// Two tools have one name, or a name or a description is not valid.
    pub fn mcp_schema(&self) -> Result<Value, SchemaFaults> {
        let faults = self.mistake().map(str::to_owned).into_iter().collect();
        SchemaFaults(faults).unless_empty(self.iter().map(tool).collect())
    }
}

/// Returns a tool as MCP lists it.
pub(crate) fn tool(tool: &RegisteredTool) -> Value {
    let hints = tool.hints();
    let mut listed = json!({
        "name": tool.name(),
        "description": tool.description(),
        "inputSchema": tool.input_schema(),
        "annotations": {
            "readOnlyHint": hints.read_only,
            "destructiveHint": hints.destructive,
            "idempotentHint": hints.idempotent,
            "openWorldHint": hints.open_world,
        },
    });
    if let Some(title) = tool.title() {
        listed["title"] = title.into();
    }
    if let Some(output) = tool.output_schema() {
        listed["outputSchema"] = output.clone();
    }
    listed
}

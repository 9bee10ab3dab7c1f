//! The tools of `tools/list` in MCP (<https://modelcontextprotocol.io/specification/2026-07-28/server/tools>).

use std::collections::HashSet;

use http::HeaderName;
use serde_json::{Map, Value, json};

use super::SchemaFaults;
use crate::tools::registered::RegisteredTool;
use crate::tools::registry::Tools;

impl Tools {
    /// Returns the tools as a list of `tools/list` in MCP, with their schemas by JSON Schema 2020-12. An output that is not
    /// an object is the member `result` of one.
    ///
    /// # Example
    ///
    /// ```
    /// use pilaster::tools::{Input, Tool, Tools};
    /// use schemars::JsonSchema;
    /// use serde::Deserialize;
    ///
    /// /// Doubles a number.
    /// #[derive(Deserialize, JsonSchema, Tool)]
    /// struct Double {
    ///     number: i64,
    /// }
    ///
    /// let tools = Tools::new().add(async |Input(Double { number }): Input<Double>| number.saturating_mul(2));
    /// let schema = tools.mcp_schema().unwrap();
    /// assert_eq!(schema[0]["inputSchema"]["required"][0], "number");
    /// assert_eq!(schema[0]["outputSchema"]["properties"]["result"]["type"], "integer");
    /// ```
    ///
    /// # Errors
    ///
    /// Two tools have one name, or a name or a description is not valid; an input is not always an object; an
    /// `x-mcp-header` in a schema breaks the rules of MCP.
    pub fn mcp_schema(&self) -> Result<Value, SchemaFaults> {
        let mut faults = self.faults_of_inputs();
        for tool in self.iter() {
            let of_tool = mirrored(tool.input_schema()).1;
            faults.extend(of_tool.into_iter().map(|fault| format!("the tool `{}`: {fault}", tool.name())));
        }
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
        listed["outputSchema"] = announced(output);
    }
    listed
}

/// Returns `true` for the schema of an output that is not always an object: clients of older revisions take only an
/// object.
pub(crate) fn is_wrapped(output: &Value) -> bool {
    output.get("type").is_none_or(|of| of != "object")
}

/// Returns the schema of an output as it is sent.
fn announced(output: &Value) -> Value {
    let mut schema = output.clone();
    if !is_wrapped(output) {
        return schema;
    }
    let mut definitions = schema.as_object_mut().and_then(|members| members.remove("$defs"));
    move_references(&mut schema);
    definitions.as_mut().and_then(Value::as_object_mut).into_iter().for_each(move_references_of);
    let mut wrapped = json!({ "type": "object", "properties": { "result": schema }, "required": ["result"] });
    if let Some(definitions) = definitions {
        wrapped["$defs"] = definitions;
    }
    wrapped
}

/// Lets references to the root lead to the member `result`.
fn move_references(schema: &mut Value) {
    match schema {
        Value::Object(members) => {
            for (name, member) in members {
                match member {
                    Value::String(to) if name == "$ref" && to.starts_with('#') && !to.starts_with("#/$defs") => {
                        to.insert_str(1, "/properties/result");
                    }
                    _ if matches!(&**name, "const" | "default" | "enum" | "examples") => {}
                    // Their members have the names of fields, which may be those of keywords.
                    Value::Object(schemas)
                        if matches!(&**name, "properties" | "patternProperties" | "dependentSchemas" | "$defs") =>
                    {
                        move_references_of(schemas);
                    }
                    member => move_references(member),
                }
            }
        }
        Value::Array(items) => items.iter_mut().for_each(move_references),
        _ => {}
    }
}

/// Moves the references in schemas by name.
fn move_references_of(schemas: &mut Map<String, Value>) {
    schemas.values_mut().for_each(move_references);
}

/// The annotation of an argument that a header repeats
/// (<https://modelcontextprotocol.io/specification/2026-07-28/server/tools#x-mcp-header>).
const ANNOTATION: &str = "x-mcp-header";

/// An argument that a header repeats.
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(not(feature = "mcp"), allow(dead_code, reason = "the server compares them"))]
pub(crate) struct MirroredArgument {
    /// The names of the members that lead to it.
    pub(crate) path: Vec<String>,
    pub(crate) header: HeaderName,
}

/// Returns the arguments that headers repeat, and the mistakes in their annotations.
pub(crate) fn mirrored(input: &Value) -> (Vec<MirroredArgument>, Vec<String>) {
    let mut found = Found::default();
    found.walk(input, &mut Vec::new());
    if annotations(input) > found.seen {
        let fault = format!("`{ANNOTATION}` must be in a property that is reached by `properties` alone");
        found.faults.push(fault);
    }
    (found.arguments, found.faults)
}

/// Returns the number of annotations, wherever they are.
fn annotations(schema: &Value) -> usize {
    match schema {
        Value::Object(members) => {
            let own = usize::from(members.get(ANNOTATION).is_some_and(Value::is_string));
            own + members.values().map(annotations).sum::<usize>()
        }
        Value::Array(items) => items.iter().map(annotations).sum(),
        _ => 0,
    }
}

#[derive(Default)]
struct Found {
    arguments: Vec<MirroredArgument>,
    faults: Vec<String>,
    names: HashSet<HeaderName>,
    seen: usize,
}

impl Found {
    fn walk(&mut self, schema: &Value, path: &mut Vec<String>) {
        let properties = schema.get("properties").and_then(Value::as_object);
        for (name, property) in properties.into_iter().flatten() {
            path.push(name.clone());
            if let Some(annotation) = property.get(ANNOTATION).filter(|annotation| !annotation.is_object()) {
                self.seen += usize::from(annotation.is_string());
                match self.header(annotation, property) {
                    Ok(header) => self.arguments.push(MirroredArgument { path: path.clone(), header }),
                    Err(why) => self.faults.push(format!("`{ANNOTATION}` of `/{}` {why}", path.join("/"))),
                }
            }
            self.walk(property, path);
            path.pop();
        }
    }

    fn header(&mut self, annotation: &Value, property: &Value) -> Result<HeaderName, &'static str> {
        let name = annotation.as_str().filter(|name| !name.is_empty()).ok_or("must be the name of a header")?;
        let name = HeaderName::try_from(format!("mcp-param-{name}")).map_err(|_| "must be the name of a header")?;
        let is_simple = |of: &Value| ["string", "integer", "boolean"].iter().any(|simple| of == simple);
        let fits = match property.get("type") {
            Some(Value::Array(types)) => types.iter().all(|of| of == "null" || is_simple(of)),
            of => of.is_some_and(is_simple),
        };
        if !fits {
            return Err("must be on a string, an integer or a boolean");
        }
        if !self.names.insert(name.clone()) {
            return Err("is used twice");
        }
        Ok(name)
    }
}

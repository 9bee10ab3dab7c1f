//! The schemas of tools in the dialects of the services, for deployment: [`Tools::agentcore_schema`],
//! [`Tools::bedrock_schema`], [`Tools::mcp_schema`].

pub(crate) mod agentcore;
pub(crate) mod bedrock;
pub(crate) mod mcp;
mod reduce;
#[cfg(test)]
mod tests;

use std::fmt;

use serde_json::Value;

use super::registry::Tools;

/// A dialect of the schemas of tools.
///
/// # Example
///
/// ```
/// use pilaster::tools::{Dialect, Input, Tool, Tools};
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
/// let schema = tools.schema(Dialect::Bedrock)?;
/// assert_eq!(schema["functions"][0]["parameters"]["number"]["type"], "integer");
/// let schema = tools.schema(Dialect::AgentCore)?;
/// assert_eq!(schema[0]["inputSchema"]["properties"]["number"]["type"], "integer");
/// # Ok::<(), pilaster::tools::SchemaFaults>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Dialect {
    /// `tools/list` of MCP: JSON Schema 2020-12.
    Mcp,
    /// The tool schema of a Lambda target of an AgentCore Gateway.
    AgentCore,
    /// The function details of a Bedrock action group.
    Bedrock,
}

/// The reasons why the schemas of tools cannot be written in a dialect: one sentence each, with the tool and the path of
/// the field.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SchemaFaults(pub(super) Vec<String>);

impl SchemaFaults {
    /// Returns the sentences.
    pub fn iter(&self) -> impl ExactSizeIterator<Item = &str> {
        self.0.iter().map(String::as_str)
    }

    fn unless_empty(self, schema: Value) -> Result<Value, Self> {
        if self.0.is_empty() { Ok(sorted(schema)) } else { Err(self) }
    }
}

/// Sorts the members of all objects, whose order depends on a feature of serde_json that any crate can turn on.
fn sorted(schema: Value) -> Value {
    match schema {
        Value::Object(members) => {
            let mut members = members.into_iter().map(|(name, value)| (name, sorted(value))).collect::<Vec<_>>();
            members.sort_by(|(one, _), (other, _)| one.cmp(other));
            Value::Object(members.into_iter().collect())
        }
        Value::Array(items) => Value::Array(items.into_iter().map(sorted).collect()),
        value => value,
    }
}

impl fmt::Display for SchemaFaults {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0.join("\n"))
    }
}

impl std::error::Error for SchemaFaults {}

/// Returns `true` for the schema of an input that is always an object.
fn is_object(input: &Value) -> bool {
    input.get("type").is_some_and(|of| of == "object")
}

impl Tools {
    /// Returns the mistakes that no dialect forgives: that of the registry, and inputs that are not always an object.
    fn faults_of_inputs(&self) -> Vec<String> {
        let own = self.mistake().map(str::to_owned);
        let others = self.iter().filter(|tool| !is_object(tool.input_schema())).map(|tool| {
            let name = tool.name();
            format!("the input of the tool `{name}` is not always an object: use a struct with named fields")
        });
        own.into_iter().chain(others).collect()
    }

    /// Returns the schemas of the tools in a dialect.
    ///
    /// # Example
    ///
    /// ```
    /// use pilaster::tools::{Dialect, Input, Tool, Tools};
    /// use schemars::JsonSchema;
    /// use serde::Deserialize;
    ///
    /// /// Finds a place.
    /// #[derive(Deserialize, JsonSchema, Tool)]
    /// struct Find {
    ///     at: Position,
    /// }
    ///
    /// #[derive(Deserialize, JsonSchema)]
    /// struct Position {
    ///     latitude: f64,
    ///     longitude: f64,
    /// }
    ///
    /// let tools = Tools::new().add(async |Input(Find { at }): Input<Find>| format!("{}, {}", at.latitude, at.longitude));
    /// assert!(tools.schema(Dialect::Mcp).is_ok());
    /// let faults = tools.schema(Dialect::Bedrock).unwrap_err();
    /// assert!(faults.to_string().contains("`find` at `/at`: a nested object"));
    /// ```
    ///
    /// # Errors
    ///
    /// The dialect cannot express a tool.
    pub fn schema(&self, dialect: Dialect) -> Result<Value, SchemaFaults> {
        match dialect {
            Dialect::Mcp => self.mcp_schema(),
            Dialect::AgentCore => self.agentcore_schema(),
            Dialect::Bedrock => self.bedrock_schema(),
        }
    }
}

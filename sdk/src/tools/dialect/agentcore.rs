//! The tool schema of a Lambda target of an AgentCore Gateway
//! (<https://docs.aws.amazon.com/bedrock-agentcore/latest/devguide/gateway-add-target-lambda.html>).

use serde_json::{Map, Value, json};

use super::reduce::{Reduced, Reducer};
use super::{SchemaFaults, is_object};
use crate::tools::registered::RegisteredTool;
use crate::tools::registry::Tools;

const DIALECT: &str = "AgentCore";

/// The most tools of a target
/// (<https://docs.aws.amazon.com/bedrock-agentcore/latest/devguide/bedrock-agentcore-limits.html>).
const MOST_TOOLS: usize = 1000;

impl Tools {
    /// Returns the tool schema of a Lambda target of an AgentCore Gateway: a list of names, descriptions and input
    /// schemas, for `toolSchema.s3` or `toolSchema.inlinePayload`.
    ///
    /// AgentCore knows only `type`, `description`, `properties`, `required` and `items`, so nested types are inlined, an
    /// `Option` is a property that is not required, and the values of an enum are in its description. An output schema is
    /// left out, since a failure that the model should read is another value.
    ///
    /// # Example
    ///
    /// ```
    /// use pilaster::tools::{Input, Tool, Tools};
    /// use schemars::JsonSchema;
    /// use serde::Deserialize;
    /// use serde_json::json;
    ///
    /// /// The weather in a city.
    /// #[derive(Deserialize, JsonSchema, Tool)]
    /// struct Weather {
    ///     city: String,
    ///     days: Option<u8>,
    /// }
    ///
    /// let tools = Tools::new().add(async |Input(_): Input<Weather>| "sunny");
    /// assert_eq!(
    ///     tools.agentcore_schema().unwrap(),
    ///     json!([{
    ///         "name": "weather",
    ///         "description": "The weather in a city.",
    ///         "inputSchema": {
    ///             "type": "object",
    ///             "properties": { "city": { "type": "string" }, "days": { "type": "integer" } },
    ///             "required": ["city"],
    ///         },
    ///     }])
    /// );
    /// ```
    ///
    /// # Errors
    ///
    /// Types that the dialect cannot express, each with its tool and the path of the field: a recursive type, an enum with
    /// fields, a map, a tuple, any JSON.
    pub fn agentcore_schema(&self) -> Result<Value, SchemaFaults> {
        let mut faults = self.faults_of_inputs();
        faults.extend(self.agentcore_faults_of_names());
        let tools = self.iter().filter(|tool| is_object(tool.input_schema())).filter_map(|tool| {
            let reduced = Reducer::new(tool.name(), DIALECT, &mut faults).reduce(tool.input_schema(), "")?;
            Some(json!({
                "name": tool.name(),
                "description": tool.description(),
                "inputSchema": schema(&reduced),
            }))
        });
        let tools = tools.collect();
        SchemaFaults(faults).unless_empty(tools)
    }

    fn agentcore_faults_of_names(&self) -> Vec<String> {
        let is_valid = |tool: &&RegisteredTool| !tool.name().contains('.');
        let names = self.iter().filter(|tool| !is_valid(tool)).map(|tool| {
            format!("the name `{}` of a tool has a `.`, which AgentCore does not accept: rename it", tool.name())
        });
        let mut faults = names.collect::<Vec<_>>();
        if self.len() > MOST_TOOLS {
            faults.push(format!("there are {} tools; a target of AgentCore has at most {MOST_TOOLS}", self.len()));
        }
        faults
    }

    /// Returns the first reason not to start: a name, and in a debug build also a schema, for which no time is lost on
    /// Lambda.
    #[cfg(feature = "agentcore")]
    pub(crate) fn mistake_for_agentcore(&self) -> Option<String> {
        let own = self.mistake().map(str::to_owned);
        let names = || self.agentcore_faults_of_names().into_iter().next();
        own.or_else(names).or_else(|| match cfg!(debug_assertions) {
            true => self.agentcore_schema().err().and_then(|faults| faults.0.into_iter().next()),
            false => None,
        })
    }
}

fn schema(reduced: &Reduced) -> Value {
    let mut members = Map::new();
    members.insert("type".to_owned(), reduced.kind.clone().into());
    if let Some(description) = &reduced.description {
        members.insert("description".to_owned(), description.clone().into());
    }
    if !reduced.properties.is_empty() {
        let properties = reduced.properties.iter().map(|(name, property)| (name.clone(), schema(property)));
        members.insert("properties".to_owned(), Value::Object(properties.collect()));
    }
    if !reduced.required.is_empty() {
        members.insert("required".to_owned(), reduced.required.clone().into());
    }
    if let Some(items) = &reduced.items {
        members.insert("items".to_owned(), schema(items));
    }
    Value::Object(members)
}

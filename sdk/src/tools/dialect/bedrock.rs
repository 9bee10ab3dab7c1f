//! The function details of a Bedrock action group
//! (<https://docs.aws.amazon.com/bedrock/latest/userguide/agents-action-function.html>).

use serde_json::{Map, Value, json};

use super::reduce::{Reduced, Reducer};
use super::{SchemaFaults, is_object};
use crate::tools::registry::Tools;

const DIALECT: &str = "Bedrock";

/// The longest description, in characters
/// (<https://docs.aws.amazon.com/bedrock/latest/APIReference/API_agent_Function.html>).
const LONGEST_DESCRIPTION: usize = 1200;

/// The most letters and digits of a name.
const LONGEST_NAME: usize = 100;

impl Tools {
    /// Returns the function details of an action group: `{"functions": [..]}`, as `functionSchema` of
    /// `CreateAgentActionGroup` takes them.
    ///
    /// A parameter has only a type, a description and whether it is required, so the input of a tool is flat: values,
    /// and lists of values. The elements of a list are in its description.
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
    ///     /// Its English name.
    ///     city: String,
    /// }
    ///
    /// let tools = Tools::new().add(async |Input(_): Input<Weather>| "sunny");
    /// let city = json!({ "type": "string", "description": "Its English name.", "required": true });
    /// let weather = json!({
    ///     "name": "weather", "description": "The weather in a city.", "parameters": { "city": city },
    /// });
    /// assert_eq!(tools.bedrock_schema().unwrap(), json!({ "functions": [weather] }));
    /// ```
    ///
    /// # Errors
    ///
    /// Types and names that the dialect cannot express, each with its tool and the path of the field: a nested object, and
    /// what [`agentcore_schema`](Self::agentcore_schema) refuses.
    pub fn bedrock_schema(&self) -> Result<Value, SchemaFaults> {
        let mut faults = self.faults_of_inputs();
        faults.extend(self.bedrock_faults_of_names());
        let mut functions = Vec::new();
        for tool in self.iter().filter(|tool| is_object(tool.input_schema())) {
            let mut reducer = Reducer::new(tool.name(), DIALECT, &mut faults).flat();
            let Some(reduced) = reducer.reduce(tool.input_schema(), "") else { continue };
            if tool.description().chars().count() > LONGEST_DESCRIPTION {
                reducer.fault("", &format!("its description is longer than {LONGEST_DESCRIPTION} characters"));
            }
            let mut parameters = Map::new();
            for (name, property) in &reduced.properties {
                if let Some(parameter) = parameter(&mut reducer, name, property, reduced.required.contains(name)) {
                    parameters.insert(name.clone(), parameter);
                }
            }
            functions.push(json!({
                "name": tool.name(),
                "description": tool.description(),
                "parameters": parameters,
            }));
        }
        SchemaFaults(faults).unless_empty(json!({ "functions": functions }))
    }

    fn bedrock_faults_of_names(&self) -> Vec<String> {
        let names = self.iter().map(|tool| tool.name()).filter(|name| !is_name(name));
        let names = names
            .map(|name| format!("the name `{name}` of a tool is not valid in Bedrock, where it has {NAME}: rename it"));
        names.collect()
    }

    /// Returns the first reason not to start: the name of a tool, and in a debug build also a schema, for which no time is lost on
    /// Lambda.
    #[cfg(feature = "bedrock")]
    pub(crate) fn mistake_for_bedrock(&self) -> Option<String> {
        let own = self.mistake().map(str::to_owned);
        let names = || self.bedrock_faults_of_names().into_iter().next();
        own.or_else(names).or_else(|| match cfg!(debug_assertions) {
            true => self.bedrock_schema().err().and_then(|faults| faults.0.into_iter().next()),
            false => None,
        })
    }
}

const NAME: &str = "up to 100 letters and digits, with single `_` and `-` between them";

/// Checks `([0-9a-zA-Z][_-]?){1,100}`.
fn is_name(name: &str) -> bool {
    let is_joint = |c: char| matches!(c, '_' | '-');
    let letters = name.chars().filter(char::is_ascii_alphanumeric).count();
    let mut before = '_';
    let is_joined = name.chars().all(|c| {
        let is_valid = c.is_ascii_alphanumeric() || is_joint(c) && !is_joint(before);
        before = c;
        is_valid
    });
    is_joined && (1..=LONGEST_NAME).contains(&letters)
}

fn parameter(reducer: &mut Reducer<'_>, name: &str, property: &Reduced, required: bool) -> Option<Value> {
    let path = format!("/{name}");
    if !is_name(name) {
        reducer.fault(&path, &format!("the name of a parameter has {NAME}"));
        return None;
    }
    if property.kind == "object" {
        reducer.fault(
            &path,
            match required {
                true => "a nested object: move its fields into the input of the tool",
                false => "a nested object: move its fields, as optional ones, into the input of the tool",
            },
        );
        return None;
    }
    let own = property.description.clone();
    let items = property.items.as_ref().map(|items| format!("A list of {}.", described(items, "s")));
    let description = own.into_iter().chain(items).collect::<Vec<_>>().join(" ");
    if description.chars().count() > LONGEST_DESCRIPTION {
        reducer.fault(&path, &format!("a description longer than {LONGEST_DESCRIPTION} characters"));
        return None;
    }
    let mut parameter = json!({ "type": property.kind, "required": required });
    if !description.is_empty() {
        parameter["description"] = description.into();
    }
    Some(parameter)
}

/// Describes the elements of a list, or a member of them: `plural` is `s`, or nothing for one value.
fn described(items: &Reduced, plural: &str) -> String {
    let form = match &*items.kind {
        "object" => {
            let members = items.properties.iter().map(|(name, property)| {
                let optional = if items.required.contains(name) { "" } else { "optional " };
                format!("{name} ({optional}{})", described(property, ""))
            });
            format!("object{plural} with {}", members.collect::<Vec<_>>().join(", "))
        }
        "array" => {
            let items = items.items.as_ref().map(|items| described(items, "s")).unwrap_or_default();
            format!("list{plural} of {items}")
        }
        kind => format!("{kind}{plural}"),
    };
    match &items.description {
        Some(description) => format!("{form}: {}", description.trim_end_matches('.')),
        None => form,
    }
}

#[cfg(test)]
mod tests {
    use super::is_name;

    #[test]
    fn a_name_has_letters_and_single_joints() {
        let longest = "a_".repeat(100);
        for name in ["a", "A9", "a_b-c", "a_", &longest] {
            assert!(is_name(name), "{name}");
        }
        for name in ["", "_a", "a__b", "a_-b", "a.b", "é", &"a".repeat(101)] {
            assert!(!is_name(name), "{name}");
        }
    }
}

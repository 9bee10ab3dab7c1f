//! [`Mistake`]: a text that does not fit a schema, in words for the model.

use std::borrow::Cow;
use std::fmt;

use serde_json::Value;

use super::schema::{items, properties};
use crate::core::json::placed;
use crate::tools::finite::SINGLE;
use crate::tools::kinds::Kinds;

/// The most members that a message names.
const NAMED: usize = 20;

/// What is wrong with a text. It repeats no value.
#[derive(Debug, PartialEq)]
pub(crate) struct Mistake {
    /// A JSON Pointer (RFC 6901) within the value; empty for all of it.
    pub(crate) at: String,
    pub(crate) expected: Cow<'static, str>,
}

impl From<&'static str> for Mistake {
    fn from(expected: &'static str) -> Self {
        Self { at: String::new(), expected: expected.into() }
    }
}

impl fmt::Display for Mistake {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&placed(&self.at, &self.expected))
    }
}

/// Returns the mistake of a text that is not of these kinds.
pub(super) fn mistake(kinds: Kinds, schema: &Value, root: &Value) -> Mistake {
    let expected = match kinds {
        Kinds { is_array: true, .. } => list(schema, root),
        Kinds { is_object: true, .. } => match members(schema, root) {
            Some(members) => format!("expected a JSON object with the members {members}").into(),
            None => "expected a JSON object".into(),
        },
        Kinds { is_number: true, .. } => "expected a number".into(),
        Kinds { is_single: true, .. } => SINGLE.into(),
        Kinds { is_integer: true, .. } => "expected an integer".into(),
        _ => "expected true or false".into(),
    };
    Mistake { at: String::new(), expected }
}

/// Describes a list by its elements: a model repeats the example.
fn list(schema: &Value, root: &Value) -> Cow<'static, str> {
    let Some(of_items) = items(schema, root) else { return "expected a JSON list".into() };
    match Kinds::of(of_items, root) {
        Kinds { is_text: true, .. } => r#"expected a list, such as ["a", "b"]"#.into(),
        Kinds { is_object: true, .. } => match members(of_items, root) {
            Some(members) => format!("expected a list of JSON objects with the members {members}").into(),
            None => "expected a list of JSON objects".into(),
        },
        Kinds { is_number: true, .. } | Kinds { is_single: true, .. } | Kinds { is_integer: true, .. } => {
            "expected a list, such as [1, 2]".into()
        }
        Kinds { is_boolean: true, .. } => "expected a list, such as [true, false]".into(),
        _ => "expected a JSON list".into(),
    }
}

/// Returns the names of the members, which are those of the schema and not of the input.
fn members(schema: &Value, root: &Value) -> Option<String> {
    let properties = properties(schema, root)?.as_object()?;
    let names = properties.keys().take(NAMED).map(|name| format!("`{name}`"));
    let more = (properties.len() > NAMED).then(|| "…".to_owned());
    let names = names.chain(more).collect::<Vec<_>>().join(", ");
    (!names.is_empty()).then_some(names)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_message_names_the_members_of_the_schema() {
        let expected = |schema: Value| mistake(Kinds::of(&schema, &schema), &schema, &schema).to_string();
        let item = json!({ "type": "object", "properties": { "count": {}, "name": {} } });
        let list = |items: Value| json!({ "type": "array", "items": items });
        for (schema, message) in [
            (list(item.clone()), "expected a list of JSON objects with the members `count`, `name`"),
            (item, "expected a JSON object with the members `count`, `name`"),
            (json!({ "type": "object" }), "expected a JSON object"),
            (list(json!({ "type": "object" })), "expected a list of JSON objects"),
            (list(json!({ "type": "string" })), r#"expected a list, such as ["a", "b"]"#),
            (list(json!({ "type": "integer" })), "expected a list, such as [1, 2]"),
            (list(json!({ "type": "number", "format": "float" })), "expected a list, such as [1, 2]"),
            (list(json!({ "type": "boolean" })), "expected a list, such as [true, false]"),
            (list(list(json!({ "type": "integer" }))), "expected a JSON list"),
            (json!({ "type": "array" }), "expected a JSON list"),
        ] {
            assert_eq!(expected(schema), message);
        }
        let many = (0..NAMED + 1).map(|index| (format!("m{index:02}"), json!({})));
        let many = json!({ "type": "object", "properties": many.collect::<serde_json::Map<_, _>>() });
        assert!(expected(many).ends_with("`m19`, …"));
    }
}

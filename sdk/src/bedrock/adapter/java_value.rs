//! Converts Java's text into JSON by a schema, where it stands for one value.
//!
//! Java writes `null` for null, and a text, a number and a boolean alike. So:
//!
//! | word | is |
//! |---|---|
//! | `null` | null if the schema allows it; otherwise no member, if that is optional; otherwise refused |
//! | in the place of a text | the text, but refused if it is also a number or boolean that the schema allows |
//! | in the place of a number or a boolean | that |
//! | without a schema | the text, but refused if it is also a number or boolean |

use serde_json::{Map, Value};

use super::java_text::Java;
use super::scalar::{boolean, is_json_number, scalar};
use super::schema::{is_optional, items, member, properties};
use crate::tools::kinds::Kinds;

/// Converts a value; `None` if it does not fit or is ambiguous. A member that the schema lacks may be a part of the word
/// before it.
pub(super) fn of_java(java: &Java<'_>, schema: &Value, root: &Value) -> Option<Value> {
    let any = Value::Bool(true);
    let kinds = Kinds::of(schema, root);
    let is_untyped = !kinds.any() && !kinds.is_text;
    match java {
        Java::Word(word) => of_word(word, kinds),
        Java::List(list) => {
            let of_items = items(schema, root).unwrap_or(&any);
            let list = list.iter().map(|item| of_java(item, of_items, root));
            (kinds.is_array || is_untyped).then(|| list.collect::<Option<Vec<_>>>().map(Value::Array))?
        }
        Java::Map(members) => {
            let is_open = properties(schema, root).is_none();
            let mut converted = Map::new();
            for (name, value) in members {
                let of_member = member(schema, root, name).or(is_open.then_some(&any))?;
                match of_java(value, of_member, root) {
                    Some(value) => drop(converted.insert((*name).to_owned(), value)),
                    None if *value == Java::Word("null") && is_optional(schema, root, name) => {}
                    None => return None,
                }
            }
            (kinds.is_object || is_untyped).then_some(Value::Object(converted))
        }
    }
}

fn of_word(word: &str, kinds: Kinds) -> Option<Value> {
    let text = || Some(Value::String(word.to_owned()));
    match kinds {
        _ if word == "null" => kinds.is_nullable.then_some(Value::Null),
        Kinds { is_text: true, .. } if scalar(word, kinds).is_some() => None,
        Kinds { is_text: true, .. } => text(),
        kinds if kinds.any() => scalar(word, kinds),
        _ if boolean(word).is_some() || is_json_number(word) => None,
        _ => text(),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::super::java_text::parse;
    use super::*;

    #[test]
    fn a_word_of_two_types_is_refused() {
        let read = |text: &str, items: Value| {
            let schema = json!({ "type": "array", "items": items });
            of_java(&parse(text).unwrap(), &schema, &schema)
        };
        let either = || json!({ "anyOf": [{ "type": "integer" }, { "type": "string" }] });
        let flag = || json!({ "type": ["string", "boolean", "null"] });
        for (text, items, expected) in [
            ("[a, b]", either(), Some(json!(["a", "b"]))),
            ("[a, 1]", either(), None),
            ("[a, 1.0]", either(), None),
            ("[a, 1.5]", either(), Some(json!(["a", "1.5"]))),
            ("[a, true]", either(), Some(json!(["a", "true"]))),
            ("[a, true]", flag(), None),
            ("[a, null]", flag(), Some(json!(["a", null]))),
            ("[a, null]", either(), None),
            ("[a, 1]", json!(true), None),
            ("[a, -1e400]", json!(true), None),
            ("[a, TRUE]", json!({}), None),
            ("[a, null]", json!({}), None),
            ("[a, 01]", json!({}), Some(json!(["a", "01"]))),
            ("[[a], {b=c}]", json!({}), Some(json!([["a"], { "b": "c" }]))),
            ("[[a]]", either(), None),
            ("[{a=b}]", either(), None),
        ] {
            assert_eq!(read(text, items), expected, "{text}");
        }
    }

    #[test]
    fn null_is_no_member_if_that_is_optional() {
        let text = || json!({ "type": "string" });
        let schema = json!({
            "type": "object", "required": ["a"],
            "properties": { "a": text(), "b": text(), "c": { "type": ["string", "null"] } },
            "allOf": [{ "properties": { "d": text() }, "required": ["d"] }], "additionalProperties": text(),
        });
        let read = |text: &str| of_java(&parse(text).unwrap(), &schema, &schema);
        assert_eq!(read("{b=null, c=null}"), Some(json!({ "c": null })));
        for refused in ["{a=null}", "{d=null}", "{other=null}"] {
            assert_eq!(read(refused), None, "{refused}");
        }
    }
}

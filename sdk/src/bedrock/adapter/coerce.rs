//! Converts the texts that Bedrock sends into JSON, by the schema of the input and not by the declared type.

use serde_json::{Map, Value};

use super::expected::{Mistake, mistake};
use super::java_text;
use super::java_value::of_java;
use super::scalar::{scalar, whole};
use super::schema::{items, member};
use crate::core::json::distinct;
use crate::tools::finite::{SINGLE, is_single};
use crate::tools::kinds::Kinds;

/// Converts the text of a value that fits this schema. `root` is the whole schema, for the references of recursive types.
///
/// # Errors
///
/// What the schema expects, or the member that is sent twice.
pub(crate) fn coerce(text: &str, schema: &Value, root: &Value) -> Result<Value, Mistake> {
    let kinds = Kinds::of(schema, root);
    if kinds.is_text || !kinds.any() {
        return Ok(Value::String(text.to_owned()));
    }
    let trimmed = text.trim();
    if kinds.is_nullable && trimmed == "null" {
        return Ok(Value::Null);
    }
    scalar(trimmed, kinds).map_or_else(|| structured(trimmed, schema, root, kinds), Ok)
}

/// Converts the text of a value by its declared type alone, in any letter case. An unknown type is that of a text.
///
/// # Errors
///
/// What the type expects, or the member that is sent twice.
pub(crate) fn coerce_declared(text: &str, declared: &str) -> Result<Value, Mistake> {
    let declared = declared.to_ascii_lowercase();
    let is_structured = match &*declared {
        "integer" | "number" | "boolean" => false,
        "array" | "object" => true,
        _ => return Ok(Value::String(text.to_owned())),
    };
    let schema = serde_json::json!({ "type": declared });
    coerce(text, &schema, &schema).map_err(|mistake| {
        // Java's text of a known type is refused if a word may be a number, so a list in brackets is not enough.
        let is_java = is_structured && mistake.at.is_empty() && java_text::parse(text).is_some();
        if is_java { "expected JSON, in which a text has quotes".into() } else { mistake }
    })
}

/// Returns an array or an object: JSON that fits, otherwise Java's text that fits, otherwise any JSON of the type, whose
/// mistake the decoder then names with its path.
///
/// # Errors
///
/// What the schema expects, or the member that is sent twice.
fn structured(text: &str, schema: &Value, root: &Value, kinds: Kinds) -> Result<Value, Mistake> {
    let is_of_kind = |value: &Value| kinds.is_array && value.is_array() || kinds.is_object && value.is_object();
    let json = distinct::parse(text).map_err(|at| Mistake { at, expected: distinct::TWICE.into() })?;
    let may_be_java = json.as_ref().is_none_or(is_bare);
    let json = match json.filter(is_of_kind) {
        Some(json) if fits(&json, schema, root) => return Ok(json),
        json => json,
    };
    let java = || java_text::parse(text).and_then(|java| of_java(&java, schema, root)).filter(is_of_kind);
    match may_be_java.then(java).flatten() {
        Some(java) => Ok(java),
        None => adapted(json.ok_or_else(|| mistake(kinds, schema, root))?, schema, root),
    }
}

/// Returns `true` for JSON that is also Java's text: that has neither quotes nor, as an element, the word `null`.
fn is_bare(json: &Value) -> bool {
    match json {
        Value::Null | Value::String(_) => false,
        Value::Array(items) => items.iter().all(is_bare),
        Value::Object(members) => members.is_empty(),
        Value::Bool(_) | Value::Number(_) => true,
    }
}

/// Converts the numbers of JSON that does not fit: one like `2.0` to the integer, where the schema has one.
///
/// # Errors
///
/// What the schema expects in place of a number that would become infinite, which the decoder does not refuse.
fn adapted(value: Value, schema: &Value, root: &Value) -> Result<Value, Mistake> {
    match value {
        Value::Number(number) => {
            let kinds = Kinds::of(schema, root);
            if kinds.is_single && !kinds.is_number && !is_single(&number) {
                return Err(SINGLE.into());
            }
            let is_whole = kinds.is_integer && !kinds.is_number && !kinds.is_single;
            Ok(Value::Number(is_whole.then(|| whole(&number)).flatten().unwrap_or(number)))
        }
        Value::Array(list) => {
            let any = Value::Bool(true);
            let of_items = items(schema, root).unwrap_or(&any);
            let list = list.into_iter().map(|item| adapted(item, of_items, root));
            list.collect::<Result<Vec<_>, _>>().map(Value::Array)
        }
        Value::Object(members) => {
            let any = Value::Bool(true);
            let members = members.into_iter().map(|(name, value)| {
                let of_member = member(schema, root, &name).unwrap_or(&any);
                Ok((name, adapted(value, of_member, root)?))
            });
            members.collect::<Result<Map<_, _>, _>>().map(Value::Object)
        }
        value => Ok(value),
    }
}

/// Returns `true` if the types of the values are those of the schema.
fn fits(value: &Value, schema: &Value, root: &Value) -> bool {
    let kinds = Kinds::of(schema, root);
    if !kinds.any() && !kinds.is_text {
        return true;
    }
    match value {
        Value::Null => kinds.is_nullable,
        Value::Bool(_) => kinds.is_boolean,
        Value::Number(number) => {
            kinds.is_number || kinds.is_single && is_single(number) || kinds.is_integer && !number.is_f64()
        }
        Value::String(_) => kinds.is_text,
        Value::Array(list) => {
            let of_items = items(schema, root);
            kinds.is_array && of_items.is_none_or(|of_items| list.iter().all(|item| fits(item, of_items, root)))
        }
        Value::Object(members) => {
            let fits_member = |(name, value): (&String, &Value)| {
                member(schema, root, name).is_none_or(|schema| fits(value, schema, root))
            };
            kinds.is_object && members.iter().all(fits_member)
        }
    }
}

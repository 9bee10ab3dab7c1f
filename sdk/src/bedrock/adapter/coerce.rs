//! Converts the texts that Bedrock sends into JSON, by the schema of the input and not by the declared type.

use serde_json::{Map, Value};

use super::java_text::{self, Java};
use super::scalar::{boolean, integer, number, whole};
use crate::tools::finite::{SINGLE, is_single};
use crate::tools::kinds::{DEEPEST, Kinds, branches};

/// The words for the expected value, in the message for the model.
type Expected = &'static str;

/// Converts the text of a value that fits this schema. `root` is the whole schema, for the references of recursive types.
///
/// # Errors
///
/// What the schema expects.
pub(crate) fn coerce(text: &str, schema: &Value, root: &Value) -> Result<Value, Expected> {
    let kinds = Kinds::of(schema, root);
    if kinds.is_text || !kinds.any() {
        return Ok(Value::String(text.to_owned()));
    }
    let trimmed = text.trim();
    if kinds.is_nullable && trimmed == "null" {
        return Ok(Value::Null);
    }
    let scalar = || {
        let boolean = || kinds.is_boolean.then(|| boolean(trimmed)).flatten().map(Value::Bool);
        let integer = || kinds.is_integer.then(|| integer(trimmed)).flatten().map(Value::Number);
        let is_kind = kinds.is_number || kinds.is_single;
        let number = || number(trimmed).filter(|number| kinds.is_number || is_single(number)).map(Value::Number);
        let number = || is_kind.then(number).flatten();
        boolean().or_else(integer).or_else(number)
    };
    scalar().map_or_else(|| structured(trimmed, schema, root, &kinds), Ok)
}

/// Converts the text of a value by its declared type alone.
///
/// # Errors
///
/// What the type expects.
pub(crate) fn coerce_declared(text: &str, declared: &str) -> Result<Value, Expected> {
    let schema = match declared {
        "string" | "integer" | "number" | "boolean" | "array" | "object" => serde_json::json!({ "type": declared }),
        _ => return Ok(Value::String(text.to_owned())),
    };
    coerce(text, &schema, &schema)
}

/// Returns what a schema of these types expects.
fn expected(kinds: Kinds) -> Expected {
    match kinds {
        Kinds { is_array: true, .. } => "expected a list, such as [1, 2]",
        Kinds { is_object: true, .. } => "expected a JSON object",
        Kinds { is_number: true, .. } => "expected a number",
        Kinds { is_single: true, .. } => SINGLE,
        Kinds { is_integer: true, .. } => "expected an integer",
        _ => "expected true or false",
    }
}

/// Returns an array or an object: JSON that fits, otherwise Java's text that fits, otherwise any JSON of the type, whose
/// mistake the decoder then names with its path.
///
/// # Errors
///
/// What the schema expects.
fn structured(text: &str, schema: &Value, root: &Value, kinds: &Kinds) -> Result<Value, Expected> {
    let is_of_kind = |value: &Value| kinds.is_array && value.is_array() || kinds.is_object && value.is_object();
    let json = serde_json::from_str::<Value>(text).ok();
    let may_be_java = json.as_ref().is_none_or(is_bare);
    let json = match json.filter(is_of_kind) {
        Some(json) if fits(&json, schema, root) => return Ok(json),
        json => json,
    };
    let java = || java_text::parse(text).and_then(|java| of_java(java, schema, root)).filter(is_of_kind);
    match may_be_java.then(java).flatten() {
        Some(java) => Ok(java),
        None => adapted(json.ok_or(expected(*kinds))?, schema, root),
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
fn adapted(value: Value, schema: &Value, root: &Value) -> Result<Value, Expected> {
    match value {
        Value::Number(number) => {
            let kinds = Kinds::of(schema, root);
            if kinds.is_single && !kinds.is_number && !is_single(&number) {
                return Err(SINGLE);
            }
            let is_whole = kinds.is_integer && !kinds.is_number && !kinds.is_single;
            Ok(Value::Number(is_whole.then(|| whole(&number)).flatten().unwrap_or(number)))
        }
        Value::Array(items) => {
            let any = Value::Bool(true);
            let of_items = within(schema, root, &|schema| schema.get("items")).unwrap_or(&any);
            let items = items.into_iter().map(|item| adapted(item, of_items, root));
            items.collect::<Result<Vec<_>, _>>().map(Value::Array)
        }
        Value::Object(members) => {
            let any = Value::Bool(true);
            let members = members.into_iter().map(|(name, value)| {
                let of_member = member_schema(schema, root, &name).unwrap_or(&any);
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
        Value::Array(items) => {
            let of_items = within(schema, root, &|schema| schema.get("items"));
            kinds.is_array && of_items.is_none_or(|of_items| items.iter().all(|item| fits(item, of_items, root)))
        }
        Value::Object(members) => {
            let fits_member = |(name, value): (&String, &Value)| {
                member_schema(schema, root, name).is_none_or(|schema| fits(value, schema, root))
            };
            kinds.is_object && members.iter().all(fits_member)
        }
    }
}

/// Converts Java's text; its words are converted by the schemas of their places. A member that the schema lacks may be a
/// part of the word before it.
fn of_java(java: Java, schema: &Value, root: &Value) -> Option<Value> {
    match java {
        Java::Word(word) => coerce(&word, schema, root).ok(),
        Java::List(items) => {
            let any = Value::Bool(true);
            let of_items = within(schema, root, &|schema| schema.get("items")).unwrap_or(&any);
            let items = items.into_iter().map(|item| of_java(item, of_items, root));
            items.collect::<Option<Vec<_>>>().map(Value::Array)
        }
        Java::Map(members) => {
            let any = Value::Bool(true);
            let is_any = within(schema, root, &|schema| schema.get("properties")).is_none();
            let members = members.into_iter().map(|(name, value)| {
                let of_member = member_schema(schema, root, &name).or(is_any.then_some(&any))?;
                Some((name, of_java(value, of_member, root)?))
            });
            members.collect::<Option<Map<_, _>>>().map(Value::Object)
        }
    }
}

fn member_schema<'s>(schema: &'s Value, root: &'s Value, name: &str) -> Option<&'s Value> {
    let of_member = |schema: &'s Value| schema.get("properties").and_then(|properties| properties.get(name));
    within(schema, root, &of_member).or_else(|| {
        within(schema, root, &|schema| schema.get("additionalProperties").filter(|schema| schema.is_object()))
    })
}

/// Returns what a schema, or the first of its branches, has.
fn within<'s>(schema: &'s Value, root: &'s Value, find: &dyn Fn(&'s Value) -> Option<&'s Value>) -> Option<&'s Value> {
    fn search<'s>(
        schema: &'s Value,
        root: &'s Value,
        find: &dyn Fn(&'s Value) -> Option<&'s Value>,
        depth: usize,
    ) -> Option<&'s Value> {
        let deeper = || branches(schema, root).find_map(|branch| search(branch, root, find, depth + 1));
        find(schema).or_else(|| if depth < DEEPEST { deeper() } else { None })
    }
    search(schema, root, find, 0)
}

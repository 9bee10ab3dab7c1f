//! What the schema of a parameter says of its form: a text, a list or an object.

use std::fmt;

use serde_json::Value;

use super::Contract;

/// The most schemas within schemas that are followed.
const DEPTH: usize = 16;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Shape {
    Text,
    List,
    Object,
}

impl fmt::Display for Shape {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Text => "a text",
            Self::List => "a list",
            Self::Object => "an object",
        })
    }
}

/// Returns the shape of the values of a schema: a list or an object if one of its alternatives is.
pub(super) fn of(contract: &Contract, schema: &Value) -> Result<Shape, String> {
    let found = search(contract, schema, DEPTH, &|schema| {
        let is = |kind: &str| match schema.get("type") {
            Some(Value::Array(kinds)) => kinds.iter().any(|known| known == kind),
            Some(known) => known == kind,
            None => false,
        };
        if is("array") {
            return Some(Shape::List);
        }
        (is("object") || schema.get("properties").is_some()).then_some(Shape::Object)
    })?;
    Ok(found.unwrap_or(Shape::Text))
}

/// Returns the schema of a member of an object.
pub(super) fn member<'d>(contract: &'d Contract, schema: &'d Value, name: &str) -> Result<Option<&'d Value>, String> {
    search(contract, schema, DEPTH, &|schema| schema.get("properties")?.get(name))
}

/// Returns `true` for an object that may have members of any name.
pub(super) fn is_open(contract: &Contract, schema: &Value) -> Result<bool, String> {
    Ok(others(contract, schema)?.is_some())
}

/// Returns the schema of the members that an object does not name.
pub(super) fn others<'d>(contract: &'d Contract, schema: &'d Value) -> Result<Option<&'d Value>, String> {
    search(contract, schema, DEPTH, &|schema| {
        schema.get("additionalProperties").filter(|schema| **schema != Value::Bool(false))
    })
}

/// Returns the schema of an item of a list.
pub(super) fn item<'d>(contract: &'d Contract, schema: &'d Value, at: usize) -> Result<Option<&'d Value>, String> {
    search(contract, schema, DEPTH, &|schema| {
        schema.get("prefixItems").and_then(|items| items.get(at)).or_else(|| schema.get("items"))
    })
}

/// Searches a schema and those that it is combined of.
fn search<'d, T>(
    contract: &'d Contract,
    schema: &'d Value,
    depth: usize,
    find: &dyn Fn(&'d Value) -> Option<T>,
) -> Result<Option<T>, String> {
    let schema = contract.resolve(schema)?;
    if let Some(found) = find(schema) {
        return Ok(Some(found));
    }
    let combined = ["allOf", "anyOf", "oneOf"].into_iter().filter_map(|name| schema.get(name)?.as_array());
    for part in combined.flatten().filter(|_| depth > 0) {
        if let Some(found) = search(contract, part, depth - 1, find)? {
            return Ok(Some(found));
        }
    }
    Ok(None)
}

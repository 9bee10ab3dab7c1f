//! The parameters of the path and of the query string, by the schema of the type that they are read into.

use std::any::type_name;
use std::collections::BTreeMap;
use std::sync::LazyLock;

use schemars::{JsonSchema, Schema};
use serde_json::{Map, Value};

use crate::openapi::{Operation, Parameter};

/// Adds a parameter for each property of the type.
pub(super) fn query<T: JsonSchema>(operation: &mut Operation<'_>) {
    let schema = operation.inline_request_schema::<T>();
    let Some(fields) = Fields::of(&schema) else {
        let name = type_name::<T>();
        return operation.fault(format_args!(
            "`Query<{name}>` has no fixed parameters: a query is a struct, no map and no enum with a tag"
        ));
    };
    for (name, schema, is_required) in fields.iter() {
        let (schema, description) = described(schema);
        let (schema, is_nullable) = not_null(schema);
        let is_list = schema.get("type").is_some_and(|kind| kind == "array");
        let mut parameter = Parameter::query(name, schema);
        // An `Option` without a value is `None`.
        if is_nullable && !is_list {
            parameter = parameter.or_empty();
        }
        if is_required {
            parameter = parameter.required();
        }
        operation.parameter(match description {
            Some(text) => parameter.description(text),
            None => parameter,
        });
    }
}

/// Adds the parameters of the route: a struct has them by name, a tuple and a plain value in the order of the route.
pub(super) fn path<T: JsonSchema>(operation: &mut Operation<'_>) {
    let schema = operation.inline_request_schema::<T>();
    let names = operation.path_parameters().to_vec();
    if let Some(fields) = Fields::of(&schema) {
        for (name, schema, is_required) in fields.iter() {
            let (schema, description) = described(schema);
            if names.contains(&name.as_str()) {
                let parameter = Parameter::path(name, schema);
                operation.parameter(match description {
                    Some(text) => parameter.description(text),
                    None => parameter,
                });
            } else if is_required {
                let has = match &*names {
                    [] => "no parameter".to_owned(),
                    names => format!("`{}`", names.join("`, `")),
                };
                operation.fault(format_args!("`Path` needs the parameter `{name}`, and the route has {has}"));
            }
        }
        return;
    }
    let schemas = match schema.get("prefixItems").and_then(Value::as_array) {
        Some(items) => items.clone(),
        // Such as a map or a list, which hold any parameters.
        None if schema.get("type").is_some_and(|kind| kind == "object" || kind == "array") => return,
        None => vec![schema],
    };
    if schemas.len() != names.len() {
        let (needs, has) = (schemas.len(), names.len());
        return operation.fault(format_args!("`Path` takes {needs} parameters, and the route has {has}"));
    }
    for (name, schema) in names.into_iter().zip(schemas) {
        operation.parameter(Parameter::path(name, schema_of(schema)));
    }
}

/// The properties of a struct.
struct Fields<'s> {
    properties: &'s Map<String, Value>,
    required: Vec<&'s str>,
}

impl<'s> Fields<'s> {
    fn of(schema: &'s Value) -> Option<Self> {
        let is_open = |name| schema.get(name).is_some_and(|value: &Value| *value != Value::Bool(false));
        if ["oneOf", "anyOf", "allOf"].iter().any(|name| schema.get(name).is_some()) || is_open("additionalProperties")
        {
            return None;
        }
        let required = schema.get("required").and_then(Value::as_array).into_iter().flatten();
        static NONE: LazyLock<Map<String, Value>> = LazyLock::new(Map::new);
        let is_object = schema.get("type").is_some_and(|kind| kind == "object");
        let properties = schema.get("properties").and_then(Value::as_object);
        Some(Self {
            // A struct without fields has no properties.
            properties: properties.or_else(|| is_object.then(|| &*NONE))?,
            required: required.filter_map(Value::as_str).collect(),
        })
    }

    /// Returns the fields in the order of their names, whatever order serde_json keeps.
    fn iter(&self) -> impl Iterator<Item = (&'s String, &'s Value, bool)> {
        let sorted = self.properties.iter().collect::<BTreeMap<_, _>>();
        sorted.into_iter().map(|(name, schema)| (name, schema, self.required.contains(&name.as_str())))
    }
}

/// Returns the schema and its description, which belongs to the parameter.
fn described(schema: &Value) -> (Schema, Option<String>) {
    let mut schema = schema.clone();
    let description = schema.as_object_mut().and_then(|schema| schema.remove("description"));
    (schema_of(schema), description.and_then(|text| text.as_str().map(str::to_owned)))
}

/// Returns the schema without `null`, which a query string cannot say, and whether it had it.
fn not_null(mut schema: Schema) -> (Schema, bool) {
    let is_null = |kind: &Value| kind == "null";
    if schema.get("default").is_some_and(Value::is_null) {
        schema.remove("default");
    }
    let mut had_null = false;
    if let Some(kinds) = schema.get_mut("type").filter(|kinds| kinds.is_array()) {
        let (null, mut left): (Vec<_>, Vec<_>) = kinds.as_array().into_iter().flatten().cloned().partition(is_null);
        had_null = !null.is_empty();
        *kinds = if left.len() == 1 { left.remove(0) } else { Value::Array(left) };
    }
    let is_alone = schema.as_object().is_some_and(|schema| schema.len() == 1);
    if let Some(any) = schema.get_mut("anyOf").and_then(Value::as_array_mut) {
        let all = any.len();
        any.retain(|one| !one.get("type").is_some_and(is_null));
        had_null |= any.len() < all;
        if let ([one], true) = (&**any, is_alone) {
            return (schema_of(one.clone()), had_null);
        }
    }
    (schema, had_null)
}

fn schema_of(schema: Value) -> Schema {
    Schema::try_from(schema).unwrap_or_default()
}

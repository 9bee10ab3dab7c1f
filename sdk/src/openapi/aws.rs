//! The document in the form that API Gateway imports.

use std::collections::BTreeMap;

use schemars::Schema;
use schemars::generate::SchemaSettings;
use serde_json::{Map, Value, json};

use super::build::{Faults, FinishedDocument};
use super::references;

/// The members of a schema that OpenAPI 3.0 does not have.
const UNKNOWN: [&str; 12] = [
    "$schema",
    "contains",
    "contentEncoding",
    "contentMediaType",
    "dependentRequired",
    "else",
    "if",
    "maxContains",
    "minContains",
    "patternProperties",
    "propertyNames",
    "then",
];

impl FinishedDocument {
    /// Returns the document as OpenAPI 3.0.1 with API Gateway's extensions, which REST APIs and HTTP APIs
    /// [import](https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-open-api.html): each operation has
    /// the integration of the function that has this logical id in the template.
    ///
    /// Schemas are written for REST APIs, whose validators know JSON Schema 4: HTTP APIs ignore them. Names of schemas are
    /// alphanumeric. Webhooks are left out, with a [warning](Self::warnings).
    ///
    /// # Errors
    ///
    /// Two schemas whose names are equal without the other characters.
    pub fn to_aws(&self, logical_id: &str) -> Result<Self, Faults> {
        let mut value = self.value.clone();
        value["openapi"] = "3.0.1".into();
        if let Some(license) = value.pointer_mut("/info/license").and_then(Value::as_object_mut) {
            license.remove("identifier");
        }
        let mut warnings = self.warnings.clone();
        warnings.extend(without_webhooks(&mut value));
        rename_schemas(&mut value)?;
        let mut convert = Convert::new();
        convert.within(&mut value);
        let uri = format!(
            "arn:${{AWS::Partition}}:apigateway:${{AWS::Region}}:lambda:path/2015-03-31/functions/${{{logical_id}.Arn}}/invocations"
        );
        let integration = json!({
            "type": "aws_proxy", "httpMethod": "POST", "payloadFormatVersion": "2.0", "uri": { "Fn::Sub": uri },
        });
        let mut paths = value.get_mut("paths").and_then(Value::as_object_mut);
        for path in &self.rests {
            if let Some(paths) = paths.as_deref_mut()
                && let Some(operations) = paths.remove(path)
            {
                paths.insert(format!("{}+}}", path.trim_end_matches('}')), operations);
            }
        }
        for operation in
            paths.into_iter().flat_map(Map::values_mut).filter_map(Value::as_object_mut).flat_map(Map::values_mut)
        {
            operation["x-amazon-apigateway-integration"] = integration.clone();
        }
        value.sort_all_objects();
        Ok(Self { value, warnings, rests: self.rests.clone() })
    }
}

/// Removes the webhooks, which OpenAPI 3.0 does not have, with the schemas that only they use. Returns a warning.
fn without_webhooks(document: &mut Value) -> Option<String> {
    let webhooks = document.as_object_mut()?.remove("webhooks")?;
    let schemas = document.pointer("/components/schemas").cloned().unwrap_or_default();
    let reached = |value: &Value| {
        let mut names = references::names(value);
        loop {
            let more: Vec<_> = names.iter().filter_map(|name| schemas.get(name)).flat_map(references::names).collect();
            let known = names.len();
            names.extend(more);
            if names.len() == known {
                return names;
            }
        }
    };
    let unused = &reached(&webhooks) - &reached(document.get("paths")?);
    if let Some(schemas) = document.pointer_mut("/components/schemas").and_then(Value::as_object_mut) {
        schemas.retain(|name, _| !unused.contains(name));
    }
    let names = webhooks.as_object()?.keys().map(String::as_str).collect::<Vec<_>>().join("`, `");
    Some(format!("OpenAPI 3.0 has no webhooks: `{names}` are left out"))
}

/// Removes characters that are not alphanumeric from the names of schemas.
fn rename_schemas(document: &mut Value) -> Result<(), Faults> {
    let plain = |name: &str| name.chars().filter(char::is_ascii_alphanumeric).collect::<String>();
    references::rename_to(document, |name| Some(plain(name)));
    let Some(schemas) = document.pointer_mut("/components/schemas").and_then(Value::as_object_mut) else {
        return Ok(());
    };
    let mut renamed = BTreeMap::new();
    let mut faults = Vec::new();
    for (name, schema) in std::mem::take(schemas) {
        let plain = plain(&name);
        if let Some((other, _)) = renamed.insert(plain.clone(), (name.clone(), schema)) {
            faults.push(format!("the schemas `{other}` and `{name}` are both `{plain}` for API Gateway: rename one"));
        }
    }
    schemas.extend(renamed.into_iter().map(|(plain, (_, schema))| (plain, schema)));
    if faults.is_empty() { Ok(()) } else { Err(Faults(faults)) }
}

/// Converts schemas to the dialect of OpenAPI 3.0.
struct Convert(SchemaSettings);

impl Convert {
    fn new() -> Self {
        Self(SchemaSettings::openapi3())
    }

    /// Converts each schema of a document: the components, and those under `schema`.
    fn within(&mut self, value: &mut Value) {
        let components = value.pointer_mut("/components/schemas").and_then(Value::as_object_mut);
        components.into_iter().flat_map(Map::values_mut).for_each(|schema| self.schema(schema));
        if let Some(paths) = value.get_mut("paths") {
            self.in_paths(paths);
        }
    }

    fn in_paths(&mut self, value: &mut Value) {
        match value {
            Value::Object(members) => {
                for (name, member) in members {
                    if name == "schema" { self.schema(member) } else { self.in_paths(member) }
                }
            }
            Value::Array(items) => items.iter_mut().for_each(|item| self.in_paths(item)),
            _ => {}
        }
    }

    fn schema(&mut self, value: &mut Value) {
        references::each(value, &mut |object| older(object));
        let Ok(schema) = <&mut Schema>::try_from(&mut *value) else { return };
        for transform in &mut self.0.transforms {
            transform.transform(schema);
        }
        references::each(value, &mut |object| without_tuples(object));
    }
}

/// Writes what schemars' conversion leaves: several types, limits that exclude, unknown members.
fn older(schema: &mut Map<String, Value>) {
    // The names of a map with patterns would all be refused.
    if schema.contains_key("patternProperties") {
        schema.remove("additionalProperties");
    }
    schema.retain(|name, _| !UNKNOWN.contains(&name.as_str()));
    for (exclusive, limit) in [("exclusiveMinimum", "minimum"), ("exclusiveMaximum", "maximum")] {
        if schema.get(exclusive).is_some_and(Value::is_number)
            && let Some(number) = schema.insert(exclusive.to_owned(), true.into())
        {
            schema.insert(limit.to_owned(), number);
        }
    }
    let kinds = schema.get("type").and_then(Value::as_array).cloned().unwrap_or_default();
    if kinds.iter().filter(|kind| *kind != "null").count() > 1 {
        schema.remove("type");
        let any = kinds.into_iter().map(|kind| json!({ "type": kind })).collect::<Vec<_>>();
        schema.insert("anyOf".to_owned(), any.into());
    }
}

/// Writes the items of a tuple as alternatives: a list of schemas is not one.
fn without_tuples(schema: &mut Map<String, Value>) {
    if let Some(items) = schema.get_mut("items").filter(|items| items.is_array()) {
        *items = json!({ "anyOf": items.take() });
    }
}

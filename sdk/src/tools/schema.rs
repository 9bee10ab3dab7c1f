//! The JSON Schemas of inputs and outputs, by JSON Schema 2020-12, with nested types inlined.

use schemars::generate::SchemaSettings;
use schemars::{JsonSchema, SchemaGenerator};
use serde_json::Value;

fn settings() -> SchemaSettings {
    SchemaSettings::draft2020_12().with(|settings| {
        settings.inline_subschemas = true;
        settings.meta_schema = None;
    })
}

fn root<T: JsonSchema>(generator: SchemaGenerator) -> Value {
    let mut schema = generator.into_root_schema_for::<T>();
    // The name of the Rust type.
    schema.remove("title");
    schema.to_value()
}

/// Returns the schema of the input of a tool. Its description is that of the tool.
pub(super) fn input<T: JsonSchema>() -> Value {
    let mut schema = root::<T>(settings().for_deserialize().into_generator());
    if let Some(members) = schema.as_object_mut() {
        members.remove("description");
        let has_no_arguments = members.get("type").is_some_and(|of| of == "object")
            && !["properties", "additionalProperties", "patternProperties", "$ref", "anyOf", "oneOf", "allOf"]
                .iter()
                .any(|keyword| members.contains_key(*keyword));
        if has_no_arguments {
            members.insert("additionalProperties".to_owned(), Value::Bool(false));
        }
    }
    schema
}

/// Returns the schema of the output of a tool.
pub(super) fn output<T: JsonSchema>() -> Value {
    root::<T>(settings().for_serialize().into_generator())
}

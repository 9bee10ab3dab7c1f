//! [`Schemas`]: the schemas of requests and of responses.

use std::collections::BTreeSet;

use schemars::generate::SchemaSettings;
use schemars::{JsonSchema, Schema, SchemaGenerator};
use serde_json::{Map, Value};

use super::local_types::LocalTypes;
use super::references;

/// The end of the name of a type in requests, where serde reads other than it writes.
pub(super) const INPUT: &str = "Input";

/// The schemas that the operations refer to.
pub(super) struct Schemas {
    requests: SchemaGenerator,
    responses: SchemaGenerator,
    local_types: LocalTypes,
}

/// The schemas as components of the document.
pub(super) struct Components {
    pub(super) schemas: Map<String, Value>,
    /// The names that have the suffix [`INPUT`] in requests.
    pub(super) renamed: BTreeSet<String>,
    pub(super) faults: Vec<String>,
}

impl Schemas {
    pub(super) fn new() -> Self {
        let settings = || {
            SchemaSettings::draft2020_12().with(|settings| {
                settings.definitions_path = "/components/schemas".into();
                settings.meta_schema = None;
            })
        };
        Self {
            requests: settings().for_deserialize().into_generator(),
            responses: settings().for_serialize().into_generator(),
            local_types: LocalTypes::default(),
        }
    }

    pub(super) fn request<T: JsonSchema>(&mut self) -> Schema {
        self.local_types.add::<T>();
        self.requests.subschema_for::<T>()
    }

    /// Returns the schema itself in place of a reference to it.
    pub(super) fn inline_request<T: JsonSchema>(&mut self) -> Schema {
        self.local_types.add::<T>();
        T::json_schema(&mut self.requests)
    }

    pub(super) fn response<T: JsonSchema>(&mut self) -> Schema {
        self.local_types.add::<T>();
        self.responses.subschema_for::<T>()
    }

    /// Returns what a schema of a request refers to, or the schema itself.
    pub(super) fn resolved<'s>(&'s self, mut schema: &'s Value) -> &'s Value {
        let definitions = self.requests.definitions();
        // Definitions that refer to each other have an end within as many steps as there are definitions.
        for _ in 0..=definitions.len() {
            match schema.get("$ref").and_then(references::name_of).and_then(|name| definitions.get(name)) {
                Some(definition) => schema = definition,
                None => break,
            }
        }
        schema
    }

    /// Returns the description of the type of a schema in responses; empty if it has none.
    pub(super) fn response_description(&self, schema: &Schema) -> String {
        let named = schema.get("$ref").and_then(references::name_of);
        let definition = named.and_then(|name| self.responses.definitions().get(name));
        let text = definition.map_or_else(|| schema.get("description"), |schema| schema.get("description"));
        text.and_then(Value::as_str).unwrap_or_default().to_owned()
    }

    /// Both sets of definitions, by name.
    pub(super) fn definitions(&self) -> [&Map<String, Value>; 2] {
        [self.requests.definitions(), self.responses.definitions()]
    }

    /// Joins both sets: a schema that is equal in both has one name.
    pub(super) fn into_components(self) -> Components {
        let [requests, responses] = self.definitions();
        let renamed = differing(requests, responses);
        let mut faults = self.local_types.faults.clone();
        let mut schemas = responses.clone();
        for (name, schema) in requests {
            let mut schema = schema.clone();
            references::rename(&mut schema, &renamed, INPUT);
            let name = if renamed.contains(name) { format!("{name}{INPUT}") } else { name.clone() };
            if schemas.get(&name).is_some_and(|other| *other != schema) {
                faults.push(format!(
                    "two types have the name `{name}`: give yours another with `#[schemars(rename = \"..\")]`, since a \
                     type has this name in requests if serde reads it in another form than it writes it"
                ));
            }
            schemas.insert(name, schema);
        }
        schemas.values_mut().for_each(references::separate);
        Components { schemas, renamed, faults }
    }
}

/// Returns the names whose schemas differ, or refer to one that differs.
fn differing(requests: &Map<String, Value>, responses: &Map<String, Value>) -> BTreeSet<String> {
    let shared = requests.iter().filter(|(name, _)| responses.contains_key(*name));
    let differing = shared.clone().filter(|(name, request)| responses.get(*name) != Some(request));
    references::with_referrers(differing.map(|(name, _)| name.clone()).collect(), shared)
}

//! The schemas of a document, compiled when they are first needed.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use serde_json::{Value, json};

use crate::json_schema::Schema;

pub(super) struct Schemas {
    /// The parts to which the schemas refer.
    components: Value,
    /// The compiled schemas by their texts.
    compiled: Mutex<HashMap<String, Schema>>,
}

impl Schemas {
    pub(super) fn new(components: Value) -> Self {
        Self { components, compiled: Mutex::default() }
    }

    /// Checks a value.
    pub(super) fn check(&self, schema: &Value, value: &Value, what: &str) -> Result<(), String> {
        let mut compiled = self.compiled.lock().unwrap_or_else(PoisonError::into_inner);
        let text = schema.to_string();
        let schema = match compiled.get(&text) {
            Some(known) => known.clone(),
            None => {
                let whole = json!({ "allOf": [schema], "components": self.components });
                let schema =
                    Schema::of(&whole).map_err(|error| format!("a schema of the document is wrong: {error}"))?;
                compiled.entry(text).or_insert(schema).clone()
            }
        };
        drop(compiled);
        schema.check(value).map_err(|mismatch| {
            let each = mismatch.violations().iter().map(|violation| match violation.pointer() {
                "" => violation.detail().to_owned(),
                pointer => format!("`{pointer}` {}", violation.detail()),
            });
            format!("{what} does not match its schema: {}", each.collect::<Vec<_>>().join("; "))
        })
    }
}

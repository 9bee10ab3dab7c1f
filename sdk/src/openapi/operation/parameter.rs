//! [`Parameter`]: a parameter of an operation.

use schemars::Schema;
use serde_json::{Map, Value};

/// A parameter in the path, the query string or a header.
#[derive(Clone, Debug)]
#[must_use]
pub struct Parameter {
    place: &'static str,
    name: String,
    schema: Schema,
    description: Option<String>,
    is_required: bool,
    may_be_empty: bool,
}

impl Parameter {
    /// Creates a parameter of the path, which is always there.
    pub fn path(name: impl Into<String>, schema: Schema) -> Self {
        Self { is_required: true, ..Self::new("path", name.into(), schema) }
    }

    /// Creates a parameter of the query string, which may be missing.
    pub fn query(name: impl Into<String>, schema: Schema) -> Self {
        Self::new("query", name.into(), schema)
    }

    /// Creates a header, which may be missing.
    pub fn header(name: impl Into<String>, schema: Schema) -> Self {
        Self::new("header", name.into(), schema)
    }

    fn new(place: &'static str, name: String, schema: Schema) -> Self {
        Self { place, name, schema, description: None, is_required: false, may_be_empty: false }
    }

    /// Requires the parameter.
    pub fn required(mut self) -> Self {
        self.is_required = true;
        self
    }

    /// Accepts a parameter of the query string without a value, as in `?limit=`.
    pub fn or_empty(mut self) -> Self {
        self.may_be_empty = true;
        self
    }

    /// Adds a description.
    pub fn description(mut self, text: impl Into<String>) -> Self {
        self.description = Some(text.into());
        self
    }

    pub(super) fn make_optional(&mut self) {
        self.is_required = self.place == "path";
    }

    pub(super) fn is_same(&self, other: &Self) -> bool {
        self.place == other.place && self.name == other.name
    }

    /// Returns `true` for the place and the name of this parameter in a document; the names of headers have no case.
    pub(super) fn is_named(&self, other: &Value) -> bool {
        let name = other["name"].as_str().unwrap_or_default();
        let is_name = if self.place == "header" { self.name.eq_ignore_ascii_case(name) } else { self.name == name };
        other["in"] == self.place && is_name
    }

    pub(super) fn to_value(&self) -> Value {
        let mut value = Map::new();
        value.insert("in".to_owned(), self.place.into());
        value.insert("name".to_owned(), self.name.clone().into());
        value.insert("required".to_owned(), self.is_required.into());
        value.insert("schema".to_owned(), self.schema.clone().to_value());
        if self.may_be_empty {
            value.insert("allowEmptyValue".to_owned(), true.into());
        }
        if let Some(description) = &self.description {
            value.insert("description".to_owned(), description.clone().into());
        }
        Value::Object(value)
    }
}

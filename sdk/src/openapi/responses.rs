//! [`Response`]: a response of an operation.

use schemars::Schema;
use serde_json::{Map, Value, json};

/// A response of an operation, as the document describes it.
///
/// # Example
///
/// ```
/// use pilaster::openapi::{Operation, OperationPart, Response};
///
/// struct Png(Vec<u8>);
///
/// impl OperationPart for Png {
///     fn response(operation: &mut Operation<'_>) {
///         let any = schemars::json_schema!({});
///         operation.response("200", Response::new("The picture").content("image/png", any).header("ETag", true, "Its tag"));
///     }
/// }
/// ```
#[derive(Clone, Debug, Default)]
#[must_use]
pub struct Response {
    pub(super) descriptions: Vec<String>,
    headers: Map<String, Value>,
    content: Map<String, Value>,
}

impl Response {
    /// Creates a response without a body. The text says when it is sent.
    pub fn new(description: impl Into<String>) -> Self {
        Self { descriptions: vec![description.into()], ..Self::default() }
    }

    /// Creates the response of an error, whose body is a problem.
    pub fn problem(description: impl Into<String>) -> Self {
        let mut response = Self::new(description);
        let schema = json!({ "$ref": "#/components/schemas/Problem" });
        response.content.insert("application/problem+json".to_owned(), json!({ "schema": schema }));
        response
    }

    /// Adds a body of this media type. Without a schema (`json_schema!({})`) it may be anything.
    pub fn content(mut self, media_type: impl Into<String>, schema: Schema) -> Self {
        let value = match schema.as_object() {
            Some(object) if object.is_empty() => json!({}),
            _ => json!({ "schema": schema.to_value() }),
        };
        self.content.insert(media_type.into(), value);
        self
    }

    /// Adds a header, which every such response has if it is `required`.
    pub fn header(mut self, name: impl Into<String>, required: bool, description: impl Into<String>) -> Self {
        let header = json!({ "required": required, "description": description.into(), "schema": { "type": "string" } });
        self.headers.insert(name.into(), header);
        self
    }

    /// Adds what another part of the operation says about the same status.
    pub(super) fn join(&mut self, other: Self) {
        for description in other.descriptions {
            if !self.descriptions.contains(&description) {
                self.descriptions.push(description);
            }
        }
        self.headers.extend(other.headers);
        self.content.extend(other.content);
    }

    pub(super) fn to_value(&self) -> Value {
        let mut value = Map::new();
        value.insert("description".to_owned(), self.descriptions.join(" ").into());
        let members = [("headers", &self.headers), ("content", &self.content)];
        let members = members.into_iter().filter(|(_, members)| !members.is_empty());
        value.extend(members.map(|(name, members)| (name.to_owned(), Value::Object(members.clone()))));
        Value::Object(value)
    }
}

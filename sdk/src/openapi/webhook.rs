//! [`Webhook`]: a request that the service sends.

use schemars::Schema;
use serde_json::{Map, Value, json};

use super::doc_comment::DocComment;

/// A request that the service sends.
pub(super) struct Webhook {
    pub(super) name: String,
    schema: Schema,
    text: DocComment,
}

impl Webhook {
    pub(super) fn new(name: &str, schema: Schema, text: &str) -> Self {
        Self { name: name.to_owned(), schema, text: DocComment::of([text]) }
    }

    /// Returns the webhook as a path item.
    pub(super) fn to_value(&self) -> Value {
        let mut operation = Map::new();
        let DocComment { summary, description } = &self.text;
        let texts = [("summary", summary), ("description", description)];
        let texts = texts.into_iter().filter(|(_, text)| !text.is_empty());
        operation.extend(texts.map(|(name, text)| (name.to_owned(), text.clone().into())));
        operation.insert("operationId".to_owned(), self.name.clone().into());
        let content = json!({ "application/json": { "schema": self.schema.clone().to_value() } });
        operation.insert("requestBody".to_owned(), json!({ "required": true, "content": content }));
        operation.insert("responses".to_owned(), json!({ "2XX": { "description": "The receiver has the message." } }));
        // The schemes of the document are for those who call the service.
        operation.insert("security".to_owned(), json!([]));
        json!({ "post": operation })
    }
}

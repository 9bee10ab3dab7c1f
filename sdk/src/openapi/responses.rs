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
    /// What types say.
    descriptions: Vec<String>,
    /// What `responses(..)` says, in place of what types say.
    texts: Vec<String>,
    headers: Map<String, Value>,
    content: Map<String, Value>,
}

impl Response {
    /// Creates a response without a body. The text says when it is sent.
    pub fn new(description: impl Into<String>) -> Self {
        Self { descriptions: vec![description.into()], ..Self::default() }
    }

    /// Creates the response of a text in `responses(..)`. `#[http::operation]` calls it.
    #[doc(hidden)]
    pub fn text(text: &str) -> Self {
        Self { texts: vec![text.to_owned()], ..Self::default() }
    }

    /// Creates the response of such a text for the status of an error. `#[http::operation]` calls it.
    #[doc(hidden)]
    pub fn problem_text(text: &str) -> Self {
        Self { content: Self::problem(text).content, ..Self::text(text) }
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

    /// Replaces what is said about the response.
    pub(super) fn described(mut self, description: String) -> Self {
        self.descriptions = vec![description];
        self
    }

    /// Adds what another part of the operation says about the same status.
    pub(super) fn join(&mut self, other: Self) {
        let both = [(&mut self.descriptions, &other.descriptions), (&mut self.texts, &other.texts)];
        for (known, others) in both {
            for other in others {
                if !known.contains(other) {
                    known.push(other.clone());
                }
            }
        }
        self.join_content(other);
    }

    /// Adds what another part sends with the same status, without its description.
    pub(super) fn join_content(&mut self, other: Self) {
        // A text alone, such as `responses(201 = "..")`, is no other response.
        let is_text = |response: &Self| response.headers.is_empty() && response.content.is_empty();
        if is_text(self) {
            self.headers = other.headers;
        } else if !is_text(&other) {
            self.join_headers(other.headers);
        }
        for (media_type, entry) in other.content {
            match self.content.get_mut(&media_type) {
                Some(known) => either(known, entry),
                None => {
                    self.content.insert(media_type, entry);
                }
            }
        }
    }

    /// Adds the headers of another response. One that either lacks is not in each of them.
    fn join_headers(&mut self, others: Map<String, Value>) {
        for (name, header) in &mut self.headers {
            let is_required = others.get(name).is_some_and(|other| other["required"] == true);
            header["required"] = (header["required"] == true && is_required).into();
        }
        for (name, mut header) in others {
            if !self.headers.contains_key(&name) {
                header["required"] = false.into();
                self.headers.insert(name, header);
            }
        }
    }

    pub(super) fn to_value(&self) -> Value {
        let mut value = Map::new();
        let description = sentences(if self.texts.is_empty() { &self.descriptions } else { &self.texts });
        value.insert("description".to_owned(), description.into());
        let members = [("headers", &self.headers), ("content", &self.content)];
        let members = members.into_iter().filter(|(_, members)| !members.is_empty());
        value.extend(members.map(|(name, members)| (name.to_owned(), Value::Object(members.clone()))));
        Value::Object(value)
    }
}

/// Joins texts. Several are sentences, each with its end.
fn sentences(texts: &[String]) -> String {
    if let [text] = texts {
        return text.clone();
    }
    let sentence = |text: &String| match text.trim_end() {
        text if text.ends_with(['.', '!', '?', ':']) => text.to_owned(),
        text => format!("{text}."),
    };
    texts.iter().map(sentence).collect::<Vec<_>>().join(" ")
}

/// Allows two bodies of one media type: each schema is one of the alternatives.
fn either(known: &mut Value, other: Value) {
    if *known == other {
        return;
    }
    let (Some(schema), Some(other)) = (known.get("schema"), other.get("schema")) else {
        // One of the bodies may be anything.
        *known = json!({});
        return;
    };
    let alternatives = |schema: &Value| match schema.get(ALTERNATIVES).and_then(Value::as_array) {
        Some(each) if schema.as_object().is_some_and(|members| members.len() == 1) => each.clone(),
        _ => vec![schema.clone()],
    };
    let mut all = alternatives(schema);
    for schema in alternatives(other) {
        if !all.contains(&schema) {
            all.push(schema);
        }
    }
    *known = json!({ "schema": { ALTERNATIVES: all } });
}

/// A value may match both schemas, so `oneOf` would refuse it.
const ALTERNATIVES: &str = "anyOf";

//! [`Operation`]: what one route does.

mod parameter;

use std::collections::BTreeMap;

use schemars::{JsonSchema, Schema};
use serde_json::{Map, Value, json};

pub use self::parameter::Parameter;
use super::doc_comment::DocComment;
use super::problem;
use super::responses::Response;
use super::schemas::Schemas;

/// An operation of the document: a method of a path. Its parts describe themselves with it.
pub struct Operation<'d> {
    pub(super) schemas: &'d mut Schemas,
    pub(super) route: &'static str,
    names: Vec<&'static str>,
    members: Map<String, Value>,
    parameters: Vec<Parameter>,
    body: Option<(Map<String, Value>, bool)>,
    responses: BTreeMap<String, Response>,
    security: Option<Vec<Value>>,
    pub(super) faults: Vec<String>,
    pub(super) warnings: Vec<String>,
    pub(super) is_hidden: bool,
    /// `Some` if an extractor reads a token: whether it has to be there.
    #[cfg(feature = "jwt")]
    pub(crate) jwt: Option<bool>,
}

impl<'d> Operation<'d> {
    pub(super) fn new(route: &'static str, schemas: &'d mut Schemas) -> Self {
        let names = route.split('/').filter_map(|segment| segment.strip_prefix('{')?.strip_suffix('}'));
        let names = names.map(|name| name.trim_end_matches('+')).collect();
        Self {
            schemas,
            route,
            names,
            members: Map::new(),
            parameters: Vec::new(),
            body: None,
            responses: BTreeMap::new(),
            security: None,
            faults: Vec::new(),
            warnings: Vec::new(),
            is_hidden: false,
            #[cfg(feature = "jwt")]
            jwt: None,
        }
    }

    /// Returns the method, such as `GET`.
    pub fn method(&self) -> &'static str {
        self.route.split_once(' ').map_or("", |(method, _)| method)
    }

    /// Returns the names of the path's parameters, in their order.
    pub fn path_parameters(&self) -> &[&'static str] {
        &self.names
    }

    /// Sets the name by which generated clients call the operation. By default it is the name of the function.
    pub fn id(&mut self, id: &str) {
        self.set("operationId", id);
    }

    /// Sets the summary, one line.
    pub fn summary(&mut self, text: &str) {
        self.set("summary", text);
    }

    /// Sets the description, in CommonMark.
    pub fn description(&mut self, text: &str) {
        self.set("description", text);
    }

    /// Sets the summary and the description from the texts of a doc comment. `#[http::operation]` calls it.
    #[doc(hidden)]
    pub fn doc_comment(&mut self, texts: &[&str]) {
        let DocComment { summary, description } = DocComment::of(texts.iter().copied());
        if !summary.is_empty() {
            self.summary(&summary);
        }
        if !description.is_empty() {
            self.description(&description);
        }
    }

    /// Adds a tag, by which viewers group operations.
    pub fn tag(&mut self, tag: &str) {
        let tags = self.members.entry("tags").or_insert_with(|| json!([]));
        if let Some(tags) = tags.as_array_mut()
            && !tags.iter().any(|known| known == tag)
        {
            tags.push(tag.into());
        }
    }

    /// Marks the operation as deprecated.
    pub fn deprecated(&mut self) {
        self.set("deprecated", true);
    }

    /// Leaves the operation out of the document.
    pub fn hidden(&mut self) {
        self.is_hidden = true;
    }

    /// Requires a security scheme with these scopes in place of that of the whole document. Called twice, the caller
    /// may use either.
    pub fn security(&mut self, scheme: &str, scopes: &[&str]) {
        self.security.get_or_insert_default().push(json!({ scheme: scopes }));
    }

    /// Requires no security scheme: anyone may call the operation.
    pub fn public(&mut self) {
        self.security = Some(Vec::new());
    }

    /// Adds a parameter. A second one of the same name and place replaces the first.
    pub fn parameter(&mut self, parameter: Parameter) {
        self.parameters.retain(|known| !known.is_same(&parameter));
        self.parameters.push(parameter);
    }

    /// Adds a body of this media type. Without a schema (`json_schema!({})`) it may be anything.
    pub fn request_body(&mut self, media_type: &str, schema: Schema, is_required: bool) {
        let (content, required) = self.body.get_or_insert_with(|| (Map::new(), is_required));
        *required &= is_required;
        content.insert(media_type.to_owned(), json!({ "schema": schema.to_value() }));
    }

    /// Adds a response by its status: `200`, `3XX` or `default`. What is already said about the same status stays.
    pub fn response(&mut self, status: &str, response: Response) {
        match self.responses.get_mut(status) {
            Some(known) => known.join(response),
            None => {
                self.responses.insert(status.to_owned(), response);
            }
        }
    }

    /// Adds the response of an error, whose body is a problem.
    pub fn problem(&mut self, status: u16, description: &str) {
        self.response(&status.to_string(), Response::problem(description));
    }

    /// Lets a part describe its response, and moves it to this status.
    pub(super) fn with_status(&mut self, status: &str, describe: impl FnOnce(&mut Self)) {
        let known = std::mem::take(&mut self.responses);
        describe(self);
        let added = std::mem::replace(&mut self.responses, known);
        for (own, response) in added {
            let is_own = own == status || own.strip_suffix("XX").is_some_and(|class| status.starts_with(class));
            // What the part says is about its own status.
            let reason = status.parse::<http::StatusCode>().ok().and_then(|status| status.canonical_reason());
            let response = match reason.filter(|_| !is_own) {
                Some(reason) => response.described(format!("{reason}.")),
                None => response,
            };
            self.response(status, response);
        }
    }

    /// Returns the schema of a type in requests.
    pub fn request_schema<T: JsonSchema>(&mut self) -> Schema {
        self.schemas.request::<T>()
    }

    /// Returns the schema of a type in requests itself, in place of a reference to it, with what it refers to.
    pub(crate) fn inline_request_schema<T: JsonSchema>(&mut self) -> Value {
        let schema = self.schemas.inline_request::<T>().to_value();
        self.schemas.resolved(&schema).clone()
    }

    /// Returns the schema of a type in responses.
    pub fn response_schema<T: JsonSchema>(&mut self) -> Schema {
        self.schemas.response::<T>()
    }

    /// Lets a part describe itself, and makes what it adds optional: the body and its parameters.
    pub(crate) fn optional(&mut self, describe: impl FnOnce(&mut Self)) {
        let (parameters, body) = (self.parameters.len(), self.body.is_some());
        #[cfg(feature = "jwt")]
        let jwt = self.jwt.take();
        describe(self);
        #[cfg(feature = "jwt")]
        {
            self.jwt = jwt.or(self.jwt.map(|_| false));
        }
        for parameter in self.parameters.iter_mut().skip(parameters) {
            parameter.make_optional();
        }
        if let Some((_, required)) = self.body.as_mut().filter(|_| !body) {
            *required = false;
        }
    }

    /// Adds a fault, which prevents the document from being written.
    pub(crate) fn fault(&mut self, fault: impl std::fmt::Display) {
        self.faults.push(format!("`{}`: {fault}", self.route));
    }

    #[cfg_attr(not(feature = "macros"), allow(dead_code))]
    pub(super) fn warn_of_unknown_response(&mut self) {
        if self.responses.keys().any(|status| status.starts_with(['2', '3'])) {
            return;
        }
        self.warnings.push(format!(
            "`{}`: the type of the response says nothing about it: write `responses(200 = Json<T>)`, or implement \
             `OperationPart` for the type",
            self.route
        ));
    }

    fn set(&mut self, member: &str, value: impl Into<Value>) {
        self.members.insert(member.to_owned(), value.into());
    }

    /// Returns the operation, its parameters and body apart: they have the schemas of requests.
    pub(super) fn finish(mut self) -> Described {
        for name in std::mem::take(&mut self.names) {
            let parameter = Parameter::path(name, schemars::json_schema!({ "type": "string" }));
            if !self.parameters.iter().any(|known| known.is_same(&parameter)) {
                self.parameters.push(parameter);
            }
        }
        // The status of an error that no part knows.
        self.responses.entry("default".to_owned()).or_insert_with(problem::other);
        if self.responses.len() == 1 && !self.warnings.iter().any(|warning| warning.contains("says nothing")) {
            self.warnings.push(format!("`{}`: no response is known but the errors", self.route));
        }
        if let Some(security) = self.security {
            self.members.insert("security".to_owned(), Value::Array(security));
        }
        let mut request = Map::new();
        if !self.parameters.is_empty() {
            let parameters = self.parameters.iter().map(Parameter::to_value).collect();
            request.insert("parameters".to_owned(), Value::Array(parameters));
        }
        if let Some((content, required)) = self.body {
            request.insert("requestBody".to_owned(), json!({ "required": required, "content": content }));
        }
        Described {
            route: self.route,
            members: self.members,
            request: Value::Object(request),
            responses: self.responses,
            #[cfg(feature = "jwt")]
            jwt: self.jwt,
            faults: self.faults,
            warnings: self.warnings,
        }
    }
}

/// An operation that is described.
pub(super) struct Described {
    pub(super) route: &'static str,
    pub(super) members: Map<String, Value>,
    pub(super) request: Value,
    pub(super) responses: BTreeMap<String, Response>,
    #[cfg(feature = "jwt")]
    pub(super) jwt: Option<bool>,
    pub(super) faults: Vec<String>,
    pub(super) warnings: Vec<String>,
}

impl Described {
    pub(super) fn id(&self) -> Option<&str> {
        self.members.get("operationId").and_then(Value::as_str)
    }

    pub(super) fn tags(&self) -> impl Iterator<Item = &Value> {
        self.members.get("tags").and_then(Value::as_array).into_iter().flatten()
    }

    /// Adds a response of a layer. What the operation says about the same status is the better description.
    pub(super) fn add_response(&mut self, status: &str, response: &Response) {
        match self.responses.get_mut(status) {
            Some(known) => known.join_content(response.clone()),
            None => {
                self.responses.insert(status.to_owned(), response.clone());
            }
        }
    }

    /// Adds a parameter that a layer reads, unless the operation has it.
    pub(super) fn add_parameter(&mut self, parameter: &Parameter) {
        let Some(request) = self.request.as_object_mut() else { return };
        let parameters = request.entry("parameters").or_insert_with(|| json!([]));
        if let Some(parameters) = parameters.as_array_mut()
            && !parameters.iter().any(|known| parameter.is_named(known))
        {
            parameters.push(parameter.to_value());
        }
    }

    /// Returns the responses by their statuses.
    pub(super) fn responses(&self) -> Map<String, Value> {
        self.responses.iter().map(|(status, response)| (status.clone(), response.to_value())).collect()
    }

    /// Returns the method in lower case and the path as OpenAPI writes it.
    pub(super) fn method_and_path(&self) -> (String, String) {
        let (method, path) = self.route.split_once(' ').unwrap_or(("", self.route));
        (method.to_ascii_lowercase(), path.replace("+}", "}"))
    }
}

impl std::fmt::Debug for Operation<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Operation").field("route", &self.route).finish_non_exhaustive()
    }
}

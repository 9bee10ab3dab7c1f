//! [`Document`]: the description of a service.

use schemars::JsonSchema;
use serde_json::{Map, Value, json};

use super::operation::{Described, Operation, Parameter};
use super::responses::Response;
use super::schemas::Schemas;
#[cfg(feature = "jwt")]
use super::security::JWT;
use super::security::SecurityScheme;
use super::webhook::Webhook;

/// The description of a service, to which [`http::Stack::openapi`](crate::http::Stack::openapi) adds what no type says.
///
/// # Example
///
/// ```
/// use pilaster::http;
/// use pilaster::openapi::SecurityScheme;
///
/// let stack = http::Stack::new().openapi(|document| {
///     document.title("Users").server("https://api.example.com");
///     document.security_scheme("apiKey", SecurityScheme::key_in_header("x-api-key")).require("apiKey", &[]);
///     document.problem(401, "The API key is missing or not valid.");
/// });
/// # let _ = stack;
/// ```
pub struct Document {
    info: Map<String, Value>,
    servers: Vec<Value>,
    tags: Vec<Value>,
    schemes: Map<String, Value>,
    security: Vec<Value>,
    /// The scopes of the tokens that a layer requires of each operation, beside the other schemes.
    #[cfg(feature = "jwt")]
    token: Option<Vec<String>>,
    common: Vec<(Methods, Common)>,
    pub(super) operations: Vec<Described>,
    pub(super) webhooks: Vec<Webhook>,
    pub(super) schemas: Schemas,
    pub(super) faults: Vec<String>,
}

impl Document {
    pub(super) fn new() -> Self {
        Self {
            info: Map::new(),
            servers: Vec::new(),
            tags: Vec::new(),
            schemes: Map::new(),
            security: Vec::new(),
            #[cfg(feature = "jwt")]
            token: None,
            common: Vec::new(),
            operations: Vec::new(),
            webhooks: Vec::new(),
            schemas: Schemas::new(),
            faults: Vec::new(),
        }
    }

    /// Sets the title. By default it is the name of the package.
    pub fn title(&mut self, title: &str) -> &mut Self {
        self.info("title", title)
    }

    /// Sets the version of the API. By default it is the version of the package.
    pub fn version(&mut self, version: &str) -> &mut Self {
        self.info("version", version)
    }

    /// Sets the description, in CommonMark. By default it is the description of the package.
    pub fn description(&mut self, text: &str) -> &mut Self {
        self.info("description", text)
    }

    fn info(&mut self, member: &str, value: &str) -> &mut Self {
        self.info.insert(member.to_owned(), value.into());
        self
    }

    /// Adds the URL of a server. Without one it is `/`: the server that the document comes from.
    pub fn server(&mut self, url: &str) -> &mut Self {
        self.servers.push(json!({ "url": url }));
        self
    }

    /// Describes a tag, by which viewers group operations.
    pub fn tag(&mut self, name: &str, description: &str) -> &mut Self {
        self.tags.push(json!({ "name": name, "description": description }));
        self
    }

    /// Defines a security scheme. Without [`require`](Self::require), only those operations require it that say so:
    /// `security("name")`.
    pub fn security_scheme(&mut self, name: &str, scheme: SecurityScheme) -> &mut Self {
        self.schemes.insert(name.to_owned(), scheme.0);
        self
    }

    /// Requires a security scheme with these scopes of each operation that names none. Called twice, the caller may use
    /// either.
    pub fn require(&mut self, scheme: &str, scopes: &[&str]) -> &mut Self {
        self.security.push(json!({ scheme: scopes }));
        self
    }

    /// Declares a webhook: a request that the service sends, by `POST`, to a URL that a client has registered elsewhere.
    /// `T` is what it sends as JSON, so the schema is that of what serde writes. The doc comment of `T` is the description
    /// of the webhook, its first paragraph the summary.
    ///
    /// OpenAPI 3.0, and so `openapi --aws`, has no webhooks.
    ///
    /// # Example
    ///
    /// ```
    /// use pilaster::http;
    /// use schemars::JsonSchema;
    /// use serde::Serialize;
    ///
    /// /// An order has left the warehouse.
    /// #[derive(Serialize, JsonSchema)]
    /// struct OrderShipped {
    ///     order_id: String,
    /// }
    ///
    /// let stack = http::Stack::new().openapi(|document| {
    ///     document.webhook::<OrderShipped>("orderShipped");
    /// });
    /// # let _ = stack;
    /// ```
    pub fn webhook<T: JsonSchema>(&mut self, name: &str) -> &mut Self {
        if self.webhooks.iter().any(|known| known.name == name) {
            self.faults.push(format!("two webhooks have the name `{name}`: rename one"));
        }
        let schema = self.schemas.response::<T>();
        let text = self.schemas.response_description(&schema);
        self.webhooks.push(Webhook::new(name, schema, &text));
        self
    }

    /// Adds the response of an error to each operation.
    pub fn problem(&mut self, status: u16, description: &str) -> &mut Self {
        self.common_problem(&Methods::All, status, description);
        self
    }

    /// Adds the response of an error to each operation of these methods.
    pub(crate) fn common_problem(&mut self, methods: &Methods, status: u16, description: &str) {
        self.common(methods, &status.to_string(), Response::problem(description));
    }

    /// Adds a response to each operation of these methods.
    pub(crate) fn common(&mut self, methods: &Methods, status: &str, response: Response) {
        self.common.push((methods.clone(), Common::Response(status.to_owned(), response)));
    }

    /// Adds a parameter to each operation of these methods, unless it has one of the same name.
    pub(crate) fn common_parameter(&mut self, methods: &Methods, parameter: Parameter) {
        self.common.push((methods.clone(), Common::Parameter(parameter)));
    }

    /// Sets the name, the version and the others of the package, unless they are set.
    pub(crate) fn package(&mut self, [name, version, description, license]: [&str; 4]) {
        let mut default = |member: &str, value: Value| {
            self.info.entry(member).or_insert(value);
        };
        default("title", name.into());
        default("version", version.into());
        if !description.is_empty() {
            default("description", description.into());
        }
        if !license.is_empty() {
            default("license", json!({ "name": license, "identifier": license }));
        }
    }

    /// Adds the operation of a route.
    pub(crate) fn operation(&mut self, route: &'static str, describe: impl Fn(&mut Operation<'_>)) {
        // What is not written must not leave its types behind. Clients know from the `GET` what a `HEAD` does.
        let mut unused = Schemas::new();
        let mut probe = Operation::new(route, &mut unused);
        describe(&mut probe);
        if probe.is_hidden || probe.method() == "HEAD" {
            return;
        }
        let mut operation = Operation::new(route, &mut self.schemas);
        describe(&mut operation);
        if operation.method() == "ANY" {
            operation.fault("an operation has one method: name it, or write `hidden`");
        }
        self.operations.push(operation.finish());
    }

    /// Adds to each operation what all have. The layers that send it may be described before the operations are.
    pub(super) fn add_common(&mut self) {
        for operation in &mut self.operations {
            let (method, _) = operation.method_and_path();
            for (_, common) in self.common.iter().filter(|(methods, _)| methods.contain(&method)) {
                match common {
                    Common::Response(status, response) => operation.add_response(status, response),
                    Common::Parameter(parameter) => operation.add_parameter(parameter),
                }
            }
        }
    }

    /// Requires a token with these scopes of each operation, beside the schemes of [`require`](Self::require).
    #[cfg(feature = "jwt")]
    pub(crate) fn require_token(&mut self, scopes: Vec<String>) {
        self.token.get_or_insert_default().extend(scopes);
    }

    /// Requires the scheme of tokens of all operations if a layer does, otherwise of those that extract one.
    #[cfg(feature = "jwt")]
    pub(super) fn add_jwt(&mut self) {
        if self.token.is_some() || self.operations.iter().any(|operation| operation.jwt.is_some()) {
            self.schemes.entry(JWT).or_insert_with(|| SecurityScheme::bearer("JWT").0);
        }
        if let Some(scopes) = &self.token {
            self.security = with_token(&self.security, scopes);
        }
        let is_required = self.security.iter().any(|requirement| requirement.get(JWT).is_some());
        for operation in self.operations.iter_mut().filter(|_| !is_required) {
            let Some(needs_token) = operation.jwt else { continue };
            let mut security = with_token(&self.security, &[]);
            if !needs_token {
                let without = if self.security.is_empty() { vec![json!({})] } else { self.security.clone() };
                security.splice(0..0, without);
            }
            operation.members.entry("security").or_insert(Value::Array(security));
        }
    }

    /// Returns the members beside the paths and schemas.
    pub(super) fn head(&self) -> Head {
        let or = |values: &[Value], default: Value| match values.is_empty() {
            true => vec![default],
            false => values.to_vec(),
        };
        let mut info = self.info.clone();
        info.entry("title").or_insert_with(|| "API".into());
        info.entry("version").or_insert_with(|| "0.0.0".into());
        Head {
            info,
            servers: or(&self.servers, json!({ "url": "/" })),
            tags: self.tags.clone(),
            security: self.security.clone(),
            schemes: self.schemes.clone(),
        }
    }
}

/// Adds a token to each of the alternatives.
#[cfg(feature = "jwt")]
fn with_token(security: &[Value], scopes: &[String]) -> Vec<Value> {
    let alternatives = if security.is_empty() { vec![json!({})] } else { security.to_vec() };
    let each = alternatives.into_iter().map(|mut alternative| {
        alternative[JWT] = json!(scopes);
        alternative
    });
    each.collect()
}

/// A part of several operations.
enum Common {
    Response(String, Response),
    Parameter(Parameter),
}

/// The operations that have a part, by their methods in lower case.
#[derive(Clone, Debug)]
pub(crate) enum Methods {
    All,
    #[cfg_attr(not(feature = "json-schema"), allow(dead_code))]
    AllBut(&'static str),
    #[cfg_attr(not(any(feature = "conditional", feature = "idempotency")), allow(dead_code))]
    Of(Vec<String>),
}

impl Methods {
    #[cfg_attr(not(any(feature = "conditional", feature = "idempotency")), allow(dead_code))]
    pub(crate) fn of(methods: impl IntoIterator<Item: Into<String>>) -> Self {
        Self::Of(methods.into_iter().map(Into::into).collect())
    }

    fn contain(&self, method: &str) -> bool {
        match self {
            Self::All => true,
            Self::AllBut(other) => *other != method,
            Self::Of(methods) => methods.iter().any(|known| known == method),
        }
    }
}

/// The members of a document beside its paths and schemas.
pub(super) struct Head {
    pub(super) info: Map<String, Value>,
    pub(super) servers: Vec<Value>,
    pub(super) tags: Vec<Value>,
    pub(super) security: Vec<Value>,
    pub(super) schemes: Map<String, Value>,
}

impl Head {
    /// Adds the tags of operations that have no description.
    pub(super) fn add_tags(&mut self, operations: &[Described]) {
        for tag in operations.iter().flat_map(Described::tags) {
            if !self.tags.iter().any(|known| known["name"] == *tag) {
                self.tags.push(json!({ "name": tag }));
            }
        }
    }
}

impl std::fmt::Debug for Document {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Document").field("info", &self.info).finish_non_exhaustive()
    }
}

//! The context of a field of AppSync, a batch of them, and the request to a Lambda authorizer
//! (<https://docs.aws.amazon.com/appsync/latest/devguide/resolver-context-reference.html>).
//!
//! # Example
//!
//! ```
//! use pilaster::BoxError;
//! use pilaster::appsync::{Arguments, Source};
//! use pilaster::testing::{Caller, appsync};
//! use serde_json::json;
//!
//! #[derive(serde::Deserialize)]
//! struct Length { length: usize }
//!
//! async fn excerpt(Source(text): Source<String>, Arguments(by): Arguments<Length>) -> Result<String, BoxError> {
//!     Ok(text.chars().take(by.length).collect())
//! }
//!
//! # tokio::runtime::Builder::new_current_thread().enable_time().build()?.block_on(async {
//! let caller = Caller::new(pilaster::handler(excerpt));
//! let event = appsync("Post", "excerpt").source("Hello").arguments(json!({ "length": 4 }));
//! assert_eq!(caller.call(event.clone()).await?, "Hell");
//! assert_eq!(caller.call(event.batch([json!("Hello"), json!("World")])).await?, json!([{ "data": "Hell" }, { "data": "Worl" }]));
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! # })?;
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

#[cfg(feature = "appsync-schema")]
mod schema;

use serde::Serialize;
use serde_json::{Map, Value, json};

#[cfg(feature = "appsync-schema")]
pub use self::schema::assert_appsync_schema;
use super::appsync_identity::{cognito, iam, value};
use super::content::{ACCOUNT, built};

/// Builds the event of one field.
pub fn appsync(parent_type: impl Into<String>, field: impl Into<String>) -> AppSyncEvent {
    AppSyncEvent {
        parent: parent_type.into(),
        field: field.into(),
        arguments: json!({}),
        identity: Value::Null,
        source: Value::Null,
        headers: Map::from_iter([("host".to_owned(), json!("example.appsync-api.eu-central-1.amazonaws.com"))]),
        prev: Value::Null,
        stash: json!({}),
        selection: Vec::new(),
        variables: json!({}),
    }
}

/// A builder of an event of a field. See the [module docs](self).
#[derive(Clone, Debug)]
#[must_use = "a builder is not sent: pass it to a `Caller`, or call `event()`"]
pub struct AppSyncEvent {
    parent: String,
    field: String,
    arguments: Value,
    identity: Value,
    source: Value,
    headers: Map<String, Value>,
    prev: Value,
    stash: Value,
    selection: Vec<String>,
    variables: Value,
}

impl AppSyncEvent {
    /// Sets the arguments of the field; the default is an empty object.
    ///
    /// # Panics
    ///
    /// If they cannot be serialized as JSON.
    pub fn arguments(mut self, arguments: impl Serialize) -> Self {
        self.arguments = value(arguments);
        self
    }

    /// Sets the parent of the field; the default is null, as at `Query`.
    ///
    /// # Panics
    ///
    /// If it cannot be serialized as JSON.
    pub fn source(mut self, source: impl Serialize) -> Self {
        self.source = value(source);
        self
    }

    /// Sets the identity as JSON; the default is null, that of an API key.
    ///
    /// # Panics
    ///
    /// If it cannot be serialized as JSON.
    pub fn identity(mut self, identity: impl Serialize) -> Self {
        self.identity = value(identity);
        self
    }

    /// Sets the identity to that of a user of a Cognito user pool, in these groups.
    pub fn cognito<'a>(self, username: &str, groups: impl IntoIterator<Item = &'a str>) -> Self {
        self.identity(cognito(username, groups))
    }

    /// Sets the identity to that of an IAM role.
    pub fn iam(self, role: &str) -> Self {
        self.identity(iam(role))
    }

    /// Sets the identity to what a Lambda authorizer put into its response.
    ///
    /// # Panics
    ///
    /// If it cannot be serialized as JSON.
    pub fn lambda_context(self, context: impl Serialize) -> Self {
        let context = value(context);
        self.identity(json!({ "resolverContext": context }))
    }

    /// Adds a header of the client's request: a text, or a list of texts for a repeated one.
    ///
    /// # Panics
    ///
    /// If it cannot be serialized as JSON.
    pub fn header(mut self, name: &str, header: impl Serialize) -> Self {
        self.headers.insert(name.to_ascii_lowercase(), value(header));
        self
    }

    /// Sets the result of the previous step of a pipeline.
    ///
    /// # Panics
    ///
    /// If it cannot be serialized as JSON.
    pub fn prev(mut self, result: impl Serialize) -> Self {
        let result = value(result);
        self.prev = json!({ "result": result });
        self
    }

    /// Sets the object that the steps of a pipeline share.
    ///
    /// # Panics
    ///
    /// If it cannot be serialized as JSON.
    pub fn stash(mut self, stash: impl Serialize) -> Self {
        self.stash = value(stash);
        self
    }

    /// Sets the selected fields as paths, such as `author/name`.
    pub fn selection<'a>(mut self, paths: impl IntoIterator<Item = &'a str>) -> Self {
        self.selection = paths.into_iter().map(str::to_owned).collect();
        self
    }

    /// Sets the variables of the request.
    ///
    /// # Panics
    ///
    /// If they cannot be serialized as JSON.
    pub fn variables(mut self, variables: impl Serialize) -> Self {
        self.variables = value(variables);
        self
    }

    /// Returns a batch of this field: an item for each of these sources.
    pub fn batch(&self, sources: impl IntoIterator<Item = impl Serialize>) -> Value {
        sources.into_iter().map(|source| self.clone().source(source).event()).collect()
    }

    /// Returns the event.
    pub fn event(&self) -> Value {
        let tops = self.selection.iter().map(|path| path.replace('/', " { ") + &" }".repeat(path.matches('/').count()));
        let graphql = match self.selection.is_empty() {
            true => String::new(),
            false => format!("{{\n  {}\n}}", tops.collect::<Vec<_>>().join("\n  ")),
        };
        json!({
            "arguments": self.arguments,
            "identity": self.identity,
            "source": self.source,
            "request": { "headers": self.headers, "domainName": null },
            "prev": self.prev,
            "info": {
                "fieldName": self.field,
                "parentTypeName": self.parent,
                "variables": self.variables,
                "selectionSetList": self.selection,
                "selectionSetGraphQL": graphql,
            },
            "stash": self.stash,
        })
    }
}

/// Builds the request to the Lambda authorizer of a GraphQL API, for a client with this token.
///
/// # Example
///
/// ```
/// use pilaster::testing::appsync_authorization;
///
/// let event = appsync_authorization("acme.7").operation("MyPosts", "query MyPosts { posts { id } }").event();
/// assert_eq!(event["authorizationToken"], "acme.7");
/// ```
pub fn appsync_authorization(token: impl Into<String>) -> AppSyncAuthorizationEvent {
    AppSyncAuthorizationEvent {
        token: token.into(),
        query: "query { posts { id } }".to_owned(),
        operation: Value::Null,
        headers: Map::new(),
        variables: json!({}),
    }
}

/// A builder of a request to a Lambda authorizer. See [`appsync_authorization`].
#[derive(Clone)]
#[must_use = "a builder is not sent: pass it to a `Caller`, or call `event()`"]
pub struct AppSyncAuthorizationEvent {
    token: String,
    query: String,
    operation: Value,
    headers: Map<String, Value>,
    variables: Value,
}

impl AppSyncAuthorizationEvent {
    /// Sets the name of the operation, and the document of the request.
    pub fn operation(mut self, name: &str, query: impl Into<String>) -> Self {
        self.operation = json!(name);
        self.query = query.into();
        self
    }

    /// Adds a header of the client's request.
    pub fn header(mut self, name: &str, header: &str) -> Self {
        self.headers.insert(name.to_ascii_lowercase(), json!(header));
        self
    }

    /// Sets the variables of the request.
    ///
    /// # Panics
    ///
    /// If they cannot be serialized as JSON.
    pub fn variables(mut self, variables: impl Serialize) -> Self {
        self.variables = value(variables);
        self
    }

    /// Returns the event.
    pub fn event(&self) -> Value {
        json!({
            "authorizationToken": self.token,
            "requestContext": {
                "apiId": "giy7kumfmvcqvbedntjwjvagii",
                "accountId": ACCOUNT,
                "requestId": "b80ed838-14c6-4500-b4c3-b694c7bef086",
                "queryString": self.query,
                "operationName": self.operation,
                "variables": self.variables,
            },
            "requestHeaders": self.headers,
        })
    }
}

/// The token is not shown.
impl std::fmt::Debug for AppSyncAuthorizationEvent {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("AppSyncAuthorizationEvent").field("operation", &self.operation).finish_non_exhaustive()
    }
}

built!(AppSyncEvent, AppSyncAuthorizationEvent);

#[cfg(test)]
mod tests {
    use super::super::shape;
    use super::*;

    #[test]
    fn the_events_have_the_shape_of_real_ones() {
        let event = appsync("Mutation", "createSomething")
            .arguments(json!({ "id": "my identifier" }))
            .cognito("jdoe", [])
            .selection(["id", "field1"])
            .event();
        let but = ["request.headers", "request.domainName", "identity.claims"];
        shape::same("python/appSyncDirectResolver.json", &event, &but);
        let event =
            appsync_authorization("token").operation("MyNewTask", "mutation {}").variables(json!({ "desc": "" }));
        shape::same("python/appSyncAuthorizerEvent.json", &event.event(), &[]);
    }
}

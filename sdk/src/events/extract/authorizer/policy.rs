//! The responses of an authorizer: [`Policy`], [`SimpleResponse`].

use std::collections::BTreeMap;
use std::fmt;

use serde::ser::Error as _;
use serde::{Serialize, Serializer};
use serde_json::{Number, Value};

/// The maximum size of an authorizer's response, in bytes
/// (<https://docs.aws.amazon.com/apigateway/latest/developerguide/api-gateway-execution-service-limits-table.html>).
const LIMIT: usize = 8 * 1024;

/// An IAM policy for the methods of an API, with values about the caller for the integration and the access log.
///
/// A response above 8 KB, which API Gateway rejects, fails as `InvalidResponse`.
///
/// # Example
///
/// ```
/// use pilaster::events::authorizer::Policy;
/// use serde_json::json;
///
/// let api = "arn:aws:execute-api:eu-central-1:123456789012:a1b2c3d4e5/prod";
/// let policy = Policy::allow("ada", [format!("{api}/*")])
///     .and_deny([format!("{api}/DELETE/*")])
///     .context("tenant", "north")
///     .context("level", 3);
/// assert_eq!(serde_json::to_value(&policy)?, json!({
///     "principalId": "ada",
///     "policyDocument": { "Version": "2012-10-17", "Statement": [
///         { "Action": "execute-api:Invoke", "Effect": "Allow", "Resource": [format!("{api}/*")] },
///         { "Action": "execute-api:Invoke", "Effect": "Deny", "Resource": [format!("{api}/DELETE/*")] },
///     ] },
///     "context": { "tenant": "north", "level": 3 },
/// }));
/// # Ok::<(), serde_json::Error>(())
/// ```
#[derive(Clone, PartialEq)]
#[must_use = "the function must return it"]
pub struct Policy {
    principal: String,
    statements: Vec<Statement>,
    context: BTreeMap<String, ContextValue>,
    usage_identifier_key: Option<String>,
}

#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "PascalCase")]
struct Statement {
    action: &'static str,
    effect: &'static str,
    resource: Vec<String>,
}

impl Policy {
    /// Allows the caller, identified as `principal`, to call these methods: [`MethodArn::all`](super::MethodArn::all)
    /// or [`MethodArn::route`](super::MethodArn::route).
    pub fn allow(principal: impl Into<String>, arns: impl IntoIterator<Item = impl Into<String>>) -> Self {
        Self::new(principal.into()).and_allow(arns)
    }

    /// Denies the caller these methods, with a 403.
    pub fn deny(principal: impl Into<String>, arns: impl IntoIterator<Item = impl Into<String>>) -> Self {
        Self::new(principal.into()).and_deny(arns)
    }

    fn new(principal: String) -> Self {
        Self { principal, statements: Vec::new(), context: BTreeMap::new(), usage_identifier_key: None }
    }

    /// Also allows these methods.
    pub fn and_allow(self, arns: impl IntoIterator<Item = impl Into<String>>) -> Self {
        self.and("Allow", arns.into_iter().map(Into::into).collect())
    }

    /// Denies these methods, even if they are allowed.
    pub fn and_deny(self, arns: impl IntoIterator<Item = impl Into<String>>) -> Self {
        self.and("Deny", arns.into_iter().map(Into::into).collect())
    }

    fn and(mut self, effect: &'static str, resource: Vec<String>) -> Self {
        self.statements.push(Statement { action: "execute-api:Invoke", effect, resource });
        self
    }

    /// Adds a value about the caller for the integration, as `$context.authorizer.…`: a string, a number or a boolean.
    pub fn context(mut self, name: impl Into<String>, value: impl Into<ContextValue>) -> Self {
        self.context.insert(name.into(), value.into());
        self
    }

    /// Sets the API key of the caller's usage plan, for an API whose key source is the authorizer.
    pub fn usage_identifier_key(mut self, key: impl Into<String>) -> Self {
        self.usage_identifier_key = Some(key.into());
        self
    }
}

impl Serialize for Policy {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        #[derive(Serialize)]
        #[serde(rename_all = "camelCase")]
        struct PolicyOutput<'a> {
            principal_id: &'a str,
            policy_document: PolicyDocument<'a>,
            #[serde(skip_serializing_if = "BTreeMap::is_empty")]
            context: &'a BTreeMap<String, ContextValue>,
            #[serde(skip_serializing_if = "Option::is_none")]
            usage_identifier_key: Option<&'a str>,
        }
        #[derive(Serialize)]
        #[serde(rename_all = "PascalCase")]
        struct PolicyDocument<'a> {
            version: &'static str,
            statement: &'a [Statement],
        }
        if self.statements.iter().any(|statement| statement.resource.is_empty()) {
            return Err(S::Error::custom("a policy must allow or deny at least one ARN"));
        }
        let output = PolicyOutput {
            principal_id: &self.principal,
            policy_document: PolicyDocument { version: "2012-10-17", statement: &self.statements },
            context: &self.context,
            usage_identifier_key: self.usage_identifier_key.as_deref(),
        };
        bounded(&output)?;
        output.serialize(serializer)
    }
}

/// The API key and the values about the caller may be secrets and are not shown.
impl fmt::Debug for Policy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Policy").field("statements", &self.statements).finish_non_exhaustive()
    }
}

/// A value in the context of a [`Policy`]. API Gateway rejects lists and objects.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(untagged)]
#[non_exhaustive]
pub enum ContextValue {
    /// A string.
    Text(String),
    /// A number.
    Number(Number),
    /// A boolean.
    Bool(bool),
}

macro_rules! context_values {
    ($($from:ty => $value:expr;)*) => {$(
        impl From<$from> for ContextValue {
            fn from(value: $from) -> Self {
                $value(value)
            }
        }
    )*};
}

context_values! {
    String => Self::Text;
    &str => |value: &str| Self::Text(value.to_owned());
    bool => Self::Bool;
    i32 => |value: i32| Self::Number(value.into());
    u32 => |value: u32| Self::Number(value.into());
    i64 => |value: i64| Self::Number(value.into());
    u64 => |value: u64| Self::Number(value.into());
    // A float that JSON cannot represent becomes text, such as `NaN`.
    f64 => |value: f64| Number::from_f64(value).map_or_else(|| Self::Text(value.to_string()), Self::Number);
}

/// The simple response for an HTTP API with payload 2.0.
///
/// # Example
///
/// ```
/// use pilaster::events::authorizer::SimpleResponse;
///
/// let response = SimpleResponse::allow().context("groups", vec!["admins"]);
/// assert_eq!(serde_json::to_string(&response)?, r#"{"isAuthorized":true,"context":{"groups":["admins"]}}"#);
/// # Ok::<(), serde_json::Error>(())
/// ```
#[derive(Clone, PartialEq)]
#[must_use = "the function must return it"]
pub struct SimpleResponse {
    is_authorized: bool,
    context: BTreeMap<String, Value>,
}

impl SimpleResponse {
    /// Allows the request and, while the response is cached, requests to all other routes with this authorizer.
    pub fn allow() -> Self {
        Self { is_authorized: true, context: BTreeMap::new() }
    }

    /// Denies the request, with a 403.
    pub fn deny() -> Self {
        Self { is_authorized: false, context: BTreeMap::new() }
    }

    /// Adds a value about the caller for the integration, as `$context.authorizer.…`. Lists and objects are accepted
    /// here.
    pub fn context(mut self, name: impl Into<String>, value: impl Into<Value>) -> Self {
        self.context.insert(name.into(), value.into());
        self
    }
}

impl Serialize for SimpleResponse {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        #[derive(Serialize)]
        #[serde(rename_all = "camelCase")]
        struct SimpleOutput<'a> {
            is_authorized: bool,
            #[serde(skip_serializing_if = "BTreeMap::is_empty")]
            context: &'a BTreeMap<String, Value>,
        }
        let output = SimpleOutput { is_authorized: self.is_authorized, context: &self.context };
        bounded(&output)?;
        output.serialize(serializer)
    }
}

/// The values about the caller may be secrets and are not shown.
impl fmt::Debug for SimpleResponse {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SimpleResponse").field("is_authorized", &self.is_authorized).finish_non_exhaustive()
    }
}

fn bounded<E: serde::ser::Error>(output: &impl Serialize) -> Result<(), E> {
    match serde_json::to_string(output).map_err(E::custom)?.len() {
        0..=LIMIT => Ok(()),
        length => Err(E::custom(format!("it has {length} bytes; API Gateway accepts {LIMIT}"))),
    }
}

//! [`Claims`]: who is asking, as the API's authorizer has established it.
//!
//! It reads only what API Gateway, the function URL or VPC Lattice has verified and put into the event's `requestContext`,
//! and no header:
//!
//! | the source | the authorizer | what `T` is made of |
//! |---|---|---|
//! | HTTP API | JWT | `authorizer.jwt.claims` |
//! | HTTP API | Lambda | `authorizer.lambda`: the context that the authorizer gave |
//! | HTTP API, function URL | IAM | `authorizer.iam`: `userArn`, `accountId`, `cognitoIdentity`, … |
//! | REST API, HTTP API 1.0 | Cognito, JWT | `authorizer.claims` |
//! | REST API, HTTP API 1.0, WebSocket | Lambda | `authorizer`: `principalId` and the context that the authorizer gave |
//! | REST API, HTTP API 1.0, WebSocket | IAM | `identity`: `userArn`, `accountId`, `cognitoIdentityId`, … |
//! | VPC Lattice | IAM | `identity`: `principal`, `sessionName`, … |
//!
//! A request that no authorizer has seen, or of whose caller it said nothing, is a 401, or `None` of an `Option<Claims<T>>`. One whose claims are no `T` is a
//! 403: the API has let in whom the function does not understand. The caller learns no more than that; the log names the claim.
//!
//! **Never trusted:** a load balancer's `x-amzn-oidc-*` headers and VPC Lattice 1.0's headers. Whoever reaches the function by
//! another way can write them, so their signature has to be verified first; these sources have no claims here.
//! An API key says nothing of who is asking.
//!
//! # Numbers, truths and lists
//!
//! API Gateway turns claims into text: `exp` is `"1718722804"`, `email_verified` is `"true"`, a list of groups is `"[a b]"`
//! in an HTTP API and `"a,b"` in a REST API, `scope` is `"openid email"`. So a text is read as a number, a `bool` or a `Vec`
//! where `T` asks for one. A REST API writes `exp` and `iat` as dates in words: those stay text. An element with a space or a comma in it cannot be told from two: **give no rights by a list
//! whose elements callers can choose.** (Inside `#[serde(flatten)]` and untagged enums serde asks for nothing, so a text
//! stays a text.)
//!
//! # Example
//!
//! ```
//! use pilaster::http::Claims;
//! use serde::Deserialize;
//!
//! #[derive(Deserialize)]
//! struct User {
//!     sub: String,
//!     #[serde(rename = "cognito:groups", default)]
//!     groups: Vec<String>,
//! }
//!
//! async fn greet(Claims(user): Claims<User>) -> String {
//!     format!("{} of {}", user.sub, user.groups.join(" and "))
//! }
//!
//! # #[cfg(feature = "testing")]
//! # tokio::runtime::Builder::new_current_thread().build()?.block_on(async {
//! let caller = pilaster::testing::Caller::new(pilaster::handler(greet));
//! let mut event = serde_json::json!({
//!     "rawPath": "/",
//!     "requestContext": {
//!         "http": { "method": "GET" },
//!         "authorizer": { "jwt": { "claims": { "sub": "7", "cognito:groups": "[admins staff]" } } },
//!     },
//! });
//! assert_eq!(caller.call(event.clone()).await?["body"], "7 of admins and staff");
//!
//! event["requestContext"]["authorizer"] = serde_json::Value::Null;
//! assert_eq!(caller.call(event).await?["statusCode"], 401);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! # })?;
//! # let _ = greet;
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

use std::fmt;
use std::ops::Deref;

use axum_core::extract::{FromRequestParts, OptionalFromRequestParts};
use http::request::Parts;
use http::{HeaderValue, StatusCode, header};
use serde::de::value::{MapDeserializer, SeqDeserializer};
use serde::de::{Deserialize, DeserializeOwned, Deserializer, IntoDeserializer, Visitor};
use serde::forward_to_deserialize_any;
use serde_json::{Map, Value};

use crate::core::json::pointer;
use crate::http::extract::context::{EventKind, EventParts};
use crate::http::extract::serde_message::without_values;
use crate::http::rejection::Rejection;

/// Who is asking, as the API's authorizer has established it. See the [module docs](self).
///
/// Its `Debug` shows nothing of it: claims are personal.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Claims<T>(pub T);

impl<T, S> FromRequestParts<S> for Claims<T>
where
    T: DeserializeOwned,
    S: Send + Sync,
{
    type Rejection = Rejection;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Rejection> {
        match established(parts)? {
            Some(claims) => typed(claims),
            None => Err(Rejection::new(StatusCode::UNAUTHORIZED, "it is not known who is asking")
                .with_header(header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"))),
        }
    }
}

impl<T, S> OptionalFromRequestParts<S> for Claims<T>
where
    T: DeserializeOwned,
    S: Send + Sync,
{
    type Rejection = Rejection;

    /// `None` where no authorizer has seen the request. Claims that are no `T` are a 403 here too.
    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Option<Self>, Rejection> {
        established(parts)?.map(typed).transpose()
    }
}

/// What the authorizer said of the caller; `None` where there was no authorizer.
fn established(parts: &Parts) -> Result<Option<Map<String, Value>>, Rejection> {
    let Some(event) = parts.extensions.get::<EventParts>() else {
        return Err(Rejection::new(StatusCode::INTERNAL_SERVER_ERROR, "there is no authorizer here")
            .with_source("`Claims`: the request did not come through a Lambda event"));
    };
    let text = event.context.as_ref().map_or("{}", |raw| raw.get());
    let context = serde_json::from_str::<Context>(text).map_err(|error| {
        Rejection::new(StatusCode::INTERNAL_SERVER_ERROR, "the authorizer is not understood").with_source(error)
    })?;
    Ok(match event.kind {
        EventKind::HttpApi => of_http_api(context.authorizer),
        EventKind::Rest | EventKind::HttpApiV1 | EventKind::WebSocket => {
            of_rest_api(context.authorizer).or_else(|| signed(context.identity, "userArn"))
        }
        EventKind::VpcLattice => signed(context.identity, "principal")
            .filter(|identity| identity.get("type").is_some_and(|kind| kind == "AWS_IAM")),
        EventKind::Alb { .. } | EventKind::VpcLatticeV1 => None,
    })
}

/// The two fields of `requestContext` that say who is asking.
#[derive(serde::Deserialize)]
struct Context {
    authorizer: Option<Map<String, Value>>,
    identity: Option<Map<String, Value>>,
}

/// Whether it says anything of the caller. API Gateway writes how long the authorizer took beside what it said, and names without
/// a value.
fn says_something(said: &Map<String, Value>) -> bool {
    said.iter().any(|(name, value)| name != "integrationLatency" && !is_empty(value))
}

fn is_empty(value: &Value) -> bool {
    match value {
        Value::Null => true,
        Value::String(text) => text.is_empty(),
        Value::Array(values) => values.iter().all(is_empty),
        Value::Object(fields) => fields.values().all(is_empty),
        Value::Bool(_) | Value::Number(_) => false,
    }
}

/// `{"jwt": {"claims": {…}}}`, `{"lambda": {…}}` or `{"iam": {…}}`. `{"lambda": null}` is there without an authorizer too.
fn of_http_api(authorizer: Option<Map<String, Value>>) -> Option<Map<String, Value>> {
    let mut authorizer = authorizer?;
    let mut take = |name: &str| authorizer.remove(name).and_then(object);
    let verified = take("jwt").and_then(|mut jwt| jwt.remove("claims")).and_then(object);
    verified.or_else(|| [take("lambda"), take("iam")].into_iter().flatten().find(says_something))
}

/// `{"claims": {…}}`, or what a Lambda authorizer said. `{"claims": null, "scopes": null}` is there without an authorizer
/// too.
fn of_rest_api(authorizer: Option<Map<String, Value>>) -> Option<Map<String, Value>> {
    let mut authorizer = authorizer?;
    match authorizer.get_mut("claims") {
        Some(Value::Object(claims)) => Some(std::mem::take(claims)),
        _ => Some(authorizer).filter(says_something),
    }
}

/// The identity of a request that was signed: without a signature all of its principal's fields are `null`.
fn signed(identity: Option<Map<String, Value>>, principal: &str) -> Option<Map<String, Value>> {
    let is_named = |value: &Value| value.as_str().is_some_and(|name| !name.is_empty());
    identity.filter(|identity| identity.get(principal).is_some_and(is_named))
}

fn object(value: Value) -> Option<Map<String, Value>> {
    match value {
        Value::Object(object) => Some(object),
        _ => None,
    }
}

fn typed<T: DeserializeOwned>(claims: Map<String, Value>) -> Result<Claims<T>, Rejection> {
    let claims = claims.into_iter().map(|(name, value)| (name, Claim(value)));
    let deserializer: MapDeserializer<'_, _, serde_json::Error> = MapDeserializer::new(claims);
    serde_path_to_error::deserialize(deserializer).map(Claims).map_err(|error| {
        let reason = error.inner().to_string();
        // "missing field `sub`" names a field of `T`, every other message may hold a value.
        let reason = if reason.starts_with("missing field") { reason } else { without_values(&reason) };
        tracing::warn!(claim = pointer(error.path()), reason, "the authorizer's claims do not have the expected form");
        Rejection::new(StatusCode::FORBIDDEN, "who is asking is not someone this function knows")
    })
}

/// A claim, which may be text where a number, a `bool` or a list was meant.
struct Claim(Value);

impl<'de> IntoDeserializer<'de, serde_json::Error> for Claim {
    type Deserializer = Self;
    fn into_deserializer(self) -> Self {
        self
    }
}

macro_rules! parsed {
    ($($method:ident => $visit:ident $type:ty;)*) => {$(
        fn $method<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, serde_json::Error> {
            match self.0.as_str().and_then(|text| text.parse::<$type>().ok()) {
                Some(value) => visitor.$visit(value),
                None => self.0.$method(visitor),
            }
        }
    )*};
}

impl<'de> Deserializer<'de> for Claim {
    type Error = serde_json::Error;

    parsed! {
        deserialize_bool => visit_bool bool;
        deserialize_i8 => visit_i8 i8;
        deserialize_i16 => visit_i16 i16;
        deserialize_i32 => visit_i32 i32;
        deserialize_i64 => visit_i64 i64;
        deserialize_u8 => visit_u8 u8;
        deserialize_u16 => visit_u16 u16;
        deserialize_u32 => visit_u32 u32;
        deserialize_u64 => visit_u64 u64;
        deserialize_f32 => visit_f32 f32;
        deserialize_f64 => visit_f64 f64;
    }

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, serde_json::Error> {
        self.0.deserialize_any(visitor)
    }

    fn deserialize_seq<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, serde_json::Error> {
        match self.0 {
            Value::String(text) => visitor.visit_seq(SeqDeserializer::new(elements(&text).into_iter().map(Claim))),
            other => other.deserialize_seq(visitor),
        }
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, serde_json::Error> {
        if self.0.is_null() { visitor.visit_none() } else { visitor.visit_some(self) }
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        visitor: V,
    ) -> Result<V::Value, serde_json::Error> {
        visitor.visit_newtype_struct(self)
    }

    fn deserialize_enum<V: Visitor<'de>>(
        self,
        name: &'static str,
        variants: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, serde_json::Error> {
        self.0.deserialize_enum(name, variants, visitor)
    }

    forward_to_deserialize_any! {
        i128 u128 char str string bytes byte_buf unit unit_struct tuple tuple_struct map struct identifier ignored_any
    }
}

/// `["a","b"]`, `[a b]`, `[a, b]`, `a,b` and `a b`.
fn elements(text: &str) -> Vec<Value> {
    if let Ok(Value::Array(elements)) = Value::deserialize(&mut serde_json::Deserializer::from_str(text)) {
        return elements;
    }
    let inner = text.strip_prefix('[').and_then(|text| text.strip_suffix(']')).unwrap_or(text);
    let commas = inner.contains(',');
    let elements = inner.split(|c: char| if commas { c == ',' } else { c.is_whitespace() });
    elements.map(str::trim).filter(|element| !element.is_empty()).map(Value::from).collect()
}

impl<T> fmt::Debug for Claims<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Claims").finish_non_exhaustive()
    }
}

impl<T> Deref for Claims<T> {
    type Target = T;
    fn deref(&self) -> &T {
        &self.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[derive(Debug, PartialEq, serde::Deserialize)]
    struct User {
        sub: String,
        #[serde(default)]
        exp: Option<u64>,
        #[serde(default)]
        email_verified: bool,
        #[serde(default, rename = "cognito:groups")]
        groups: Vec<String>,
    }

    fn request(kind: EventKind, context: Value) -> Parts {
        let (mut parts, ()) = http::Request::new(()).into_parts();
        let context = Some(serde_json::value::to_raw_value(&context).unwrap());
        parts.extensions.insert(EventParts { kind, context, stage_variables: Vec::new() });
        parts
    }

    async fn claims<T: DeserializeOwned>(kind: EventKind, context: Value) -> Result<T, Rejection> {
        <Claims<T> as FromRequestParts<()>>::from_request_parts(&mut request(kind, context), &()).await.map(|c| c.0)
    }

    async fn value(kind: EventKind, context: Value) -> Option<Value> {
        claims::<Value>(kind, context).await.ok()
    }

    #[tokio::test]
    async fn each_source_has_its_claims_elsewhere() {
        let jwt = json!({ "authorizer": { "jwt": { "claims": { "sub": "7" }, "scopes": ["a"] } } });
        assert_eq!(value(EventKind::HttpApi, jwt).await, Some(json!({ "sub": "7" })));
        let lambda = json!({ "authorizer": { "lambda": { "tenant": { "id": 1 } } } });
        assert_eq!(value(EventKind::HttpApi, lambda).await, Some(json!({ "tenant": { "id": 1 } })));
        let iam = json!({ "authorizer": { "iam": { "userArn": "arn" } } });
        assert_eq!(value(EventKind::HttpApi, iam).await, Some(json!({ "userArn": "arn" })));
        let cognito = json!({ "authorizer": { "claims": { "sub": "7" } }, "identity": { "userArn": null } });
        assert_eq!(value(EventKind::Rest, cognito).await, Some(json!({ "sub": "7" })));
        let lambda = json!({ "authorizer": { "principalId": "p", "tenant": "7" } });
        assert_eq!(value(EventKind::WebSocket, lambda.clone()).await, Some(lambda["authorizer"].clone()));
        let lambda = json!({ "authorizer": { "principalId": "p", "claims": "a text of its own" } });
        assert_eq!(value(EventKind::Rest, lambda.clone()).await, Some(lambda["authorizer"].clone()));
        let iam = json!({ "identity": { "userArn": "arn" } });
        assert_eq!(value(EventKind::Rest, iam).await, Some(json!({ "userArn": "arn" })));
        let lattice = json!({ "identity": { "type": "AWS_IAM", "principal": "arn" } });
        assert_eq!(value(EventKind::VpcLattice, lattice.clone()).await, Some(lattice["identity"].clone()));
    }

    #[tokio::test]
    async fn nobody_is_a_401_or_none() {
        for (kind, context) in [
            (EventKind::HttpApi, json!({})),
            (EventKind::HttpApi, json!({ "authorizer": { "lambda": null } })),
            (EventKind::HttpApi, json!({ "authorizer": { "jwt": { "claims": null } } })),
            (EventKind::HttpApi, json!({ "identity": { "userArn": "of another source" } })),
            (
                EventKind::Rest,
                json!({ "authorizer": { "claims": null, "scopes": null }, "identity": { "userArn": null } }),
            ),
            (EventKind::Rest, json!({ "authorizer": {}, "identity": { "apiKey": "k", "userArn": "" } })),
            (EventKind::Rest, json!({ "authorizer": { "integrationLatency": 12 } })),
            (EventKind::HttpApiV1, json!({ "authorizer": { "integrationLatency": 12, "claims": null } })),
            (EventKind::WebSocket, json!({ "authorizer": { "integrationLatency": 12, "principalId": "" } })),
            (EventKind::HttpApi, json!({ "authorizer": { "lambda": { "integrationLatency": 12 } } })),
            (EventKind::HttpApi, json!({ "authorizer": { "lambda": {}, "jwt": { "claims": null } } })),
            (
                EventKind::HttpApi,
                json!({ "authorizer": { "iam": { "userArn": "", "cognitoIdentity": { "amr": null } } } }),
            ),
            (EventKind::Rest, json!({ "authorizer": null, "identity": null })),
            (EventKind::VpcLattice, json!({ "identity": { "sourceVpcArn": "arn" } })),
            (EventKind::VpcLattice, json!({ "identity": { "type": "NONE", "principal": "arn" } })),
            (EventKind::Alb { multi_value: false }, json!({ "authorizer": { "claims": { "sub": "7" } } })),
        ] {
            let rejection = claims::<Value>(kind, context.clone()).await.unwrap_err();
            assert_eq!(rejection.status(), 401, "{context}");
            let response = axum_core::response::IntoResponse::into_response(rejection);
            assert_eq!(response.headers()["www-authenticate"], "Bearer");
            let none = Option::<Claims<Value>>::from_request_parts(&mut request(kind, context), &()).await;
            assert_eq!(none.unwrap(), None);
        }
    }

    #[tokio::test]
    async fn text_is_read_as_what_is_asked_for() {
        let user = |claims: Value| async move {
            self::claims::<User>(EventKind::HttpApi, json!({ "authorizer": { "jwt": { "claims": claims } } })).await
        };
        let given = user(json!({
            "sub": "7", "exp": "1718722804", "email_verified": "true", "cognito:groups": "[a b]", "other": "x",
        }));
        let expected = User {
            sub: "7".into(),
            exp: Some(1_718_722_804),
            email_verified: true,
            groups: vec!["a".into(), "b".into()],
        };
        assert_eq!(given.await.unwrap(), expected);
        let given = user(json!({
            "sub": "7", "exp": 1_718_722_804, "email_verified": true, "cognito:groups": ["a", "b"],
        }));
        assert_eq!(given.await.unwrap(), expected);
    }

    #[test]
    fn lists_come_in_five_spellings() {
        for text in ["[\"a\",\"b\"]", "[a b]", "[a, b]", "a,b", "a b"] {
            assert_eq!(elements(text), ["a", "b"], "{text}");
        }
        assert_eq!(elements("[a]"), ["a"]);
        assert!(elements("").is_empty() && elements("[]").is_empty() && elements("[ ]").is_empty());
    }

    #[tokio::test]
    async fn claims_of_another_form_are_a_403_without_a_value() {
        for claims in [json!({}), json!({ "sub": 7 }), json!({ "sub": "7", "exp": "hunter2" })] {
            let context = json!({ "authorizer": { "jwt": { "claims": claims } } });
            let rejection = self::claims::<User>(EventKind::HttpApi, context.clone()).await.unwrap_err();
            assert_eq!((rejection.status().as_u16(), rejection.fields().len()), (403, 0));
            let parts = &mut request(EventKind::HttpApi, context);
            let optional = Option::<Claims<User>>::from_request_parts(parts, &()).await;
            assert_eq!(optional.unwrap_err().status(), 403);
        }
    }

    #[tokio::test]
    async fn outside_lambda_it_is_the_functions_mistake() {
        let (mut parts, ()) = http::Request::new(()).into_parts();
        let rejection = <Claims<Value> as FromRequestParts<()>>::from_request_parts(&mut parts, &()).await.unwrap_err();
        assert_eq!(rejection.status(), 500);
    }

    #[test]
    fn debug_shows_nothing() {
        assert_eq!(format!("{:?}", Claims("ada@example.com")), "Claims(..)");
    }
}

//! A request as the event that brought it, for expressions to select from.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use http::HeaderMap;
use http::request::Parts;
use serde_json::{Map, Value, json};

use crate::http::context::{EventParts, PathParams};
use crate::idempotency::error::IdempotencyError;
use crate::idempotency::jmespath::Document;

/// Where the sources say who is calling: JWT and Cognito authorizers, Lambda authorizers, IAM, VPC Lattice, an API key.
const CALLER: [&str; 10] = [
    "/authorizer/jwt/claims/sub",
    "/authorizer/claims/sub",
    "/authorizer/lambda/principalId",
    "/authorizer/lambda/sub",
    "/authorizer/principalId",
    "/authorizer/iam/userArn",
    "/identity/userArn",
    "/identity/cognitoIdentityId",
    "/identity/principal",
    "/identity/apiKeyId",
];

fn context(parts: &Parts) -> Value {
    let event = parts.extensions.get::<EventParts>();
    let context = event.and_then(|event| event.context.as_ref());
    context.and_then(|context| serde_json::from_str(context.get()).ok()).unwrap_or_default()
}

/// Who is calling, as far as the source says so.
pub(super) fn caller(parts: &Parts) -> Value {
    let context = context(parts);
    CALLER.iter().filter_map(|place| context.pointer(place)).filter(|caller| caller.is_string()).cloned().collect()
}

/// The body as text, in base64 where it is none.
pub(super) fn text(body: &[u8]) -> Value {
    match std::str::from_utf8(body) {
        Ok("") => Value::Null,
        Ok(text) => text.into(),
        Err(_) => STANDARD.encode(body).into(),
    }
}

/// # Errors
///
/// It cannot be written as JSON, which no request is.
pub(super) fn of(parts: &Parts, body: &[u8]) -> Result<Document, IdempotencyError> {
    let path = parts.extensions.get::<PathParams>().into_iter().flat_map(|parameters| &parameters.0);
    let query = parts.uri.query().unwrap_or_default();
    let query = serde_html_form::from_str::<Vec<(String, String)>>(query).unwrap_or_default();
    let document = json!({
        "httpMethod": parts.method.as_str(),
        "path": parts.uri.path(),
        "headers": headers(&parts.headers),
        "queryStringParameters": joined(query.iter().map(|(name, value)| (name.as_str(), value.as_str()))),
        "pathParameters": joined(path.map(|(name, value)| (name.as_str(), value.as_str()))),
        "requestContext": context(parts),
        "body": text(body),
        "isBase64Encoded": std::str::from_utf8(body).is_err(),
    });
    Document::of(&document).map_err(|error| IdempotencyError::bad_key(error.to_string()))
}

fn headers(headers: &HeaderMap) -> Value {
    joined(headers.iter().filter_map(|(name, value)| Some((name.as_str(), value.to_str().ok()?))))
}

/// A map; values of the same name are joined by commas, as in the events of HTTP APIs. `null` where there is none.
fn joined<'a>(pairs: impl Iterator<Item = (&'a str, &'a str)>) -> Value {
    let mut map = Map::new();
    for (name, value) in pairs {
        match map.get_mut(name) {
            Some(Value::String(before)) => {
                before.push(',');
                before.push_str(value);
            }
            _ => drop(map.insert(name.to_owned(), value.into())),
        }
    }
    if map.is_empty() { Value::Null } else { map.into() }
}

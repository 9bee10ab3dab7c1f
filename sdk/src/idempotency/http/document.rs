//! A request as the event that brought it, for expressions to select from.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use http::request::Parts;
use http::{HeaderMap, header};
use serde_json::{Map, Value, json};

use crate::http::context::{EventParts, PathParams};
use crate::idempotency::error::IdempotencyError;
use crate::idempotency::jmespath::Document;

/// Where the platform says whom it has authenticated: JWT and Cognito authorizers, Cognito identities, IAM, VPC Lattice.
const AUTHENTICATED: [&str; 8] = [
    "/authorizer/jwt/claims/sub",
    "/authorizer/claims/sub",
    "/authorizer/iam/cognitoIdentity/identityId",
    "/authorizer/iam/userArn",
    "/authorizer/iam/userId",
    "/identity/cognitoIdentityId",
    "/identity/userArn",
    "/identity/principal",
];

/// What belongs to it: a subject is one of its issuer's, a principal of Lattice may have sessions.
const OF_THE_AUTHENTICATED: [&str; 3] =
    ["/authorizer/jwt/claims/iss", "/authorizer/claims/iss", "/identity/sessionName"];

/// What a client is known by, and not its users.
const CLIENT: [&str; 5] = [
    "/identity/apiKeyId",
    "/identity/clientCert/subjectDN",
    "/identity/clientCert/issuerDN",
    "/authentication/clientCert/subjectDN",
    "/authentication/clientCert/issuerDN",
];

/// The headers that a request proves itself with, beside the cookies; the last ones are what a load balancer and VPC Lattice write of a
/// caller whom they have authenticated.
const CREDENTIALS: [&str; 6] = [
    "authorization",
    "x-api-key",
    "x-amzn-oidc-identity",
    "x-amzn-mtls-clientcert-subject",
    "x-amzn-mtls-clientcert",
    "x-amzn-lattice-identity",
];

fn context(parts: &Parts) -> Value {
    let event = parts.extensions.get::<EventParts>();
    let context = event.and_then(|event| event.context.as_ref());
    context.and_then(|context| serde_json::from_str(context.get()).ok()).unwrap_or_default()
}

/// Who is calling: whom the platform has authenticated, else all by which the request proves itself.
pub(super) fn caller(parts: &Parts) -> Value {
    let context = context(parts);
    let found = |places: &[&str]| {
        let found = places.iter().filter_map(|place| {
            let text = context.pointer(place)?.as_str().filter(|text| !text.is_empty())?;
            Some(json!([place, text]))
        });
        found.collect::<Vec<_>>()
    };
    let mut authenticated = found(&AUTHENTICATED);
    if !authenticated.is_empty() {
        authenticated.extend(found(&OF_THE_AUTHENTICATED));
        return authenticated.into();
    }
    let mut authorizer = context.get("authorizer").cloned().unwrap_or_default();
    // How long the authorizer took: another number each time.
    authorizer.as_object_mut().and_then(|members| members.remove("integrationLatency"));
    let sent = CREDENTIALS
        .map(|name| parts.headers.get_all(name).iter().map(|value| latin1(value.as_bytes())).collect::<Vec<_>>());
    json!({ "authorizer": authorizer, "client": found(&CLIENT), "sent": sent, "cookies": cookies(&parts.headers) })
}

/// The cookies in one order, however a client or a gateway has put them into lines.
fn cookies(headers: &HeaderMap) -> Vec<String> {
    let lines = headers.get_all(header::COOKIE).iter();
    let cookies = lines.flat_map(|line| line.as_bytes().split(|byte| *byte == b';'));
    let mut cookies =
        cookies.map(<[u8]>::trim_ascii).filter(|cookie| !cookie.is_empty()).map(latin1).collect::<Vec<_>>();
    cookies.sort_unstable();
    cookies
}

/// A character for each byte, so that two headers that are not text are not taken for one another.
fn latin1(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| char::from(*byte)).collect()
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

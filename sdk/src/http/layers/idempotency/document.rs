//! Builds the document that keys are selected from, a request in the format of its event, and identifies the caller.

use std::collections::BTreeMap;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use http::request::Parts;
use http::{HeaderMap, HeaderValue, header};
use serde_json::{Map, Value, json};

use crate::core::expression::Document;
use crate::http::credentials::is_credential;
use crate::http::layers::request_document::{self, context};
use crate::idempotency::IdempotencyError;

/// The user that AWS has authenticated: the subject of a JWT or Cognito authorizer's token, a Cognito identity.
const USERS: [&str; 4] = [
    "/authorizer/jwt/claims/sub",
    "/authorizer/claims/sub",
    "/authorizer/iam/cognitoIdentity/identityId",
    "/identity/cognitoIdentityId",
];

/// The IAM principal that AWS has authenticated, by IAM authorization or VPC Lattice. It may be a proxy that acts for
/// many users.
const PRINCIPALS: [&str; 4] =
    ["/authorizer/iam/userArn", "/authorizer/iam/userId", "/identity/userArn", "/identity/principal"];

/// Additional fields of the identity: a subject belongs to an issuer, and a principal of Lattice may have sessions.
const OF_THE_AUTHENTICATED: [&str; 3] =
    ["/authorizer/jwt/claims/iss", "/authorizer/claims/iss", "/identity/sessionName"];

/// Fields that identify a client, not its users.
const CLIENT: [&str; 7] = [
    "/identity/apiKeyId",
    "/identity/clientCert/subjectDN",
    "/identity/clientCert/issuerDN",
    "/identity/clientCert/serialNumber",
    "/authentication/clientCert/subjectDN",
    "/authentication/clientCert/issuerDN",
    "/authentication/clientCert/serialNumber",
];

/// Headers in which a load balancer
/// ([mutual TLS](https://docs.aws.amazon.com/elasticloadbalancing/latest/application/mutual-authentication.html)) and
/// VPC Lattice describe an authenticated caller. They identify it like any header with a credential.
const WRITTEN_BY_THE_PLATFORM: [&str; 7] = [
    "x-amzn-oidc-identity",
    "x-amzn-mtls-clientcert-subject",
    "x-amzn-mtls-clientcert-issuer",
    "x-amzn-mtls-clientcert-serial-number",
    "x-amzn-mtls-clientcert-leaf",
    "x-amzn-mtls-clientcert",
    "x-amzn-lattice-identity",
];

/// The role with which CloudFront signs requests to a function URL (origin access control). Each edge location has its
/// own session.
const EDGE_SESSION: &str = ":assumed-role/OriginAccessControlRole/EdgeCredentialsProxy+";

/// Returns the identity of the caller: the user that AWS has authenticated, or otherwise all credentials of the
/// request.
pub(super) fn caller(parts: &Parts) -> Value {
    let context = context(parts);
    let is_client = is_of_a_client(&context);
    let mut authenticated = found(&context, &USERS);
    let is_user = !authenticated.is_empty() && !is_client;
    let principals = principals(&context);
    let is_signed = !principals.is_empty();
    authenticated.extend(principals);
    authenticated.extend(found(&context, &OF_THE_AUTHENTICATED));
    if is_user {
        return authenticated.into();
    }
    let mut authorizer = context.get("authorizer").cloned().unwrap_or_default();
    if let Some(members) = authorizer.as_object_mut() {
        // The latency of the authorizer, and fields that differ with each token or signature.
        members.retain(|name, _| match name.as_str() {
            "integrationLatency" => false,
            "iam" => !is_signed,
            "jwt" | "claims" => !is_client,
            _ => true,
        });
    }
    let is_unnamed = authorizer.as_object().is_none_or(Map::is_empty);
    json!({
        "authenticated": authenticated,
        "authorizer": authorizer,
        "client": found(&context, &CLIENT),
        "sent": sent(&parts.headers, is_signed, is_client),
        "cookies": cookies(&parts.headers),
        // A WebSocket message has no headers.
        "connection": context.get("connectionId").filter(|_| is_unnamed),
    })
}

fn found(context: &Value, places: &[&str]) -> Vec<Value> {
    let found = places.iter().filter_map(|place| Some(json!([place, text_at(context, place)?])));
    found.collect()
}

fn text_at<'a>(context: &'a Value, place: &str) -> Option<&'a str> {
    context.pointer(place)?.as_str().filter(|text| !text.is_empty())
}

/// Returns the IAM principal, without the session of a CloudFront edge.
fn principals(context: &Value) -> Vec<Value> {
    let is_edge = PRINCIPALS.iter().any(|place| text_at(context, place).is_some_and(|arn| arn.contains(EDGE_SESSION)));
    let found = PRINCIPALS.iter().filter_map(|place| {
        let text = text_at(context, place)?;
        // `arn:aws:sts::1:assumed-role/Role/session` and `AROA1:session`.
        let session = match place.ends_with("userId") {
            true => text.find(':'),
            false => text.find(EDGE_SESSION).map(|at| at + EDGE_SESSION.len()),
        };
        let kept = session.filter(|_| is_edge).and_then(|end| text.get(..end)).unwrap_or(text);
        Some(json!([place, kept]))
    });
    found.collect()
}

/// Returns `true` for a client credentials token (OAuth 2.0), whose client may act for many users. Its subject is the
/// client ([RFC 9068](https://www.rfc-editor.org/rfc/rfc9068#section-2.2)), named in `client_id`, `azp`, `cid` (Okta)
/// or `appid` (Microsoft Entra ID). Auth0 marks such a token with `gty`, Microsoft Entra ID with `idtyp`.
fn is_of_a_client(context: &Value) -> bool {
    ["/authorizer/jwt/claims", "/authorizer/claims"].iter().filter_map(|place| context.pointer(place)).any(|claims| {
        let claim = |name: &str| claims.get(name).and_then(Value::as_str);
        let Some(subject) = claim("sub") else { return false };
        let is_client = ["client_id", "azp", "cid", "appid"].iter().any(|name| claim(name) == Some(subject));
        is_client || claim("gty") == Some("client-credentials") || claim("idtyp") == Some("app")
    })
}

/// Returns every header with a credential. The proof of an authenticated principal or client is omitted: it differs in
/// each request (SigV4) or is renewed (a token).
fn sent(headers: &HeaderMap, is_signed: bool, is_client: bool) -> BTreeMap<&str, Vec<String>> {
    let is_proof = |name: &str, value: &HeaderValue| match name {
        "authorization" => is_client || (is_signed && value.as_bytes().starts_with(b"AWS4-")),
        "x-amz-security-token" => is_signed,
        _ => false,
    };
    let mut sent = BTreeMap::new();
    for name in headers.keys().filter(|name| **name != header::COOKIE) {
        let (name, values) = (name.as_str(), headers.get_all(name));
        let is_credential = is_credential(name) || values.iter().any(HeaderValue::is_sensitive);
        if !is_credential && !WRITTEN_BY_THE_PLATFORM.contains(&name) {
            continue;
        }
        let mut values = values.iter().filter(|value| !is_proof(name, value)).peekable();
        if values.peek().is_none() {
            continue;
        }
        let values = values.filter(|_| !differs_in_each_attempt(name)).map(|value| latin1(value.as_bytes()));
        sent.insert(name, values.collect());
    }
    sent
}

/// Returns `true` for a credential that differs in each attempt, so that only its presence counts: a proof (DPoP), a
/// signature with a time stamp, a one-time password, the claims that a load balancer signs for each request.
fn differs_in_each_attempt(name: &str) -> bool {
    let last = name.rsplit(['-', '_']).next().unwrap_or(name);
    matches!(last, "dpop" | "signature" | "otp") || name == "x-amzn-oidc-data"
}

/// Returns the cookies, sorted, from any number of header lines.
fn cookies(headers: &HeaderMap) -> Vec<String> {
    let lines = headers.get_all(header::COOKIE).iter();
    let cookies = lines.flat_map(|line| line.as_bytes().split(|byte| *byte == b';'));
    let mut cookies =
        cookies.map(<[u8]>::trim_ascii).filter(|cookie| !cookie.is_empty()).map(latin1).collect::<Vec<_>>();
    cookies.sort_unstable();
    cookies
}

/// Maps each byte to a character, so that different headers that are not text stay different.
fn latin1(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| char::from(*byte)).collect()
}

/// Returns the payload of a key in a header: the query and the body. Bytes and the base64 text of these bytes have
/// different payloads.
pub(super) fn payload(query: Option<&str>, body: &[u8]) -> Value {
    match is_text(body) {
        true => json!([query, text(body)]),
        false => json!([query, text(body), { "isBase64Encoded": true }]),
    }
}

fn is_text(body: &[u8]) -> bool {
    std::str::from_utf8(body).is_ok()
}

/// Returns the body as text, or as base64 if it is not UTF-8.
fn text(body: &[u8]) -> Value {
    match std::str::from_utf8(body) {
        Ok("") => Value::Null,
        Ok(text) => text.into(),
        Err(_) => STANDARD.encode(body).into(),
    }
}

/// Returns the request in the format of its event.
pub(super) fn of(parts: &Parts, body: &[u8]) -> Result<Document, IdempotencyError> {
    let mut document = request_document::of(parts);
    if let Some(members) = document.as_object_mut() {
        members.insert("body".to_owned(), text(body));
        members.insert("isBase64Encoded".to_owned(), (!is_text(body)).into());
    }
    Document::of(&document).map_err(|error| IdempotencyError::bad_key(error.to_string()))
}

//! The location of the claims in the event of each source.

use http::{Extensions, StatusCode};
use serde_json::{Map, Value};

use crate::http::error::Rejection;
use crate::http::extract::context::{EventKind, EventParts};

/// Returns the claims of the caller, or `None` if the request is not authenticated.
pub(crate) fn claims(extensions: &Extensions) -> Result<Option<Map<String, Value>>, Rejection> {
    let Some(event) = extensions.get::<EventParts>() else {
        return Err(Rejection::new(StatusCode::INTERNAL_SERVER_ERROR, "the source has no authorizer")
            .with_source("`Claims`: the request does not come from a Lambda event"));
    };
    let text = event.context.as_ref().map_or("{}", |raw| raw.get());
    let context = serde_json::from_str::<Context>(text).map_err(|error| {
        Rejection::new(StatusCode::INTERNAL_SERVER_ERROR, "the authorizer cannot be decoded").with_source(error)
    })?;
    Ok(match event.kind {
        EventKind::HttpApi => http_api(context.authorizer),
        EventKind::Rest | EventKind::HttpApiV1 | EventKind::WebSocket => {
            rest_api(context.authorizer).or_else(|| signed(context.identity, "userArn"))
        }
        EventKind::VpcLattice => signed(context.identity, "principal")
            .filter(|identity| identity.get("type").is_some_and(|kind| kind == "AWS_IAM")),
        EventKind::Alb { .. } | EventKind::VpcLatticeV1 => None,
    })
}

/// The two fields of `requestContext` that identify the caller.
#[derive(serde::Deserialize)]
struct Context {
    authorizer: Option<Map<String, Value>>,
    identity: Option<Map<String, Value>>,
}

/// Returns `true` if any claim has a value. API Gateway adds the latency of the authorizer, and claims without a value.
fn has_claims(claims: &Map<String, Value>) -> bool {
    claims.iter().any(|(name, value)| name != "integrationLatency" && !is_empty(value))
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

/// Reads `{"jwt": {"claims": {…}}}`, `{"lambda": {…}}` or `{"iam": {…}}`. `{"lambda": null}` also occurs without an
/// authorizer.
fn http_api(authorizer: Option<Map<String, Value>>) -> Option<Map<String, Value>> {
    let mut authorizer = authorizer?;
    let mut take = |name: &str| authorizer.remove(name).and_then(object);
    let verified = take("jwt").and_then(|mut jwt| jwt.remove("claims")).and_then(object);
    verified.or_else(|| [take("lambda"), take("iam")].into_iter().flatten().find(has_claims))
}

/// Reads `{"claims": {…}}`, or the context of a Lambda authorizer. `{"claims": null, "scopes": null}` also occurs
/// without an authorizer.
fn rest_api(authorizer: Option<Map<String, Value>>) -> Option<Map<String, Value>> {
    let mut authorizer = authorizer?;
    match authorizer.get_mut("claims") {
        Some(Value::Object(claims)) => Some(std::mem::take(claims)),
        _ => Some(authorizer).filter(has_claims),
    }
}

/// Returns the identity of a signed request. Without a signature, all fields of the principal are `null`.
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

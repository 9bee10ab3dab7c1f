//! The document that expressions select from: a request in the format of its event, without its body.

use http::HeaderMap;
use http::request::Parts;
use serde_json::{Map, Value, json};

use crate::http::extract::context::{EventParts, PathParams};

/// Returns the request in the format of its event.
pub(crate) fn of(parts: &Parts) -> Value {
    let path = parts.extensions.get::<PathParams>().into_iter().flat_map(|parameters| &parameters.0);
    let query = parts.uri.query().unwrap_or_default();
    let query = serde_html_form::from_str::<Vec<(String, String)>>(query).unwrap_or_default();
    json!({
        "httpMethod": parts.method.as_str(),
        "path": parts.uri.path(),
        "headers": headers(&parts.headers),
        "queryStringParameters": joined(query.iter().map(|(name, value)| (name.as_str(), value.as_str()))),
        "pathParameters": joined(path.map(|(name, value)| (name.as_str(), value.as_str()))),
        "requestContext": context(parts),
    })
}

/// Returns the `requestContext` of the event.
pub(crate) fn context(parts: &Parts) -> Value {
    let event = parts.extensions.get::<EventParts>();
    let context = event.and_then(|event| event.context.as_ref());
    context.and_then(|context| serde_json::from_str(context.get()).ok()).unwrap_or_default()
}

fn headers(headers: &HeaderMap) -> Value {
    joined(headers.iter().filter_map(|(name, value)| Some((name.as_str(), value.to_str().ok()?))))
}

/// Collects pairs into a map; values of the same name are joined with commas, as in the events of HTTP APIs. Without
/// pairs, the result is `null`.
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

//! The record of an HTTP response, in the format in which a function returns it to API Gateway, so that a function in
//! another language that shares the table sends the same response.

use axum_core::body::Body;
use axum_core::response::Response;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use http::response::Parts;
use http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header};
use serde_json::value::{RawValue, to_raw_value};
use serde_json::{Map, Value, json};

use crate::core::error::BoxError;

/// Headers of a single transfer, which are not part of the response.
const OF_TRANSFER: [HeaderName; 4] =
    [header::CONTENT_LENGTH, header::TRANSFER_ENCODING, header::CONNECTION, header::DATE];

/// Writes a response as JSON.
pub(super) fn record(parts: &Parts, body: &[u8]) -> Result<Box<RawValue>, serde_json::Error> {
    let (mut single, mut multiple) = (Map::new(), Map::new());
    for name in parts.headers.keys().filter(|name| !OF_TRANSFER.contains(name)) {
        let mut values: Vec<Value> = parts.headers.get_all(name).iter().map(text).collect();
        match values.len() {
            0 => {}
            1 => drop(single.insert(name.as_str().to_owned(), values.remove(0))),
            _ => drop(multiple.insert(name.as_str().to_owned(), values.into())),
        }
    }
    let mut response = json!({ "statusCode": parts.status.as_u16(), "headers": single });
    if !multiple.is_empty() {
        response["multiValueHeaders"] = multiple.into();
    }
    let (body, base64) = match std::str::from_utf8(body) {
        Ok(text) => (text.to_owned(), false),
        Err(_) => (STANDARD.encode(body), true),
    };
    response["body"] = body.into();
    response["isBase64Encoded"] = base64.into();
    to_raw_value(&response)
}

/// Returns a value as text. Bytes that are not UTF-8 are replaced, as in the first response: a JSON string cannot hold
/// them.
fn text(value: &HeaderValue) -> Value {
    String::from_utf8_lossy(value.as_bytes()).into()
}

/// Reads a recorded response.
///
/// # Errors
///
/// The record is not an HTTP response.
pub(super) fn replay(recorded: &RawValue) -> Result<Response, BoxError> {
    let recorded: Value = serde_json::from_str(recorded.get())?;
    let Some(status) = recorded.get("statusCode") else {
        // As with an HTTP API, any other value is sent as JSON.
        let mut response = Response::new(Body::from(recorded.to_string()));
        response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
        return Ok(response);
    };
    let status = status.as_u64().or_else(|| status.as_str()?.parse().ok());
    let status = status.and_then(|status| u16::try_from(status).ok()).ok_or("`statusCode` is not a status")?;
    let body = match (&recorded["body"], recorded["isBase64Encoded"].as_bool()) {
        (Value::Null, _) => Vec::new(),
        (Value::String(text), Some(true)) => STANDARD.decode(text)?,
        (Value::String(text), _) => text.clone().into_bytes(),
        (other, _) => other.to_string().into_bytes(),
    };
    let mut response = Response::new(Body::from(body));
    *response.status_mut() = StatusCode::from_u16(status)?;
    let headers = response.headers_mut();
    let multiple = recorded["multiValueHeaders"].as_object();
    for (name, values) in multiple.into_iter().flatten() {
        values.as_array().into_iter().flatten().try_for_each(|value| append(headers, name, value))?;
    }
    for (name, value) in recorded["headers"].as_object().into_iter().flatten() {
        if multiple.is_none_or(|multiple| !multiple.contains_key(name)) {
            append(headers, name, value)?;
        }
    }
    let cookies = recorded["cookies"].as_array().into_iter().flatten();
    cookies.into_iter().try_for_each(|cookie| append(headers, "set-cookie", cookie))?;
    Ok(response)
}

fn append(headers: &mut HeaderMap, name: &str, value: &Value) -> Result<(), BoxError> {
    let name = HeaderName::from_bytes(name.as_bytes())?;
    let value = match value {
        Value::Null => return Ok(()),
        Value::String(text) => HeaderValue::from_bytes(text.as_bytes())?,
        other => HeaderValue::from_bytes(other.to_string().as_bytes())?,
    };
    if !OF_TRANSFER.contains(&name) {
        headers.append(name, value);
    }
    Ok(())
}

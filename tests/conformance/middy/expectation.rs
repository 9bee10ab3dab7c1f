//! The expectation of a case, in the form of an observed exchange.

use serde::Deserialize;
use serde_json::{Map, Value, json};

use super::handler::Prepared;
use super::options;
use crate::exchange::by_name;
use crate::{Stop, unsupported};

/// Which parts of the event a chain reads for the handler.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Sees {
    pub(super) headers: bool,
    pub(super) query: bool,
    pub(super) path: bool,
    pub(super) body: bool,
}

/// An error that fails the invocation in middy.
#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase", default)]
struct Error {
    /// A class of JavaScript, and whether middy would show the message.
    #[serde(rename = "name")]
    _name: Value,
    #[serde(rename = "expose")]
    _expose: Value,
    /// The place in middy that threw it, for its log.
    #[serde(rename = "cause")]
    _cause: Value,
    /// A thrown value that is not an error.
    #[serde(rename = "value", alias = "$value")]
    _value: Value,
    message: Value,
    status_code: Option<u16>,
}

/// The status of an error that middy lets fail the invocation: 500 where it has none.
pub(super) fn status_of(error: &Value) -> Result<u16, Stop> {
    options(error).map(|error: Error| error.status_code.unwrap_or(500))
}

/// The message of an error that must not be seen: only a server's own error is a secret.
pub(super) fn secret_of(case: &Value) -> Result<Option<String>, Stop> {
    let Some(error) = case["expect"].get("error") else { return Ok(None) };
    let error: Error = options(error)?;
    let hidden = error.status_code.is_none_or(|status| status >= 500);
    Ok(error.message.as_str().filter(|text| hidden && !text.is_empty()).map(ToOwned::to_owned))
}

/// Returns `true` if a body contains the secret; the words of an opaque 500 are none.
pub(super) fn leaks(secret: Option<&str>, body: &Value) -> bool {
    let opaque = "{\"title\":\"Internal Server Error\",\"status\":500}";
    secret.is_some_and(|secret| body.to_string().contains(secret) && !opaque.contains(secret))
}

/// `{called, status, …}`: the parts that the case has.
pub(super) fn expected(case: &Value, sees: Sees) -> Result<Value, Stop> {
    let expect = &case["expect"];
    let mut expected = Map::new();
    if let Some(called) = expect.get("handler_called") {
        expected.insert("called".to_owned(), called.clone());
    }
    if let Some(saw) = saw(case, sees) {
        expected.insert("saw".to_owned(), saw);
    }
    if let Some(logged) = expect.get("logged") {
        let Some(logged) = logged.as_array() else { return unsupported("a log that is not a list") };
        expected.insert("logged".to_owned(), logged.iter().map(error_text).collect::<Result<Vec<_>, _>>()?.into());
    }
    if let Some(error) = expect.get("error") {
        expected.insert("status".to_owned(), json!(status_of(error)?));
        expected.insert("leaks".to_owned(), json!(false));
    } else if let Some(response) = expect.get("response") {
        if let Some(what) = case["handler"]["what"].as_str().filter(|_| case["handler"]["kind"] == "echo") {
            expected.insert("status".to_owned(), json!(200));
            if let Some(echoed) = echoed(what, response).and_then(|event| parts(&event, sees)) {
                expected.insert("echoed".to_owned(), echoed);
            }
        } else if let Value::Object(response) = Prepared::expected(response)? {
            expected.extend(response);
        }
    } else if expect.get("response_absent").is_some() {
        expected.insert("status".to_owned(), json!(200));
        expected.insert("body".to_owned(), json!(""));
    }
    Ok(Value::Object(expected))
}

/// Returns the text of a logged error. `error-logger` passes the whole request on, `http-error-handler` the error.
fn error_text(entry: &Value) -> Result<Value, Stop> {
    let of_request = ["event", "context", "error", "internal", "response"];
    let error = match entry.as_object() {
        Some(entry) if entry.contains_key("error") => {
            if let Some(name) = entry.keys().find(|name| !of_request.contains(&name.as_str())) {
                return unsupported(format!("a log of errors with `{name}`"));
            }
            &entry["error"]
        }
        _ => entry,
    };
    Ok(error.get("message").cloned().unwrap_or_else(|| json!(error.to_string())))
}

/// The event as the handler saw it: recorded as such, or as the echo of a handler.
fn saw(case: &Value, sees: Sees) -> Option<Value> {
    let expect = &case["expect"];
    match (expect.get("handler_event"), expect.get("response"), case["handler"]["what"].as_str()) {
        (Some(event), _, _) => parts(event, sees),
        (None, Some(response), Some(what)) => parts(&echoed(what, response)?, sees),
        _ => None,
    }
}

/// The event, or the part of it, that a handler sends back.
fn echoed(what: &str, response: &Value) -> Option<Value> {
    match what.strip_prefix("event.") {
        None => Some(response.clone()),
        Some(part) => Some(json!({ part: response })),
    }
}

/// Returns the part of an event that the chain reads, if it reads any.
fn parts(event: &Value, sees: Sees) -> Option<Value> {
    if !(sees.headers || sees.query || sees.path || sees.body) {
        return None;
    }
    let mut saw = Map::new();
    if let Some(body) = event.get("body").filter(|_| sees.body) {
        saw.insert("body".to_owned(), body.clone());
    }
    if sees.headers && (event.get("headers").is_some() || event.get("multiValueHeaders").is_some()) {
        let headers = merged(&event["headers"], &event["multiValueHeaders"]);
        let pairs = headers.as_object().into_iter().flatten().flat_map(|(name, values)| {
            let values = values.as_array().into_iter().flatten().filter_map(Value::as_str);
            values.map(|value| (name.clone(), value.to_owned())).collect::<Vec<_>>()
        });
        saw.insert("headers".to_owned(), by_name(pairs.collect()));
    }
    if sees.query {
        let query = merged(&event["queryStringParameters"], &event["multiValueQueryStringParameters"]);
        saw.insert("query".to_owned(), query);
    }
    if let Some(path) = event.get("pathParameters").filter(|_| sees.path) {
        saw.insert("path".to_owned(), as_text(path));
    }
    Some(Value::Object(saw))
}

/// Name to values, of both maps that an event may have.
fn merged(single: &Value, multi: &Value) -> Value {
    let mut all = Map::new();
    for (name, value) in single.as_object().into_iter().flatten() {
        all.insert(name.clone(), json!([value]));
    }
    for (name, values) in multi.as_object().into_iter().flatten() {
        all.insert(name.clone(), values.clone());
    }
    Value::Object(all)
}

/// Path parameters are text, also if a test event has other values.
fn as_text(parameters: &Value) -> Value {
    let parameters = parameters.as_object().into_iter().flatten();
    let text = |value: &Value| value.as_str().map_or_else(|| value.to_string(), ToOwned::to_owned);
    Value::Object(parameters.map(|(name, value)| (name.clone(), json!(text(value)))).collect())
}

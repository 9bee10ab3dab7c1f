//! What a case expects, in the form that an exchange is observed in.

use serde_json::{Map, Value, json};

use super::handler::Prepared;
use crate::exchange::by_name;

/// Which parts of the event a chain reads for the handler.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Sees {
    pub(super) headers: bool,
    pub(super) query: bool,
    pub(super) path: bool,
    pub(super) body: bool,
}

/// `{called, status, …}`: as much of it as the case says.
pub(super) fn expected(case: &Value, sees: Sees) -> Value {
    let expect = &case["expect"];
    let mut expected = Map::new();
    if let Some(called) = expect.get("handler_called") {
        expected.insert("called".to_owned(), called.clone());
    }
    if let Some(saw) = saw(case, sees) {
        expected.insert("saw".to_owned(), saw);
    }
    if let Some(logged) = expect["logged"].as_array() {
        expected.insert("logged".to_owned(), logged.iter().map(error_text).collect());
    }
    if let Some(error) = expect.get("error") {
        expected.insert("status".to_owned(), error.get("statusCode").cloned().unwrap_or(json!(500)));
        expected.insert("leaks".to_owned(), json!(false));
    } else if let Some(response) = expect.get("response") {
        if let Some(what) = case["handler"]["what"].as_str().filter(|_| case["handler"]["kind"] == "echo") {
            expected.insert("status".to_owned(), json!(200));
            if let Some(echoed) = echoed(what, response).and_then(|event| parts(&event, sees)) {
                expected.insert("echoed".to_owned(), echoed);
            }
        } else if let Value::Object(response) = Prepared::expected(response) {
            expected.extend(response);
        }
    } else if expect.get("response_absent").is_some() {
        expected.insert("status".to_owned(), json!(200));
        expected.insert("body".to_owned(), json!(""));
    }
    Value::Object(expected)
}

/// What a log has of an error: its text. `error-logger` hands the whole request on, `http-error-handler` the error.
fn error_text(entry: &Value) -> Value {
    let error = entry.get("error").unwrap_or(entry);
    error.get("message").cloned().unwrap_or_else(|| json!(error.to_string()))
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

/// What the chain reads of an event.
fn parts(event: &Value, sees: Sees) -> Option<Value> {
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

/// What stands in a path is text, whatever a test event has there.
fn as_text(parameters: &Value) -> Value {
    let parameters = parameters.as_object().into_iter().flatten();
    let text = |value: &Value| value.as_str().map_or_else(|| value.to_string(), ToOwned::to_owned);
    Value::Object(parameters.map(|(name, value)| (name.clone(), json!(text(value)))).collect())
}

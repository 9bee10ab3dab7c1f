//! Sends an event through the whole function, as Lambda does, and returns the response in a form that can be compared.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, Mutex, PoisonError};

use pilaster::testing::Caller;
use pilaster::{FunctionError, IntoService};
use serde_json::{Map, Value, json};

/// The values that the innermost function records.
#[derive(Clone, Debug, Default)]
pub(crate) struct Notes(Arc<Mutex<Vec<Value>>>);

impl Notes {
    pub(crate) fn add(&self, note: Value) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).push(note);
    }

    pub(crate) fn all(&self) -> Vec<Value> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

/// The outcome of a call.
pub(crate) enum Sent {
    /// With a response.
    Answer(Value),
    /// As a failed invocation.
    Failed(FunctionError),
    /// Its configuration was rejected before the first event, with this sentence.
    Refused(String),
}

/// Calls the function with the event.
pub(crate) fn send(function: impl IntoService, event: &Value) -> Sent {
    let caller = match catch_unwind(AssertUnwindSafe(|| Caller::new(function).without_logs())) {
        Ok(caller) => caller,
        Err(panic) => return Sent::Refused(panic_text(&*panic)),
    };
    match block_on(caller.call(event.clone())) {
        Ok(answer) => Sent::Answer(answer),
        Err(error) => Sent::Failed(error),
    }
}

/// Runs a future on a runtime of its own, with the clock at a halt.
pub(crate) fn block_on<F: Future>(future: F) -> F::Output {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().start_paused(true).build();
    match runtime {
        Ok(runtime) => runtime.block_on(future),
        Err(error) => panic!("no runtime: {error}"),
    }
}

/// The text of a caught panic.
pub(crate) fn panic_text(panic: &(dyn std::any::Any + Send)) -> String {
    let text = panic.downcast_ref::<String>().cloned();
    text.or_else(|| panic.downcast_ref::<&str>().map(|text| (*text).to_owned())).unwrap_or_default()
}

/// Fills in what a bare test event lacks to be an event of its source, by this method. What it has stays.
pub(crate) fn complete(event: &Value, method: &str) -> Value {
    let mut event = event.as_object().cloned().unwrap_or_default();
    let context = event.get("requestContext").cloned().unwrap_or_default();
    let lattice = event.get("method").is_some();
    if context.get("http").is_some() || (!lattice && event.get("version") == Some(&json!("2.0"))) {
        default(&mut event, "version", json!("2.0"));
        default(&mut event, "routeKey", json!("$default"));
        default(&mut event, "rawPath", context.pointer("/http/path").cloned().unwrap_or(json!("/")));
        let query = query_text(event.get("queryStringParameters"));
        default(&mut event, "rawQueryString", json!(query));
        nested(&mut event, &["requestContext", "http"], "method", json!(method));
        nested(&mut event, &["requestContext"], "stage", json!("$default"));
    } else if lattice {
        let query = query_text(event.get("query_string_parameters"));
        let path = if query.is_empty() { "/".to_owned() } else { format!("/?{query}") };
        let snake = event.keys().any(|name| name.contains('_'));
        if event.get("path").is_none() {
            default(&mut event, if snake { "raw_path" } else { "path" }, json!(path));
        }
    } else {
        default(&mut event, "httpMethod", json!(method));
        default(&mut event, "path", json!("/"));
        default(&mut event, "resource", json!("/"));
        nested(&mut event, &["requestContext"], "stage", json!("prod"));
    }
    Value::Object(event)
}

/// The envelope of a WebSocket message.
pub(crate) fn complete_web_socket(event: &Value) -> Value {
    let mut event = event.as_object().cloned().unwrap_or_default();
    for (name, value) in [("routeKey", "$default"), ("eventType", "MESSAGE"), ("connectionId", "c1"), ("stage", "prod")]
    {
        nested(&mut event, &["requestContext"], name, json!(value));
    }
    Value::Object(event)
}

fn default(object: &mut Map<String, Value>, name: &str, value: Value) {
    object.entry(name).or_insert(value);
}

fn nested(object: &mut Map<String, Value>, path: &[&str], name: &str, value: Value) {
    match path.split_first() {
        None => default(object, name, value),
        Some((first, rest)) => {
            let inner = object.entry(*first).or_insert_with(|| json!({}));
            if let Some(inner) = inner.as_object_mut() {
                nested(inner, rest, name, value);
            }
        }
    }
}

fn query_text(parameters: Option<&Value>) -> String {
    let pairs = parameters.and_then(Value::as_object).into_iter().flatten();
    let escaped = |text: &str| text.replace('%', "%25").replace('&', "%26").replace('+', "%2B").replace(' ', "%20");
    let pairs = pairs.map(|(name, value)| format!("{}={}", escaped(name), escaped(value.as_str().unwrap_or_default())));
    pairs.collect::<Vec<_>>().join("&")
}

/// An answer as its event source sends it on: `{status, headers, body, base64}`. Header names in lower case, each with one
/// text; lists whose order and letter case mean nothing in a canonical one.
pub(crate) fn delivered(event: &Value, answer: &Value) -> Value {
    let mut headers: Vec<(String, String)> = Vec::new();
    let multi = answer["multiValueHeaders"].as_object();
    // A load balancer reads one of the two maps, by the mode of its target group; API Gateway reads both.
    let balancer = event.pointer("/requestContext/elb").is_some();
    let multi_only = balancer && event.get("multiValueHeaders").is_some();
    if !multi_only {
        for (name, value) in answer["headers"].as_object().into_iter().flatten() {
            headers.push((name.to_ascii_lowercase(), text(value)));
        }
    }
    if !balancer || multi_only {
        for (name, values) in multi.into_iter().flatten() {
            let name = name.to_ascii_lowercase();
            headers.retain(|(known, _)| *known != name);
            headers.extend(values.as_array().into_iter().flatten().map(|value| (name.clone(), text(value))));
        }
    }
    for cookie in answer["cookies"].as_array().into_iter().flatten() {
        headers.push(("set-cookie".to_owned(), text(cookie)));
    }
    json!({
        "status": answer["statusCode"],
        "headers": by_name(headers),
        "body": answer.get("body").filter(|body| !body.is_null()).cloned().unwrap_or(json!("")),
        "base64": answer["isBase64Encoded"] == Value::Bool(true),
    })
}

/// The response of the adapter to a request that it rejects: a problem, whose form no error layer changes.
pub(crate) fn rejected(delivered: &Value) -> Option<Value> {
    if delivered["status"] != 400 || delivered["headers"]["content-type"] != "application/problem+json" {
        return None;
    }
    let problem: Value = serde_json::from_str(delivered["body"].as_str()?).ok()?;
    problem.get("detail").cloned()
}

/// Headers by name, in the form that [`delivered`] compares.
pub(crate) fn by_name(headers: Vec<(String, String)>) -> Value {
    let mut map = Map::new();
    for (name, value) in headers {
        // Headers that a gateway computes itself.
        if name == "content-length" {
            continue;
        }
        match map.get_mut(&name) {
            Some(Value::Array(values)) => values.push(json!(value)),
            Some(Value::String(known)) => *known = format!("{known}, {value}"),
            _ if name == "set-cookie" => drop(map.insert(name, json!([value]))),
            _ => drop(map.insert(name, json!(value))),
        }
    }
    for (name, value) in &mut map {
        match value {
            Value::String(text) => *text = canonical(name, text),
            Value::Array(texts) => {
                for text in texts.iter_mut() {
                    *text = json!(canonical(name, text.as_str().unwrap_or_default()));
                }
            }
            _ => {}
        }
    }
    Value::Object(map)
}

/// Lists without order sorted; names of headers and media types, which have no letter case, in lower case.
fn canonical(name: &str, value: &str) -> String {
    let lower = match name {
        // The attributes of a cookie have no order; what is before them does.
        "set-cookie" => {
            let (pair, attributes) = value.split_once(';').unwrap_or((value, ""));
            let mut attributes: Vec<_> = attributes.split(';').map(str::trim).filter(|text| !text.is_empty()).collect();
            attributes.sort_unstable();
            return [&[pair.trim()], &attributes[..]].concat().join("; ");
        }
        "content-type" => return value.to_ascii_lowercase().replace(' ', ""),
        "content-security-policy" | "content-security-policy-report-only" | "strict-transport-security" => {
            return sorted(value, ';', "; ");
        }
        // The items of a list stand with a comma, however many spaces are behind it.
        "permissions-policy" => return sorted(value, ',', ", "),
        "vary" | "access-control-allow-headers" | "access-control-expose-headers" => value.to_ascii_lowercase(),
        "access-control-allow-methods" => value.to_owned(),
        _ => return value.replace(", ", ","),
    };
    sorted(&lower, ',', ", ")
}

fn sorted(list: &str, separator: char, joint: &str) -> String {
    let mut items: Vec<_> = list.split(separator).map(str::trim).filter(|item| !item.is_empty()).collect();
    items.sort_unstable();
    items.dedup();
    items.join(joint)
}

fn text(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), ToOwned::to_owned)
}

/// If both bodies are JSON objects or arrays in a text, their values are compared instead of the text.
pub(crate) fn read_json_bodies(expected: &mut Value, observed: &mut Value) {
    let parse = |value: &Value| -> Option<Value> {
        let parsed: Value = serde_json::from_str(value.get("body")?.as_str()?).ok()?;
        (parsed.is_object() || parsed.is_array()).then_some(parsed)
    };
    let seen = match expected["body"].is_object() || expected["body"].is_array() {
        // A handler that returns an object, and matchers within.
        true if !expected["body"].as_object().is_some_and(|body| body.keys().any(|name| name.starts_with('$'))) => {
            parse(observed).map(|observed| (expected["body"].clone(), observed))
        }
        true => None,
        false => parse(expected).zip(parse(observed)),
    };
    if let Some((want, got)) = seen {
        expected["body"] = want;
        observed["body"] = got;
    }
}

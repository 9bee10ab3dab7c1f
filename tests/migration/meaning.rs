//! The meaning of an outcome: what a client, an event source and a reader of the log see, without the form in which it is written.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Map, Value, json};

/// The outcome of a call.
pub(crate) struct Outcome {
    /// The response, or the text of the error that fails the invocation.
    pub(crate) result: Result<Value, String>,
    /// The JSON lines that were written: log lines and metrics.
    pub(crate) lines: Vec<Value>,
}

/// Header fields that are lists of names, in any order and letter case.
const LISTS: [&str; 4] =
    ["access-control-allow-headers", "access-control-allow-methods", "access-control-expose-headers", "vary"];

/// Keys of a log line whose values depend on the program and its time; only their types are compared.
const VOLATILE: [&str; 6] = ["cold_start", "error", "exception", "location", "stack_trace", "error_chain"];

/// Returns the meaning of an outcome: `status`, `headers`, `cookies` and `body` of a response to a request, `response` of any other one,
/// `failed` if the invocation failed; `lines`, the log lines by message; `metrics`, by name.
pub(crate) fn meaning(outcome: &Outcome) -> Value {
    let mut meaning = match &outcome.result {
        Ok(response) if response.get("statusCode").is_some() => response_to_request(response),
        Ok(response) => json!({ "response": response }),
        Err(_) => json!({ "failed": true }),
    };
    let (mut lines, mut metrics) = (Map::new(), Map::new());
    for line in &outcome.lines {
        match line.get("_aws") {
            Some(_) => metrics.extend(metrics_of(line)),
            None => drop(lines.insert(line["message"].as_str().unwrap_or_default().to_owned(), shape(line))),
        }
    }
    meaning["lines"] = lines.into();
    meaning["metrics"] = metrics.into();
    meaning
}

fn response_to_request(response: &Value) -> Value {
    let mut headers = Map::new();
    let mut cookies = response["cookies"].as_array().cloned().unwrap_or_default();
    let multiple = response["multiValueHeaders"].as_object().filter(|headers| !headers.is_empty());
    for (name, value) in multiple.or(response["headers"].as_object()).into_iter().flatten() {
        let name = name.to_ascii_lowercase();
        let values = match value {
            Value::Array(values) => values.iter().filter_map(Value::as_str).map(str::to_owned).collect(),
            other => vec![other.as_str().map_or_else(|| other.to_string(), str::to_owned)],
        };
        if name == "set-cookie" {
            cookies.extend(values.into_iter().map(Value::from));
        } else {
            let value = values.join(", ");
            headers.insert(name.clone(), if LISTS.contains(&&*name) { sorted(&value) } else { value }.into());
        }
    }
    let text = response["body"].as_str().unwrap_or_default();
    let bytes = match response["isBase64Encoded"] {
        Value::Bool(true) => STANDARD.decode(text).expect("base64"),
        _ => text.as_bytes().to_vec(),
    };
    let text = String::from_utf8_lossy(&bytes).into_owned();
    let is_json =
        headers.get("content-type").and_then(Value::as_str).is_some_and(|media_type| media_type.contains("json"));
    let body = if is_json { serde_json::from_str(&text).unwrap_or(Value::String(text)) } else { text.into() };
    json!({ "status": response["statusCode"], "headers": headers, "cookies": cookies, "body": body })
}

fn sorted(list: &str) -> String {
    let mut names: Vec<_> = list.split(',').map(|name| name.trim().to_ascii_lowercase()).collect();
    names.sort();
    names.join(", ")
}

/// A log line: its keys, with their values if these do not depend on the program.
fn shape(line: &Value) -> Value {
    let keys = line.as_object().expect("a line is an object").iter().filter(|(key, _)| *key != "message");
    keys.map(|(key, value)| {
        let value = match (key.as_str(), value) {
            // The form of the time.
            ("timestamp", Value::String(time)) => time.replace(|c: char| c.is_ascii_digit(), "0").into(),
            (key, value) if VOLATILE.contains(&key) => json!(match value {
                Value::Null => "null",
                Value::Bool(_) => "boolean",
                Value::Number(_) => "number",
                Value::String(_) => "string",
                Value::Array(_) => "array",
                Value::Object(_) => "object",
            }),
            (_, value) => value.clone(),
        };
        (key.clone(), value)
    })
    .collect::<Map<_, _>>()
    .into()
}

/// The metrics of a blob by name: the namespace, the dimensions with their values, the unit and the values.
fn metrics_of(blob: &Value) -> Map<String, Value> {
    let mut found = Map::new();
    for directive in blob["_aws"]["CloudWatchMetrics"].as_array().expect("directives") {
        let names = directive["Dimensions"]
            .as_array()
            .into_iter()
            .flatten()
            .flat_map(|set| set.as_array().into_iter().flatten());
        let dimensions: Map<_, _> =
            names.filter_map(Value::as_str).map(|name| (name.to_owned(), blob[name].clone())).collect();
        for metric in directive["Metrics"].as_array().into_iter().flatten() {
            let name = metric["Name"].as_str().expect("a name");
            let values: Vec<_> = match &blob[name] {
                Value::Array(values) => values.iter().filter_map(Value::as_f64).collect(),
                value => value.as_f64().into_iter().collect(),
            };
            let metric = json!({
                "namespace": directive["Namespace"], "dimensions": dimensions, "unit": metric["Unit"], "values": values,
            });
            found.insert(name.to_owned(), metric);
        }
    }
    found
}

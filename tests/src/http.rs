//! Events of HTTP sources, and a function that returns what it sees of them.

use std::path::{Path, PathBuf};

use pilaster::http::{self, Bytes, EventKind, HeaderMap, Json, Method, Rejection, Uri};
use pilaster::testing::Caller;
use serde_json::{Map, Value, json};

use crate::call;

/// A function that returns the request as it sees it.
pub async fn echo(
    kind: EventKind,
    method: Method,
    uri: Uri,
    params: Result<Option<http::Path<Map<String, Value>>>, Rejection>,
    headers: HeaderMap,
    body: Bytes,
) -> Json<Value> {
    let values = |name| headers.get_all(name).iter().map(|value| String::from_utf8_lossy(value.as_bytes()));
    let headers: Map<_, _> =
        headers.keys().map(|name| (name.to_string(), json!(values(name).collect::<Vec<_>>()))).collect();
    Json(json!({
        "kind": format!("{kind:?}"),
        "method": method.as_str(),
        "uri": uri.to_string(),
        "params": params.unwrap().map(|params| params.0),
        "headers": headers,
        "body": String::from_utf8_lossy(&body),
    }))
}

/// The folder of the recorded events.
pub fn events_folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/events")
}

/// Reads a recorded event.
pub fn event(name: &str) -> Value {
    serde_json::from_str(&std::fs::read_to_string(events_folder().join(name)).unwrap()).unwrap()
}

/// Returns what [`echo`] saw of an event.
pub async fn echoed(event: &Value) -> Value {
    let answer = call(&Caller::new(pilaster::handler(echo)), &event.to_string()).await.unwrap();
    assert_eq!(answer["statusCode"], 200, "{answer}");
    body(&answer)
}

/// Returns the JSON body of a response.
pub fn body(answer: &Value) -> Value {
    serde_json::from_str(answer["body"].as_str().unwrap()).unwrap()
}

/// Returns the smallest event of a source: `POST https://h/p`.
pub fn smallest(source: &str) -> Value {
    match source {
        "http api" => json!({
            "rawPath": "/p", "rawQueryString": "", "headers": { "host": "h" }, "isBase64Encoded": false,
            "requestContext": { "http": { "method": "POST", "path": "/p" }, "stage": "$default" },
        }),
        "rest" => json!({
            "httpMethod": "POST", "path": "/p", "headers": { "host": "h" }, "requestContext": { "stage": "prod" },
        }),
        "alb" => json!({
            "httpMethod": "POST", "path": "/p", "headers": { "host": "h" }, "requestContext": { "elb": {} },
        }),
        "alb multi" => json!({
            "httpMethod": "POST", "path": "/p", "multiValueHeaders": { "host": ["h"] }, "requestContext": { "elb": {} },
        }),
        "lattice 1" => json!({ "method": "POST", "raw_path": "/p", "headers": { "host": "h" } }),
        "lattice" => json!({
            "method": "POST", "path": "/p", "headers": { "host": ["h"] },
            "requestContext": { "serviceNetworkArn": "arn" },
        }),
        "websocket" => json!({
            "headers": { "host": "h" },
            "requestContext": { "connectionId": "c", "routeKey": "p", "eventType": "MESSAGE", "domainName": "d" },
        }),
        _ => panic!("{source} is not a source"),
    }
}

/// The names that [`smallest`] takes.
pub const SOURCES: [&str; 7] = ["http api", "rest", "alb", "alb multi", "lattice 1", "lattice", "websocket"];

/// Returns the first value of a header of a response, in the form of the source.
pub fn header_of(source: &str, answer: &Value, name: &str) -> Option<String> {
    let multi = matches!(source, "rest" | "alb multi");
    assert_eq!(answer.get("multiValueHeaders").is_some(), multi, "{source}: {answer}");
    assert_eq!(answer.get("headers").is_some(), !multi, "{source}: {answer}");
    assert_eq!(answer.get("statusDescription").is_some(), source.starts_with("alb"), "{source}: {answer}");
    assert!(answer["statusCode"].is_u64() && answer["isBase64Encoded"].is_boolean());
    assert!(answer["body"].is_string() || source == "websocket", "{answer}");
    match multi {
        true => answer["multiValueHeaders"][name][0].as_str().map(str::to_owned),
        false => answer["headers"][name].as_str().map(str::to_owned),
    }
}

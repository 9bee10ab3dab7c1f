//! Builds the event of an HTTP API, payload 2.0, from a request, for local runs and tests. Its domain is `localhost`,
//! and its path is escaped as the client sent it, where an HTTP API decodes it.

use std::net::SocketAddr;
use std::time::{SystemTime, UNIX_EPOCH};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use http::{HeaderValue, header};
use percent_encoding::percent_decode_str;
use serde_json::{Map, Value, json};

/// Builds the event of an HTTP API, payload 2.0, for this request.
pub(crate) fn event(
    parts: &http::request::Parts,
    body: &[u8],
    routes: &[&'static str],
    peer: SocketAddr,
    id: &str,
) -> Value {
    let path = parts.uri.path();
    let method = parts.method.as_str();
    let matched = routes.iter().find_map(|route| Some((*route, matches(route, method, path)?)));
    let (route, params) = matched.unwrap_or(("$default", Map::new()));
    let text = |value: &HeaderValue| String::from_utf8_lossy(value.as_bytes()).into_owned();
    let mut headers = Map::new();
    for name in parts.headers.keys().filter(|name| **name != header::COOKIE) {
        let values = parts.headers.get_all(name).iter().map(text).collect::<Vec<_>>();
        headers.insert(name.as_str().to_owned(), values.join(",").into());
    }
    headers.entry("x-forwarded-proto").or_insert_with(|| "http".into());
    let cookies = parts.headers.get_all(header::COOKIE).iter().map(text).collect::<Vec<_>>();
    let cookies = cookies.iter().flat_map(|line| line.split("; ")).collect::<Vec<_>>();
    let millis = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_millis() as u64;
    let (body, is_base64) = match std::str::from_utf8(body) {
        Ok(text) => (text.to_owned(), false),
        Err(_) => (STANDARD.encode(body), true),
    };
    let mut event = json!({
        "version": "2.0",
        "routeKey": route,
        "rawPath": path,
        "rawQueryString": parts.uri.query().unwrap_or_default(),
        "headers": headers,
        "requestContext": {
            "accountId": "000000000000",
            "apiId": "local",
            "domainName": "localhost",
            "domainPrefix": "localhost",
            "http": {
                "method": method,
                "path": path,
                "protocol": format!("{:?}", parts.version),
                "sourceIp": peer.ip().to_string(),
                "userAgent": headers.get("user-agent").cloned().unwrap_or_default(),
            },
            "requestId": id,
            "routeKey": route,
            "stage": "$default",
            "timeEpoch": millis,
        },
        "isBase64Encoded": is_base64,
    });
    if !cookies.is_empty() {
        event["cookies"] = json!(cookies);
    }
    if !params.is_empty() {
        event["pathParameters"] = Value::Object(params);
    }
    if !body.is_empty() {
        event["body"] = body.into();
    }
    event
}

/// Returns the path parameters, if the request matches a route such as `GET /users/{id}` or `ANY /files/{path+}`.
pub(crate) fn matches(route: &str, method: &str, path: &str) -> Option<Map<String, Value>> {
    let (verb, template) = route.split_once(' ').unwrap_or(("ANY", route));
    if verb != "ANY" && verb != method {
        return None;
    }
    let decoded = |text: &str| percent_decode_str(text).decode_utf8_lossy().into_owned();
    let mut params = Map::new();
    let mut rest = path.strip_prefix('/')?;
    let mut segments = template.strip_prefix('/')?.split('/').peekable();
    while let Some(segment) = segments.next() {
        let name = segment.strip_prefix('{').and_then(|name| name.strip_suffix('}'));
        if let Some(name) = name.and_then(|name| name.strip_suffix('+')) {
            params.insert(name.to_owned(), decoded(rest).into());
            return (!rest.is_empty()).then_some(params);
        }
        let (head, tail) = rest.split_once('/').map_or((rest, None), |(head, tail)| (head, Some(tail)));
        match name {
            Some(name) if !head.is_empty() => drop(params.insert(name.to_owned(), decoded(head).into())),
            _ if segment == head => {}
            _ => return None,
        }
        match (segments.peek(), tail) {
            (None, None) => return Some(params),
            (Some(_), Some(tail)) => rest = tail,
            _ => return None,
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_route_takes_its_parameters_from_the_path() {
        let params = matches("GET /users/{id}", "GET", "/users/a%20b").unwrap();
        assert_eq!(Value::Object(params), json!({ "id": "a b" }));
        assert_eq!(matches("ANY /files/{path+}", "PUT", "/files/a/b").unwrap()["path"], "a/b");
        assert_eq!(matches("POST /users", "POST", "/users"), Some(Map::new()));
        for (route, method, path) in [
            ("GET /users/{id}", "POST", "/users/1"),
            ("GET /users/{id}", "GET", "/users"),
            ("GET /users/{id}", "GET", "/users/"),
            ("GET /users/{id}", "GET", "/users/1/2"),
            ("GET /users", "GET", "/users/1"),
        ] {
            assert_eq!(matches(route, method, path), None, "{route} {method} {path}");
        }
    }
}

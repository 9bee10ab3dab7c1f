//! Requests that go through the model of each gateway to a function, and its responses back to the client.

use std::cell::RefCell;
use std::collections::BTreeMap;

use percent_encoding::percent_decode_str;
use pilaster::http::{Body, Bytes, HeaderMap, Method, Path, Query, Response, StatusCode, Uri};
use pilaster::testing::{Caller, http as request};
use proptest::collection::{btree_map, vec};
use proptest::prelude::*;
use serde_json::json;

use super::gateway::{GATEWAYS, Gateway, Visible};
use super::sent::{header_value, sent};
use super::{SEEN, bytes, holds, see, text};
use crate::decoders::block_on;

thread_local! {
    static SHOWN: RefCell<Vec<Visible>> = const { RefCell::new(Vec::new()) };
    static ANSWER: RefCell<Response> = RefCell::default();
}

/// Returns the function's own view; it responds as instructed.
pub(super) async fn shown(
    method: Method,
    uri: Uri,
    Query(pairs): Query<Vec<(String, String)>>,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    let mut query: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for (name, value) in pairs {
        query.entry(name).or_default().push(value);
    }
    let values = |name: &str| {
        headers.get_all(name).iter().map(|value| String::from_utf8_lossy(value.as_bytes()).into_owned()).collect()
    };
    let names =
        headers.keys().filter(|name| name.as_str().starts_with("x-") && !name.as_str().starts_with("x-forwarded-"));
    let seen = Visible {
        method: method.to_string(),
        path: uri.path().to_owned(),
        query,
        headers: names.map(|name| (name.to_string(), values(name.as_str()))).collect(),
        cookies: values("cookie"),
        body: body.to_vec(),
    };
    SHOWN.with_borrow_mut(|all| all.push(seen));
    ANSWER.take()
}

/// Returns the request of the only call.
pub(super) fn seen() -> Visible {
    let mut all = SHOWN.take();
    assert_eq!(all.len(), 1);
    all.remove(0)
}

/// The path as a router reads it, each escape once.
pub(super) fn once(path: &str) -> Vec<u8> {
    percent_decode_str(path).collect()
}

#[test]
fn a_request_and_its_answer_pass_each_gateway_unchanged() {
    let caller = Caller::new(pilaster::handler(shown));
    let types = vec![
        "application/json",
        "text/plain; charset=utf-8",
        "image/png",
        "application/octet-stream",
        "application/xml",
        "application/x-yaml",
        "Text/Html",
    ];
    // Responses of 1xx, 204, 205 and 304 have no content.
    let status = (200_u16..600).prop_filter("no content", |status| !matches!(status, 204 | 205 | 304));
    let headers = btree_map("x-[a-z0-9]{1,6}", vec(header_value(), 1..3), 0..4);
    let cookies = vec("[a-z]{1,4}=[!-+--:<-~]{0,12}(; (Secure|HttpOnly|Path=/[a-z]{0,4})){0,2}", 0..6);
    let body = prop_oneof![bytes(100), text(60).prop_map(String::into_bytes)];
    let given = (status, prop::sample::select(types), headers, cookies, body);
    holds((sent(), given), |(sent, (status, content_type, headers, cookies, body))| {
        for gateway in GATEWAYS {
            let Some(event) = gateway.event(&sent) else { continue };
            let mut response = Response::new(Body::from(body.clone()));
            *response.status_mut() = StatusCode::from_u16(status).unwrap();
            response.headers_mut().insert("content-type", content_type.parse().unwrap());
            for (name, values) in &headers {
                for value in values {
                    let value = pilaster::http::HeaderValue::from_bytes(value.as_bytes()).unwrap();
                    response.headers_mut().append(name.parse::<pilaster::http::HeaderName>().unwrap(), value);
                }
            }
            for cookie in &cookies {
                response.headers_mut().append("set-cookie", cookie.parse().unwrap());
            }
            ANSWER.set(response);
            let answer = block_on(caller.call(event.clone())).unwrap();

            let (found, mut expected) = (seen(), gateway.visible(&sent));
            if gateway.is_http_api() {
                assert_eq!(once(&found.path), expected.path.as_bytes(), "{gateway:?}: {event}");
                expected.path.clone_from(&found.path);
            }
            assert_eq!(found, expected, "{gateway:?}: {event}");

            let got = gateway.client(&answer).unwrap_or_else(|error| panic!("{gateway:?}: {error}: {answer}"));
            let is_head = expected.method == "HEAD";
            let line = (got.status, got.headers["content-type"].join(""), got.body.as_slice());
            let body = if is_head { &[][..] } else { &body };
            assert_eq!(line, (u64::from(status), content_type.to_owned(), body), "{gateway:?}: {answer}");
            for (name, values) in &headers {
                assert_eq!(got.headers[name].join(", "), values.join(", "), "{gateway:?}: {name}");
            }
            // In an object they have no order.
            let mut found = got.headers.get("set-cookie").cloned().unwrap_or_default();
            let mut expected = cookies.clone();
            found.sort_unstable();
            expected.sort_unstable();
            assert_eq!(found, expected, "{gateway:?}");
        }
    });
}

async fn parameters(Path(parameters): Path<BTreeMap<String, String>>, headers: HeaderMap) {
    let cookies = headers.get_all("cookie").iter().map(|value| value.to_str().unwrap());
    see(json!([parameters, cookies.collect::<Vec<_>>()]));
}

#[test]
fn path_parameters_and_cookies_pass_an_http_api_unchanged() {
    let caller = Caller::new(pilaster::handler(parameters));
    let cookies = vec("[a-z]{1,4}=[!-+--:<-~]{0,12}", 1..5);
    holds((btree_map("[a-z]{1,8}", text(20), 1..4), cookies), |(parameters, cookies)| {
        let sent = request::get("/").header("cookie", cookies.join("; "));
        let sent = parameters.iter().fold(sent, |sent, (name, value)| sent.path_parameter(name, value));
        let answer = block_on(caller.send(sent)).unwrap();
        assert_eq!(answer.status(), 200, "{}", answer.text());
        assert_eq!(SEEN.take(), [json!([parameters, [cookies.join("; ")]])]);
    });
}

async fn rest(Path(parameters): Path<BTreeMap<String, String>>) {
    see(json!(parameters));
}

#[test]
fn a_route_finds_its_parameters_behind_each_gateway() {
    let router = axum::Router::new().route("/{*rest}", axum::routing::any(rest));
    let routed = Caller::new(pilaster::http::service(router));
    let alone = Caller::new(pilaster::handler(rest));
    holds(sent(), |sent| {
        for gateway in GATEWAYS.into_iter().filter(|gateway| *gateway != Gateway::WebSocket) {
            let Some(event) = gateway.event(&sent) else { continue };
            let path = gateway.visible(&sent).path;
            let Ok(path) = (if gateway.is_http_api() { Ok(path) } else { String::from_utf8(once(&path)) }) else {
                continue;
            };
            let path = &path[1..];
            block_on(routed.call(event.clone())).unwrap();
            // A path that is `/` alone has no rest.
            let expected = if path.is_empty() { vec![] } else { vec![json!({ "rest": path })] };
            assert_eq!(SEEN.take(), expected, "{gateway:?}: {event}");
            if event["pathParameters"].is_object() {
                block_on(alone.call(event.clone())).unwrap();
                assert_eq!(SEEN.take(), [json!({ "proxy": path })], "{gateway:?}: {event}");
            }
        }
    });
}

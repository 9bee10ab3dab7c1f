//! Requests as each source writes them, and answers as each source reads them.

use std::cell::RefCell;
use std::collections::BTreeMap;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use pilaster::http::{Body, Bytes, HeaderMap, Method, Path, Query, Response, StatusCode, Uri};
use pilaster::testing::http::Answer;
use pilaster::testing::{Caller, http as request};
use proptest::collection::{btree_map, vec};
use proptest::prelude::*;
use serde_json::{Map, Value, json};

use super::{SEEN, bytes, holds, see, text};
use crate::decoders::block_on;

#[derive(Clone, Copy, Debug, PartialEq)]
enum Source {
    HttpApi,
    FunctionUrl,
    Rest,
    Alb,
    AlbMulti,
    Lattice,
    LatticeV1,
    WebSocket,
}

const SOURCES: [Source; 8] = [
    Source::HttpApi,
    Source::FunctionUrl,
    Source::Rest,
    Source::Alb,
    Source::AlbMulti,
    Source::Lattice,
    Source::LatticeV1,
    Source::WebSocket,
];

#[derive(Clone, Debug)]
struct Asked {
    method: &'static str,
    path: String,
    query: BTreeMap<String, Vec<String>>,
    headers: BTreeMap<String, Vec<String>>,
    body: Vec<u8>,
}

/// What may stand in the value of a header, whoever passes it on.
fn header_value() -> impl Strategy<Value = String> {
    "[!-~é🦀]([ -~é🦀]{0,30}[!-~é🦀])?"
}

fn asked() -> impl Strategy<Value = Asked> {
    let query = btree_map("[a-zé&=% +]{1,6}", vec(text(12), 1..3), 0..4);
    let headers = btree_map("x-[a-z0-9]{1,6}", vec(header_value(), 1..3), 0..4);
    let body = prop_oneof![bytes(100), text(60).prop_map(String::into_bytes)];
    let path = "/[a-zA-Z0-9._~-]{1,8}(/(%[0-9A-F]{2}|[a-z0-9!$&'()*+,;=:@]){1,6}){0,3}";
    let method = prop::sample::select(vec!["GET", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "HEAD"]);
    (method, path, query, headers, body).prop_map(|(method, path, query, headers, body)| Asked {
        method,
        path,
        query,
        headers,
        body,
    })
}

impl Source {
    fn has_several_values(self) -> bool {
        matches!(self, Self::Rest | Self::AlbMulti | Self::Lattice)
    }

    /// What this source can say of it: some have one value for each name, a message has neither path nor method of its own.
    fn part(self, asked: &Asked) -> Asked {
        let mut asked = asked.clone();
        if !self.has_several_values() {
            asked.headers.values_mut().for_each(|values| values.truncate(1));
        }
        if matches!(self, Self::Alb | Self::WebSocket) {
            asked.query.values_mut().for_each(|values| values.truncate(1));
        }
        if self == Self::WebSocket {
            (asked.method, asked.path) = ("POST", "/orders".to_owned());
        }
        asked
    }

    /// As the source writes it: API Gateway decodes what stands in maps, the others pass on what they got.
    fn event(self, asked: &Asked, is_base64: bool) -> Value {
        let escape = |text: &String| utf8_percent_encode(text, NON_ALPHANUMERIC).to_string();
        let pairs = asked.query.iter().flat_map(|(name, values)| values.iter().map(move |value| (name, value)));
        let raw_query = pairs.map(|(name, value)| format!("{}={}", escape(name), escape(value))).collect::<Vec<_>>();
        let raw_query = raw_query.join("&");
        let one: Map<_, _> = asked.headers.iter().map(|(name, values)| (name.clone(), json!(values[0]))).collect();
        let query_of = |text: &dyn Fn(&String) -> String| {
            let one: Map<_, _> =
                asked.query.iter().map(|(name, values)| (text(name), json!(text(&values[0])))).collect();
            let all = asked.query.iter().map(|(name, values)| {
                (text(name), values.iter().map(|value| Value::from(text(value))).collect::<Value>())
            });
            (one, all.collect::<Map<_, _>>())
        };
        let ((decoded, all_decoded), (escaped, all_escaped)) = (query_of(&String::clone), query_of(&escape));
        let (method, path) = (asked.method, &asked.path);
        let with_query = if raw_query.is_empty() { path.clone() } else { format!("{path}?{raw_query}") };
        let mut event = match self {
            Self::HttpApi | Self::FunctionUrl => json!({
                "rawPath": path, "rawQueryString": raw_query, "headers": one,
                "requestContext": {
                    "http": { "method": method, "path": path }, "stage": "$default",
                    "domainName": if self == Self::HttpApi { "a.execute-api.eu-central-1.amazonaws.com" } else { "a.lambda-url.eu-central-1.on.aws" },
                },
            }),
            Self::Rest => json!({
                "httpMethod": method, "path": path, "headers": one, "multiValueHeaders": asked.headers,
                "queryStringParameters": decoded, "multiValueQueryStringParameters": all_decoded,
                "requestContext": { "stage": "prod" },
            }),
            Self::Alb => json!({
                "httpMethod": method, "path": path, "headers": one, "queryStringParameters": escaped,
                "requestContext": { "elb": {} },
            }),
            Self::AlbMulti => json!({
                "httpMethod": method, "path": path, "multiValueHeaders": asked.headers,
                "multiValueQueryStringParameters": all_escaped, "requestContext": { "elb": {} },
            }),
            Self::Lattice => json!({
                "method": method, "path": with_query, "headers": asked.headers, "requestContext": { "serviceNetworkArn": "arn" },
            }),
            Self::LatticeV1 => json!({ "method": method, "raw_path": with_query, "headers": one }),
            Self::WebSocket => json!({
                "headers": one, "queryStringParameters": decoded,
                "requestContext": { "connectionId": "c=", "eventType": "MESSAGE", "routeKey": "orders" },
            }),
        };
        let flag = if self == Self::LatticeV1 { "is_base64_encoded" } else { "isBase64Encoded" };
        event[flag] = is_base64.into();
        event["body"] = match is_base64 {
            true => STANDARD.encode(&asked.body).into(),
            false => std::str::from_utf8(&asked.body).unwrap().into(),
        };
        event
    }
}

/// Keeps what it was asked.
async fn seen(method: Method, uri: Uri, Query(query): Query<Vec<(String, String)>>, headers: HeaderMap, body: Bytes) {
    let mut all: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    for (name, value) in headers.iter().filter(|(name, _)| name.as_str().starts_with("x-")) {
        all.entry(name.as_str()).or_default().push(std::str::from_utf8(value.as_bytes()).unwrap());
    }
    let mut pairs: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for (name, value) in query {
        pairs.entry(name).or_default().push(value);
    }
    see(json!([method.as_str(), uri.path(), pairs, all, body.to_vec()]));
}

#[test]
fn a_request_passes_each_form_of_event_unchanged() {
    let caller = Caller::new(pilaster::handler(seen));
    holds((asked(), any::<bool>()), |(asked, as_text)| {
        for source in SOURCES {
            let asked = source.part(&asked);
            let is_base64 = !as_text || std::str::from_utf8(&asked.body).is_err();
            let event = source.event(&asked, is_base64);
            let answer = block_on(caller.call(event.clone())).unwrap();
            let Asked { method, path, query, headers, body } = asked;
            let expected = vec![json!([method, path, query, headers, body])];
            assert_eq!(SEEN.take(), expected, "{source:?}: {event} was answered {answer}");
        }
    });
}

thread_local! {
    static ANSWER: RefCell<Response> = RefCell::default();
}

async fn answers(_: Method) -> Response {
    ANSWER.take()
}

#[test]
fn an_answer_passes_each_form_of_event_unchanged() {
    let caller = Caller::new(pilaster::handler(answers));
    let types = vec![
        "application/json",
        "text/plain; charset=utf-8",
        "image/png",
        "application/octet-stream",
        "application/xml",
        "Text/Html",
    ];
    let headers = btree_map("x-[a-z0-9]{1,6}", vec(header_value(), 1..3), 0..4);
    let cookies = vec("[a-z]{1,4}=[!-+--:<-~]{0,12}(; (Secure|HttpOnly|Path=/[a-z]{0,4})){0,2}", 0..6);
    let body = prop_oneof![bytes(100), text(60).prop_map(String::into_bytes)];
    let strategy = (200_u16..600, prop::sample::select(types), headers, cookies, body);
    let asked = Asked {
        method: "GET",
        path: "/".to_owned(),
        query: BTreeMap::new(),
        headers: BTreeMap::new(),
        body: Vec::new(),
    };
    holds(strategy, |(status, content_type, headers, cookies, body)| {
        for source in SOURCES {
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
            let answer = block_on(caller.call(source.event(&asked, false))).unwrap();
            let answer = Answer::try_from(answer).unwrap();
            let line = (answer.status(), answer.header("content-type"), answer.bytes().as_ref());
            assert_eq!(line, (status, Some(content_type), body.as_slice()), "{source:?}");
            for (name, values) in &headers {
                let found: Vec<_> = answer.headers().get_all(name).iter().map(|value| value.as_bytes()).collect();
                assert_eq!(found.join(&b", "[..]), values.join(", ").as_bytes(), "{source:?}: {name}");
            }
            // Where they stand in an object, they have no order.
            let (mut found, mut expected) = (answer.cookies(), cookies.iter().map(String::as_str).collect::<Vec<_>>());
            found.sort_unstable();
            expected.sort_unstable();
            assert_eq!(found, expected, "{source:?}");
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

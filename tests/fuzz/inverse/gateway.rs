//! The conversion of a request, and of a function's response, by each gateway: a model from recorded requests and from
//! AWS's documentation, and from no adapter.
//!
//! The same requests behind an HTTP API, a function URL, a REST API and a load balancer were recorded in
//! <https://github.com/hotsock/voker/tree/main/vokerhttp/testdata>; HTTP APIs also in
//! <https://github.com/middleapi/standard-server/pull/93>, <https://github.com/honojs/hono/issues/2156> and
//! <https://github.com/aws-powertools/powertools-lambda-python/issues/1098>; base paths in
//! <https://github.com/aws-powertools/powertools-lambda-python/pull/579>.

use std::collections::BTreeMap;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use percent_encoding::percent_decode_str;
use pilaster::testing::http as request;
use serde_json::{Map, Value, json};

use super::sent::Sent;

#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Gateway {
    /// Payload 2.0, stage `$default`, route `$default`.
    HttpApi,
    /// Payload 2.0, a named stage, route `$default`.
    HttpApiStage,
    /// Payload 2.0, a named stage, route `ANY /{proxy+}`.
    HttpApiRoute,
    /// Payload 1.0, a named stage, route `$default`.
    HttpApiV1,
    FunctionUrl,
    /// The form of `cargo run` and of the tests' requests.
    Local,
    Rest,
    /// Behind a custom domain that maps `/v1` to it.
    RestMapped,
    Alb,
    AlbMulti,
    Lattice,
    LatticeV1,
    WebSocket,
}

pub(super) const GATEWAYS: [Gateway; 13] = [
    Gateway::HttpApi,
    Gateway::HttpApiStage,
    Gateway::HttpApiRoute,
    Gateway::HttpApiV1,
    Gateway::FunctionUrl,
    Gateway::Local,
    Gateway::Rest,
    Gateway::RestMapped,
    Gateway::Alb,
    Gateway::AlbMulti,
    Gateway::Lattice,
    Gateway::LatticeV1,
    Gateway::WebSocket,
];

fn decoded(text: &str) -> Option<String> {
    let bytes = text.as_bytes();
    let is_hex = |at: usize| bytes.get(at).is_some_and(u8::is_ascii_hexdigit);
    let is_whole = |at: usize| bytes[at] != b'%' || (is_hex(at + 1) && is_hex(at + 2));
    let is_right = (0..bytes.len()).all(is_whole);
    is_right.then(|| percent_decode_str(text).decode_utf8().ok().map(Into::into)).flatten()
}

/// Converts a path like an HTTP API: it decodes it, cuts it at a question mark, and decodes it again; `None` for a 400
/// by itself. The recorded paths are in the test below.
pub(super) fn http_api_path(path: &str) -> Option<String> {
    let once = decoded(path)?;
    decoded(once.split_once('?').map_or(once.as_str(), |(path, _)| path))
}

/// The last of the values of each name.
fn last(all: &BTreeMap<String, Vec<String>>) -> Map<String, Value> {
    all.iter().map(|(name, values)| (name.clone(), json!(values.last()))).collect()
}

impl Gateway {
    pub(super) fn is_http_api(self) -> bool {
        matches!(self, Self::HttpApi | Self::HttpApiStage | Self::HttpApiRoute | Self::HttpApiV1)
    }

    pub(super) fn has_cookies_apart(self) -> bool {
        matches!(self, Self::HttpApi | Self::HttpApiStage | Self::HttpApiRoute | Self::FunctionUrl | Self::Local)
    }

    /// The event; `None` where the gateway does not call the function.
    pub(super) fn event(self, sent: &Sent) -> Option<Value> {
        let path = if self.is_http_api() { http_api_path(&sent.path)? } else { sent.path.clone() };
        let multi = sent.all_headers(sent.split_cookies);
        let single = sent.all_headers(false);
        let (query, sent_query) = (sent.decoded_query(), sent.escaped_query());
        let (method, proxy) = (sent.method, json!({ "proxy": &path[1..] }));
        let mut event = match self {
            Self::HttpApi => {
                payload_2(sent, &path, &path, "$default", "$default", "a1.execute-api.eu-central-1.amazonaws.com")
            }
            Self::HttpApiStage | Self::HttpApiRoute => {
                let route = if self == Self::HttpApiRoute { "ANY /{proxy+}" } else { "$default" };
                let staged = format!("/live{path}");
                let mut event =
                    payload_2(sent, &staged, &staged, "live", route, "a1.execute-api.eu-central-1.amazonaws.com");
                if self == Self::HttpApiRoute {
                    event["pathParameters"] = proxy.clone();
                }
                event
            }
            // Its `requestContext.http.path` is decoded, its `rawPath` is not.
            Self::FunctionUrl => {
                let shown = decoded(&path).unwrap_or_default();
                let mut event =
                    payload_2(sent, &path, &shown, "$default", "$default", "u1.lambda-url.eu-central-1.on.aws");
                if !sent.cookies.is_empty() {
                    event["headers"]["cookie"] = json!(sent.cookies.join("; "));
                }
                event
            }
            Self::Local => return Some(local(sent)),
            Self::HttpApiV1 | Self::Rest | Self::RestMapped => json!({
                "httpMethod": method, "headers": last(&single), "multiValueHeaders": multi,
                "queryStringParameters": last(&query), "multiValueQueryStringParameters": query,
                "stageVariables": null,
            }),
            Self::Alb => json!({
                "httpMethod": method, "path": path, "headers": last(&single), "queryStringParameters": last(&sent_query),
                "requestContext": { "elb": { "targetGroupArn": "arn" } },
            }),
            Self::AlbMulti => json!({
                "httpMethod": method, "path": path, "multiValueHeaders": multi, "multiValueQueryStringParameters": sent_query,
                "requestContext": { "elb": { "targetGroupArn": "arn" } },
            }),
            Self::Lattice => json!({
                "version": "2.0", "method": method, "path": path, "headers": multi, "queryStringParameters": sent_query,
                "requestContext": { "serviceNetworkArn": "arn", "serviceArn": "arn", "targetGroupArn": "arn", "region": "r", "timeEpoch": "1696331543569073", "identity": {} },
            }),
            Self::LatticeV1 => {
                let raw = sent.raw_query();
                let whole = if raw.is_empty() { path.clone() } else { format!("{path}?{raw}") };
                json!({ "method": method, "raw_path": whole, "headers": last(&single) })
            }
            // A message has neither headers nor a query.
            Self::WebSocket => json!({
                "requestContext": {
                    "connectionId": "c=", "eventType": "MESSAGE", "routeKey": "orders", "stage": "live", "apiId": "a1",
                    "messageDirection": "IN", "messageId": "m=", "connectedAt": 1, "requestTimeEpoch": 1, "identity": {},
                    "domainName": "a1.execute-api.eu-central-1.amazonaws.com",
                },
            }),
        };
        if matches!(self, Self::HttpApiV1 | Self::Rest | Self::RestMapped) {
            let (path, shown, domain, route) = match self {
                Self::HttpApiV1 => (
                    format!("/live{path}"),
                    format!("/live{path}"),
                    "a1.execute-api.eu-central-1.amazonaws.com",
                    "$default",
                ),
                Self::Rest => {
                    (path.clone(), format!("/live{path}"), "a1.execute-api.eu-central-1.amazonaws.com", "/{proxy+}")
                }
                _ => (format!("/v1{path}"), format!("/v1{path}"), "api.example.com", "/{proxy+}"),
            };
            event["path"] = path.into();
            event["resource"] = route.into();
            event["requestContext"] = json!({
                "path": shown, "resourcePath": route, "stage": "live", "domainName": domain, "httpMethod": method,
                "accountId": "1", "apiId": "a1", "resourceId": "r", "requestId": "q", "identity": { "sourceIp": "192.0.2.1" },
            });
            match self {
                Self::HttpApiV1 => event["version"] = "1.0".into(),
                _ => event["pathParameters"] = proxy,
            }
        }
        let is_base64 = !sent.as_text || std::str::from_utf8(&sent.body).is_err();
        event[if self == Self::LatticeV1 { "is_base64_encoded" } else { "isBase64Encoded" }] = is_base64.into();
        event["body"] = match std::str::from_utf8(&sent.body) {
            Ok(text) if sent.as_text => text.into(),
            _ => STANDARD.encode(&sent.body).into(),
        };
        Some(event)
    }

    /// The request that a function can see at most: some gateways send one value of each name, and a message has neither path nor
    /// method of its own.
    pub(super) fn visible(self, sent: &Sent) -> Visible {
        let mut headers = sent.headers.clone();
        let mut query = sent.decoded_query();
        match self {
            Self::WebSocket => headers.clear(),
            Self::Alb | Self::LatticeV1 => {
                headers.values_mut().for_each(|values| drop(values.drain(..values.len() - 1)))
            }
            _ if self.has_cookies_apart() => headers.values_mut().for_each(|values| *values = vec![values.join(",")]),
            _ => {}
        }
        if self == Self::WebSocket {
            query.clear();
        }
        if self == Self::Alb {
            query.values_mut().for_each(|values| drop(values.drain(..values.len() - 1)));
        }
        let cookies =
            if sent.cookies.is_empty() || self == Self::WebSocket { Vec::new() } else { vec![sent.cookies.join("; ")] };
        let (method, path) = match self {
            Self::WebSocket => ("POST", "/orders".to_owned()),
            _ if self.is_http_api() => (sent.method, http_api_path(&sent.path).unwrap_or_default()),
            _ => (sent.method, sent.path.clone()),
        };
        Visible { method: method.to_owned(), path, query, headers, cookies, body: sent.body.clone() }
    }

    /// Returns the client's view of a response.
    pub(super) fn client(self, answer: &Value) -> Result<Got, String> {
        let status = answer["statusCode"].as_u64().ok_or("no `statusCode`")?;
        let mut headers: BTreeMap<String, Vec<String>> = BTreeMap::new();
        let mut add = |name: &str, value: &Value| {
            let value = value.as_str().ok_or(format!("`{name}` must be text"))?;
            headers.entry(name.to_ascii_lowercase()).or_default().push(value.to_owned());
            Ok::<_, String>(())
        };
        let reads_multi = matches!(self, Self::HttpApiV1 | Self::Rest | Self::RestMapped | Self::AlbMulti);
        let fields = answer[if reads_multi { "multiValueHeaders" } else { "headers" }].as_object();
        for (name, value) in fields.ok_or("no headers of its form")? {
            match value.as_array() {
                Some(values) if reads_multi => values.iter().try_for_each(|value| add(name, value))?,
                _ => add(name, value)?,
            }
        }
        if self.has_cookies_apart() {
            answer["cookies"].as_array().into_iter().flatten().try_for_each(|cookie| add("set-cookie", cookie))?;
        }
        if matches!(self, Self::Alb | Self::AlbMulti) && !answer["statusDescription"].is_string() {
            return Err("a load balancer needs `statusDescription`".to_owned());
        }
        let body = answer["body"].as_str().unwrap_or_default();
        let body = match answer["isBase64Encoded"] == true {
            true => STANDARD.decode(body).map_err(|error| error.to_string())?,
            false => body.as_bytes().to_vec(),
        };
        Ok(Got { status, headers, body })
    }
}

/// The parts of a request that a function can see.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Visible {
    pub(super) method: String,
    /// Decoded behind an HTTP API, as the client escaped it elsewhere.
    pub(super) path: String,
    pub(super) query: BTreeMap<String, Vec<String>>,
    pub(super) headers: BTreeMap<String, Vec<String>>,
    pub(super) cookies: Vec<String>,
    pub(super) body: Vec<u8>,
}

/// The response that a client gets.
#[derive(Debug)]
pub(super) struct Got {
    pub(super) status: u64,
    pub(super) headers: BTreeMap<String, Vec<String>>,
    pub(super) body: Vec<u8>,
}

fn payload_2(sent: &Sent, path: &str, shown: &str, stage: &str, route: &str, domain: &str) -> Value {
    let joined = sent.headers.iter().map(|(name, values)| (name.clone(), values.join(",").into()));
    let query = sent.decoded_query().into_iter().map(|(name, values)| (name, values.join(",").into()));
    let mut event = json!({
        "version": "2.0", "routeKey": route, "rawPath": path, "rawQueryString": sent.raw_query(),
        "headers": joined.collect::<Map<_, _>>(), "queryStringParameters": query.collect::<Map<_, _>>(),
        "requestContext": {
            "accountId": "1", "apiId": "a1", "domainName": domain, "domainPrefix": "a1", "requestId": "q", "routeKey": route,
            "stage": stage, "timeEpoch": 1,
            "http": { "method": sent.method, "path": shown, "protocol": "HTTP/1.1", "sourceIp": "192.0.2.1", "userAgent": "curl/8" },
        },
    });
    if !sent.cookies.is_empty() {
        event["cookies"] = json!(sent.cookies);
    }
    event
}

fn local(sent: &Sent) -> Value {
    let query = sent.raw_query();
    let target = if query.is_empty() { sent.path.clone() } else { format!("{}?{query}", sent.path) };
    let mut request = request::request(sent.method, target);
    for (name, values) in sent.all_headers(sent.split_cookies) {
        request = values.iter().fold(request, |request, value| request.header(&name, value));
    }
    let request = match std::str::from_utf8(&sent.body) {
        Ok(text) if sent.as_text => request.text(text),
        _ => request.bytes(sent.body.clone()),
    };
    request.into_event().unwrap()
}

#[test]
fn the_model_of_an_http_api_is_as_recorded() {
    for (sent, path) in [
        ("/capture/plain", Some("/capture/plain")),
        ("/capture/space%20value", Some("/capture/space value")),
        ("/capture/question%3Fvalue", Some("/capture/question")),
        ("/capture/percent%25done", None),
        ("/capture/hash%23value", Some("/capture/hash#value")),
        ("/capture/slash%2Fvalue", Some("/capture/slash/value")),
        ("/capture/unicode-%CE%BB-%E4%B8%96%E7%95%8C", Some("/capture/unicode-λ-世界")),
        ("/capture/literal%252Fvalue", Some("/capture/literal/value")),
        ("/capture/literal%253Fvalue", Some("/capture/literal?value")),
        ("/capture/literal%2525value", Some("/capture/literal%value")),
    ] {
        assert_eq!(http_api_path(sent).as_deref(), path, "{sent}");
    }
}

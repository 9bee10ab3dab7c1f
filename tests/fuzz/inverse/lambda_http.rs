//! `http::lambda_http` against `lambda_http::run`: both run the same handler on the same events.

use std::cell::RefCell;
use std::collections::BTreeMap;

use ::lambda_http::aws_lambda_events::query_map::QueryMap;
use ::lambda_http::request::{LambdaRequest, RequestContext};
use ::lambda_http::{Adapter, Body, Error, IntoResponse, LambdaEvent, Request, RequestExt, Response, service_fn};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use lambda_runtime::Context;
use pilaster::http::StatusCode;
use pilaster::testing::Caller;
use proptest::prelude::*;
use serde_json::{Value, json};
use tower::ServiceExt;

use super::gateway::{GATEWAYS, Gateway, Visible};
use super::http::{seen, shown};
use super::sent::{Sent, sent};
use super::{bytes, holds, text};
use crate::decoders::block_on;

thread_local! {
    static REQUESTS: RefCell<Vec<Request>> = const { RefCell::new(Vec::new()) };
}

async fn keep(request: Request) -> Result<impl IntoResponse, Error> {
    REQUESTS.with_borrow_mut(|requests| requests.push(request));
    Ok("kept")
}

fn kept() -> Request {
    let mut requests = REQUESTS.take();
    assert_eq!(requests.len(), 1);
    requests.remove(0)
}

/// Calls a handler as `lambda_http::run` does.
async fn by_lambda_http<R, Fut>(event: &Value, handler: fn(Request) -> Fut) -> Option<Value>
where
    R: IntoResponse + Send + 'static,
    Fut: Future<Output = Result<R, Error>> + Send + 'static,
{
    let request = serde_json::from_str::<LambdaRequest>(&event.to_string()).ok()?;
    let event = LambdaEvent::new(request, context());
    let response = Adapter::from(service_fn(handler)).oneshot(event).await.unwrap();
    serde_json::to_value(response).ok()
}

fn context() -> Context {
    let mut context = Context::default();
    context.request_id = "52fdfc07".to_owned();
    context.xray_trace_id = Some("Root=1-5759e988-bd862e3fe1be46a994272793".to_owned());
    context
}

fn by_pilaster<R, Fut>(handler: fn(Request) -> Fut) -> Caller<impl pilaster::RawService>
where
    R: IntoResponse + 'static,
    Fut: Future<Output = Result<R, Error>> + Send + 'static,
{
    Caller::new(pilaster::http::lambda_http(handler)).with_context(context())
}

fn visible(request: &Request) -> Visible {
    let values = |name: &str| {
        let values = request.headers().get_all(name).iter();
        values.map(|value| String::from_utf8_lossy(value.as_bytes()).into_owned()).collect()
    };
    let is_own = |name: &str| name.starts_with("x-") && !name.starts_with("x-forwarded-") && name != "x-amzn-trace-id";
    let names = request.headers().keys().filter(|name| is_own(name.as_str()));
    Visible {
        method: request.method().to_string(),
        path: request.uri().path().to_owned(),
        query: map(request.query_string_parameters()),
        headers: names.map(|name| (name.to_string(), values(name.as_str()))).collect(),
        cookies: values("cookie"),
        body: request.body().to_vec(),
    }
}

fn map(values: QueryMap) -> BTreeMap<String, Vec<String>> {
    let names = values.iter().map(|(name, _)| name.to_owned()).collect::<std::collections::BTreeSet<_>>();
    names
        .into_iter()
        .map(|name| (name.clone(), values.all(&name).unwrap().into_iter().map(str::to_owned).collect()))
        .collect()
}

/// What `lambda_http` decodes of a WebSocket API's message and of a path differs: see `oracles.rs`.
#[test]
fn a_handler_of_lambda_http_gets_the_request_of_a_handler_of_pilaster() {
    let (ours, theirs) = (Caller::new(pilaster::handler(shown)), by_pilaster(keep));
    let stage = json!({ "table": "users", "empty": "" });
    let parameters = json!({ "id": "7", "rest": "a b" });
    holds(sent(), |sent: Sent| {
        for gateway in GATEWAYS.into_iter().filter(|gateway| *gateway != Gateway::LatticeV1) {
            let Some(mut event) = gateway.event(&sent) else { continue };
            if matches!(gateway, Gateway::Rest | Gateway::HttpApi) {
                event["stageVariables"] = stage.clone();
                event["pathParameters"] = parameters.clone();
            }
            block_on(ours.call(event.clone())).unwrap();
            block_on(theirs.call(event.clone())).unwrap();
            let request = kept();
            assert_eq!(visible(&request), seen(), "{gateway:?} {event}");
            assert_eq!(
                request.uri().query().unwrap_or_default().is_empty(),
                request.query_string_parameters().is_empty()
            );

            assert!(block_on(by_lambda_http(&event, keep)).is_some(), "{event}");
            let other = kept();
            let debug = |context: Option<&RequestContext>| format!("{context:?}");
            assert_eq!(debug(request.request_context_ref()), debug(other.request_context_ref()), "{event}");
            if gateway != Gateway::WebSocket {
                assert_eq!(request.raw_http_path(), other.raw_http_path(), "{event}");
            }
            assert_eq!(
                map(request.query_string_parameters()),
                map(other.query_string_parameters()),
                "{gateway:?} {event}"
            );
            assert_eq!(map(request.path_parameters()), map(other.path_parameters()), "{event}");
            assert_eq!(map(request.stage_variables()), map(other.stage_variables()), "{event}");
            assert_eq!(request.lambda_context().request_id, other.lambda_context().request_id);
            let header = |request: &Request| request.headers()["x-amzn-trace-id"].clone();
            assert_eq!(header(&request), header(&other));
            assert_eq!(is_text(request.body()), is_text(other.body()), "{gateway:?} {event}");
        }
    });
}

/// `None` for no body: an event may have an empty one, as each request without one through a load balancer.
fn is_text(body: &Body) -> Option<bool> {
    match body {
        Body::Text(_) => Some(true),
        Body::Binary(_) => Some(false),
        _ => None,
    }
}

#[test]
fn an_empty_body_is_the_variant_of_lambda_http() {
    let ours = by_pilaster(keep);
    for source in SOURCES {
        let mut event = tests::http::event(source);
        for (body, is_base64) in [(json!(""), false), (json!(""), true), (json!(null), false), (json!("a"), false)] {
            (event["body"], event["isBase64Encoded"]) = (body, is_base64.into());
            block_on(ours.call(event.clone())).unwrap();
            let request = kept();
            assert!(block_on(by_lambda_http(&event, keep)).is_some(), "{event}");
            assert_eq!(is_text(request.body()), is_text(kept().body()), "{event}");
        }
    }
}

/// The status, the headers and the body of a response's JSON, whatever its source.
fn sent_back(response: &Value) -> (Value, BTreeMap<String, Vec<String>>, Vec<u8>) {
    let mut headers: BTreeMap<String, Vec<String>> = BTreeMap::new();
    let multi = response["multiValueHeaders"].as_object().into_iter().flatten();
    for (name, values) in multi {
        let values = values.as_array().unwrap().iter().map(|value| value.as_str().unwrap().to_owned());
        headers.entry(name.to_lowercase()).or_default().extend(values);
    }
    let multi = headers.clone();
    for (name, value) in response["headers"].as_object().into_iter().flatten() {
        // A load balancer without multi-value headers gets the cookies under names of different case.
        if !multi.contains_key(&name.to_lowercase()) {
            headers.entry(name.to_lowercase()).or_default().push(value.as_str().unwrap().to_owned());
        }
    }
    headers.entry("set-cookie".to_owned()).or_default().sort();
    let cookies = response["cookies"].as_array().into_iter().flatten();
    headers.entry("set-cookie".to_owned()).or_default().extend(cookies.map(|value| value.as_str().unwrap().to_owned()));
    headers.retain(|_, values| !values.is_empty());
    let text = response["body"].as_str().unwrap_or_default();
    let body = if response["isBase64Encoded"] == true { STANDARD.decode(text).unwrap() } else { text.into() };
    (response["statusCode"].clone(), headers, body)
}

#[derive(Clone, Debug, Default)]
struct Asked {
    form: u8,
    status: u16,
    text: String,
    bytes: Vec<u8>,
}

thread_local! {
    static ASKED: RefCell<Asked> = RefCell::default();
}

/// Events that `lambda_http` reads, one of each source.
const SOURCES: [&str; 5] = [
    "typescript/parser/apigw-http/no-auth.json",
    "typescript/parser/apigw-rest/no-auth.json",
    "python/albEvent.json",
    "python/albMultiValueHeadersEvent.json",
    "python/vpcLatticeV2Event.json",
];

/// Responds in each form of `lambda_http`'s `IntoResponse`.
async fn respond(_: Request) -> Result<Response<Body>, Error> {
    let Asked { form, status, text, bytes } = ASKED.take();
    let status = StatusCode::from_u16(status)?;
    Ok(match form {
        0 => text.into_response().await,
        1 => bytes.into_response().await,
        2 => json!({ "text": text }).into_response().await,
        3 => (status, text).into_response().await,
        4 => (status, bytes).into_response().await,
        5 => (status, json!([text])).into_response().await,
        6 => Response::builder().status(status).body(Body::Empty)?,
        7 => Response::builder().header("content-type", "image/png").body(Body::Binary(bytes))?,
        _ => Response::builder()
            .status(status)
            .header("content-type", "text/plain; charset=utf-8")
            .header("x-a", "1")
            .header("set-cookie", "a=1")
            .header("set-cookie", "b=2")
            .body(Body::Text(text))?,
    })
}

#[test]
fn a_response_of_a_handler_of_lambda_http_is_sent_as_by_lambda_http() {
    let ours = by_pilaster(respond);
    let statuses = prop::sample::select(vec![200_u16, 201, 302, 404, 422, 503]);
    holds((0..=8_u8, statuses, text(40), bytes(40)), |(form, status, text, bytes)| {
        let asked = Asked { form, status, text, bytes };
        for source in SOURCES {
            let event = tests::http::event(source);
            ASKED.set(asked.clone());
            let own = block_on(ours.call(event.clone())).unwrap();
            ASKED.set(asked.clone());
            let Some(other) = block_on(by_lambda_http(&event, respond)) else { panic!("{source}: {event}") };
            let (mut back, others) = (sent_back(&own), sent_back(&other));
            // `lambda_http` sends only the first cookie there.
            if source.contains("vpcLattice") {
                back.1.entry("set-cookie".to_owned()).and_modify(|cookies| cookies.truncate(1));
            }
            assert_eq!(back, others, "{source} {asked:?}\nown   {own}\nother {other}");
        }
    });
}

#[test]
fn an_error_of_a_handler_of_lambda_http_is_a_500_without_its_text() {
    async fn fail(_: Request) -> Result<&'static str, Error> {
        Err("the password is hunter2".into())
    }
    let answer = block_on(by_pilaster(fail).call(tests::http::smallest("http api"))).unwrap();
    assert_eq!(answer["statusCode"], 500);
    assert!(!answer.to_string().contains("hunter2"), "{answer}");
}

#[test]
fn lattice_of_version_1_has_no_context_of_lambda_http() {
    let answer = block_on(by_pilaster(keep).call(tests::http::smallest("lattice 1"))).unwrap();
    assert_eq!((&answer["statusCode"], REQUESTS.take().len()), (&json!(500), 0), "{answer}");
}

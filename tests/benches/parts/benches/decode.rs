//! Each kind of HTTP event from text to request, and an empty response back to text: by the adapter, and by `lambda_http`, which
//! tries one kind after the other.

use std::convert::Infallible;

use bench_parts::{context, invoke, runtime};
use divan::{Bencher, black_box};
use lambda_http::request::LambdaRequest;
use lambda_http::{Adapter, LambdaEvent};
use pilaster::http::{Body, HttpAdapter, Request, Response};
use tower::{Service, ServiceExt, service_fn};

macro_rules! event {
    ($name:literal) => {
        include_str!(concat!("../../../fixtures/events/python/", $name, ".json"))
    };
}

const KINDS: [(&str, &str); 7] = [
    ("alb", event!("albEvent")),
    ("alb_multi_value", event!("albMultiValueHeadersEvent")),
    ("function_url", event!("lambdaFunctionUrlEvent")),
    ("http_api", event!("apiGatewayProxyV2Event")),
    ("rest_api", event!("apiGatewayProxyEvent")),
    ("vpc_lattice", event!("vpcLatticeV2Event")),
    ("web_socket", event!("apiGatewayWebSocketApiMessage")),
];

const NAMES: [&str; 7] =
    ["alb", "alb_multi_value", "function_url", "http_api", "rest_api", "vpc_lattice", "web_socket"];

fn event(kind: &str) -> String {
    let event = KINDS.iter().find(|(name, _)| *name == kind).expect("a kind").1;
    // The sample's host is a placeholder, over which `lambda_http` panics.
    event.replace("<url-id>", "a1b2c3")
}

#[divan::bench(args = NAMES)]
fn by_the_door(bencher: Bencher<'_, '_>, kind: &str) {
    let (runtime, event) = (runtime(), event(kind));
    let inner = service_fn(|request: Request<Body>| {
        black_box(request);
        std::future::ready(Ok::<_, Infallible>(Response::new(Body::empty())))
    });
    let mut adapter = HttpAdapter::new(inner);
    bencher.bench_local(|| runtime.block_on(invoke(&mut adapter, &event)));
}

#[divan::bench(args = NAMES)]
fn by_lambda_http(bencher: Bencher<'_, '_>, kind: &str) {
    let (runtime, event) = (runtime(), event(kind));
    let mut function = Adapter::from(service_fn(|request: lambda_http::Request| {
        black_box(request);
        std::future::ready(Ok::<_, Infallible>(lambda_http::Response::new(lambda_http::Body::Empty)))
    }));
    bencher.bench_local(|| {
        runtime.block_on(async {
            let payload = serde_json::from_str::<LambdaRequest>(&event).expect("an event");
            let Ok(response) = async { function.ready().await?.call(LambdaEvent::new(payload, context())).await }.await;
            serde_json::to_string(&response).expect("JSON")
        })
    });
}

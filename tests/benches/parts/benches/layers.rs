//! Each layer of HTTP functions alone around a function that does nothing; `none` is that function.

use std::convert::Infallible;
use std::fmt;

use bench_parts::runtime;
use divan::{Bencher, black_box};
use pilaster::http::{
    Body, CatchPanicLayer, CorsLayer, DeadlineLayer, ErrorLayer, HttpError, IntoResponse, Method, Request, Response,
    SecurityHeadersLayer, Stack, header,
};
use tower::layer::util::Identity;
use tower::{Layer, Service, ServiceExt, service_fn};

const ORIGIN: &str = "https://app.example.com";

fn cors() -> CorsLayer {
    CorsLayer::new().allow_origins([ORIGIN]).allow_methods([Method::POST]).allow_headers([header::CONTENT_TYPE])
}

fn request(method: Method) -> Request<Body> {
    let mut request = Request::new(Body::empty());
    request.headers_mut().insert(header::ORIGIN, header::HeaderValue::from_static(ORIGIN));
    if method == Method::OPTIONS {
        let asked = header::HeaderValue::from_static("POST");
        request.headers_mut().insert(header::ACCESS_CONTROL_REQUEST_METHOD, asked);
    }
    *request.method_mut() = method;
    request
}

/// Runs a function within this layer.
fn bench<L, S, B>(bencher: Bencher<'_, '_>, layer: L, method: Method, answer: fn() -> Response<Body>)
where
    L: Layer<tower::util::BoxCloneSyncService<Request<Body>, Response<Body>, Infallible>, Service = S>,
    S: Service<Request<Body>, Response = Response<B>, Error: fmt::Debug>,
{
    let function = service_fn(move |request: Request<Body>| {
        black_box(request);
        std::future::ready(Ok(answer()))
    });
    let (runtime, mut service) = (runtime(), layer.layer(tower::util::BoxCloneSyncService::new(function)));
    bencher.with_inputs(|| request(method.clone())).bench_local_values(|request| {
        runtime.block_on(async { service.ready().await.expect("ready").call(request).await.expect("an answer") })
    });
}

fn empty() -> Response<Body> {
    Response::new(Body::empty())
}

#[divan::bench]
fn none(bencher: Bencher<'_, '_>) {
    bench(bencher, Identity::new(), Method::POST, empty);
}

#[divan::bench]
fn security_headers(bencher: Bencher<'_, '_>) {
    bench(bencher, SecurityHeadersLayer::new(), Method::POST, empty);
}

#[divan::bench]
fn cors_of_a_request(bencher: Bencher<'_, '_>) {
    bench(bencher, cors(), Method::POST, empty);
}

#[divan::bench]
fn cors_of_a_preflight(bencher: Bencher<'_, '_>) {
    bench(bencher, cors(), Method::OPTIONS, empty);
}

#[divan::bench]
fn errors_without_one(bencher: Bencher<'_, '_>) {
    bench(bencher, ErrorLayer::new(), Method::POST, empty);
}

/// The opaque 500 of an error; its log line goes to no subscriber.
#[divan::bench]
fn errors_with_one(bencher: Bencher<'_, '_>) {
    let failed = || HttpError::from(std::io::Error::other("db password is hunter2")).into_response();
    bench(bencher, ErrorLayer::new(), Method::POST, failed);
}

#[divan::bench]
fn deadline(bencher: Bencher<'_, '_>) {
    bench(bencher, DeadlineLayer::new(), Method::POST, empty);
}

#[divan::bench]
fn panic(bencher: Bencher<'_, '_>) {
    bench(bencher, CatchPanicLayer::new(), Method::POST, empty);
}

#[divan::bench]
fn whole_stack(bencher: Bencher<'_, '_>) {
    let stack = Stack::new().cors(cors()).security_headers(SecurityHeadersLayer::new());
    bench(bencher, stack, Method::POST, empty);
}

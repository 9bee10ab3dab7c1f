//! A user's own layers: of tower, of axum, hand-written, around the function and below the stack's.

use std::error::Error as StdError;
use std::future::pending;
use std::task::{Context, Poll};
use std::time::Duration;

use axum::extract::Request;
use axum::middleware::{Next, from_fn};
use pilaster::http::{
    Body, CorsLayer, ErrorLayer, HttpError, IntoResponse, Response, SecurityHeadersLayer, Stack, StatusCode,
};
use pilaster::observe::logging::CapturedLogs;
use tower::timeout::TimeoutLayer;
use tower::timeout::error::Elapsed;
use tower::{Layer, Service};

use super::*;

mod errors;
mod malformed_events;
mod readiness;

async fn answered<R: RawService>(caller: &Caller<R>) -> Value {
    let mut event = smallest("http api");
    event["headers"]["origin"] = json!("https://app.example.com");
    call(caller, &event.to_string()).await.unwrap()
}

/// Returns a layer without the stack, which adds a header to each response.
fn signed() -> tower_http::set_header::SetResponseHeaderLayer<pilaster::http::HeaderValue> {
    tower_http::set_header::SetResponseHeaderLayer::overriding(
        pilaster::http::header::SERVER,
        pilaster::http::HeaderValue::from_static("mine"),
    )
}

async fn hello(_: Method) -> &'static str {
    "hello"
}

/// Adds its name to `x-seen` of the request, and to that of the response.
#[derive(Clone)]
struct Tag(&'static str);

#[derive(Clone)]
struct Tagged<S> {
    inner: S,
    name: &'static str,
}

impl<S> Layer<S> for Tag {
    type Service = Tagged<S>;

    fn layer(&self, inner: S) -> Self::Service {
        Tagged { inner, name: self.0 }
    }
}

impl<S> Service<http::Request<Body>> for Tagged<S>
where
    S: Service<http::Request<Body>, Response = Response> + Clone + Send + 'static,
    S::Future: Send,
{
    type Response = Response;
    type Error = S::Error;
    type Future = futures_util::future::BoxFuture<'static, Result<Response, S::Error>>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        self.inner.poll_ready(cx)
    }

    fn call(&mut self, mut request: http::Request<Body>) -> Self::Future {
        let name = self.name;
        request.headers_mut().append("x-seen", name.parse().unwrap());
        let response = self.inner.call(request);
        Box::pin(async move {
            let mut response = response.await?;
            response.headers_mut().append("x-seen", name.parse().unwrap());
            Ok(response)
        })
    }
}

#[tokio::test]
async fn the_last_layer_added_is_the_innermost() {
    async fn seen(headers: HeaderMap) -> String {
        let seen = headers.get_all("x-seen").iter().map(|value| value.to_str().unwrap().to_owned());
        seen.collect::<Vec<_>>().join(" ")
    }
    let caller = Caller::new(pilaster::handler(seen).layer(Stack::new().layer(Tag("outer")).layer(Tag("inner"))));
    let answer = answered(&caller).await;
    assert_eq!((&answer["body"], &answer["headers"]["x-seen"]), (&json!("outer inner"), &json!("inner, outer")));
}

#[tokio::test]
async fn middleware_can_be_an_async_function_of_axums() {
    async fn only_with_a_key(request: Request, next: Next) -> Result<Response, HttpError> {
        if request.headers().get("x-key").is_none() {
            return Err(HttpError::unauthorized("the key is missing"));
        }
        let mut response = next.run(request).await;
        response.headers_mut().insert("x-checked", "yes".parse().unwrap());
        Ok(response)
    }
    let stack = Stack::new()
        .cors(CorsLayer::new().allow_origins(["https://app.example.com"]))
        .security_headers(SecurityHeadersLayer::new())
        .layer(from_fn(only_with_a_key));
    let caller = Caller::new(pilaster::handler(hello).layer(stack));
    let refused = answered(&caller).await;
    assert_eq!((refused["statusCode"].as_u64(), &body(&refused)["detail"]), (Some(401), &json!("the key is missing")));

    let mut event = smallest("http api");
    event["headers"] = json!({ "x-key": "k", "origin": "https://app.example.com" });
    let answer = call(&caller, &event.to_string()).await.unwrap();
    assert_eq!((&answer["body"], &answer["headers"]["x-checked"]), (&json!("hello"), &json!("yes")));
    for answer in [refused, answer] {
        assert_eq!(answer["headers"]["access-control-allow-origin"], "https://app.example.com");
        assert_eq!(answer["headers"]["x-content-type-options"], "nosniff");
    }
}

#[tokio::test(start_paused = true)]
async fn an_error_of_a_layer_is_mapped_by_the_error_layer() {
    async fn slow(_: Method) -> &'static str {
        tokio::time::sleep(Duration::from_secs(60)).await;
        "too late"
    }
    let timeout = TimeoutLayer::new(Duration::from_secs(2));
    let unmapped = Caller::new(pilaster::handler(slow).layer(Stack::new().layer(timeout.clone())));
    let answer = answered(&unmapped).await;
    assert_eq!(body(&answer), json!({ "title": "Internal Server Error", "status": 500 }));

    let errors = ErrorLayer::new().on_with(|_: &Elapsed| HttpError::gateway_timeout("the layer timed out"));
    let mapped = Caller::new(pilaster::handler(slow).layer(Stack::new().layer(timeout).errors(errors)));
    let answer = answered(&mapped).await;
    assert_eq!(body(&answer), json!({ "title": "Gateway Timeout", "status": 504 }));
}

#[tokio::test]
async fn a_layer_alone_takes_the_place_of_the_stack() {
    let failing = tower::layer::layer_fn(|_| {
        tower::service_fn(async |_: http::Request<Body>| Err::<Response, _>(std::io::Error::other("secret cause")))
    });
    let caller = Caller::new(pilaster::handler(hello).without_stack().layer(failing));
    let answer = answered(&caller).await;
    assert_eq!((answer["statusCode"].as_u64(), &body(&answer)["title"]), (Some(500), &json!("Internal Server Error")));
    assert!(!answer.to_string().contains("secret"), "{answer}");
}

#[tokio::test]
async fn a_panic_of_the_function_or_of_a_layer_is_a_500_with_all_headers() {
    async fn panics(_: Method) -> StatusCode {
        panic!("secret cause")
    }
    async fn panicking_layer(_: Request, _: Next) -> Response {
        panic!("secret cause")
    }
    let stack = || Stack::new().cors(CorsLayer::new().allow_origins(["https://app.example.com"]));
    let function = Caller::new(pilaster::handler(panics).layer(stack()));
    let layer = Caller::new(pilaster::handler(hello).layer(stack().layer(from_fn(panicking_layer))));
    for answer in [answered(&function).await, answered(&layer).await] {
        assert_eq!(answer["statusCode"], 500);
        assert_eq!(answer["headers"]["access-control-allow-origin"], "https://app.example.com");
        assert!(!answer.to_string().contains("secret"), "{answer}");
    }
}

/// Panics in `poll_ready`.
#[derive(Clone)]
struct Panics;
impl Service<http::Request<Body>> for Panics {
    type Response = Response;
    type Error = std::convert::Infallible;
    type Future = std::future::Ready<Result<Response, Self::Error>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Self::Error>> {
        panic!("secret cause")
    }

    fn call(&mut self, _: http::Request<Body>) -> Self::Future {
        std::future::ready(Ok("x".into_response()))
    }
}

#[tokio::test]
async fn a_panic_where_nothing_can_be_added_any_more_is_a_500_too() {
    async fn body(_: Method) -> Body {
        let pieces =
            futures_util::stream::poll_fn(|_| -> Poll<Option<Result<http_body::Frame<Bytes>, std::io::Error>>> {
                panic!("secret cause")
            });
        Body::new(http_body_util::StreamBody::new(pieces))
    }
    let ready = Caller::new(pilaster::handler(hello).without_stack().layer(tower::layer::layer_fn(|_| Panics)));
    for answer in [answered(&ready).await, answered(&Caller::new(pilaster::handler(body))).await] {
        assert_eq!(answer["statusCode"], 500);
        assert!(!answer.to_string().contains("secret"), "{answer}");
    }
}

#[tokio::test]
async fn headers_that_layers_gave_an_error_stay_all() {
    async fn fails(_: Method) -> HttpError {
        HttpError::conflict("taken")
    }
    async fn add(request: Request, next: Next) -> Response {
        let mut response = next.run(request).await;
        for cookie in ["a=1", "b=2"] {
            response.headers_mut().append("set-cookie", cookie.parse().unwrap());
        }
        response
    }
    let caller = Caller::new(pilaster::handler(fails).layer(Stack::new().layer(from_fn(add))));
    let answer = answered(&caller).await;
    assert_eq!((&answer["statusCode"], &answer["cookies"]), (&json!(409), &json!(["a=1", "b=2"])));
}

#[tokio::test]
async fn a_body_that_breaks_off_is_a_500_and_not_half_an_answer() {
    async fn breaks(_: Method) -> Body {
        let pieces: [Result<_, std::io::Error>; 2] = [Ok("half"), Err(std::io::Error::other("secret cause"))];
        Body::new(http_body_util::StreamBody::new(futures_util::stream::iter(pieces).map_ok_frames()))
    }
    let caller = Caller::new(pilaster::handler(breaks));
    let answer = answered(&caller).await;
    assert_eq!(answer["statusCode"], 500);
    assert!(!answer.to_string().contains("half") && !answer.to_string().contains("secret"), "{answer}");
}

/// Pieces of text as frames of a body.
trait Frames: Sized {
    fn map_ok_frames(self) -> impl futures_util::Stream<Item = Result<http_body::Frame<Bytes>, std::io::Error>> + Send;
}

impl<S: futures_util::Stream<Item = Result<&'static str, std::io::Error>> + Send> Frames for S {
    fn map_ok_frames(self) -> impl futures_util::Stream<Item = Result<http_body::Frame<Bytes>, std::io::Error>> + Send {
        futures_util::TryStreamExt::map_ok(self, |piece| http_body::Frame::data(Bytes::from_static(piece.as_bytes())))
    }
}

#[tokio::test]
async fn the_same_layers_fit_an_axum_router() {
    let app = axum::Router::new().route("/p", axum::routing::post(hello));
    let caller = Caller::new(http::service(app).layer(Stack::new().layer(Tag("mine"))));
    let answer = answered(&caller).await;
    assert_eq!((&answer["body"], &answer["headers"]["x-seen"]), (&json!("hello"), &json!("mine")));
    let response = HttpError::not_found("no").into_response();
    assert_eq!(response.status(), 404);
}

fn with_headers() -> Stack {
    Stack::new()
        .cors(CorsLayer::new().allow_origins(["https://app.example.com"]))
        .security_headers(SecurityHeadersLayer::new())
}

fn has_headers(answer: &Value) {
    assert_eq!(answer["headers"]["access-control-allow-origin"], "https://app.example.com", "{answer}");
    assert_eq!(answer["headers"]["x-content-type-options"], "nosniff", "{answer}");
}

/// Panics when it is dropped.
struct Guard;

impl Drop for Guard {
    fn drop(&mut self) {
        panic!("secret cause");
    }
}

/// A body with this last chunk, which drops a guard.
fn guarded(last: impl Future<Output = Option<&'static str>> + Send + 'static) -> Body {
    let guard = Guard;
    let pieces = futures_util::stream::once(last);
    let pieces = futures_util::StreamExt::map(pieces, move |last| {
        let _ = &guard;
        last.map(Bytes::from).ok_or_else(|| std::io::Error::other("secret cause"))
    });
    Body::from_stream(pieces)
}

#[tokio::test(start_paused = true)]
async fn no_panic_of_a_body_or_of_what_is_dropped_costs_an_answer_its_headers() {
    async fn panics(how: String) -> Response {
        let body = match how.as_str() {
            "body panics" => guarded(async { panic!("secret cause") }),
            "body hangs" => guarded(pending()),
            "body fails" => guarded(async { None }),
            "body is whole" => guarded(async { Some("whole") }),
            "function hangs" => {
                let _guard = Guard;
                pending().await
            }
            _ => {
                let _guard = Guard;
                Body::from("never")
            }
        };
        Response::new(body)
    }
    let stack = Caller::new(pilaster::handler(panics).layer(with_headers())).with_time_left(Duration::from_secs(3));
    let errors = ErrorLayer::new().on_with(|_: &Elapsed| HttpError::gateway_timeout("the layer timed out"));
    let timeout = with_headers().errors(errors).layer(TimeoutLayer::new(Duration::from_secs(1)));
    let timeout = Caller::new(pilaster::handler(panics).layer(timeout)).with_time_left(Duration::from_secs(3));
    for (how, status) in [
        ("body panics", 500),
        ("body hangs", 504),
        ("body fails", 500),
        ("body is whole", 200),
        ("function hangs", 504),
        ("function ends", 500),
    ] {
        let mut event = smallest("http api");
        event["headers"]["origin"] = json!("https://app.example.com");
        event["body"] = json!(how);
        for caller in
            [&call(&stack, &event.to_string()).await.unwrap(), &call(&timeout, &event.to_string()).await.unwrap()]
        {
            assert_eq!(caller["statusCode"], status, "{how}: {caller}");
            assert!(!caller.to_string().contains("secret"), "{how}: {caller}");
            has_headers(caller);
        }
    }
}

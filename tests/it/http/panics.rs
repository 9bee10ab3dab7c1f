//! User code that panics in unusual places: the response still has the headers of the layers.

use std::fmt;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll};

use pilaster::http::{
    Body, CompressionLayer, ConditionalLayer, CorsLayer, ErrorLayer, HttpError, NegotiationLayer, Response,
    SecurityHeadersLayer, Stack,
};
use pilaster::observe::logging::CapturedLogs;
use pilaster::{BoxError, RawService};
use tower::{Layer, Service};

use super::*;

/// Panics when it is dropped, once nothing else panics.
struct Bomb;

impl Drop for Bomb {
    fn drop(&mut self) {
        assert!(std::thread::panicking(), "dropped");
    }
}

#[derive(Debug)]
struct Taken;

impl fmt::Display for Taken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("taken")
    }
}

impl std::error::Error for Taken {}

#[derive(Debug)]
struct Unprintable;

impl fmt::Display for Unprintable {
    fn fmt(&self, _: &mut fmt::Formatter<'_>) -> fmt::Result {
        panic!("display")
    }
}

impl std::error::Error for Unprintable {}

fn stack() -> Stack {
    Stack::new()
        .cors(CorsLayer::new().allow_origins(["https://app.example.com"]))
        .security_headers(SecurityHeadersLayer::new())
}

fn asked(headers: &[(&str, &str)]) -> Value {
    let mut event = smallest("http api");
    event["requestContext"]["http"]["method"] = json!("GET");
    event["headers"]["origin"] = json!("https://app.example.com");
    for (name, value) in headers {
        event["headers"][name] = json!(value);
    }
    event
}

/// Returns the response, which has the headers of [`stack`].
async fn with_headers<R: RawService>(caller: &Caller<R>, headers: &[(&str, &str)]) -> Value {
    let answer = call(caller, &asked(headers).to_string()).await.unwrap();
    assert_eq!(answer["headers"]["access-control-allow-origin"], "https://app.example.com", "{answer}");
    assert_eq!(answer["headers"]["x-content-type-options"], "nosniff", "{answer}");
    answer
}

async fn taken(_: Method) -> Result<&'static str, HttpError> {
    Err(Taken)?
}

async fn unprintable(_: Method) -> Result<&'static str, HttpError> {
    Err(Unprintable)?
}

#[tokio::test]
async fn a_rule_a_renderer_and_a_text_that_panic_leave_a_problem_with_the_headers_of_the_layers() {
    let render = ErrorLayer::new().on::<Taken>(409).render_with(|_| -> String { panic!("render") });
    let map = ErrorLayer::new().on_with(|_: &Taken| -> HttpError { panic!("map") });
    for (errors, status) in [(render, 409), (map, 500)] {
        let caller = Caller::new(pilaster::handler(taken).layer(stack().errors(errors)));
        let answer = with_headers(&caller, &[]).await;
        assert_eq!(
            (&answer["statusCode"], &answer["headers"]["content-type"]),
            (&json!(status), &json!("application/problem+json"))
        );
        assert_eq!(body(&answer)["status"], status);
    }
    for errors in [ErrorLayer::new(), ErrorLayer::new().on::<Unprintable>(409)] {
        let caller = Caller::new(pilaster::handler(unprintable).layer(stack().errors(errors)));
        assert_eq!(with_headers(&caller, &[]).await["statusCode"], 500);
    }
    let writer = NegotiationLayer::new().error_writer("text/plain", |_| -> String { panic!("writer") });
    let caller = Caller::new(pilaster::handler(taken).layer(stack().layer(writer)));
    let answer = with_headers(&caller, &[("accept", "text/plain")]).await;
    assert_eq!(
        (&answer["statusCode"], &answer["headers"]["content-type"]),
        (&json!(500), &json!("application/problem+json"))
    );
}

#[tokio::test]
async fn an_error_is_logged_although_its_renderer_panics() {
    let logs = CapturedLogs::default();
    let errors = ErrorLayer::new().render_with(|_| -> String { panic!("render") });
    let caller = Caller::new(pilaster::handler(taken).layer(stack().errors(errors))).with_logs(&logs);
    with_headers(&caller, &[]).await;
    let lines = logs.lines();
    assert!(lines.iter().any(|line| line["message"] == "the request failed"), "{lines:?}");
}

/// A body of 2000 bytes or none, whose guard panics when it is dropped.
struct Guarded {
    bytes: Option<Bytes>,
    is_exact: bool,
    _guard: Bomb,
}

impl http_body::Body for Guarded {
    type Data = Bytes;
    type Error = BoxError;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        _: &mut Context<'_>,
    ) -> Poll<Option<Result<http_body::Frame<Bytes>, BoxError>>> {
        Poll::Ready(self.bytes.take().map(|bytes| Ok(http_body::Frame::data(bytes))))
    }

    fn size_hint(&self) -> http_body::SizeHint {
        match self.is_exact {
            true => http_body::SizeHint::with_exact(2000),
            false => http_body::SizeHint::default(),
        }
    }
}

#[tokio::test]
async fn a_body_that_panics_when_it_is_dropped_is_sent_and_not_modified_and_refused_as_any_other() {
    for (conditional, compression, is_exact) in (0..8).map(|bits| (bits & 1 == 1, bits & 2 == 2, bits & 4 == 4)) {
        let page = move |_: Method| async move {
            let body = Guarded { bytes: Some(Bytes::from("la ".repeat(666) + "la")), is_exact, _guard: Bomb };
            let mut response = Response::new(Body::new(body));
            response.headers_mut().insert("content-type", "text/plain".parse().unwrap());
            response
        };
        let tagged = move |method: Method| async move {
            let mut response = page(method).await;
            response.headers_mut().insert("etag", "\"7\"".parse().unwrap());
            response
        };
        let layers = || {
            let stack = stack();
            let stack = if conditional { stack.conditional(ConditionalLayer::new()) } else { stack };
            if compression { stack.compression(CompressionLayer::new()) } else { stack }
        };
        let caller = Caller::new(pilaster::handler(page).layer(layers()));
        let answer = with_headers(&caller, &[("accept-encoding", "gzip")]).await;
        assert_eq!(answer["statusCode"], 200, "{conditional} {compression} {is_exact}: {answer}");
        assert_eq!(answer["headers"]["content-encoding"] == "gzip", compression, "{answer}");
        let caller = Caller::new(pilaster::handler(tagged).layer(layers()));
        let not_modified = with_headers(&caller, &[("if-none-match", "\"7\"")]).await;
        assert_eq!(not_modified["statusCode"], if conditional { 304 } else { 200 }, "{not_modified}");
        let refused = with_headers(&caller, &[("if-match", "\"8\"")]).await;
        assert_eq!(refused["statusCode"], if conditional { 412 } else { 200 }, "{refused}");
    }
}

#[tokio::test]
async fn what_a_response_holds_may_panic_when_it_is_dropped() {
    #[derive(Clone)]
    struct Held(#[allow(dead_code)] Arc<Bomb>);
    async fn page(_: Method) -> Response {
        let mut response = Response::new(Body::from("page"));
        response.extensions_mut().insert(Held(Arc::new(Bomb)));
        response
    }
    async fn fails(method: Method) -> Response {
        let mut response = page(method).await;
        response.extensions_mut().insert(HttpError::conflict("taken"));
        *response.status_mut() = http::StatusCode::CONFLICT;
        response
    }
    let answer = with_headers(&Caller::new(pilaster::handler(page).layer(stack())), &[]).await;
    assert_eq!((&answer["statusCode"], &answer["body"]), (&json!(200), &json!("page")));
    let answer = with_headers(&Caller::new(pilaster::handler(fails).layer(stack())), &[]).await;
    assert_eq!(answer["statusCode"], 409);
}

/// A service whose `Clone` or `Drop` panics while it is armed.
struct Armed<S> {
    inner: S,
    clones: Arc<AtomicBool>,
    drops: Arc<AtomicBool>,
}

impl<S: Clone> Clone for Armed<S> {
    fn clone(&self) -> Self {
        assert!(!self.clones.load(Ordering::Relaxed), "cloned");
        Self { inner: self.inner.clone(), clones: self.clones.clone(), drops: self.drops.clone() }
    }
}

impl<S> Drop for Armed<S> {
    fn drop(&mut self) {
        assert!(!self.drops.load(Ordering::Relaxed) || std::thread::panicking(), "dropped");
    }
}

impl<S: Service<http::Request<Body>>> Service<http::Request<Body>> for Armed<S> {
    type Response = S::Response;
    type Error = S::Error;
    type Future = S::Future;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        self.inner.poll_ready(cx)
    }

    fn call(&mut self, request: http::Request<Body>) -> S::Future {
        self.inner.call(request)
    }
}

#[derive(Clone, Default)]
struct Arm {
    clones: Arc<AtomicBool>,
    drops: Arc<AtomicBool>,
}

impl<S> Layer<S> for Arm {
    type Service = Armed<S>;

    fn layer(&self, inner: S) -> Armed<S> {
        Armed { inner, clones: self.clones.clone(), drops: self.drops.clone() }
    }
}

#[tokio::test]
async fn a_service_that_panics_when_it_is_cloned_or_dropped_is_answered() {
    let hello = async |_: Method| "hello";
    let arm = Arm::default();
    let caller = Caller::new(pilaster::handler(hello).layer(stack().layer(arm.clone())));
    arm.drops.store(true, Ordering::Relaxed);
    let answer = with_headers(&caller, &[]).await;
    arm.drops.store(false, Ordering::Relaxed);
    assert_eq!((&answer["statusCode"], &answer["body"]), (&json!(200), &json!("hello")));
    arm.clones.store(true, Ordering::Relaxed);
    let answer = call(&caller, &asked(&[]).to_string()).await.unwrap();
    arm.clones.store(false, Ordering::Relaxed);
    assert_eq!(
        (&answer["statusCode"], &answer["headers"]["content-type"]),
        (&json!(500), &json!("application/problem+json"))
    );
    assert_eq!(with_headers(&caller, &[]).await["statusCode"], 200, "the next request");
}

#[tokio::test]
async fn an_origin_about_which_a_rule_panics_is_not_allowed() {
    let cors = CorsLayer::new().allow_origin_if(|origin, _| {
        assert!(origin.ends_with(".example.com"), "an odd origin");
        true
    });
    let stack = Stack::new().cors(cors).security_headers(SecurityHeadersLayer::new());
    let caller = Caller::new(pilaster::handler(async |_: Method| "hello").layer(stack));
    for (origin, allowed) in [("https://app.example.com", true), ("https://evil.example", false)] {
        let answer = call(&caller, &asked(&[("origin", origin)]).to_string()).await.unwrap();
        assert_eq!((&answer["statusCode"], &answer["body"]), (&json!(200), &json!("hello")));
        assert_eq!(answer["headers"]["x-content-type-options"], "nosniff");
        assert_eq!(answer["headers"]["access-control-allow-origin"].is_string(), allowed, "{answer}");
    }
}

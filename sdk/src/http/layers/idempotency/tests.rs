mod keys;

use std::convert::Infallible;
use std::sync::atomic::{AtomicU32, Ordering};

use tower::{Layer as _, ServiceExt as _, service_fn};

use http::{HeaderValue, Uri};

use super::*;
use crate::idempotency::MemoryStore;

/// A function that counts its calls and returns a given response.
fn function(
    calls: &Arc<AtomicU32>,
    answer: impl Fn(u32) -> Response + Clone + Send + 'static,
) -> impl Service<Request<Body>, Response = Response, Error = Infallible, Future: Send> + Clone + Send + 'static {
    let calls = Arc::clone(calls);
    service_fn(move |request: Request<Body>| {
        let (calls, answer) = (Arc::clone(&calls), answer.clone());
        async move {
            let _body = request.into_body().collect().await;
            Ok::<_, Infallible>(answer(calls.fetch_add(1, Ordering::Relaxed) + 1))
        }
    })
}

fn post(key: &str, body: &str) -> Request<Body> {
    let request = Request::post("/payments?a=1").header("idempotency-key", key);
    request.body(Body::from(body.to_owned())).unwrap()
}

fn layer() -> IdempotencyLayer {
    IdempotencyLayer::new(Idempotency::new(MemoryStore::new(), "f").require_key())
}

async fn text(response: Response) -> String {
    String::from_utf8(response.into_body().collect().await.unwrap().to_bytes().to_vec()).unwrap()
}

#[tokio::test(start_paused = true)]
async fn a_replay_has_the_status_headers_and_body_of_the_first_answer() {
    let calls = Arc::default();
    let answer = |call: u32| {
        let response = Response::builder().status(201).header("x-call", call).header("set-cookie", "a=1");
        response.header("set-cookie", "b=2").header("date", "now").body(Body::from(vec![0xff, call as u8])).unwrap()
    };
    let service = layer().layer(function(&calls, answer));
    let mut bodies = Vec::new();
    for _ in 0..2 {
        let response = service.clone().oneshot(post("k", "{}")).await.unwrap();
        assert_eq!(response.status(), 201);
        assert_eq!(response.headers()["x-call"], "1");
        assert_eq!(response.headers().get_all("set-cookie").iter().collect::<Vec<_>>(), ["a=1", "b=2"]);
        bodies.push(response.into_body().collect().await.unwrap().to_bytes());
    }
    assert_eq!(bodies, [vec![0xff, 1], vec![0xff, 1]]);
    assert_eq!(calls.load(Ordering::Relaxed), 1);
}

#[tokio::test(start_paused = true)]
async fn the_key_counts_with_method_path_and_caller_and_quotes_do_not() {
    let calls = Arc::default();
    let who = |parts: &Parts| parts.headers.get("x-user").and_then(|user| user.to_str().ok()).map(str::to_owned);
    let service = layer().caller(who).layer(function(&calls, |call| call.to_string().into_response()));
    let ask = async |request: Request<Body>| text(service.clone().oneshot(request).await.unwrap()).await;
    assert_eq!(ask(post("k", "")).await, "1");
    assert_eq!(ask(post("\"k\"", "")).await, "1");
    let mut other = post("k", "");
    *other.uri_mut() = Uri::from_static("/refunds?a=1");
    assert_eq!(ask(other).await, "2");
    let mut other = post("k", "");
    *other.method_mut() = Method::PATCH;
    assert_eq!(ask(other).await, "3");
    let mut other = post("k", "");
    other.headers_mut().insert("x-user", HeaderValue::from_static("ada"));
    assert_eq!(ask(other).await, "4");
}

#[tokio::test(start_paused = true)]
async fn another_body_or_query_with_the_same_key_is_a_422() {
    let calls = Arc::default();
    let service = layer().layer(function(&calls, |call| call.to_string().into_response()));
    assert_eq!(service.clone().oneshot(post("k", "1")).await.unwrap().status(), 200);
    assert_eq!(service.clone().oneshot(post("k", "2")).await.unwrap().status(), 422);
    let mut other = post("k", "1");
    *other.uri_mut() = Uri::from_static("/payments?a=2");
    assert_eq!(service.oneshot(other).await.unwrap().status(), 422);
    assert_eq!(calls.load(Ordering::Relaxed), 1);
}

#[tokio::test(start_paused = true)]
async fn a_key_in_use_is_a_409_that_says_when_to_come_back() {
    let slow = service_fn(|_: Request<Body>| async {
        tokio::time::sleep(std::time::Duration::from_secs(1)).await;
        Ok::<_, Infallible>("paid".into_response())
    });
    let service = layer().layer(slow);
    let (first, second) = tokio::join!(service.clone().oneshot(post("k", "")), service.clone().oneshot(post("k", "")));
    assert_eq!(first.unwrap().status(), 200);
    let second = second.unwrap();
    assert_eq!(second.status(), 409);
    assert_eq!(second.headers()["retry-after"], "1");
}

#[tokio::test(start_paused = true)]
async fn bytes_are_another_payload_than_the_text_that_is_their_base64() {
    let calls = Arc::default();
    let service = layer().layer(function(&calls, |call| call.to_string().into_response()));
    assert_eq!(service.clone().oneshot(post("k", "////")).await.unwrap().status(), 200);
    let bytes = |byte: u8| {
        let mut request = post("k", "");
        *request.body_mut() = Body::from(vec![byte; 3]);
        request
    };
    assert_eq!(service.oneshot(bytes(0xff)).await.unwrap().status(), 422);
    // A text has the hash that it has had in records of earlier releases.
    assert_eq!(document::payload(Some("a=1"), b"{}"), json!(["a=1", "{}"]));
}

/// A body that panics when it is read.
struct Panics;

impl http_body::Body for Panics {
    type Data = Bytes;
    type Error = BoxError;

    fn poll_frame(
        self: Pin<&mut Self>,
        _: &mut Context<'_>,
    ) -> Poll<Option<Result<http_body::Frame<Bytes>, BoxError>>> {
        panic!("the body of a test panics")
    }
}

#[tokio::test(start_paused = true)]
async fn the_lock_is_free_before_a_panic_of_the_body_is_answered() {
    let calls = Arc::default();
    let answer = |call: u32| match call {
        1 => Response::new(Body::new(Panics)),
        _ => "paid".into_response(),
    };
    let service = layer().layer(function(&calls, answer));
    assert_eq!(service.clone().oneshot(post("k", "")).await.unwrap().status(), 500);
    // Nothing runs in the background in between.
    assert_eq!(text(service.oneshot(post("k", "")).await.unwrap()).await, "paid");
}

/// A body that panics when it is dropped.
struct Bomb;

impl Drop for Bomb {
    fn drop(&mut self) {
        if !std::thread::panicking() {
            panic!("the body of a test panics in its end")
        }
    }
}

impl http_body::Body for Bomb {
    type Data = Bytes;
    type Error = BoxError;

    fn poll_frame(
        self: Pin<&mut Self>,
        _: &mut Context<'_>,
    ) -> Poll<Option<Result<http_body::Frame<Bytes>, BoxError>>> {
        Poll::Ready(None)
    }
}

#[tokio::test(start_paused = true)]
async fn an_answer_outlives_the_end_of_its_body() {
    let calls = Arc::default();
    let service = layer().layer(function(&calls, |_| (StatusCode::CREATED, Body::new(Bomb)).into_response()));
    for _ in 0..2 {
        assert_eq!(service.clone().oneshot(post("k", "")).await.unwrap().status(), 201);
    }
    assert_eq!(calls.load(Ordering::Relaxed), 1);
}

#[tokio::test(start_paused = true)]
async fn errors_and_requests_to_come_back_are_not_recorded() {
    for status in [401, 403, 408, 425, 429, 500, 503] {
        let calls = Arc::default();
        let answer = move |call: u32| match call {
            1 => StatusCode::from_u16(status).unwrap().into_response(),
            _ => "paid".into_response(),
        };
        let service = layer().layer(function(&calls, answer));
        assert_eq!(service.clone().oneshot(post("k", "")).await.unwrap().status(), status);
        assert_eq!(service.clone().oneshot(post("k", "")).await.unwrap().status(), 200);
    }
    let calls = Arc::default();
    let answer = |call: u32| match call {
        1 => HttpError::not_found("no such card").into_response(),
        _ => StatusCode::NOT_FOUND.into_response(),
    };
    let service = layer().layer(function(&calls, answer));
    for _ in 0..3 {
        assert_eq!(service.clone().oneshot(post("k", "")).await.unwrap().status(), 404);
    }
    assert_eq!(calls.load(Ordering::Relaxed), 2, "an error is not recorded, a response with a 4xx is");
}

#[test]
fn an_answer_that_python_recorded_is_replayed() {
    let recorded = r#"{"statusCode": "201", "headers": {"Content-Type": "text/plain", "X-N": 7}, "cookies": ["a=1"], "body": "hi"}"#;
    let response = recorded::replay(&serde_json::value::RawValue::from_string(recorded.into()).unwrap()).unwrap();
    assert_eq!(response.status(), 201);
    assert_eq!(response.headers()["x-n"], "7");
    assert_eq!(response.headers()["set-cookie"], "a=1");
    let plain = recorded::replay(&serde_json::value::RawValue::from_string("{\"ok\": true}".into()).unwrap()).unwrap();
    assert_eq!(plain.headers()["content-type"], "application/json");
    for odd in [r#"{"statusCode": 7}"#, r#"{"statusCode": 200, "headers": {"a b": "c"}}"#] {
        assert!(recorded::replay(&serde_json::value::RawValue::from_string(odd.into()).unwrap()).is_err(), "{odd}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_function_that_streams_refuses_the_layer_around_it_and_takes_it_in_its_stack() {
    async fn pay(_: http::Method) -> &'static str {
        "paid"
    }
    let refused = crate::handler(pay).streaming().outer(layer()).into_service().err().unwrap().to_string();
    assert!(refused.contains("add the layer to its stack"), "{refused}");
    let stack = crate::http::Stack::new().idempotency(layer());
    assert!(crate::handler(pay).layer(stack).streaming().into_service().is_ok());
    assert!(crate::handler(pay).outer(layer()).into_service().is_ok(), "a whole response is recorded");
}

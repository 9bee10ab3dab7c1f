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
async fn a_missing_and_an_unreadable_key_are_400s_where_one_is_required() {
    let calls = Arc::default();
    let service = layer().layer(function(&calls, |call| call.to_string().into_response()));
    let mut without = post("k", "");
    without.headers_mut().remove("idempotency-key");
    let long = "k".repeat(256);
    let quoted = format!("\"{long}\"");
    for request in [without, post("", ""), post("\"\"", ""), post(&long, ""), post(&quoted, ""), post("é", "")] {
        assert_eq!(service.clone().oneshot(request).await.unwrap().status(), 400);
    }
    assert_eq!(calls.load(Ordering::Relaxed), 0);
    let mut get = post("k", "");
    *get.method_mut() = Method::GET;
    get.headers_mut().remove("idempotency-key");
    assert_eq!(service.oneshot(get).await.unwrap().status(), 200, "a GET needs none");
}

#[tokio::test(start_paused = true)]
async fn two_keys_and_broken_strings_are_400s() {
    let calls = Arc::default();
    let service = layer().layer(function(&calls, |call| call.to_string().into_response()));
    for two in [
        "a,b",
        "a, b",
        r#""a","b""#,
        r#""a", "b""#,
        r#""a";n=1, "b""#,
        r#"a"b"#,
        r#""a"b""#,
        r#""a"#,
        r#""a\""#,
        r#""a\b""#,
        "a\"",
    ] {
        assert_eq!(service.clone().oneshot(post(two, "")).await.unwrap().status(), 400, "{two}");
    }
    let mut lines = post("a", "");
    lines.headers_mut().append("idempotency-key", HeaderValue::from_static("b"));
    assert_eq!(service.clone().oneshot(lines).await.unwrap().status(), 400);
    assert_eq!(calls.load(Ordering::Relaxed), 0);
    let ask = async |key: &str| text(service.clone().oneshot(post(key, "")).await.unwrap()).await;
    assert_eq!(ask(r#""a, b""#).await, "1");
    assert_eq!(ask(r#""a\"b""#).await, "2");
    assert_eq!(ask(r#""a\\b""#).await, "3");
    assert_eq!(ask(r"a\b").await, "3");
    assert_eq!(ask(r#""c";n=1"#).await, "4");
    assert_eq!(ask("c").await, "4");
}

#[tokio::test(start_paused = true)]
async fn a_key_is_measured_without_its_quotes() {
    let calls = Arc::default();
    let service = layer().layer(function(&calls, |call| call.to_string().into_response()));
    let longest = "k".repeat(MAX_KEY);
    for key in [format!("\"{longest}\""), longest] {
        assert_eq!(text(service.clone().oneshot(post(&key, "")).await.unwrap()).await, "1");
    }
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

#[tokio::test(start_paused = true)]
async fn any_part_of_the_request_can_be_the_key() {
    let idempotency = Idempotency::new(MemoryStore::new(), "f");
    let once =
        IdempotencyLayer::new(idempotency.key("[powertools_json(body).id, queryStringParameters.a]").require_key());
    let calls = Arc::default();
    let service = once.layer(function(&calls, |call| call.to_string().into_response()));
    let ask = async |body: &str| service.clone().oneshot(post("ignored", body)).await.unwrap();
    assert_eq!(text(ask("{\"id\": 1, \"note\": \"a\"}").await).await, "1");
    assert_eq!(text(ask("{\"id\": 1, \"note\": \"b\"}").await).await, "1");
    assert_eq!(text(ask("{\"id\": 2}").await).await, "2");
    assert_eq!(ask("{").await.status(), 400);
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

/// A function whose response is what the extractor finds: the key and an id, or the status of the rejection.
async fn extracted(layer: IdempotencyLayer, request: Request<Body>) -> Result<(String, String), StatusCode> {
    use axum_core::extract::FromRequestParts as _;
    let seen = Arc::new(std::sync::Mutex::new(None));
    let kept = Arc::clone(&seen);
    let function = service_fn(move |request: Request<Body>| {
        let kept = Arc::clone(&kept);
        async move {
            let (mut parts, _) = request.into_parts();
            let key = IdempotencyKey::from_request_parts(&mut parts, &()).await;
            let optional = Option::<IdempotencyKey>::from_request_parts(&mut parts, &()).await;
            match (&key, &optional) {
                (Ok(key), Ok(Some(optional))) => assert!(key == optional),
                (Err(rejection), Ok(None)) => assert_eq!(rejection.status(), 400),
                (Err(rejection), Err(optional)) => assert_eq!(rejection.status(), optional.status()),
                mixed => panic!("{mixed:?}"),
            }
            let found = key.map(|key| (key.as_str().to_owned(), key.effect_id("charge")));
            *kept.lock().unwrap() = Some(found.map_err(|rejection| rejection.status()));
            Ok::<_, Infallible>(StatusCode::OK.into_response())
        }
    });
    layer.layer(function).oneshot(request).await.unwrap();
    let found = seen.lock().unwrap().take();
    found.expect("the function ran")
}

fn by_user(store: &MemoryStore) -> IdempotencyLayer {
    let who = |parts: &Parts| parts.headers.get("x-user").and_then(|user| user.to_str().ok()).map(str::to_owned);
    IdempotencyLayer::new(Idempotency::new(store.clone(), "f")).caller(who)
}

#[tokio::test(start_paused = true)]
async fn an_id_belongs_to_the_caller_the_method_the_path_the_key_and_the_prefix() {
    let find = |layer: IdempotencyLayer, request| async move { extracted(layer, request).await.unwrap() };
    let by_user = || by_user(&MemoryStore::new());
    let of = |user: &'static str, mut request: Request<Body>| {
        request.headers_mut().insert("x-user", HeaderValue::from_static(user));
        request
    };
    let (text, id) = find(by_user(), of("ada", post("k", "1"))).await;
    assert_eq!(text, "k");
    // A change of this id would charge once more what is retried during a deployment.
    assert_eq!(id, "ae955476586fbb3914804b3bb9ff258d5b72b7169f98be1d3477fea175c87b32");
    assert_eq!(find(by_user(), of("ada", post("\"k\"", "2"))).await, (text, id.clone()), "without quotes; any payload");

    let mut patch = post("k", "1");
    *patch.method_mut() = Method::PATCH;
    let mut elsewhere = post("k", "1");
    *elsewhere.uri_mut() = Uri::from_static("/refunds");
    let mut ids = vec![id];
    for request in [of("bob", post("k", "1")), of("ada", patch), of("ada", elsewhere), of("ada", post("K", "1"))] {
        ids.push(find(by_user(), request).await.1);
    }
    let other_prefix =
        IdempotencyLayer::new(Idempotency::new(MemoryStore::new(), "g")).caller(|_| Some("ada".to_owned()));
    ids.push(find(other_prefix, post("k", "1")).await.1);
    let distinct = ids.iter().collect::<std::collections::BTreeSet<_>>();
    assert_eq!(distinct.len(), 6, "{ids:?}");
    assert!(ids.iter().all(|id| id.len() == 64));
}

#[tokio::test(start_paused = true)]
async fn a_key_of_an_expression_is_what_it_selects_and_belongs_to_no_caller() {
    let layer = |expression| IdempotencyLayer::new(Idempotency::new(MemoryStore::new(), "f").key(expression));
    let order = r#"{"id":7,"name":"o-7"}"#;
    let mut of_bob = post("another", order);
    of_bob.headers_mut().insert("authorization", HeaderValue::from_static("Bearer bob"));
    let number = extracted(layer("powertools_json(body).id"), post("k", order)).await.unwrap();
    assert_eq!(number.0, "7");
    assert_eq!(extracted(layer("powertools_json(body).id"), of_bob).await.unwrap(), number);
    let list = "powertools_json(body).[name, id]";
    assert_eq!(extracted(layer(list), post("k", order)).await.unwrap().0, r#"["o-7", 7]"#);
    assert_eq!(extracted(layer("powertools_json(body).other"), post("k", order)).await, Err(StatusCode::BAD_REQUEST));
}

#[tokio::test(start_paused = true)]
async fn a_function_without_a_key_gets_a_400_and_without_the_layer_a_500() {
    let layer = || by_user(&MemoryStore::new());
    let mut without = post("k", "");
    without.headers_mut().remove("idempotency-key");
    for request in [without, post("", ""), post("\"\"", "")] {
        assert_eq!(extracted(layer(), request).await, Err(StatusCode::BAD_REQUEST));
    }
    let mut put = post("k", "");
    *put.method_mut() = Method::PUT;
    assert_eq!(extracted(layer(), put).await, Err(StatusCode::INTERNAL_SERVER_ERROR), "not a method of the layer");
    let mut put = post("k", "");
    *put.method_mut() = Method::PUT;
    assert_eq!(extracted(layer().methods([Method::PUT]), put).await.unwrap().0, "k");

    use axum_core::extract::FromRequestParts as _;
    let (mut parts, _) = post("k", "").into_parts();
    let rejection = IdempotencyKey::from_request_parts(&mut parts, &()).await.unwrap_err();
    assert_eq!(rejection.status(), 500);
    assert!(rejection.detail().contains("http::Stack::idempotency"), "{rejection}");
}

#[tokio::test(start_paused = true)]
async fn the_function_has_its_key_while_idempotency_is_disabled() {
    let disabled = || IdempotencyLayer::new(Idempotency::new(MemoryStore::new(), "f").off());
    let enabled = IdempotencyLayer::new(Idempotency::new(MemoryStore::new(), "f"));
    let found = extracted(disabled(), post("k", "")).await.unwrap();
    assert_eq!(found, extracted(enabled, post("k", "")).await.unwrap());
    assert_eq!(extracted(disabled(), post("a,b", "")).await, Err(StatusCode::BAD_REQUEST));
}

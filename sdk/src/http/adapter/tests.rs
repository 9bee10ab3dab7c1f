mod header_limit;

use std::time::Duration;

use futures_util::{StreamExt, stream};
use http_body_util::BodyExt;
use tower::ServiceExt;

use super::*;
use crate::core::invocation::Invocation;

async fn answered(body: fn() -> Body) -> serde_json::Value {
    let invocation = Invocation::with_time_left(lambda_runtime::Context::default(), Some(Duration::from_secs(5)));
    let event = serde_json::json!({
        "version": "2.0", "rawPath": "/", "requestContext": { "http": { "method": "GET", "path": "/" } },
    });
    let event = crate::RawEvent::parse(event.to_string()).unwrap();
    let inner = tower::service_fn(move |_: Request<Body>| {
        let response = Response::builder().header("access-control-allow-origin", "*").body(body()).unwrap();
        std::future::ready(Ok::<_, std::convert::Infallible>(response))
    });
    let answer = HttpAdapter::new(inner).oneshot(Incoming { event, invocation }).await.unwrap();
    serde_json::from_str(answer.as_json().unwrap().get()).unwrap()
}

#[tokio::test(start_paused = true)]
async fn a_body_that_hangs_or_has_no_end_is_answered_in_time() {
    let hangs = answered(|| Body::from_stream(stream::pending::<Result<Bytes, BoxError>>()));
    let hangs = tokio::time::timeout(Duration::from_secs(6), hangs).await.expect("in time");
    assert_eq!((&hangs["statusCode"], &hangs["headers"]["access-control-allow-origin"]), (&504.into(), &"*".into()));
    let endless =
        answered(|| Body::from_stream(stream::repeat_with(|| Ok::<_, BoxError>(Bytes::from_static(&[b'a'; 65536])))));
    assert_eq!(endless.await["statusCode"], 500);
}

#[tokio::test]
async fn a_function_url_and_a_rest_api_are_answered_by_a_stream_and_an_http_api_as_a_whole() {
    let url = serde_json::json!({ "domainName": "u.lambda-url.eu-central-1.on.aws", "http": { "method": "GET", "path": "/" } });
    let api = serde_json::json!({ "domainName": "a.execute-api.eu-central-1.amazonaws.com", "http": { "method": "GET", "path": "/" } });
    for (event, streamed) in [
        (serde_json::json!({ "version": "2.0", "rawPath": "/", "requestContext": url }), true),
        (serde_json::json!({ "version": "2.0", "rawPath": "/", "requestContext": api }), false),
        (serde_json::json!({ "resource": "/", "path": "/", "httpMethod": "GET", "requestContext": {} }), true),
        (serde_json::json!({ "version": "1.0", "path": "/", "httpMethod": "GET", "requestContext": {} }), false),
    ] {
        let inner = tower::service_fn(async |_: Request<Body>| {
            Ok::<_, std::convert::Infallible>(Response::new(Body::from("a")))
        });
        assert_eq!(self::streamed(streaming(inner), &event).await.is_ok(), streamed, "{event}");
    }
}

fn event_of(domain: &str, headers: serde_json::Value) -> serde_json::Value {
    serde_json::json!({
        "version": "2.0", "rawPath": "/", "headers": headers,
        "requestContext": { "domainName": domain, "http": { "method": "GET", "path": "/" } },
    })
}

/// The domain of a function URL.
const URL: &str = "u.lambda-url.eu-central-1.on.aws";

fn streaming<S>(inner: S) -> HttpAdapter<S> {
    HttpAdapter::new(inner).streaming(crate::http::streaming::stream)
}

/// Returns the response of a streaming function: the stream's, or the whole one.
async fn streamed<R: crate::RawService>(
    raw: R,
    event: &serde_json::Value,
) -> Result<Response<Body>, serde_json::Value> {
    let event = crate::RawEvent::parse(event.to_string()).unwrap();
    let invocation = Invocation::new(lambda_runtime::Context::default());
    match raw.oneshot(Incoming { event, invocation }).await.unwrap().into_content() {
        Ok(whole) => Err(serde_json::from_str(whole.get()).unwrap()),
        Err(streamed) => {
            let mut response = Response::new(Body::from_stream(streamed.stream));
            *response.status_mut() = streamed.metadata_prelude.status_code;
            *response.headers_mut() = streamed.metadata_prelude.headers;
            Ok(response)
        }
    }
}

async fn length(body: Body) -> usize {
    body.collect().await.unwrap().to_bytes().len()
}

#[tokio::test]
async fn a_streamed_response_has_no_fields_of_its_connection_and_no_body_where_none_may_be() {
    for (status, sent) in [(200, 4), (204, 0), (205, 0), (304, 0)] {
        let inner = tower::service_fn(move |_: Request<Body>| async move {
            let response = Response::builder().status(status).header("connection", "x-hop").header("x-hop", "1");
            let response =
                response.header("content-length", "4").header("transfer-encoding", "chunked").header("x", "1");
            Ok::<_, std::convert::Infallible>(response.body(Body::from("body")).unwrap())
        });
        let response = streamed(streaming(inner), &event_of(URL, serde_json::json!({}))).await.unwrap();
        assert_eq!(response.headers().keys().collect::<Vec<_>>(), ["x"], "{status}");
        assert_eq!(length(response.into_body()).await, sent, "{status}");
    }
}

#[tokio::test]
async fn a_malformed_request_is_refused_by_the_stream() {
    async fn hello(_: http::Method) -> &'static str {
        "hello"
    }
    let event = event_of(URL, serde_json::json!({ "host": "a b" }));
    let raw = crate::handler(hello).streaming().into_service().unwrap();
    let response = streamed(raw, &event).await.unwrap();
    assert_eq!(response.status(), 400);
    assert_eq!(response.headers()["content-type"], "application/problem+json");
    assert!(length(response.into_body()).await > 0);
}

#[tokio::test]
async fn a_malformed_request_is_refused_also_around_a_service_that_does_not_know_of_it() {
    for (domain, streams) in [(URL, true), ("a.execute-api.eu-central-1.amazonaws.com", false)] {
        for headers in [serde_json::json!({ "host": "a b" }), serde_json::json!(5)] {
            let inner = tower::service_fn(async |_: Request<Body>| {
                let response = Response::builder().header("server", "mine").header("etag", "\"7\"");
                Ok::<_, std::convert::Infallible>(response.body(Body::from("a")).unwrap())
            });
            match streamed(streaming(inner), &event_of(domain, headers)).await {
                Ok(response) => {
                    assert!(streams);
                    assert_eq!((response.status().as_u16(), response.headers().len()), (400, 2));
                }
                Err(whole) => {
                    assert!(!streams);
                    assert_eq!((&whole["statusCode"], &whole["headers"]["server"]), (&400.into(), &"mine".into()));
                    assert!(whole["body"].as_str().unwrap().contains("malformed"));
                }
            }
        }
    }
}

#[cfg(feature = "compression")]
#[tokio::test]
async fn only_what_is_sent_as_a_whole_is_compressed_by_its_size() {
    /// Text that gzip makes a quarter smaller at most, which base64 takes back.
    async fn dense(_: http::Method) -> String {
        use base64::Engine as _;
        let mut state = 1_u32;
        let bytes = (0..3000).map(|_| {
            state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            (state >> 24) as u8
        });
        base64::engine::general_purpose::STANDARD.encode(bytes.collect::<Vec<_>>())
    }
    let raw = || {
        let stack = crate::http::Stack::new().compression(crate::http::CompressionLayer::new());
        crate::handler(dense).layer(stack).streaming().into_service().unwrap()
    };
    let gzip = serde_json::json!({ "accept-encoding": "gzip" });
    let response = streamed(raw(), &event_of(URL, gzip.clone())).await.unwrap();
    assert_eq!(response.headers()["content-encoding"], "gzip");
    assert!(length(response.into_body()).await < 4000);
    let whole = streamed(raw(), &event_of("a.execute-api.eu-central-1.amazonaws.com", gzip)).await.unwrap_err();
    assert_eq!(
        (&whole["headers"]["content-encoding"], &whole["isBase64Encoded"]),
        (&serde_json::Value::Null, &false.into())
    );
    assert_eq!((&whole["headers"]["vary"], whole["body"].as_str().unwrap().len()), (&"accept-encoding".into(), 4000));
}

#[tokio::test]
async fn a_malformed_request_is_answered_by_a_stream_where_any_other_is() {
    for (domain, streamed) in [
        ("u.lambda-url.eu-central-1.on.aws", true),
        ("localhost", true),
        ("localhost.example.com", false),
        ("a.execute-api.eu-central-1.amazonaws.com", false),
    ] {
        let context = serde_json::json!({ "domainName": domain, "http": { "method": "GET", "path": "/" } });
        for event in [
            serde_json::json!({ "rawPath": "/", "headers": { "host": "a b" }, "requestContext": context }),
            serde_json::json!({ "rawPath": "/", "headers": 5, "requestContext": context }),
        ] {
            let inner = tower::service_fn(async |_: Request<Body>| {
                Ok::<_, std::convert::Infallible>(Response::new(Body::from("a")))
            });
            match self::streamed(streaming(inner), &event).await {
                Ok(response) => assert_eq!((streamed, response.status().as_u16()), (true, 400), "{event}"),
                Err(whole) => assert_eq!((streamed, &whole["statusCode"]), (false, &400.into()), "{event}"),
            }
        }
    }
}

/// Panics when it is dropped, once nothing else panics.
struct Bomb;

impl Drop for Bomb {
    fn drop(&mut self) {
        assert!(std::thread::panicking(), "dropped");
    }
}

/// Returns a response whose body panics when it is dropped.
fn with_bomb() -> Response<Body> {
    let bomb = Bomb;
    let body = Body::from_stream(stream::iter([Ok::<_, BoxError>("a")]).inspect(move |_| {
        let _ = &bomb;
    }));
    Response::new(body)
}

async fn status<S>(inner: S, method: &str, body: &str) -> serde_json::Value
where
    S: Service<Request<Body>, Response = Response<Body>, Error = std::convert::Infallible, Future: Send>,
    S: Clone + Send + 'static,
{
    let event = serde_json::json!({
        "rawPath": "/", "requestContext": { "http": { "method": method, "path": "/" } }, "body": body,
        "isBase64Encoded": true,
    });
    let event = crate::RawEvent::parse(event.to_string()).unwrap();
    let invocation = Invocation::new(lambda_runtime::Context::default());
    // Called without a clone of the adapter.
    let answer = HttpAdapter::new(inner).call(Incoming { event, invocation }).await.unwrap();
    serde_json::from_str::<serde_json::Value>(answer.as_json().unwrap().get()).unwrap()["statusCode"].clone()
}

#[tokio::test]
async fn a_panic_of_a_clone_of_an_unsent_body_and_of_a_payload_is_contained() {
    let bomb = tower::service_fn(async |_: Request<Body>| Ok::<_, std::convert::Infallible>(with_bomb()));
    assert_eq!(status(bomb, "HEAD", "").await, 200);
    assert_eq!(status(bomb, "POST", "not base64!").await, 400);
    let panics = tower::service_fn(async |_: Request<Body>| -> Result<Response<Body>, std::convert::Infallible> {
        std::panic::panic_any(Bomb)
    });
    assert_eq!(status(panics, "GET", "").await, 500);

    struct Uncloneable;
    impl Clone for Uncloneable {
        fn clone(&self) -> Self {
            panic!("cloned")
        }
    }
    let held = Uncloneable;
    let uncloneable = tower::service_fn(move |_: Request<Body>| {
        let _ = &held;
        std::future::ready(Ok::<_, std::convert::Infallible>(Response::new(Body::from("a"))))
    });
    assert_eq!(status(uncloneable, "GET", "").await, 500);
}

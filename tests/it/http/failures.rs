//! Failures outside the error layer: of time, of a body, of a precondition. They are rendered and logged as those of the function.

use std::fmt;
use std::future::pending;
use std::time::Duration;

use futures_util::stream;
use pilaster::http::{
    Body, CompressionLayer, ConditionalLayer, CorsLayer, DeadlineLayer, ErrorLayer, HttpError, NegotiationLayer,
    Rejection, Response, SecurityHeadersLayer, Stack, StatusCode,
};
use pilaster::observe::logging::CapturedLogs;
use tower::timeout::TimeoutLayer;
use tower_http::set_header::SetResponseHeaderLayer;

use super::*;

fn cors() -> CorsLayer {
    CorsLayer::new().allow_origins(["https://app.example.com"])
}

fn asked(method: &str, headers: &[(&str, &str)]) -> String {
    let mut event = smallest("http api");
    event["requestContext"]["http"]["method"] = json!(method);
    event["headers"]["origin"] = json!("https://app.example.com");
    for (name, value) in headers {
        event["headers"][name] = json!(value);
    }
    event.to_string()
}

async fn hang(_: Method) -> &'static str {
    pending().await
}

#[tokio::test(start_paused = true)]
async fn a_function_without_a_stack_is_answered_before_its_deadline() {
    let left = Duration::from_secs(3);
    let start = tokio::time::Instant::now();
    let timeout =
        Caller::new(pilaster::handler(hang).without_stack().layer(TimeoutLayer::new(Duration::from_secs(1000))));
    let answer = call(&timeout.with_time_left(left), &asked("GET", &[])).await.unwrap();
    assert_eq!((&answer["statusCode"], &body(&answer)["status"]), (&json!(504), &json!(504)));
    assert!(start.elapsed() < left, "{:?}", start.elapsed());
    let start = tokio::time::Instant::now();
    let caller = Caller::new(pilaster::handler(hang).without_stack().layer(cors())).with_time_left(left);
    assert_eq!(call(&caller, &asked("GET", &[])).await.unwrap()["statusCode"], 504);
    assert!(start.elapsed() < left, "{:?}", start.elapsed());
}

#[tokio::test(start_paused = true)]
async fn the_stack_responds_before_the_deadline_with_any_margin() {
    for left in [Duration::from_millis(120), Duration::from_millis(300), Duration::from_secs(3)] {
        for margin in [0, 1, 20, 100, 249, 250, 251, 2000] {
            let deadline = DeadlineLayer::new().margin(Duration::from_millis(margin));
            let caller = Caller::new(pilaster::handler(hang).layer(Stack::new().cors(cors()).deadline(deadline)));
            let start = tokio::time::Instant::now();
            let answer = call(&caller.with_time_left(left), &asked("GET", &[])).await.unwrap();
            assert_eq!(answer["statusCode"], 504);
            let allowed = &answer["headers"]["access-control-allow-origin"];
            assert_eq!(allowed, "https://app.example.com", "{left:?}, {margin} ms: {answer}");
            let margin = Duration::from_millis(margin).min(left / 2);
            let off = start.elapsed().abs_diff(left - margin);
            assert!(off <= Duration::from_millis(2), "{left:?}, {margin:?}: {off:?}");
        }
    }
}

fn mine() -> ErrorLayer {
    ErrorLayer::new().render_with(|error: &HttpError| {
        ([("content-type", "application/vnd.mine+json")], format!("{{\"mine\":{}}}", error.status().as_u16()))
    })
}

async fn page(_: Method) -> ([(&'static str, &'static str); 1], &'static str) {
    ([("etag", "\"7\"")], "page")
}

async fn breaks(_: Method) -> Body {
    Body::from_stream(stream::iter([Ok("a"), Err("db password is hunter2")]))
}

async fn large(_: Method) -> String {
    "x".repeat(7_000_000)
}

fn assert_mine(answer: &Value, status: u16) {
    assert_eq!((&answer["statusCode"], &body(answer)), (&json!(status), &json!({ "mine": status })), "{answer}");
    assert_eq!(answer["headers"]["content-type"], "application/vnd.mine+json");
    assert_eq!(answer["headers"]["access-control-allow-origin"], "https://app.example.com");
}

#[tokio::test]
async fn a_renderer_renders_the_failures_outside_the_error_layer_too_with_their_status() {
    let stack = || Stack::new().cors(cors()).errors(mine());
    let caller = Caller::new(pilaster::handler(page).layer(stack().conditional(ConditionalLayer::new())));
    let answer = call(&caller, &asked("GET", &[("if-match", "\"8\"")])).await.unwrap();
    assert_mine(&answer, 412);
    assert_eq!(answer["headers"]["etag"], "\"7\"", "the version that there is");
    assert_mine(&call(&Caller::new(pilaster::handler(breaks).layer(stack())), &asked("GET", &[])).await.unwrap(), 500);
    assert_mine(&call(&Caller::new(pilaster::handler(large).layer(stack())), &asked("GET", &[])).await.unwrap(), 500);
    let malformed = call(&caller, &asked("GET", &[("host", "a b")])).await.unwrap();
    assert_mine(&malformed, 400);
    let broken = |_: Method| async { Err::<&str, _>(HttpError::conflict("taken")) };
    assert_mine(&call(&Caller::new(pilaster::handler(broken).layer(stack())), &asked("GET", &[])).await.unwrap(), 409);
}

#[tokio::test]
async fn a_renderer_that_sets_a_status_of_an_error_keeps_it() {
    let errors = ErrorLayer::new().render_with(|_| (StatusCode::IM_A_TEAPOT, "tea"));
    let broken = |_: Method| async { Err::<&str, _>(HttpError::conflict("taken")) };
    let caller = Caller::new(pilaster::handler(broken).layer(Stack::new().errors(errors)));
    assert_eq!(call(&caller, &asked("GET", &[])).await.unwrap()["statusCode"], 418);
}

#[tokio::test]
async fn a_renderer_whose_body_fails_leaves_a_problem() {
    let errors =
        ErrorLayer::new().render_with(|_| Body::from_stream(stream::iter([Err::<&str, _>("the renderer is broken")])));
    let caller = Caller::new(pilaster::handler(large).layer(Stack::new().errors(errors)));
    let answer = call(&caller, &asked("GET", &[])).await.unwrap();
    assert_eq!((&answer["statusCode"], &body(&answer)["status"]), (&json!(500), &json!(500)));
}

#[tokio::test]
async fn a_precondition_that_fails_is_one_line() {
    let logs = CapturedLogs::default();
    let stack = Stack::new().cors(cors()).conditional(ConditionalLayer::new());
    let caller = Caller::new(pilaster::handler(page).layer(stack)).with_logs(&logs);
    let answer = call(&caller, &asked("GET", &[("if-match", "\"8\"")])).await.unwrap();
    assert_eq!((&answer["statusCode"], &answer["headers"]["etag"]), (&json!(412), &json!("\"7\"")));
    let lines = logs.lines();
    let refused: Vec<_> = lines.iter().filter(|line| line["message"] == "the request was rejected").collect();
    assert_eq!(refused.len(), 1, "{lines:?}");
    assert_eq!(
        (&refused[0]["level"], &refused[0]["status"], &refused[0]["path"]),
        (&json!("INFO"), &json!(412), &json!("/p"))
    );
}

#[tokio::test(start_paused = true)]
async fn errors_of_layers_and_of_the_deadline_are_written_as_the_client_wants_them() {
    let writer =
        || NegotiationLayer::new().error_writer("text/plain", |error| format!("mine {}", error.status().as_u16()));
    let late = pilaster::handler(hang).layer(Stack::new().layer(writer()));
    let late = Caller::new(late).with_time_left(Duration::from_secs(3));
    let own = Stack::new().errors(ErrorLayer::new().on::<tower::timeout::error::Elapsed>(503));
    let own = own.layer(writer()).layer(TimeoutLayer::new(Duration::from_secs(1)));
    let elapsed = Caller::new(pilaster::handler(hang).layer(own));
    let plain = asked("GET", &[("accept", "text/plain")]);
    for (answer, status) in [(call(&late, &plain).await.unwrap(), 504), (call(&elapsed, &plain).await.unwrap(), 503)] {
        assert_eq!((&answer["statusCode"], &answer["body"]), (&json!(status), &json!(format!("mine {status}"))));
        assert_eq!(answer["headers"]["content-type"], "text/plain");
    }
    let any = asked("GET", &[]);
    for answer in [call(&late, &any).await.unwrap(), call(&elapsed, &any).await.unwrap()] {
        assert_eq!(answer["headers"]["content-type"], "application/problem+json");
    }
}

#[tokio::test]
async fn digests_of_the_plain_bytes_are_not_sent_with_compressed_ones() {
    const DIGESTS: [&str; 4] = ["content-digest", "repr-digest", "digest", "content-md5"];
    let text = async |_: Method| {
        let headers = DIGESTS.map(|name| (name, "sha-256=:AAAA:"));
        (headers, "la ".repeat(1000))
    };
    let stack = Stack::new().compression(CompressionLayer::new());
    let caller = Caller::new(pilaster::handler(text).layer(stack));
    for (accepted, is_plain) in [("gzip", false), ("identity", true)] {
        let answer = call(&caller, &asked("GET", &[("accept-encoding", accepted)])).await.unwrap();
        assert_eq!(answer["headers"]["content-encoding"].is_null(), is_plain);
        for name in DIGESTS {
            assert_eq!(answer["headers"][name].is_string(), is_plain, "{name}: {answer}");
        }
    }
}

#[tokio::test]
async fn head_promises_no_coding_that_get_has_not() {
    let text = async |_: Method| ([("etag", "\"7\""), ("accept-ranges", "bytes")], responses::dense());
    let stack = Stack::new().compression(CompressionLayer::new());
    let caller = Caller::new(pilaster::handler(text).layer(stack));
    let get = call(&caller, &asked("GET", &[("accept-encoding", "gzip")])).await.unwrap();
    let head = call(&caller, &asked("HEAD", &[("accept-encoding", "gzip")])).await.unwrap();
    assert!(get["headers"]["content-encoding"].is_null(), "{get}");
    assert_eq!(head["headers"], get["headers"]);
    assert_eq!(head["headers"]["vary"], "accept-encoding");
}

#[tokio::test]
async fn what_a_functions_connection_lists_is_not_what_layers_add() {
    let proxied = async |_: Method| {
        let own = [("x-hop", "1"), ("keep-alive", "timeout=5")];
        (own, [("connection", "x-hop, reporting-endpoints, x-request-id, keep-alive")], "page")
    };
    let id = SetResponseHeaderLayer::overriding(
        http::HeaderName::from_static("x-request-id"),
        http::HeaderValue::from_static("1"),
    );
    let headers = SecurityHeadersLayer::api().reporting_endpoint("e", "https://app.example.com/reports");
    let caller = Caller::new(pilaster::handler(proxied).layer(Stack::new().security_headers(headers).layer(id)));
    let answer = call(&caller, &asked("GET", &[])).await.unwrap();
    assert_eq!(answer["headers"]["x-request-id"], "1", "{answer}");
    assert!(answer["headers"]["reporting-endpoints"].is_string(), "{answer}");
    for name in ["connection", "keep-alive", "x-hop"] {
        assert!(answer["headers"][name].is_null(), "{name}: {answer}");
    }
}

#[test]
fn the_debug_text_of_an_error_has_the_texts_of_its_causes_alone() {
    struct Holds;
    impl fmt::Debug for Holds {
        fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("Holds(hunter2)")
        }
    }
    impl fmt::Display for Holds {
        fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("the store refused")
        }
    }
    impl std::error::Error for Holds {}
    let secret = http::HeaderValue::from_static("hunter2");
    let rejection = Rejection::new(StatusCode::BAD_REQUEST, "it is wrong")
        .with_header(http::header::WWW_AUTHENTICATE, secret)
        .with_source(Holds);
    for text in [
        format!("{:?}", HttpError::from(Holds)),
        format!("{rejection:?}"),
        format!("{:?}", HttpError::from(rejection)),
        format!("{:?}", FunctionError::new("Save", "not saved").with_source(Holds)),
    ] {
        assert!(!text.contains("hunter2") && text.contains("the store refused"), "{text}");
    }
}

#[tokio::test]
async fn a_style_sheet_of_xml_is_a_document_that_gets_a_policy() {
    let sheet = async |_: Method| ([("content-type", "text/xsl")], "<x/>");
    let stack = Stack::new().security_headers(SecurityHeadersLayer::new());
    let answer = call(&Caller::new(pilaster::handler(sheet).layer(stack)), &asked("GET", &[])).await.unwrap();
    assert!(answer["headers"]["content-security-policy"].is_string(), "{answer}");
}

#[tokio::test]
async fn a_response_of_an_error_layer_within_another_is_rendered_once() {
    let inner = ErrorLayer::new().render_with(|error| format!("inner {}", error.status().as_u16()));
    let outer = ErrorLayer::new().render_with(|error| format!("outer {}", error.status().as_u16()));
    let broken = |_: Method| async { Err::<Response, _>(HttpError::conflict("taken")) };
    let caller = Caller::new(pilaster::handler(broken).layer(Stack::new().errors(outer).layer(inner)));
    assert_eq!(call(&caller, &asked("GET", &[])).await.unwrap()["body"], "inner 409");
}

/// axum sends the type's name as text.
#[tokio::test]
async fn a_5xx_of_another_crates_extractor_is_logged_and_not_sent() {
    #[derive(Clone)]
    struct TenantOfTheCaller;
    async fn first(_: axum::Extension<TenantOfTheCaller>, _: Method) -> &'static str {
        ""
    }
    async fn last(_: axum::Extension<TenantOfTheCaller>) -> &'static str {
        ""
    }
    let functions = [
        Caller::new(pilaster::handler(first).layer(Stack::new().cors(cors()))),
        Caller::new(pilaster::handler(last).layer(Stack::new().cors(cors()))),
    ];
    for caller in functions {
        let logs = CapturedLogs::default();
        let answer = call(&caller.with_logs(&logs), &asked("GET", &[])).await.unwrap();
        assert_eq!((&answer["statusCode"], &body(&answer)["status"]), (&json!(500), &json!(500)));
        assert!(!answer.to_string().contains("Tenant"), "{answer}");
        assert!(answer["headers"]["access-control-allow-origin"].is_string(), "{answer}");
        let lines = logs.lines();
        let of_the_type = |line: &&Value| line.to_string().contains("TenantOfTheCaller");
        assert_eq!(lines.iter().filter(of_the_type).count(), 1, "{lines:?}");
    }
}

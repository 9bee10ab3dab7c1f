//! From the function's value to the response in the form of each source.

mod compression;

use axum::response::AppendHeaders;
use base64::Engine as _;
use pilaster::http::{Accepted, Created, HttpError, IntoResponse, NoContent, Redirect, Response, StatusCode};

use super::*;

async fn answers<H, M>(handler: H) -> Vec<(&'static str, Value)>
where
    H: pilaster::Handler<M> + Clone,
    pilaster::Function<H::Kind, H::Layers>: pilaster::IntoService,
{
    let caller = Caller::new(pilaster::handler(handler));
    let mut answers = Vec::new();
    for source in SOURCES {
        answers.push((source, call(&caller, &smallest(source).to_string()).await.unwrap()));
    }
    answers
}

fn base64(bytes: &[u8]) -> String {
    base64::engine::general_purpose::STANDARD.encode(bytes)
}

#[tokio::test]
async fn a_status_has_its_description_for_a_load_balancer() {
    for (source, answer) in answers(async |_: Method| (StatusCode::IM_A_TEAPOT, "tea")).await {
        assert_eq!((&answer["statusCode"], &answer["body"]), (&json!(418), &json!("tea")));
        assert!(header_of(source, &answer, "content-type").unwrap().starts_with("text/plain"));
        if source.starts_with("alb") {
            assert_eq!(answer["statusDescription"], "418 I'm a teapot");
        }
    }
}

#[tokio::test]
async fn no_cookie_is_lost() {
    let cookies =
        async |_: Method| AppendHeaders([("set-cookie", "a=1; Path=/"), ("set-cookie", "b=2"), ("x", "1"), ("x", "2")]);
    for (source, answer) in answers(cookies).await {
        match source {
            "http api" => {
                assert_eq!(answer["cookies"], json!(["a=1; Path=/", "b=2"]));
                assert_eq!(answer["headers"], json!({ "x": "1, 2" }));
            }
            "rest" | "alb multi" => {
                let expected = json!({ "set-cookie": ["a=1; Path=/", "b=2"], "x": ["1", "2"] });
                assert_eq!(answer["multiValueHeaders"], expected);
            }
            _ => {
                let headers = answer["headers"].as_object().unwrap();
                let mut cookies = headers.iter().filter(|(name, _)| name.eq_ignore_ascii_case("set-cookie"));
                assert_eq!(cookies.next().unwrap().1, "b=2");
                assert_eq!(cookies.next().unwrap().1, "a=1; Path=/");
                assert_eq!(headers["x"], "1, 2");
            }
        }
    }
}

#[tokio::test]
async fn what_is_no_text_is_base64() {
    let binary = async |_: Method| ([("content-type", "image/png")], b"\x89PNG\xFF".as_slice());
    for (_, answer) in answers(binary).await {
        assert_eq!((&answer["isBase64Encoded"], &answer["body"]), (&json!(true), &json!(base64(b"\x89PNG\xFF"))));
    }
    let unnamed = async |_: Method| Response::new(http::Body::from(b"\xFF".as_slice()));
    for (_, answer) in answers(unnamed).await {
        assert_eq!((&answer["isBase64Encoded"], &answer["body"]), (&json!(true), &json!(base64(b"\xFF"))));
    }
    let zipped = async |_: Method| ([("content-encoding", "gzip"), ("content-type", "text/plain")], "abc");
    for (_, answer) in answers(zipped).await {
        assert_eq!((&answer["isBase64Encoded"], &answer["body"]), (&json!(true), &json!(base64(b"abc"))));
    }
    for (_, answer) in answers(async |_: Method| "é😀\0\"").await {
        assert_eq!((&answer["isBase64Encoded"], &answer["body"]), (&json!(false), &json!("é😀\0\"")));
    }
}

#[tokio::test]
async fn the_named_responses_have_their_status_and_address() {
    async fn by_query(uri: Uri) -> Response {
        match uri.query().unwrap_or_default() {
            "created" => Created::at("/users/7", json!({ "id": 7 })).into_response(),
            "accepted" => Accepted::at("/jobs/7").retry_after(5).into_response(),
            "redirect" => Redirect::see_other("/users/7").into_response(),
            "nothing" => NoContent.into_response(),
            "error" => HttpError::conflict("taken").with_member("field", "name").into_response(),
            _ => Json(json!([1, "é"])).into_response(),
        }
    }
    let caller = Caller::new(pilaster::handler(by_query));
    for (query, status, location, body) in [
        ("created", 201, Some("/users/7"), r#"{"id":7}"#),
        ("accepted", 202, Some("/jobs/7"), ""),
        ("redirect", 303, Some("/users/7"), ""),
        ("nothing", 204, None, ""),
        ("error", 409, None, r#"{"title":"Conflict","status":409,"detail":"taken","field":"name"}"#),
        ("", 200, None, r#"[1,"é"]"#),
    ] {
        let mut event = smallest("http api");
        event["rawQueryString"] = json!(query);
        let answer = call(&caller, &event.to_string()).await.unwrap();
        assert_eq!((&answer["statusCode"], &answer["body"]), (&json!(status), &json!(body)));
        assert_eq!(answer["headers"]["location"].as_str(), location);
        assert_eq!(answer["isBase64Encoded"], false);
    }
}

#[tokio::test]
async fn any_std_error_is_an_opaque_500_in_every_form() {
    async fn fails(_: Method) -> Result<(), HttpError> {
        Err(std::io::Error::other("db password is hunter2"))?
    }
    for (source, answer) in answers(fails).await {
        assert_eq!(header_of(source, &answer, "content-type").as_deref(), Some("application/problem+json"));
        assert_eq!(body(&answer), json!({ "title": "Internal Server Error", "status": 500 }));
        assert!(!answer.to_string().contains("hunter2"));
    }
}

#[tokio::test]
async fn a_header_with_bytes_that_are_no_text_does_not_fail_the_answer() {
    async fn odd(_: Method) -> Response {
        let mut response = "x".into_response();
        let value = pilaster::http::HeaderValue::from_bytes(b"\xFFa").unwrap();
        response.headers_mut().insert("x-odd", value);
        response
    }
    for (source, answer) in answers(odd).await {
        assert_eq!(header_of(source, &answer, "x-odd").as_deref(), Some("\u{FFFD}a"));
    }
}

#[tokio::test]
async fn a_load_balancer_gets_no_more_than_its_megabyte_and_a_web_socket_no_more_than_a_message() {
    for (source, answer) in answers(async |_: Method| "a".repeat(1_100_000)).await {
        let is_small = source.starts_with("alb") || source == "websocket";
        assert_eq!(answer["statusCode"], if is_small { 500 } else { 200 }, "{source}");
        assert_eq!(answer.to_string().len() < 128 * 1024, is_small, "{source}");
    }
}

#[tokio::test]
async fn the_answer_to_head_is_that_to_get_without_its_body() {
    let caller = Caller::new(pilaster::handler(async |_: Method| Json("a body")));
    for source in SOURCES.into_iter().filter(|source| *source != "websocket") {
        let event = smallest(source).to_string().replace("POST", "HEAD");
        let answer = call(&caller, &event).await.unwrap();
        assert_eq!((&answer["statusCode"], &answer["body"]), (&json!(200), &json!("")), "{source}");
        assert_eq!(header_of(source, &answer, "content-type").as_deref(), Some("application/json"));
    }
}

/// The smallest event of a source, by this method and with these headers.
fn asked(source: &str, method: &str, headers: &[(&str, &str)]) -> String {
    let mut event: Value = serde_json::from_str(&smallest(source).to_string().replace("POST", method)).unwrap();
    for (name, value) in headers {
        for list in ["headers", "multiValueHeaders"] {
            match &event[list]["host"] {
                Value::String(_) => event[list][name] = json!(value),
                Value::Array(_) => event[list][name] = json!([value]),
                _ => drop(event.as_object_mut().unwrap().remove(list)),
            }
        }
    }
    event.to_string()
}

#[tokio::test]
async fn an_address_is_escaped_as_far_as_it_needs_it() {
    let redirect = async |_: Method| Redirect::see_other("/files/ü b%2Fc?q=é");
    for (source, answer) in answers(redirect).await {
        assert_eq!(answer["statusCode"], 303);
        assert_eq!(header_of(source, &answer, "location").unwrap(), "/files/%C3%BC%20b%2Fc?q=%C3%A9");
    }
    for (source, answer) in answers(async |_: Method| Created::at("/files/ü", json!(1))).await {
        assert_eq!(header_of(source, &answer, "location").unwrap(), "/files/%C3%BC");
    }
    for (source, answer) in answers(async |_: Method| Accepted::at("/jobs/ü")).await {
        assert_eq!(header_of(source, &answer, "location").unwrap(), "/jobs/%C3%BC");
    }
}

#[tokio::test]
async fn fields_of_one_connection_are_not_passed_on() {
    let proxied = async |_: Method| {
        let fields = [
            ("connection", "keep-alive, x-hop"),
            ("keep-alive", "timeout=5"),
            ("transfer-encoding", "chunked"),
            ("content-length", "99"),
            ("x-hop", "1"),
            ("content-type", "text/plain"),
        ];
        (fields, "hello")
    };
    for (source, answer) in answers(proxied).await {
        assert_eq!(answer["body"], "hello");
        assert_eq!(header_of(source, &answer, "content-type").as_deref(), Some("text/plain"));
        for name in ["connection", "keep-alive", "transfer-encoding", "content-length", "x-hop"] {
            assert_eq!(header_of(source, &answer, name), None, "{source}: {name}");
        }
    }
}

#[tokio::test]
async fn what_another_server_lists_takes_off_nothing_of_the_stack() {
    let proxied =
        async |_: Method| ([("connection", "vary, x-content-type-options, strict-transport-security")], "hello");
    let stack = http::Stack::new().security_headers(http::SecurityHeadersLayer::new());
    let caller = Caller::new(pilaster::handler(proxied).layer(stack));
    let answer = call(&caller, &smallest("http api").to_string()).await.unwrap();
    assert_eq!(answer["headers"]["x-content-type-options"], "nosniff");
    assert!(answer["headers"]["strict-transport-security"].is_string());
}

#[tokio::test]
async fn a_status_without_content_has_no_body() {
    for status in [204, 205, 304] {
        let handler = move |_: Method| async move { (StatusCode::from_u16(status).unwrap(), Json(json!([]))) };
        for (source, answer) in answers(handler).await {
            // An empty message of a WebSocket has no body at all.
            let body = if source == "websocket" { Value::Null } else { json!("") };
            assert_eq!((&answer["statusCode"], &answer["body"]), (&json!(status), &body), "{source}");
            assert_eq!(answer["isBase64Encoded"], false);
        }
    }
}

#[tokio::test]
async fn text_is_text_whatever_its_media_type() {
    for kind in ["application/x-yaml", "application/toml", "application/jwt", "application/vnd.x", "image/svg+xml"] {
        for (_, answer) in answers(move |_: Method| async move { ([("content-type", kind)], "a: ü") }).await {
            assert_eq!((&answer["isBase64Encoded"], &answer["body"]), (&json!(false), &json!("a: ü")), "{kind}");
        }
    }
}

#[tokio::test]
async fn text_that_is_too_long_when_it_is_escaped_is_base64() {
    // 180,000 of them are 1,080,000 characters as JSON, and 240,000 in base64.
    for (source, answer) in answers(async |_: Method| "\u{1}".repeat(180_000)).await {
        // It is longer than a message of a WebSocket.
        let status = if source == "websocket" { 500 } else { 200 };
        assert_eq!(
            (&answer["statusCode"], &answer["isBase64Encoded"]),
            (&json!(status), &json!(source.starts_with("alb"))),
            "{source}"
        );
    }
}

/// Text that gzip shrinks by at most a quarter, which base64 adds again.
pub(super) fn dense() -> String {
    let mut state = 1_u32;
    let bytes = (0..3000).map(|_| {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        (state >> 24) as u8
    });
    base64(&bytes.collect::<Vec<_>>())
}

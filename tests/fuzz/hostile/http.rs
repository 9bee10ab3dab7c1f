//! Events of requests: the response is a 400 that names the field, and the next event is served.

use pilaster::testing::Caller;
use pilaster::{FunctionError, http};
use serde_json::{Map, Value, json};
use tests::call;
use tests::http::{SOURCES, body, echo, echoed, header_of, smallest};

async fn answer(event: &Value) -> Result<Value, FunctionError> {
    call(&Caller::new(pilaster::handler(echo)), &event.to_string()).await
}

/// Returns the detail of the 400, or `None` if the event was served.
async fn refused(source: &str, event: &Value) -> Option<String> {
    let answer = answer(event).await.unwrap();
    let content_type = header_of(source, &answer, "content-type").unwrap();
    match answer["statusCode"].as_u64().unwrap() {
        200 => None,
        status => {
            assert_eq!(content_type, "application/problem+json");
            let problem = body(&answer);
            assert_eq!(problem["status"], status);
            assert!(status == 400 || status == 414 || status == 431, "{answer}");
            Some(problem["detail"].as_str().unwrap().to_owned())
        }
    }
}

fn host(host: &str) -> Value {
    let mut event = smallest("http api");
    event["headers"]["host"] = json!(host);
    event
}

fn path(source: &str, path: &str) -> Value {
    let mut event = smallest(source);
    match source {
        "http api" => event["rawPath"] = json!(path),
        "lattice 1" => event["raw_path"] = json!(path),
        "websocket" => event["requestContext"]["routeKey"] = json!(path),
        _ => event["path"] = json!(path),
    }
    event
}

#[tokio::test]
async fn the_smallest_event_of_each_source_is_served() {
    for source in SOURCES {
        let seen = echoed(&smallest(source)).await;
        assert_eq!((&seen["method"], &seen["uri"]), (&json!("POST"), &json!("https://h/p")), "{source}");
    }
}

#[tokio::test]
async fn a_field_of_the_wrong_type_is_named_in_the_sources_own_form() {
    let odd = [json!(5), json!("x"), json!([]), json!([1]), json!({}), json!(true), json!({ "a": { "b": 1 } })];
    for source in SOURCES {
        for field in smallest(source).as_object().unwrap().keys() {
            for value in &odd {
                let mut event = smallest(source);
                event[field] = value.clone();
                // Without its context the source of such an event is unknown.
                if field == "requestContext" && matches!(source, "http api" | "websocket") {
                    assert_eq!(answer(&event).await.unwrap_err().error_type(), "NotAnHttpEvent", "{event}");
                    continue;
                }
                let source = if field == "requestContext" && source.starts_with("alb") { "rest" } else { source };
                let fits = match field.as_str() {
                    "headers" | "multiValueHeaders" => value == &json!({}),
                    "isBase64Encoded" => value == &json!(true),
                    "requestContext" => value.is_object(),
                    _ => value.is_string(),
                };
                match refused(source, &event).await {
                    None => assert!(fits, "{event}"),
                    Some(detail) => assert!(!fits && detail.contains(field), "{event}: {detail}"),
                }
            }
        }
    }
}

#[tokio::test]
async fn null_is_the_same_as_missing() {
    for source in SOURCES {
        for field in smallest(source).as_object().unwrap().keys() {
            let (mut null, mut missing) = (smallest(source), smallest(source));
            null[field] = Value::Null;
            missing.as_object_mut().unwrap().remove(field);
            match (answer(&null).await, answer(&missing).await) {
                (Ok(null), Ok(missing)) => assert_eq!(null, missing, "{source}: {field}"),
                (Err(null), Err(missing)) => assert_eq!(null.message(), missing.message(), "{source}: {field}"),
                (null, missing) => panic!("{source}, {field}: {null:?}, {missing:?}"),
            }
        }
    }
}

#[tokio::test]
async fn a_malformed_context_names_its_field() {
    for (source, field) in [
        ("http api", "http"),
        ("http api", "stage"),
        ("rest", "stage"),
        ("alb", "stage"),
        ("alb multi", "stage"),
        ("lattice", "domainName"),
        ("websocket", "routeKey"),
        ("websocket", "eventType"),
    ] {
        let mut event = smallest(source);
        event["requestContext"][field] = json!(5);
        let detail = refused(source, &event).await.unwrap();
        assert_eq!(detail, format!("the request's field `requestContext.{field}` is malformed"));
    }
}

#[tokio::test]
async fn a_malformed_host_is_a_400() {
    let long = "a".repeat(256);
    for text in [
        " ",
        "example.com:",
        "example.com:x",
        "example.com:99999",
        "a:65536",
        "a:+1",
        "a:-1",
        "a:1:2",
        "a b",
        "[::1",
        "::1",
        "[::1]x",
        "[::1]]",
        "[[::1]]",
        "[]",
        "[]:80",
        "[x]",
        "a[b]",
        "[::1]:",
        "@",
        "@a",
        "a@",
        "a@b",
        "a:b@c",
        "a:80@",
        "[::1]@",
        "u:p@[::1]",
        ":",
        ":80",
        "a/b",
        "a?b",
        "a#b",
        "a\\b",
        "a%",
        "a%41",
        "%00",
        "é",
        "😀",
        "a\r\nx: y",
        "a\0",
        "<a>",
        &long,
    ] {
        let detail = refused("http api", &host(text)).await;
        assert_eq!(detail.as_deref(), Some("the request's header `host` is malformed"), "{text:?}");
    }
}

#[tokio::test]
async fn a_host_that_is_only_odd_is_served() {
    for (text, uri) in [
        ("", "/p"),
        ("[::1]", "https://[::1]/p"),
        ("[::1]:80", "https://[::1]:80/p"),
        ("999.999.999.999", "https://999.999.999.999/p"),
        ("EXAMPLE.com:65535", "https://EXAMPLE.com:65535/p"),
        ("a_b.c-d", "https://a_b.c-d/p"),
    ] {
        assert_eq!(echoed(&host(text)).await["uri"], uri);
    }
    let mut event = smallest("websocket");
    event["headers"] = json!({});
    assert_eq!(echoed(&event).await["uri"], "https://d/p", "the API's own name");
    event["requestContext"]["domainName"] = json!("<url-id>.example.com");
    assert_eq!(echoed(&event).await["uri"], "/p", "the API's own name is not a host");
}

#[tokio::test]
async fn a_malformed_scheme_is_a_400() {
    for text in ["", "javascript", "http:", "ftp", "é", ",http", "https\n"] {
        let mut event = smallest("http api");
        event["headers"]["x-forwarded-proto"] = json!(text);
        let detail = refused("http api", &event).await;
        assert_eq!(detail.as_deref(), Some("the request's header `x-forwarded-proto` is malformed"), "{text:?}");
    }
    for (text, uri) in [("HTTPS", "https://h/p"), ("http, https", "http://h/p"), ("wss", "https://h/p")] {
        let mut event = smallest("http api");
        event["headers"]["x-forwarded-proto"] = json!(text);
        assert_eq!(echoed(&event).await["uri"], uri);
    }
}

#[tokio::test]
async fn a_path_with_any_characters_stays_one_path() {
    for (text, uri) in [
        ("", "/"),
        ("p", "/p"),
        ("//", "//"),
        ("//evil.example/x", "//evil.example/x"),
        ("http://evil.example/x", "/http://evil.example/x"),
        ("#", "/%23"),
        ("/a#b", "/a%23b"),
        ("/a\r\nb", "/a%0D%0Ab"),
        ("/a%0d%0ab", "/a%0d%0ab"),
        ("/%zz", "/%zz"),
        ("/%", "/%"),
        ("/%ff", "/%ff"),
        ("/%2F..", "/%2F.."),
        ("/a b", "/a%20b"),
        ("/😀", "/%F0%9F%98%80"),
        ("/\0\u{7f}", "/%00%7F"),
        ("/{}\"<>`", "/%7B%7D%22%3C%3E%60"),
        ("*", "/*"),
        ("\\", "/\\"),
    ] {
        for source in SOURCES.into_iter().filter(|source| !matches!(*source, "http api" | "websocket")) {
            assert_eq!(echoed(&path(source, text)).await["uri"], format!("https://h{uri}"), "{source}: {text:?}");
        }
        // A decoded path has no escapes: each `%` is a character of its own.
        let escapes = uri.matches('%').count() - text.matches('%').count();
        let uri = if escapes == 0 { uri.replace('%', "%25") } else { uri.to_owned() };
        assert_eq!(echoed(&path("http api", text)).await["uri"], format!("https://h{uri}"), "http api: {text:?}");
        let route = if text.starts_with('/') { format!("https://h/{uri}") } else { format!("https://h{uri}") };
        assert_eq!(echoed(&path("websocket", text)).await["uri"], route);
    }
}

#[tokio::test]
async fn a_question_mark_in_a_path_starts_no_query_where_the_source_has_it_apart() {
    for source in ["http api", "rest", "alb"] {
        assert_eq!(echoed(&path(source, "/a?b=c")).await["uri"], "https://h/a%3Fb=c");
    }
    for source in ["lattice 1", "lattice"] {
        assert_eq!(echoed(&path(source, "/a?b=c")).await["uri"], "https://h/a?b=c");
    }
}

#[tokio::test]
async fn a_query_keeps_its_names_and_values_apart() {
    for (text, uri) in [
        ("a=b&c", "https://h/p?a=b&c"),
        ("?", "https://h/p??"),
        ("a#b", "https://h/p?a%23b"),
        ("a b\r\n", "https://h/p?a%20b%0D%0A"),
        ("a=%zz", "https://h/p?a=%zz"),
        ("😀", "https://h/p?%F0%9F%98%80"),
    ] {
        let mut event = smallest("http api");
        event["rawQueryString"] = json!(text);
        assert_eq!(echoed(&event).await["uri"], uri);
    }
    // API Gateway's REST API has decoded them, so separators must be escaped again.
    for (name, value, uri) in [
        ("a", "1&admin=true", "https://h/p?a=1%26admin%3Dtrue"),
        ("a&b=", "#", "https://h/p?a%26b%3D=%23"),
        ("50%", "a+b", "https://h/p?50%25=a%2Bb"),
    ] {
        let mut event = smallest("rest");
        event["queryStringParameters"] = json!({ name: value });
        assert_eq!(echoed(&event).await["uri"], uri);
    }
}

#[tokio::test]
async fn a_uri_that_is_too_long_is_a_414() {
    for source in ["http api", "rest", "alb", "lattice 1", "lattice"] {
        let (fits, long) = (format!("/{}", "a".repeat(65_533)), format!("/{}", "a".repeat(65_534)));
        assert_eq!(refused(source, &path(source, &fits)).await, None);
        assert_eq!(refused(source, &path(source, &long)).await.as_deref(), Some("the request URI is too long"));
        let emoji = "/😀".repeat(14_000);
        assert_eq!(refused(source, &path(source, &emoji)).await.as_deref(), Some("the request URI is too long"));
    }
}

#[tokio::test]
async fn a_header_cannot_smuggle_another_in() {
    for (name, value, detail) in [
        ("x", "a\r\nb: c", "the request's header `x` is malformed"),
        ("x", "\0", "the request's header `x` is malformed"),
        ("x\r\ny", "a", "the request's header name is malformed"),
        ("", "a", "the request's header name is malformed"),
        ("a b", "a", "the request's header name is malformed"),
        ("é", "a", "the request's header name is malformed"),
        ("x:", "a", "the request's header name is malformed"),
    ] {
        let mut event = smallest("http api");
        event["headers"][name] = json!(value);
        assert_eq!(refused("http api", &event).await.as_deref(), Some(detail), "{name:?}: {value:?}");
    }
    let mut event = smallest("http api");
    event["cookies"] = json!(["a=b", "c\r\nd"]);
    assert_eq!(refused("http api", &event).await.as_deref(), Some("the request's header `cookie` is malformed"));
}

#[tokio::test]
async fn headers_of_any_size_and_number_do_not_panic() {
    let mut event = smallest("http api");
    event["headers"]["x"] = json!("a".repeat(3_000_000));
    assert_eq!(refused("http api", &event).await, None);

    let mut event = smallest("http api");
    event["headers"]["n".repeat(70_000)] = json!("a");
    assert_eq!(refused("http api", &event).await.as_deref(), Some("the request's header name is malformed"));
    event["headers"]["n".repeat(70_000)] = json!({});
    assert!(refused("http api", &event).await.unwrap().len() < 200, "the name is not repeated whole");

    let names = |count: usize| (0..count).map(|at| (format!("h{at}"), json!("a"))).collect::<Map<_, _>>();
    let mut event = smallest("http api");
    event["headers"] = Value::Object(names(20_000));
    assert_eq!(refused("http api", &event).await, None);
    for headers in [Value::Object(names(30_000)), Value::Object(names(100_000)), json!({ "a": vec!["x"; 40_000] })] {
        event["headers"] = headers;
        assert_eq!(refused("http api", &event).await.as_deref(), Some("the request has too many headers"));
    }
}

#[tokio::test]
async fn a_number_or_a_boolean_in_a_header_is_its_text() {
    let mut event = smallest("rest");
    event["headers"] = json!({ "a": 5, "b": true, "c": null, "d": -1.5, "e": "é" });
    let seen = echoed(&event).await;
    assert_eq!(seen["headers"], json!({ "a": ["5"], "b": ["true"], "d": ["-1.5"], "e": ["é"] }));
}

#[tokio::test]
async fn a_body_that_is_not_base64_is_a_400() {
    for text in ["%%%", "YQ", "YQ=\r\n", "YQ== ", "-_-_\r\n", "-_-_", "é"] {
        for source in SOURCES {
            let mut event = smallest(source);
            event["isBase64Encoded"] = json!(true);
            event["body"] = json!(text);
            let detail = refused(source, &event).await;
            assert_eq!(detail.as_deref(), Some("the request's body (it is not base64) is malformed"), "{text:?}");
        }
    }
}

#[tokio::test]
async fn a_malformed_method_is_a_400() {
    for text in ["", " ", "GET ", "G\r\nT", "é", "🦀"] {
        let mut event = smallest("rest");
        event["httpMethod"] = json!(text);
        assert_eq!(refused("rest", &event).await.as_deref(), Some("the request's method is malformed"), "{text:?}");
    }
}

#[tokio::test]
async fn a_path_parameter_with_a_broken_escape_is_a_400_that_has_passed_the_layers() {
    async fn find(http::Path(id): http::Path<String>) -> String {
        id
    }
    let cors = http::CorsLayer::new().allow_origins(["https://app.example.com"]);
    let caller = Caller::new(pilaster::handler(find).layer(http::Stack::new().cors(cors)));
    for text in ["%zz", "%", "%4", "%ff"] {
        let mut event = smallest("rest");
        event["headers"]["origin"] = json!("https://app.example.com");
        event["pathParameters"] = json!({ "id": text });
        let answer = call(&caller, &event.to_string()).await.unwrap();
        assert_eq!(answer["statusCode"], 400);
        assert_eq!(body(&answer)["detail"], "the path parameter `id` must be percent-encoded UTF-8", "{text}");
        let allowed = header_of("rest", &answer, "access-control-allow-origin");
        assert_eq!(allowed.as_deref(), Some("https://app.example.com"));
    }
}

#[tokio::test]
async fn a_key_that_occurs_twice_is_named() {
    let caller = Caller::new(pilaster::handler(echo));
    for (text, field) in [
        (r#"{"httpMethod":"GET","httpMethod":"POST","path":"/"}"#, "httpMethod"),
        (r#"{"httpMethod":"GET","path":"/","path":"/admin"}"#, "path"),
        (r#"{"httpMethod":"GET","path":"/","headers":{},"headers":{}}"#, "headers"),
        (r#"{"requestContext":{"http":{"method":"GET","method":"PUT"}}}"#, "requestContext.http.method"),
        (r#"{"httpMethod":"GET","path":"/","body":"\ud800"}"#, "body"),
    ] {
        let answer = call(&caller, text).await.unwrap();
        assert_eq!(body(&answer)["detail"], format!("the request's field `{field}` is malformed"));
    }
    // Header names have no case: all values are kept, in their order.
    let headers = r#"{"httpMethod":"GET","path":"/","headers":{"a":"1","A":"2","a":"3"}}"#;
    assert_eq!(body(&call(&caller, headers).await.unwrap())["headers"]["a"], json!(["1", "2", "3"]));
}

#[tokio::test]
async fn json_that_is_not_an_object_is_not_an_http_event() {
    let caller = Caller::new(pilaster::handler(echo));
    for text in ["[]", "null", "5", "\"x\"", "true", "{}", " [\"\", \"GET\", null, \"/\"]", r#"{"":{}}"#] {
        assert_eq!(call(&caller, text).await.unwrap_err().error_type(), "NotAnHttpEvent", "{text}");
    }
}

#[tokio::test]
async fn deep_json_overflows_nothing() {
    let caller = Caller::new(pilaster::handler(echo));
    let deep = format!("{}{}", "[".repeat(100_000), "]".repeat(100_000));
    for (text, status) in [
        (format!(r#"{{"httpMethod":"GET","path":"/","x":{deep}}}"#), 200),
        (format!(r#"{{"httpMethod":"GET","path":"/","requestContext":{{"x":{deep}}}}}"#), 200),
        (format!(r#"{{"httpMethod":"GET","path":"/","headers":{{"x":{deep}}}}}"#), 400),
    ] {
        assert_eq!(call(&caller, &text).await.unwrap()["statusCode"], status);
    }
}

#[tokio::test]
async fn the_event_after_a_hostile_one_is_served() {
    let caller = Caller::new(pilaster::handler(echo));
    for text in ["[]", r#"{"httpMethod":"GET","path":5}"#, r#"{"httpMethod":"\u0000","path":"/"}"#] {
        let _ = call(&caller, text).await;
        let answer = call(&caller, &smallest("rest").to_string()).await.unwrap();
        assert_eq!(answer["statusCode"], 200);
    }
}

use std::convert::Infallible;

use axum_core::body::Body;
use axum_core::response::IntoResponse;
use serde_json::{Value as Json, json};
use tower::{ServiceExt, service_fn};

use super::*;
use crate::core::invocation::Invocation;
use crate::core::raw::{Incoming, RawEvent};
use crate::http::{HttpError, Path, Stack};

/// Returns `Cache-Control` of a response with this status and these headers.
async fn sent(
    layer: &CacheControlLayer,
    request: http::request::Builder,
    status: u16,
    headers: &[(&'static str, &'static str)],
) -> Option<String> {
    let own = headers.to_vec();
    let service = layer.layer(service_fn(move |_: Request<()>| {
        let mut response = Response::builder().status(status);
        for (name, value) in &own {
            response = response.header(*name, *value);
        }
        std::future::ready(Ok::<_, Infallible>(response.body(()).unwrap()))
    }));
    let response = service.oneshot(request.body(()).unwrap()).await.unwrap();
    let values: Vec<_> = response.headers().get_all("cache-control").into_iter().collect();
    assert!(values.len() <= 1, "{values:?}");
    values.first().map(|value| value.to_str().unwrap().to_owned())
}

fn get(path: &str) -> http::request::Builder {
    Request::get(path)
}

#[tokio::test]
async fn the_status_and_the_method_decide() {
    let layer = CacheControlLayer::new("public, max-age=60").status(410, "max-age=600").status(301, "max-age=86400");
    for (method, status, expected) in [
        ("GET", 200, Some("public, max-age=60")),
        ("HEAD", 200, Some("public, max-age=60")),
        ("GET", 206, Some("public, max-age=60")),
        ("GET", 304, Some("public, max-age=60")),
        ("GET", 404, Some("no-store")),
        ("GET", 500, Some("no-store")),
        ("GET", 504, Some("no-store")),
        ("POST", 201, None),
        ("POST", 200, None),
        ("PUT", 204, None),
        ("DELETE", 200, None),
        ("OPTIONS", 204, None),
        ("POST", 422, Some("no-store")),
        ("POST", 500, Some("no-store")),
        ("GET", 302, None),
        ("GET", 307, None),
        ("POST", 303, None),
        ("GET", 301, Some("max-age=86400")),
        ("POST", 301, None),
        ("GET", 410, Some("max-age=600")),
        ("POST", 410, Some("no-store")),
    ] {
        let request = Request::builder().method(method).uri("/");
        assert_eq!(sent(&layer, request, status, &[]).await.as_deref(), expected, "{method} {status}");
    }
    let of_200 = CacheControlLayer::new("no-store").status(200, "max-age=1").status(200, "max-age=2");
    assert_eq!(sent(&of_200, get("/"), 304, &[]).await.as_deref(), Some("max-age=2"));
    let of_304 = of_200.status(304, "max-age=3");
    assert_eq!(sent(&of_304, get("/"), 304, &[]).await.as_deref(), Some("max-age=3"));
}

#[tokio::test]
async fn the_functions_own_header_stays() {
    let layer = CacheControlLayer::new("public, max-age=60").status(404, "max-age=1");
    for status in [200, 201, 304, 404, 500] {
        for request in [get("/"), get("/").header("authorization", "Bearer a"), Request::post("/")] {
            let own = [("cache-control", "public, max-age=7"), ("set-cookie", "a=b")];
            assert_eq!(sent(&layer, request, status, &own).await.as_deref(), Some("public, max-age=7"), "{status}");
        }
        assert_eq!(sent(&layer, get("/"), status, &[("expires", "0")]).await, None, "{status}");
    }
}

#[tokio::test]
async fn the_first_route_that_matches_counts() {
    let layer = CacheControlLayer::new("no-store")
        .route("/users/me", "private, max-age=1")
        .route("/users/{id}", "max-age=2")
        .route("/assets/{path+}", "max-age=3")
        .route("/", "max-age=4");
    for (path, expected) in [
        ("/users/me", "private, max-age=1"),
        ("/users/me/", "private, max-age=1"),
        ("/users/7?x=/assets/a", "max-age=2"),
        ("/users/a%2Fb", "max-age=2"),
        ("/users", "no-store"),
        ("/users/", "no-store"),
        ("/users//", "no-store"),
        ("/users/7/orders", "no-store"),
        ("/Users/7", "no-store"),
        ("//users/7", "no-store"),
        ("/assets/a/b/c.js", "max-age=3"),
        ("/assets/a/", "max-age=3"),
        ("/assets", "no-store"),
        ("/assets/", "no-store"),
        ("/assetsx/a", "no-store"),
        ("/", "max-age=4"),
        ("https://example.com", "max-age=4"),
        ("https://example.com/users/7", "max-age=2"),
    ] {
        assert_eq!(sent(&layer, get(path), 200, &[]).await.as_deref(), Some(expected), "{path}");
    }
    let everything = CacheControlLayer::new("no-store").route("/{path+}", "max-age=1");
    assert_eq!(sent(&everything, get("/a/b"), 200, &[]).await.as_deref(), Some("max-age=1"));
    assert_eq!(sent(&everything, get("/"), 200, &[]).await.as_deref(), Some("no-store"));
}

/// Returns whether a shared cache may store a response
/// ([RFC 9111, 3](https://www.rfc-editor.org/rfc/rfc9111#section-3)) if nothing but `Cache-Control` counts.
fn may_be_shared(value: &str) -> bool {
    let has =
        |name: &str| value.split(',').any(|item| item.trim().split('=').next().unwrap().eq_ignore_ascii_case(name));
    let is_private = value.split(',').any(|item| item.trim().eq_ignore_ascii_case("private"));
    (!has("no-store") || has("must-understand")) && !is_private
}

/// Every value of up to four of these directives, as far as it is valid.
fn values() -> Vec<String> {
    const ITEMS: [&str; 13] = [
        "public",
        "private",
        "PRIVATE",
        "private=\"set-cookie\"",
        "no-cache",
        "no-store",
        "max-age=60",
        "Max-Age=0",
        "s-maxage=600",
        "must-revalidate",
        "proxy-revalidate",
        "must-understand",
        "stale-if-error=5",
    ];
    let mut found = Vec::new();
    for mask in 1_u32..1 << ITEMS.len() {
        if mask.count_ones() <= 4 {
            let items = ITEMS.iter().enumerate().filter(|(at, _)| mask & (1 << at) != 0).map(|(_, item)| *item);
            let value = items.collect::<Vec<_>>().join(", ");
            if CacheControlLayer::new(&value).check().is_ok() {
                found.push(value);
            }
        }
    }
    assert!(found.len() > 200, "{}", found.len());
    found
}

#[tokio::test]
async fn a_response_for_one_caller_is_never_stored_by_a_shared_cache() {
    for value in values() {
        let layer = CacheControlLayer::new(&value);
        let max_age =
            |value: &str| value.split(", ").find(|item| item.to_lowercase().starts_with("max-age")).map(str::to_owned);
        for (request, headers) in [
            (get("/").header("authorization", "Bearer a"), &[][..]),
            (get("/").header("cookie", "a=b"), &[]),
            (get("/"), &[("set-cookie", "a=b")]),
        ] {
            let sent = sent(&layer, request, 200, headers).await.unwrap();
            assert!(!may_be_shared(&sent), "{value:?} became {sent:?}");
            assert!(!sent.contains("public") && !sent.contains("s-maxage"), "{value:?} became {sent:?}");
            assert_eq!(max_age(&sent), max_age(&value), "{value:?} became {sent:?}");
            assert!(CacheControlLayer::new(&sent).check().is_ok(), "{sent:?}");
        }
        assert_eq!(sent(&layer, get("/"), 200, &[]).await.as_ref(), Some(&value));
        let layer = layer.public_with_credentials(true);
        let request = get("/").header("authorization", "a").header("cookie", "a=b");
        assert_eq!(sent(&layer, request, 200, &[("set-cookie", "a=b")]).await.as_ref(), Some(&value));
    }
}

/// Calls a function through the whole stack.
async fn called(layer: CacheControlLayer, event: &Json) -> Json {
    async fn item(Path(id): Path<u16>) -> Result<axum_core::response::Response, HttpError> {
        match id {
            404 => Err(HttpError::not_found("no such item")),
            500 => panic!("a defect"),
            // Larger than a response may be.
            413 => Ok("a".repeat(7 * 1024 * 1024).into_response()),
            304 => Ok(http::StatusCode::NOT_MODIFIED.into_response()),
            _ => Ok(Body::from("an item").into_response()),
        }
    }
    let event = RawEvent::parse(event.to_string()).unwrap();
    let invocation = Invocation::new(lambda_runtime::Context::default());
    let service = crate::handler(item).layer(Stack::new().cache_control(layer)).into_service().unwrap();
    let answer = service.oneshot(Incoming { event, invocation }).await.unwrap();
    serde_json::from_str(answer.as_json().unwrap().get()).unwrap()
}

fn event(id: u16, authorizer: &Json) -> Json {
    json!({
        "version": "2.0", "rawPath": format!("/v1/items/{id}"), "routeKey": "GET /items/{id}",
        "pathParameters": { "id": id.to_string() },
        "requestContext": { "http": { "method": "GET" }, "routeKey": "GET /items/{id}", "authorizer": authorizer },
    })
}

#[tokio::test]
async fn errors_of_the_stack_have_it_too_and_a_route_has_no_base_path() {
    let layer = || CacheControlLayer::new("no-store").route("/items/{id}", "public, max-age=60");
    for (id, status, expected) in [
        (1, 200, "public, max-age=60"),
        (304, 304, "public, max-age=60"),
        (404, 404, "no-store"),
        (500, 500, "no-store"),
        (413, 500, "no-store"),
    ] {
        let answer = called(layer(), &event(id, &json!(null))).await;
        assert_eq!(answer["statusCode"], status, "{id}");
        assert_eq!(answer["headers"]["cache-control"], expected, "{id}");
    }
}

#[tokio::test]
async fn verified_claims_make_a_response_private() {
    let layer = || CacheControlLayer::new("public, max-age=60");
    for (authorizer, is_public) in [
        (json!(null), true),
        (json!({}), true),
        (json!({ "lambda": null }), true),
        (json!({ "jwt": { "claims": { "sub": "7" } } }), false),
        (json!({ "lambda": { "user": "7" } }), false),
        (json!({ "iam": { "userArn": "arn" } }), false),
        // It cannot be decoded.
        (json!("7"), false),
    ] {
        let answer = called(layer(), &event(1, &authorizer)).await;
        let expected = if is_public { "public, max-age=60" } else { "max-age=60, private" };
        assert_eq!(answer["headers"]["cache-control"], expected, "{authorizer}");
    }
}

#[test]
fn a_mistake_is_named() {
    let of = |value: &str| CacheControlLayer::new(value).check().unwrap_err().to_string();
    assert!(
        of("public, max_age=60")
            .starts_with(r#"cache control: "max_age=60" in "public, max_age=60" is not a directive"#)
    );
    assert!(of("").contains("is not a directive") && of("public,").contains("is not a directive"));
    assert!(of("only-if-cached").contains("is not a directive"), "it is one of requests");
    assert!(of("private=set-cookie").contains("is not a directive"), "names are quoted");
    for value in
        ["max-age", "max-age=", "max-age=1.5", "max-age=-1", "max-age=\"60\"", "max-age=1m", "s-maxage=99999999999"]
    {
        assert!(of(value).contains("needs a number of seconds"), "{value}");
    }
    assert_eq!(of("public=1"), r#"cache control: `public` in "public=1" takes no value"#);
    assert_eq!(of("max-age=1, Max-Age=2"), r#"cache control: `max-age` occurs twice in "max-age=1, Max-Age=2""#);
    assert!(of("public, private").contains("`private` contradicts `public`"));
    assert!(of("no-store, s-maxage=1").contains("`no-store` contradicts `s-maxage`"));
    for route in
        ["", "users", "GET /users", "/users/{}", "/users/{id", "/{path+}/a", "/a//b", "/{*path}", "/a?b", "/x{id}"]
    {
        let mistake = CacheControlLayer::new("no-store").route(route, "no-store").check().unwrap_err();
        assert!(mistake.to_string().contains("is not a route"), "{route}");
    }
    for status in [0, 99, 100, 199, 1000] {
        let mistake = CacheControlLayer::new("no-store").status(status, "no-store").check().unwrap_err();
        assert!(mistake.to_string().contains("takes a status"), "{status}");
    }
    // The first one counts, and prevents the start.
    let twice = CacheControlLayer::new("a").route("b", "c").status(1, "d");
    assert!(twice.check().unwrap_err().to_string().contains("\"a\""));
    async fn item(_: http::Method) {}
    let error = crate::handler(item).layer(Stack::new().cache_control(twice)).into_service().unwrap_err();
    assert!(error.to_string().contains("cache control: \"a\""), "{error}");
}

#[cfg(feature = "conditional")]
#[tokio::test]
async fn a_304_and_a_412_of_the_stack_have_it_too() {
    async fn item(_: http::Method) -> ([(&'static str, &'static str); 1], &'static str) {
        ([("etag", "\"7\"")], "an item")
    }
    let called = async |headers: Json| {
        let event = json!({
            "path": "/", "httpMethod": "GET", "headers": headers, "requestContext": { "elb": {} },
        });
        let event = RawEvent::parse(event.to_string()).unwrap();
        let invocation = Invocation::new(lambda_runtime::Context::default());
        let stack = Stack::new()
            .conditional(crate::http::ConditionalLayer::new())
            .cache_control(CacheControlLayer::new("public, max-age=60"));
        let service = crate::handler(item).layer(stack).into_service().unwrap();
        let answer = service.oneshot(Incoming { event, invocation }).await.unwrap();
        let answer: Json = serde_json::from_str(answer.as_json().unwrap().get()).unwrap();
        (answer["statusCode"].clone(), answer["headers"]["cache-control"].clone())
    };
    assert_eq!(called(json!({})).await, (json!(200), json!("public, max-age=60")));
    assert_eq!(called(json!({ "if-none-match": "\"7\"" })).await, (json!(304), json!("public, max-age=60")));
    assert_eq!(called(json!({ "if-match": "\"8\"" })).await, (json!(412), json!("no-store")));
}

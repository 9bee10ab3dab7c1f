//! The changes that each gateway makes to a request, and the responses that it accepts.

use axum::Router;
use axum::routing::get;
use pilaster::http::{Path, Stack};
use pilaster::observe::logging::CapturedLogs;

use super::*;

fn app() -> Router {
    Router::new()
        .route("/", get(async || "root"))
        .route("/payment", get(async || "payment"))
        .route("/payment/{invoice}", get(async |Path(invoice): Path<String>| format!("payment {invoice}")))
        .route("/files/{*rest}", get(async |Path(rest): Path<String>| format!("files {rest}")))
}

async fn answered(stack: Stack, event: Value) -> String {
    let answer = call(&Caller::new(http::service(app()).layer(stack)), &event.to_string()).await.unwrap();
    match answer["statusCode"].as_u64().unwrap() {
        200 => answer["body"].as_str().unwrap().to_owned(),
        status => status.to_string(),
    }
}

/// A REST API behind a custom domain: `path` and `requestContext.path` are what the client sent.
fn rest(path: &str, route: &str, parameters: Value) -> Value {
    json!({
        "resource": route, "path": path, "httpMethod": "GET", "headers": { "Host": "api.example.com" },
        "pathParameters": parameters,
        "requestContext": {
            "resourcePath": route, "path": path, "stage": "live", "domainName": "api.example.com", "httpMethod": "GET",
        },
    })
}

fn http_api(path: &str, route_key: &str, parameters: Value, stage: &str) -> Value {
    json!({
        "version": "2.0", "routeKey": route_key, "rawPath": path, "rawQueryString": "",
        "headers": { "host": "api.example.com" }, "pathParameters": parameters,
        "requestContext": {
            "http": { "method": "GET", "path": path }, "routeKey": route_key, "stage": stage, "domainName": "api.example.com",
        },
    })
}

fn http_api_v1(path: &str, route: &str, parameters: Value) -> Value {
    let mut event = rest(path, route, parameters);
    event["version"] = json!("1.0");
    event
}

#[tokio::test]
async fn a_base_path_that_the_route_shows_is_removed() {
    for (event, expected) in [
        (rest("/v1/payment", "/payment", json!(null)), "payment"),
        (rest("/v1/payment/", "/payment/", json!(null)), "404"),
        (rest("/v1/payment/i%2F7", "/payment/{invoice}", json!({ "invoice": "i%2F7" })), "payment i/7"),
        (rest("/v1/nested/payment", "/{proxy+}", json!({ "proxy": "payment" })), "payment"),
        (rest("/v1/files/a/b", "/files/{proxy+}", json!({ "proxy": "a/b" })), "files a/b"),
        (rest("/v1", "/", json!(null)), "root"),
        (rest("/v1/", "/", json!(null)), "root"),
        (rest("/v1/live/payment", "/payment", json!(null)), "payment"),
        // No mapping.
        (rest("/", "/", json!(null)), "root"),
        (rest("/payment", "/payment", json!(null)), "payment"),
        (rest("/payment/v1", "/{proxy+}", json!({ "proxy": "payment/v1" })), "payment v1"),
        (http_api("/v1/payment", "GET /payment", json!(null), "$default"), "payment"),
        (http_api("/v1/payment/50%", "ANY /payment/{invoice}", json!({ "invoice": "50%" }), "live"), "payment 50%"),
        (http_api("/live/payment", "ANY /{proxy+}", json!({ "proxy": "payment" }), "live"), "payment"),
        // The first segment is the route's own, though it is named as the stage.
        (http_api("/payment/7", "ANY /payment/{invoice}", json!({ "invoice": "7" }), "payment"), "payment 7"),
        (http_api_v1("/v1/payment/a%20b", "/payment/{invoice}", json!({ "invoice": "a%20b" })), "payment a%20b"),
    ] {
        assert_eq!(answered(Stack::new(), event.clone()).await, expected, "{event}");
    }
}

#[tokio::test]
async fn a_path_that_only_looks_mapped_is_left_alone() {
    // With the API's own domain `requestContext.path` begins with the stage; `path` does not.
    let mut own = rest("/v1/payment", "/payment", json!(null));
    own["requestContext"]["path"] = json!("/live/v1/payment");
    for event in [own, rest("/v10payment", "/payment", json!(null)), rest("//payment", "/payment", json!(null))] {
        assert_eq!(answered(Stack::new(), event.clone()).await, "404", "{event}");
    }
}

#[tokio::test]
async fn a_base_path_that_only_the_user_knows_is_taken_off_by_the_stack() {
    let stack = || Stack::new().base_path("v1").base_path("/v1/nested/");
    for (path, expected) in [
        ("/v1/payment", "payment"),
        ("/v1/nested/payment", "payment"),
        ("/payment", "payment"),
        ("/v1", "root"),
        ("/v1/", "root"),
        ("/v10/payment", "404"),
        ("//v1/payment", "404"),
        ("/V1/payment", "404"),
    ] {
        assert_eq!(answered(stack(), http_api(path, "$default", json!(null), "$default")).await, expected, "{path}");
    }
    let mapped = rest("/v1/payment", "/payment", json!(null));
    assert_eq!(answered(stack(), mapped).await, "payment", "it is gone before the stack sees it");
}

#[tokio::test]
async fn an_http_api_of_payload_1_is_one() {
    let mut event = http_api_v1("/live/payment/50%25", "$default", json!(null));
    event["multiValueQueryStringParameters"] = json!({ "a": ["1 2", "%"] });
    event["requestContext"]["authorizer"] = json!({ "claims": { "sub": "7" }, "scopes": null });
    assert_eq!(answered(Stack::new(), event.clone()).await, "payment 50%25", "the stage is not a part of the path");
    let seen = echoed(&event).await;
    assert_eq!(seen["kind"], "HttpApiV1");
    assert_eq!(seen["uri"], "https://api.example.com/payment/50%2525?a=1%202&a=%25");
    let claims = async |http::Claims(claims): http::Claims<Value>, context: http::RequestContext| {
        context.typed().unwrap();
        Json(claims)
    };
    let answer = call(&Caller::new(pilaster::handler(claims)), &event.to_string()).await.unwrap();
    assert_eq!((&body(&answer)["sub"], answer["multiValueHeaders"].is_object()), (&json!("7"), true));
}

#[tokio::test]
async fn a_decoded_path_is_not_decoded_again() {
    let files = async |path: &str, domain: &str| {
        let mut event = http_api(path, "$default", json!(null), "$default");
        event["requestContext"]["domainName"] = json!(domain);
        answered(Stack::new(), event).await
    };
    for (path, decoded, escaped) in [
        ("/files/%2e%2e%2fsecret", "files %2e%2e%2fsecret", "files ../secret"),
        ("/files/50%25", "files 50%25", "files 50%"),
        ("/files/a b#c?d", "files a b#c?d", "files a b#c?d"),
    ] {
        for domain in ["a1.execute-api.eu-central-1.amazonaws.com", "api.example.com", "localhost.example.com"] {
            assert_eq!(files(path, domain).await, decoded, "{domain}");
        }
        for domain in ["u1.lambda-url.eu-central-1.on.aws", "localhost"] {
            assert_eq!(files(path, domain).await, escaped, "{domain}");
        }
    }
    let mut event = http_api("/files/50%25", "$default", json!(null), "$default");
    event["requestContext"].as_object_mut().unwrap().remove("domainName");
    assert_eq!(answered(Stack::new(), event).await, "files 50%25", "without a domain it is not decoded either");
}

#[tokio::test]
async fn requests_of_tests_are_escaped_as_a_client_sends_them() {
    let caller = Caller::new(http::service(app()));
    for (path, expected) in [("/payment/50%25", "payment 50%"), ("/files/a%2Fb%2520", "files a/b%20")] {
        assert_eq!(caller.send(pilaster::testing::http::get(path)).await.unwrap().text(), expected);
    }
}

#[tokio::test]
async fn a_message_that_a_web_socket_cannot_take_is_an_error_and_a_line_in_the_log() {
    for (length, status) in [(131_072, 200), (131_073, 500)] {
        let captured = CapturedLogs::default();
        let function = pilaster::handler(move |_: Method| async move { "a".repeat(length) });
        let answer = Caller::new(function).with_logs(&captured).call(smallest("websocket")).await.unwrap();
        assert_eq!(answer["statusCode"], status, "{length}");
        let lines = captured.lines();
        let logged = lines.iter().any(|line| line["level"] == "ERROR" && line.to_string().contains("131072"));
        assert_eq!(logged, status == 500, "{lines:?}");
    }
    let silent = call(&Caller::new(pilaster::handler(async |_: Method| {})), &smallest("websocket").to_string()).await;
    assert_eq!(silent.unwrap().get("body"), None, "no message is sent");
}

#[tokio::test]
async fn cookies_of_several_fields_are_one() {
    for (source, field, value) in [
        ("rest", "multiValueHeaders", json!({ "cookie": ["a=1", "b=2", "", "c=3; d=4"] })),
        ("alb multi", "multiValueHeaders", json!({ "Cookie": ["a=1", "b=2"], "cookie": ["c=3; d=4"] })),
        ("lattice", "headers", json!({ "cookie": ["a=1", "b=2; c=3", "d=4"] })),
        ("http api", "cookies", json!(["a=1", "b=2", "c=3", "d=4"])),
        ("http api", "headers", json!({ "cookie": "a=1; b=2; c=3; d=4" })),
        ("rest", "headers", json!({ "Cookie": "a=1; b=2", "cookie": "c=3; d=4" })),
    ] {
        let mut event = smallest(source);
        event[field] = value;
        assert_eq!(echoed(&event).await["headers"]["cookie"], json!(["a=1; b=2; c=3; d=4"]), "{event}");
    }
    let mut event = smallest("http api");
    event["cookies"] = json!([null]);
    assert_eq!(echoed(&event).await["headers"].get("cookie"), None);
}

//! The OpenAPI document and its pages under a whole stack: authentication, security headers, base paths.

use axum::Router;
use axum::routing::get;
use pilaster::http::openapi_viewer::{OpenApiViewerLayer, Viewer};
use pilaster::http::security_headers::ContentSecurityPolicy;
use pilaster::http::{
    CompressionLayer, ConditionalLayer, CorsLayer, HttpError, JwtLayer, NegotiationLayer, Next, Request, Response,
    SecurityHeadersLayer, Stack,
};
use pilaster::testing::http as requests;
use pilaster::{IntoService, JwtVerifier};

use super::*;

const DOCUMENT: &str = include_str!("../../../examples/crud/openapi.json");

fn viewer() -> OpenApiViewerLayer {
    OpenApiViewerLayer::new(DOCUMENT).page("/docs", Viewer::swagger_ui()).page("/help/scalar", Viewer::scalar())
}

fn function(stack: Stack) -> impl IntoService {
    let router =
        Router::new().route("/users", get(async || "ada")).fallback(async || HttpError::not_found("not found"));
    http::service(router).layer(stack)
}

fn jwt() -> JwtLayer {
    // Requests without a token fetch no keys.
    JwtLayer::new(JwtVerifier::issuer("https://id.example.com").jwks_uri("http://127.0.0.1:1/").audience("api"))
}

async fn require_key(request: Request, next: Next) -> Result<Response, HttpError> {
    match request.headers().get("x-api-key") {
        Some(key) if key == "right" => Ok(next.run(request).await),
        _ => Err(HttpError::unauthorized("a key is required")),
    }
}

const SERVED: [&str; 3] = ["/openapi.json", "/docs", "/help/scalar"];

#[tokio::test]
async fn without_a_token_it_is_a_401_wherever_the_viewer_is_named() {
    let before = Stack::new().openapi_viewer(viewer()).layer(jwt());
    let after = Stack::new().layer(jwt()).openapi_viewer(viewer());
    for stack in [before, after] {
        let caller = Caller::new(function(stack));
        for path in SERVED.into_iter().chain(["/users", "/docs/"]) {
            let response = caller.send(requests::get(path)).await.unwrap();
            assert_eq!(response.status(), 401, "{path}");
            assert!(!response.text().contains("users"), "{}", response.text());
        }
    }
    let caller = Caller::new(function(Stack::new().openapi_viewer(viewer()).layer(http::from_fn(require_key))));
    for path in SERVED {
        assert_eq!(caller.send(requests::get(path)).await.unwrap().status(), 401, "{path}");
        let known = caller.send(requests::get(path).header("if-none-match", "*")).await.unwrap();
        assert_eq!(known.status(), 401, "{path}");
        let response = caller.send(requests::get(path).header("x-api-key", "right")).await.unwrap();
        assert_eq!(response.status(), 200, "{path}");
        assert_eq!(response.header("cache-control"), Some("private, no-cache"));
    }
}

#[tokio::test]
async fn a_public_viewer_needs_no_token_and_the_api_still_does() {
    let before = Stack::new().openapi_viewer(viewer().public()).layer(jwt());
    let after = Stack::new().layer(jwt()).openapi_viewer(viewer().public());
    for stack in [before, after] {
        let caller = Caller::new(function(stack));
        for path in SERVED {
            let response = caller.send(requests::get(path)).await.unwrap();
            assert_eq!((response.status(), response.header("cache-control")), (200, Some("no-cache")), "{path}");
        }
        for path in ["/users", "/docs2", "/"] {
            assert_eq!(caller.send(requests::get(path)).await.unwrap().status(), 401, "{path}");
        }
    }
}

#[tokio::test]
async fn the_policy_of_a_page_is_the_only_one_under_every_set_of_security_headers() {
    let strict = ContentSecurityPolicy::strict;
    for headers in [
        SecurityHeadersLayer::new(),
        SecurityHeadersLayer::new().content_security_policy(strict()),
        SecurityHeadersLayer::new().content_security_policy(strict()).documents_only(false).report_only(true),
    ] {
        let stack = Stack::new().security_headers(headers).openapi_viewer(viewer());
        let caller = Caller::new(function(stack));
        let page = caller.send(requests::get("/docs")).await.unwrap();
        let policies: Vec<_> =
            page.headers().iter().filter(|(name, _)| name.as_str().starts_with("content-security-policy")).collect();
        assert_eq!(policies.len(), 1, "{policies:?}");
        assert!(
            policies[0].1.to_str().unwrap().starts_with("default-src 'none'; script-src https://cdn.jsdelivr.net/")
        );
        assert_eq!(page.header("x-content-type-options"), Some("nosniff"));
    }
}

#[tokio::test]
async fn the_whole_stack_serves_it_compressed_and_conditional() {
    let stack = Stack::new()
        .security_headers(SecurityHeadersLayer::new())
        .cors(CorsLayer::new().allow_origins(["https://app.example.com"]))
        .compression(CompressionLayer::new())
        .conditional(ConditionalLayer::new())
        .openapi_viewer(viewer());
    let caller = Caller::new(function(stack));
    for path in SERVED {
        let packed = caller.send(requests::get(path).header("accept-encoding", "gzip")).await.unwrap();
        assert_eq!((packed.status(), packed.header("content-encoding")), (200, Some("gzip")), "{path}");
        let tag = packed.header("etag").unwrap().to_owned();
        let plain = caller.send(requests::get(path)).await.unwrap();
        assert_ne!(plain.header("etag"), Some(&*tag));
        let again = requests::get(path).header("accept-encoding", "gzip").header("if-none-match", &tag);
        let again = caller.send(again).await.unwrap();
        assert_eq!((again.status(), again.header("etag")), (304, Some(&*tag)), "{path}");
        let head = caller.send(requests::request("HEAD", path)).await.unwrap();
        assert_eq!((head.status(), head.header("etag"), &*head.text()), (200, plain.header("etag"), ""), "{path}");
    }
    assert_eq!(caller.send(requests::get("/openapi.json")).await.unwrap().text(), DOCUMENT);
    let wrong = caller.send(requests::post("/docs")).await.unwrap();
    assert_eq!((wrong.status(), wrong.header("allow")), (405, Some("GET, HEAD")));
    assert_eq!(caller.send(requests::get("/users")).await.unwrap().text(), "ada");
    assert_eq!(caller.send(requests::get("/elsewhere")).await.unwrap().status(), 404);
}

#[tokio::test]
async fn it_is_found_behind_a_stage_and_a_base_path() {
    let caller = Caller::new(function(Stack::new().base_path("v1").openapi_viewer(viewer())));
    let staged = json!({
        "version": "2.0", "routeKey": "$default", "rawPath": "/prod/docs", "rawQueryString": "",
        "headers": { "host": "a.execute-api.eu-central-1.amazonaws.com" },
        "requestContext": {
            "http": { "method": "GET", "path": "/prod/docs", "sourceIp": "192.0.2.1" }, "stage": "prod", "apiId": "a",
            "domainName": "a.execute-api.eu-central-1.amazonaws.com", "routeKey": "$default",
        },
        "isBase64Encoded": false,
    });
    let mapped = staged.to_string().replace("/prod/docs", "/v1/docs").replace("\"prod\"", "\"$default\"");
    for event in [staged.to_string(), mapped] {
        let response = call(&caller, &event).await.unwrap();
        assert_eq!(response["statusCode"], 200, "{response}");
        let html = response["body"].as_str().unwrap();
        // Relative, so right after the stage and the base path.
        assert!(html.contains("data-document=\"./openapi.json\" data-root=\"./\""), "{html}");
        assert!(!html.contains("prod") && !html.contains("v1"), "{html}");
    }
    let slash = caller.send(requests::get("/v1/docs/")).await.unwrap();
    assert_eq!((slash.status(), slash.header("location")), (308, Some("../docs")));
}

#[tokio::test]
async fn negotiation_around_it_refuses_a_page_to_html_alone() {
    let negotiation = || NegotiationLayer::new().media_types(["application/json"]);
    for (viewer, negotiation, expected) in [
        (viewer(), negotiation(), [406, 200]),
        (viewer().public(), negotiation(), [200, 200]),
        (viewer(), negotiation().default_to_first(true), [200, 200]),
    ] {
        let caller = Caller::new(function(Stack::new().openapi_viewer(viewer).layer(negotiation)));
        for (accept, status) in ["text/html", "text/html,application/xhtml+xml,*/*;q=0.8"].into_iter().zip(expected) {
            let page = caller.send(requests::get("/docs").header("accept", accept)).await.unwrap();
            assert_eq!(page.status(), status, "{accept}");
        }
    }
}

#[test]
fn a_document_that_is_no_json_ends_the_start_with_a_sentence() {
    let wrong = OpenApiViewerLayer::new(DOCUMENT.replacen('{', "[", 1));
    let error = function(Stack::new().openapi_viewer(wrong)).into_service().map(|_| ()).unwrap_err().to_string();
    assert!(error.contains("the document is not valid JSON"), "{error}");
}

/// Deletes nothing.
#[http::operation(route = "DELETE /nothing")]
async fn delete_nothing(_: Method) -> http::NoContent {
    http::NoContent
}

#[test]
fn the_document_is_written_while_its_file_is_empty_and_has_no_path_of_the_viewer() {
    // The shell has emptied the file of `cargo run -- openapi > openapi.json` when cargo builds.
    let stack = Stack::new().openapi_viewer(OpenApiViewerLayer::new("").page("/docs", Viewer::swagger_ui()));
    let document = pilaster::openapi::of(&http::service(http::routes![delete_nothing]).layer(stack)).unwrap();
    let paths: Vec<_> = document.as_value()["paths"].as_object().unwrap().keys().collect();
    assert_eq!(paths, ["/nothing"]);
}

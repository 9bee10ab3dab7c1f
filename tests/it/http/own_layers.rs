//! The user's own layers in an `http::Stack`: async functions and tower layers, and their order.

use std::time::Duration;

use pilaster::http::{
    Body, CorsLayer, ErrorLayer, HttpError, IntoResponse, Json, Method, Next, Request, Response, Stack, from_fn,
};
use pilaster::testing::{Caller, http as request};
use serde_json::json;
use tower::timeout::TimeoutLayer;
use tower::timeout::error::Elapsed;

async fn hello(_: Method) -> &'static str {
    "hello"
}

async fn require_key(request: Request<Body>, next: Next) -> Result<Response, HttpError> {
    match request.headers().get("x-api-key") {
        Some(key) if key == "k" => Ok(next.run(request).await),
        _ => Err(HttpError::unauthorized("the `x-api-key` header is missing or wrong")),
    }
}

/// The type of a stack does not depend on its layers.
fn api() -> Stack {
    Stack::new().cors(CorsLayer::new().allow_origins(["https://app.example.com"])).layer(from_fn(require_key))
}

#[tokio::test]
async fn a_function_is_a_layer_whose_error_has_the_headers_of_the_outer_layers() {
    let caller = Caller::new(pilaster::handler(hello).layer(api()));
    let get = || request::get("/").header("origin", "https://app.example.com");
    let refused = caller.send(get()).await.unwrap();
    assert_eq!(refused.status(), 401);
    assert!(refused.text().contains("`x-api-key`"));
    let passed = caller.send(get().header("x-api-key", "k")).await.unwrap();
    assert_eq!(passed.text(), "hello");
    for response in [refused, passed] {
        assert_eq!(response.headers()["access-control-allow-origin"], "https://app.example.com");
    }
}

#[tokio::test]
async fn a_function_has_extractors_before_the_request_and_a_rejection_is_the_response() {
    #[derive(serde::Deserialize)]
    struct Name {
        name: String,
    }
    async fn named(
        method: Method,
        query: pilaster::http::Query<Name>,
        request: Request<Body>,
        next: Next,
    ) -> impl IntoResponse {
        let mut response = next.run(request).await;
        let seen = format!("{method} {}", query.0.name);
        response.headers_mut().insert("x-seen", seen.parse().unwrap());
        response
    }
    /// A layer that consumes the body has no request to pass on.
    async fn instead(Json(body): Json<serde_json::Value>, _: Next) -> Json<serde_json::Value> {
        Json(json!({ "instead": body }))
    }
    let caller = Caller::new(pilaster::handler(hello).layer(Stack::new().layer(from_fn(named))));
    let response = caller.send(request::get("/?name=ada")).await.unwrap();
    assert_eq!((&*response.text(), &response.headers()["x-seen"]), ("hello", &"GET ada".parse().unwrap()));
    assert_eq!(caller.send(request::get("/")).await.unwrap().status(), 400);

    let caller = Caller::new(pilaster::handler(hello).layer(Stack::new().layer(from_fn(instead))));
    assert_eq!(caller.send(request::post("/").json(7)).await.unwrap().text(), r#"{"instead":7}"#);
}

#[tokio::test]
async fn the_first_own_layer_is_the_outermost() {
    async fn tag(tag: &'static str, mut request: Request<Body>, next: Next) -> Response {
        request.headers_mut().append("x-way", tag.parse().unwrap());
        let mut response = next.run(request).await;
        response.headers_mut().append("x-way", tag.parse().unwrap());
        response
    }
    async fn way(headers: pilaster::http::HeaderMap) -> String {
        let way: Vec<_> = headers.get_all("x-way").iter().map(|tag| tag.to_str().unwrap()).collect();
        way.join(" ")
    }
    let stack = Stack::new()
        .layer(from_fn(|request: Request<Body>, next: Next| tag("first", request, next)))
        .layer(
            tower::ServiceBuilder::new()
                .layer(from_fn(|request: Request<Body>, next: Next| tag("second", request, next))),
        )
        .layer(from_fn(|request: Request<Body>, next: Next| tag("third", request, next)));
    let response = Caller::new(pilaster::handler(way).layer(stack)).send(request::get("/")).await.unwrap();
    assert_eq!(response.text(), "first second third");
    let way: Vec<_> = response.headers().get_all("x-way").iter().map(|tag| tag.to_str().unwrap()).collect();
    assert_eq!(way, ["third, second, first"], "an HTTP API has one value for each header");
}

#[tokio::test(start_paused = true)]
async fn an_error_of_an_inner_own_layer_is_a_response_for_the_outer_and_is_mapped() {
    async fn slow(_: Method) -> &'static str {
        tokio::time::sleep(Duration::from_secs(60)).await;
        "too late"
    }
    async fn tagged(request: Request<Body>, next: Next) -> Response {
        let mut response = next.run(request).await;
        response.headers_mut().insert("x-tagged", "yes".parse().unwrap());
        response
    }
    let stack = Stack::new()
        .errors(ErrorLayer::new().on::<Elapsed>(504))
        .layer(from_fn(tagged))
        .layer(TimeoutLayer::new(Duration::from_secs(1)));
    let response = Caller::new(pilaster::handler(slow).layer(stack)).send(request::get("/")).await.unwrap();
    assert_eq!((response.status(), &response.headers()["x-tagged"]), (504, &"yes".parse().unwrap()));
}

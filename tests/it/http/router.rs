//! A function with many routes: an `axum::Router` with Pilaster's extractors, under Pilaster's stack.

use axum::Router;
use axum::routing::{get, post};
use pilaster::http::{Claims, CorsLayer, Created, ErrorLayer, HttpError, NoContent, Path, Query, Stack, Valid};
use serde::{Deserialize, Serialize};

use super::*;

#[derive(Debug, Deserialize, Serialize, garde::Validate)]
struct User {
    #[garde(length(chars, min = 1))]
    name: String,
}

#[derive(Deserialize)]
struct Filter {
    #[serde(default)]
    tag: Vec<String>,
}

#[derive(Debug)]
struct NameTaken;
impl std::fmt::Display for NameTaken {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("the name is taken")
    }
}
impl std::error::Error for NameTaken {}

async fn create(Valid(Json(user)): Valid<Json<User>>) -> Result<Created<User>, HttpError> {
    if user.name == "ada" {
        return Err(NameTaken.into());
    }
    Ok(Created::at("/users/7", user))
}

async fn read(Path(id): Path<u32>, Query(filter): Query<Filter>) -> String {
    format!("{id} {}", filter.tag.join("+"))
}

async fn comment(Path((user, comment)): Path<(u32, String)>) -> String {
    format!("{user}: {comment}")
}

fn app() -> Router {
    Router::new()
        .route("/users", post(create))
        .route("/users/{id}", get(read).delete(async |Path(_): Path<u32>| NoContent))
        .route("/users/{id}/comments/{*comment}", get(comment))
        .route("/me", get(async |Claims(claims): Claims<Value>| Json(claims)))
        .route("/name/{name}", get(async |Path(name): Path<String>| name))
        .route("/panic", get(async || -> () { panic!("the disk is on fire") }))
        .route("/invocation", get(async |invocation: pilaster::Invocation| invocation.request_id().to_owned()))
}

fn caller() -> Caller<impl RawService> {
    let stack = Stack::new()
        .errors(ErrorLayer::new().on::<NameTaken>(409))
        .cors(CorsLayer::new().allow_origins(["https://app.example.com"]));
    Caller::new(http::service(app()).layer(stack))
}

/// Behind a function URL, with the parameter that an API's `ANY /{proxy+}` has.
fn request(method: &str, path: &str, query: &str, body: &str) -> Value {
    json!({
        "rawPath": path, "rawQueryString": query, "body": body,
        "headers": { "host": "h", "content-type": "application/json", "origin": "https://app.example.com" },
        "pathParameters": { "proxy": path.trim_start_matches('/') },
        "requestContext": {
            "http": { "method": method }, "stage": "$default", "domainName": "u.lambda-url.eu-central-1.on.aws",
        },
    })
}

async fn asked(method: &str, path: &str, body: &str) -> (u64, String) {
    let (path, query) = path.split_once('?').unwrap_or((path, ""));
    let answer = call(&caller(), &request(method, path, query, body).to_string()).await.unwrap();
    let origin = answer["headers"]["access-control-allow-origin"].as_str();
    assert_eq!(origin, Some("https://app.example.com"), "{answer}");
    (answer["statusCode"].as_u64().unwrap(), answer["body"].as_str().unwrap().to_owned())
}

#[tokio::test]
async fn the_router_finds_the_route_and_its_parameters() {
    assert_eq!(asked("GET", "/users/7?tag=a&tag=b", "").await, (200, "7 a+b".into()));
    assert_eq!(asked("GET", "/users/7/comments/a/b%20c", "").await, (200, "7: a/b c".into()));
    assert_eq!(asked("DELETE", "/users/7", "").await, (204, String::new()));
    assert_eq!(asked("POST", "/users", r#"{"name":"eve"}"#).await, (201, r#"{"name":"eve"}"#.into()));
    assert_eq!(asked("GET", "/name/a%2Fb", "").await, (200, "a/b".into()));
    assert_eq!(asked("GET", "/invocation", "").await, (200, "00000000-0000-0000-0000-000000000000".into()));
}

#[tokio::test]
async fn what_does_not_fit_is_refused_with_the_same_headers() {
    assert_eq!(asked("GET", "/nowhere", "").await.0, 404);
    assert_eq!(asked("PATCH", "/users/7", "").await.0, 405);
    let (status, body) = asked("GET", "/users/x", "").await;
    assert_eq!((status, body.contains(r#""pointer":"/id""#)), (400, true), "{body}");
    let (status, body) = asked("POST", "/users", r#"{"name":""}"#).await;
    assert_eq!((status, body.contains(r#""pointer":"/name""#)), (422, true), "{body}");
    let (status, body) = asked("POST", "/users", r#"{"name":"ada"}"#).await;
    assert_eq!((status, body.contains("the name is taken")), (409, true), "{body}");
    assert_eq!(asked("GET", "/me", "").await.0, 401);
    let (status, body) = asked("GET", "/panic", "").await;
    assert_eq!((status, body.contains("fire")), (500, false), "{body}");
}

#[tokio::test]
async fn a_parameter_that_is_not_utf8_is_not_replaced_by_the_apis() {
    let (status, body) = asked("GET", "/name/%FF", "").await;
    assert_eq!(status, 400);
    assert!(body.contains("the path parameters must be percent-encoded UTF-8"), "{body}");
}

#[tokio::test]
async fn a_preflight_is_answered_before_the_router() {
    let mut event = request("OPTIONS", "/users", "", "");
    event["headers"]["access-control-request-method"] = json!("POST");
    let answer = call(&caller(), &event.to_string()).await.unwrap();
    assert!([200, 204].contains(&answer["statusCode"].as_u64().unwrap()), "{answer}");
    assert_eq!(answer["headers"]["access-control-allow-origin"], "https://app.example.com");
}

#[tokio::test]
async fn the_stage_is_no_part_of_the_route() {
    let mut event = request("GET", "/prod/users/7", "", "");
    event["requestContext"]["stage"] = json!("prod");
    assert_eq!(call(&caller(), &event.to_string()).await.unwrap()["body"], "7 ");
}

#[tokio::test]
async fn every_source_reaches_the_same_route() {
    for source in SOURCES.into_iter().filter(|source| *source != "websocket") {
        let mut event = smallest(source);
        for field in ["rawPath", "raw_path", "path"] {
            if event.get(field).is_some() {
                event[field] = json!("/users/7");
            }
        }
        for field in ["httpMethod", "method"] {
            if event.get(field).is_some() {
                event[field] = json!("GET");
            }
        }
        if source == "http api" {
            event["requestContext"]["http"]["method"] = json!("GET");
        }
        let answer = call(&caller(), &event.to_string()).await.unwrap();
        assert!(header_of(source, &answer, "content-type").unwrap().starts_with("text/plain"));
        assert_eq!(answer["body"], "7 ", "{source}");
    }
}

//! Inputs from public bug reports, in `fixtures/cases`: each is an event, or several, with the required response of a function.

use std::collections::BTreeMap;

use axum::Router;
use axum::routing::any;
use axum_extra::extract::CookieJar;
use pilaster::http::headers::Cookie;
use pilaster::http::{Form, Path, TypedHeader};

use super::*;

/// Returns the responses of a function of this kind.
async fn answers(function: &Value, events: &[Value]) -> Vec<Value> {
    match function["kind"].as_str().unwrap() {
        "request" => all(Caller::new(pilaster::handler(request)), events).await,
        "path" => all(Caller::new(pilaster::handler(path)), events).await,
        "cookies" => all(Caller::new(pilaster::handler(cookies)), events).await,
        "form" => all(Caller::new(pilaster::handler(form)), events).await,
        "router" => {
            let routes = function["routes"].as_array().unwrap().iter().map(|route| route.as_str().unwrap().to_owned());
            let router = routes.fold(Router::new(), |router, route| {
                let name = route.clone();
                let found = async move |Path(params): Path<BTreeMap<String, String>>| {
                    Json(json!({ "route": name, "params": params }))
                };
                router.route(&route, any(found))
            });
            all(Caller::new(http::service(router)), events).await
        }
        kind => panic!("`{kind}` is not a kind of function"),
    }
}

async fn all(caller: Caller<impl RawService>, events: &[Value]) -> Vec<Value> {
    let mut answers = Vec::new();
    for event in events {
        answers.push(call(&caller, &event.to_string()).await.unwrap());
    }
    answers
}

async fn request(uri: Uri) -> Json<Value> {
    Json(json!({ "path": uri.path() }))
}

async fn path(Path(code): Path<String>) -> Json<Value> {
    Json(json!({ "code": code }))
}

async fn cookies(TypedHeader(typed): TypedHeader<Cookie>, jar: CookieJar, headers: HeaderMap) -> Json<Value> {
    let lines = headers.get_all("cookie").iter().map(|line| line.to_str().unwrap()).collect::<Vec<_>>();
    let typed = typed.iter().map(|(name, value)| (name.to_owned(), json!(value))).collect::<Map<_, _>>();
    let jar = jar.iter().map(|cookie| (cookie.name().to_owned(), json!(cookie.value()))).collect::<Map<_, _>>();
    Json(json!({ "typed": typed, "jar": jar, "lines": lines, "get": headers["cookie"].to_str().unwrap() }))
}

async fn form(Form(fields): Form<Vec<(String, String)>>) -> Json<Vec<(String, String)>> {
    Json(fields)
}

/// Compares the named members of an object, and any other value as a whole.
fn holds(expected: &Value, found: &Value) -> bool {
    match expected.as_object() {
        Some(members) => {
            members.iter().all(|(name, expected)| found.get(name).is_some_and(|found| holds(expected, found)))
        }
        None => expected == found,
    }
}

#[tokio::test]
async fn each_reported_input_is_answered_right() {
    let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("fixtures/cases");
    for name in [
        "http-api-percent-path-only",
        "http-api-percent-twice-space",
        "http-api-percent-twice",
        "http-api-v1-percent-parameter",
        "http-api-v1-percent-twice-router",
        "http-api-v1-percent-twice",
        "rest-base-path-mapping",
        "rest-cookies-apart",
        "alb-cookies-apart",
        "base64-with-line-breaks",
    ] {
        let text = std::fs::read_to_string(folder.join(format!("{name}.json"))).unwrap();
        let case: Value = serde_json::from_str(&text).unwrap();
        let events =
            case.get("events").map_or_else(|| vec![case["event"].clone()], |all| all.as_array().unwrap().clone());
        let expected = case["expect"]["answers"].as_array().unwrap();
        let answers = answers(&case["function"], &events).await;
        assert_eq!(answers.len(), expected.len(), "{name}");
        for (answer, expected) in answers.iter().zip(expected) {
            assert_eq!(answer["statusCode"], expected["statusCode"], "{name}: {answer}");
            assert!(holds(&expected["json"], &body(answer)), "{name}: {answer}");
        }
    }
}

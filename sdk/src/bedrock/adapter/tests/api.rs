//! Action groups with an OpenAPI schema.

use axum::Router;
use axum::routing::{get, post};

use super::*;
use crate::http::{Json, Path, Query};

fn router() -> Router {
    Router::new()
        .route(
            "/claims/{claimId}",
            get(async |Path(id): Path<String>, Query(rest): Query<Value>| format!("{id} {rest}")),
        )
        .route(
            "/send",
            post(async |session: Session, Json(body): Json<Value>| {
                session.set_attribute("sent", "1");
                Json(body)
            }),
        )
        .route("/panic", get(async || -> String { panic!("secret") }))
        .route("/late", get(async || -> String { std::future::pending().await }))
}

fn api_event(method: &str, path: &str, parameters: Value) -> Value {
    json!({ "messageVersion": "1.0", "actionGroup": "group", "apiPath": path, "httpMethod": method, "parameters": parameters })
}

#[tokio::test(start_paused = true)]
async fn check_32_a_route_sees_the_decoded_parameter_and_the_answer_repeats_the_template() {
    let api = || crate::bedrock::openapi(router());
    let claim = json!([
        { "name": "claimId", "type": "string", "value": "a/b é" }, { "name": "q", "type": "string", "value": "1&2" },
    ]);
    let answer = call(api(), &api_event("GET", "/claims/{claimId}", claim)).await.unwrap();
    let body = json!({ "text/plain": { "body": r#"a/b é {"q":"1&2"}"# } });
    let response = json!({
        "actionGroup": "group", "apiPath": "/claims/{claimId}", "httpMethod": "GET", "httpStatusCode": 200,
        "responseBody": body,
    });
    assert_eq!(answer, json!({ "messageVersion": "1.0", "response": response }));
    for (path, status) in [("/nope", 404), ("/panic", 500), ("/late", 504), ("/send", 405)] {
        let answer = call(api(), &api_event("GET", path, json!([]))).await.unwrap();
        assert_eq!(answer["response"]["httpStatusCode"], status, "{path}");
        assert!(!answer.to_string().contains("secret"), "{answer}");
        let problem = answer["response"]["responseBody"]["application/problem+json"]["body"].as_str().unwrap();
        assert_eq!(serde_json::from_str::<Value>(problem).unwrap()["status"], status, "{path}");
    }
    let mut send = api_event("POST", "/send", json!([]));
    let property = |declared: &str, value: &str| json!([{ "name": "n", "type": declared, "value": value }]);
    send["requestBody"] = json!({ "content": { "application/json": { "properties": property("integer", "12") } } });
    let answer = call(api(), &send).await.unwrap();
    assert_eq!(answer["response"]["responseBody"]["application/json"]["body"], r#"{"n":12}"#);
    assert_eq!(answer["sessionAttributes"], json!({ "sent": "1" }));
    send["requestBody"] = json!({ "content": { "application/json": { "properties": property("integer", "x") } } });
    let answer = call(api(), &send).await.unwrap();
    assert_eq!(answer["response"]["httpStatusCode"], 400);
}

#[tokio::test]
async fn a_route_is_not_called_as_another_without_its_path_parameter() {
    let router = || {
        Router::new()
            .route("/users/", axum::routing::delete(async || "all"))
            .route("/users/{id}", axum::routing::delete(async |Path(id): Path<String>| id))
    };
    let parameter = |value: &str| json!({ "name": "id", "type": "string", "value": value });
    for (parameters, status, shown) in [
        (json!([parameter("7")]), 200, "7"),
        (json!([]), 400, "missing or empty"),
        (json!([parameter("")]), 400, "missing or empty"),
        (json!([{ "name": "id", "value": null }]), 400, "missing or empty"),
        (json!([parameter("hunter2"), parameter("2")]), 400, "sent twice"),
    ] {
        let event = api_event("DELETE", "/users/{id}", parameters);
        let answer = call(crate::bedrock::openapi(router()), &event).await.unwrap();
        assert_eq!(answer["response"]["httpStatusCode"], status, "{event}");
        let answer = answer.to_string();
        assert!(answer.contains(shown) && !answer.contains("hunter2"), "{answer}");
    }
}

#[tokio::test]
async fn one_function_serves_both_and_refuses_other_events() {
    let both = || Tools::new().add(exact).for_bedrock().openapi(router());
    assert!(call(both(), &event("exact", &[])).await.is_ok());
    let answer = call(both(), &api_event("GET", "/nope", json!([]))).await.unwrap();
    assert_eq!(answer["response"]["httpStatusCode"], 404);
    for event in [json!({}), json!([]), json!({ "function": 5 }), api_event("GET", "/", json!([]))] {
        let error = call(Tools::new().add(exact).for_bedrock(), &event).await.unwrap_err();
        assert_eq!(error.error_type(), "InvalidEvent");
    }
    for event in [json!([1]), json!("hunter2"), json!(null)] {
        let error = call(Tools::new().add(exact).for_bedrock(), &event).await.unwrap_err();
        assert_eq!(error.message(), "unexpected event: that of an action group is an object");
    }
}

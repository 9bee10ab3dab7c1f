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

#[tokio::test]
async fn a_value_of_a_path_parameter_selects_no_other_route() {
    let inner = || Router::new().route("/{id}/all", get(async || "all of one"));
    let claims = Router::new()
        .route("/claims/{id}", get(async |Path(id): Path<String>| id).delete(async || "deleted"))
        .route("/claims/export", get(async || "EXPORT"))
        .nest(
            "/claims/{id}/parts",
            Router::new().route("/{part}", get(async || "part")).route("/all", get(async || "ALL")),
        )
        .nest("/users", inner())
        .fallback(async || "fallback");
    let with = |name: &str, value: &str| json!([{ "name": name, "type": "string", "value": value }]);
    let both = |id: &str, part: &str| json!([{ "name": "claimId", "value": id }, { "name": "part", "type": "string", "value": part }]);
    for (method, path, parameters, status, shown) in [
        ("GET", "/claims/{claimId}", with("claimId", "7"), 200, "7"),
        ("GET", "/claims/{claimId}", with("claimId", "{id}"), 200, "{id}"),
        ("GET", "/claims/{claimId}", with("claimId", "export"), 400, "\\\"claimId\\\" has the value of another route"),
        ("DELETE", "/claims/{claimId}", with("claimId", "export"), 400, "another route"),
        ("GET", "/claims/export", json!([]), 200, "EXPORT"),
        ("GET", "/claims/{claimId}/parts/{part}", both("7", "8"), 200, "part"),
        ("GET", "/claims/{claimId}/parts/{part}", both("export", "8"), 200, "part"),
        ("GET", "/claims/{claimId}/parts/{part}", both("7", "all"), 400, "\\\"part\\\" has the value of another route"),
        (
            "GET",
            "/{kind}/{claimId}/all",
            json!([{ "name": "kind", "value": "users" }, { "name": "claimId", "value": "7" }]),
            400,
            "kind",
        ),
        ("GET", "/{kind}", with("kind", "claims"), 200, "fallback"),
    ] {
        let event = api_event(method, path, parameters);
        let plain = call(crate::bedrock::openapi(claims.clone()), &event).await.unwrap();
        // The layers around the router, and one function of both kinds.
        let layered = crate::bedrock::openapi(claims.clone()).layer(crate::http::Stack::new());
        let layered = call(layered, &event).await.unwrap();
        let both = Tools::new().add(exact).for_bedrock().openapi(claims.clone());
        let both = call(both, &event).await.unwrap();
        for answer in [plain, layered, both] {
            assert_eq!(answer["response"]["httpStatusCode"], status, "{event} {answer}");
            let body = answer["response"]["responseBody"].as_object().and_then(|types| types.values().next());
            let body = body.unwrap()["body"].as_str().unwrap();
            assert!(body.contains(shown), "{event} {body}");
        }
    }
    // The base path is not a part of the routes.
    let under = |path| {
        let function = crate::bedrock::openapi(claims.clone()).layer(crate::http::Stack::new().base_path("v1"));
        async move { call(function, &api_event("GET", "/v1/claims/{claimId}", with("claimId", path))).await.unwrap() }
    };
    assert_eq!(under("7").await["response"]["httpStatusCode"], 200);
    assert_eq!(under("export").await["response"]["httpStatusCode"], 400);
}

#[tokio::test]
async fn a_body_without_properties_is_no_body() {
    let echo = || Router::new().route("/send", post(async |body: String| body));
    for body in [json!(null), json!({}), json!({ "content": null }), json!({ "content": { "application/json": null } })]
    {
        let mut event = api_event("POST", "/send", json!([]));
        event["requestBody"] = body;
        let response = call(crate::bedrock::openapi(echo()), &event).await.unwrap()["response"].take();
        assert_eq!(
            (&response["httpStatusCode"], &response["responseBody"]["text/plain"]["body"]),
            (&json!(200), &json!(""))
        );
    }
}

#[tokio::test]
async fn properties_are_exact_or_a_400_with_their_name() {
    let echo = || Router::new().route("/send", post(async |body: String| body));
    let of = async |properties: Value| {
        let mut event = api_event("POST", "/send", json!([]));
        event["requestBody"] = json!({ "content": { "application/json": { "properties": properties } } });
        call(crate::bedrock::openapi(echo()), &event).await.unwrap()["response"].take()
    };
    for (declared, value, expected) in [
        ("array", "[1, 2]", json!([1, 2])),
        ("array", "[a, b]", json!(["a", "b"])),
        ("array", "[{x=a, y=}]", json!([{ "x": "a", "y": "" }])),
        ("array", r#"["1", true, null]"#, json!(["1", true, null])),
        ("object", "{x=a}", json!({ "x": "a" })),
        ("INTEGER", "12", json!(12)),
        ("Boolean", "TRUE", json!(true)),
        ("Array", "[1]", json!([1])),
        ("date", "12", json!("12")),
        ("null", "null", json!("null")),
        ("", "true", json!("true")),
    ] {
        let response = of(json!([{ "name": "a", "type": declared, "value": value }])).await;
        let body = response["responseBody"]["text/plain"]["body"].as_str().unwrap();
        assert_eq!(serde_json::from_str::<Value>(body).unwrap(), json!({ "a": expected }), "{declared} {value}");
    }
    const QUOTES: &str = "expected JSON, in which a text has quotes";
    for (declared, value, expected) in [
        ("array", "[{x=1}]", QUOTES),
        ("array", "[{x=true}]", QUOTES),
        ("array", "[a, 1e400]", QUOTES),
        ("array", "[a, null]", QUOTES),
        ("object", "{x=hunter2, y=null}", QUOTES),
        ("array", "['a']", "expected a JSON list"),
        ("array", "hunter2", "expected a JSON list"),
        ("object", "", "expected a JSON object"),
        ("object", r#"{"x":1,"x":2}"#, "/x: the member is sent twice"),
        ("INTEGER", "hunter2", "expected an integer"),
    ] {
        let response = of(json!([{ "name": "a", "type": declared, "value": value }])).await;
        assert_eq!(response["httpStatusCode"], 400, "{declared} {value}");
        let problem = response["responseBody"]["application/problem+json"]["body"].as_str().unwrap();
        let problem = serde_json::from_str::<Value>(problem).unwrap();
        assert_eq!(problem["detail"], format!("the property \"a\": {expected}"), "{declared} {value}");
    }
    let response = of(json!([{ "name": "a", "value": null }, { "name": "b", "type": "integer" }])).await;
    assert_eq!(response["responseBody"]["text/plain"]["body"], "{}", "absent");
}

//! Requests and responses of HTTP functions.

use serde_json::{Value, json};

use crate::http::{self, Body, IntoResponse, Json, Method, Response, StatusCode};
use crate::json_schema::SchemaLayer;
use crate::testing::Caller;
use crate::testing::http::{TestResponse, delete, get, post, request};

const USERS: &str = r#"{ "type": "array", "items": { "type": "object", "properties": { "id": { "type": "integer" } }, "required": ["id"] } }"#;

async fn send(layer: SchemaLayer, request: crate::testing::http::Request) -> TestResponse {
    let stack = http::Stack::new().layer(layer);
    Caller::new(crate::handler(async |body: String| body).layer(stack)).send(request).await.unwrap()
}

fn incoming() -> SchemaLayer {
    SchemaLayer::new().incoming(USERS)
}

#[tokio::test]
async fn a_body_that_matches_reaches_the_function_unchanged() {
    let text = " [ {\"id\": 1.0, \"id\" : 2} ]\n";
    let response = send(incoming(), post("/").header("content-type", "application/json").text(text)).await;
    assert_eq!((response.status(), &*response.text()), (200, text));
}

#[tokio::test]
async fn a_body_that_does_not_match_is_a_422_with_at_most_a_hundred_pointers_and_nothing_of_the_caller() {
    let one = json!([{ "id": "hunter2", "hunter2": 1 }]);
    let response = send(incoming(), post("/").json(&one)).await;
    assert_eq!(response.status(), 422);
    assert_eq!(response.header("content-type"), Some("application/problem+json"));
    let problem = response.json::<Value>().unwrap();
    assert_eq!(problem["detail"], "the request body does not match the expected schema");
    assert_eq!(problem["errors"], json!([{ "pointer": "/0/id", "detail": "must be an integer" }]));

    let many = vec![json!({ "hunter2": "hunter2" }); 500];
    let closed = SchemaLayer::new().incoming(&json!({ "items": { "additionalProperties": { "type": "null" } } }));
    for layer in [incoming(), closed] {
        let response = send(layer, post("/").json(&many)).await;
        assert_eq!(response.status(), 422);
        assert_eq!(response.json::<Value>().unwrap()["errors"].as_array().unwrap().len(), 100);
        assert!(!response.text().contains("hunter2"), "{response:?}");
    }
}

#[tokio::test]
async fn a_body_that_is_not_json_is_rejected_as_by_the_extractor() {
    let json = |text: String| post("/").header("content-type", "application/json").text(text);
    for (request, status) in [
        (post("/").text("[]"), 415),
        (json("[]".into()).header("content-encoding", "gzip"), 415),
        (json(String::new()), 400),
        (json("[".into()), 400),
        (json("[1e400]".into()), 400),
        (json(format!("{}{}", "[".repeat(128), "]".repeat(128))), 400),
        (json(format!("{}{}", "[".repeat(127), "]".repeat(127))), 422),
        (json(r#"[{"id": "a", "id": "b"}]"#.into()), 422),
        (json(r#"[{"id": 18446744073709551616}]"#.into()), 200),
        // It has no payload.
        (post("/"), 200),
        (get("/"), 200),
        (delete("/"), 200),
        // A body is checked whatever the method is.
        (delete("/").json(7), 422),
        (get("/").text("[]"), 415),
    ] {
        let shown = format!("{request:?}");
        let response = send(incoming(), request).await;
        assert_eq!(response.status(), status, "{shown}: {response:?}");
    }
}

#[tokio::test]
async fn a_body_of_six_megabytes_is_answered() {
    let text = format!("[{}0]", "0,".repeat(2_900_000));
    let response = send(incoming(), post("/").header("content-type", "application/json").text(text)).await;
    assert_eq!(response.status(), 422);
    assert_eq!(response.json::<Value>().unwrap()["errors"][0]["pointer"], "");
}

async fn answer(body: Value) -> Response {
    let text = body["text"].as_str().unwrap_or_default().to_owned();
    let status = StatusCode::from_u16(body["status"].as_u64().unwrap_or(200).try_into().unwrap()).unwrap();
    let media_type = body["type"].as_str().unwrap_or("application/json").to_owned();
    (status, [("content-type", media_type), ("x-internal", "hunter2".to_owned())], Body::from(text)).into_response()
}

#[tokio::test]
async fn a_response_that_breaks_its_schema_is_a_logged_500_and_nothing_of_it_is_sent() {
    let layer = || http::Stack::new().layer(SchemaLayer::new().outgoing(USERS));
    let function = || crate::handler(async |_: Method, Json(body): Json<Value>| answer(body).await).layer(layer());
    for answer in [
        json!({ "text": "[{\"id\": \"hunter2\", \"hunter2\": 1}]" }),
        json!({ "text": "{\"hunter2\": 1}", "status": 201 }),
        json!({ "text": "hunter2" }),
        json!({ "text": "" }),
        json!({ "text": "[]", "type": "text/csv" }),
    ] {
        let caller = Caller::new(function());
        let response = caller.send(post("/").json(&answer)).await.unwrap();
        assert_eq!((response.status(), response.header("x-internal")), (500, None), "{answer}");
        assert_eq!(response.text(), r#"{"title":"Internal Server Error","status":500}"#);
        #[cfg(feature = "logging")]
        {
            let captured = crate::observe::logging::CapturedLogs::default();
            Caller::new(function()).with_logs(&captured).send(post("/").json(&answer)).await.unwrap();
            let log = format!("{:?}", captured.lines());
            assert!(log.contains("the response does not match the schema") && !log.contains("hunter2"), "{log}");
        }
    }
    #[cfg(feature = "logging")]
    {
        let captured = crate::observe::logging::CapturedLogs::default();
        let request = post("/").json(json!({ "text": "[{\"id\": 1}, {\"id\": \"hunter2\"}]" }));
        Caller::new(function()).with_logs(&captured).send(request).await.unwrap();
        let log = format!("{:?}", captured.lines());
        assert!(log.contains("/1/id must be an integer"), "{log}");
    }
    for answer in [
        json!({ "text": "[{\"id\": 1}]" }),
        json!({ "text": "", "status": 204 }),
        // Errors and redirects have other forms.
        json!({ "text": "{\"id\": \"a\"}", "status": 404 }),
        json!({ "text": "", "status": 303 }),
    ] {
        let response = Caller::new(function()).send(post("/").json(&answer)).await.unwrap();
        assert_eq!((response.status(), response.header("x-internal").is_some()), {
            let status = answer["status"].as_u64().unwrap_or(200);
            (status as u16, true)
        });
    }
}

#[tokio::test]
async fn a_head_has_no_body_to_check() {
    let function = crate::handler(async |_: Method| ([("content-type", "application/json")], ""));
    let caller = Caller::new(function.layer(http::Stack::new().layer(SchemaLayer::new().outgoing(USERS))));
    assert_eq!(caller.send(request("HEAD", "/")).await.unwrap().status(), 200);
    assert_eq!(caller.send(get("/")).await.unwrap().status(), 500);
}

#[tokio::test]
async fn only_responses_are_checked_by_a_schema_for_responses() {
    let function = crate::handler(async |_: String| Json(json!([{ "id": 1 }])));
    let caller = Caller::new(function.layer(http::Stack::new().layer(SchemaLayer::new().outgoing(USERS))));
    assert_eq!(caller.send(post("/").text("not JSON")).await.unwrap().status(), 200);
}

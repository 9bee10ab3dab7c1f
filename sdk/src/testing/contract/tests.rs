//! Tests of what is checked against a document.

mod parameters;

use std::panic::AssertUnwindSafe;

use futures_util::FutureExt as _;
use serde_json::{Value, json};

use crate::http::{IntoResponse, Method, Response, StatusCode};
use crate::testing::Caller;
use crate::testing::http::{Request, delete, get, post, request};

fn document() -> Value {
    let problem = json!({ "$ref": "#/components/responses/Problem" });
    json!({
        "openapi": "3.1.0",
        "servers": [{ "url": "https://api.example.com/v1" }],
        "paths": {
            "/users": {
                "post": {
                    "operationId": "create_user",
                    "requestBody": { "required": true, "content": { "application/json": { "schema": { "$ref": "#/components/schemas/User" } } } },
                    "responses": {
                        "201": {
                            "headers": { "Location": { "required": true }, "ETag": { "$ref": "#/components/headers/Tag" } },
                            "content": { "application/json": { "schema": { "$ref": "#/components/schemas/User" } } },
                        },
                        "4XX": problem,
                        "default": problem,
                    },
                },
                "get": {
                    "parameters": [
                        { "name": "limit", "in": "query", "schema": { "type": "integer", "maximum": 10 } },
                        { "name": "tag", "in": "query", "schema": { "type": "array", "items": { "type": "string" }, "maxItems": 2 } },
                        { "name": "X-Version", "in": "header", "required": true, "schema": { "type": "string" } },
                    ],
                    "responses": { "200": { "content": { "text/*": {}, "application/json": {} } }, "204": {}, "default": problem },
                },
            },
            "/users/{id}": {
                "parameters": [{ "name": "id", "in": "path", "required": true, "schema": { "type": "integer" } }],
                "delete": { "responses": { "204": { "description": "Gone" }, "404": problem } },
            },
            "/users/me": { "delete": { "operationId": "delete_me", "responses": { "403": problem } } },
            "/files/{path}": { "get": { "responses": { "200": { "content": { "*/*": {} } } } } },
        },
        "components": {
            "schemas": { "User": {
                "type": "object",
                "properties": { "name": { "type": "string" }, "friend": { "$ref": "#/components/schemas/User" } },
                "required": ["name"],
            } },
            "headers": { "Tag": { "required": true } },
            "responses": { "Problem": { "content": { "application/problem+json": { "schema": { "required": ["status"] } } } } },
        },
    })
}

/// What a handler responds, whatever the request is.
fn response(status: u16, headers: &[(&'static str, &'static str)], body: &str) -> Response {
    let mut response = body.to_owned().into_response();
    *response.status_mut() = StatusCode::from_u16(status).unwrap();
    response.headers_mut().remove("content-type");
    for (name, value) in headers {
        response.headers_mut().insert(*name, value.parse().unwrap());
    }
    response
}

/// Sends a request whose response is given, and returns the text of the panic.
async fn fault(document: &Value, request: Request, answer: fn() -> Response) -> Option<String> {
    let function = crate::handler(move |_: Method| async move { answer() });
    let caller = Caller::new(function).against(document).without_logs();
    let sent = AssertUnwindSafe(caller.send(request)).catch_unwind().await;
    match sent {
        Ok(response) => response.map(|_| None).unwrap(),
        Err(panic) => Some(panic.downcast_ref::<String>().unwrap().clone()),
    }
}

const JSON: (&str, &str) = ("content-type", "application/json");
const CREATED: [(&str, &str); 3] = [JSON, ("location", "/users/1"), ("etag", "\"1\"")];

macro_rules! faults {
    ($($request:expr => $answer:expr, $expected:expr;)*) => {$(
        let found = fault(&document(), $request, || $answer).await;
        let shown = stringify!($request => $answer);
        match $expected {
            "" => assert_eq!(found, None, "{shown}"),
            expected => {
                let found = found.unwrap_or_else(|| panic!("{shown}: {expected}"));
                assert!(found.contains(expected), "{shown}: {found}");
            }
        }
    )*};
}

fn new_user() -> Request {
    post("/users").json(json!({ "name": "Ada" }))
}

#[tokio::test]
async fn a_response_is_checked_by_its_status_its_media_type_its_body_and_its_headers() {
    faults! {
        new_user() => response(201, &CREATED, r#"{"name":"Ada"}"#), "";
        new_user() => response(200, &CREATED, r#"{"name":"Ada"}"#), "the operation `create_user` (`POST /users`): the status 200 is not documented";
        new_user() => response(201, &CREATED[..2], r#"{"name":"Ada"}"#), "the operation `create_user` (`POST /users`): the response 201: the required header `ETag` is missing";
        new_user() => response(201, &[JSON], r#"{"name":"Ada"}"#), "the required header";
        new_user() => response(201, &CREATED[1..], r#"{"name":"Ada"}"#), "the body has no `Content-Type`; the document has `application/json`";
        new_user() => response(201, &[("content-type", "text/csv"), CREATED[1], CREATED[2]], "Ada"), "the body has the media type `text/csv`";
        new_user() => response(201, &CREATED, r#"{"name":"Ada","friend":{"name":7}}"#), "the response 201: the body does not match its schema: `/friend/name` must be a string";
        new_user() => response(201, &CREATED, "{}"), "`/name` is required";
        new_user() => response(201, &CREATED, "not JSON"), "the body is not JSON";
        new_user() => response(201, &CREATED, ""), "the response has no body";
        new_user() => response(409, &[("content-type", "application/problem+json")], r#"{"status":409}"#), "";
        new_user() => response(409, &[("content-type", "application/problem+json")], "{}"), "the response 409: the body does not match its schema: `/status` is required";
        new_user() => response(409, &[JSON], r#"{"status":409}"#), "the media type `application/json`; the document has `application/problem+json`";
        delete("/users/7") => response(204, &[], ""), "";
        delete("/users/7") => response(200, &[], ""), "the operation `DELETE /users/{id}`: the status 200 is not documented, which has 204, 404";
        delete("/users/me") => response(204, &[], ""), "the operation `delete_me` (`DELETE /users/me`): the status 204";
        get("/files/a/b.txt") => response(200, &[("content-type", "text/plain")], "a"), "";
        get("/files/a/b.txt") => response(201, &[], ""), "the status 201";
    }
}

#[tokio::test]
async fn default_counts_for_failures_of_the_service_alone() {
    let list = || get("/users").header("x-version", "1");
    faults! {
        list() => response(500, &[("content-type", "application/problem+json")], r#"{"status":500}"#), "";
        list() => response(503, &[JSON], "{}"), "the response 503: the body has the media type";
        list() => response(404, &[("content-type", "application/problem+json")], r#"{"status":404}"#), "`responses(404 = \"..\")`";
        list() => response(202, &[], ""), "the status 202 is not documented";
    }
}

#[tokio::test]
async fn a_request_that_is_answered_must_be_allowed_by_the_document() {
    let list = || get("/users").header("x-version", "1");
    let with = |query: &str| get(format!("/users?{query}")).header("x-version", "1");
    faults! {
        list() => response(200, &[JSON], "[]"), "";
        list() => response(200, &[("content-type", "text/csv; charset=utf-8")], "a"), "";
        with("limit=10&tag=1&tag=b&other=x") => response(204, &[], ""), "";
        with("limit=11") => response(204, &[], ""), "although the document does not allow the request: the query parameter `limit` does not match its schema: must be at most 10";
        with("limit=all") => response(204, &[], ""), "the query parameter `limit` does not match its schema: must be an integer";
        with("limit=1&limit=2") => response(204, &[], ""), "`limit` is sent more than once";
        with("tag=a&tag=b&tag=c") => response(204, &[], ""), "must have at most 2 items";
        get("/users") => response(204, &[], ""), "the header parameter `X-Version` is required";
        delete("/users/seven") => response(204, &[], ""), "the path parameter `id` does not match its schema";
        post("/users").json(json!({ "name": 7 })) => response(201, &CREATED, r#"{"name":"7"}"#), "the response has the status 201, although the document does not allow the request: the body does not match its schema: `/name` must be a string";
        post("/users") => response(201, &CREATED, r#"{"name":"7"}"#), "the body is required";
        post("/users").text("Ada") => response(201, &CREATED, r#"{"name":"7"}"#), "the body has no `Content-Type`";
        // A test of the rejection.
        post("/users").json(json!({ "name": 7 })) => response(422, &[("content-type", "application/problem+json")], r#"{"status":422}"#), "";
    }
}

#[tokio::test]
async fn a_request_without_an_operation_is_answered_by_404_or_405() {
    faults! {
        get("/nosuch") => response(404, &[], ""), "";
        request("PUT", "/users") => response(405, &[], ""), "";
        request("OPTIONS", "/users") => response(204, &[], ""), "";
        get("/users/me") => response(405, &[], ""), "";
        get("/files/a/b.txt") => response(404, &[], ""), "";
        delete("/users/7") => response(405, &[], ""), "the status 405 is not documented";
        get("/nosuch") => response(200, &[], ""), "`GET /nosuch` is not in the document, and its response has the status 200";
        request("PUT", "/users") => response(204, &[], ""), "`PUT /users` is not in the document";
        delete("/v1/users/7") => response(204, &[], ""), "";
        delete("/v10/users/7") => response(204, &[], ""), "`DELETE /v10/users/7` is not in the document";
        request("HEAD", "/users").header("x-version", "1") => response(200, &[JSON], ""), "";
    }
    let old = json!({ "openapi": "3.0.3", "paths": {} });
    let found = fault(&old, get("/"), || response(404, &[], "")).await.unwrap();
    assert!(found.contains("`3.0.3`: tests need OpenAPI 3.1"), "{found}");
    let mut wrong = document();
    wrong["components"]["schemas"]["User"]["type"] = "strng".into();
    let found = fault(&wrong, new_user(), || response(201, &CREATED, "{}")).await.unwrap();
    assert!(found.contains("a schema of the document is wrong"), "{found}");
}

#[cfg(all(feature = "openapi", feature = "macros"))]
mod of_types {
    use schemars::JsonSchema;
    use serde::{Deserialize, Serialize};

    use super::*;
    use crate::http::{self, Created, HttpError, Json, Path, Query};

    #[derive(Serialize, Deserialize, JsonSchema)]
    struct User {
        name: String,
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        friends: Vec<User>,
    }

    #[derive(Deserialize, JsonSchema)]
    struct Page {
        limit: Option<u8>,
        #[serde(default)]
        tags: Vec<String>,
    }

    #[http::operation(crate = crate, route = "POST /users", responses(409 = "The name is taken"))]
    async fn create(Json(user): Json<User>) -> Result<Created<User>, HttpError> {
        match &*user.name {
            "taken" => Err(HttpError::conflict("the name is taken")),
            "locked" => Err(HttpError::forbidden("not documented")),
            _ => Ok(Created::at("/users/1", user)),
        }
    }

    #[http::operation(crate = crate, route = "GET /users/{id}/friends")]
    async fn friends(Path(_): Path<u32>, Query(page): Query<Page>) -> Json<Vec<String>> {
        Json(page.tags.into_iter().take(page.limit.unwrap_or(1).into()).collect())
    }

    #[tokio::test]
    async fn a_document_of_the_types_and_the_function_agree() {
        let service = || http::service(http::routes![create, friends]);
        let document = crate::openapi::of(&service()).unwrap();
        let caller = Caller::new(service()).against(&document).without_logs();
        let user = json!({ "name": "Ada", "friends": [{ "name": "Grace", "friends": [] }] });
        assert_eq!(caller.send(post("/users").json(&user)).await.unwrap().status(), 201);
        assert_eq!(caller.send(post("/users").json(json!({ "name": "taken" }))).await.unwrap().status(), 409);
        assert_eq!(caller.send(post("/users").json(json!({ "name": 7 }))).await.unwrap().status(), 422);
        assert_eq!(caller.send(post("/users").text("Ada")).await.unwrap().status(), 415);
        assert_eq!(caller.send(post("/users").json(json!({})).text("{")).await.unwrap().status(), 400);
        let listed = caller.send(get("/users/7/friends?limit=2&tags=a&tags=2&tags=c")).await.unwrap();
        assert_eq!(listed.json::<Value>().unwrap(), json!(["a", "2"]));
        assert_eq!(caller.send(get("/users/7/friends?limit=x")).await.unwrap().status(), 400);
        assert_eq!(caller.send(get("/users/x/friends")).await.unwrap().status(), 400);
        assert_eq!(caller.send(get("/nosuch")).await.unwrap().status(), 404);
        let locked =
            AssertUnwindSafe(caller.send(post("/users").json(json!({ "name": "locked" })))).catch_unwind().await;
        let panic = locked.unwrap_err();
        let text = panic.downcast_ref::<String>().unwrap();
        assert!(text.contains("the operation `create` (`POST /users`): the status 403 is not documented"), "{text}");
    }
}

//! What an operation says.

use std::error::Error;
use std::fmt;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::document;
use crate::http::{
    self, Accepted, Body, Claims, Created, ErrorLayer, FromRequestParts, HttpError, IntoResponse, Json, NoContent,
    Parts, Path, Query, Redirect, RequestContext,
};
use crate::openapi::{Operation, OperationPart, Parameter, SecurityScheme, of};

#[derive(Serialize, Deserialize, JsonSchema)]
struct User {
    name: String,
}

#[derive(Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[allow(dead_code)]
struct Find {
    /// The tags to find.
    #[serde(default)]
    with_tag: Vec<String>,
    limit: Option<u8>,
    #[serde(rename = "q")]
    text: String,
    #[serde(default)]
    order: Order,
}

#[derive(Deserialize, JsonSchema, Default)]
enum Order {
    #[default]
    Newest,
    Oldest,
}

/**
 * Creates a user.
 *
 * The name is unique.
 * It never changes.
 *
 * # More
 */
#[http::operation(crate = crate, route = "POST /users", tags("users", "admin"), id = "newUser", responses(409 = "Taken.", 202 = Accepted))]
#[deprecated]
async fn create(_: http::Method, Json(user): Json<User>) -> Result<Created<User>, HttpError> {
    Ok(Created::at("/users/1", user))
}

#[http::operation(crate = crate, route = "GET /users")]
async fn find(_: Query<Find>) -> Json<Vec<User>> {
    Json(Vec::new())
}

#[http::operation(crate = crate, route = "PUT /users/{id}/files/{path+}", security("jwt", "files:write"))]
async fn put(Path((id, _)): Path<(u64, String)>, _: Claims<Value>, body: Option<Json<User>>) -> NoContent {
    let _ = (id, body);
    NoContent
}

#[http::operation(crate = crate, route = "GET /old/{id}", security())]
async fn old(Path(id): Path<String>) -> Redirect {
    Redirect::permanent(format!("/users/{id}"))
}

#[http::operation(crate = crate, route = "ANY /secret", hidden)]
async fn secret(_: http::Method) -> String {
    String::new()
}

fn all() -> Value {
    #[allow(deprecated)]
    let routes = http::routes![create, find, put, old, secret];
    let stack = http::Stack::new().openapi(|document| {
        document.title("Users").version("7").server("https://api.example.com").tag("users", "All users.");
        document.security_scheme("jwt", SecurityScheme::bearer("JWT")).require("jwt", &[]);
        document.problem(429, "Too many requests.");
    });
    of(&http::service(routes).layer(stack.errors(ErrorLayer::new().on::<Gone>(410)))).unwrap().as_value().clone()
}

#[derive(Debug)]
struct Gone;

impl fmt::Display for Gone {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("gone")
    }
}

impl Error for Gone {}

fn statuses(operation: &Value) -> Vec<&str> {
    operation["responses"].as_object().unwrap().keys().map(String::as_str).collect()
}

#[test]
fn an_operation_is_what_the_function_says() {
    let document = all();
    let create = &document["paths"]["/users"]["post"];
    assert_eq!(create["operationId"], "newUser");
    assert_eq!(create["summary"], "Creates a user.");
    assert_eq!(create["description"], "The name is unique.\nIt never changes.\n\n# More");
    assert_eq!((&create["deprecated"], &create["tags"]), (&json!(true), &json!(["users", "admin"])));
    assert_eq!(create["requestBody"]["required"], true);
    let schema = json!({ "$ref": "#/components/schemas/User" });
    assert_eq!(create["requestBody"]["content"]["application/json"]["schema"], schema);
    assert_eq!(statuses(create), ["201", "202", "400", "409", "410", "413", "415", "422", "429", "default"]);
    assert_eq!(create["responses"]["201"]["content"]["application/json"]["schema"], schema);
    assert_eq!(create["responses"]["201"]["headers"]["Location"]["required"], true);
    assert_eq!(create["responses"]["202"]["headers"]["Retry-After"]["required"], false);
    assert_eq!(create["responses"]["409"]["description"], "Taken.");
    assert_eq!(create.get("security"), None);
    assert_eq!(document["tags"], json!([{ "name": "users", "description": "All users." }, { "name": "admin" }]));
    assert_eq!(document["security"], json!([{ "jwt": [] }]));
    assert_eq!((&document["info"]["title"], &document["info"]["version"]), (&json!("Users"), &json!("7")));
}

#[test]
fn parameters_have_the_names_of_serde_and_of_the_route() {
    let document = all();
    let find = document["paths"]["/users"]["get"]["parameters"].as_array().unwrap();
    let names = find.iter().map(|parameter| (parameter["name"].as_str().unwrap(), parameter["required"] == true));
    assert_eq!(names.collect::<Vec<_>>(), [("limit", false), ("order", false), ("q", true), ("withTag", false)]);
    assert_eq!(find[0]["schema"]["type"], "integer");
    assert_eq!((&find[0]["schema"]["minimum"], &find[0]["schema"]["maximum"]), (&json!(0), &json!(255)));
    assert_eq!((&find[0]["allowEmptyValue"], find[2].get("allowEmptyValue")), (&json!(true), None));
    assert_eq!(find[3]["description"], "The tags to find.");
    assert_eq!(find[3]["schema"], json!({ "type": "array", "items": { "type": "string" }, "default": [] }));
    let put = &document["paths"]["/users/{id}/files/{path}"]["put"];
    let parameters = put["parameters"].as_array().unwrap();
    assert_eq!((&parameters[0]["name"], &parameters[0]["schema"]["type"]), (&json!("id"), &json!("integer")));
    assert_eq!((&parameters[1]["name"], &parameters[1]["required"]), (&json!("path"), &json!(true)));
    assert_eq!(put["requestBody"]["required"], false);
    assert_eq!(statuses(put), ["204", "400", "401", "403", "410", "413", "415", "422", "429", "default"]);
    assert_eq!(put["security"], json!([{ "jwt": ["files:write"] }]));
}

#[test]
fn a_hidden_operation_is_served_and_not_written() {
    let document = all();
    assert_eq!(document["paths"].as_object().unwrap().len(), 3);
    assert_eq!(document["paths"]["/old/{id}"]["get"]["security"], json!([]));
    assert_eq!(statuses(&document["paths"]["/old/{id}"]["get"]), ["3XX", "400", "410", "429", "default"]);
}

#[test]
fn the_text_is_the_same_each_time_and_begins_with_the_version() {
    let text = || {
        #[allow(deprecated)]
        let routes = http::routes![create, find, put, old];
        of(&http::service(routes).layer(http::Stack::new().openapi(|document| {
            document.security_scheme("jwt", SecurityScheme::openid("https://id.example.com"));
        })))
        .unwrap()
        .to_json()
    };
    assert_eq!(text(), text());
    assert!(text().starts_with("{\n  \"openapi\": \"3.1.0\",\n  \"info\": {"), "{}", text());
    assert!(text().ends_with("}\n"));
    let parsed: Value = serde_json::from_str(&text()).unwrap();
    assert_eq!(parsed["servers"], json!([{ "url": "/" }]));
    assert_eq!((&parsed["info"]["title"], &parsed["security"]), (&json!("pilaster"), &json!([])));
}

struct Language;

impl<S: Sync> FromRequestParts<S> for Language {
    type Rejection = HttpError;

    async fn from_request_parts(_: &mut Parts, _: &S) -> Result<Self, HttpError> {
        Ok(Self)
    }
}

impl OperationPart for Language {
    fn request(operation: &mut Operation<'_>) {
        let schema = operation.request_schema::<String>();
        operation.parameter(Parameter::header("X-Language", schema).required().description("A tag of BCP 47."));
    }
}

/// A type of another crate, which knows nothing of documents.
struct Foreign;

impl<S: Sync> FromRequestParts<S> for Foreign {
    type Rejection = HttpError;

    async fn from_request_parts(_: &mut Parts, _: &S) -> Result<Self, HttpError> {
        Ok(Self)
    }
}

#[http::operation(crate = crate, route = "GET /own")]
async fn own(_: Language, _: Foreign, _: http::HeaderMap) -> Result<Json<u8>, HttpError> {
    Ok(Json(1))
}

#[test]
fn an_own_part_describes_itself_and_a_foreign_one_is_silent() {
    let document = document(http::routes![own]);
    let own = &document["paths"]["/own"]["get"];
    assert_eq!(
        own["parameters"],
        json!([{
            "in": "header", "name": "X-Language", "required": true, "schema": { "type": "string" },
            "description": "A tag of BCP 47.",
        }])
    );
    assert_eq!(statuses(own), ["200", "default"]);
}

#[http::operation(crate = crate, route = "GET /opaque")]
async fn opaque(_: RequestContext) -> impl IntoResponse {
    "text"
}

#[http::operation(crate = crate, route = "GET /named", responses(200 = Json<u8>, 204 = "Nothing is there."))]
async fn named(_: RequestContext) -> impl IntoResponse {
    Body::empty().into_response()
}

#[test]
fn an_opaque_response_is_a_warning_unless_it_is_named() {
    let document = of(&http::service(http::routes![opaque])).unwrap();
    assert_eq!(statuses(&document.as_value()["paths"]["/opaque"]["get"]), ["default"]);
    assert_eq!(document.warnings().len(), 1, "{:?}", document.warnings());
    assert!(document.warnings()[0].starts_with("`GET /opaque`: "), "{:?}", document.warnings());
    let document = of(&http::service(http::routes![named])).unwrap();
    assert_eq!(document.warnings(), [] as [String; 0]);
    let named = &document.as_value()["paths"]["/named"]["get"];
    assert_eq!(statuses(named), ["200", "204", "default"]);
    assert_eq!(named["responses"]["204"], json!({ "description": "Nothing is there." }));
}

#[http::operation(crate = crate, route = "GET /rest/{path+}")]
async fn rest(Path(path): Path<String>) -> String {
    path
}

#[tokio::test]
async fn routes_are_served_and_other_paths_are_problems() {
    use tower::ServiceExt as _;
    #[allow(deprecated)]
    let router = http::routes![create, rest, secret].into_router();
    let call = |method: &'static str, path: &'static str| {
        let router = router.clone();
        let request = http::Request::builder().method(method).uri(path).body(Body::empty()).unwrap();
        async move {
            let response = router.oneshot(request).await.unwrap();
            (response.status().as_u16(), response.headers().get("content-type").cloned())
        }
    };
    assert_eq!(call("POST", "/users").await.0, 415);
    assert_eq!(call("DELETE", "/secret").await.0, 200);
    assert_eq!(call("GET", "/rest/a/b").await.0, 200);
    assert_eq!(call("GET", "/rest/").await.0, 404);
    let problem = Some("application/problem+json".parse().unwrap());
    assert_eq!(call("GET", "/users").await, (405, problem.clone()));
    assert_eq!(call("GET", "/nowhere").await, (404, problem));
}

#[cfg(all(feature = "conditional", feature = "negotiation"))]
#[test]
fn layers_of_the_stack_add_what_they_answer() {
    let of_stack = |stack: http::Stack| {
        #[allow(deprecated)]
        let routes = http::routes![create, find, rest];
        of(&http::service(routes).layer(stack)).unwrap().as_value().clone()
    };
    let stack = http::Stack::new()
        .conditional(http::ConditionalLayer::new())
        .layer(http::NegotiationLayer::new().media_types(["application/json"]));
    let (plain, layered) = (of_stack(http::Stack::new()), of_stack(stack));
    let added = |path: &str, method: &str| {
        let [before, after] = [&plain, &layered].map(|document| statuses(&document["paths"][path][method]));
        after.into_iter().filter(|status| !before.contains(status)).map(str::to_owned).collect::<Vec<_>>()
    };
    assert_eq!(added("/users", "get"), ["304", "406", "412"]);
    assert_eq!(added("/users", "post"), ["406"]);
}

#[cfg(all(feature = "jwt", feature = "rate-limit"))]
#[test]
fn tokens_and_limits_are_in_the_document() {
    use crate::JwtVerifier;
    use crate::http::{Jwt, JwtLayer, RateLimitLayer};
    use crate::rate_limit::{MemoryStore, Quota, RateLimit};

    #[http::operation(crate = crate, route = "GET /mine")]
    async fn mine(_: Jwt<Value>) -> NoContent {
        NoContent
    }

    #[http::operation(crate = crate, route = "GET /maybe")]
    async fn maybe(_: Option<Jwt<Value>>) -> NoContent {
        NoContent
    }

    #[http::operation(crate = crate, route = "GET /open")]
    async fn open(_: http::Method) -> NoContent {
        NoContent
    }

    let of_stack = |stack: http::Stack| {
        of(&http::service(http::routes![mine, maybe, open]).layer(stack)).unwrap().as_value().clone()
    };
    let plain = of_stack(http::Stack::new());
    let [mine, open] = ["/mine", "/open"].map(|path| plain["paths"][path]["get"].clone());
    assert_eq!((statuses(&mine), &mine["security"]), (vec!["204", "401", "403", "default"], &json!([{ "jwt": [] }])));
    assert_eq!((statuses(&open), open.get("security")), (vec!["204", "default"], None));
    assert_eq!(plain["paths"]["/maybe"]["get"]["security"], json!([{}, { "jwt": [] }]));
    assert_eq!(plain["components"]["securitySchemes"]["jwt"]["bearerFormat"], "JWT");

    let tokens = JwtLayer::new(JwtVerifier::cognito("eu-west-1_AbCdEfGhI").client("4l0example")).scopes(["read"]);
    let limit = RateLimitLayer::new(RateLimit::new(MemoryStore::new(), Quota::per_second(1)));
    let layered = of_stack(http::Stack::new().layer(tokens).rate_limit(limit));
    assert_eq!(layered["security"], json!([{ "jwt": ["read"] }]));
    let keyed = of_stack(http::Stack::new().openapi(|document| {
        document.security_scheme("key", SecurityScheme::key_in_header("x-api-key")).require("key", &[]);
    }));
    assert_eq!(keyed["paths"]["/mine"]["get"]["security"], json!([{ "key": [], "jwt": [] }]), "both");
    assert_eq!(keyed["paths"]["/maybe"]["get"]["security"], json!([{ "key": [] }, { "key": [], "jwt": [] }]));
    for path in ["/mine", "/open"] {
        let operation = &layered["paths"][path]["get"];
        assert_eq!(
            (statuses(operation), operation.get("security")),
            (vec!["204", "401", "403", "429", "default"], None)
        );
        assert_eq!(operation["responses"]["429"]["headers"]["Retry-After"]["required"], true);
    }
}

//! The responses of an operation that has several of one status.

use schemars::JsonSchema;
use serde::Serialize;
use serde_json::{Value, json};

use super::document;
use crate::http::{self, Created, Json, Method};
use crate::openapi::{Operation, OperationPart, Response, of};

#[derive(Serialize, JsonSchema)]
struct Taken {
    name: String,
}

#[derive(Serialize, JsonSchema)]
struct Full {
    seats: u32,
}

#[http::operation(
    crate = crate,
    route = "GET /users",
    responses(409 = Json<Taken>, 409 = Json<Full>, 409 = Json<Taken>, 404 = Json<Taken>, 202 = Json<Full>, 500 = "Broken.")
)]
async fn find(_: Method) -> Json<Taken> {
    Json(Taken { name: String::new() })
}

fn reference(name: &str) -> Value {
    json!({ "$ref": format!("#/components/schemas/{name}") })
}

fn schema(response: &Value) -> &Value {
    &response["content"]["application/json"]["schema"]
}

#[test]
fn two_types_of_one_status_are_alternatives() {
    let document = document(http::routes![find]);
    let responses = &document["paths"]["/users"]["get"]["responses"];
    assert_eq!(schema(&responses["409"]), &json!({ "anyOf": [reference("Taken"), reference("Full")] }));
    assert_eq!(schema(&responses["404"]), &reference("Taken"));
}

#[test]
fn a_type_with_another_status_has_the_description_of_the_status() {
    let document = document(http::routes![find]);
    let responses = &document["paths"]["/users"]["get"]["responses"];
    let description = |status: &str| responses[status]["description"].as_str().unwrap();
    assert_eq!(description("404"), "Not Found.");
    assert_eq!(description("409"), "Conflict.");
    assert_eq!(description("202"), "Accepted.");
    assert_eq!((description("200"), description("500")), ("Success.", "Broken."));
}

/// A response with a header, and one that may be anything.
struct Tagged;

impl OperationPart for Tagged {
    fn response(operation: &mut Operation<'_>) {
        let schema = operation.response_schema::<Full>();
        let tagged = Response::new("Tagged.").content("application/json", schema).header("ETag", true, "Its tag.");
        operation.response("200", tagged);
        let any = Response::new("Anything.").content("application/json", schemars::json_schema!({}));
        operation.response("201", any);
    }
}

#[http::operation(crate = crate, route = "GET /tagged", responses(201 = Created<Taken>, 200 = Json<Taken>))]
async fn tagged(_: Method) -> impl http::IntoResponse {}

#[http::operation(crate = crate, route = "GET /named", responses(201 = "The user is created."))]
async fn named(_: Method) -> Created<Taken> {
    Created::at("/", Taken { name: String::new() })
}

#[test]
fn a_header_that_one_of_two_responses_lacks_is_not_required() {
    let mut schemas = crate::openapi::schemas::Schemas::new();
    let mut operation = Operation::new("GET /", &mut schemas);
    operation.response_of::<Json<Taken>>("200");
    Tagged::response(&mut operation);
    <Created<Taken> as OperationPart>::response(&mut operation);
    let responses = operation.finish().responses();
    assert_eq!(responses["200"]["headers"]["ETag"]["required"], false);
    assert_eq!(schema(&responses["200"]), &json!({ "anyOf": [reference("Taken"), reference("Full")] }));
    assert_eq!(responses["201"]["content"], json!({ "application/json": {} }), "one of them may be anything");
    assert_eq!(responses["201"]["headers"]["Location"]["required"], false);
}

#[test]
fn a_text_changes_the_description_alone() {
    let document = document(http::routes![tagged, named]);
    let created = &document["paths"]["/named"]["get"]["responses"]["201"];
    assert_eq!(created["description"], "The user is created.");
    assert_eq!((schema(created), &created["headers"]["Location"]["required"]), (&reference("Taken"), &json!(true)));
}

#[http::operation(
    crate = crate,
    route = "GET /texts",
    responses(200 = "Fine.", 200 = Created<Taken>, 409 = "taken", 409 = Json<Full>, 410 = "gone", 410 = "Sold out!", 410 = "gone")
)]
async fn texts(_: Method) -> Json<Taken> {
    Json(Taken { name: String::new() })
}

#[test]
fn texts_replace_what_the_types_say_and_several_are_sentences() {
    let document = document(http::routes![texts]);
    let responses = &document["paths"]["/texts"]["get"]["responses"];
    let description = |status: &str| responses[status]["description"].as_str().unwrap();
    assert_eq!((description("200"), description("409"), description("410")), ("Fine.", "taken", "gone. Sold out!"));
    assert_eq!(schema(&responses["409"]), &reference("Full"));
}

#[test]
fn the_response_of_a_layer_is_beside_that_of_the_operation() {
    let stack = http::Stack::new().openapi(|document| {
        document.problem(409, "A layer says so.").problem(404, "Gone.");
    });
    let document = of(&http::service(http::routes![find]).layer(stack)).unwrap().as_value().clone();
    let conflict = &document["paths"]["/users"]["get"]["responses"]["409"];
    assert_eq!(conflict["description"], "Conflict.");
    let media_types: Vec<_> = conflict["content"].as_object().unwrap().keys().map(String::as_str).collect();
    assert_eq!(media_types, ["application/json", "application/problem+json"]);
}

//! Webhooks.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::http::{self, Json, NoContent};
use crate::openapi::{Document, FinishedDocument, SecurityScheme, merge, of};

/// An order has
/// left the warehouse.
///
/// It is sent once.
#[derive(Serialize, Deserialize, JsonSchema)]
#[allow(dead_code)]
struct OrderShipped {
    id: String,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    parcels: Vec<Parcel>,
    #[serde(skip_serializing)]
    secret: String,
}

#[derive(Serialize, Deserialize, JsonSchema)]
struct Parcel {
    weight: u32,
}

#[derive(Serialize, Deserialize, JsonSchema)]
struct Order {
    id: String,
    #[serde(default)]
    note: String,
}

#[http::operation(crate = crate, route = "POST /orders")]
async fn create(_: Json<Order>) -> NoContent {
    NoContent
}

fn described(describe: fn(&mut Document)) -> Result<FinishedDocument, String> {
    let stack = http::Stack::new().openapi(describe);
    of(&http::service(http::routes![create]).layer(stack)).map_err(|faults| faults.to_string())
}

fn document(describe: fn(&mut Document)) -> Value {
    described(describe).unwrap().as_value().clone()
}

fn shipped(document: &mut Document) {
    document.security_scheme("key", SecurityScheme::key_in_header("x-api-key")).require("key", &[]);
    document.webhook::<OrderShipped>("orderShipped").webhook::<Vec<u8>>("bytes");
}

#[test]
fn a_webhook_is_what_serde_writes_of_its_type() {
    let finished = described(shipped).unwrap();
    let document = finished.as_value();
    let post = &document["webhooks"]["orderShipped"]["post"];
    assert_eq!(post["summary"], "An order has left the warehouse.");
    assert_eq!(post["description"], "It is sent once.");
    assert_eq!((&post["operationId"], &post["security"]), (&json!("orderShipped"), &json!([])));
    let schema = &post["requestBody"]["content"]["application/json"]["schema"];
    assert_eq!(schema, &json!({ "$ref": "#/components/schemas/OrderShipped" }));
    let schema = &document["components"]["schemas"]["OrderShipped"];
    assert_eq!(schema["required"], json!(["id"]), "`secret` is not written, and `parcels` may be left out");
    assert!(document["components"]["schemas"]["Parcel"].is_object());
    assert_eq!(document["webhooks"]["bytes"]["post"].get("summary"), None);
    let text = finished.to_json();
    assert!(text.find("\"webhooks\"") > text.find("\"paths\""), "{text}");
    let read: Value = serde_json::from_str(&text).unwrap();
    assert_eq!(&read, document, "the text has each member");
}

#[test]
fn a_name_in_use_is_a_fault() {
    let twice = |document: &mut Document| {
        document.webhook::<Parcel>("parcel").webhook::<Parcel>("parcel");
    };
    assert_eq!(described(twice).unwrap_err(), "two webhooks have the name `parcel`: rename one");
    let of_an_operation = |document: &mut Document| {
        document.webhook::<Parcel>("create");
    };
    assert_eq!(
        described(of_an_operation).unwrap_err(),
        "the operation of `POST /orders` has the id `create` of a webhook: set `id = \"..\"` for it"
    );
}

#[test]
fn the_document_for_api_gateway_has_no_webhooks_and_says_so() {
    let aws = described(shipped).unwrap().to_aws("Orders").unwrap();
    assert_eq!(aws.as_value().get("webhooks"), None);
    assert_eq!(aws.warnings(), ["OpenAPI 3.0 has no webhooks: `bytes`, `orderShipped` are left out"]);
    let schemas = aws.as_value()["components"]["schemas"].as_object().unwrap();
    let names: Vec<_> = schemas.keys().map(String::as_str).collect();
    assert_eq!(names, ["Order", "Problem"], "schemas that only webhooks use are left out");
}

/// Returns a document with another path.
fn moved(mut document: Value, path: &str, id: &str) -> Value {
    let mut operations = document["paths"]["/orders"].take();
    operations["post"]["operationId"] = id.into();
    document["paths"] = json!({ path: operations });
    document
}

#[test]
fn merged_documents_keep_their_webhooks() {
    let a = moved(document(shipped), "/a", "a");
    let b = moved(
        document(|document| {
            shipped(document);
            document.webhook::<Parcel>("parcelLost");
        }),
        "/b",
        "b",
    );
    let merged = merge([("a.json", a.clone()), ("b.json", b.clone())]).unwrap();
    let webhooks = merged.as_value()["webhooks"].as_object().unwrap();
    assert_eq!(webhooks.keys().collect::<Vec<_>>(), ["bytes", "orderShipped", "parcelLost"]);
    assert_eq!(webhooks["orderShipped"], a["webhooks"]["orderShipped"]);

    let mut other = b.clone();
    other["webhooks"]["orderShipped"]["post"]["summary"] = "Another.".into();
    assert_eq!(
        merge([("a.json", a.clone()), ("b.json", other)]).unwrap_err().to_string(),
        "the webhook `orderShipped` of `a.json` and that of `b.json` differ: rename one"
    );
    let mut same_id = b;
    same_id["webhooks"]["parcelLost"]["post"]["operationId"] = "a".into();
    assert_eq!(
        merge([("a.json", a), ("b.json", same_id)]).unwrap_err().to_string(),
        "the `operationId` `a` is in `a.json` and `b.json`: remove or rename one"
    );
}

#[test]
fn a_webhook_follows_the_schemas_that_a_merge_renames() {
    let part = |title: &str, path: &str, webhook: &str, kind: &str| {
        let content = json!({ "application/json": { "schema": { "$ref": "#/components/schemas/User" } } });
        json!({
            "openapi": "3.1.0", "info": { "title": title, "version": "1" },
            "paths": { path: { "get": { "operationId": title, "responses": {} } } },
            "webhooks": { webhook: { "post": { "requestBody": { "content": content } } } },
            "components": { "schemas": { "User": { "type": kind } } },
        })
    };
    let merged = merge([("a", part("a", "/a", "x", "string")), ("b", part("b", "/b", "y", "integer"))]).unwrap();
    let of = |name: &str| {
        merged.as_value()["webhooks"][name]["post"]["requestBody"]["content"]["application/json"]["schema"]["$ref"]
            .clone()
    };
    assert_eq!((of("x"), of("y")), (json!("#/components/schemas/AUser"), json!("#/components/schemas/BUser")));
}

//! The schemas of types in requests and in responses.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::document;
use crate::http::{self, Json};

#[derive(Serialize, Deserialize, JsonSchema)]
struct Plain {
    a: u8,
}

/// Read in another form than written.
#[derive(Serialize, Deserialize, JsonSchema)]
struct Differs {
    /// Optional in both.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    both: String,
    /// Optional in requests alone.
    #[serde(default)]
    read: String,
    plain: Plain,
}

/// Refers to a type that differs.
#[derive(Serialize, Deserialize, JsonSchema)]
struct Around {
    inner: Vec<Differs>,
}

/// A type that contains itself.
#[derive(Serialize, Deserialize, JsonSchema)]
struct Tree {
    children: Vec<Tree>,
    #[serde(default)]
    name: String,
}

#[derive(Serialize, Deserialize, JsonSchema)]
#[serde(tag = "kind", rename_all = "camelCase", rename_all_fields = "camelCase")]
enum Payment {
    Card(Plain),
    BankTransfer { account_number: String },
}

#[http::operation(crate = crate, route = "POST /around")]
async fn around(body: Json<Around>) -> Json<Around> {
    body
}

#[http::operation(crate = crate, route = "POST /tree")]
async fn tree(body: Json<Tree>) -> Json<Tree> {
    body
}

#[http::operation(crate = crate, route = "POST /payment")]
async fn payment(body: Json<Payment>) -> Json<Payment> {
    body
}

fn required(schema: &Value) -> Vec<&str> {
    schema["required"].as_array().into_iter().flatten().filter_map(Value::as_str).collect()
}

#[test]
fn a_type_that_is_read_in_another_form_has_two_schemas() {
    let document = document(http::routes![around, tree]);
    let schemas = &document["components"]["schemas"];
    let names = schemas.as_object().unwrap().keys().map(String::as_str).collect::<Vec<_>>();
    assert_eq!(names, ["Around", "AroundInput", "Differs", "DiffersInput", "Plain", "Problem", "Tree", "TreeInput"],);
    assert_eq!(
        (required(&schemas["DiffersInput"]), required(&schemas["Differs"])),
        (vec!["plain"], vec!["read", "plain"])
    );
    let to = |name: &str| json!({ "$ref": format!("#/components/schemas/{name}") });
    assert_eq!(schemas["AroundInput"]["properties"]["inner"]["items"], to("DiffersInput"));
    assert_eq!(schemas["Around"]["properties"]["inner"]["items"], to("Differs"));
    assert_eq!(schemas["DiffersInput"]["properties"]["plain"], to("Plain"));
    assert_eq!(schemas["TreeInput"]["properties"]["children"]["items"], to("TreeInput"));
    let around = &document["paths"]["/around"]["post"];
    assert_eq!(around["requestBody"]["content"]["application/json"]["schema"], to("AroundInput"));
    assert_eq!(around["responses"]["200"]["content"]["application/json"]["schema"], to("Around"));
}

#[test]
fn nothing_stands_beside_a_reference() {
    let document = document(http::routes![payment]);
    let schemas = &document["components"]["schemas"];
    let variants = schemas["Payment"]["oneOf"].as_array().unwrap();
    assert_eq!(variants[0]["allOf"], json!([{ "$ref": "#/components/schemas/Plain" }]));
    assert_eq!(variants[0]["properties"]["kind"]["const"], "card");
    assert!(variants[1]["properties"]["accountNumber"].is_object(), "{variants:#?}");
    check(&document);

    fn check(value: &Value) {
        match value {
            Value::Object(object) => {
                assert!(!object.contains_key("$ref") || object.len() == 1, "{object:?}");
                object.values().for_each(check);
            }
            Value::Array(items) => items.iter().for_each(check),
            _ => {}
        }
    }
}

/// Its fields have the names of members of a schema.
#[derive(Serialize, Deserialize, JsonSchema)]
struct Reserved {
    default: Differs,
    examples: Differs,
    #[serde(rename = "if")]
    condition: u8,
    pair: (u8, String),
}

/// Hidden, so its types are not in the document.
#[http::operation(crate = crate, route = "POST /hidden", hidden)]
async fn hidden(body: Json<Tree>) -> Json<Tree> {
    body
}

#[http::operation(crate = crate, route = "POST /reserved/{rest+}")]
async fn reserved(body: Json<Reserved>) -> Json<Reserved> {
    body
}

#[derive(Deserialize, JsonSchema)]
#[allow(dead_code)]
struct Find {
    #[serde(default)]
    page: Option<u32>,
    many: Option<Vec<u8>>,
}

#[http::operation(crate = crate, route = "GET /find")]
async fn find(_: http::Query<Find>) -> http::NoContent {
    http::NoContent
}

#[test]
fn a_field_with_the_name_of_a_member_is_a_field() {
    let finished = crate::openapi::of(&http::service(http::routes![reserved, hidden])).unwrap();
    let schemas = &finished.as_value()["components"]["schemas"];
    let names = schemas.as_object().unwrap().keys().map(String::as_str).collect::<Vec<_>>();
    assert_eq!(names, ["Differs", "DiffersInput", "Plain", "Problem", "Reserved", "ReservedInput"]);
    for field in ["default", "examples"] {
        let to = schemas["ReservedInput"]["properties"][field]["$ref"].as_str();
        assert_eq!(to, Some("#/components/schemas/DiffersInput"));
    }
    let aws = finished.to_aws("Function").unwrap();
    let aws = aws.as_value();
    let reserved = &aws["components"]["schemas"]["ReservedInput"]["properties"];
    assert!(reserved["if"].is_object(), "{reserved:#}");
    assert!(reserved["pair"]["items"]["anyOf"].is_array(), "{reserved:#}");
    assert!(aws["paths"]["/reserved/{rest+}"]["post"].is_object());
}

#[test]
fn a_query_has_neither_null_nor_an_empty_list() {
    let document = document(http::routes![find]);
    let parameters = &document["paths"]["/find"]["get"]["parameters"];
    assert_eq!((&parameters[0]["name"], parameters[0].get("allowEmptyValue")), (&json!("many"), None));
    assert_eq!((&parameters[1]["name"], parameters[1]["schema"].get("default")), (&json!("page"), None));
    assert_eq!(parameters[1]["allowEmptyValue"], true);
}

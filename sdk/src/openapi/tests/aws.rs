//! The document for API Gateway.

use std::num::NonZeroU32;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::http::{self, Json, NoContent, Query};
use crate::openapi::of;

#[derive(Serialize, Deserialize, JsonSchema)]
#[schemars(rename = "A_Shape")]
struct Shape {
    kind: Kind,
    point: (f32, f32),
    #[schemars(extend("exclusiveMinimum" = 0))]
    size: f64,
    note: Option<String>,
    any: Value,
    count: Option<NonZeroU32>,
}

#[derive(Serialize, Deserialize, JsonSchema)]
#[serde(tag = "type")]
enum Kind {
    Circle(Radius),
    Line,
}

#[derive(Serialize, Deserialize, JsonSchema)]
struct Radius {
    radius: f32,
}

#[derive(Deserialize, JsonSchema)]
#[allow(dead_code)]
struct Find {
    limit: Option<u8>,
}

#[http::operation(crate = crate, route = "POST /shapes")]
async fn create(shape: Json<Shape>) -> Json<Shape> {
    shape
}

#[http::operation(crate = crate, route = "GET /shapes/{rest+}")]
async fn find(_: Query<Find>) -> NoContent {
    NoContent
}

/// Calls a function with each object and its members, wherever it is.
fn each(value: &Value, check: &mut impl FnMut(&serde_json::Map<String, Value>)) {
    match value {
        Value::Object(object) => {
            check(object);
            object.values().for_each(|member| each(member, check));
        }
        Value::Array(items) => items.iter().for_each(|item| each(item, check)),
        _ => {}
    }
}

#[test]
fn schemas_are_those_of_openapi_3_0_and_operations_have_integrations() {
    let document = of(&http::service(http::routes![create, find])).unwrap().to_aws("Shapes").unwrap();
    let document = document.as_value();
    assert_eq!(document["openapi"], "3.0.1");
    let names = document["components"]["schemas"].as_object().unwrap().keys().collect::<Vec<_>>();
    assert_eq!(names, ["AShape", "AShapeInput", "Kind", "Problem", "Radius"]);
    let body = &document["paths"]["/shapes"]["post"]["requestBody"]["content"]["application/json"]["schema"];
    assert_eq!(*body, json!({ "$ref": "#/components/schemas/AShapeInput" }));
    let shape = &document["components"]["schemas"]["AShape"]["properties"];
    assert_eq!((&shape["size"]["minimum"], &shape["size"]["exclusiveMinimum"]), (&json!(0), &json!(true)));
    assert_eq!((&shape["note"]["type"], &shape["note"]["nullable"]), (&json!("string"), &json!(true)));
    each(document, &mut |object| {
        assert!(!object.get("type").is_some_and(Value::is_array), "{object:?}");
        for name in ["const", "prefixItems", "$schema", "unevaluatedProperties", "identifier"] {
            assert!(!object.contains_key(name), "{name} in {object:?}");
        }
        assert!(!object.contains_key("$ref") || object.len() == 1, "{object:?}");
    });
    for (path, method) in [("/shapes", "post"), ("/shapes/{rest+}", "get")] {
        let integration = &document["paths"][path][method]["x-amazon-apigateway-integration"];
        assert_eq!((&integration["type"], &integration["payloadFormatVersion"]), (&json!("aws_proxy"), &json!("2.0")));
        let uri = integration["uri"]["Fn::Sub"].as_str().unwrap();
        assert!(uri.ends_with("/functions/${Shapes.Arn}/invocations"), "{uri}");
    }
}

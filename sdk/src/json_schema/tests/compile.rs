//! Schemas that do not compile.

use std::io::ErrorKind;
use std::net::TcpListener;

use serde_json::{Value, json};

use crate::json_schema::{Schema, SchemaLayer};
use crate::{Event, FunctionError};

fn mistake(schema: &Value) -> String {
    Schema::of(schema).unwrap_err().to_string()
}

async fn echo(Event(event): Event<Value>) -> Result<Value, FunctionError> {
    Ok(event)
}

#[test]
fn a_reference_that_leads_elsewhere_ends_the_start_by_its_name_and_nothing_is_fetched() {
    let server = TcpListener::bind("127.0.0.1:0").unwrap();
    server.set_nonblocking(true).unwrap();
    let url = format!("http://{}/order.json", server.local_addr().unwrap());
    for keyword in ["$ref", "$dynamicRef"] {
        let schema = json!({ "properties": { "order": { keyword: url } } });
        for layer in [SchemaLayer::new().incoming(&schema), SchemaLayer::new().outgoing(&schema)] {
            let error = crate::handler(echo).layer(layer).into_service().err().unwrap().to_string();
            assert!(error.contains(&url) && error.contains("nothing is fetched"), "{error}");
        }
    }
    assert_eq!(server.accept().unwrap_err().kind(), ErrorKind::WouldBlock);

    for elsewhere in ["order.json", "file:///etc/hostname", "urn:order", "/order"] {
        let error = mistake(&json!({ "$ref": elsewhere }));
        assert!(error.contains(elsewhere) && error.contains("nothing is fetched"), "{error}");
    }
}

#[test]
fn a_mistake_is_named_by_its_keyword() {
    for (schema, named) in [
        (
            json!({ "properties": { "a": { "$ref": "#/$defs/Nope" } } }),
            "`$ref` to \"#/$defs/Nope\", where it has nothing",
        ),
        (json!({ "$ref": "#nope" }), "nope"),
        (json!({ "properties": { "a": { "minLength": "1" } } }), "`/properties/a/minLength`: the value of `minLength`"),
        (json!({ "type": "strng" }), "`/type`: the value of `type` breaks"),
        (json!({ "required": [1] }), "`/required/0`: the value of `required`"),
        (json!({ "pattern": "(" }), "a pattern at `/pattern`"),
        (json!({ "properties": { "a": { "pattern": "^(?=a)" } } }), "look-around and back-references"),
        (json!({ "patternProperties": { "(.)\\1": {} } }), "look-around and back-references"),
        (
            json!({ "$schema": "https://example.com/meta" }),
            "`$schema` \"https://example.com/meta\", which is not known",
        ),
        (json!(7), "is not valid"),
    ] {
        let error = mistake(&schema);
        assert!(error.contains(named), "{schema}: {error}");
    }
    assert!(Schema::parse("{").unwrap_err().to_string().contains("is not JSON"));
    let error = crate::handler(echo).layer(SchemaLayer::new().incoming(&json!({})).at("detail")).into_service();
    assert!(error.err().unwrap().to_string().contains("begins with `/`"));
}

#[test]
fn the_dialect_is_that_of_the_schema() {
    // A boolean in draft 4, a number from draft 6 on.
    let draft_4 =
        json!({ "$schema": "http://json-schema.org/draft-04/schema#", "maximum": 7, "exclusiveMaximum": true });
    assert!(Schema::of(&draft_4).unwrap().check(&json!(7)).is_err());
    let now = json!({ "maximum": 7, "exclusiveMaximum": true });
    assert!(mistake(&now).contains("exclusiveMaximum"));
}

//! Documents of several functions.

use serde_json::{Value, json};

use crate::openapi::merge;

fn document(title: &str, paths: Value, schemas: Value) -> Value {
    json!({
        "openapi": "3.1.0", "info": { "title": title, "version": "1" },
        "paths": paths, "components": { "schemas": schemas },
    })
}

fn reference(name: &str) -> Value {
    json!({ "$ref": format!("#/components/schemas/{name}") })
}

fn get(id: &str, schema: &str) -> Value {
    let content = json!({ "application/json": { "schema": reference(schema) } });
    json!({ "get": { "operationId": id, "responses": { "200": { "description": "", "content": content } } } })
}

#[test]
fn schemas_that_differ_get_the_title_and_equal_ones_are_one() {
    let user = |kind: &str| json!({ "type": "object", "properties": { "id": { "type": kind }, "address": reference("Address") } });
    let address = json!({ "type": "string" });
    let page = json!({ "type": "array", "items": reference("User") });
    let part = |title: &str, path: &str, kind: &str| {
        let schemas = json!({ "User": user(kind), "Page": page, "Address": address });
        document(title, json!({ path: get(title, "Page") }), schemas)
    };
    let (a, b) = (part("user service", "/a", "string"), part("orders", "/b", "integer"));
    for parts in [[("a.json", a.clone()), ("b.json", b.clone())], [("b.json", b), ("a.json", a)]] {
        let merged = merge(parts).unwrap();
        let schemas = merged.as_value()["components"]["schemas"].as_object().unwrap();
        let names = schemas.keys().map(String::as_str).collect::<Vec<_>>();
        assert_eq!(names, ["Address", "OrdersPage", "OrdersUser", "UserServicePage", "UserServiceUser"]);
        assert_eq!(schemas["OrdersPage"]["items"], reference("OrdersUser"));
        assert_eq!(schemas["UserServiceUser"]["properties"]["address"], reference("Address"));
        let of = |path: &str| {
            merged.as_value()["paths"][path]["get"]["responses"]["200"]["content"]["application/json"]["schema"].clone()
        };
        assert_eq!((of("/a"), of("/b")), (reference("UserServicePage"), reference("OrdersPage")));
    }
}

#[test]
fn conflicts_name_both_files() {
    let fault = |a: Value, b: Value| merge([("a.json", a), ("b.json", b)]).unwrap_err().to_string();
    let part = |path: &str, id: &str| document("t", json!({ path: get(id, "X") }), json!({}));
    assert_eq!(fault(part("/a", "x"), part("/a", "y")), "`GET /a` is in `a.json` and `b.json`: remove or rename one");
    assert!(fault(part("/a", "x"), part("/b", "x")).starts_with("the `operationId` `x` is in `a.json` and `b.json`"));
    let text = fault(part("/a/{id}", "x"), part("/a/{name}", "y"));
    assert!(text.starts_with("`/a/{id}` of `a.json` and `/a/{name}` of `b.json` are one path"), "{text}");
    let mut secured = [part("/a", "x"), part("/b", "y")];
    secured[0]["components"]["securitySchemes"] = json!({ "key": { "type": "apiKey" } });
    secured[1]["components"]["securitySchemes"] = json!({ "key": { "type": "http" } });
    let [a, b] = secured;
    assert!(fault(a, b).contains("`securitySchemes/key` of `a.json` and that of `b.json` differ"));
    let mut titles = [part("/a", "x"), part("/b", "y")];
    titles[0]["components"]["schemas"]["X"] = json!({ "type": "string" });
    titles[1]["components"]["schemas"]["X"] = json!({ "type": "integer" });
    let [a, b] = titles;
    assert!(fault(a, b).contains("have schemas of one name that differ (`X`), and one title"));
    assert_eq!(fault(json!([]), part("/a", "x")), "`a.json` is no OpenAPI document of version 3");
    assert!(merge(Vec::<(&str, Value)>::new()).is_err());
}

#[test]
fn security_that_differs_moves_to_the_operations() {
    let part = |path: &str, security: Value| {
        let mut part = document("t", json!({ path: get(path, "X") }), json!({}));
        part["security"] = security;
        part
    };
    let merged = merge([("a", part("/a", json!([{ "key": [] }]))), ("b", part("/b", json!([])))]).unwrap();
    let merged = merged.as_value();
    assert_eq!((&merged["security"], &merged["paths"]["/a"]["get"]["security"]), (&json!([]), &json!([{ "key": [] }])));
    assert_eq!(merged["paths"]["/b"]["get"]["security"], json!([]));
    let same = || json!([{ "key": [] }]);
    let merged = merge([("a", part("/a", same())), ("b", part("/b", same()))]).unwrap();
    assert_eq!(merged.as_value()["security"], same());
    assert_eq!(merged.as_value()["paths"]["/a"]["get"].get("security"), None);
}

#[test]
fn the_values_of_a_discriminator_stay_and_stand_for_the_renamed_schemas() {
    let part = |title: &str, path: &str, kind: &str| {
        let pet = json!({
            "oneOf": [reference("Cat"), reference("Dog"), reference("Fish")],
            "discriminator": { "propertyName": "kind", "mapping": { "cat": "#/components/schemas/Cat", "dog": "Dog" } },
        });
        let schema = json!({ "type": "object", "description": kind });
        let fish = json!({ "type": "object" });
        let schemas = json!({ "Pet": pet, "Cat": schema, "Dog": schema, "Fish": fish, "Note": { "type": "string" } });
        document(title, json!({ path: get(title, "Pet") }), schemas)
    };
    let merged = merge([("a", part("a", "/a", "1")), ("b", part("b", "/b", "2"))]).unwrap();
    let pet = &merged.as_value()["components"]["schemas"]["APet"];
    assert_eq!(pet["oneOf"], json!([reference("ACat"), reference("ADog"), reference("Fish")]));
    let mapping = json!({ "cat": "#/components/schemas/ACat", "dog": "#/components/schemas/ADog" });
    assert_eq!(pet["discriminator"], json!({ "propertyName": "kind", "mapping": mapping }));

    // Without a mapping, a value is the name of a schema.
    let part = |title: &str, path: &str, kind: &str| {
        let mut part = part(title, path, kind);
        part["components"]["schemas"]["Pet"]["discriminator"].as_object_mut().unwrap().remove("mapping");
        part
    };
    let merged = merge([("a", part("a", "/a", "1")), ("b", part("b", "/b", "2"))]).unwrap();
    let pet = &merged.as_value()["components"]["schemas"]["BPet"];
    let mapping = json!({ "Cat": "#/components/schemas/BCat", "Dog": "#/components/schemas/BDog" });
    assert_eq!(pet["discriminator"]["mapping"], mapping);
}

#[test]
fn a_schema_that_only_a_discriminator_names_is_renamed_with_its_user() {
    let part = |title: &str, path: &str, kind: &str| {
        let pet =
            json!({ "discriminator": { "propertyName": "kind", "mapping": { "dog": "#/components/schemas/Dog" } } });
        document(title, json!({ path: get(title, "Pet") }), json!({ "Pet": pet, "Dog": { "type": kind } }))
    };
    let merged = merge([("a", part("a", "/a", "string")), ("b", part("b", "/b", "object"))]).unwrap();
    let schemas = merged.as_value()["components"]["schemas"].as_object().unwrap();
    assert_eq!(schemas.keys().collect::<Vec<_>>(), ["ADog", "APet", "BDog", "BPet"]);
    assert_eq!(schemas["BPet"]["discriminator"]["mapping"]["dog"], "#/components/schemas/BDog");
}

#[test]
fn an_extension_stays_unless_two_documents_differ_in_it() {
    let part = |path: &str, id: &str, extensions: [(&str, Value); 2]| {
        let mut part = document("t", json!({ path: get(id, "X") }), json!({}));
        extensions.into_iter().for_each(|(name, value)| part[name] = value);
        part
    };
    let a = part("/a", "a", [("x-owner", json!("ops")), ("x-logo", json!({ "url": "/a" }))]);
    let b = part("/b", "b", [("x-owner", json!("ops")), ("x-logo", json!({ "url": "/b" }))]);
    let c = part("/c", "c", [("x-only", json!(1)), ("x-logo", json!({ "url": "/b" }))]);
    let merged = merge([("a.json", a), ("b.json", b), ("c.json", c)]).unwrap();
    let value = merged.as_value();
    assert_eq!((&value["x-owner"], &value["x-only"], value.get("x-logo")), (&json!("ops"), &json!(1), None));
    assert_eq!(merged.warnings(), ["`x-logo` of `a.json` and that of `b.json` differ: it is left out"]);
    let text: Value = serde_json::from_str(&merged.to_json()).unwrap();
    assert_eq!(&text, value, "the text has each member");
}

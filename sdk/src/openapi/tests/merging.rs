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
    assert!(fault(a, b).contains("have schemas of one name that differ (`X`), and titles with the same ASCII"));
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

/// Returns the faults of two documents with these members.
fn faults(a: Value, b: Value) -> Vec<String> {
    let faults = merge([("a.json", with("a", a)), ("b.json", with("b", b))]).unwrap_err();
    faults.iter().map(str::to_owned).collect()
}

fn merged(a: Value, b: Value) -> (Value, Vec<String>) {
    let merged = merge([("a.json", with("a", a)), ("b.json", with("b", b))]).unwrap();
    (merged.as_value().clone(), merged.warnings().to_vec())
}

fn with(title: &str, members: Value) -> Value {
    let mut document = document(title, json!({}), json!({}));
    document.as_object_mut().unwrap().extend(members.as_object().unwrap().clone());
    document
}

#[test]
fn documents_of_different_minor_versions_are_a_fault() {
    let fault = "`a.json` and `b.json` have different minor versions of OpenAPI: write both in one";
    assert_eq!(faults(json!({ "openapi": "3.0.1" }), json!({})), [fault]);
    assert_eq!(faults(json!({}), json!({ "openapi": "3.2.0" })), [fault]);
    assert_eq!(faults(json!({}), json!({ "openapi": "3.10.0" })), [fault]);
    let (value, _) = merged(json!({ "openapi": "3.1.0" }), json!({ "openapi": "3.1.1" }));
    assert_eq!(value["openapi"], "3.1.0");
}

#[test]
fn titles_that_make_no_prefix_or_one_are_a_fault_of_the_title() {
    let part = |title: &str, kind: &str| json!({ "info": { "title": title }, "components": { "schemas": { "E": { "type": kind } } } });
    let text = faults(part("\u{8a02}\u{55ae}", "string"), part("\u{7528}\u{6236}", "integer"));
    assert_eq!(text.len(), 2, "{text:?}");
    for (text, file) in text.iter().zip(["a.json", "b.json"]) {
        let fault = "has schemas that differ from those of another document (`E`), and a title without an ASCII letter or \
                     digit, which their names need: give it another title";
        assert_eq!(text, &format!("`{file}` {fault}"));
    }
    let text = faults(part("\u{dc}ber uns", "string"), part("ber uns", "integer"));
    let fault = "`a.json` and `b.json` have schemas of one name that differ (`E`), and titles with the same ASCII letters \
                 and digits (`BerUns`): give one document another title";
    assert_eq!(text, [fault]);
    // The title of a document without such a schema is no prefix.
    let other = with("b", json!({ "info": { "title": "ber uns" } }));
    let parts = [("a", with("a", part("a", "string"))), ("b", with("b", part("ber uns", "integer"))), ("c", other)];
    assert!(merge(parts).is_ok());
}

#[test]
fn a_webhook_that_takes_different_security_from_its_documents_is_a_fault() {
    let security = json!([{ "key": [] }]);
    let hook = json!({ "shipped": { "post": { "responses": {} } } });
    let text = faults(json!({ "webhooks": hook, "security": security }), json!({ "webhooks": hook }));
    let fault = "the webhook `shipped` is in `a.json` and `b.json`, which require different security: give it a \
                 `security` of its own in both";
    assert_eq!(text, [fault]);
    let same = json!({ "webhooks": hook, "security": security });
    assert_eq!(merged(same.clone(), same).0["webhooks"], hook);
    let own = json!({ "shipped": { "post": { "responses": {}, "security": [] } } });
    assert_eq!(merged(json!({ "webhooks": own, "security": security }), json!({ "webhooks": own })).0["webhooks"], own);
}

#[test]
fn members_beside_the_operations_and_components_stay_or_are_named() {
    let part = |id: &str, p: u8, docs: &str| {
        json!({
            "paths": { "x-p": p, "x-same": [1], format!("/{id}"): get(id, "X") },
            "components": { "x-c": { "n": p }, "x-same": 2 },
            "externalDocs": { "url": docs }, "jsonSchemaDialect": "https://json-schema.org/draft/2020-12/schema",
        })
    };
    let (value, warnings) = merged(part("a", 1, "/docs"), part("b", 1, "/docs"));
    assert!(warnings.is_empty(), "{warnings:?}");
    assert_eq!((&value["paths"]["x-p"], &value["components"]["x-c"]), (&json!(1), &json!({ "n": 1 })));
    assert_eq!((&value["externalDocs"]["url"], value["jsonSchemaDialect"].is_string()), (&json!("/docs"), true));

    let (value, warnings) = merged(part("a", 1, "/a"), part("b", 2, "/b"));
    let differ = |name: &str| format!("`{name}` of `a.json` and that of `b.json` differ: it is left out");
    assert_eq!(warnings, ["externalDocs", "paths.x-p", "components.x-c"].map(differ));
    assert_eq!((&value["paths"]["x-same"], value["paths"].get("x-p")), (&json!([1]), None));
    assert_eq!((&value["components"]["x-same"], value["components"].get("x-c")), (&json!(2), None));
    assert_eq!(value.get("externalDocs"), None);

    let (value, warnings) = merged(json!({ "jsonSchemaDialect": "https://a.example.com" }), json!({}));
    assert_eq!((value.get("jsonSchemaDialect"), warnings), (None, vec![differ("jsonSchemaDialect")]));
}

#[test]
fn what_a_path_says_of_its_operations_must_be_equal() {
    let part = |method: &str, members: Value| {
        let mut path = json!({ method: { "responses": {} } });
        path.as_object_mut().unwrap().extend(members.as_object().unwrap().clone());
        json!({ "paths": { "/a": path } })
    };
    let members = json!({ "parameters": [{ "name": "q", "in": "query" }], "summary": "s", "x-i": 1 });
    let (value, _) = merged(part("get", members.clone()), part("put", members.clone()));
    let path = value["paths"]["/a"].as_object().unwrap();
    assert_eq!(path.keys().collect::<Vec<_>>(), ["get", "parameters", "put", "summary", "x-i"]);
    assert_eq!(path["parameters"], members["parameters"]);
    let (value, _) = merged(part("get", json!({ "parameters": [], "summary": "s" })), part("put", json!({})));
    assert_eq!(value["paths"]["/a"]["summary"], "s");

    let differ = |name: &str| {
        vec![format!(
            "`{name}` of `/a` in `a.json` and in `b.json` differ: write them alike, or move them to the operations"
        )]
    };
    let parameters = || json!({ "parameters": members["parameters"] });
    assert_eq!(faults(part("get", parameters()), part("put", json!({}))), differ("parameters"));
    assert_eq!(faults(part("get", json!({})), part("put", parameters())), differ("parameters"));
    assert_eq!(
        faults(part("get", json!({ "summary": "s" })), part("put", json!({ "summary": "t" }))),
        differ("summary")
    );
    let twice = "`GET /a` is in `a.json` and `b.json`: remove or rename one";
    assert_eq!(faults(part("get", json!({})), part("get", json!({}))), [twice]);
}

#[test]
fn the_values_of_a_discriminator_of_heirs_stay() {
    let part = |path: &str, kind: &str| {
        let heir =
            |parent: &str, kind: &str| json!({ "allOf": [reference(parent), { "type": "object", "title": kind }] });
        let pet = json!({ "type": "object", "discriminator": { "propertyName": "kind" } });
        let schemas = json!({
            "Pet": pet, "Cat": heir("Pet", kind), "Kitten": heir("Cat", ""), "Dog": heir("Pet", ""), "Note": {},
            format!("Own{kind}"): heir("Pet", ""),
        });
        json!({ "paths": { path: get(path, "Pet") }, "components": { "schemas": schemas } })
    };
    let (value, _) = merged(part("/a", "1"), part("/b", "2"));
    let schemas = &value["components"]["schemas"];
    let to = |name: &str| format!("#/components/schemas/{name}");
    let mapping = json!({ "Cat": to("ACat"), "Kitten": to("AKitten"), "Dog": to("ADog") });
    assert_eq!(schemas["APet"]["discriminator"], json!({ "propertyName": "kind", "mapping": mapping }));
    assert_eq!(schemas["Own2"]["allOf"][0], reference("BPet"));
    let names: Vec<_> = schemas.as_object().unwrap().keys().collect();
    assert_eq!(names, ["ACat", "ADog", "AKitten", "APet", "BCat", "BDog", "BKitten", "BPet", "Note", "Own1", "Own2"]);
}

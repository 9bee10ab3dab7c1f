//! Documents of several functions, merged: each operation means what it meant before, in any order of the documents.

use std::collections::BTreeSet;

use pilaster::openapi::merge;
use proptest::prelude::*;
use serde_json::{Map, Value, json};

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

/// Returns what an operation of a document finally refers to, with every reference in place.
fn resolved(document: &Value, value: &Value, depth: usize) -> Value {
    if let Some(name) = value.get("$ref").and_then(Value::as_str).and_then(|name| name.rsplit('/').next()) {
        let schema = &document["components"]["schemas"][name];
        assert!(!schema.is_null(), "{name} is missing");
        return if depth == 0 { Value::Null } else { resolved(document, schema, depth - 1) };
    }
    match value {
        Value::Object(members) => members
            .iter()
            .map(|(name, member)| (name.clone(), resolved(document, member, depth)))
            .collect::<Map<_, _>>()
            .into(),
        Value::Array(items) => items.iter().map(|item| resolved(document, item, depth)).collect(),
        value => value.clone(),
    }
}

prop_compose! {
    /// A document of a few schemas that refer to each other, and an operation for each.
    fn documents()(parts in prop::collection::vec(
        prop::collection::btree_map(0..5usize, (0..3usize, prop::collection::vec(0..5usize, 0..3)), 1..5), 1..4,
    )) -> Vec<(String, Value)> {
        parts.into_iter().enumerate().map(|(part, schemas)| {
            let names: BTreeSet<_> = schemas.keys().copied().collect();
            let mut paths = Map::new();
            let mut definitions = Map::new();
            for (name, (kind, references)) in schemas {
                let known = references.into_iter().filter(|to| names.contains(to));
                let properties: Map<_, _> = known.map(|to| (format!("p{to}"), reference(&format!("S{to}")))).collect();
                definitions.insert(format!("S{name}"), json!({ "description": format!("{kind}"), "properties": properties }));
                paths.insert(format!("/{part}/{name}"), get(&format!("{part}-{name}"), &format!("S{name}")));
            }
            (format!("{part}.json"), document(&format!("part {part}"), paths.into(), definitions.into()))
        }).collect()
    }
}

proptest! {
    #[test]
    fn each_operation_means_what_it_meant_in_any_order(parts in documents()) {
        let merged = merge(parts.clone()).unwrap();
        let mut backwards = parts.clone();
        backwards.reverse();
        let backwards = merge(backwards).unwrap();
        prop_assert_eq!(&merged.as_value()["paths"], &backwards.as_value()["paths"]);
        prop_assert_eq!(&merged.as_value()["components"], &backwards.as_value()["components"]);
        for (_, part) in &parts {
            for (path, operation) in part["paths"].as_object().unwrap() {
                let found = resolved(merged.as_value(), &merged.as_value()["paths"][path], 6);
                prop_assert_eq!(found, resolved(part, operation, 6), "{}", path);
            }
        }
    }
}

//! The places of violations: what they name, and what they cost.

use std::time::{Duration, Instant};

use proptest::prelude::*;
use proptest::test_runner::Config;
use serde_json::{Map, Value, json};

use super::violations;
use crate::json_schema::Schema;

fn pairs(expected: &[(&str, &str)]) -> Vec<(String, String)> {
    expected.iter().map(|(pointer, detail)| ((*pointer).to_owned(), (*detail).to_owned())).collect()
}

#[test]
fn each_keyword_is_described_without_the_value() {
    for (schema, value, detail) in [
        (json!({ "type": "integer" }), json!("hunter2"), "must be an integer"),
        (json!({ "type": ["null", "string"] }), json!(1), "must be null or a string"),
        (json!({ "minLength": 1 }), json!(""), "must not be empty"),
        (json!({ "maxLength": 3 }), json!("hunter2"), "must have at most 3 characters"),
        (json!({ "minItems": 2 }), json!(["hunter2"]), "must have at least 2 items"),
        (json!({ "exclusiveMinimum": 1.5 }), json!(1), "must be greater than 1.5"),
        (json!({ "multipleOf": 0.5 }), json!(0.7), "must be a multiple of 0.5"),
        (json!({ "pattern": "^a+$" }), json!("hunter2"), "must match the pattern `^a+$`"),
        (json!({ "format": "uuid" }), json!("hunter2"), "must have the format `uuid`"),
        (json!({ "const": "a" }), json!("hunter2"), "must be \"a\""),
        (json!({ "enum": ["a", 1, null] }), json!("hunter2"), "must be one of \"a\", 1, null"),
        (json!({ "uniqueItems": true }), json!(["hunter2", "hunter2"]), "must have unique items"),
        (json!({ "contains": { "const": 1 } }), json!(["hunter2"]), "must contain the required items"),
        (json!(false), json!("hunter2"), "is not allowed"),
        (json!({ "not": { "type": "string" } }), json!("hunter2"), "must not match the excluded form"),
        (json!({ "additionalProperties": false }), json!({ "hunter2": 1 }), "has a member that is not allowed"),
        (json!({ "unevaluatedProperties": false }), json!({ "hunter2": 1 }), "has a member that is not allowed"),
        (
            json!({ "propertyNames": { "maxLength": 3 } }),
            json!({ "hunter2": 1 }),
            "has a member whose name is not allowed",
        ),
        (
            json!({ "additionalProperties": { "type": "null" } }),
            json!({ "hunter2": 1 }),
            "has a member that must be null",
        ),
        (
            json!({ "oneOf": [{ "minimum": 1 }, { "minimum": 2 }] }),
            json!(3),
            "must match exactly one of the allowed forms",
        ),
        (json!({ "anyOf": [{ "minimum": 5 }, { "multipleOf": 2 }] }), json!(3), "must match one of the allowed forms"),
    ] {
        assert_eq!(violations(&schema, &value), pairs(&[("", detail)]), "{schema}");
    }
}

#[test]
fn the_alternative_that_is_meant_is_described() {
    // As schemars writes an `Option<Address>`, and an enum with a tag.
    let schema = json!({
        "properties": {
            "address": { "anyOf": [{ "$ref": "#/$defs/Address" }, { "type": "null" }] },
            "payment": { "oneOf": [
                { "properties": { "kind": { "const": "card" }, "number": { "type": "string" } }, "required": ["kind", "number"] },
                { "properties": { "kind": { "const": "cash" }, "amount": { "type": "integer" } }, "required": ["kind", "amount"] },
            ] },
        },
        "$defs": { "Address": { "type": "object", "properties": { "zip": { "type": "string" } }, "required": ["zip"] } },
    });
    let value = json!({ "address": { "zip": 1 }, "payment": { "kind": "cash", "number": "hunter2" } });
    let expected = [("/address/zip", "must be a string"), ("/payment/amount", "is required")];
    assert_eq!(violations(&schema, &value), pairs(&expected));
    let value = json!({ "payment": { "kind": "coins" } });
    assert_eq!(violations(&schema, &value), pairs(&[("/payment", "must match one of the allowed forms")]));
}

#[test]
fn a_pointer_ends_before_a_key_that_the_schema_does_not_name() {
    let schema = json!({
        "properties": { "a/b~c": { "additionalProperties": { "items": { "properties": { "id": { "type": "integer" } } } } } },
    });
    let value = json!({ "a/b~c": { "4111111111111111": [{ "id": "hunter2" }] } });
    assert_eq!(violations(&schema, &value), pairs(&[("/a~1b~0c", "has a member that must be an integer")]));
    let schema = json!({ "items": { "properties": { "id": { "type": "integer" } }, "required": ["name"] } });
    let value = json!([{ "id": 1, "name": 1 }, { "id": "hunter2" }]);
    assert_eq!(violations(&schema, &value), pairs(&[("/1/id", "must be an integer"), ("/1/name", "is required")]));
}

/// Alternatives that contain themselves twice: a search through all of them doubles with each level.
fn doubling() -> Value {
    let branch = |required: Value| json!({ "type": "object", "properties": { "a": { "$ref": "#/$defs/T" } }, "required": required });
    let alternatives = json!([{ "type": "integer" }, branch(json!(["a"])), branch(json!(["a", "b"]))]);
    json!({ "$ref": "#/$defs/T", "$defs": { "T": { "anyOf": alternatives } } })
}

fn nested(levels: usize, open: &str, leaf: &str, close: &str) -> Value {
    serde_json::from_str(&format!("{}{leaf}{}", open.repeat(levels), close.repeat(levels))).unwrap()
}

#[test]
fn hostile_values_are_checked_at_once() {
    // A debug build is some thirty times slower than a release build, which has a second.
    let at_once = |what: &str, schema: &Value, value: &Value| {
        let schema = Schema::of(schema).unwrap();
        let start = Instant::now();
        let mismatch = schema.check(value).unwrap_err();
        assert!(mismatch.violations().len() <= 100 && mismatch.to_string().len() < 20_000, "{what}");
        assert!(start.elapsed() < Duration::from_secs(30), "{what}: {:?}", start.elapsed());
    };
    for levels in [3, 10, 11, 60, 126] {
        at_once("doubling", &doubling(), &nested(levels, r#"{"b":1,"a":"#, "\"x\"", "}"));
    }
    let tree = json!({ "$ref": "#/$defs/T", "$defs": { "T": { "type": "array", "items": { "$ref": "#/$defs/T" } } } });
    at_once("deep", &tree, &nested(127, "[", "1", "]"));
    let items = json!({ "items": { "type": "string" } });
    at_once("six megabytes", &items, &Value::Array(vec![json!(0); 3_000_000]));
    at_once("two thousand", &items, &Value::Array(vec![json!(0); 2_000]));
    let many = json!({ "items": { "required": (0..50).map(|at| format!("f{at}")).collect::<Vec<_>>() } });
    at_once("many fields", &many, &Value::Array(vec![json!({}); 2_000]));
    let text = format!("{}!", "a".repeat(1_000_000));
    for pattern in ["^(a+)+$", "^(a|a)*$", "(x+x+)+y", "^(a{1,50}){1,50}$", "(.*a){20}$b"] {
        at_once(pattern, &json!({ "pattern": pattern }), &json!(text));
    }
    let unique = (0..100_000).map(|at| json!({ "a": at })).chain([json!({ "a": 7 })]).collect();
    at_once("unique items", &json!({ "uniqueItems": true }), &Value::Array(unique));
}

#[test]
fn places_are_searched_where_that_takes_little() {
    let place = |schema: &Value, value: &Value| violations(schema, value)[0].clone();
    let (pointer, detail) = place(&doubling(), &nested(11, r#"{"b":1,"a":"#, "\"x\"", "}"));
    assert!(pointer.is_empty() && detail.contains("too large or too deep"), "{detail}");
    let (_, detail) = place(&doubling(), &nested(10, r#"{"b":1,"a":"#, "\"x\"", "}"));
    assert!(detail.contains("allowed forms"), "{detail}");
    // A schema that contains itself once takes no more time in deep values.
    let tree = json!({
        "$ref": "#/$defs/T",
        "$defs": { "T": { "type": "array", "items": { "anyOf": [{ "$ref": "#/$defs/T" }, { "type": "null" }] } } },
    });
    assert_eq!(place(&tree, &nested(100, "[", "7", "]")).0, "/0".repeat(100));
    let text = json!({ "properties": { "name": { "type": "integer" } } });
    assert_eq!(place(&text, &json!({ "name": "x".repeat(60_000) })).0, "/name");
    assert_eq!(place(&text, &json!({ "name": "x".repeat(66_000) })).0, "");
}

/// A JSON value whose texts and foreign keys are recognised.
fn value() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i32>().prop_map(Value::from),
        any::<f64>().prop_map(|number| json!(number)),
        "secret[a-z/~]{0,8}".prop_map(Value::from),
        Just(json!("card")),
    ];
    leaf.prop_recursive(5, 40, 5, |inner| {
        let key = prop_oneof!["id", "items", "kind", "secret[a-z/~0-9]{0,8}"];
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..5).prop_map(Value::Array),
            prop::collection::vec((key, inner), 0..5).prop_map(|members| Value::Object(Map::from_iter(members))),
        ]
    })
}

/// Schemas that meet many values.
fn schemas() -> Vec<Value> {
    let own = json!({
        "type": "object",
        "properties": {
            "id": { "type": "integer", "minimum": 0 },
            "items": { "type": "array", "items": { "$ref": "#/$defs/Own" }, "maxItems": 2, "uniqueItems": true },
            "kind": { "enum": ["card", "cash"] },
        },
        "required": ["id", "kind"],
        "additionalProperties": { "anyOf": [{ "type": "string", "maxLength": 8 }, { "$ref": "#/$defs/Own" }] },
        "propertyNames": { "maxLength": 12 },
    });
    vec![
        json!({ "$ref": "#/$defs/Own", "$defs": { "Own": own } }),
        json!({ "oneOf": [{ "type": "object", "unevaluatedProperties": false, "properties": { "id": {} } }, { "type": "array", "contains": { "const": 1 } }] }),
        json!({ "patternProperties": { "^secret": { "type": "string", "pattern": "^secret[a-z]*$" } }, "minProperties": 1, "not": { "required": ["id"] } }),
        json!({ "if": { "type": "string" }, "then": { "format": "uuid" }, "else": { "type": ["object", "array"], "items": false, "dependentRequired": { "id": ["kind"] } } }),
    ]
}

proptest! {
    #![proptest_config(Config { cases: 400, failure_persistence: None, ..Config::default() })]

    #[test]
    fn a_place_is_in_the_value_and_nothing_of_the_value_is_in_the_text(value in value()) {
        for schema in schemas() {
            let compiled = Schema::of(&schema).unwrap();
            let Err(mismatch) = compiled.check(&value) else { continue };
            let text = format!("{mismatch} {mismatch:?} {compiled:?}");
            // `^secret` is the schema's own.
            let foreign = text.replace("^secret[a-z]*$", "").contains("secret");
            prop_assert!(!foreign, "{}", text);
            prop_assert!((1..=100).contains(&mismatch.violations().len()));
            for violation in mismatch.violations() {
                let pointer = match violation.detail() {
                    "is required" => violation.pointer().rsplit_once('/').unwrap().0,
                    _ => violation.pointer(),
                };
                prop_assert!(value.pointer(pointer).is_some(), "{pointer} in {}", value);
            }
        }
    }
}

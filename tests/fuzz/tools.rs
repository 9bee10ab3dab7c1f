//! Models of tools: the texts of Bedrock against a second implementation, and exported schemas against the full ones.

use std::cell::RefCell;

use pilaster::testing::{Caller, bedrock};
use pilaster::tools::{Definition, Input, Tool, Tools};
use proptest::prelude::*;
use schemars::{JsonSchema, Schema, SchemaGenerator};
use serde::Deserialize;
use serde_json::{Map, Number, Value, json};

use super::decoders::block_on;

/// One argument of each type; the tool answers with what it got.
#[derive(Deserialize, JsonSchema)]
struct Exact {
    #[serde(default)]
    boolean: Option<bool>,
    #[serde(default)]
    signed: Option<i64>,
    #[serde(default)]
    unsigned: Option<u64>,
    #[serde(default)]
    text: Option<String>,
}

impl Tool for Exact {
    const DEFINITION: Definition = Definition::new("exact", "Answers with its argument.");
}

async fn exact(Input(Exact { boolean, signed, unsigned, text }): Input<Exact>) -> String {
    json!([boolean, signed, unsigned, text]).to_string()
}

/// Returns the integer that a text of JSON's grammar is exactly, by arithmetic on fractions.
fn exactly(text: &str) -> Option<i128> {
    // The grammar is that of another parser.
    serde_json::from_str::<Number>(text).ok()?;
    let (mantissa, exponent) = text.split_once(['e', 'E']).unwrap_or((text, "0"));
    let exponent: i32 = exponent.parse().ok()?;
    let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
    let mut numerator: i128 = format!("{whole}{fraction}").parse().ok()?;
    let power = exponent - i32::try_from(fraction.len()).ok()?;
    for _ in 0..power.unsigned_abs() {
        numerator = match power > 0 {
            true => numerator.checked_mul(10)?,
            false if numerator % 10 == 0 => numerator / 10,
            false => return None,
        };
    }
    Some(numerator)
}

/// Texts that are numbers, booleans, or nearly so.
fn texts() -> impl Strategy<Value = String> {
    prop_oneof![
        "-?(0|[1-9][0-9]{0,20})(\\.[0-9]{1,4})?([eE][+-]?[0-9]{1,2})?",
        "[+-]?[0-9]{1,4}[.eE]?[0-9]{0,3}",
        "[tT][rR][uU][eE]|[fF][aA][lL][sS][eE]|null|yes|on|1|0",
        ".{0,8}",
        any::<i64>().prop_map(|number| number.to_string()),
        any::<u64>().prop_map(|number| number.to_string()),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 2000, ..ProptestConfig::default() })]

    #[test]
    fn check_26_a_text_becomes_the_value_of_a_second_implementation_or_is_reprompted(text in texts()) {
        let trimmed = text.trim();
        let is = |word: &str| trimmed.eq_ignore_ascii_case(word);
        let boolean = if is("true") { Some(json!(true)) } else { is("false").then_some(json!(false)) };
        let signed = exactly(trimmed).and_then(|number| i64::try_from(number).ok()).map(Value::from);
        let unsigned = exactly(trimmed).and_then(|number| u64::try_from(number).ok()).map(Value::from);
        let caller = Caller::new(Tools::new().add(exact).for_bedrock()).without_logs();
        let null = (trimmed == "null").then_some(Value::Null);
        for (at, name, expected) in [
            (0, "boolean", boolean.or(null.clone())),
            (1, "signed", signed.or(null.clone())),
            (2, "unsigned", unsigned.or(null)),
            (3, "text", Some(Value::from(text.as_str()))),
        ] {
            let answer = block_on(caller.call(bedrock::function("exact").parameter(name, "string", &text))).unwrap();
            let (state, body) = bedrock::result(&answer).unwrap();
            match expected {
                Some(expected) => {
                    prop_assert_eq!(state, None, "{} {:?}", name, text);
                    let got: Value = serde_json::from_str(body).unwrap();
                    prop_assert_eq!(&got[at], &expected, "{} {:?}", name, text);
                }
                None => {
                    prop_assert_eq!(state, Some("REPROMPT"), "{} {:?}", name, text);
                    prop_assert!(body.contains(name));
                }
            }
        }
    }
}

thread_local! {
    /// The schema of [`Random`].
    static SCHEMA: RefCell<Value> = const { RefCell::new(Value::Null) };
}

/// An input whose schema is drawn.
#[derive(Deserialize)]
struct Random {}

impl JsonSchema for Random {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "Random".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        Schema::try_from(SCHEMA.with_borrow(Value::clone)).unwrap()
    }
}

impl Tool for Random {
    const DEFINITION: Definition = Definition::new("random", "A drawn tool.");
}

/// A schema as schemars writes them, and a value that fits.
fn drawn() -> impl Strategy<Value = (Value, Value)> {
    let leaf = prop_oneof![
        ".{0,6}".prop_map(|text| (json!({ "type": "string", "maxLength": 6 }), json!(text))),
        any::<i32>().prop_map(|n| (json!({ "type": "integer", "format": "int32" }), json!(n))),
        (0.0..9.0_f64).prop_map(|n| (json!({ "type": "number", "minimum": 0 }), json!(n))),
        any::<bool>().prop_map(|b| (json!({ "type": "boolean", "default": true }), json!(b))),
        Just((json!({ "type": "string", "enum": ["a", "b"] }), json!("b"))),
        Just((
            json!({ "oneOf": [{ "const": "a", "description": "First." }, { "enum": ["b", "c"], "type": "string" }] }),
            json!("c")
        )),
        Just((json!({ "type": ["string", "null"], "enum": ["a", null] }), json!("a"))),
        // Refused.
        Just((json!(true), json!({ "any": 1 }))),
        Just((json!({ "oneOf": [{ "type": "string" }, { "type": "integer" }] }), json!(1))),
        Just((json!({ "type": "object", "additionalProperties": { "type": "integer" } }), json!({ "a": 1 }))),
        Just((json!({ "type": ["string", "integer"] }), json!("a"))),
    ];
    leaf.prop_recursive(4, 24, 4, |inner| {
        prop_oneof![
            (inner.clone(), 0..3_usize).prop_map(|((schema, value), count)| {
                (json!({ "type": "array", "items": schema, "uniqueItems": false }), Value::from(vec![value; count]))
            }),
            inner.clone().prop_map(|(schema, value)| (json!({ "anyOf": [schema, { "type": "null" }] }), value)),
            object(inner),
        ]
    })
}

/// An object of some properties, required or not.
fn object(inner: impl Strategy<Value = (Value, Value)>) -> impl Strategy<Value = (Value, Value)> {
    prop::collection::btree_map("[a-z]{1,3}", (inner, any::<bool>(), any::<bool>()), 0..4).prop_map(|members| {
        let (mut properties, mut required, mut value) = (Map::new(), Vec::new(), Map::new());
        for (name, ((schema, member), is_required, is_there)) in members {
            properties.insert(name.clone(), schema);
            if is_required {
                required.push(name.clone());
            }
            if is_required || is_there {
                value.insert(name, member);
            }
        }
        let schema = json!({
            "type": "object", "properties": properties, "required": required, "additionalProperties": false,
        });
        (schema, Value::Object(value))
    })
}

/// Returns what AgentCore's model of a schema refuses, by its definition and not by our code.
fn refused(schema: &Value) -> Option<String> {
    let Some(members) = schema.as_object() else { return Some("not an object".into()) };
    let known = ["type", "description", "properties", "required", "items"];
    if let Some(name) = members.keys().find(|name| !known.contains(&name.as_str())) {
        return Some(format!("the keyword {name}"));
    }
    let types = ["string", "number", "integer", "boolean", "array", "object"];
    if !members["type"].as_str().is_some_and(|kind| types.contains(&kind)) {
        return Some("the type".into());
    }
    let properties =
        members.get("properties").and_then(Value::as_object).into_iter().flatten().map(|(_, schema)| schema);
    properties.chain(members.get("items")).find_map(refused)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 1000, ..ProptestConfig::default() })]

    #[test]
    fn check_35_a_value_of_the_full_schema_is_one_of_the_exported_schema((full, value) in object(drawn())) {
        SCHEMA.set(full.clone());
        let tools = Tools::new().add(async |_: Input<Random>| "");
        prop_assert!(jsonschema::is_valid(&full, &value), "{full} {value}");
        match tools.agentcore_schema() {
            Ok(exported) => {
                let exported = &exported[0]["inputSchema"];
                prop_assert_eq!(refused(exported), None);
                prop_assert!(jsonschema::is_valid(exported, &value), "{} {} {}", full, exported, value);
            }
            // Only what was drawn to be refused is.
            Err(faults) => {
                let text = full.to_string();
                let is_refused = ["true", r#""type":"integer"}]"#, r#""additionalProperties":{"#, r#"["string","integer"]"#];
                let text = text.replace(r#""default":true"#, "");
                prop_assert!(is_refused.iter().any(|part| text.contains(part)), "{full} {faults}");
            }
        }
    }
}

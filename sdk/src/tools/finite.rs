//! Numbers beyond the range of an `f32`: its decoder would make them infinite, so they are arguments that do not fit.

use serde_json::{Number, Value};

use super::error::InvalidArguments;
use super::kinds::{DEEPEST, Kinds, branches};
use crate::core::json::push_step;

/// The range of `f32`.
pub(crate) const SINGLE: &str = "expected a number between -3.4e38 and 3.4e38";

/// The number of digits, one after the other, from which a number of JSON may be beyond the range with an exponent of one
/// digit.
const MANY_DIGITS: usize = 29;

/// Returns `true` for a number that is finite as an `f32`.
pub(crate) fn is_single(number: &Number) -> bool {
    number.as_f64().is_some_and(|number| (number as f32).is_finite())
}

/// Returns `true` if a number in JSON text may be beyond the range of an `f32`.
pub(super) fn may_exceed(json: &str) -> bool {
    let bytes = json.as_bytes();
    let (mut at, mut digits) = (0, 0);
    while let Some(byte) = bytes.get(at) {
        at += 1;
        match byte {
            b'"' => {
                digits = 0;
                loop {
                    let end = bytes[at..].iter().position(|byte| matches!(byte, b'"' | b'\\'));
                    let Some(length) = end else { return false };
                    at += length + 1;
                    if bytes[at - 1] == b'"' {
                        break;
                    }
                    // The escaped byte.
                    at = (at + 1).min(bytes.len());
                }
            }
            b'0'..=b'9' => {
                digits += 1;
                if digits >= MANY_DIGITS {
                    return true;
                }
            }
            b'.' => {}
            b'e' | b'E' if digits > 0 => {
                let exponent = bytes[at..].strip_prefix(b"+").unwrap_or(&bytes[at..]);
                if exponent.iter().take(2).filter(|byte| byte.is_ascii_digit()).count() == 2 {
                    return true;
                }
            }
            _ => digits = 0,
        }
    }
    false
}

/// Returns `true` if a value has a number beyond the range of an `f32`.
pub(super) fn exceeds(value: &Value) -> bool {
    match value {
        Value::Number(number) => !is_single(number),
        Value::Array(items) => items.iter().any(exceeds),
        Value::Object(members) => members.values().any(exceeds),
        _ => false,
    }
}

/// Returns the mistake of the first number that the schema limits to an `f32`, and which would be infinite.
pub(super) fn infinite(value: &Value, schema: &Value) -> Option<InvalidArguments> {
    let mut pointer = String::new();
    find(value, &[schema], schema, &mut pointer).then(|| InvalidArguments::new(pointer, SINGLE))
}

/// Searches a value of any of these schemas; the pointer then leads to the number.
fn find(value: &Value, schemas: &[&Value], root: &Value, pointer: &mut String) -> bool {
    let mut step_into = |step: &str, value: &Value, schemas: &[&Value]| {
        let length = pointer.len();
        push_step(pointer, step);
        let is_found = find(value, schemas, root, pointer);
        if !is_found {
            pointer.truncate(length);
        }
        is_found
    };
    match value {
        Value::Number(number) if !is_single(number) => {
            let mut kinds = Kinds::default();
            schemas.iter().for_each(|schema| kinds.join(Kinds::of(schema, root)));
            kinds.is_single && !kinds.is_number
        }
        Value::Array(items) => {
            let schemas = branches_of(schemas, value, root);
            items.iter().enumerate().any(|(at, item)| {
                let schemas = once(schemas.iter().filter_map(|schema| item_schema(schema, at)));
                step_into(&at.to_string(), item, &schemas)
            })
        }
        Value::Object(members) => {
            let schemas = branches_of(schemas, value, root);
            members.iter().any(|(name, member)| {
                let schemas = once(schemas.iter().filter_map(|schema| member_schema(schema, name)));
                step_into(name, member, &schemas)
            })
        }
        _ => false,
    }
}

/// Returns schemas and their branches, without those whose tag the value does not have.
fn branches_of<'s>(schemas: &[&'s Value], value: &Value, root: &'s Value) -> Vec<&'s Value> {
    let mut found = schemas.to_vec();
    let mut deepest = 0;
    for _ in 0..DEEPEST {
        let deeper: Vec<_> = found[deepest..].iter().flat_map(|schema| branches(schema, root)).collect();
        deepest = found.len();
        deeper.into_iter().filter(|schema| has_tags(value, schema)).for_each(|schema| add_once(&mut found, schema));
    }
    found
}

/// Returns each schema once: several branches lead to the same one, and with each level of a value there would be as
/// many times more.
fn once<'s>(schemas: impl Iterator<Item = &'s Value>) -> Vec<&'s Value> {
    let mut found = Vec::new();
    schemas.for_each(|schema| add_once(&mut found, schema));
    found
}

fn add_once<'s>(found: &mut Vec<&'s Value>, schema: &'s Value) {
    if !found.iter().any(|known| std::ptr::eq(*known, schema)) {
        found.push(schema);
    }
}

/// Returns `true` if a value has the constants of the schema's members.
fn has_tags(value: &Value, schema: &Value) -> bool {
    let Some(Value::Object(members)) = schema.get("properties") else { return true };
    members.iter().all(|(name, member)| match member.get("const") {
        Some(tag) => value.get(name) == Some(tag),
        None => true,
    })
}

fn item_schema(schema: &Value, at: usize) -> Option<&Value> {
    let by_place = schema.get("prefixItems").and_then(Value::as_array).map_or(&[][..], Vec::as_slice);
    by_place.get(at).or_else(|| schema.get("items"))
}

fn member_schema<'s>(schema: &'s Value, name: &str) -> Option<&'s Value> {
    let named = schema.get("properties").and_then(|members| members.get(name));
    let by_pattern = || schema.get("patternProperties")?.as_object()?.values().next();
    named.or_else(|| schema.get("additionalProperties").filter(|schema| schema.is_object())).or_else(by_pattern)
}

#[cfg(test)]
mod tests {
    use std::collections::{BTreeMap, HashMap};

    use serde_json::json;
    use serde_json::value::RawValue;

    use super::*;
    use crate::tools::input::Arguments;
    use crate::tools::schema;

    #[derive(Debug, Default, serde::Deserialize, schemars::JsonSchema)]
    #[serde(default)]
    #[allow(dead_code, reason = "most are only decoded")]
    struct All {
        single: f32,
        double: f64,
        maybe: Option<f32>,
        list: Vec<Option<f32>>,
        pair: (f64, f32),
        map: BTreeMap<String, f32>,
        by_number: HashMap<u8, f32>,
        inner: Option<Box<All>>,
        boxes: Vec<Inner>,
        #[serde(flatten)]
        flat: Flat,
        any: Value,
        shape: Option<Shape>,
        choice: Option<Choice>,
    }

    #[derive(Debug, Default, serde::Deserialize, schemars::JsonSchema)]
    #[allow(dead_code, reason = "it is only decoded")]
    struct Inner {
        side: f32,
    }

    #[derive(Debug, Default, serde::Deserialize, schemars::JsonSchema)]
    #[serde(default)]
    struct Flat {
        flat_single: f32,
    }

    #[derive(Debug, serde::Deserialize, schemars::JsonSchema)]
    #[serde(tag = "kind")]
    #[allow(dead_code, reason = "they are only decoded")]
    enum Shape {
        Circle { size: f32 },
        Square { size: f64 },
    }

    #[derive(Debug, serde::Deserialize, schemars::JsonSchema)]
    #[allow(dead_code, reason = "they are only decoded")]
    enum Choice {
        Single(f32),
        Double(f64),
    }

    /// Decodes arguments as a call of a tool does.
    fn decoded(arguments: impl Into<Arguments>) -> Result<All, String> {
        let arguments = arguments.into();
        match arguments.infinite(schema::input::<All>) {
            Some(invalid) => Err(invalid.to_string()),
            None => arguments.decode::<All>().map_err(|error| error.to_string()),
        }
    }

    #[test]
    fn a_number_that_would_be_infinite_is_a_mistake_with_its_path() {
        let text = |json: &str| decoded(RawValue::from_string(json.to_owned()).unwrap());
        for (json, pointer) in [
            (r#"{"single":1e39}"#, "/single"),
            (r#"{"single":-1E+39}"#, "/single"),
            (r#"{"single":340282356779733661637539395458142568448}"#, "/single"),
            (r#"{"single":34028235677973366163753939545.8142568448e10}"#, "/single"),
            (r#"{"maybe":1e39}"#, "/maybe"),
            (r#"{"list":[1,null,1e39]}"#, "/list/2"),
            (r#"{"pair":[1e39,1e39]}"#, "/pair/1"),
            (r#"{"map":{"a/b":1e39}}"#, "/map/a~1b"),
            (r#"{"by_number":{"7":1e39}}"#, "/by_number/7"),
            (r#"{"inner":{"inner":{"single":1e39}}}"#, "/inner/inner/single"),
            (r#"{"boxes":[{"side":1},{"side":1e39}]}"#, "/boxes/1/side"),
            (r#"{"flat_single":1e39}"#, "/flat_single"),
            (r#"{"shape":{"kind":"Circle","size":1e39}}"#, "/shape/size"),
            (r#"{"choice":{"Single":1e39}}"#, "/choice/Single"),
        ] {
            let message = format!("{pointer}: {SINGLE}");
            assert_eq!(text(json).unwrap_err(), message, "{json}");
            assert_eq!(decoded(serde_json::from_str::<Value>(json).unwrap()).unwrap_err(), message, "{json}");
        }
        for (json, message) in [
            (r#"{"double":1e400}"#, "/double: number out of range"),
            (r#"{"single":1e400}"#, "/single: number out of range"),
            (r#"{"list":[1e400]}"#, "/list/0: number out of range"),
            (r#"{"inner":{"boxes":[{"side":1e400}]}}"#, "/inner/boxes/0/side: number out of range"),
            (r#"{"unknown":1e400,"single":1e39}"#, "/unknown: number out of range"),
        ] {
            assert_eq!(text(json).unwrap_err(), message, "{json}");
        }
    }

    #[test]
    fn branches_that_lead_to_the_same_type_are_searched_once() {
        #[derive(Debug, serde::Deserialize, schemars::JsonSchema)]
        #[serde(untagged)]
        #[allow(dead_code, reason = "it is only decoded")]
        enum Tree {
            Binary { left: Box<Tree>, right: Box<Tree> },
            Unary { left: Box<Tree>, negate: bool },
            Leaf(f32),
        }
        let schema = schema::input::<Tree>();
        let nested = |leaf: &str| {
            let json = format!("{}{leaf}{}", r#"{"left":"#.repeat(60), r#","negate":true}"#.repeat(60));
            serde_json::from_str::<Value>(&json).unwrap()
        };
        let found = infinite(&nested("1e39"), &schema).unwrap();
        assert_eq!((found.pointer(), found.message()), ("/left".repeat(60).as_str(), SINGLE));
        assert!(infinite(&nested("1e38"), &schema).is_none());
    }

    #[test]
    fn other_large_numbers_and_the_largest_are_decoded() {
        let all = json!({
            "single": 3.4028234e38, "double": 1e39, "any": [1e39], "pair": [1e39, -3.4028234e38], "unknown": 1e300,
            "shape": { "kind": "Square", "size": 1e39 }, "choice": { "Double": 1e39 },
        });
        let text = RawValue::from_string(all.to_string()).unwrap();
        for decoded in [decoded(all).unwrap(), decoded(text).unwrap()] {
            assert_eq!((decoded.single, decoded.double, decoded.pair.1), (f32::MAX, 1e39, f32::MIN));
        }
    }

    #[test]
    fn a_text_is_searched_outside_of_its_texts() {
        for (json, may) in [
            ("1e39", true),
            ("[1E+38]", true),
            ("12345678901234567890123456789", true),
            ("1234567890.1234567890123456789e9", true),
            (r#"{"a":"\"","b":1e39}"#, true),
            ("1e9", false),
            ("1e-99", false),
            ("[true, false, null]", false),
            (r#"{"id":"7e40-12345678901234567890123456789012","1e99":"\\\"1e99"}"#, false),
            (r#""1e99\"#, false),
            (r#""1e99"#, false),
            ("1e", false),
        ] {
            assert_eq!(may_exceed(json), may, "{json}");
        }
    }

    #[test]
    fn a_number_is_single_or_not() {
        let of = |text: &str| serde_json::from_str::<Number>(text).unwrap();
        for (text, is) in [
            ("3.4028234e38", true),
            ("3.4028235677973366e38", false),
            ("-1e39", false),
            ("18446744073709551615", true),
            ("1e-400", true),
        ] {
            assert_eq!(is_single(&of(text)), is, "{text}");
        }
    }
}

//! JSON text as Python's `json.dumps(value, sort_keys=True)` and TypeScript's `JSON.stringify(deepSort(value))` write it:
//! Powertools hashes that text, so a key is the same in two languages only if every byte of it is.

use std::cmp::Ordering;
use std::fmt::Write as _;
use std::ops::Range;

use serde_json::{Number, Value};

/// Beyond this a number may be an integer whose digits the parser did not keep.
const EXACT: f64 = 9_223_372_036_854_775_808.0; // 2^63

/// Whether every number in the value is what the text said: an integer of more than 64 bits is not.
pub(super) fn is_exact(value: &Value) -> bool {
    match value {
        Value::Number(number) if number.is_f64() => number.as_f64().is_some_and(|float| float.abs() < EXACT),
        Value::Array(items) => items.iter().all(is_exact),
        Value::Object(members) => members.values().all(is_exact),
        _ => true,
    }
}

/// `json.dumps(value, sort_keys=True)`: spaces after `,` and `:`, ASCII only, keys by code point, floats by `repr`.
pub(super) fn python(value: &Value) -> String {
    let mut text = String::new();
    write::<Python>(value, &mut text);
    text
}

/// `JSON.stringify(deepSort(value))`: no spaces, keys without letter case, numbers as JavaScript writes its one kind.
pub(super) fn typescript(value: &Value) -> String {
    let mut text = String::new();
    write::<TypeScript>(value, &mut text);
    text
}

/// What differs between the two.
trait Style {
    const COMMA: &str;
    const COLON: &str;

    fn order(a: &str, b: &str) -> Ordering;
    fn is_plain(c: char) -> bool;
    fn number(number: &Number, text: &mut String);
}

struct Python;

impl Style for Python {
    const COMMA: &str = ", ";
    const COLON: &str = ": ";

    fn order(a: &str, b: &str) -> Ordering {
        // UTF-8 sorts as its code points do.
        a.cmp(b)
    }

    fn is_plain(c: char) -> bool {
        matches!(c, ' '..='~')
    }

    fn number(number: &Number, text: &mut String) {
        match number.as_f64().filter(|_| number.is_f64()) {
            Some(float) => {
                let start = text.len();
                scientific(float, -4..16, 2, text);
                if !text[start..].contains(['.', 'e']) {
                    text.push_str(".0");
                }
            }
            None => drop(write!(text, "{number}")),
        }
    }
}

struct TypeScript;

impl Style for TypeScript {
    const COMMA: &str = ",";
    const COLON: &str = ":";

    fn order(a: &str, b: &str) -> Ordering {
        // JavaScript puts keys that are array indices first, whatever order they were set in.
        match (index(a), index(b)) {
            (Some(a), Some(b)) => a.cmp(&b),
            (Some(_), None) => Ordering::Less,
            (None, Some(_)) => Ordering::Greater,
            (None, None) => a.to_lowercase().encode_utf16().cmp(b.to_lowercase().encode_utf16()),
        }
    }

    fn is_plain(c: char) -> bool {
        c >= ' '
    }

    fn number(number: &Number, text: &mut String) {
        match number.as_f64() {
            Some(0.0) | None => text.push('0'),
            Some(float) => scientific(float, -6..21, 1, text),
        }
    }
}

/// An array index as ECMAScript defines it: decimal digits of a number below 2^32 - 1, written in one way.
fn index(key: &str) -> Option<u32> {
    let index = key.parse::<u32>().ok().filter(|index| *index < u32::MAX)?;
    (index.to_string() == key).then_some(index)
}

fn write<S: Style>(value: &Value, text: &mut String) {
    match value {
        Value::Null => text.push_str("null"),
        Value::Bool(true) => text.push_str("true"),
        Value::Bool(false) => text.push_str("false"),
        Value::Number(number) => S::number(number, text),
        Value::String(string) => quote::<S>(string, text),
        Value::Array(items) => {
            text.push('[');
            for (index, item) in items.iter().enumerate() {
                if index > 0 {
                    text.push_str(S::COMMA);
                }
                write::<S>(item, text);
            }
            text.push(']');
        }
        Value::Object(members) => {
            let mut members = members.iter().collect::<Vec<_>>();
            members.sort_by(|(a, _), (b, _)| S::order(a, b));
            text.push('{');
            for (index, (key, member)) in members.into_iter().enumerate() {
                if index > 0 {
                    text.push_str(S::COMMA);
                }
                quote::<S>(key, text);
                text.push_str(S::COLON);
                write::<S>(member, text);
            }
            text.push('}');
        }
    }
}

fn quote<S: Style>(string: &str, text: &mut String) {
    text.push('"');
    for c in string.chars() {
        match c {
            '"' => text.push_str("\\\""),
            '\\' => text.push_str("\\\\"),
            '\n' => text.push_str("\\n"),
            '\r' => text.push_str("\\r"),
            '\t' => text.push_str("\\t"),
            '\u{8}' => text.push_str("\\b"),
            '\u{c}' => text.push_str("\\f"),
            c if S::is_plain(c) => text.push(c),
            c => {
                for unit in c.encode_utf16(&mut [0; 2]) {
                    let _ = write!(text, "\\u{unit:04x}");
                }
            }
        }
    }
    text.push('"');
}

/// The shortest digits that read back as the same number: plain where the exponent lies within `plain`, else with an
/// exponent of at least `width` digits. Both languages choose the same digits as Rust.
fn scientific(float: f64, plain: Range<i32>, width: usize, text: &mut String) {
    let shortest = format!("{float:e}");
    let (mantissa, exponent) = shortest.split_once('e').unwrap_or((&shortest, "0"));
    let exponent = exponent.parse::<i32>().unwrap_or(0);
    if plain.contains(&exponent) {
        let _ = write!(text, "{float}");
        return;
    }
    let sign = if exponent < 0 { '-' } else { '+' };
    let _ = write!(text, "{mantissa}e{sign}{:0width$}", exponent.unsigned_abs());
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn parsed(text: &str) -> Value {
        serde_json::from_str(text).unwrap()
    }

    #[test]
    fn python_writes_spaces_sorted_keys_and_ascii() {
        let value = json!({ "z": [1, 2], "a": "é\u{1F600}\u{7f}\n\"", "B": null });
        let expected = r#"{"B": null, "a": "\u00e9\ud83d\ude00\u007f\n\"", "z": [1, 2]}"#;
        assert_eq!(python(&value), expected);
        assert_eq!(python(&json!([])), "[]");
        assert_eq!(python(&json!({})), "{}");
    }

    #[test]
    fn python_writes_floats_as_repr_does() {
        // Each pair is the output of Python 3.11's `json.dumps(json.loads(..))`.
        for (json, python_says) in [
            ("1.0", "1.0"),
            ("1.10", "1.1"),
            ("100000.0", "100000.0"),
            ("1e5", "100000.0"),
            ("1e15", "1000000000000000.0"),
            ("1e16", "1e+16"),
            ("1.5e-5", "1.5e-05"),
            ("0.0001", "0.0001"),
            ("0.00012345", "0.00012345"),
            ("1e-7", "1e-07"),
            ("1.7976931348623157e308", "1.7976931348623157e+308"),
            ("5e-324", "5e-324"),
            ("0.1234567890123456789", "0.12345678901234568"),
            ("-0.0", "-0.0"),
            ("-12.5", "-12.5"),
            ("18446744073709551615", "18446744073709551615"),
            ("-9223372036854775808", "-9223372036854775808"),
        ] {
            assert_eq!(python(&parsed(json)), python_says, "{json}");
        }
    }

    #[test]
    fn typescript_writes_one_kind_of_number_and_plain_text() {
        // Each pair is the output of Node.js 20's `JSON.stringify(JSON.parse(..))`.
        for (json, node_says) in [
            ("1.0", "1"),
            ("1e5", "100000"),
            ("1e20", "100000000000000000000"),
            ("1e21", "1e+21"),
            ("0.000001", "0.000001"),
            ("1e-7", "1e-7"),
            ("-0.0", "0"),
            ("9007199254740993", "9007199254740992"),
            ("1.5e300", "1.5e+300"),
        ] {
            assert_eq!(typescript(&parsed(json)), node_says, "{json}");
        }
        assert_eq!(typescript(&json!("é\u{7f}\u{1}\t")), "\"é\u{7f}\\u0001\\t\"");
    }

    #[test]
    fn typescript_sorts_indices_first_and_then_without_letter_case() {
        let value = json!({ "b": 1, "A": 2, "10": 3, "9": 4, "01": 5, "C": { "y": 1, "X": [true] } });
        assert_eq!(typescript(&value), r#"{"9":4,"10":3,"01":5,"A":2,"b":1,"C":{"X":[true],"y":1}}"#);
    }

    #[test]
    fn an_integer_of_more_than_64_bits_is_told() {
        assert!(is_exact(&parsed("[18446744073709551615, 1.5, {\"a\": -3}]")));
        assert!(!is_exact(&parsed("[18446744073709551616]")));
        assert!(!is_exact(&parsed("{\"a\": 1e30}")));
    }
}

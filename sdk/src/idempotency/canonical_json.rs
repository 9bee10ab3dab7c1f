//! JSON text in the form of Python's `json.dumps(value, sort_keys=True)` and TypeScript's
//! `JSON.stringify(deepSort(value))`: Powertools hashes that text, so two languages share a key only if every byte of
//! the text is the same.

use std::cmp::Ordering;
use std::fmt::Write as _;
use std::ops::Range;

use serde_json::{Number, Value};

use crate::core::expression::{LargeNumbers, Written};

/// Serialises like `json.dumps(value, sort_keys=True)`: spaces after `,` and `:`, ASCII only, keys by code point,
/// floats by `repr`.
///
/// Returns `None` if the original text of a large number is unknown to `large`.
pub(crate) fn python(value: &Value, large: &LargeNumbers) -> Option<String> {
    let mut text = String::new();
    write::<Python>(value, large, &mut text)?;
    Some(text)
}

/// Serialises like `JSON.stringify(deepSort(value))`: no spaces, keys sorted case-insensitively, each number a
/// JavaScript number.
///
/// Returns `None` if one of the numbers is an integer that JavaScript rounds to another one.
pub(crate) fn typescript(value: &Value, large: &LargeNumbers) -> Option<String> {
    let mut text = String::new();
    write::<TypeScript>(value, large, &mut text)?;
    Some(text)
}

/// The differences between the two.
trait Style {
    const COMMA: &str;
    const COLON: &str;

    fn order(a: &str, b: &str) -> Ordering;
    fn is_plain(c: char) -> bool;
    fn number(number: &Number, large: &LargeNumbers, text: &mut String) -> Option<()>;
}

struct Python;

impl Style for Python {
    const COMMA: &str = ", ";
    const COLON: &str = ": ";

    fn order(a: &str, b: &str) -> Ordering {
        // UTF-8 sorts like its code points.
        a.cmp(b)
    }

    fn is_plain(c: char) -> bool {
        matches!(c, ' '..='~')
    }

    fn number(number: &Number, large: &LargeNumbers, text: &mut String) -> Option<()> {
        match number.as_f64().filter(|_| number.is_f64()) {
            Some(float) if LargeNumbers::includes(float) => match large.written(float)? {
                Written::Float => python_float(float, text),
                Written::Integer(digits) => text.push_str(digits),
            },
            Some(float) => python_float(float, text),
            None => drop(write!(text, "{number}")),
        }
        Some(())
    }
}

struct TypeScript;

impl Style for TypeScript {
    const COMMA: &str = ",";
    const COLON: &str = ":";

    fn order(a: &str, b: &str) -> Ordering {
        // JavaScript puts keys that are array indices first, regardless of the order in which they were set.
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

    fn number(number: &Number, large: &LargeNumbers, text: &mut String) -> Option<()> {
        match number.as_f64() {
            Some(0.0) | None => text.push('0'),
            Some(float)
                if number.is_f64()
                    && LargeNumbers::includes(float)
                    && large.written(float) != Some(&Written::Float) =>
            {
                return None;
            }
            Some(float) => decimal(float, -6..21, 1, text),
        }
        Some(())
    }
}

/// Parses an array index as ECMAScript defines it: the canonical decimal digits of a number below 2^32 - 1.
fn index(key: &str) -> Option<u32> {
    let index = key.parse::<u32>().ok().filter(|index| *index < u32::MAX)?;
    (index.to_string() == key).then_some(index)
}

fn write<S: Style>(value: &Value, large: &LargeNumbers, text: &mut String) -> Option<()> {
    match value {
        Value::Null => text.push_str("null"),
        Value::Bool(true) => text.push_str("true"),
        Value::Bool(false) => text.push_str("false"),
        Value::Number(number) => S::number(number, large, text)?,
        Value::String(string) => quote::<S>(string, text),
        Value::Array(items) => {
            text.push('[');
            for (index, item) in items.iter().enumerate() {
                if index > 0 {
                    text.push_str(S::COMMA);
                }
                write::<S>(item, large, text)?;
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
                write::<S>(member, large, text)?;
            }
            text.push('}');
        }
    }
    Some(())
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

/// Formats a float like `repr(float)`.
fn python_float(float: f64, text: &mut String) {
    let start = text.len();
    decimal(float, -4..16, 2, text);
    if !text[start..].contains(['.', 'e']) {
        text.push_str(".0");
    }
}

/// Formats a float with the shortest digits that parse as the same number: plain if the exponent is within `plain`,
/// otherwise with an exponent of at least `width` digits.
fn decimal(float: f64, plain: Range<i32>, width: usize, text: &mut String) {
    let shortest = shortest(float);
    let (mantissa, exponent) = shortest.split_once('e').unwrap_or((&shortest, "0"));
    let exponent = exponent.parse::<i32>().unwrap_or(0);
    if !plain.contains(&exponent) {
        let sign = if exponent < 0 { '-' } else { '+' };
        let _ = write!(text, "{mantissa}e{sign}{:0width$}", exponent.unsigned_abs());
        return;
    }
    let (sign, mantissa) = mantissa.strip_prefix('-').map_or(("", mantissa), |mantissa| ("-", mantissa));
    let digits = mantissa.replace('.', "");
    text.push_str(sign);
    match usize::try_from(exponent) {
        Ok(exponent) => {
            let whole = digits.len().min(exponent + 1);
            text.push_str(&digits[..whole]);
            text.extend(std::iter::repeat_n('0', exponent + 1 - whole));
            if whole < digits.len() {
                text.push('.');
                text.push_str(&digits[whole..]);
            }
        }
        Err(_) => {
            text.push_str("0.");
            text.extend(std::iter::repeat_n('0', exponent.unsigned_abs() as usize - 1));
            text.push_str(&digits);
        }
    }
}

/// Of two equally near shortest decimals, returns the even one, as both languages do
/// ([ECMAScript, Number::toString](https://tc39.es/ecma262/#sec-numeric-types-number-tostring)); Rust sometimes chooses
/// the other.
fn shortest(float: f64) -> String {
    let shortest = format!("{float:e}");
    let length = shortest.bytes().take_while(|byte| *byte != b'e').filter(u8::is_ascii_digit).count();
    let rounded = format!("{float:.*e}", length.saturating_sub(1));
    // Next to a power of two, the nearest decimal of this length may parse as another number.
    if rounded.parse() == Ok(float) { rounded } else { shortest }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::core::expression::{Document, Expression, read};

    fn parsed(text: &str) -> (Value, LargeNumbers) {
        let (text, large) = read(text);
        (serde_json::from_str(&text).unwrap(), large)
    }

    fn python(text: &str) -> String {
        let (value, large) = parsed(text);
        super::python(&value, &large).unwrap()
    }

    fn fixture(name: &str) -> String {
        let path = format!("{}/../tests/fixtures/idempotency/{name}", env!("CARGO_MANIFEST_DIR"));
        std::fs::read_to_string(path).unwrap()
    }

    /// The numbers as Python and Node.js write them; `generate.py` beside the table made it.
    #[test]
    fn floats_are_written_as_python_and_node_write_them() {
        let table = fixture("numbers.tsv");
        let mut count = 0;
        for line in table.lines().filter(|line| !line.starts_with('#')) {
            let [bits, by_python, by_node] = line.split('\t').collect::<Vec<_>>()[..] else { panic!("{line}") };
            let float = f64::from_bits(u64::from_str_radix(bits, 16).unwrap());
            let mut text = String::new();
            python_float(float, &mut text);
            assert_eq!(text, by_python, "{bits}");
            let mut text = String::new();
            let large = read(by_python).1;
            TypeScript::number(&Number::from_f64(float).unwrap(), &large, &mut text).unwrap();
            assert_eq!(text, by_node, "{bits}");
            count += 1;
        }
        assert!(count > 3000, "{count}");
    }

    #[test]
    fn documents_are_written_as_python_and_node_write_them() {
        let (mut count, mut refused) = (0, 0);
        for line in fixture("documents.jsonl").lines() {
            let [document, by_python, by_node]: [String; 3] = serde_json::from_str(line).unwrap();
            assert_eq!(python(&document), by_python, "{document}");
            let (value, large) = parsed(&document);
            match typescript(&value, &large) {
                Some(text) => assert_eq!(text, by_node, "{document}"),
                None => refused += 1,
            }
            count += 1;
        }
        assert!(count > 300 && refused < count / 5, "{count}, {refused}");
    }

    #[test]
    fn python_writes_spaces_sorted_keys_and_ascii() {
        let value = json!({ "z": [1, 2], "a": "é\u{1F600}\u{7f}\n\"", "B": null });
        let expected = r#"{"B": null, "a": "\u00e9\ud83d\ude00\u007f\n\"", "z": [1, 2]}"#;
        assert_eq!(super::python(&value, &LargeNumbers::default()).as_deref(), Some(expected));
    }

    #[test]
    fn an_integer_keeps_its_digits_and_its_sign() {
        for (json, python_says) in [
            ("-0", "0"),
            ("[-0,-0.0,-0e1]", "[0, -0.0, -0.0]"),
            ("{\"-0\": \"-0\"}", "{\"-0\": \"-0\"}"),
            ("18446744073709551615", "18446744073709551615"),
            ("18446744073709551617", "18446744073709551617"),
            ("-9223372036854775809", "-9223372036854775809"),
            ("9223372036854775808.0", "9.223372036854776e+18"),
            ("[1e30]", "[1e+30]"),
        ] {
            assert_eq!(python(json), python_says, "{json}");
        }
    }

    #[test]
    fn a_number_that_is_written_in_two_ways_is_rejected() {
        let (value, large) = parsed("[1e30, 1000000000000000019884624838656]");
        assert_eq!(super::python(&value, &large), None);
        assert_eq!(super::python(&json!(1e30), &LargeNumbers::default()), None, "nothing says how it was written");
    }

    #[test]
    fn numbers_within_a_text_are_known_as_they_were_written() {
        let document =
            Document::parse(r#"{"body": "[-0, 18446744073709551617, 1e30]", "n": 36893488147419103233}"#).unwrap();
        let python = |expression| {
            let selected = Expression::parse(expression).unwrap().select(&document).unwrap();
            super::python(&selected.value, &selected.large)
        };
        assert_eq!(python("powertools_json(body)[1:]").as_deref(), Some("[18446744073709551617, 1e+30]"));
        assert_eq!(python("powertools_json(body)[0]").as_deref(), Some("0"));
        assert_eq!(python("n"), Some("36893488147419103233".to_owned()));
        assert_eq!(python("[n, powertools_json('36893488147419103234')]"), None, "two that are read as one");
        assert!(python("n").is_some(), "what another expression read does not count");
    }

    #[test]
    fn javascript_has_one_kind_of_number() {
        let node = |text| {
            let (value, large) = parsed(text);
            typescript(&value, &large)
        };
        assert_eq!(node("[1.0, 9007199254740993, 1e30]").as_deref(), Some("[1,9007199254740992,1e+30]"));
        assert_eq!(node("18446744073709551617"), None, "it would be the key of others as well");
    }

    #[test]
    fn typescript_sorts_indices_first_and_then_without_letter_case() {
        let value = json!({ "b": 1, "A": 2, "10": 3, "9": 4, "01": 5, "C": { "y": 1, "X": [true] } });
        let expected = r#"{"9":4,"10":3,"01":5,"A":2,"b":1,"C":{"X":[true],"y":1}}"#;
        assert_eq!(typescript(&value, &LargeNumbers::default()).as_deref(), Some(expected));
    }
}

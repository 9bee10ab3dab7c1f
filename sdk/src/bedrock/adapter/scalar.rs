//! Booleans and numbers in text, exactly.

use serde_json::{Number, Value};

use crate::tools::finite::is_single;
use crate::tools::kinds::Kinds;

/// Returns the boolean or number of these kinds.
pub(super) fn scalar(text: &str, kinds: Kinds) -> Option<Value> {
    let boolean = || kinds.is_boolean.then(|| boolean(text)).flatten().map(Value::Bool);
    let integer = || kinds.is_integer.then(|| integer(text)).flatten().map(Value::Number);
    let is_kind = kinds.is_number || kinds.is_single;
    let number = || number(text).filter(|number| kinds.is_number || is_single(number)).map(Value::Number);
    let number = || is_kind.then(number).flatten();
    boolean().or_else(integer).or_else(number)
}

/// Returns a boolean in any case.
pub(super) fn boolean(text: &str) -> Option<bool> {
    let is = |word| text.eq_ignore_ascii_case(word);
    if is("true") { Some(true) } else { is("false").then_some(false) }
}

/// Returns the integer that a JSON number is exactly, such as 12 for `12.0` and 1000 for `1e3`.
pub(super) fn integer(text: &str) -> Option<Number> {
    if let Ok(number) = text.parse::<i64>() {
        return is_json_number(text).then(|| number.into());
    }
    if let Ok(number) = text.parse::<u64>() {
        return is_json_number(text).then(|| number.into());
    }
    if !is_json_number(text) {
        return None;
    }
    let (mantissa, exponent) = text.split_once(['e', 'E']).unwrap_or((text, "0"));
    let exponent: i32 = exponent.parse().ok()?;
    let (is_negative, mantissa) = mantissa.strip_prefix('-').map_or((false, mantissa), |rest| (true, rest));
    let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
    let fraction = fraction.trim_end_matches('0');
    let digits = format!("{whole}{fraction}");
    let digits = digits.trim_start_matches('0');
    if digits.is_empty() {
        return Some(0.into());
    }
    // The digits times ten to this power.
    let mut power = i64::from(exponent) - i64::try_from(fraction.len()).ok()?;
    let stripped = digits.trim_end_matches('0');
    power += i64::try_from(digits.len() - stripped.len()).ok()?;
    // A `u64` has at most 20 digits.
    let power = usize::try_from(power).ok().filter(|power| stripped.len() + power <= 20)?;
    let magnitude: u64 = format!("{stripped}{}", "0".repeat(power)).parse().ok()?;
    match is_negative {
        false => Some(magnitude.into()),
        true => i64::try_from(-i128::from(magnitude)).ok().map(Number::from),
    }
}

/// Returns a JSON number: an integer as it is, another number as the nearest finite `f64`.
pub(super) fn number(text: &str) -> Option<Number> {
    if !is_json_number(text) {
        return None;
    }
    let exact = || text.parse::<i64>().ok().map(Number::from).or_else(|| text.parse::<u64>().ok().map(Number::from));
    exact().or_else(|| text.parse::<f64>().ok().and_then(Number::from_f64))
}

/// Returns the integer that a floating-point number is, below 2^53: above, a number in the text may be another.
pub(super) fn whole(number: &Number) -> Option<Number> {
    const ABOVE: f64 = 9_007_199_254_740_992.0;
    let number = number.as_f64().filter(|_| number.is_f64())?;
    (number.fract() == 0.0 && number.abs() < ABOVE).then(|| Number::from(number as i64))
}

/// Returns `true` for a number by the grammar of JSON: no `+`, no leading zero, no `inf`.
pub(super) fn is_json_number(text: &str) -> bool {
    fn digits(text: &str) -> Option<&str> {
        let rest = text.trim_start_matches(|c: char| c.is_ascii_digit());
        (rest.len() < text.len()).then_some(rest)
    }
    let rest = text.strip_prefix('-').unwrap_or(text);
    let whole = if rest.starts_with('0') { rest.strip_prefix('0') } else { digits(rest) };
    let Some(rest) = whole else { return false };
    let rest = match rest.strip_prefix('.') {
        Some(fraction) => digits(fraction),
        None => Some(rest),
    };
    let Some(rest) = rest else { return false };
    match rest.strip_prefix(['e', 'E']) {
        Some(exponent) => digits(exponent.strip_prefix(['+', '-']).unwrap_or(exponent)) == Some(""),
        None => rest.is_empty(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_whole_number_is_exact() {
        let of = |text: &str| serde_json::from_str::<Number>(text).unwrap();
        for (text, expected) in [
            ("2.0", Some("2")),
            ("-1e3", Some("-1000")),
            ("-0.0", Some("0")),
            ("9007199254740991.0", Some("9007199254740991")),
            ("9007199254740992.0", None),
            ("9007199254740993.0", None),
            ("2.5", None),
            ("1e300", None),
            ("2", None),
        ] {
            assert_eq!(whole(&of(text)).map(|number| number.to_string()).as_deref(), expected, "{text}");
        }
    }

    #[test]
    fn a_number_is_exact_or_not_one() {
        let integer = |text| integer(text).map(|number| number.to_string());
        for (text, expected) in [
            ("0", Some("0")),
            ("-0", Some("0")),
            ("9007199254740993", Some("9007199254740993")),
            ("18446744073709551615", Some("18446744073709551615")),
            ("18446744073709551616", None),
            ("-9223372036854775808", Some("-9223372036854775808")),
            ("-9223372036854775809", None),
            ("12.0", Some("12")),
            ("1e3", Some("1000")),
            ("1.50e1", Some("15")),
            ("120e-1", Some("12")),
            ("-2.5e1", Some("-25")),
            ("0e999999999", Some("0")),
            ("1e19", Some("10000000000000000000")),
            ("1e20", None),
            ("1e999999999", None),
            ("1e99999999999", None),
            ("12.5", None),
            ("125e-2", None),
            ("", None),
            ("+1", None),
            ("007", None),
            ("1.", None),
            (".5", None),
            ("1e", None),
            ("0x10", None),
            ("1_000", None),
            ("١", None),
            ("a", None),
        ] {
            assert_eq!(integer(text).as_deref(), expected, "{text}");
        }
        let number = |text| number(text).map(|number| number.to_string());
        for (text, expected) in [
            ("0.1", Some("0.1")),
            ("1e2", Some("100.0")),
            ("3", Some("3")),
            ("1e999", None),
            ("NaN", None),
            ("inf", None),
        ] {
            assert_eq!(number(text).as_deref(), expected, "{text}");
        }
        assert_eq!(
            [boolean("TRUE"), boolean("fAlse"), boolean("yes"), boolean("")],
            [Some(true), Some(false), None, None]
        );
    }
}

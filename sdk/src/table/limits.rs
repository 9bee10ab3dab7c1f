//! The limits of DynamoDB for values, which the table in memory has too
//! ([constraints](https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Constraints.html)).

use serde_json::{Map, Number, Value};

use super::error::TableError;

/// The largest number of items of a transaction.
pub(super) const MOST_ITEMS: usize = 100;

const MOST_BYTES: usize = 400 * 1024;
const DEEPEST: usize = 32;
/// The exponents of the least and the greatest number, `1E-130` and `9.99E+125`, as those of its first digit.
const EXPONENTS: std::ops::RangeInclusive<i64> = -130..=125;

/// Checks the size of a value, its numbers, and how deep it is nested. The size is that of its JSON text, which is close to
/// what DynamoDB counts; DynamoDB itself has the last word.
pub(super) fn check(value: &Map<String, Value>) -> Result<(), TableError> {
    let mut size = 0;
    value.iter().try_for_each(|(name, value)| {
        size += name.len();
        measure(value, 1, &mut size)
    })?;
    match size > MOST_BYTES {
        true => Err(TableError::invalid("an item must have at most 400 KB")),
        false => Ok(()),
    }
}

fn measure(value: &Value, depth: usize, size: &mut usize) -> Result<(), TableError> {
    if depth > DEEPEST {
        return Err(TableError::invalid(format!("the value of an item must be nested at most {DEEPEST} levels deep")));
    }
    match value {
        Value::Null | Value::Bool(_) => *size += 1,
        Value::Number(number) => {
            let (digits, exponent) = decimal(&number.to_string());
            if !digits.is_empty() && !EXPONENTS.contains(&exponent) {
                return Err(TableError::invalid("a number of an item must be within 1E-130 and 9.99E+125"));
            }
            *size += 1 + digits.len() / 2;
        }
        Value::String(text) => *size += text.len(),
        Value::Array(items) => {
            *size += 3;
            return items.iter().try_for_each(|item| measure(item, depth + 1, size));
        }
        Value::Object(members) => {
            *size += 3;
            return members.iter().try_for_each(|(name, member)| {
                *size += name.len();
                measure(member, depth + 1, size)
            });
        }
    }
    Ok(())
}

/// Returns a number as DynamoDB returns it: `1.0` is `1`, and `-0.0` is `0`.
pub(super) fn normalized(value: Value) -> Value {
    match value {
        Value::Number(number) => Value::Number(match number.as_f64() {
            // Exact below 2^53, where each integer is a float of its own.
            Some(float) if number.is_f64() && float.fract() == 0.0 && float.abs() < 9_007_199_254_740_992.0 => {
                Number::from(float as i64)
            }
            _ => number,
        }),
        Value::Array(items) => items.into_iter().map(normalized).collect(),
        Value::Object(members) => members.into_iter().map(|(name, member)| (name, normalized(member))).collect(),
        other => other,
    }
}

/// Returns `true` if two texts are the same number.
#[cfg(feature = "dynamodb")]
pub(super) fn is_same_number(one: &str, other: &str) -> bool {
    let is_negative = |text: &str| text.trim().starts_with('-');
    let (one_digits, other_digits) = (decimal(one), decimal(other));
    one_digits == other_digits && (one_digits.0.is_empty() || is_negative(one) == is_negative(other))
}

/// Returns the digits of a number without zeros at both ends, and the exponent of the first one; no digits for zero.
fn decimal(text: &str) -> (String, i64) {
    let text = text.trim().trim_start_matches(['-', '+']);
    let (mantissa, exponent) = text.split_once(['e', 'E']).unwrap_or((text, "0"));
    let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
    let digits = format!("{whole}{fraction}");
    let leading = digits.len() - digits.trim_start_matches('0').len();
    let significant = digits.trim_matches('0').to_owned();
    if significant.is_empty() {
        return (significant, 0);
    }
    let exponent: i64 = exponent.parse().unwrap_or_default();
    let first = i64::try_from(whole.len()).unwrap_or(i64::MAX) - 1 - i64::try_from(leading).unwrap_or(i64::MAX);
    (significant, first.saturating_add(exponent))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_number_is_compared_by_its_digits() {
        for (text, digits, exponent) in [
            ("0", "", 0),
            ("-0.0", "", 0),
            ("1", "1", 0),
            ("100", "1", 2),
            ("1e2", "1", 2),
            ("0.0100", "1", -2),
            ("-12.50", "125", 1),
            ("1.5E-130", "15", -130),
        ] {
            assert_eq!(decimal(text), (digits.to_owned(), exponent), "{text}");
        }
    }

    #[test]
    fn the_limits_are_those_of_dynamodb() {
        let said = |value: Value| {
            let value = json!({ "value": value }).as_object().cloned().unwrap();
            check(&value).err().map(|error| error.to_string())
        };
        let nested = |levels: usize| (1..levels).fold(json!(1), |value, _| json!([value]));
        for allowed in
            [json!(1e125), json!(1e-130), json!(0), json!(-0.0), nested(32), json!("a".repeat(400 * 1024 - 5))]
        {
            assert_eq!(said(allowed), None);
        }
        for (refused, part) in [
            (json!(1e126), "a number"),
            (json!(-1e-131), "a number"),
            (json!(f64::MIN_POSITIVE), "a number"),
            (nested(33), "32 levels"),
            (json!("a".repeat(400 * 1024 - 4)), "400 KB"),
        ] {
            assert!(said(refused).is_some_and(|sentence| sentence.contains(part)), "{part}");
        }
    }

    #[test]
    fn a_float_without_a_fraction_is_an_integer() {
        assert_eq!(
            normalized(json!([1.0, -0.0, 1.5, { "a": 3e9 }, 1e300])),
            json!([1, 0, 1.5, { "a": 3_000_000_000_u64 }, 1e300])
        );
    }
}

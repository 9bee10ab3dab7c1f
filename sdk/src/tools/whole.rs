//! Numbers without a fraction, such as `1.0`: integers for a JSON Schema, but not for the decoder of an integer.
//!
//! Only arguments that do not fit as they are get here.

use serde_json::{Number, Value};

use crate::core::json::distinct;

/// The end of the integers that an `f64` holds exactly: 2^53 is also the nearest one to 2^53 + 1.
const EXACT: f64 = 9_007_199_254_740_992.0;

/// Returns the value of a JSON text with integers in place of such numbers; `None` if there are none.
///
/// # Errors
///
/// A member is sent twice, of which the value would have the last: the JSON Pointer (RFC 6901) to it.
pub(super) fn of_text(json: &str) -> Result<Option<Value>, String> {
    let Ok(mut value) = serde_json::from_str(json) else { return Ok(None) };
    if !replace(&mut value) {
        return Ok(None);
    }
    distinct::parse(json).map(|_| Some(value))
}

/// Returns the value with integers in place of such numbers; `None` if there are none.
pub(super) fn of_value(value: &Value) -> Option<Value> {
    has_any(value).then(|| {
        let mut value = value.clone();
        replace(&mut value);
        value
    })
}

/// Returns the integer that a number is.
fn integer(number: &Number) -> Option<i64> {
    if number.is_i64() || number.is_u64() {
        return None;
    }
    let number = number.as_f64().filter(|number| number.fract() == 0.0 && number.abs() < EXACT)?;
    Some(number as i64)
}

fn has_any(value: &Value) -> bool {
    match value {
        Value::Number(number) => integer(number).is_some(),
        Value::Array(items) => items.iter().any(has_any),
        Value::Object(members) => members.values().any(has_any),
        _ => false,
    }
}

/// Replaces such numbers, and returns `true` if there is one.
fn replace(value: &mut Value) -> bool {
    match value {
        Value::Number(number) => match integer(number) {
            Some(integer) => {
                *number = integer.into();
                true
            }
            None => false,
        },
        Value::Array(items) => items.iter_mut().fold(false, |any, item| replace(item) | any),
        Value::Object(members) => members.values_mut().fold(false, |any, member| replace(member) | any),
        _ => false,
    }
}

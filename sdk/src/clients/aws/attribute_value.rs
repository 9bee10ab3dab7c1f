//! JSON as DynamoDB values, and back.

use aws_sdk_dynamodb::primitives::Blob;
use aws_sdk_dynamodb::types::AttributeValue;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Number, Value};

use crate::core::error::BoxError;

pub(crate) fn text(value: impl Into<String>) -> AttributeValue {
    AttributeValue::S(value.into())
}

pub(crate) fn number(value: u64) -> AttributeValue {
    AttributeValue::N(value.to_string())
}

pub(crate) fn from_json(value: Value) -> AttributeValue {
    match value {
        Value::Null => AttributeValue::Null(true),
        Value::Bool(value) => AttributeValue::Bool(value),
        Value::Number(number) => AttributeValue::N(number.to_string()),
        Value::String(text) => AttributeValue::S(text),
        Value::Array(items) => AttributeValue::L(items.into_iter().map(from_json).collect()),
        Value::Object(members) => {
            AttributeValue::M(members.into_iter().map(|(name, value)| (name, from_json(value))).collect())
        }
    }
}

/// # Errors
///
/// The value has an unknown DynamoDB type, or contains a number that cannot be parsed.
pub(crate) fn to_json(value: AttributeValue) -> Result<Value, BoxError> {
    let bytes = |bytes: Blob| Value::String(STANDARD.encode(bytes));
    Ok(match value {
        AttributeValue::Null(_) => Value::Null,
        AttributeValue::Bool(value) => Value::Bool(value),
        AttributeValue::N(text) => Value::Number(text.parse::<Number>()?),
        AttributeValue::S(text) => Value::String(text),
        AttributeValue::B(blob) => bytes(blob),
        AttributeValue::L(items) => Value::Array(items.into_iter().map(to_json).collect::<Result<_, _>>()?),
        AttributeValue::M(members) => {
            let members = members.into_iter().map(|(name, value)| Ok((name, to_json(value)?)));
            Value::Object(members.collect::<Result<_, BoxError>>()?)
        }
        AttributeValue::Ss(texts) => texts.into(),
        AttributeValue::Ns(numbers) => {
            let numbers = numbers.iter().map(|text| Ok(Value::Number(text.parse::<Number>()?)));
            Value::Array(numbers.collect::<Result<_, BoxError>>()?)
        }
        AttributeValue::Bs(blobs) => blobs.into_iter().map(bytes).collect(),
        _ => return Err("the item contains an unknown DynamoDB type".into()),
    })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn json_comes_back_as_it_was() {
        let value = json!({ "a": [1, -2.5, null, true, "x"], "m": {}, "l": [], "e": "" });
        assert_eq!(to_json(from_json(value.clone())).unwrap(), value);
    }
}

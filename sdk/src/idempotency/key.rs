//! Creates the key `prefix#hash` of a selected value, as Powertools does.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use md5::{Digest as _, Md5};
use serde_json::Value;
use sha2::Sha256;

use super::canonical_json;
use super::error::IdempotencyError;
use crate::core::expression::Selected;
use crate::core::hexadecimal::hexadecimal;

/// The format of keys and results: that of Powertools for the language whose functions share the table.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum KeyFormat {
    /// Powertools for Python: the hash is hexadecimal, the result is JSON text.
    #[default]
    Python,
    /// Powertools for TypeScript: the hash is base64, the result is a native DynamoDB value.
    TypeScript,
}

/// The hash function of keys and payloads.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum HashFunction {
    /// MD5, the default of Powertools. A caller can construct colliding keys of its own, which harms only that caller.
    #[default]
    Md5,
    /// SHA-256.
    Sha256,
}

/// Returns `true` if a value is not a key: `null`, `""`, and lists and objects that contain only `null`. `0` and
/// `false` are keys.
///
/// Powertools for TypeScript warns that `0` and `false` are missing keys, and records and replays the call, unless
/// `throwOnNoIdempotencyKey` is set. Here they are keys in both formats.
pub(crate) fn is_missing(value: &Value) -> bool {
    match value {
        Value::Null => true,
        Value::String(text) => text.is_empty(),
        Value::Array(items) => items.iter().all(Value::is_null),
        Value::Object(members) => members.values().all(Value::is_null),
        _ => false,
    }
}

/// Hashes a selected value.
///
/// # Errors
///
/// The value contains a number that was not parsed exactly: two such numbers would have the same key.
pub(crate) fn hash(selected: &Selected, hash: HashFunction, format: KeyFormat) -> Result<String, IdempotencyError> {
    let Selected { value, large } = selected;
    let text = match format {
        KeyFormat::Python => canonical_json::python(value, large),
        KeyFormat::TypeScript => canonical_json::typescript(value, large),
    };
    let reason = "numbers of more than 64 bits must be sent as strings";
    let text = text.ok_or_else(|| IdempotencyError::bad_key(reason))?;
    let digest = match hash {
        HashFunction::Md5 => Md5::digest(text).to_vec(),
        HashFunction::Sha256 => Sha256::digest(text).to_vec(),
    };
    Ok(match format {
        KeyFormat::Python => hexadecimal(&digest),
        KeyFormat::TypeScript => STANDARD.encode(digest),
    })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn hashes_are_those_of_powertools() {
        let hash = |value: Value, format| hash(&value.into(), HashFunction::Md5, format).unwrap();
        // From the recorded cases `idem-replay`, `idem-key-zero`, `idem-key-false`, `ts-idem-replay`.
        let body = json!(["{\"message\": \"foo\"}", { "parameter1": "value1,value2", "parameter2": "value" }]);
        assert_eq!(hash(body, KeyFormat::Python), "b6be3a01cf1111b9c3f5718690c61f2a");
        assert_eq!(hash(json!(0), KeyFormat::Python), "cfcd208495d565ef66e7dff9f98764da");
        assert_eq!(hash(json!(false), KeyFormat::Python), "68934a3e9455fa72420237eb05902327");
        assert_eq!(hash(json!("x"), KeyFormat::TypeScript), "P7+Dn6DneKIDJt3DT1zViA==");
    }

    #[test]
    fn zero_and_false_are_keys_and_empty_values_are_not() {
        for nothing in [json!(null), json!(""), json!([]), json!({}), json!([null, null]), json!({ "a": null })] {
            assert!(is_missing(&nothing), "{nothing}");
        }
        for falsy in [json!(0), json!(0.0), json!(false), json!([0, ""]), json!([false]), json!({ "a": "" })] {
            assert!(!is_missing(&falsy), "{falsy}");
        }
    }

    #[test]
    fn two_numbers_that_are_read_as_one_are_not_a_key() {
        let huge = serde_json::from_str::<Value>("18446744073709551617").unwrap();
        assert!(hash(&huge.into(), HashFunction::Md5, KeyFormat::Python).unwrap_err().is_key_error());
    }
}

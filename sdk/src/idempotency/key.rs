//! How a key is made of what was selected: `prefix#hash`, as Powertools makes it.

use std::fmt;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use md5::{Digest as _, Md5};
use serde_json::Value;
use sha2::Sha256;

use super::error::IdempotencyError;
use crate::idempotency::canonical_json::{self, Large};

/// Whose keys and whose form of the answer: a table is shared with functions in that language.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Format {
    /// Powertools for Python: the hash is in hexadecimal, the answer is JSON text.
    #[default]
    Python,
    /// Powertools for TypeScript: the hash is in base64, the answer is a native value of the table.
    TypeScript,
}

/// What the selected value is hashed by.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Hash {
    /// MD5, as Powertools does unless told otherwise. It keeps equal keys equal; a caller who wants to can make two of its own
    /// keys collide, which harms only that caller.
    #[default]
    Md5,
    /// SHA-256.
    Sha256,
}

/// What was selected for a key or a payload, with what its text said of large numbers.
#[derive(Clone, Default, PartialEq)]
pub(crate) struct Selected {
    pub(crate) value: Value,
    pub(crate) large: Large,
}

/// It may hold what a caller is known by.
impl fmt::Debug for Selected {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Selected").finish_non_exhaustive()
    }
}

impl From<Value> for Selected {
    fn from(value: Value) -> Self {
        Self { value, large: Large::default() }
    }
}

/// Whether there is nothing to make a key of: `null`, `""`, and lists and objects of nothing but `null`. `0` and `false` are keys.
///
/// Powertools for TypeScript takes `0` and `false` for nothing as well, so that orders with such an id run each time; here they are keys
/// in both forms.
pub(crate) fn is_missing(value: &Value) -> bool {
    match value {
        Value::Null => true,
        Value::String(text) => text.is_empty(),
        Value::Array(items) => items.iter().all(Value::is_null),
        Value::Object(members) => members.values().all(Value::is_null),
        _ => false,
    }
}

/// The hash of a value.
///
/// # Errors
///
/// The value holds a number that was not read exactly: two such numbers would be one key.
pub(crate) fn hash(selected: &Selected, hash: Hash, format: Format) -> Result<String, IdempotencyError> {
    let Selected { value, large } = selected;
    let text = match format {
        Format::Python => canonical_json::python(value, large),
        Format::TypeScript => canonical_json::typescript(value, large),
    };
    let reason = "it holds a number of more than 64 bits, which has to be sent as a string";
    let text = text.ok_or_else(|| IdempotencyError::bad_key(reason))?;
    let digest = match hash {
        Hash::Md5 => Md5::digest(text).to_vec(),
        Hash::Sha256 => Sha256::digest(text).to_vec(),
    };
    Ok(match format {
        Format::Python => digest.iter().map(|byte| format!("{byte:02x}")).collect(),
        Format::TypeScript => STANDARD.encode(digest),
    })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn hashes_are_those_of_powertools() {
        let hash = |value: Value, format| hash(&value.into(), Hash::Md5, format).unwrap();
        // From the recorded cases `idem-replay`, `idem-key-zero`, `idem-key-false`, `ts-idem-replay`.
        let body = json!(["{\"message\": \"foo\"}", { "parameter1": "value1,value2", "parameter2": "value" }]);
        assert_eq!(hash(body, Format::Python), "b6be3a01cf1111b9c3f5718690c61f2a");
        assert_eq!(hash(json!(0), Format::Python), "cfcd208495d565ef66e7dff9f98764da");
        assert_eq!(hash(json!(false), Format::Python), "68934a3e9455fa72420237eb05902327");
        assert_eq!(hash(json!("x"), Format::TypeScript), "P7+Dn6DneKIDJt3DT1zViA==");
    }

    #[test]
    fn zero_and_false_are_keys_and_nothing_is_not() {
        for nothing in [json!(null), json!(""), json!([]), json!({}), json!([null, null]), json!({ "a": null })] {
            assert!(is_missing(&nothing), "{nothing}");
        }
        for falsy in [json!(0), json!(0.0), json!(false), json!([0, ""]), json!([false]), json!({ "a": "" })] {
            assert!(!is_missing(&falsy), "{falsy}");
        }
    }

    #[test]
    fn two_numbers_that_read_the_same_are_no_key() {
        let huge = serde_json::from_str::<Value>("18446744073709551617").unwrap();
        assert!(hash(&huge.into(), Hash::Md5, Format::Python).unwrap_err().is_key_error());
    }
}

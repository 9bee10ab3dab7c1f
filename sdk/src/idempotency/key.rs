//! How a key is made of what was selected: `prefix#hash`, as Powertools makes it.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use md5::{Digest as _, Md5};
use serde_json::Value;
use sha2::Sha256;

use super::error::IdempotencyError;
use super::text;

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

/// Whether there is nothing to make a key of: `null`, `""`, and lists and objects of nothing but `null`. `0` and `false` are
/// keys, except for TypeScript, to which they are nothing too.
pub(super) fn is_missing(value: &Value, format: Format) -> bool {
    let nothing = |value: &Value| match format {
        Format::Python => value.is_null(),
        Format::TypeScript => match value {
            Value::Null | Value::Bool(false) => true,
            Value::String(text) => text.is_empty(),
            Value::Number(number) => number.as_f64() == Some(0.0),
            _ => false,
        },
    };
    match value {
        Value::String(text) => text.is_empty(),
        Value::Array(items) => items.iter().all(nothing),
        Value::Object(members) => members.values().all(nothing),
        other => nothing(other),
    }
}

/// The hash of a value.
///
/// # Errors
///
/// The value holds a number that was not read exactly: two such numbers would be one key.
pub(super) fn hash(value: &Value, hash: Hash, format: Format) -> Result<String, IdempotencyError> {
    if !text::is_exact(value) {
        let reason = "it holds a number of more than 64 bits, which has to be sent as a string";
        return Err(IdempotencyError::bad_key(reason));
    }
    let text = match format {
        Format::Python => text::python(value),
        Format::TypeScript => text::typescript(value),
    };
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
        let python = |value| hash(&value, Hash::Md5, Format::Python).unwrap();
        // From the recorded cases `idem-replay`, `idem-key-zero`, `idem-key-false`, `ts-idem-replay`.
        let body = json!(["{\"message\": \"foo\"}", { "parameter1": "value1,value2", "parameter2": "value" }]);
        assert_eq!(python(body), "b6be3a01cf1111b9c3f5718690c61f2a");
        assert_eq!(python(json!(0)), "cfcd208495d565ef66e7dff9f98764da");
        assert_eq!(python(json!(false)), "68934a3e9455fa72420237eb05902327");
        assert_eq!(hash(&json!("x"), Hash::Md5, Format::TypeScript).unwrap(), "P7+Dn6DneKIDJt3DT1zViA==");
    }

    #[test]
    fn what_is_missing_depends_on_the_language() {
        for nothing in [json!(null), json!(""), json!([]), json!({}), json!([null, null]), json!({ "a": null })] {
            assert!(is_missing(&nothing, Format::Python), "{nothing}");
            assert!(is_missing(&nothing, Format::TypeScript), "{nothing}");
        }
        for falsy in [json!(0), json!(false), json!([0, ""]), json!({ "a": "" })] {
            assert!(!is_missing(&falsy, Format::Python), "{falsy}");
            assert!(is_missing(&falsy, Format::TypeScript), "{falsy}");
        }
        assert!(!is_missing(&json!([null, 1]), Format::TypeScript));
    }

    #[test]
    fn two_numbers_that_read_the_same_are_no_key() {
        let huge = serde_json::from_str("18446744073709551617").unwrap();
        assert!(hash(&huge, Hash::Md5, Format::Python).unwrap_err().is_key_error());
    }
}

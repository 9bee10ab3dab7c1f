//! [`Document`]: JMESPath with Powertools' functions, over JSON whose numbers keep their original form.

use std::cell::RefCell;
use std::fmt;
use std::sync::LazyLock;

use jmespath::{Rcvar, Runtime, Variable};
use serde::Serialize;
use serde_json::Value;

use super::functions::{not_json, runtime};
use super::large_numbers::{LargeNumbers, read};
use super::parsed::Expression;

static RUNTIME: LazyLock<Runtime> = LazyLock::new(|| runtime(json));

thread_local! {
    /// The large numbers of the texts that `powertools_json` has parsed for the running expression.
    static LARGE: RefCell<LargeNumbers> = RefCell::default();
}

fn json(text: &str) -> Result<Variable, String> {
    let (text, large) = read(text);
    LARGE.with_borrow_mut(|all| all.extend(large));
    serde_json::from_str(&text).map_err(|error| not_json(&error))
}

/// A selected value, with its large numbers as they were written.
#[derive(Clone, Default, PartialEq)]
pub(crate) struct Selected {
    pub(crate) value: Value,
    pub(crate) large: LargeNumbers,
}

/// The value may identify a caller, so it is not shown.
impl fmt::Debug for Selected {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Selected").finish_non_exhaustive()
    }
}

impl From<Value> for Selected {
    fn from(value: Value) -> Self {
        Self { value, large: LargeNumbers::default() }
    }
}

impl Expression {
    /// Selects a value from a document.
    ///
    /// # Errors
    ///
    /// Those of [`interpret`](Self::interpret).
    pub(crate) fn select(&self, document: &Document) -> Result<Selected, String> {
        LARGE.take();
        let value = self.interpret(&document.root, &RUNTIME);
        let mut large = LARGE.take();
        large.extend(document.large.clone());
        Ok(Selected { value: value?, large })
    }
}

/// A JSON document that idempotency keys are selected from: an event, a request, a record, the arguments of a function.
/// Cheap to clone.
///
/// # Example
///
/// ```
/// use pilaster::idempotency::Document;
///
/// let document = Document::parse(r#"{"order": {"id": 7}}"#)?;
/// assert_eq!(Document::of(&serde_json::json!({"order": {"id": 7}}))?, document);
/// # Ok::<(), serde_json::Error>(())
/// ```
#[derive(Clone, PartialEq)]
pub struct Document {
    root: Rcvar,
    large: LargeNumbers,
}

impl Document {
    /// Parses a JSON text.
    ///
    /// # Errors
    ///
    /// The text is not JSON.
    pub fn parse(text: &str) -> Result<Self, serde_json::Error> {
        let (text, large) = read(text);
        let root = serde_json::from_str::<Variable>(&text)?;
        Ok(Self { root: Rcvar::new(root), large })
    }

    /// Serialises a value.
    ///
    /// # Errors
    ///
    /// The value cannot be serialised as JSON.
    pub fn of(value: &impl Serialize) -> Result<Self, serde_json::Error> {
        // Through text, so that numbers equal those of a parsed document.
        Self::parse(&serde_json::to_string(value)?)
    }

    /// Selects a value by a JMESPath expression, which may call `powertools_json`, `powertools_base64` and
    /// `powertools_base64_gzip`.
    ///
    /// # Errors
    ///
    /// The expression is not well-formed, is longer than 4,096 bytes, has more than 64 steps that follow or contain
    /// each other, or calls a function that rejects its argument.
    pub fn search(&self, expression: &str) -> Result<Value, crate::BoxError> {
        Ok(Expression::parse(expression)?.select(self)?.value)
    }

    /// Selects the whole document.
    pub(crate) fn whole(&self) -> Result<Selected, String> {
        let value = serde_json::to_value(&self.root).map_err(|error| error.to_string())?;
        Ok(Selected { value, large: self.large.clone() })
    }
}

/// The document may hold personal data, so it is not shown.
impl fmt::Debug for Document {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Document").finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write as _;

    use base64::Engine as _;
    use base64::engine::general_purpose::STANDARD;
    use serde_json::json;

    use super::*;
    use crate::core::expression::functions::UNPACKED_LIMIT;

    fn search(document: Value, expression: &str) -> Result<Value, String> {
        Ok(Expression::parse(expression)?.select(&Document::of(&document).unwrap())?.value)
    }

    fn packed(bytes: &[u8]) -> String {
        let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
        encoder.write_all(bytes).unwrap();
        STANDARD.encode(encoder.finish().unwrap())
    }

    #[test]
    fn text_within_events_is_read() {
        let records = json!({ "Records": [{ "body": "{\"id\": 1.0}" }, { "body": "\"x\"" }] });
        assert_eq!(search(records, "Records[*].powertools_json(body)"), Ok(json!([{ "id": 1.0 }, "x"])));
        assert_eq!(search(json!({ "d": "aGVsbG8=" }), "powertools_base64(d)"), Ok(json!("hello")));
        assert_eq!(
            search(json!({ "d": packed(b"[1]") }), "powertools_json(powertools_base64_gzip(d))"),
            Ok(json!([1]))
        );
    }

    #[test]
    fn an_error_does_not_hold_the_text() {
        for (document, expression) in [
            (json!({ "body": "{hunter2" }), "powertools_json(body)"),
            (json!({ "body": "hunter2!" }), "powertools_base64(body)"),
            (json!({ "body": "aHVudGVyMg==" }), "powertools_base64_gzip(body)"),
            (json!({}), "powertools_json(body)"),
            (json!({}), "["),
            (json!({}), "unknown(@)"),
        ] {
            let error = search(document, expression).unwrap_err();
            assert!(!error.contains("hunter2"), "{error}");
        }
    }

    #[test]
    fn a_text_that_unpacks_beyond_the_limit_is_rejected() {
        let bomb = packed(&vec![b'a'; UNPACKED_LIMIT as usize + 1]);
        assert!(search(json!({ "d": bomb }), "powertools_base64_gzip(d)").is_err());
    }
}

//! JMESPath with Powertools' functions: what a key or a validated payload is selected by.
//!
//! `powertools_json(text)`, `powertools_base64(text)` and `powertools_base64_gzip(text)` read what events carry as text.

use std::cell::RefCell;
use std::fmt;
use std::sync::{Arc, LazyLock};

use jmespath::{Context, JmespathError, Rcvar, Runtime, Variable, interpret};
use serde::Serialize;
use serde_json::Value;

use super::key::Selected;
use crate::core::expression::check;
use crate::core::expression::functions::{not_json, runtime};
use crate::idempotency::canonical_json::{self, Large};

static RUNTIME: LazyLock<Runtime> = LazyLock::new(|| runtime(json));

thread_local! {
    /// The large numbers of the texts that the expression at work has read.
    static LARGE: RefCell<Large> = RefCell::default();
}

fn json(text: &str) -> Result<Variable, String> {
    let (text, large) = canonical_json::read(text);
    LARGE.with_borrow_mut(|all| all.extend(large));
    serde_json::from_str(&text).map_err(|error| not_json(&error))
}

/// An expression that was found to be well-formed.
#[derive(Clone)]
pub(crate) struct Expression {
    text: Arc<str>,
    ast: Arc<jmespath::ast::Ast>,
}

impl Expression {
    /// # Errors
    ///
    /// What is wrong with it.
    pub(crate) fn parse(text: &str) -> Result<Self, String> {
        check(text)?;
        match jmespath::parse(text) {
            Ok(ast) => Ok(Self { text: text.into(), ast: Arc::new(ast) }),
            Err(error) => Err(format!("`{text}` is no JMESPath expression: {}", error.reason)),
        }
    }

    /// What it selects.
    ///
    /// # Errors
    ///
    /// A function of it refuses its argument. The error says which and why, and nothing of the document.
    pub(crate) fn select(&self, document: &Document) -> Result<Selected, String> {
        let mut context = Context::new(&self.text, &RUNTIME);
        LARGE.take();
        let found = interpret(&document.root, &self.ast, &mut context);
        let mut large = LARGE.take();
        large.extend(document.large.clone());
        let found = found.and_then(|found| value(&found)).map_err(|error| format!("`{}`: {}", self.text, error.reason));
        Ok(Selected { value: found?, large })
    }
}

impl fmt::Display for Expression {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

impl fmt::Debug for Expression {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&self.text, f)
    }
}

/// What keys are selected from: an event, a request, a record, the arguments of a function. Cheap to clone.
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
    large: Large,
}

impl Document {
    /// The document of a JSON text.
    ///
    /// # Errors
    ///
    /// The text is not JSON.
    pub fn parse(text: &str) -> Result<Self, serde_json::Error> {
        let (text, large) = canonical_json::read(text);
        let root = serde_json::from_str::<Variable>(&text)?;
        Ok(Self { root: Rcvar::new(root), large })
    }

    /// The document that a value serialises to.
    ///
    /// # Errors
    ///
    /// The value has no JSON form.
    pub fn of(value: &impl Serialize) -> Result<Self, serde_json::Error> {
        // Through the text, so that a number is the same as one that was read.
        Self::parse(&serde_json::to_string(value)?)
    }

    /// What a JMESPath expression, with Powertools' functions, selects from it.
    ///
    /// # Errors
    ///
    /// The expression is not well-formed, has more than 4,096 bytes or more than 64 steps that follow or contain each other, or
    /// one of its functions refuses its argument.
    pub fn search(&self, expression: &str) -> Result<Value, crate::BoxError> {
        Ok(Expression::parse(expression)?.select(self)?.value)
    }

    /// The whole of it.
    pub(crate) fn whole(&self) -> Result<Selected, String> {
        let value = value(&self.root).map_err(|error| error.reason.to_string())?;
        Ok(Selected { value, large: self.large.clone() })
    }
}

fn value(variable: &Rcvar) -> Result<Value, JmespathError> {
    Ok(serde_json::to_value(variable)?)
}

/// It may hold anything that a caller sent.
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
    fn what_cannot_be_read_is_an_error_without_the_text() {
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
    fn numbers_within_a_text_are_known_as_they_were_written() {
        let document =
            Document::parse(r#"{"body": "[-0, 18446744073709551617, 1e30]", "n": 36893488147419103233}"#).unwrap();
        let selected = |expression| Expression::parse(expression).unwrap().select(&document).unwrap();
        let python = |expression| {
            let Selected { value, large } = selected(expression);
            canonical_json::python(&value, &large)
        };
        assert_eq!(python("powertools_json(body)[1:]").as_deref(), Some("[18446744073709551617, 1e+30]"));
        assert_eq!(python("powertools_json(body)[0]").as_deref(), Some("0"));
        assert_eq!(python("n"), Some("36893488147419103233".to_owned()));
        assert_eq!(python("[n, powertools_json('36893488147419103234')]"), None, "two that are read as one");
        assert!(python("n").is_some(), "what another expression read does not count");
    }

    #[test]
    fn what_unpacks_without_end_is_refused() {
        let bomb = packed(&vec![b'a'; UNPACKED_LIMIT as usize + 1]);
        assert!(search(json!({ "d": bomb }), "powertools_base64_gzip(d)").is_err());
    }
}

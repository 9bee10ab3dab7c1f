//! JMESPath with Powertools' functions: what a key or a validated payload is selected by.
//!
//! `powertools_json(text)`, `powertools_base64(text)` and `powertools_base64_gzip(text)` read what events carry as text.

use std::fmt;
use std::io::Read as _;
use std::sync::{Arc, LazyLock};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use flate2::read::MultiGzDecoder;
use jmespath::functions::{ArgumentType, CustomFunction, Signature};
use jmespath::{Context, ErrorReason, JmespathError, Rcvar, Runtime, Variable, interpret};
use serde::Serialize;
use serde_json::Value;

use crate::expression::check;

/// What `powertools_base64_gzip` unpacks at most, in bytes: a few KB can unpack to GB.
const UNPACKED_LIMIT: u64 = 16 * 1024 * 1024;

/// Reads a text.
type Read = fn(&str) -> Result<Variable, String>;

static RUNTIME: LazyLock<Runtime> = LazyLock::new(|| {
    let mut runtime = Runtime::new();
    runtime.register_builtin_functions();
    let functions: [(&str, Read); 3] =
        [("powertools_json", json), ("powertools_base64", base64), ("powertools_base64_gzip", base64_gzip)];
    for (name, function) in functions {
        let signature = Signature::new(vec![ArgumentType::String], None);
        let evaluate = move |arguments: &[Rcvar], context: &mut Context<'_>| {
            let text = arguments.first().and_then(|text| text.as_string()).map(String::as_str).unwrap_or_default();
            let failed = |reason| JmespathError::from_ctx(context, ErrorReason::Parse(format!("{name}: {reason}")));
            function(text).map(Rcvar::new).map_err(failed)
        };
        runtime.register_function(name, Box::new(CustomFunction::new(signature, Box::new(evaluate))));
    }
    runtime
});

fn json(text: &str) -> Result<Variable, String> {
    // The place, not the text: it may be personal.
    let told = |error: serde_json::Error| format!("no JSON at line {} column {}", error.line(), error.column());
    serde_json::from_str(text).map_err(told)
}

fn base64(text: &str) -> Result<Variable, String> {
    utf8(decoded(text)?)
}

fn base64_gzip(text: &str) -> Result<Variable, String> {
    let mut unpacked = Vec::new();
    let packed = decoded(text)?;
    let read = MultiGzDecoder::new(&*packed).take(UNPACKED_LIMIT + 1).read_to_end(&mut unpacked);
    match read {
        Ok(_) if unpacked.len() as u64 > UNPACKED_LIMIT => Err(format!("more than {UNPACKED_LIMIT} bytes unpacked")),
        Ok(_) => utf8(unpacked),
        Err(_) => Err("no gzip".to_owned()),
    }
}

fn decoded(text: &str) -> Result<Vec<u8>, String> {
    STANDARD.decode(text).map_err(|_| "no base64".to_owned())
}

fn utf8(bytes: Vec<u8>) -> Result<Variable, String> {
    String::from_utf8(bytes).map(Variable::String).map_err(|_| "no UTF-8".to_owned())
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
    pub(crate) fn select(&self, document: &Document) -> Result<Value, String> {
        let mut context = Context::new(&self.text, &RUNTIME);
        let found = interpret(&document.0, &self.ast, &mut context);
        found.and_then(|found| Document(found).value()).map_err(|error| format!("`{}`: {}", self.text, error.reason))
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
pub struct Document(Rcvar);

impl Document {
    /// The document of a JSON text.
    ///
    /// # Errors
    ///
    /// The text is not JSON.
    pub fn parse(text: &str) -> Result<Self, serde_json::Error> {
        serde_json::from_str::<Variable>(text).map(|variable| Self(Rcvar::new(variable)))
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
        Ok(Expression::parse(expression)?.select(self)?)
    }

    pub(super) fn value(&self) -> Result<Value, JmespathError> {
        Ok(serde_json::to_value(&self.0)?)
    }
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

    use serde_json::json;

    use super::*;

    fn search(document: Value, expression: &str) -> Result<Value, String> {
        Expression::parse(expression)?.select(&Document::of(&document).unwrap())
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
    fn what_unpacks_without_end_is_refused() {
        let bomb = packed(&vec![b'a'; UNPACKED_LIMIT as usize + 1]);
        assert!(search(json!({ "d": bomb }), "powertools_base64_gzip(d)").is_err());
    }
}

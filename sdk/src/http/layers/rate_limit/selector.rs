//! [`Selector`]: a JMESPath expression that selects the key.

use std::fmt;
use std::sync::{Arc, LazyLock};

use jmespath::ast::Ast;
use jmespath::{Context, Rcvar, Runtime, Variable, interpret};
use serde_json::Value;

use crate::core::expression;
use crate::core::expression::functions::{not_json, runtime};

static RUNTIME: LazyLock<Runtime> =
    LazyLock::new(|| runtime(|text| serde_json::from_str(text).map_err(|error| not_json(&error))));

/// A well-formed expression.
#[derive(Clone)]
pub(super) struct Selector {
    text: Arc<str>,
    ast: Arc<Ast>,
}

impl Selector {
    /// Parses an expression.
    ///
    /// # Errors
    ///
    /// The text is not a JMESPath expression, or it is too long or too deep.
    pub(super) fn parse(text: &str) -> Result<Self, String> {
        expression::check(text)?;
        match jmespath::parse(text) {
            Ok(ast) => Ok(Self { text: text.into(), ast: Arc::new(ast) }),
            Err(error) => Err(format!("`{text}` is not a JMESPath expression: {}", error.reason)),
        }
    }

    /// Selects a value; `None` if a function of the expression rejects its argument.
    pub(super) fn select(&self, document: Value) -> Option<Value> {
        let document = Rcvar::new(Variable::from_serializable(document).ok()?);
        let found = interpret(&document, &self.ast, &mut Context::new(&self.text, &RUNTIME)).ok()?;
        serde_json::to_value(&*found).ok()
    }
}

impl fmt::Debug for Selector {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&self.text, f)
    }
}

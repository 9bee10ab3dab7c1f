//! [`Expression`]: a well-formed JMESPath expression.

use std::fmt;
use std::sync::Arc;

use jmespath::ast::Ast;
use jmespath::{Context, Rcvar, Runtime, interpret};
use serde_json::Value;

/// A well-formed expression.
#[derive(Clone)]
pub(crate) struct Expression {
    text: Arc<str>,
    ast: Arc<Ast>,
}

impl Expression {
    /// Parses an expression.
    ///
    /// # Errors
    ///
    /// The text is not a JMESPath expression, or it is too long or too deep.
    pub(crate) fn parse(text: &str) -> Result<Self, String> {
        super::check(text)?;
        match jmespath::parse(text) {
            Ok(ast) => Ok(Self { text: text.into(), ast: Arc::new(ast) }),
            Err(error) => Err(format!("`{text}` is not a JMESPath expression: {}", error.reason)),
        }
    }

    /// Selects a value, with the functions of this runtime.
    ///
    /// # Errors
    ///
    /// A function of the expression rejects its argument. The error names the function and the reason, and holds
    /// nothing of the document.
    pub(crate) fn interpret(&self, document: &Rcvar, functions: &Runtime) -> Result<Value, String> {
        let found = interpret(document, &self.ast, &mut Context::new(&self.text, functions));
        let value = found.and_then(|found| Ok(serde_json::to_value(&*found)?));
        value.map_err(|error| format!("`{}`: {}", self.text, error.reason))
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

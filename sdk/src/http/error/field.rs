//! [`FieldError`]: one invalid field of the input.

use serde::Serialize;

/// One invalid field of the input.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct FieldError {
    pointer: String,
    detail: String,
}

impl FieldError {
    /// Creates an error at this JSON Pointer ([RFC 6901](https://www.rfc-editor.org/rfc/rfc6901)).
    pub fn new(pointer: impl Into<String>, detail: impl Into<String>) -> Self {
        Self { pointer: pointer.into(), detail: detail.into() }
    }

    /// Returns the JSON Pointer of the field, such as `/address/lines/0`; empty for the whole input.
    pub fn pointer(&self) -> &str {
        &self.pointer
    }

    /// Returns the text of the error, without the value.
    pub fn detail(&self) -> &str {
        &self.detail
    }
}

//! [`Mismatch`]: the error of a value that does not match its schema.

use std::fmt;

/// The number of violations that the text of a mismatch lists.
const LISTED: usize = 10;

/// One place at which a value does not match its schema.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Violation {
    pub(super) pointer: String,
    pub(super) detail: String,
}

impl Violation {
    /// Returns the JSON Pointer ([RFC 6901](https://www.rfc-editor.org/rfc/rfc6901)) to the value; empty for the whole
    /// value, and where the place is not known.
    pub fn pointer(&self) -> &str {
        &self.pointer
    }

    /// Returns the text of the violation, without the value.
    pub fn detail(&self) -> &str {
        &self.detail
    }
}

/// The error of a value that does not match its schema: at most 100 violations. It contains neither a value nor a key
/// that the schema does not name.
///
/// # Example
///
/// ```
/// use pilaster::json_schema::Schema;
/// use serde_json::json;
///
/// let schema = Schema::parse(r#"{ "properties": { "id": { "type": "integer" } } }"#)?;
/// let mismatch = schema.check(&json!({ "id": "7" })).unwrap_err();
/// assert_eq!(mismatch.to_string(), "the value does not match the schema: /id must be an integer");
/// # Ok::<(), pilaster::json_schema::SchemaError>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mismatch {
    pub(super) violations: Vec<Violation>,
    pub(super) what: &'static str,
}

impl Mismatch {
    /// Creates the mismatch of a value whose place or text is the only one.
    pub(crate) fn whole(what: &'static str, detail: &str) -> Self {
        Self { violations: vec![Violation { pointer: String::new(), detail: detail.to_owned() }], what }
    }

    /// Names what was checked, such as `the event`.
    pub(crate) fn of(mut self, what: &'static str) -> Self {
        self.what = what;
        self
    }

    /// Puts the place of the value that was checked before each pointer.
    pub(crate) fn prefix(&mut self, at: &str) {
        for violation in &mut self.violations {
            violation.pointer.insert_str(0, at);
        }
    }

    /// Returns the violations: at least one, at most 100.
    pub fn violations(&self) -> &[Violation] {
        &self.violations
    }
}

impl fmt::Display for Mismatch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} does not match the schema", self.what)?;
        for (at, Violation { pointer, detail }) in self.violations.iter().take(LISTED).enumerate() {
            f.write_str(if at == 0 { ": " } else { "; " })?;
            match pointer.as_str() {
                "" => f.write_str(detail)?,
                pointer => write!(f, "{pointer} {detail}")?,
            }
        }
        match self.violations.len().checked_sub(LISTED) {
            Some(more @ 1..) => write!(f, "; and {more} more"),
            _ => Ok(()),
        }
    }
}

impl std::error::Error for Mismatch {}

//! Tests of schemas and of their layers.

mod compile;
#[cfg(all(feature = "http", feature = "testing"))]
mod http;
mod places;
#[cfg(all(feature = "records", feature = "testing", feature = "logging"))]
mod records;
#[cfg(all(feature = "openapi", feature = "macros"))]
mod types;

use serde_json::Value;

use super::{Mismatch, Schema};

/// Checks a value, and returns the pointers and the texts of the violations.
fn violations(schema: &Value, value: &Value) -> Vec<(String, String)> {
    let checked = Schema::of(schema).unwrap().check(value);
    let each = checked.err().map(|Mismatch { violations, .. }| violations).unwrap_or_default();
    each.into_iter().map(|violation| (violation.pointer, violation.detail)).collect()
}

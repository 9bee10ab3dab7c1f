//! JSON helpers for log lines.

use serde::Serialize;

/// Writes a JSON string.
pub(super) fn write_str(to: &mut Vec<u8>, text: &str) {
    to.reserve(text.len() + 2);
    write_value(to, text);
}

/// Writes a value that always has a JSON form: a string, a number, a list of strings.
pub(super) fn write_value(to: &mut Vec<u8>, value: impl Serialize) {
    // Writing to a Vec does not fail.
    let _ = serde_json::to_writer(to, &value);
}

/// Writes text that is known to be JSON, on one line: a line break in JSON can only be white space between tokens.
pub(super) fn write_json(to: &mut Vec<u8>, json: &str) {
    let start = to.len();
    to.extend_from_slice(json.as_bytes());
    for byte in &mut to[start..] {
        if matches!(byte, b'\n' | b'\r') {
            *byte = b' ';
        }
    }
}

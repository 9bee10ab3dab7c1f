//! JSON helpers for log lines.

use serde::Serialize;

/// Writes a JSON string.
pub(super) fn write_str(to: &mut Vec<u8>, text: &str) {
    to.reserve(text.len() + 2);
    if !is_plain(text.as_bytes()) {
        return write_value(to, text);
    }
    to.push(b'"');
    to.extend_from_slice(text.as_bytes());
    to.push(b'"');
}

/// Returns `true` if no byte has to be escaped. Without an early end the compiler compares many bytes at once, where the
/// serializer looks up each.
fn is_plain(text: &[u8]) -> bool {
    text.iter().fold(true, |plain, &byte| plain & (byte >= b' ') & (byte != b'"') & (byte != b'\\'))
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_string_is_written_as_by_the_serializer() {
        let all = ('\0'..='\u{FF}').collect::<String>();
        let texts = all.chars().map(|char| format!("a long text before {char} and behind it"));
        for text in texts.chain(["".into(), "plain".into(), "ü\u{1F600}\u{2028}".into(), all.clone()]) {
            let mut written = b"before".to_vec();
            write_str(&mut written, &text);
            assert_eq!(String::from_utf8(written).unwrap(), format!("before{}", serde_json::to_string(&text).unwrap()));
        }
    }
}

//! [`AsJson`]: a value that stays JSON in a log line; and the JSON of which lines are made.

use std::cell::Cell;
use std::fmt;
use std::io;

use serde::Serialize;
use serde::de::IgnoredAny;

thread_local! {
    /// The bytes of JSON that the last [`AsJson`] of this thread wrote. A visitor that finds as many in the whole text of a
    /// field knows that the field *is* JSON; to any other reader it is plain text.
    static WRITTEN: Cell<usize> = const { Cell::new(0) };
}

/// A value that stays JSON in a line instead of becoming text: a field, or a whole message.
///
/// Another subscriber sees its JSON text. A value that cannot be serialised is logged as text that names the error.
///
/// # Example
///
/// ```
/// use pilaster::observe::logging::{AsJson, CapturedLogs, Logs};
///
/// let captured = CapturedLogs::default();
/// let lines = Logs::new().writer(captured.clone()).build();
/// tracing::subscriber::with_default(lines, || {
///     tracing::info!(order = %AsJson(&[1, 2]), "placed");
/// });
/// assert_eq!(captured.lines()[0]["order"], serde_json::json!([1, 2]));
/// ```
#[derive(Clone, Copy)]
pub struct AsJson<T>(pub T);

impl<T: Serialize> fmt::Display for AsJson<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut pieces = Pieces { to: f, written: 0, stopped: false };
        let result = serde_json::to_writer(&mut pieces, &self.0);
        let Pieces { to, written, stopped } = pieces;
        match result {
            Ok(()) => {
                WRITTEN.set(written);
                Ok(())
            }
            Err(_) if stopped => Err(fmt::Error),
            Err(error) => write!(to, "[not JSON: {error}]"),
        }
    }
}

impl<T: Serialize> fmt::Debug for AsJson<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// Runs `write` on the text, and returns `true` if the text is one [`AsJson`] and nothing else.
pub(super) fn is_json(text: &mut String, write: impl FnOnce(&mut String)) -> bool {
    WRITTEN.set(0);
    write(text);
    // A `Display` that makes JSON and then pads, cuts or changes it may have as many bytes.
    !text.is_empty() && WRITTEN.get() == text.len() && serde_json::from_str::<IgnoredAny>(text).is_ok()
}

struct Pieces<'a, 'b> {
    to: &'a mut fmt::Formatter<'b>,
    written: usize,
    stopped: bool,
}

impl io::Write for Pieces<'_, '_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let text = std::str::from_utf8(bytes).map_err(io::Error::other)?;
        if self.to.write_str(text).is_err() {
            self.stopped = true;
            return Err(io::ErrorKind::WriteZero.into());
        }
        self.written += bytes.len();
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// Writes a JSON string.
pub(super) fn write_str(to: &mut Vec<u8>, text: &str) {
    to.reserve(text.len() + 2);
    write_value(to, text);
}

/// Writes a value that always has a JSON form: a text, a number, a list of texts.
pub(super) fn write_value(to: &mut Vec<u8>, value: impl Serialize) {
    // Writing to a Vec does not fail.
    let _ = serde_json::to_writer(to, &value);
}

/// Writes text that is known to be JSON, on one line: a line break in JSON can only be white space between its parts.
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
    use std::collections::BTreeMap;

    use super::*;

    #[test]
    fn it_shows_as_json_text() {
        assert_eq!(AsJson(("a\"b", 1.5)).to_string(), r#"["a\"b",1.5]"#);
        assert_eq!(format!("{:?}", AsJson(true)), "true");
    }

    #[test]
    fn a_value_that_cannot_be_json_names_the_error() {
        let text = AsJson(BTreeMap::from([((1, 2), 3)])).to_string();
        assert!(text.ends_with("[not JSON: key must be a string]"), "{text}");
    }

    #[test]
    fn only_a_text_that_is_json_as_a_whole_counts_as_json() {
        let is_json = |shown: &dyn fmt::Display| is_json(&mut String::new(), |text| *text = shown.to_string());
        assert!(is_json(&AsJson("x")));
        assert!(!is_json(&format_args!("x = {}", AsJson("x"))));
        assert!(!is_json(&format_args!("{}{}", AsJson("x"), AsJson("xy"))));
        assert!(!is_json(&"7"));
    }

    #[test]
    fn a_text_of_as_many_bytes_as_the_json_that_its_display_made_is_a_text() {
        struct Padded;
        impl fmt::Display for Padded {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                let json = AsJson([1, 2, 3]).to_string();
                write!(f, "{:.<7}", json.trim_matches(['[', ']']))
            }
        }
        assert_eq!(Padded.to_string().len(), AsJson([1, 2, 3]).to_string().len());
        assert!(!is_json(&mut String::new(), |text| *text = Padded.to_string()));
    }
}

//! [`Json`]: a value that stays JSON in a log line.

use std::cell::Cell;
use std::fmt;
use std::io;

use serde::Serialize;

thread_local! {
    /// How many bytes of JSON the last [`Json`] of this thread wrote. A visitor that finds as many in the whole text of a
    /// field knows that the field *is* JSON; to any other reader it is plain text.
    static WRITTEN: Cell<usize> = const { Cell::new(0) };
}

/// A value that stays JSON in a line instead of becoming text: a field, or a whole message.
///
/// To another subscriber it is its JSON text. A value that cannot be serialised is told as text.
///
/// # Example
///
/// ```
/// use pilaster::observe::logging::{Captured, Json, Logs};
///
/// let captured = Captured::default();
/// let lines = Logs::new().writer(captured.clone()).build();
/// tracing::subscriber::with_default(lines, || {
///     tracing::info!(order = %Json(&[1, 2]), "placed");
/// });
/// assert_eq!(captured.lines()[0]["order"], serde_json::json!([1, 2]));
/// ```
#[derive(Clone, Copy)]
pub struct Json<T>(pub T);

impl<T: Serialize> fmt::Display for Json<T> {
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
            Err(error) => write!(to, "[no JSON: {error}]"),
        }
    }
}

impl<T: Serialize> fmt::Debug for Json<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// Runs `write` and says whether the `len()` bytes that it made are one JSON value.
pub(super) fn is_json(write: impl FnOnce() -> usize) -> bool {
    WRITTEN.set(0);
    let len = write();
    len > 0 && WRITTEN.get() == len
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

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;

    #[test]
    fn it_shows_as_json_text() {
        assert_eq!(Json(("a\"b", 1.5)).to_string(), r#"["a\"b",1.5]"#);
        assert_eq!(format!("{:?}", Json(true)), "true");
    }

    #[test]
    fn a_value_that_is_no_json_says_why() {
        let told = Json(BTreeMap::from([((1, 2), 3)])).to_string();
        assert!(told.ends_with("[no JSON: key must be a string]"), "{told}");
    }

    #[test]
    fn only_a_text_that_is_json_as_a_whole_counts_as_json() {
        assert!(is_json(|| Json("x").to_string().len()));
        assert!(!is_json(|| format!("x = {}", Json("x")).len()));
        assert!(!is_json(|| format!("{}{}", Json("x"), Json("xy")).len()));
        assert!(!is_json(|| "7".len()));
    }
}

//! The texts of errors for the log. `Display`, `Debug` and `source` of an error are the user's code: a panic in them, or
//! an error that they return, must not fail the call whose error is logged.

use std::error::Error as StdError;
use std::fmt::{self, Write as _};

use crate::core::panic::caught;

/// An error in place of one whose texts cannot be written.
#[derive(Debug)]
struct Unreadable;

impl fmt::Display for Unreadable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the error cannot be shown: its `Display` fails")
    }
}

impl StdError for Unreadable {}

/// Returns the text of an error.
pub(crate) fn text(error: &(dyn StdError + 'static)) -> String {
    written(error).unwrap_or_else(|| Unreadable.to_string())
}

/// Returns the text of an error; `None` if its `Display` fails.
pub(super) fn written(error: &(dyn StdError + 'static)) -> Option<String> {
    let mut text = String::new();
    caught(|| write!(text, "{error}")).is_some_and(|result| result.is_ok()).then_some(text)
}

/// Calls a function that emits a line with this error. If it panics, it is called again with an error that can be shown.
#[cfg_attr(not(any(feature = "logging", feature = "records", feature = "appsync")), allow(dead_code))]
pub(crate) fn log(error: &(dyn StdError + 'static), emit: impl Fn(&(dyn StdError + 'static))) {
    if caught(|| emit(error)).is_none() {
        emit(&Unreadable);
    }
}

//! A document in the repository that a function generates.

use std::fmt::Write as _;
use std::path::Path;
use std::{env, fs};

/// The most differing lines that a failure shows.
const SHOWN: usize = 20;

/// Checks that a file has this text, except for the ends of lines. With `overwrite` in the variable, it writes the file.
///
/// # Panics
///
/// The file is missing or differs.
#[track_caller]
pub(super) fn assert_current(file: &Path, document: &str, what: &str, variable: &str) {
    let name = file.display();
    if env::var(variable).is_ok_and(|value| value == "overwrite") {
        return fs::write(file, document).unwrap_or_else(|error| panic!("`{name}` cannot be written: {error}"));
    }
    let found = fs::read_to_string(file).unwrap_or_else(|error| {
        panic!("`{name}` cannot be read ({error}): run the test once with `{variable}=overwrite`")
    });
    // An editor or git may have changed the ends of lines.
    if !found.lines().eq(document.lines()) {
        let difference = difference(&found, document);
        panic!("`{name}` is not {what}: run the test with `{variable}=overwrite`\n{difference}");
    }
}

/// Returns the lines between those that are equal at the beginning and at the end.
fn difference(old: &str, new: &str) -> String {
    let (old, new) = (old.lines().collect::<Vec<_>>(), new.lines().collect::<Vec<_>>());
    let start = old.iter().zip(&new).take_while(|(old, new)| old == new).count();
    let end = old[start..].iter().rev().zip(new[start..].iter().rev()).take_while(|(old, new)| old == new).count();
    let mut text = format!("from line {}:\n", start + 1);
    for (sign, lines) in [('-', &old[start..old.len() - end]), ('+', &new[start..new.len() - end])] {
        for line in lines.iter().take(SHOWN) {
            let _ = writeln!(text, "{sign} {line}");
        }
        if let Some(more) = lines.len().checked_sub(SHOWN + 1) {
            let _ = writeln!(text, "{sign} and {} more lines", more + 1);
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_difference_shows_the_lines_that_differ() {
        assert_eq!(difference("a\nb\nc", "a\nx\ny\nc"), "from line 2:\n- b\n+ x\n+ y\n");
        assert_eq!(difference("a", "a\nb"), "from line 2:\n+ b\n");
        assert_eq!(difference("a\na", "a"), "from line 2:\n- a\n");
        let many = (0..30).map(|n| format!("{n}\n")).collect::<String>();
        assert!(difference("", &many).ends_with("+ 19\n+ and 10 more lines\n"));
    }
}

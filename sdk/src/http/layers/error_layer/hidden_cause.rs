//! The warning of debug builds about an error that no rule matches because `#[error(transparent)]` hides it.
//!
//! The inner error is found in the `Debug` text: a variant with one field is printed as `Find(NoSuchUser)`.

use std::collections::HashSet;
use std::error::Error as StdError;
use std::sync::{LazyLock, Mutex, PoisonError};

/// The variants of earlier warnings, so that each is logged once per process.
static WARNED: LazyLock<Mutex<HashSet<String>>> = LazyLock::new(Mutex::default);

/// The maximum number of variants to keep. The names come from code, so there are few.
const MOST: usize = 100;

/// Logs a warning if an error may contain another that its chain of causes omits.
pub(super) fn warn(error: &(dyn StdError + 'static)) {
    let text = format!("{error:?}");
    let Some((variant, held)) = held(&text) else { return };
    // The rules also see an error that is the cause.
    if error.source().is_some_and(|source| format!("{source:?}").starts_with(held)) {
        return;
    }
    let mut warned = WARNED.lock().unwrap_or_else(PoisonError::into_inner);
    if warned.len() < MOST && warned.insert(format!("{variant}({held})")) {
        drop(warned);
        tracing::warn!(
            variant,
            "no rule of the error layer matches this error; if it is `#[error(transparent)]`, declare its inner error with `ErrorLayer::transparent`"
        );
    }
}

/// Returns `Find` and `NoSuchUser` for `Find(NoSuchUser { id: 7 })`: names of types and variants, never a value.
fn held(debug: &str) -> Option<(&str, &str)> {
    let (variant, rest) = debug.split_once('(')?;
    let end = rest.find(|c: char| !c.is_alphanumeric() && c != '_').unwrap_or(rest.len());
    let held = &rest[..end];
    let is_name =
        |text: &str| text.starts_with(char::is_uppercase) && text.chars().all(|c| c.is_alphanumeric() || c == '_');
    (is_name(variant) && is_name(held) && matches!(rest[end..].chars().next(), Some(')' | '(' | ' ')))
        .then_some((variant, held))
}

#[cfg(test)]
mod tests {
    use super::held;

    #[cfg(feature = "logging")]
    #[test]
    fn an_error_that_hides_another_is_a_warning_and_one_that_shows_it_is_not() {
        use crate::observe::logging::{CapturedLogs, LogFormat, Logs};

        #[derive(Debug, thiserror::Error)]
        enum Hides {
            #[error(transparent)]
            FoundByTheHint(Inner),
        }
        #[derive(Debug, thiserror::Error)]
        enum Shows {
            #[error("outer")]
            NotFoundByTheHint(#[source] Inner),
        }
        #[derive(Debug, thiserror::Error)]
        #[error("inner")]
        struct Inner(#[source] std::io::Error);

        let captured = CapturedLogs::default();
        let subscriber = Logs::new().format(LogFormat::Json).writer(captured.clone()).build();
        tracing::subscriber::with_default(subscriber, || {
            let inner = || Inner(std::io::Error::other("disk full"));
            for _ in 0..2 {
                super::warn(&Hides::FoundByTheHint(inner()));
                super::warn(&Shows::NotFoundByTheHint(inner()));
            }
        });
        let lines = captured.lines();
        let variants: Vec<_> = lines.iter().map(|line| &line["variant"]).collect();
        assert_eq!(variants, ["FoundByTheHint"], "{lines:?}");
    }

    #[test]
    fn the_held_error_is_read_from_the_debug_text() {
        assert_eq!(held("Find(NoSuchUser)"), Some(("Find", "NoSuchUser")));
        assert_eq!(held("Find(NoSuchUser { id: 7 })"), Some(("Find", "NoSuchUser")));
        assert_eq!(held("Find(Db(\"x\"))"), Some(("Find", "Db")));
        for text in
            ["NoSuchUser", "NoSuchUser { id: 7 }", "Name(\"Ada\")", "Id(7)", "Pair(A, B)", "(A)", "Os { code: 2 }"]
        {
            assert_eq!(held(text), None, "{text}");
        }
    }
}

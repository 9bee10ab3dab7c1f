//! Headers that must stand once.

use http::{HeaderMap, HeaderName};

/// A header that stands twice, or is not text.
#[derive(Debug)]
pub(super) struct Malformed;

/// Returns the value of a header without the spaces around it; `None` if there is none.
pub(super) fn single<'h>(headers: &'h HeaderMap, name: &HeaderName) -> Option<Result<&'h str, Malformed>> {
    let mut values = headers.get_all(name).into_iter();
    let value = values.next()?;
    if values.next().is_some() {
        return Some(Err(Malformed));
    }
    Some(value.to_str().map(|value| value.trim_matches([' ', '\t'])).map_err(|_| Malformed))
}

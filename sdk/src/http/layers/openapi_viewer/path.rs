//! The paths of the document and its pages, and the links between them.

use std::collections::HashSet;

/// Two texts at one path, of one layer or of two.
pub(super) const ONE_PATH: &str = "`OpenApiViewerLayer`: the document and its pages must have different paths: change one \
                                   with `document_at` or `page`";

/// Checks paths, which must differ and be of characters that no client escapes.
pub(super) fn check<'p>(paths: impl Iterator<Item = &'p str>) -> Result<(), String> {
    let mut known = HashSet::new();
    for path in paths {
        let is_segment = |segment: &str| {
            let is_plain = |c: u8| c.is_ascii_alphanumeric() || b"-._~".contains(&c);
            !matches!(segment, "" | "." | "..") && segment.bytes().all(is_plain)
        };
        if !path.strip_prefix('/').is_some_and(|segments| segments.split('/').all(is_segment)) {
            return Err(
                "`OpenApiViewerLayer`: a path must be `/` and a name, such as `/docs` or `/help/docs`, of letters, \
                        digits, `-`, `.`, `_` and `~`"
                    .to_owned(),
            );
        }
        if !known.insert(path) {
            return Err(ONE_PATH.to_owned());
        }
    }
    Ok(())
}

/// Returns the link from a page to a path, relative to the page: a stage or a base path may be before both.
pub(super) fn relative(from: &str, to: &str) -> String {
    let from: Vec<_> = from.split('/').collect();
    let to: Vec<_> = to.split('/').collect();
    let (from, last) = (&from[..from.len().saturating_sub(1)], to.len().saturating_sub(1));
    let common = from.iter().zip(&to[..last]).take_while(|(from, to)| from == to).count();
    let ups = "../".repeat(from.len() - common);
    format!("{}{}", if ups.is_empty() { "./" } else { &ups }, to[common..].join("/"))
}

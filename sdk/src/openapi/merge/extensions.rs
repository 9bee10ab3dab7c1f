//! The extensions at the roots of documents.

use std::collections::BTreeMap;

use serde_json::{Map, Value};

/// Returns each extension of the roots, or a warning that it differs between two documents.
pub(super) fn joined(parts: &[(String, Value)]) -> BTreeMap<&str, Result<Value, String>> {
    let mut found: BTreeMap<&str, (&str, Result<Value, String>)> = BTreeMap::new();
    for (file, part) in parts {
        let members = part.as_object().into_iter().flat_map(Map::iter);
        for (name, value) in members.filter(|(name, _)| name.starts_with("x-")) {
            let (owner, known) = found.entry(name).or_insert_with(|| (file, Ok(value.clone())));
            if known.as_ref().is_ok_and(|known| known != value) {
                *known = Err(format!("`{name}` of `{owner}` and that of `{file}` differ: it is left out"));
            }
        }
    }
    found.into_iter().map(|(name, (_, value))| (name, value)).collect()
}

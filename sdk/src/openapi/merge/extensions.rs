//! The members of documents that are no operations and no components: the extensions, and those that describe a whole.

use std::collections::BTreeMap;

use serde_json::{Map, Value};

use super::is_extension;

/// Puts the extensions of the roots, of `paths` and of `components` in a document. Returns a warning for each that
/// differs between two documents, which is left out.
pub(super) fn join(parts: &[(String, Value)], document: &mut Value) -> Vec<String> {
    let mut warnings = Vec::new();
    for place in [None, Some("paths"), Some("components")] {
        for (name, extension) in joined(parts, place) {
            match (extension, place) {
                (Ok(extension), None) => document[name] = extension,
                (Ok(extension), Some(place)) => document[place][name] = extension,
                (Err(warning), _) => warnings.push(warning),
            }
        }
    }
    warnings
}

fn joined<'p>(parts: &'p [(String, Value)], place: Option<&str>) -> BTreeMap<&'p str, Result<Value, String>> {
    let is_joined = |name: &str| is_extension(name) || (place.is_none() && matches!(name, "externalDocs" | DIALECT));
    let mut found: BTreeMap<&str, (&str, Result<Value, String>)> = BTreeMap::new();
    for (file, part) in parts {
        let at = place.map_or(Some(part), |place| part.get(place));
        let members = at.and_then(Value::as_object).into_iter().flat_map(Map::iter);
        for (name, value) in members.filter(|(name, _)| is_joined(name)) {
            let (owner, known) = found.entry(name).or_insert_with(|| (file, Ok(value.clone())));
            if known.as_ref().is_ok_and(|known| known != value) {
                let full = place.map_or_else(|| name.clone(), |place| format!("{place}.{name}"));
                *known = Err(format!("`{full}` of `{owner}` and that of `{file}` differ: it is left out"));
            }
        }
    }
    // A document without the member has another dialect.
    if place.is_none()
        && let Some((other, _)) = parts.iter().find(|(_, part)| part.get(DIALECT).is_none())
        && let Some((owner, known)) = found.get_mut(DIALECT).filter(|(_, known)| known.is_ok())
    {
        *known = Err(format!("`{DIALECT}` of `{owner}` and that of `{other}` differ: it is left out"));
    }
    found.into_iter().map(|(name, (_, value))| (name, value)).collect()
}

const DIALECT: &str = "jsonSchemaDialect";

//! The paths of documents.

use std::collections::BTreeSet;

use serde_json::{Map, Value, json};

use super::{METHODS, Merged, id, is_extension};

impl Merged {
    pub(super) fn add_paths(&mut self, file: &str, part: &Value, faults: &mut Vec<String>) {
        let paths = part.get("paths").and_then(Value::as_object).into_iter().flatten();
        for (path, members) in paths.filter(|(path, _)| !is_extension(path)) {
            let known = self.shapes.entry(shape(path)).or_insert_with(|| (path.clone(), file.to_owned()));
            if known.0 != *path {
                faults.push(format!(
                    "`{}` of `{}` and `{path}` of `{file}` are one path with parameters of different names: use one",
                    known.0, known.1
                ));
                continue;
            }
            let none = Map::new();
            let members = members.as_object().unwrap_or(&none);
            if let Some(first) = self.paths.get(path).and_then(Value::as_object) {
                faults.extend(differing(first, members).into_iter().map(|name| {
                    format!(
                        "`{name}` of `{path}` in `{}` and in `{file}` differ: write them alike, or move them to the \
                         operations",
                        known.1
                    )
                }));
            }
            let at = self.paths.entry(path.clone()).or_insert_with(|| json!({}));
            for (member, value) in members {
                if METHODS.contains(&member.as_str()) {
                    for key in id(value).into_iter().chain([format!("`{} {path}`", member.to_uppercase())]) {
                        if let Some(other) = self.files.insert(key.clone(), file.to_owned()) {
                            faults.push(format!("{key} is in `{other}` and `{file}`: remove or rename one"));
                        }
                    }
                }
                at[member] = value.clone();
            }
        }
    }
}

/// Returns the members, beside the operations, in which a path differs between two documents.
fn differing<'m>(first: &'m Map<String, Value>, second: &'m Map<String, Value>) -> BTreeSet<&'m String> {
    let members = first.keys().chain(second.keys()).filter(|name| !METHODS.contains(&name.as_str()));
    let differs = |name: &&String| {
        let value = |members: &'m Map<String, Value>| {
            members.get(*name).filter(|value| value.as_array().is_none_or(|items| !items.is_empty()))
        };
        match (value(first), value(second)) {
            (Some(first), Some(second)) => first != second,
            (None, None) => false,
            // A text of one document is also true of the operations of the other.
            _ => matches!(name.as_str(), "$ref" | "parameters" | "servers"),
        }
    };
    members.filter(differs).collect()
}

/// Returns a path without the names of its parameters, which do not distinguish paths.
fn shape(path: &str) -> String {
    let segments = path.split('/').map(|segment| if segment.starts_with('{') { "{}" } else { segment });
    segments.collect::<Vec<_>>().join("/")
}

//! The schemas of documents, and the names of those that differ.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Map, Value, json};

use crate::openapi::references::{self, PREFIX};

fn schemas(document: &Value) -> Option<&Map<String, Value>> {
    document.get("components")?.get("schemas")?.as_object()
}

/// Puts the title before the names of schemas that differ between documents, and of those that refer to one.
pub(super) fn rename(parts: &mut [(String, Value)], faults: &mut Vec<String>) {
    let mut by_name: BTreeMap<String, Vec<Value>> = BTreeMap::new();
    for (name, schema) in parts.iter().filter_map(|(_, part)| schemas(part)).flatten() {
        by_name.entry(name.clone()).or_default().push(schema.clone());
    }
    let shared = by_name.iter().filter(|(_, schemas)| schemas.len() > 1);
    let differing = shared.clone().filter(|(_, schemas)| schemas.iter().any(|schema| *schema != schemas[0]));
    let each = shared.flat_map(|(name, schemas)| schemas.iter().map(move |schema| (name, schema)));
    let heirs: Vec<_> = parts.iter().filter_map(|(_, part)| schemas(part)).flat_map(heirs).collect();
    let by_value = heirs.iter().filter(|(parent, _)| by_name.get(parent).is_some_and(|schemas| schemas.len() > 1));
    let by_value: Vec<_> =
        by_value.map(|(parent, heir)| (parent, json!({ "$ref": format!("{PREFIX}{heir}") }))).collect();
    let each = each.chain(by_value.iter().map(|(parent, heir)| (*parent, heir)));
    let differing = references::with_referrers(differing.map(|(name, _)| name.clone()).collect(), each);
    let mut titles = BTreeMap::new();
    for (file, part) in parts {
        let title = words(part["info"]["title"].as_str().unwrap_or_default());
        if schemas(part).is_none_or(|schemas| !differing.iter().any(|name| schemas.contains_key(name))) {
            continue;
        }
        let names = || differing.iter().map(String::as_str).collect::<Vec<_>>().join("`, `");
        if title.is_empty() {
            faults.push(format!(
                "`{file}` has schemas that differ from those of another document (`{}`), and a title without an ASCII \
                 letter or digit, which their names need: give it another title",
                names()
            ));
            continue;
        }
        if let Some(other) = titles.insert(title.clone(), file.clone()) {
            faults.push(format!(
                "`{other}` and `{file}` have schemas of one name that differ (`{}`), and titles with the same ASCII \
                 letters and digits (`{title}`): give one document another title",
                names()
            ));
            continue;
        }
        map_heirs(part, &differing);
        references::rename_to(part, |name| differing.contains(name).then(|| format!("{title}{name}")));
        let Some(schemas) = part.pointer_mut("/components/schemas").and_then(Value::as_object_mut) else { continue };
        for name in &differing {
            if let Some(schema) = schemas.remove(name) {
                let renamed = format!("{title}{name}");
                if by_name.contains_key(&renamed) || schemas.insert(renamed.clone(), schema).is_some() {
                    faults.push(format!("`{file}`: the name `{renamed}` is in use: rename the schema `{name}`"));
                }
            }
        }
    }
}

/// Returns a title as a name: `user service` as `UserService`.
fn words(title: &str) -> String {
    let words = title.split(|c: char| !c.is_ascii_alphanumeric()).filter(|word| !word.is_empty());
    words.flat_map(|word| [word[..1].to_ascii_uppercase(), word[1..].to_owned()]).collect()
}

/// Returns each schema with a discriminator and no alternatives, and those that inherit from it by `allOf`: their names
/// are the values of the discriminator.
fn heirs(schemas: &Map<String, Value>) -> Vec<(String, String)> {
    let parents = schemas.iter().filter(|(_, schema)| {
        schema.get("discriminator").is_some_and(Value::is_object)
            && ["oneOf", "anyOf"].iter().all(|name| schema.get(*name).is_none())
    });
    parents.flat_map(|(parent, _)| inheriting(parent, schemas).into_iter().map(|heir| (parent.clone(), heir))).collect()
}

/// Returns the schemas that have a schema in `allOf`, directly or through others.
fn inheriting(parent: &str, schemas: &Map<String, Value>) -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    loop {
        let inherits = |schema: &Value| {
            let all = schema.get("allOf").and_then(Value::as_array).into_iter().flatten();
            let mut names = all.filter_map(|one| references::name_of(one.get("$ref")?));
            names.any(|name| name == parent || found.contains(name))
        };
        let heirs = schemas.iter().filter(|(name, schema)| !found.contains(*name) && inherits(schema));
        let heirs: Vec<_> = heirs.map(|(name, _)| name.clone()).collect();
        if heirs.is_empty() {
            return found;
        }
        found.extend(heirs);
    }
}

/// Maps the old names of schemas that get others: a value of a discriminator is what clients send, and stays.
fn map_heirs(part: &mut Value, names: &BTreeSet<String>) {
    let Some(schemas) = part.pointer_mut("/components/schemas").and_then(Value::as_object_mut) else { return };
    for (parent, heir) in heirs(schemas).into_iter().filter(|(_, heir)| names.contains(heir)) {
        let discriminator = schemas.get_mut(&parent).and_then(|schema| schema["discriminator"].as_object_mut());
        let mapping = discriminator.map(|members| members.entry("mapping").or_insert_with(|| json!({})));
        let Some(mapping) = mapping.and_then(Value::as_object_mut) else { continue };
        if !mapping.values().any(|target| references::target_of(target) == Some(&heir)) {
            mapping.entry(heir.clone()).or_insert_with(|| format!("{PREFIX}{heir}").into());
        }
    }
}

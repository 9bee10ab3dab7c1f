//! The references within schemas.

use std::collections::BTreeSet;

use serde_json::{Map, Value, json};

pub(super) const PREFIX: &str = "#/components/schemas/";

/// The members of a schema whose value is data, and no schema.
const DATA: [&str; 5] = ["const", "default", "enum", "example", "examples"];

/// The members whose value is a map: its names are those of the author, and no members of a schema.
const MAPS: [&str; 16] = [
    "$defs",
    "callbacks",
    "content",
    "definitions",
    "dependentSchemas",
    "headers",
    "links",
    "mapping",
    "parameters",
    "paths",
    "patternProperties",
    "properties",
    "requestBodies",
    "responses",
    "schemas",
    "securitySchemes",
];

/// Calls a function with each object of a schema or a document that is no map, the inner ones first.
pub(super) fn each(schema: &mut Value, visit: &mut impl FnMut(&mut Map<String, Value>)) {
    match schema {
        Value::Object(object) => {
            for (name, member) in object.iter_mut().filter(|(name, _)| !DATA.contains(&name.as_str())) {
                match member {
                    Value::Object(map) if MAPS.contains(&name.as_str()) => {
                        map.values_mut().for_each(|member| each(member, visit));
                    }
                    member => each(member, visit),
                }
            }
            visit(object);
        }
        Value::Array(items) => items.iter_mut().for_each(|item| each(item, visit)),
        _ => {}
    }
}

/// Returns the names that a schema refers to.
pub(super) fn names(schema: &Value) -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    each(&mut schema.clone(), &mut |object| {
        found.extend(object.get("$ref").and_then(name_of).map(str::to_owned));
    });
    found
}

/// Adds to the names of schemas those that refer to one of them, directly or through others.
pub(super) fn with_referrers<'s>(
    mut names: BTreeSet<String>,
    schemas: impl Iterator<Item = (&'s String, &'s Value)> + Clone,
) -> BTreeSet<String> {
    loop {
        let referrers =
            schemas.clone().filter(|(name, schema)| !names.contains(*name) && !self::names(schema).is_disjoint(&names));
        let referrers: Vec<_> = referrers.map(|(name, _)| name.clone()).collect();
        if referrers.is_empty() {
            return names;
        }
        names.extend(referrers);
    }
}

/// Returns the name of a reference to a component.
pub(super) fn name_of(reference: &Value) -> Option<&str> {
    reference.as_str()?.strip_prefix(PREFIX)
}

/// Appends a suffix to references to these names.
pub(super) fn rename(schema: &mut Value, names: &BTreeSet<String>, suffix: &str) {
    rename_to(schema, |name| names.contains(name).then(|| format!("{name}{suffix}")));
}

/// Renames references to the names for which a function returns another.
pub(super) fn rename_to(schema: &mut Value, rename: impl Fn(&str) -> Option<String>) {
    each(schema, &mut |object| {
        if let Some(reference) = object.get_mut("$ref")
            && let Some(name) = name_of(reference).and_then(&rename)
        {
            *reference = format!("{PREFIX}{name}").into();
        }
    });
}

/// Moves what stands beside a reference into `allOf`: generators of clients ignore it otherwise, such as the tag of an
/// enum's variant.
pub(super) fn separate(schema: &mut Value) {
    each(schema, &mut |object| {
        if object.len() > 1
            && object.get("$ref").is_some_and(Value::is_string)
            && let Some(reference) = object.remove("$ref")
        {
            let reference = json!({ "$ref": reference });
            match object.get_mut("allOf").and_then(Value::as_array_mut) {
                Some(all) => all.push(reference),
                None => {
                    object.insert("allOf".to_owned(), json!([reference]));
                }
            }
        }
    });
}

//! The references within schemas.

use std::collections::BTreeSet;

use serde_json::{Map, Value, json};

pub(super) const PREFIX: &str = "#/components/schemas/";

/// The members of a schema whose value is data, and no schema.
const DATA: [&str; 5] = ["const", "default", "enum", "example", "examples"];

/// The members whose value is a map: its names are those of the author, and no members of a schema.
const MAPS: [&str; 18] = [
    "$defs",
    "callbacks",
    "content",
    "definitions",
    "dependentSchemas",
    "headers",
    "links",
    "mapping",
    "parameters",
    "pathItems",
    "paths",
    "patternProperties",
    "properties",
    "requestBodies",
    "responses",
    "schemas",
    "securitySchemes",
    "webhooks",
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
        let mapping = object.get("discriminator").and_then(|discriminator| discriminator.get("mapping"));
        let targets = mapping.and_then(Value::as_object).into_iter().flat_map(Map::values);
        found.extend(targets.filter_map(target_of).map(str::to_owned));
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

/// Returns the name of the schema that a value of a discriminator stands for: a reference, or the name itself.
pub(super) fn target_of(target: &Value) -> Option<&str> {
    name_of(target).or_else(|| target.as_str().filter(|text| !text.contains(['/', '#'])))
}

/// Appends a suffix to references to these names.
pub(super) fn rename(schema: &mut Value, names: &BTreeSet<String>, suffix: &str) {
    rename_to(schema, |name| names.contains(name).then(|| format!("{name}{suffix}")));
}

/// Renames references to the names for which a function returns another.
pub(super) fn rename_to(schema: &mut Value, rename: impl Fn(&str) -> Option<String>) {
    // An alternative without a mapping has its old name here.
    each(schema, &mut |object| rename_discriminator(object, &rename));
    each(schema, &mut |object| {
        if let Some(reference) = object.get_mut("$ref")
            && let Some(name) = name_of(reference).and_then(&rename)
        {
            *reference = format!("{PREFIX}{name}").into();
        }
    });
}

/// Renames the schemas that the values of a discriminator stand for. Without a mapping, a value is the name of a schema,
/// which stays the value.
fn rename_discriminator(schema: &mut Map<String, Value>, rename: &impl Fn(&str) -> Option<String>) {
    let alternatives = ["oneOf", "anyOf"].into_iter().filter_map(|name| schema.get(name)?.as_array()).flatten();
    let alternatives: Vec<_> = alternatives.filter_map(|one| name_of(one.get("$ref")?)).map(str::to_owned).collect();
    let Some(discriminator) = schema.get_mut("discriminator").and_then(Value::as_object_mut) else { return };
    let mapping = discriminator.get("mapping").and_then(Value::as_object);
    let mut mapping = mapping.cloned().unwrap_or_default();
    let is_target = |name: &str, mapping: &Map<String, Value>| mapping.values().any(|to| target_of(to) == Some(name));
    for name in alternatives {
        if rename(&name).is_some() && !is_target(&name, &mapping) {
            mapping.insert(name.clone(), format!("{PREFIX}{name}").into());
        }
    }
    for target in mapping.values_mut() {
        if let Some(name) = target_of(target).and_then(rename) {
            *target = format!("{PREFIX}{name}").into();
        }
    }
    if !mapping.is_empty() {
        discriminator.insert("mapping".to_owned(), Value::Object(mapping));
    }
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

//! [`merge`]: one document of several functions.

mod extensions;
mod paths;
mod schemas;

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Map, Value, json};

use super::build::{Faults, FinishedDocument};

/// Joins the documents of several functions, each with the name of its file. The title, the version and the servers are
/// those of the first.
///
/// Equal schemas are one. Schemas of one name that differ all get the title of their document as a prefix, so that no
/// name depends on the order. Where the documents require different security, each operation names its own.
///
/// Equal webhooks are one, if they have one security. A member of the root, of `paths` or of `components` that begins with
/// `x-` stays, unless another document has another value: then it is left out with a
/// [warning](FinishedDocument::warnings), since only its tool knows how to join it. (`redocly join` and Powertools leave
/// out all of them.) The same holds for `externalDocs`; a `jsonSchemaDialect` stays if all documents have it.
///
/// What a path says of all its operations, such as its `parameters`, must be equal in the documents that have the path.
///
/// # Example
///
/// ```
/// use pilaster::openapi::merge;
/// use serde_json::json;
///
/// let document = |title: &str, path: &str| json!({
///     "openapi": "3.1.0",
///     "info": { "title": title, "version": "1" },
///     "paths": { path: { "get": { "operationId": title, "responses": {} } } },
/// });
/// let merged = merge([("a.json", document("users", "/users")), ("b.json", document("orders", "/orders"))])?;
/// assert_eq!(merged.as_value()["paths"].as_object().map(|paths| paths.len()), Some(2));
///
/// let twice = merge([("a.json", document("users", "/users")), ("b.json", document("people", "/users"))]);
/// assert!(twice.unwrap_err().to_string().contains("`a.json` and `b.json`"));
/// # Ok::<(), pilaster::openapi::Faults>(())
/// ```
///
/// # Errors
///
/// Each fault as a sentence that names both files: different minor versions of OpenAPI, a path and method in two documents, an `operationId` of two
/// operations, a webhook, a security scheme or another component of two meanings.
pub fn merge<N: AsRef<str>>(documents: impl IntoIterator<Item = (N, Value)>) -> Result<FinishedDocument, Faults> {
    let mut parts: Vec<_> = documents.into_iter().map(|(name, value)| (name.as_ref().to_owned(), value)).collect();
    let mut faults = Vec::new();
    for (name, value) in &parts {
        if !value.is_object() || value["openapi"].as_str().is_none_or(|version| !version.starts_with("3.")) {
            faults.push(format!("`{name}` is no OpenAPI document of version 3"));
        }
    }
    if parts.is_empty() {
        faults.push("there is no document to merge: name the files".to_owned());
    }
    if faults.is_empty() {
        let others = parts.iter().filter(|(_, value)| minor_version(value) != minor_version(&parts[0].1));
        let fault = |(name, _): &(String, Value)| {
            format!("`{}` and `{name}` have different minor versions of OpenAPI: write both in one", parts[0].0)
        };
        faults.extend(others.map(fault));
    }
    if !faults.is_empty() {
        return Err(Faults(faults));
    }
    schemas::rename(&mut parts, &mut faults);
    faults.extend(faults_of_inherited_security(&parts));
    if !faults.is_empty() {
        return Err(Faults(faults));
    }
    let has_one_security = parts.iter().all(|(_, part)| security(part) == security(&parts[0].1));
    let mut merged = Merged::default();
    for (name, part) in &mut parts {
        if !has_one_security {
            move_security(part);
        }
        merged.add(name, part, &mut faults);
    }
    if !faults.is_empty() {
        return Err(Faults(faults));
    }
    let first = &parts[0].1;
    let mut value = json!({ "paths": merged.paths, "components": merged.components });
    for member in ["openapi", "info", "servers"] {
        if let Some(found) = first.get(member) {
            value[member] = found.clone();
        }
    }
    value["security"] = if has_one_security { security(first) } else { json!([]) };
    if !merged.tags.is_empty() {
        value["tags"] = merged.tags.into();
    }
    if !merged.webhooks.is_empty() {
        value["webhooks"] = Value::Object(merged.webhooks);
    }
    let warnings = extensions::join(&parts, &mut value);
    value.sort_all_objects();
    Ok(FinishedDocument { value, warnings, rests: BTreeSet::new() })
}

/// Returns the version without its last number: a schema of OpenAPI 3.1 has another meaning in 3.0.
fn minor_version(document: &Value) -> Option<&str> {
    let version = document["openapi"].as_str()?;
    Some(version.match_indices('.').nth(1).map_or(version, |(end, _)| &version[..end]))
}

fn security(document: &Value) -> Value {
    document.get("security").cloned().unwrap_or_else(|| json!([]))
}

/// Returns a fault for each webhook that two documents have alike, and that takes different security from them.
fn faults_of_inherited_security(parts: &[(String, Value)]) -> Vec<String> {
    let mut faults = Vec::new();
    let mut known: BTreeMap<&str, (&str, &Value, Value)> = BTreeMap::new();
    for (file, part) in parts {
        for (name, webhook) in part.get("webhooks").and_then(Value::as_object).into_iter().flatten() {
            let (other, first, required) = known.entry(name).or_insert_with(|| (file, webhook, security(part)));
            let operations = webhook.as_object().into_iter().flatten();
            let mut operations = operations.filter(|(method, _)| METHODS.contains(&method.as_str()));
            let inherits = operations.any(|(_, operation)| operation.get("security").is_none());
            if inherits && *first == webhook && *required != security(part) {
                faults.push(format!(
                    "the webhook `{name}` is in `{other}` and `{file}`, which require different security: give it a \
                     `security` of its own in both"
                ));
            }
        }
    }
    faults
}

/// Moves the security of a document to its operations.
fn move_security(document: &mut Value) {
    let security = security(document);
    for (_, items) in document.as_object_mut().into_iter().flatten().filter(|(name, _)| ITEMS.contains(&name.as_str()))
    {
        for operation in items.as_object_mut().into_iter().flat_map(Map::values_mut).flat_map(operations) {
            operation.entry("security").or_insert_with(|| security.clone());
        }
    }
}

/// The members of a document whose values are operations.
const ITEMS: [&str; 2] = ["paths", "webhooks"];

/// The methods of a path; it may have other members.
const METHODS: [&str; 9] = ["get", "put", "post", "delete", "options", "head", "patch", "trace", "query"];

fn operations(path: &mut Value) -> impl Iterator<Item = &mut Map<String, Value>> {
    let members = path.as_object_mut().into_iter().flatten();
    members
        .filter(|(method, _)| METHODS.contains(&method.as_str()))
        .filter_map(|(_, operation)| operation.as_object_mut())
}

#[derive(Default)]
struct Merged {
    paths: Map<String, Value>,
    /// The path and the file of each shape.
    shapes: BTreeMap<String, (String, String)>,
    /// The file of each method and path, and of each id.
    files: BTreeMap<String, String>,
    components: Map<String, Value>,
    /// The file of each component.
    owners: BTreeMap<String, String>,
    tags: Vec<Value>,
    webhooks: Map<String, Value>,
}

impl Merged {
    fn add(&mut self, file: &str, part: &Value, faults: &mut Vec<String>) {
        self.add_paths(file, part, faults);
        self.add_webhooks(file, part, faults);
        for (section, members) in part.get("components").and_then(Value::as_object).into_iter().flatten() {
            if is_extension(section) {
                continue;
            }
            for (name, value) in members.as_object().into_iter().flatten() {
                let at = self.components.entry(section.clone()).or_insert_with(|| json!({}));
                let owner = self.owners.entry(format!("{section}/{name}")).or_insert_with(|| file.to_owned());
                if at.get(name).is_some_and(|known| known != value) {
                    faults.push(format!(
                        "the component `{section}/{name}` of `{owner}` and that of `{file}` differ: rename one"
                    ));
                }
                at[name] = value.clone();
            }
        }
        for tag in part.get("tags").and_then(Value::as_array).into_iter().flatten() {
            match self.tags.iter_mut().find(|known| known["name"] == tag["name"]) {
                Some(known) if known.get("description").is_none() => *known = tag.clone(),
                Some(_) => {}
                None => self.tags.push(tag.clone()),
            }
        }
    }

    fn add_webhooks(&mut self, file: &str, part: &Value, faults: &mut Vec<String>) {
        for (name, webhook) in part.get("webhooks").and_then(Value::as_object).into_iter().flatten() {
            let owner = self.owners.entry(format!("webhooks/{name}")).or_insert_with(|| file.to_owned());
            match self.webhooks.get(name) {
                Some(known) if known == webhook => continue,
                Some(_) => {
                    faults.push(format!("the webhook `{name}` of `{owner}` and that of `{file}` differ: rename one"));
                    continue;
                }
                None => {}
            }
            for key in webhook.as_object().into_iter().flat_map(Map::values).filter_map(id) {
                if let Some(other) = self.files.insert(key.clone(), file.to_owned()) {
                    faults.push(format!("{key} is in `{other}` and `{file}`: remove or rename one"));
                }
            }
            self.webhooks.insert(name.clone(), webhook.clone());
        }
    }
}

fn is_extension(name: &str) -> bool {
    name.starts_with("x-")
}

/// Returns the id of an operation for messages.
fn id(operation: &Value) -> Option<String> {
    operation.get("operationId").and_then(Value::as_str).map(|id| format!("the `operationId` `{id}`"))
}

//! [`merge`]: one document of several functions.

mod extensions;

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Map, Value, json};

use super::build::{Faults, FinishedDocument};
use super::references;

/// Joins the documents of several functions, each with the name of its file. The title, the version and the servers are
/// those of the first.
///
/// Equal schemas are one. Schemas of one name that differ all get the title of their document as a prefix, so that no
/// name depends on the order. Where the documents require different security, each operation names its own.
///
/// Equal webhooks are one. A member of the root that begins with `x-` stays, unless another document has another value:
/// then it is left out with a [warning](FinishedDocument::warnings), since only its tool knows how to join it. (`redocly
/// join` and Powertools leave out all of them.)
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
/// Each fault as a sentence that names both files: a path and method in two documents, an `operationId` of two
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
    if !faults.is_empty() {
        return Err(Faults(faults));
    }
    rename_schemas(&mut parts, &mut faults);
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
    let mut warnings = Vec::new();
    for (name, extension) in extensions::joined(&parts) {
        match extension {
            Ok(extension) => value[name] = extension,
            Err(warning) => warnings.push(warning),
        }
    }
    value.sort_all_objects();
    Ok(FinishedDocument { value, warnings, rests: BTreeSet::new() })
}

fn security(document: &Value) -> Value {
    document.get("security").cloned().unwrap_or_else(|| json!([]))
}

fn schemas(document: &Value) -> Option<&Map<String, Value>> {
    document.get("components")?.get("schemas")?.as_object()
}

/// Puts the title before the names of schemas that differ between documents, and of those that refer to one.
fn rename_schemas(parts: &mut [(String, Value)], faults: &mut Vec<String>) {
    let mut by_name: BTreeMap<String, Vec<Value>> = BTreeMap::new();
    for (name, schema) in parts.iter().filter_map(|(_, part)| schemas(part)).flatten() {
        by_name.entry(name.clone()).or_default().push(schema.clone());
    }
    let shared = by_name.iter().filter(|(_, schemas)| schemas.len() > 1);
    let differing = shared.clone().filter(|(_, schemas)| schemas.iter().any(|schema| *schema != schemas[0]));
    let each = shared.flat_map(|(name, schemas)| schemas.iter().map(move |schema| (name, schema)));
    let differing = references::with_referrers(differing.map(|(name, _)| name.clone()).collect(), each);
    let mut titles = BTreeMap::new();
    for (file, part) in parts.iter_mut().filter(|_| !differing.is_empty()) {
        let title = words(part["info"]["title"].as_str().unwrap_or_default());
        if let Some(other) = titles.insert(title.clone(), file.clone()) {
            let names = differing.iter().map(String::as_str).collect::<Vec<_>>().join("`, `");
            faults.push(format!(
                "`{other}` and `{file}` have schemas of one name that differ (`{names}`), and one title: give one \
                 document another title"
            ));
        }
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

/// Returns a path without the names of its parameters, which do not distinguish paths.
fn shape(path: &str) -> String {
    let segments = path.split('/').map(|segment| if segment.starts_with('{') { "{}" } else { segment });
    segments.collect::<Vec<_>>().join("/")
}

/// The methods of a path; it may have other members.
const METHODS: [&str; 8] = ["get", "put", "post", "delete", "options", "head", "patch", "trace"];

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
        for (path, members) in part.get("paths").and_then(Value::as_object).into_iter().flatten() {
            let known = self.shapes.entry(shape(path)).or_insert_with(|| (path.clone(), file.to_owned()));
            if known.0 != *path {
                faults.push(format!(
                    "`{}` of `{}` and `{path}` of `{file}` are one path with parameters of different names: use one",
                    known.0, known.1
                ));
                continue;
            }
            let at = self.paths.entry(path.clone()).or_insert_with(|| json!({}));
            for (member, value) in members.as_object().into_iter().flatten() {
                for key in id(value).into_iter().chain([format!("`{} {path}`", member.to_uppercase())]) {
                    if let Some(other) = self.files.insert(key.clone(), file.to_owned()) {
                        faults.push(format!("{key} is in `{other}` and `{file}`: remove or rename one"));
                    }
                }
                at[member] = value.clone();
            }
        }
        self.add_webhooks(file, part, faults);
        for (section, members) in part.get("components").and_then(Value::as_object).into_iter().flatten() {
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

/// Returns the id of an operation for messages.
fn id(operation: &Value) -> Option<String> {
    operation.get("operationId").and_then(Value::as_str).map(|id| format!("the `operationId` `{id}`"))
}

//! [`of`]: the document of a function.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use serde::Serializer as _;
use serde_json::{Map, Value, json};

use super::document::{Document, Head};
use super::operation::Described;
use super::problem::problem;
use super::route_table::RouteTable;
use super::webhook::Webhook;
use super::{names, references, schemas};
use crate::core::descriptions::Describe;

/// Makes the OpenAPI document of a function. No client is made, no variable is read, and nothing is called but the
/// function that builds the service.
///
/// # Errors
///
/// Each fault as a sentence: two operations of one path and method, two types of one name, a parameter of the path that
/// the route does not have.
pub fn of(function: &impl Describe) -> Result<FinishedDocument, Faults> {
    build(&|document| {
        if let Err(mistake) = function.describe(document) {
            document.faults.push(mistake);
        }
    })
}

pub(super) fn build(describe: &dyn Fn(&mut Document)) -> Result<FinishedDocument, Faults> {
    let mut document = Document::new();
    describe(&mut document);
    document.add_common();
    #[cfg(feature = "jwt")]
    document.add_jwt();
    let mut faults = std::mem::take(&mut document.faults);
    faults.extend(names::faults(&document.schemas, describe));
    let mut head = document.head();
    head.add_tags(&document.operations);
    let components = document.schemas.into_components();
    faults.extend(components.faults);
    faults.extend(components.schemas.keys().filter_map(|name| fault_of_name(name)));
    faults.extend(faults_of_operations(&document.operations, &document.webhooks, &head));
    let mut warnings = Vec::new();
    let mut paths = Map::new();
    let mut rests = BTreeSet::new();
    for mut operation in document.operations {
        faults.append(&mut operation.faults);
        warnings.append(&mut operation.warnings);
        references::rename(&mut operation.request, &components.renamed, schemas::INPUT);
        let (method, path) = operation.method_and_path();
        if operation.route.ends_with("+}") {
            rests.insert(path.clone());
        }
        let responses = operation.responses();
        let mut value = operation.members;
        value.insert("responses".to_owned(), Value::Object(responses));
        if let Value::Object(request) = operation.request {
            value.extend(request);
        }
        let mut value = Value::Object(value);
        references::separate(&mut value);
        let at = paths.entry(path).or_insert_with(|| json!({}));
        if let Some(at) = at.as_object_mut() {
            at.insert(method, value);
        }
    }
    if paths.is_empty() && faults.is_empty() {
        faults.push(NO_OPERATION.to_owned());
    }
    if !faults.is_empty() {
        return Err(Faults(faults));
    }
    let mut schemas = components.schemas;
    schemas.insert("Problem".to_owned(), problem());
    let mut value = whole(head, paths, schemas);
    if !document.webhooks.is_empty() {
        value["webhooks"] = webhooks(&document.webhooks);
    }
    // Another crate may turn on serde_json's `preserve_order`, which must not change the document.
    value.sort_all_objects();
    Ok(FinishedDocument { value, warnings, rests })
}

const NO_OPERATION: &str = "the function has no operation: write `#[http::operation(route = \"..\")]` above each handler \
                            of `http::routes![..]`; a release build has none without the feature `local`";

fn faults_of_operations(operations: &[Described], webhooks: &[Webhook], head: &Head) -> Vec<String> {
    let mut faults = Vec::new();
    let mut table = RouteTable::default();
    let mut by_id = BTreeMap::new();
    for operation in operations {
        let route = operation.route;
        faults.extend(table.add(route).err());
        if let Some(id) = operation.id()
            && let Some(other) = by_id.insert(id.to_owned(), route)
        {
            faults.push(format!(
                "the operations of `{other}` and `{route}` have the id `{id}`: set `id = \"..\"` for one"
            ));
        }
        let own = operation.members.get("security").and_then(Value::as_array).into_iter().flatten();
        faults.extend(unknown_schemes(own, head).map(|name| format!("`{route}`: {}", unknown_scheme(name))));
    }
    for name in webhooks.iter().map(|webhook| &webhook.name) {
        if let Some(route) = by_id.get(name) {
            faults
                .push(format!("the operation of `{route}` has the id `{name}` of a webhook: set `id = \"..\"` for it"));
        }
    }
    faults.extend(unknown_schemes(head.security.iter(), head).map(unknown_scheme));
    faults
}

/// Returns what is wrong with the name of a schema.
fn fault_of_name(name: &str) -> Option<String> {
    if name == "Problem" {
        return Some(
            "a type has the name `Problem`, which is that of the responses to errors: give it another name with \
             `#[schemars(rename = \"..\")]`"
                .to_owned(),
        );
    }
    let is_allowed = |c: char| c.is_ascii_alphanumeric() || "._-".contains(c);
    (!name.chars().all(is_allowed)).then(|| {
        format!(
            "the name `{name}` of a type has other characters than letters, digits, `.`, `_` and `-`: give it another \
             name with `#[schemars(rename = \"..\")]`"
        )
    })
}

fn unknown_schemes<'v>(requirements: impl Iterator<Item = &'v Value>, head: &Head) -> impl Iterator<Item = &'v String> {
    let names = requirements.filter_map(Value::as_object).flat_map(Map::keys);
    names.filter(|name| !head.schemes.contains_key(*name))
}

fn unknown_scheme(name: &String) -> String {
    format!("the security scheme `{name}` is not defined: call `Document::security_scheme` in `Stack::openapi`")
}

fn whole(head: Head, paths: Map<String, Value>, schemas: Map<String, Value>) -> Value {
    let mut components = json!({ "schemas": schemas });
    if !head.schemes.is_empty() {
        components["securitySchemes"] = Value::Object(head.schemes);
    }
    let mut value = json!({
        "openapi": "3.1.0",
        "info": head.info,
        "servers": head.servers,
        "security": head.security,
        "paths": paths,
        "components": components,
    });
    if !head.tags.is_empty() {
        value["tags"] = Value::Array(head.tags);
    }
    value
}

fn webhooks(webhooks: &[Webhook]) -> Value {
    let each = webhooks.iter().map(|webhook| {
        let mut value = webhook.to_value();
        references::separate(&mut value);
        (webhook.name.clone(), value)
    });
    Value::Object(each.collect())
}

/// An OpenAPI document without faults.
#[derive(Clone, Debug)]
pub struct FinishedDocument {
    pub(super) value: Value,
    pub(super) warnings: Vec<String>,
    /// The paths whose last parameter is the rest of the path, which OpenAPI cannot say.
    pub(super) rests: BTreeSet<String>,
}

impl FinishedDocument {
    /// Returns the document.
    pub fn as_value(&self) -> &Value {
        &self.value
    }

    /// Returns what the document lacks, such as the responses of a function that returns `impl IntoResponse`.
    pub fn warnings(&self) -> &[String] {
        &self.warnings
    }

    /// Returns the document as JSON text, with an end of line. The same service always has the same text.
    pub fn to_json(&self) -> String {
        let mut text = Vec::new();
        let mut serializer = serde_json::Serializer::pretty(&mut text);
        // Writing to memory does not fail, and all keys are texts.
        let written = serializer.collect_map(in_order(&self.value));
        let mut text = written.ok().and_then(|()| String::from_utf8(text).ok()).unwrap_or_default();
        text.push('\n');
        text
    }
}

/// The members of a document, in the order in which people read them.
const ORDER: [&str; 8] = ["openapi", "info", "servers", "tags", "security", "paths", "webhooks", "components"];

/// Returns the members of a document: those of [`ORDER`], then the others.
pub(super) fn in_order(document: &Value) -> impl Iterator<Item = (&str, &Value)> {
    let first = ORDER.into_iter().filter_map(|name| document.get(name).map(|member| (name, member)));
    let members = document.as_object().into_iter().flatten().map(|(name, member)| (name.as_str(), member));
    first.chain(members.filter(|(name, _)| !ORDER.contains(name)))
}

/// The faults of a document, each as a sentence.
#[derive(Clone, PartialEq, Eq)]
pub struct Faults(pub(super) Vec<String>);

impl Faults {
    /// Returns each fault.
    pub fn iter(&self) -> impl Iterator<Item = &str> {
        self.0.iter().map(String::as_str)
    }
}

impl fmt::Display for Faults {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0.join("\n"))
    }
}

impl fmt::Debug for Faults {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl std::error::Error for Faults {}

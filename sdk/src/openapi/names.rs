//! Finds two types of one name. schemars would number them by their order in the document, so a new operation could
//! rename the type of another.

use std::borrow::Cow;
use std::cell::RefCell;
use std::collections::BTreeSet;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde_json::Value;

use super::document::Document;
use super::references;
use super::schemas::Schemas;

/// Returns a sentence for each name that two types have.
pub(super) fn faults(schemas: &Schemas, describe: &dyn Fn(&mut Document)) -> Vec<String> {
    let names = all(schemas);
    let numbered: BTreeSet<_> =
        names.iter().filter(|name| base(name).is_some_and(|base| names.contains(base))).collect();
    if numbered.is_empty() {
        return Vec::new();
    }
    // A type that is called so gets another name if this one is in use; a number is only counted up.
    let mut document = Document::new();
    for name in &numbered {
        document.schemas.occupy(name);
    }
    describe(&mut document);
    let again = all(&document.schemas);
    let is_renamed = |name: &String| again.iter().any(|other| other.strip_prefix(name.as_str()).is_some_and(is_number));
    let by_number = numbered.into_iter().filter(|name| !is_renamed(name));
    by_number
        .filter_map(|name| {
            let base = base(name)?;
            Some(format!(
                "two types have the name `{base}`: the one of {} and the one of {}; give one another name with \
                 `#[schemars(rename = \"..\")]`, for a generic type with `#[schemars(rename = \"{{T}}{base}\")]`",
                uses(schemas, base),
                uses(schemas, name),
            ))
        })
        .collect()
}

fn all(schemas: &Schemas) -> BTreeSet<String> {
    schemas.definitions().into_iter().flat_map(|definitions| definitions.keys().cloned()).collect()
}

/// Returns a name without the number at its end.
fn base(name: &str) -> Option<&str> {
    let base = name.trim_end_matches(|c: char| c.is_ascii_digit());
    (!base.is_empty() && name.strip_prefix(base).is_some_and(is_number)).then_some(base)
}

/// Returns `true` for a number that schemars appends: 2 and above.
fn is_number(text: &str) -> bool {
    !text.starts_with('0') && text.parse::<u32>().is_ok_and(|number| number > 1)
}

/// Returns where a type is used: the first of the fields that refer to it, or the operations.
fn uses(schemas: &Schemas, name: &str) -> String {
    let definitions = schemas.definitions().into_iter().flatten();
    let mut fields = definitions.filter(|(_, schema)| references::names(schema).contains(name)).map(|(by, schema)| {
        let properties = schema.get("properties").and_then(Value::as_object).into_iter().flatten();
        let mut properties = properties.filter(|(_, schema)| references::names(schema).contains(name));
        match properties.next() {
            Some((property, _)) => format!("`{by}.{property}`"),
            None => format!("`{by}`"),
        }
    });
    fields.next().unwrap_or_else(|| "an operation".to_owned())
}

thread_local! {
    static NAME: RefCell<String> = const { RefCell::new(String::new()) };
}

/// A type with the name in `NAME`.
struct Occupied;

impl JsonSchema for Occupied {
    fn schema_name() -> Cow<'static, str> {
        NAME.with_borrow(|name| name.clone().into())
    }

    fn schema_id() -> Cow<'static, str> {
        NAME.with_borrow(|name| format!("{}::Occupied::{name}", module_path!()).into())
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({})
    }
}

impl Schemas {
    /// Takes a name before any type does.
    fn occupy(&mut self, name: &str) {
        NAME.set(name.to_owned());
        self.request::<Occupied>();
        self.response::<Occupied>();
    }
}

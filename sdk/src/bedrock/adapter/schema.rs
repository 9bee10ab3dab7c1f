//! Questions to a schema: those of elements and members, in all of its branches.

use serde_json::Value;

use crate::tools::kinds::{DEEPEST, branches};

/// Returns the schema of the elements of a list.
pub(super) fn items<'s>(schema: &'s Value, root: &'s Value) -> Option<&'s Value> {
    within(schema, root, &|schema| schema.get("items"))
}

/// Returns the properties of an object; `None` for one whose members are not listed.
pub(super) fn properties<'s>(schema: &'s Value, root: &'s Value) -> Option<&'s Value> {
    within(schema, root, &|schema| schema.get("properties"))
}

/// Returns the schema of a member.
pub(super) fn member<'s>(schema: &'s Value, root: &'s Value, name: &str) -> Option<&'s Value> {
    property(schema, root, name).or_else(|| {
        within(schema, root, &|schema| schema.get("additionalProperties").filter(|schema| schema.is_object()))
    })
}

/// Returns `true` for a listed member that no branch of the schema requires.
pub(super) fn is_optional(schema: &Value, root: &Value, name: &str) -> bool {
    let requires = |schema: &Value| {
        let required = schema.get("required").and_then(Value::as_array)?;
        required.iter().any(|required| required == name).then_some(&Value::Null)
    };
    property(schema, root, name).is_some() && within(schema, root, &requires).is_none()
}

fn property<'s>(schema: &'s Value, root: &'s Value, name: &str) -> Option<&'s Value> {
    within(schema, root, &|schema| schema.get("properties")?.get(name))
}

/// Returns what a schema, or the first of its branches, has.
fn within<'s>(schema: &'s Value, root: &'s Value, find: &dyn Fn(&'s Value) -> Option<&'s Value>) -> Option<&'s Value> {
    fn search<'s>(
        schema: &'s Value,
        root: &'s Value,
        find: &dyn Fn(&'s Value) -> Option<&'s Value>,
        depth: usize,
    ) -> Option<&'s Value> {
        let deeper = || branches(schema, root).find_map(|branch| search(branch, root, find, depth + 1));
        find(schema).or_else(|| if depth < DEEPEST { deeper() } else { None })
    }
    search(schema, root, find, 0)
}

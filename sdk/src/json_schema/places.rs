//! Searches the places at which a value does not match its schema.

use std::collections::HashSet;
use std::fmt;

use jsonschema::error::ValidationErrorKind as Kind;
use jsonschema::{ValidationError, Validator};
use serde_json::Value;

use super::describe::describe;
use super::mismatch::Violation;
use super::recursion;
use crate::core::json::push_step;

/// The maximum number of violations: a million invalid items must not exceed Lambda's response limit.
const VIOLATIONS: usize = 100;

/// The size of a value in which places are searched, in bytes: the validator holds all errors in memory.
const SIZE: usize = 64 * 1024;

/// The size of a value without its text.
const VALUE: usize = 32;

/// The text where the place is not searched.
const SOMEWHERE: &str = "does not match; it is too large or too deep to search for the place";

/// What is known of a schema for the search.
pub(super) struct Places {
    /// The keys that the schema names: others are the caller's.
    names: HashSet<String>,
    /// The depth of values in which places are searched.
    depth: usize,
}

impl Places {
    pub(super) fn of(schema: &Value) -> Self {
        let mut names = HashSet::new();
        collect_names(schema, &mut names);
        Self { names, depth: recursion::depth(schema) }
    }

    /// Returns the violations of a value that does not match, by their pointers: at least one.
    pub(super) fn search(&self, validator: &Validator, value: &Value) -> Vec<Violation> {
        let mut left = SIZE;
        if !fits(value, &mut left, self.depth) {
            return vec![Violation { pointer: String::new(), detail: SOMEWHERE.to_owned() }];
        }
        let mut found = Found { names: &self.names, root: value, violations: Vec::new() };
        for error in validator.iter_errors(value) {
            if found.violations.len() == VIOLATIONS {
                break;
            }
            found.add(&error);
        }
        if found.violations.is_empty() {
            // The validator contradicts itself.
            found.push(String::new(), "does not match".to_owned());
        }
        found.violations.sort_by(|one, other| one.pointer.cmp(&other.pointer));
        found.violations
    }
}

impl fmt::Debug for Places {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Places").field("names", &self.names.len()).field("depth", &self.depth).finish()
    }
}

/// Adds the keys that a schema names. A key of an example or of a default value is one of the schema's own, too.
fn collect_names(schema: &Value, names: &mut HashSet<String>) {
    match schema {
        Value::Object(members) => {
            for (keyword, value) in members {
                match (keyword.as_str(), value) {
                    (
                        "properties" | "dependentRequired" | "dependentSchemas" | "dependencies",
                        Value::Object(named),
                    ) => {
                        names.extend(named.keys().cloned());
                    }
                    ("required", Value::Array(named)) => {
                        names.extend(named.iter().filter_map(Value::as_str).map(str::to_owned));
                    }
                    _ => {}
                }
                collect_names(value, names);
            }
        }
        Value::Array(items) => items.iter().for_each(|item| collect_names(item, names)),
        _ => {}
    }
}

/// Returns `true` if places are searched in a value: its size is subtracted from `left`.
fn fits(value: &Value, left: &mut usize, depth: usize) -> bool {
    let mut takes = |bytes: usize| {
        *left = left.saturating_sub(bytes);
        *left > 0
    };
    match value {
        Value::String(text) => takes(VALUE + text.len()),
        Value::Array(items) => takes(VALUE) && depth > 0 && items.iter().all(|item| fits(item, left, depth - 1)),
        Value::Object(members) => {
            takes(VALUE)
                && depth > 0
                && members.iter().all(|(key, value)| {
                    *left = left.saturating_sub(key.len());
                    fits(value, left, depth - 1)
                })
        }
        _ => takes(VALUE),
    }
}

struct Found<'s> {
    names: &'s HashSet<String>,
    root: &'s Value,
    violations: Vec<Violation>,
}

impl Found<'_> {
    /// Adds an error, or those of the only alternative that fits. An error within alternatives has its place in the whole
    /// value, too.
    fn add(&mut self, error: &ValidationError<'_>) {
        if let Kind::AnyOf { context } | Kind::OneOfNotValid { context } = error.kind()
            && let Some(only) = only_alternative(error, context)
        {
            for error in only {
                if self.violations.len() < VIOLATIONS {
                    self.add(error);
                }
            }
            return;
        }
        let (mut pointer, is_whole) = self.pointer(error.instance_path().as_str());
        if let (Kind::Required { property: Value::String(name) }, true) = (error.kind(), is_whole) {
            push_step(&mut pointer, name);
        }
        // `additionalProperties: false` without other properties is an error of the object.
        let is_of_member =
            matches!(error.kind(), Kind::FalseSchema) && error.schema_path().as_str().ends_with("Properties");
        let detail = match is_whole && !is_of_member {
            true => describe(error.kind()),
            false => format!("has a member that {}", describe(error.kind())),
        };
        self.push(pointer, detail);
    }

    fn push(&mut self, pointer: String, detail: String) {
        let violation = Violation { pointer, detail };
        if !self.violations.contains(&violation) {
            self.violations.push(violation);
        }
    }

    /// Returns the pointer up to the first key that the schema does not name, and `true` if it is whole.
    fn pointer(&self, path: &str) -> (String, bool) {
        let (mut pointer, mut at) = (String::new(), Some(self.root));
        for step in path.split('/').skip(1) {
            let step = step.replace("~1", "/").replace("~0", "~");
            at = match at {
                Some(Value::Array(items)) => step.parse::<usize>().ok().and_then(|index| items.get(index)),
                Some(Value::Object(members)) if self.names.contains(&step) => members.get(&step),
                _ => return (pointer, false),
            };
            if at.is_none() || !push_step(&mut pointer, &step) {
                return (pointer, false);
            }
        }
        (pointer, true)
    }
}

/// Returns the errors of the only alternative that is meant: the type of the value fits, and so do its constant members.
fn only_alternative<'e>(
    error: &ValidationError<'_>,
    alternatives: &'e [Vec<ValidationError<'static>>],
) -> Option<&'e [ValidationError<'static>]> {
    let place = error.instance_path().as_str();
    let is_meant = |errors: &&Vec<ValidationError<'static>>| {
        !errors.iter().any(|error| {
            let at = error.instance_path().as_str();
            let is_member = at.strip_prefix(place).is_some_and(|rest| rest.matches('/').count() <= 1);
            match error.kind() {
                Kind::Type { .. } => at == place,
                Kind::Constant { .. } | Kind::Enum { .. } => is_member,
                _ => false,
            }
        })
    };
    let mut meant = alternatives.iter().filter(is_meant);
    let only = meant.next()?;
    (meant.next().is_none() && !only.is_empty()).then_some(only.as_slice())
}

//! The depth up to which the places of violations are searched in the values of a schema that contains itself.
//!
//! The search looks into each alternative of an `anyOf`. If the schema contains itself there twice, each level of the value
//! doubles the work: 300 bytes would take minutes. The verdict itself is not affected, since the validator remembers it.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

/// The visits of one value that a search may take.
const VISITS: usize = 1024;

/// Returns the depth up to which each value is visited at most [`VISITS`] times.
pub(super) fn depth(schema: &Value) -> usize {
    let mut found = References::default();
    found.collect(schema, true);
    let branches = match found.is_unclear {
        true => Some(found.each.len()),
        false => branches(schema, &found.each),
    };
    match branches {
        Some(branches @ 2..) => VISITS.ilog(branches) as usize,
        // Each level is visited once.
        Some(_) => usize::MAX,
        // Any of the references may lead back.
        None => VISITS.ilog(found.each.len().max(2)) as usize,
    }
}

#[derive(Default)]
struct References<'s> {
    each: Vec<&'s str>,
    /// A reference depends on the way to it, or on the URI of a part.
    is_unclear: bool,
}

impl<'s> References<'s> {
    fn collect(&mut self, schema: &'s Value, is_root: bool) {
        match schema {
            Value::Object(members) => {
                for (keyword, value) in members {
                    match (keyword.as_str(), value) {
                        ("$ref", Value::String(to)) => self.each.push(to),
                        ("$dynamicRef" | "$recursiveRef", Value::String(to)) => {
                            self.each.push(to);
                            self.is_unclear = true;
                        }
                        ("$id" | "id" | "$anchor", Value::String(_)) if !is_root => self.is_unclear = true,
                        _ => self.collect(value, false),
                    }
                }
            }
            Value::Array(items) => items.iter().for_each(|item| self.collect(item, false)),
            _ => {}
        }
    }
}

/// Returns the number of references by which the schema comes back to itself; `None` if one is not followed.
fn branches(schema: &Value, references: &[&str]) -> Option<usize> {
    let mut edges = BTreeMap::new();
    for to in references {
        if !edges.contains_key(to) {
            let target = schema.pointer(to.strip_prefix('#')?)?;
            let mut within = References::default();
            within.collect(target, true);
            edges.insert(*to, within.each);
        }
    }
    let comes_back = |from: &str| {
        let (mut seen, mut open) = (BTreeSet::new(), vec![from]);
        while let Some(at) = open.pop() {
            for to in edges.get(at).into_iter().flatten() {
                if *to == from {
                    return true;
                }
                if seen.insert(*to) {
                    open.push(to);
                }
            }
        }
        false
    };
    let circular: BTreeSet<&str> = edges.keys().copied().filter(|to| comes_back(to)).collect();
    let within = circular.iter().filter_map(|at| edges.get(at)).flatten();
    Some(within.filter(|to| circular.contains(**to)).count())
}

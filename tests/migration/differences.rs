//! `differences.toml`: each deliberate difference between the function before and after its move.
//!
//! An entry covers a difference only if both functions behave as it states. The entries and the rows of the tables of traps have the
//! same names: an entry without a row, and a row without an entry, fail the test.

use std::collections::BTreeSet;
use std::path::Path;

use serde::Deserialize;
use serde_json::Value;

use super::case::Case;
use super::meaning::{Outcome, meaning};
use super::page::Page;
use super::{file, read, root};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct DifferencesFile {
    difference: Vec<Difference>,
}

/// One entry. It is shown by events, or by another test.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Difference {
    /// The first cell of the row in the table "Traps".
    trap: String,
    /// The events that show it; `*` stands for all.
    #[serde(default)]
    events: Vec<String>,
    /// Where it shows: JSON Pointers into the meaning, in which `*` is one step and `**` the rest.
    #[serde(default)]
    at: Vec<String>,
    /// What the function did before: a value, or a table `{ absent = true }`, `{ matches = "…" }`, `{ maybe = "…" }` (absent, or a match),
    /// `{ any = true }`. A value that is no text is matched as JSON.
    before: Option<toml::Value>,
    /// What it does after; not `any`.
    after: Option<toml::Value>,
    /// Instead of events: the name of an entry in `tests/conformance/deviations.toml`.
    deviation: Option<String>,
    /// Instead of events: a test, as `path::name`.
    test: Option<String>,
}

/// A place where the meanings differ.
struct Found {
    event: String,
    at: String,
    before: Option<Value>,
    after: Option<Value>,
}

/// Compares the outcomes of the events, and the entries with the pages.
///
/// # Panics
///
/// If a difference has no entry, an entry covers nothing or names a test that does not exist, or the entries and the rows of the pages differ.
pub(crate) fn check(folder: &str, pages: &[Page], cases: &[Case], before: &[Outcome], after: &[Outcome]) {
    assert_eq!((before.len(), after.len()), (cases.len(), cases.len()));
    let text = read(&file(folder).join("differences.toml"));
    let entries: DifferencesFile =
        toml::from_str(&text).unwrap_or_else(|error| panic!("{folder}/differences.toml: {error}"));
    let entries = entries.difference;

    let mut found = Vec::new();
    for ((case, before), after) in cases.iter().zip(before).zip(after) {
        let mut report = |at: String, before: Option<&Value>, after: Option<&Value>| {
            found.push(Found { event: case.name.clone(), at, before: before.cloned(), after: after.cloned() });
        };
        compare("", Some(&meaning(before)), Some(&meaning(after)), &mut report);
    }

    let mut wrong = Vec::new();
    let mut used = vec![false; entries.len()];
    for found in &found {
        match entries.iter().position(|entry| entry.covers(found)) {
            Some(entry) => used[entry] = true,
            None => {
                let text = |value: &Option<Value>| value.as_ref().map_or_else(|| "absent".to_owned(), Value::to_string);
                wrong.push(format!(
                    "{}: {}: {} before, {} after",
                    found.event,
                    found.at,
                    text(&found.before),
                    text(&found.after)
                ));
            }
        }
    }
    for (entry, used) in entries.iter().zip(used) {
        wrong.extend(entry.mistake(used).map(|mistake| format!("differences.toml: `{}` {mistake}", entry.trap)));
    }
    let traps: BTreeSet<_> = entries.iter().map(|entry| entry.trap.clone()).collect();
    let rows: BTreeSet<_> = pages.iter().flat_map(Page::traps).collect();
    let names: Vec<_> = pages.iter().map(|page| page.name).collect();
    wrong.extend(traps.difference(&rows).map(|trap| format!("{names:?}: no table of traps has: {trap}")));
    wrong.extend(rows.difference(&traps).map(|row| format!("{names:?}: no entry in differences.toml shows: {row}")));
    assert!(wrong.is_empty(), "{folder}:\n{}", wrong.join("\n"));
}

impl Difference {
    fn covers(&self, found: &Found) -> bool {
        self.events.iter().any(|event| event == "*" || *event == found.event)
            && self.at.iter().any(|pattern| fits(pattern, &found.at))
            && matches(self.before.as_ref(), found.before.as_ref())
            && matches(self.after.as_ref(), found.after.as_ref())
    }

    /// Returns what is wrong with the entry.
    fn mistake(&self, is_used: bool) -> Option<String> {
        if let Some(name) = &self.deviation {
            return (!has_deviation(name)).then(|| format!("names the unknown deviation `{name}`"));
        }
        if let Some(test) = &self.test {
            return (!has_test(test)).then(|| format!("names the unknown test `{test}`"));
        }
        if !is_used {
            return Some("covers no difference".to_owned());
        }
        let after = self.after.as_ref().map(json);
        (after == Some(serde_json::json!({ "any": true }))).then(|| "accepts any behaviour after the move".to_owned())
    }
}

/// Returns `true` if `tests/conformance/deviations.toml` has an entry with this name.
pub(crate) fn has_deviation(name: &str) -> bool {
    read(&root().join("tests/conformance/deviations.toml")).lines().any(|line| line == format!("name = \"{name}\""))
}

/// Returns `true` if a file of the repository has this function: `tests/it/http/router.rs::the_name`.
pub(crate) fn has_test(test: &str) -> bool {
    let Some((path, name)) = test.split_once("::") else { return false };
    let path = root().join(Path::new(path));
    path.is_file() && read(&path).contains(&format!("fn {name}("))
}

fn json(value: &toml::Value) -> Value {
    serde_json::to_value(value).expect("TOML as JSON")
}

fn matches(expected: Option<&toml::Value>, value: Option<&Value>) -> bool {
    let Some(expected) = expected.map(json) else { return false };
    let matcher = expected.as_object().filter(|matcher| matcher.len() == 1).and_then(|matcher| matcher.iter().next());
    let is_match = |pattern: &str, value: &Value| {
        let text = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
        regex_lite::Regex::new(pattern).expect("a pattern").is_match(&text)
    };
    match (matcher.map(|(name, argument)| (name.as_str(), argument)), value) {
        (Some(("absent", _)), value) => value.is_none(),
        (Some(("any", _)), _) | (Some(("maybe", _)), None) => true,
        (Some(("matches" | "maybe", Value::String(pattern))), Some(value)) => is_match(pattern, value),
        (_, value) => value == Some(&expected),
    }
}

fn fits(pattern: &str, pointer: &str) -> bool {
    let (mut pattern, mut pointer) = (pattern.split('/'), pointer.split('/'));
    loop {
        match (pattern.next(), pointer.next()) {
            (None, None) | (Some("**"), _) => return true,
            (Some("*"), Some(_)) => {}
            (Some(want), Some(step)) if want == step => {}
            _ => return false,
        }
    }
}

/// Reports each place where two values differ. An object on one side alone is one difference.
pub(crate) fn compare(
    at: &str,
    before: Option<&Value>,
    after: Option<&Value>,
    report: &mut impl FnMut(String, Option<&Value>, Option<&Value>),
) {
    match (before, after) {
        (Some(Value::Object(before)), Some(Value::Object(after))) => {
            let names: BTreeSet<_> = before.keys().chain(after.keys()).collect();
            for name in names {
                let at = format!("{at}/{}", name.replace('~', "~0").replace('/', "~1"));
                compare(&at, before.get(name), after.get(name), report);
            }
        }
        (Some(Value::Array(before)), Some(Value::Array(after))) => {
            for index in 0..before.len().max(after.len()) {
                compare(&format!("{at}/{index}"), before.get(index), after.get(index), report);
            }
        }
        (before, after) if before != after => report(at.to_owned(), before, after),
        _ => {}
    }
}

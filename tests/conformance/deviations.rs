//! `deviations.toml`: each deliberate difference, what Pilaster does instead, and why.
//!
//! An entry covers a difference only if Pilaster behaves as the entry states: `expected` and `pilaster` are both matched.

mod did;
mod part;

use std::path::Path;

use serde::Deserialize;
use serde_json::Value;

use self::did::did;
use self::part::part;

use crate::case::Case;
use crate::compare::{Difference, Matchers};

/// Matchers of the entries.
const ENTRY: Matchers = Matchers::Deviations;

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    #[serde(default)]
    deviation: Vec<Deviation>,
}

/// One entry.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Deviation {
    /// A short name for the report.
    pub(crate) name: String,
    /// The middlewares or utilities; `http-*` is each of HTTP.
    of: Vec<String>,
    /// JSON Pointers of the observation; `*` stands for one step.
    at: Vec<String>,
    /// The conditions on the case itself: place to matcher.
    #[serde(default)]
    when: toml::Table,
    /// A place that must differ as well: what this entry covers comes with that difference.
    beside: Option<String>,
    /// The behaviour of middy or Powertools.
    expected: toml::Value,
    /// The behaviour of Pilaster.
    pilaster: toml::Value,
    /// One sentence.
    pub(crate) why: String,
}

/// All entries.
#[derive(Debug)]
pub(crate) struct Deviations(pub(crate) Vec<Deviation>);

impl Deviations {
    /// # Errors
    ///
    /// The file cannot be read, or does not have the form of the fields above.
    pub(crate) fn read() -> Result<Self, String> {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("conformance/deviations.toml");
        let text = std::fs::read_to_string(&path).map_err(|error| format!("{}: {error}", path.display()))?;
        let file: File = toml::from_str(&text).map_err(|error| format!("deviations.toml: {error}"))?;
        for entry in &file.deviation {
            if entry.why.trim().len() < 20 {
                return Err(format!("deviations.toml: `{}` gives no reason", entry.name));
            }
            if takes_anything(&json(&entry.pilaster)) {
                return Err(format!(
                    "deviations.toml: `{}` accepts any behaviour of Pilaster: state what it does",
                    entry.name
                ));
            }
        }
        Ok(Self(file.deviation))
    }

    /// The entry that covers this difference of this case.
    pub(crate) fn covering(&self, case: &Case, difference: &Difference, all: &[Difference]) -> Option<usize> {
        let beside = |entry: &Deviation| {
            entry.beside.as_ref().is_none_or(|place| all.iter().any(|other| fits(place, &other.at)))
        };
        self.0.iter().position(|entry| beside(entry) && entry.covers(case, difference))
    }
}

/// Returns `true` if a matcher accepts every value: `$any` itself, or a choice with it.
fn takes_anything(matcher: &Value) -> bool {
    let Some((name, argument)) = matcher.as_object().and_then(|matcher| matcher.iter().next()) else { return false };
    match name.as_str() {
        "$any" => true,
        "$maybe" => takes_anything(argument),
        "$one_of" => argument.as_array().into_iter().flatten().any(takes_anything),
        "$partial" => argument.as_object().is_some_and(serde_json::Map::is_empty),
        _ => false,
    }
}

/// Returns `true` if an entry is of a group: `*` at one end stands for any letters.
fn of_group(of: &str, group: &str) -> bool {
    match (of.strip_prefix('*'), of.strip_suffix('*')) {
        (Some(end), _) => group.ends_with(end),
        (_, Some(start)) => group.starts_with(start),
        _ => of == group,
    }
}

impl Deviation {
    fn covers(&self, case: &Case, difference: &Difference) -> bool {
        self.of.iter().any(|of| of_group(of, &case.group))
            && self.at.iter().any(|pattern| fits(pattern, &difference.at))
            && self.when.iter().all(|(place, matcher)| ENTRY.matches(&json(matcher), part(case, place).as_ref()))
            && ENTRY.matches(&json(&self.expected), difference.expected.as_ref())
            && did(&json(&self.pilaster), case, difference)
    }
}

fn json(value: &toml::Value) -> Value {
    serde_json::to_value(value).unwrap_or(Value::Null)
}

/// Returns `true` if a pointer matches a pattern: `*` is one step, `*_` one that ends in an underscore, `**` the rest.
fn fits(pattern: &str, pointer: &str) -> bool {
    let (mut pattern, mut pointer) = (pattern.split('/'), pointer.split('/'));
    loop {
        match (pattern.next(), pointer.next()) {
            (None, None) | (Some("**"), _) => return true,
            (Some("*"), Some(_)) => {}
            (Some("*_"), Some(step)) if step.ends_with('_') => {}
            (Some(want), Some(step)) if want == step => {}
            _ => return false,
        }
    }
}

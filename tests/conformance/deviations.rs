//! `deviations.toml`: each deliberate difference, what Pilaster does instead, and why.
//!
//! An entry covers a difference only if Pilaster did what the entry says: `expected` and `pilaster` are both matched.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::Deserialize;
use serde_json::Value;

use crate::case::Case;
use crate::compare::{Difference, matches};

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
    /// The middlewares or utilities.
    of: Vec<String>,
    /// One case, where the difference is really its own.
    id: Option<String>,
    /// JSON Pointers of the observation; `*` stands for one step.
    at: Vec<String>,
    /// What the case itself must hold: place to matcher.
    #[serde(default)]
    when: toml::Table,
    /// A place that must differ as well: what this entry covers comes with that difference.
    beside: Option<String>,
    /// What middy or Powertools do.
    expected: toml::Value,
    /// What Pilaster does.
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
    /// The file is not of the form that the fields above say.
    pub(crate) fn read() -> Result<Self, String> {
        let file: File = toml::from_str(include_str!("deviations.toml")).map_err(|error| error.to_string())?;
        let unfounded = file.deviation.iter().find(|entry| entry.why.trim().len() < 20);
        match unfounded {
            Some(entry) => Err(format!("deviations.toml: `{}` does not say why", entry.name)),
            None => Ok(Self(file.deviation)),
        }
    }

    /// The entry that covers this difference of this case.
    pub(crate) fn covering(&self, case: &Case, difference: &Difference, all: &[Difference]) -> Option<usize> {
        let beside = |entry: &Deviation| {
            entry.beside.as_ref().is_none_or(|place| all.iter().any(|other| fits(place, &other.at)))
        };
        self.0.iter().position(|entry| beside(entry) && entry.covers(case, difference))
    }
}

impl Deviation {
    fn covers(&self, case: &Case, difference: &Difference) -> bool {
        self.of.contains(&case.group)
            && self.id.as_ref().is_none_or(|id| *id == case.id)
            && self.at.iter().any(|pattern| fits(pattern, &difference.at))
            && self.when.iter().all(|(place, matcher)| matches(&json(matcher), part(case, place).as_ref()))
            && matches(&json(&self.expected), difference.expected.as_ref())
            && did(&json(&self.pilaster), case, difference)
    }
}

/// Whether Pilaster did what the entry says; five things are said by what they are like.
///
/// - `{"$base64_of_expected" = true}`: the expected text in base64
/// - `{"$base64_decoded" = true}`: the expected text, decoded from base64
/// - `{"$json_text_of_expected" = true}`: a string that holds the expected value as JSON
/// - `{"$as_configured" = "/place"}`: the value that the case's options have there under this name
/// - `{"$as_handler_set" = true}`: the header that the case's handler set itself
fn did(pilaster: &Value, case: &Case, difference: &Difference) -> bool {
    let observed = difference.observed.as_ref().and_then(Value::as_str);
    let kind = pilaster.as_object().and_then(|matcher| matcher.keys().next()).map(String::as_str);
    match (kind, &difference.expected) {
        (Some("$base64_of_expected"), Some(expected)) => {
            expected.as_str().is_some_and(|text| observed == Some(&STANDARD.encode(text)))
        }
        (Some("$base64_decoded"), Some(expected)) => {
            let decoded = expected.as_str().and_then(|text| STANDARD.decode(text).ok());
            decoded.is_some_and(|bytes| observed.is_some_and(|observed| observed.as_bytes() == bytes))
        }
        (Some("$json_text_of_expected"), Some(expected)) => {
            let held = observed.and_then(|text| serde_json::from_str::<Value>(text).ok());
            held.is_some_and(|held| matches(expected, Some(&held)))
        }
        (Some("$as_configured"), _) => {
            let name = difference.at.rsplit('/').next().unwrap_or_default();
            let place = pilaster["$as_configured"].as_str().unwrap_or_default();
            let own = part(case, &format!("config{place}/{name}"));
            own.is_some() && own == difference.observed
        }
        (Some("$as_handler_set"), _) => {
            let name = difference.at.rsplit('/').next().unwrap_or_default();
            let headers = case.json.pointer("/handler/value/headers").and_then(Value::as_object);
            let mut own = headers.into_iter().flatten().filter(|(own, _)| own.eq_ignore_ascii_case(name));
            own.any(|(_, value)| value.as_str() == observed)
        }
        _ => matches(pilaster, difference.observed.as_ref()),
    }
}

/// A part of the case: a JSON Pointer into it, `config/…` into the options of the middleware or utility that it is about, or
/// `method`, that of its event, whichever source it is of, or `star_is_empty`: whether its event's origin is one of the patterns
/// with nothing in the place of the star.
fn part(case: &Case, place: &str) -> Option<Value> {
    if place == "method" {
        let event = case.json.get("event").cloned().or_else(|| case.event().ok())?;
        let places = ["/httpMethod", "/requestContext/http/method", "/method"];
        return places.iter().find_map(|place| event.pointer(place)).cloned();
    }
    if place == "star_is_empty" {
        let headers = case.json.pointer("/event/headers").and_then(Value::as_object);
        let mut sent = headers.into_iter().flatten().filter(|(name, _)| name.eq_ignore_ascii_case("origin"));
        let sent = sent.next()?.1.as_str()?;
        let origins = part(case, "config/origins")?;
        let mut patterns = origins.as_array()?.iter().filter_map(Value::as_str).filter(|origin| origin.contains('*'));
        return Some(patterns.any(|pattern| pattern.replace('*', "").eq_ignore_ascii_case(sent)).into());
    }
    let Some(pointer) = place.strip_prefix("config") else { return case.json.pointer(place).cloned() };
    let chain = case.json["chain"].as_array().into_iter().flatten();
    let own =
        chain.filter(|middleware| middleware["name"] == case.group.as_str()).map(|middleware| &middleware["config"]);
    own.chain(case.json.get("config")).next()?.pointer(pointer).cloned()
}

fn json(value: &toml::Value) -> Value {
    serde_json::to_value(value).unwrap_or(Value::Null)
}

/// Whether a pointer is as a pattern says: `*` is one step, `*_` one that ends in an underscore, `**` the rest.
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

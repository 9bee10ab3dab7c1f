//! Compares what a case expects with what Pilaster did: value by value, with the matchers of both case formats.

use std::fmt;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Map, Value};

/// One place where expectation and observation are apart; `None` is "not there".
#[derive(Clone, Debug)]
pub(crate) struct Difference {
    /// A JSON Pointer into the observation.
    pub(crate) at: String,
    pub(crate) expected: Option<Value>,
    pub(crate) observed: Option<Value>,
}

impl fmt::Display for Difference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let text = |value: &Option<Value>| {
            let text = value.as_ref().map_or_else(|| "nothing".to_owned(), Value::to_string);
            if text.chars().count() > 240 { text.chars().take(240).chain(['…']).collect() } else { text }
        };
        write!(f, "{}: expected {}, observed {}", self.at, text(&self.expected), text(&self.observed))
    }
}

/// The library whose matchers an expectation may hold. Any other name with a `$` is data, as `{"$oid": …}` of DocumentDB is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Matchers {
    Middy,
    Powertools,
    /// The deviations of `deviations.toml`, also those of both case formats.
    Deviations,
}

/// Values of JavaScript that JSON does not have.
const MIDDY: [&str; 3] = ["$bytes", "$set", "$bigint"];
/// As the description of the format lists them.
const POWERTOOLS: [&str; 11] = [
    "$matches",
    "$contains",
    "$starts_with",
    "$bytes_b64",
    "$decimal",
    "$set",
    "$gzip_base64_of",
    "$gzip_base64_of_length",
    "$json",
    "$error",
    "$keys",
];
const DEVIATIONS: [&str; 11] = [
    "$absent",
    "$any",
    "$partial",
    "$each",
    "$below",
    "$at_least",
    "$json_number",
    "$null",
    "$not",
    "$one_of",
    "$maybe",
];

impl Matchers {
    fn has(self, name: &str) -> bool {
        match self {
            Self::Middy => MIDDY.contains(&name),
            Self::Powertools => POWERTOOLS.contains(&name),
            Self::Deviations => [&MIDDY[..], &POWERTOOLS, &DEVIATIONS].iter().any(|names| names.contains(&name)),
        }
    }

    /// An object of one member with the name of a matcher.
    fn read(self, value: &Value) -> Option<(&str, &Value)> {
        let object = value.as_object().filter(|object| object.len() == 1)?;
        let (name, argument) = object.iter().next()?;
        self.has(name).then_some((name, argument))
    }

    /// Every difference, outermost place first.
    pub(crate) fn differences(self, expected: &Value, observed: &Value) -> Vec<Difference> {
        let mut found = Vec::new();
        self.walk("", Some(expected), Some(observed), &mut found);
        found
    }

    fn walk(self, at: &str, expected: Option<&Value>, observed: Option<&Value>, found: &mut Vec<Difference>) {
        let equal = match (expected, observed) {
            (None, None) => true,
            (Some(matcher), observed) if self.read(matcher).is_some() => self.matches(matcher, observed),
            (Some(Value::Object(expected)), Some(Value::Object(observed))) => {
                for name in expected.keys().chain(observed.keys().filter(|name| !expected.contains_key(*name))) {
                    self.walk(&step(at, name), expected.get(name), observed.get(name), found);
                }
                true
            }
            (Some(Value::Array(expected)), Some(Value::Array(observed))) => {
                for index in 0..expected.len().max(observed.len()) {
                    self.walk(&step(at, &index.to_string()), expected.get(index), observed.get(index), found);
                }
                true
            }
            (Some(expected), Some(observed)) => same_scalar(expected, observed),
            _ => false,
        };
        if !equal {
            let at = at.to_owned();
            found.push(Difference { at, expected: expected.cloned(), observed: observed.cloned() });
        }
    }

    /// Returns `true` if a value is equal to `expected`, or accepted by its matchers.
    pub(crate) fn matches(self, expected: &Value, observed: Option<&Value>) -> bool {
        let Some((name, argument)) = self.read(expected) else {
            return observed.is_some_and(|observed| self.differences(expected, observed).is_empty());
        };
        let text = observed.and_then(Value::as_str);
        match name {
            "$absent" => observed.is_none(),
            "$any" => observed.is_some(),
            "$partial" => observed.is_some_and(|observed| self.has_members(argument, observed)),
            "$each" => match observed {
                Some(Value::Object(object)) => object.values().all(|value| self.matches(argument, Some(value))),
                Some(Value::Array(items)) => items.iter().all(|item| self.matches(argument, Some(item))),
                _ => false,
            },
            "$below" => numbers(argument, observed).is_some_and(|(limit, value)| value < limit),
            "$at_least" => numbers(argument, observed).is_some_and(|(limit, value)| value >= limit),
            "$json_number" => observed.is_some_and(Value::is_number),
            "$null" => observed == Some(&Value::Null),
            "$not" => !self.matches(argument, observed),
            "$one_of" => {
                argument.as_array().is_some_and(|options| options.iter().any(|option| self.matches(option, observed)))
            }
            "$maybe" => observed.is_none() || self.matches(argument, observed),
            "$matches" => pair(argument, text).is_some_and(|(pattern, text)| {
                regex_lite::Regex::new(pattern).is_ok_and(|pattern| pattern.is_match(text))
            }),
            "$contains" => match observed {
                Some(Value::Array(items)) => items.iter().any(|item| self.matches(argument, Some(item))),
                _ => pair(argument, text).is_some_and(|(part, text)| text.contains(part)),
            },
            "$starts_with" => pair(argument, text).is_some_and(|(part, text)| text.starts_with(part)),
            "$bytes_b64" | "$bytes" => {
                observed.and_then(bytes).is_some_and(|bytes| argument == &STANDARD.encode(bytes))
            }
            "$decimal" => observed.is_some_and(|observed| same_decimal(argument, observed)),
            "$bigint" => observed.is_some_and(|observed| argument.as_str() == Some(&plain(observed))),
            "$set" => observed.is_some_and(|observed| self.same_set(argument, observed)),
            "$json" => {
                let parsed = text.and_then(|text| serde_json::from_str::<Value>(text).ok());
                parsed.is_some_and(|parsed| self.differences(argument, &parsed).is_empty())
            }
            "$gzip_base64_of" => text.and_then(gunzip).is_some_and(|inflated| argument == &inflated),
            "$gzip_base64_of_length" => {
                text.and_then(gunzip).is_some_and(|inflated| argument.as_u64() == u64::try_from(inflated.len()).ok())
            }
            "$keys" => observed.and_then(Value::as_object).is_some_and(|object| keys(object) == sorted(argument)),
            // The kinds are class names of another language; that it fails is what is compared.
            "$error" => observed.is_some_and(|observed| observed.get("$error").is_some()),
            _ => false,
        }
    }

    fn has_members(self, expected: &Value, observed: &Value) -> bool {
        observed.is_object()
            && expected
                .as_object()
                .is_some_and(|members| members.iter().all(|(name, value)| self.matches(value, observed.get(name))))
    }

    fn same_set(self, expected: &Value, observed: &Value) -> bool {
        let (Some(expected), Some(observed)) = (expected.as_array(), observed.as_array()) else { return false };
        let mut left: Vec<_> = observed.iter().collect();
        expected.len() == observed.len()
            && expected.iter().all(|item| match left.iter().position(|other| self.matches(item, Some(other))) {
                Some(index) => {
                    left.remove(index);
                    true
                }
                None => false,
            })
    }
}

fn numbers(limit: &Value, observed: Option<&Value>) -> Option<(f64, f64)> {
    Some((limit.as_f64()?, observed?.as_f64()?))
}

/// A JSON Pointer one step further down.
pub(crate) fn step(at: &str, name: &str) -> String {
    format!("{at}/{}", name.replace('~', "~0").replace('/', "~1"))
}

fn same_scalar(expected: &Value, observed: &Value) -> bool {
    match (expected, observed) {
        (Value::Number(a), Value::Number(b)) => a == b || a.as_f64() == b.as_f64(),
        _ => expected == observed,
    }
}

fn pair<'v>(argument: &'v Value, text: Option<&'v str>) -> Option<(&'v str, &'v str)> {
    Some((argument.as_str()?, text?))
}

fn keys(object: &Map<String, Value>) -> Vec<String> {
    let mut keys: Vec<_> = object.keys().cloned().collect();
    keys.sort();
    keys
}

fn sorted(list: &Value) -> Vec<String> {
    let names = list.as_array().into_iter().flatten().filter_map(Value::as_str);
    let mut names: Vec<_> = names.map(ToOwned::to_owned).collect();
    names.sort();
    names
}

/// The bytes that an observation stands for: `{"$bytes": base64}`.
fn bytes(observed: &Value) -> Option<Vec<u8>> {
    let text = observed.get("$bytes").or_else(|| observed.get("$bytes_b64"))?.as_str()?;
    STANDARD.decode(text).ok()
}

/// A byte string as an observation.
pub(crate) fn byte_string(bytes: &[u8]) -> Value {
    serde_json::json!({ "$bytes": STANDARD.encode(bytes) })
}

fn plain(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), ToOwned::to_owned)
}

fn same_decimal(expected: &Value, observed: &Value) -> bool {
    let number = |value: &Value| plain(value).parse::<f64>().ok();
    number(expected).is_some_and(|expected| number(observed) == Some(expected))
}

fn gunzip(base64: &str) -> Option<String> {
    let bytes = STANDARD.decode(base64).ok()?;
    let mut text = String::new();
    std::io::Read::read_to_string(&mut flate2::read::GzDecoder::new(bytes.as_slice()), &mut text).ok()?;
    Some(text)
}

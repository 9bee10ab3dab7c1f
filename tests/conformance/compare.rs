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

/// Every difference, outermost place first.
pub(crate) fn differences(expected: &Value, observed: &Value) -> Vec<Difference> {
    let mut found = Vec::new();
    walk("", Some(expected), Some(observed), &mut found);
    found
}

fn walk(at: &str, expected: Option<&Value>, observed: Option<&Value>, found: &mut Vec<Difference>) {
    let equal = match (expected, observed) {
        (None, None) => true,
        (Some(matcher), observed) if as_matcher(matcher).is_some() => matches(matcher, observed),
        (Some(Value::Object(expected)), Some(Value::Object(observed))) => {
            for name in expected.keys().chain(observed.keys().filter(|name| !expected.contains_key(*name))) {
                walk(&step(at, name), expected.get(name), observed.get(name), found);
            }
            true
        }
        (Some(Value::Array(expected)), Some(Value::Array(observed))) => {
            for index in 0..expected.len().max(observed.len()) {
                walk(&step(at, &index.to_string()), expected.get(index), observed.get(index), found);
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

/// An object of one member whose name starts with `$` is a matcher; `$default` and `$schema` are data.
fn as_matcher(value: &Value) -> Option<(&str, &Value)> {
    let object = value.as_object().filter(|object| object.len() == 1 || object.contains_key("$frame_keys"))?;
    let (name, argument) = object.iter().find(|(name, _)| name.starts_with('$'))?;
    (!matches!(name.as_str(), "$default" | "$schema")).then_some((name, argument))
}

/// Whether a value is as `expected` says: equal, or accepted by its matchers. Unknown matchers accept nothing.
pub(crate) fn matches(expected: &Value, observed: Option<&Value>) -> bool {
    let Some((name, argument)) = as_matcher(expected) else {
        return observed.is_some_and(|observed| differences(expected, observed).is_empty());
    };
    let text = observed.and_then(Value::as_str);
    match name {
        "$absent" => observed.is_none(),
        "$any" => observed.is_some(),
        "$partial" => observed.is_some_and(|observed| has_members(argument, observed)),
        "$below" => observed.and_then(Value::as_f64).zip(argument.as_f64()).is_some_and(|(value, limit)| value < limit),
        "$json_number" => observed.is_some_and(Value::is_number),
        "$null" => observed == Some(&Value::Null),
        "$not" => !matches(argument, observed),
        "$one_of" => argument.as_array().is_some_and(|options| options.iter().any(|o| matches(o, observed))),
        "$maybe" => observed.is_none() || matches(argument, observed),
        "$matches" => pair(argument, text)
            .is_some_and(|(pattern, text)| regex_lite::Regex::new(pattern).is_ok_and(|pattern| pattern.is_match(text))),
        "$contains" => match observed {
            Some(Value::Array(items)) => items.iter().any(|item| matches(argument, Some(item))),
            _ => pair(argument, text).is_some_and(|(part, text)| text.contains(part)),
        },
        "$starts_with" => pair(argument, text).is_some_and(|(part, text)| text.starts_with(part)),
        "$bytes_b64" | "$bytes" => observed.and_then(bytes).is_some_and(|bytes| argument == &STANDARD.encode(bytes)),
        "$decimal" => observed.is_some_and(|observed| same_decimal(argument, observed)),
        "$bigint" => observed.is_some_and(|observed| argument.as_str() == Some(&plain(observed))),
        "$set" => observed.is_some_and(|observed| same_set(argument, observed)),
        "$json" => {
            let parsed = text.and_then(|text| serde_json::from_str::<Value>(text).ok());
            parsed.is_some_and(|parsed| differences(argument, &parsed).is_empty())
        }
        "$gzip_base64_of" => text.and_then(gunzip).is_some_and(|inflated| argument == &inflated),
        "$gzip_base64_of_length" => {
            text.and_then(gunzip).is_some_and(|inflated| argument.as_u64() == u64::try_from(inflated.len()).ok())
        }
        "$keys" => observed.and_then(Value::as_object).is_some_and(|object| keys(object) == sorted(argument)),
        // The kinds are class names of another language; that it fails is what is compared.
        "$error" => observed.is_some_and(|observed| observed.get("$error").is_some()),
        "$at_least" => {
            observed.and_then(Value::as_f64).zip(argument.as_f64()).is_some_and(|(value, limit)| value >= limit)
        }
        _ => false,
    }
}

fn has_members(expected: &Value, observed: &Value) -> bool {
    observed.is_object()
        && expected
            .as_object()
            .is_some_and(|members| members.iter().all(|(name, value)| matches(value, observed.get(name))))
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

fn same_set(expected: &Value, observed: &Value) -> bool {
    let (Some(expected), Some(observed)) = (expected.as_array(), observed.as_array()) else { return false };
    let mut left: Vec<_> = observed.iter().collect();
    expected.len() == observed.len()
        && expected.iter().all(|item| match left.iter().position(|other| matches(item, Some(other))) {
            Some(index) => {
                left.remove(index);
                true
            }
            None => false,
        })
}

fn gunzip(base64: &str) -> Option<String> {
    let bytes = STANDARD.decode(base64).ok()?;
    let mut text = String::new();
    std::io::Read::read_to_string(&mut flate2::read::GzDecoder::new(bytes.as_slice()), &mut text).ok()?;
    Some(text)
}

//! Lines of Powertools beside lines of Pilaster.

use std::fmt;

use serde::de::{Deserialize, Deserializer, IgnoredAny, MapAccess, Visitor};
use serde_json::{Map, Value, json};

use crate::{Compared, Replay, Stop};

/// The beginnings of the warnings about the buffer. Any other line is compared as a line of the case.
const BUFFER_WARNINGS: [&str; 2] = [
    "Cannot add item to the buffer. Item size exceeds total cache size ",
    "Some logs are not displayed because they were evicted from the buffer. ",
];

/// Compares the expectation of the case with the output of the child.
pub(super) fn compare(case: &Value, mut output: Value) -> Replay {
    let text = output["text"].as_str().unwrap_or_default().to_owned();
    let want = &case["expected"];
    let typescript = case["lang"] == "typescript";
    let (mut expected, mut observed) = (Map::new(), Map::new());
    if let Some(raw) = want.get("raw") {
        expected.insert("raw".to_owned(), json!(stamp_in_utc(raw.as_str().unwrap_or_default())));
        observed.insert("raw".to_owned(), json!(text));
    }
    if let Some(lines) = want["lines"].as_array() {
        let mut seen = Vec::new();
        let mut buffer_warnings = Vec::new();
        let mut orders = Vec::new();
        for line in text.lines() {
            let broken = |error: serde_json::Error| Stop::Broken(format!("{error} in the line {line}"));
            let read: Value = serde_json::from_str(line).map_err(broken)?;
            // Pilaster's own line about a failed invocation, beside the lines of the case.
            if case.pointer("/input/handler/raise").is_some() && read["message"] == "the invocation failed" {
                observed.insert("failure_line".to_owned(), json!({ "level": read["level"], "error": read["error"] }));
                continue;
            }
            if is_about_buffer(&read) {
                buffer_warnings.push(read["message"].clone());
                continue;
            }
            seen.push(read);
            orders.push(serde_json::from_str::<Keys>(line).map_err(broken)?.0);
        }
        let wanted: Vec<_> = if typescript { lines.iter().map(|l| l["line"].clone()).collect() } else { lines.clone() };
        let (dropped, wanted): (Vec<_>, Vec<_>) = wanted.into_iter().partition(is_about_reserved_key);
        if !dropped.is_empty() {
            expected.insert("reserved_key_warnings".to_owned(), json!(dropped.len()));
        }
        // The libraries differ in how many lines fit: only the last ones are kept, with a warning.
        let evicted = buffer_warnings.iter().any(|text| text.as_str().is_some_and(|text| text.contains("evicted")));
        let skipped = if evicted && !seen.is_empty() { wanted.len().saturating_sub(seen.len()) } else { 0 };
        output["warnings"].as_array_mut().into_iter().for_each(|warnings| warnings.append(&mut buffer_warnings));
        expected.insert("lines".to_owned(), wanted.into_iter().skip(skipped).map(in_utc).collect());
        observed.insert("lines".to_owned(), json!(seen));
        if typescript {
            let streams: Vec<_> = lines.iter().filter(|l| !is_about_reserved_key(&l["line"])).collect();
            expected.insert("streams".to_owned(), streams.iter().map(|line| line["stream"].clone()).collect());
            // Every line goes to standard output.
            observed.insert("streams".to_owned(), seen.iter().map(|_| json!("stdout")).collect());
        }
        let wanted = match want.get("key_order") {
            Some(order) => order.as_array().cloned().unwrap_or_default(),
            None => lines.iter().map(|line| line["key_order"].clone()).filter(|order| !order.is_null()).collect(),
        };
        compare_orders(&wanted, &orders, &mut expected, &mut observed);
    }
    if let Some(warnings) = want["warnings"].as_array() {
        let texts = warnings.iter().filter_map(Value::as_str);
        let mut texts: Vec<_> = texts.map(|text| text.split_once(": ").map_or(text, |(_, rest)| rest)).collect();
        // Python warns once for each logger.
        texts.dedup();
        expected.insert("warnings".to_owned(), json!(texts));
        observed.insert("warnings".to_owned(), output["warnings"].clone());
    }
    if let Some(error) = want.get("handler_error") {
        expected.insert("handler_error".to_owned(), error.clone());
        observed.insert("handler_error".to_owned(), output["handler_error"].clone());
    }
    Ok(Compared { expected: Value::Object(expected), observed: Value::Object(observed) })
}

/// Returns `true` if a line is a warning of Pilaster about its buffer: it has no location, unlike the lines of a case.
fn is_about_buffer(line: &Value) -> bool {
    let text = line["message"].as_str().unwrap_or_default();
    line["level"] == "WARN"
        && line.get("location").is_none()
        && BUFFER_WARNINGS.iter().any(|beginning| text.starts_with(beginning))
}

/// The order of the keys that both have.
fn compare_orders(
    wanted: &[Value],
    seen: &[Vec<String>],
    expected: &mut Map<String, Value>,
    observed: &mut Map<String, Value>,
) {
    if wanted.len() != seen.len() {
        return;
    }
    let (mut left, mut right) = (Vec::new(), Vec::new());
    for (wanted, seen) in wanted.iter().zip(seen) {
        let wanted: Vec<&str> = wanted.as_array().into_iter().flatten().filter_map(Value::as_str).collect();
        left.push(wanted.iter().copied().filter(|key| seen.iter().any(|s| s == key)).collect::<Vec<_>>());
        right.push(seen.iter().map(String::as_str).filter(|key| wanted.contains(key)).collect::<Vec<_>>());
    }
    expected.insert("key_order".to_owned(), json!(left));
    observed.insert("key_order".to_owned(), json!(right));
}

/// A line that TypeScript writes when a key of its own is to be overwritten.
fn is_about_reserved_key(line: &Value) -> bool {
    line["message"].as_str().is_some_and(|text| text.ends_with("is a reserved key and will be dropped."))
}

/// A line whose time stamp is of UTC, written as RFC 3339 writes it.
fn in_utc(mut line: Value) -> Value {
    if let Some(text) = line["timestamp"].as_str() {
        line["timestamp"] = json!(stamp_in_utc(text));
    }
    line
}

/// Time stamps of UTC as RFC 3339 writes them with `Z`: the same instant is the same text. Local times stay as they are.
fn stamp_in_utc(text: &str) -> String {
    match regex_lite::Regex::new(r"(\d{4}-\d\d-\d\d)[ T](\d\d:\d\d:\d\d)[,.](\d{3})(?:Z|\+00:?00)") {
        Ok(stamp) => stamp.replace_all(text, "${1}T$2.${3}Z").into_owned(),
        Err(_) => text.to_owned(),
    }
}

/// The keys of an object in their order.
struct Keys(Vec<String>);

impl<'de> Deserialize<'de> for Keys {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct InOrder;
        impl<'de> Visitor<'de> for InOrder {
            type Value = Keys;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a line")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Keys, A::Error> {
                let mut keys = Vec::new();
                while let Some((key, IgnoredAny)) = map.next_entry()? {
                    keys.push(key);
                }
                Ok(Keys(keys))
            }
        }
        deserializer.deserialize_map(InOrder)
    }
}

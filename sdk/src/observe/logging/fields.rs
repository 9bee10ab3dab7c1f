//! Keys with their values as JSON text, kept ready to be copied into a line, and the visitor that fills them.

mod many;

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::error::Error as StdError;
use std::fmt::{self, Write as _};

use serde::Serialize;
use serde_json::value::RawValue;
use serde_json::{Map, Value};
use tracing::field::{Field, Visit};

pub(super) use self::many::{Batch, MOST_KEYS, names};
use super::errors::{ErrorKeys, put_error};
use super::head::shortened;
use super::json::is_json;

/// No value is formatted further than this: a line holds no more anyhow.
pub(super) const MAX_VALUE: usize = 256 * 1024;

/// Stands at the end of a value that was cut.
pub(super) const CUT: &str = "... [truncated]";

/// Keys and values in the order in which they were put; no key twice.
#[derive(Clone, Debug, Default)]
pub(super) struct Fields {
    /// `,"key":value` of each entry, one after the other.
    json: Vec<u8>,
    entries: Vec<Entry>,
}

#[derive(Clone, Debug)]
struct Entry {
    key: Cow<'static, str>,
    start: usize,
    value: usize,
    end: usize,
}

impl Fields {
    /// Puts a value; one of the same key is replaced. A key of the line's own gets an underscore.
    pub(super) fn put(&mut self, key: Cow<'static, str>, write: impl FnOnce(&mut Vec<u8>)) {
        let key = unreserved(key);
        self.drop_key(&key);
        self.push(key, write);
    }

    /// Puts a value under a key that is not there yet.
    fn push(&mut self, key: Cow<'static, str>, write: impl FnOnce(&mut Vec<u8>)) {
        if self.json.capacity() == 0 {
            // One allocation for what most spans have, instead of one at each doubling.
            self.json.reserve(96);
        }
        let start = self.json.len();
        self.json.push(b',');
        write_str(&mut self.json, &key);
        self.json.push(b':');
        let value = self.json.len();
        write(&mut self.json);
        self.entries.push(Entry { key, start, value, end: self.json.len() });
    }

    /// Puts JSON text. `null` removes the key, as Powertools strips it.
    pub(super) fn put_json(&mut self, key: Cow<'static, str>, json: &str) {
        match json {
            "null" => self.drop_key(&unreserved(key)),
            _ => self.put(key, |to| write_json(to, json)),
        }
    }

    fn drop_key(&mut self, key: &str) {
        let Some(at) = self.entries.iter().position(|entry| entry.key == key) else { return };
        let gone = self.entries.remove(at);
        self.json.drain(gone.start..gone.end);
        let len = gone.end - gone.start;
        for entry in &mut self.entries[at..] {
            entry.start -= len;
            entry.value -= len;
            entry.end -= len;
        }
    }

    pub(super) fn has(&self, key: &str) -> bool {
        self.entries.iter().any(|entry| entry.key == key)
    }

    pub(super) fn clear(&mut self) {
        self.json.clear();
        self.entries.clear();
    }

    /// Each key with its value.
    pub(super) fn to_map(&self) -> Map<String, Value> {
        let value = |entry: &Entry| serde_json::from_slice(&self.json[entry.value..entry.end]).unwrap_or_default();
        self.entries.iter().map(|entry| (entry.key.to_string(), value(entry))).collect()
    }

    pub(super) fn capacity(&self) -> usize {
        self.json.capacity()
    }
}

/// The line's own keys are not to be overwritten: a field of such a name gets an underscore behind it.
fn unreserved(key: Cow<'static, str>) -> Cow<'static, str> {
    let key = match key {
        Cow::Borrowed(raw) => Cow::Borrowed(raw.strip_prefix("r#").unwrap_or(raw)),
        owned => owned,
    };
    Cow::Borrowed(match &*key {
        "level" => "level_",
        "location" => "location_",
        "message" => "message_",
        "timestamp" => "timestamp_",
        "service" => "service_",
        "cold_start" => "cold_start_",
        "function_name" => "function_name_",
        "function_memory_size" => "function_memory_size_",
        "function_arn" => "function_arn_",
        "function_request_id" => "function_request_id_",
        "correlation_id" => "correlation_id_",
        "tenant_id" => "tenant_id_",
        "xray_trace_id" => "xray_trace_id_",
        "sampling_rate" => "sampling_rate_",
        // A line with this key is a blob of CloudWatch's embedded metric format: whoever chose it could write any metric.
        "_aws" => "_aws_",
        #[cfg(feature = "otel")]
        "trace_id" => "trace_id_",
        #[cfg(feature = "otel")]
        "span_id" => "span_id_",
        _ => return key,
    })
}

/// Writes a JSON string.
pub(super) fn write_str(to: &mut Vec<u8>, text: &str) {
    to.reserve(text.len() + 2);
    write_json_of(to, text);
}

/// Writes a value that has JSON in any case: a text, a number, a list of texts.
pub(super) fn write_json_of(to: &mut Vec<u8>, value: impl Serialize) {
    // Writing to a Vec does not fail.
    let _ = serde_json::to_writer(to, &value);
}

/// Writes text that is known to be JSON, on one line: a line break in JSON can only be white space between its parts.
pub(super) fn write_json(to: &mut Vec<u8>, json: &str) {
    let start = to.len();
    to.extend_from_slice(json.as_bytes());
    for byte in &mut to[start..] {
        if matches!(byte, b'\n' | b'\r') {
            *byte = b' ';
        }
    }
}

/// What an event says besides its fields.
#[derive(Debug, Default)]
pub(super) struct Message {
    pub(super) text: String,
    pub(super) is_json: bool,
    /// Instead of the callsite's.
    pub(super) location: String,
}

impl Message {
    pub(super) fn clear(&mut self) {
        self.text.clear();
        self.is_json = false;
        self.location.clear();
    }
}

/// Writes a span's or an event's fields.
pub(super) struct FieldVisitor<'a> {
    pub(super) fields: &'a mut Fields,
    /// Where one value is formatted.
    pub(super) text: &'a mut String,
    /// Only an event has a message.
    pub(super) message: Option<&'a mut Message>,
    /// Whether the event comes from [`emit`](super::emit): `keys` is an object of keys, `location` the caller's.
    pub(super) emitted: bool,
    /// How an error is told, and where the line is written.
    pub(super) errors: ErrorKeys,
    pub(super) place: Option<(&'a str, u32)>,
}

impl FieldVisitor<'_> {
    /// A finite number or a truth value.
    fn number(&mut self, field: &Field, number: impl Serialize + fmt::Display) {
        match &mut self.message {
            Some(message) if field.name() == "message" => {
                let _ = write!(message.text, "{number}");
                message.is_json = true;
            }
            _ => self.fields.put(Cow::Borrowed(field.name()), |to| write_json_of(to, number)),
        }
    }

    /// Takes `self.text` as the value.
    fn take(&mut self, field: &Field, is_json: bool) {
        let name = field.name();
        if let Some(message) = &mut self.message {
            if name == "message" {
                message.text.clone_from(self.text);
                message.is_json = is_json;
                return;
            }
            if self.emitted && name == "location" {
                message.location.clone_from(self.text);
                return;
            }
            if self.emitted && name == "keys" && is_json {
                let keys = serde_json::from_str::<BTreeMap<String, &RawValue>>(self.text).unwrap_or_default();
                self.fields.put_all(&Batch::of(keys.into_iter().map(|(key, value)| (Cow::Owned(key), value.get()))));
                return;
            }
        }
        match is_json {
            true => self.fields.put_json(Cow::Borrowed(name), self.text),
            false => self.fields.put(Cow::Borrowed(name), |to| write_str(to, self.text)),
        }
    }
}

impl Visit for FieldVisitor<'_> {
    fn record_f64(&mut self, field: &Field, value: f64) {
        // JSON has no NaN and no infinity: they are told as text.
        match value.is_finite() {
            true => self.number(field, value),
            false => self.record_debug(field, &format_args!("{value}")),
        }
    }

    fn record_i64(&mut self, field: &Field, value: i64) {
        self.number(field, value);
    }

    fn record_u64(&mut self, field: &Field, value: u64) {
        self.number(field, value);
    }

    // Most readers of JSON would round them: text, when they do not fit into 64 bits.
    fn record_i128(&mut self, field: &Field, value: i128) {
        match i64::try_from(value) {
            Ok(value) => self.number(field, value),
            Err(_) => self.record_debug(field, &format_args!("{value}")),
        }
    }

    fn record_u128(&mut self, field: &Field, value: u128) {
        match u64::try_from(value) {
            Ok(value) => self.number(field, value),
            Err(_) => self.record_debug(field, &format_args!("{value}")),
        }
    }

    fn record_bool(&mut self, field: &Field, value: bool) {
        self.number(field, value);
    }

    fn record_str(&mut self, field: &Field, value: &str) {
        self.text.clear();
        let _ = Bounded(self.text).write_str(value);
        self.take(field, false);
    }

    fn record_error(&mut self, field: &Field, error: &(dyn StdError + 'static)) {
        if self.message.is_some() && field.name() == "message" {
            return self.record_debug(field, &format_args!("{error}"));
        }
        let place = self.place.filter(|_| self.errors == ErrorKeys::TypeScript);
        let location = place.map(|(file, line)| format!("{}:{line}", shortened(file)));
        put_error(self.fields, field.name(), self.errors, error, location.as_deref());
    }

    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        self.text.clear();
        let is_json = is_json(self.text, |text| {
            let _ = write!(Bounded(text), "{value:?}");
        });
        self.take(field, is_json);
    }
}

/// Stops a value that has no end.
struct Bounded<'a>(&'a mut String);

impl fmt::Write for Bounded<'_> {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        let room = MAX_VALUE.saturating_sub(self.0.len());
        if text.len() <= room {
            self.0.push_str(text);
            return Ok(());
        }
        self.0.push_str(&text[..text.floor_char_boundary(room)]);
        self.0.push_str(CUT);
        Err(fmt::Error)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn written(fields: &Fields, said: &[&'static str]) -> String {
        let mut said = said.iter().map(|key| Cow::Borrowed(*key)).collect();
        let mut to = Vec::new();
        fields.write_unsaid(&mut to, &mut said, false);
        String::from_utf8(to).unwrap()
    }

    #[test]
    fn a_key_put_twice_has_its_last_value() {
        let mut fields = Fields::default();
        fields.put_json("a".into(), "1");
        fields.put_json("b".into(), "2");
        fields.put_json("a".into(), "[3,4]");
        fields.put_json("c".into(), "5");
        fields.remove_all(&names(["b"]));
        assert_eq!(written(&fields, &[]), r#","a":[3,4],"c":5"#);
    }

    #[test]
    fn what_an_inner_span_said_is_left_out() {
        let mut fields = Fields::default();
        fields.put_json("a".into(), "1");
        fields.put_json("b".into(), "2");
        assert_eq!(written(&fields, &["a"]), r#","b":2"#);
    }

    #[test]
    fn the_lines_own_keys_get_an_underscore_and_are_removed_by_their_own_name() {
        let mut fields = Fields::default();
        fields.put_json("level".into(), "1");
        fields.put_json(String::from("service").into(), "2");
        assert_eq!(written(&fields, &[]), r#","level_":1,"service_":2"#);
        fields.remove_all(&names(["level"]));
        assert_eq!(written(&fields, &[]), r#","service_":2"#);
    }

    #[test]
    fn json_over_several_lines_becomes_one_line() {
        let mut fields = Fields::default();
        fields.put_json("a".into(), "{\n\"b\":\r\n1}");
        assert_eq!(written(&fields, &[]), r#","a":{ "b":  1}"#);
    }
}

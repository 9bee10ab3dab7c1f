//! [`Fields`]: keys with their values as JSON text, ready to be copied into a line.

mod batch;

use std::borrow::Cow;

use serde_json::{Map, Value};

pub(super) use self::batch::{Batch, MAX_KEYS, names};
use super::json::{write_json, write_str};
use super::reserved::unreserved;

/// Keys and values in the order of their insertion; no key occurs twice.
#[derive(Clone, Debug, Default)]
pub(super) struct Fields {
    /// `,"key":value` of each entry, concatenated.
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
    /// Puts a value, which replaces one of the same key. A reserved key gets an underscore.
    pub(super) fn put(&mut self, key: Cow<'static, str>, write: impl FnOnce(&mut Vec<u8>)) {
        let key = unreserved(key);
        self.drop_key(&key);
        self.push(key, write);
    }

    /// Puts a value under a key that is not present.
    fn push(&mut self, key: Cow<'static, str>, write: impl FnOnce(&mut Vec<u8>)) {
        if self.json.capacity() == 0 {
            // A single allocation suffices for most spans, instead of one at each doubling.
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

    /// Puts JSON text. `null` removes the key, as in Powertools.
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

    /// Returns each key with its value.
    pub(super) fn to_map(&self) -> Map<String, Value> {
        let value = |entry: &Entry| serde_json::from_slice(&self.json[entry.value..entry.end]).unwrap_or_default();
        self.entries.iter().map(|entry| (entry.key.to_string(), value(entry))).collect()
    }

    pub(super) fn capacity(&self) -> usize {
        self.json.capacity()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn written(fields: &Fields, earlier: &[&'static str]) -> String {
        let mut written = earlier.iter().map(|key| Cow::Borrowed(*key)).collect();
        let mut to = Vec::new();
        fields.write_remaining(&mut to, &mut written, false);
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
    fn a_key_that_an_inner_span_wrote_is_left_out() {
        let mut fields = Fields::default();
        fields.put_json("a".into(), "1");
        fields.put_json("b".into(), "2");
        assert_eq!(written(&fields, &["a"]), r#","b":2"#);
    }

    #[test]
    fn reserved_keys_get_an_underscore_and_are_removed_by_their_own_name() {
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

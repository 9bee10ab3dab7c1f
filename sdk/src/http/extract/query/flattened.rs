//! Values of fields within `#[serde(flatten)]`.
//!
//! serde reads the fields of a flattened struct from values that it has collected without knowing their types
//! ([serde#1183](https://github.com/serde-rs/serde/issues/1183)): in a query string each is a text, which is no number,
//! and a single value is no list. So after a mistake of this kind the query is read again, with the type that the field
//! expects.

mod value;

use std::cell::RefCell;
use std::collections::BTreeMap;

use serde::de::value::{Error, StringDeserializer};
use serde::de::{DeserializeOwned, DeserializeSeed, Deserializer, IntoDeserializer, MapAccess, Visitor};
use serde::forward_to_deserialize_any;

use self::value::{Element, Value};
use crate::core::json::expected;

/// The most bytes of text that are read again: a query is no longer, and each field costs several reads.
const LENGTH: usize = 16 << 10;

/// The most names of fields that are read again.
const KEYS: usize = 32;

/// How a collected value is handed to serde.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Form {
    /// As the number or the boolean that the text is.
    is_typed: bool,
    /// As a list, even if there is one value.
    is_list: bool,
    /// As a text that shows in the error of the field that refuses it.
    is_marked: bool,
}

/// The forms of the values that serde collects without their types, by their keys.
#[derive(Default)]
struct Forms(RefCell<BTreeMap<String, Form>>);

/// Reads a text again whose first read failed with this message. Returns the value, or the key of the field that
/// refuses its text with the message about it; `None` if no field within `#[serde(flatten)]` is the cause.
pub(super) fn decode<T: DeserializeOwned>(text: &[u8], message: &str) -> Option<Result<T, (String, String)>> {
    if !is_of_collected(message) || text.len() > LENGTH {
        return None;
    }
    let forms = Forms::default();
    let mut last = None;
    // Each turn changes a form, and each key has three.
    for _ in 0..=2 * KEYS {
        let message = match read::<T>(text, &forms) {
            Ok(value) => return Some(Ok(value)),
            Err(error) => error.to_string(),
        };
        if is_of_typed(&message) {
            // The field that has just got another form: the others have been read before.
            return last.map(|key| Err((key, message)));
        }
        let keys: Vec<String> = forms.0.borrow().keys().cloned().collect();
        if !is_of_collected(&message) || keys.len() > KEYS {
            return None;
        }
        let expects_list = expected(&message).is_some_and(|text| text.starts_with("a sequence"));
        let mut others = keys.into_iter().filter(|key| !*forms.of(key).asked(expects_list));
        let Some(culprit) = others.find(|key| forms.refuses::<T>(text, key, &message)) else {
            // It has the form that it asked for, and refuses it.
            return last.map(|key| Err((key, message)));
        };
        forms.change(&culprit, |form| *form.asked(expects_list) = true);
        last = Some(culprit);
    }
    None
}

/// Returns `true` for the message about a collected text where another type is expected.
fn is_of_collected(message: &str) -> bool {
    message.starts_with("invalid type: string ")
}

/// Returns `true` for the message about a number, a boolean or nothing that is not what the field expects.
fn is_of_typed(message: &str) -> bool {
    message.starts_with("invalid value: integer")
        || message.starts_with("invalid type: integer")
        || message.starts_with("invalid type: floating point")
        || message.starts_with("invalid type: boolean")
        || message.starts_with("invalid type: Option value")
}

fn read<T: DeserializeOwned>(text: &[u8], forms: &Forms) -> Result<T, Error> {
    T::deserialize(Fields { inner: serde_html_form::Deserializer::from_bytes(text), forms })
}

impl Forms {
    /// Returns `true` if the message is about the field of a key.
    fn refuses<T: DeserializeOwned>(&self, text: &[u8], key: &str, message: &str) -> bool {
        self.change(key, |form| form.is_marked = true);
        let error = read::<T>(text, self).err().map(|error| error.to_string());
        self.change(key, |form| form.is_marked = false);
        // A field that takes its number refuses the mark too, and expects something else.
        error.is_some_and(|marked| {
            is_of_collected(&marked) && marked.contains(value::MARK) && expected(&marked) == expected(message)
        })
    }

    fn change(&self, key: &str, change: impl FnOnce(&mut Form)) {
        if let Some(form) = self.0.borrow_mut().get_mut(key) {
            change(form);
        }
    }

    /// Returns the form of a collected value.
    fn of(&self, key: &str) -> Form {
        *self.0.borrow_mut().entry(key.to_owned()).or_default()
    }
}

/// A query string of whose values some have another form.
struct Fields<'f, D> {
    inner: D,
    forms: &'f Forms,
}

impl<'de, D: Deserializer<'de, Error = Error>> Deserializer<'de> for Fields<'_, D> {
    type Error = Error;

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        self.inner.deserialize_map(Collecting { inner: visitor, forms: self.forms })
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(self, _: &'static str, visitor: V) -> Result<V::Value, Error> {
        visitor.visit_newtype_struct(self)
    }

    forward_to_deserialize_any! {
        bool i8 i16 i32 i64 i128 u8 u16 u32 u64 u128 f32 f64 char str string bytes byte_buf option unit unit_struct seq
        tuple tuple_struct map struct enum identifier ignored_any
    }
}

/// A visitor, the access to the map that it visits, or the seed of one of its values.
struct Collecting<'f, I> {
    inner: I,
    forms: &'f Forms,
}

impl<'de, V: Visitor<'de>> Visitor<'de> for Collecting<'_, V> {
    type Value = V::Value;

    fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.inner.expecting(f)
    }

    fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<V::Value, A::Error> {
        self.inner.visit_map(Entries { inner: map, forms: self.forms, key: String::new() })
    }
}

struct Entries<'f, A> {
    inner: A,
    forms: &'f Forms,
    key: String,
}

impl<'de, A: MapAccess<'de>> MapAccess<'de> for Entries<'_, A> {
    type Error = A::Error;

    fn next_key_seed<K: DeserializeSeed<'de>>(&mut self, seed: K) -> Result<Option<K::Value>, A::Error> {
        let Some(key) = self.inner.next_key::<String>()? else { return Ok(None) };
        self.key.clone_from(&key);
        let key: StringDeserializer<A::Error> = key.into_deserializer();
        seed.deserialize(key).map(Some)
    }

    fn next_value_seed<S: DeserializeSeed<'de>>(&mut self, seed: S) -> Result<S::Value, A::Error> {
        self.inner.next_value_seed(Seed { inner: seed, forms: self.forms, key: &self.key })
    }
}

struct Seed<'f, S> {
    inner: S,
    forms: &'f Forms,
    key: &'f str,
}

impl<'de, S: DeserializeSeed<'de>> DeserializeSeed<'de> for Seed<'_, S> {
    type Value = S::Value;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<S::Value, D::Error> {
        let (forms, key) = (self.forms, self.key);
        self.inner.deserialize(Value::new(deserializer, move || forms.of(key)))
    }
}

impl Form {
    /// Returns what a field asks for: a list, or a number or a boolean.
    fn asked(&mut self, list: bool) -> &mut bool {
        if list { &mut self.is_list } else { &mut self.is_typed }
    }

    /// Returns the elements of a value in this form: one that is no list, or a list.
    fn elements(self, texts: Vec<String>) -> (bool, Vec<Element>) {
        let is_list = self.is_list || texts.len() > 1;
        let elements = texts.into_iter().map(|text| match (self.is_marked, self.is_typed) {
            (true, _) => Element::Text(value::MARK.to_owned()),
            (false, true) => Element::typed(text),
            (false, false) => Element::Text(text),
        });
        (is_list, elements.collect())
    }
}

#[cfg(test)]
mod tests;

//! Values of fields within `#[serde(flatten)]`.
//!
//! serde reads the fields of a flattened struct from values that it has collected without knowing their types
//! ([serde#1183](https://github.com/serde-rs/serde/issues/1183)): in a query string each is a text, which is no number,
//! and a single value is no list. So after a mistake of this kind the query is read again, with the type that the field
//! expects.

mod search;
mod value;

use std::cell::RefCell;
use std::collections::BTreeMap;

use serde::de::value::{Error, StringDeserializer};
use serde::de::{DeserializeOwned, DeserializeSeed, Deserializer, IgnoredAny, IntoDeserializer, MapAccess, Visitor};
use serde::forward_to_deserialize_any;

use self::search::Search;
pub(super) use self::search::{Mistake, MistakeKind, duplicate_field, missing_field};
use self::value::{Element, Kind, Value};
use crate::core::json::expected;

/// How a collected value is handed to serde.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Form {
    /// As the number or the boolean that the text is.
    kind: Option<Kind>,
    /// As a list, even if there is one value.
    is_list: bool,
    /// Not at all.
    is_left_out: bool,
    /// With so many of its values.
    most: Option<usize>,
}

/// A collected value: its form, and its texts if an error is about them.
#[derive(Default)]
struct Collected {
    form: Form,
    texts: Vec<String>,
}

/// The values that serde collects without their types, by their keys.
#[derive(Default)]
struct Forms(RefCell<BTreeMap<String, Collected>>);

/// Reads a text again whose first read failed. Returns `None` if serde has collected nothing of it.
pub(super) fn decode<T: DeserializeOwned>(text: &[u8]) -> Option<Result<T, Mistake>> {
    let search = Search::new(text);
    let first = search.read::<T>();
    if search.forms.0.borrow().is_empty() {
        return None;
    }
    Some(first.or_else(|message| search.mend(message)))
}

impl Forms {
    /// Returns the keys of the values that the message may be about.
    fn candidates(&self, message: &str) -> Vec<String> {
        let forms = self.0.borrow();
        let text = message.strip_prefix("invalid type: string ");
        let is_of_list = message.starts_with("invalid type: sequence");
        let may_be = |value: &Collected| match text {
            // serde writes the text into the message.
            Some(text) => value.texts.iter().any(|own| text.starts_with(&format!("{own:?}, expected "))),
            None => !is_of_list || value.form.is_list || value.texts.len() > 1,
        };
        forms.iter().filter(|(_, value)| may_be(value)).map(|(key, _)| key.clone()).collect()
    }

    /// Gives a value the form that its field asks for. Returns `false` if it has that form, or has no such form.
    fn adopt(&self, key: &str, message: &str) -> bool {
        let Some(expected) = expected(message).filter(|_| message.starts_with("invalid type: string ")) else {
            return false;
        };
        let mut is_changed = false;
        self.change(key, |form| {
            if expected.starts_with("a sequence") {
                is_changed = !std::mem::replace(&mut form.is_list, true);
            } else {
                is_changed = form.kind.is_none();
                form.kind = Some(Kind::of(expected));
            }
        });
        is_changed
    }

    fn leave_out(&self, key: &str, is_left_out: bool) {
        self.change(key, |form| form.is_left_out = is_left_out);
    }

    fn change(&self, key: &str, change: impl FnOnce(&mut Form)) {
        if let Some(value) = self.0.borrow_mut().get_mut(key) {
            change(&mut value.form);
        }
    }

    /// Returns the form of a value.
    fn of(&self, key: &str) -> Form {
        self.0.borrow().get(key).map(|value| value.form).unwrap_or_default()
    }

    /// Keeps the texts of a value that serde collects, and returns it in its form: one that is no list, or a list.
    fn collect(&self, key: &str, texts: Vec<String>) -> (bool, Vec<Element>) {
        let mut forms = self.0.borrow_mut();
        let value = forms.entry(key.to_owned()).or_default();
        let Form { kind, is_list, most, .. } = value.form;
        let is_list = is_list || texts.len() > 1;
        if value.texts.is_empty() {
            value.texts.clone_from(&texts);
        }
        let element = |text| match kind {
            Some(kind) => kind.read(text),
            None => Element::Text(text),
        };
        (is_list, texts.into_iter().take(most.unwrap_or(usize::MAX)).map(element).collect())
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
        let key = loop {
            let Some(key) = self.inner.next_key::<String>()? else { return Ok(None) };
            if !self.forms.of(&key).is_left_out {
                break key;
            }
            self.inner.next_value::<IgnoredAny>()?;
        };
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
        self.inner.deserialize(Value::new(deserializer, move |texts| forms.collect(key, texts)))
    }
}

#[cfg(test)]
mod tests;

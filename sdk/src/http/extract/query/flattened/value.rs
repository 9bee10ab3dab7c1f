//! One value of a query string, which serde may collect without its type.

use std::marker::PhantomData;

use serde::de::value::SeqDeserializer;
use serde::de::{Deserialize, Deserializer, Error, IntoDeserializer, Visitor};
use serde::forward_to_deserialize_any;

/// A value: one that serde collects has another form, any other stays.
pub(super) struct Value<D, F> {
    inner: D,
    form: F,
}

impl<D, F: FnOnce(Vec<String>) -> (bool, Vec<Element>)> Value<D, F> {
    pub(super) fn new(inner: D, form: F) -> Self {
        Self { inner, form }
    }
}

macro_rules! forward {
    ($($method:ident($($argument:ident: $type:ty),*);)*) => {$(
        fn $method<V: Visitor<'de>>(self, $($argument: $type,)* visitor: V) -> Result<V::Value, D::Error> {
            self.inner.$method($($argument,)* visitor)
        }
    )*};
}

impl<'de, D: Deserializer<'de>, F: FnOnce(Vec<String>) -> (bool, Vec<Element>)> Deserializer<'de> for Value<D, F> {
    type Error = D::Error;

    /// serde collects a value so.
    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, D::Error> {
        let (is_list, elements) = (self.form)(Vec::deserialize(self.inner)?);
        let mut elements = elements.into_iter();
        if !is_list && let Some(element) = elements.next() {
            return element.into_deserializer().deserialize_any(visitor);
        }
        visitor.visit_seq(SeqDeserializer::new(elements))
    }

    forward! {
        deserialize_bool();
        deserialize_i8();
        deserialize_i16();
        deserialize_i32();
        deserialize_i64();
        deserialize_i128();
        deserialize_u8();
        deserialize_u16();
        deserialize_u32();
        deserialize_u64();
        deserialize_u128();
        deserialize_f32();
        deserialize_f64();
        deserialize_char();
        deserialize_str();
        deserialize_string();
        deserialize_bytes();
        deserialize_byte_buf();
        deserialize_option();
        deserialize_unit();
        deserialize_seq();
        deserialize_map();
        deserialize_identifier();
        deserialize_ignored_any();
        deserialize_unit_struct(name: &'static str);
        deserialize_newtype_struct(name: &'static str);
        deserialize_tuple(length: usize);
        deserialize_tuple_struct(name: &'static str, length: usize);
        deserialize_struct(name: &'static str, fields: &'static [&'static str]);
        deserialize_enum(name: &'static str, variants: &'static [&'static str]);
    }
}

/// What a field expects in place of a text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Unsigned,
    Signed,
    Single,
    Double,
    Bool,
    /// A type of the application: the number or the boolean that the text is.
    Other,
}

impl Kind {
    /// Returns the kind by the end of serde's message.
    pub(super) fn of(expected: &str) -> Self {
        match expected.strip_prefix("a nonzero ").unwrap_or(expected) {
            "u8" | "u16" | "u32" | "u64" | "usize" => Self::Unsigned,
            "i8" | "i16" | "i32" | "i64" | "isize" => Self::Signed,
            "f32" => Self::Single,
            "f64" => Self::Double,
            _ if expected.starts_with("a bool") => Self::Bool,
            _ => Self::Other,
        }
    }

    /// Reads a text as a field outside of `#[serde(flatten)]` does. A text of another kind stays one.
    pub(super) fn read(self, text: String) -> Element {
        let read = match self {
            _ if text.is_empty() => Some(Element::Nothing),
            Self::Unsigned => text.parse().map(Element::Unsigned).ok(),
            Self::Signed => text.parse().map(Element::Signed).ok(),
            Self::Single => text.parse().map(Element::Single).ok(),
            Self::Double => text.parse().map(Element::Double).ok(),
            Self::Bool => truth(&text),
            Self::Other => truth(&text)
                .or_else(|| text.parse().map(Element::Unsigned).ok())
                .or_else(|| text.parse().map(Element::Signed).ok())
                .or_else(|| text.parse().ok().filter(|number: &f64| number.is_finite()).map(Element::Double)),
        };
        read.unwrap_or(Element::Text(text))
    }
}

/// Returns the boolean that a text is: `on` is that of a checkbox.
fn truth(text: &str) -> Option<Element> {
    match text {
        "true" | "on" => Some(Element::Bool(true)),
        "false" => Some(Element::Bool(false)),
        _ => None,
    }
}

/// One text in the form that a field expects.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Element {
    Text(String),
    Bool(bool),
    Unsigned(u64),
    Signed(i64),
    Single(f32),
    Double(f64),
    /// An empty value, which an `Option` takes for `None`.
    Nothing,
}

impl<'de, E: Error> IntoDeserializer<'de, E> for Element {
    type Deserializer = Typed<E>;

    fn into_deserializer(self) -> Typed<E> {
        Typed(self, PhantomData)
    }
}

/// The deserializer of an element.
pub(super) struct Typed<E>(Element, PhantomData<fn() -> E>);

impl<'de, E: Error> Deserializer<'de> for Typed<E> {
    type Error = E;

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, E> {
        match self.0 {
            Element::Text(text) => visitor.visit_string(text),
            Element::Bool(value) => visitor.visit_bool(value),
            Element::Unsigned(number) => visitor.visit_u64(number),
            Element::Signed(number) => visitor.visit_i64(number),
            Element::Single(number) => visitor.visit_f32(number),
            Element::Double(number) => visitor.visit_f64(number),
            Element::Nothing => visitor.visit_none(),
        }
    }

    forward_to_deserialize_any! {
        bool i8 i16 i32 i64 i128 u8 u16 u32 u64 u128 f32 f64 char str string bytes byte_buf option unit unit_struct
        newtype_struct seq tuple tuple_struct map struct enum identifier ignored_any
    }
}

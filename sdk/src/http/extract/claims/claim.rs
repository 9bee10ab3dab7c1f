//! Deserializes a claim as the type that the function requires.

use serde::de::value::SeqDeserializer;
use serde::de::{Deserialize, Deserializer, IntoDeserializer, Visitor};
use serde::forward_to_deserialize_any;
use serde_json::Value;

/// A claim, which may be text in place of a number, a `bool` or a list.
pub(super) struct Claim(pub(super) Value);

impl<'de> IntoDeserializer<'de, serde_json::Error> for Claim {
    type Deserializer = Self;
    fn into_deserializer(self) -> Self {
        self
    }
}

macro_rules! parsed {
    ($($method:ident => $visit:ident $type:ty;)*) => {$(
        fn $method<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, serde_json::Error> {
            match self.0.as_str().and_then(|text| text.parse::<$type>().ok()) {
                Some(value) => visitor.$visit(value),
                None => self.0.$method(visitor),
            }
        }
    )*};
}

impl<'de> Deserializer<'de> for Claim {
    type Error = serde_json::Error;

    parsed! {
        deserialize_bool => visit_bool bool;
        deserialize_i8 => visit_i8 i8;
        deserialize_i16 => visit_i16 i16;
        deserialize_i32 => visit_i32 i32;
        deserialize_i64 => visit_i64 i64;
        deserialize_u8 => visit_u8 u8;
        deserialize_u16 => visit_u16 u16;
        deserialize_u32 => visit_u32 u32;
        deserialize_u64 => visit_u64 u64;
        deserialize_f32 => visit_f32 f32;
        deserialize_f64 => visit_f64 f64;
    }

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, serde_json::Error> {
        self.0.deserialize_any(visitor)
    }

    fn deserialize_seq<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, serde_json::Error> {
        match self.0 {
            Value::String(text) => visitor.visit_seq(SeqDeserializer::new(elements(&text).into_iter().map(Claim))),
            other => other.deserialize_seq(visitor),
        }
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, serde_json::Error> {
        if self.0.is_null() { visitor.visit_none() } else { visitor.visit_some(self) }
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        visitor: V,
    ) -> Result<V::Value, serde_json::Error> {
        visitor.visit_newtype_struct(self)
    }

    fn deserialize_enum<V: Visitor<'de>>(
        self,
        name: &'static str,
        variants: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, serde_json::Error> {
        self.0.deserialize_enum(name, variants, visitor)
    }

    forward_to_deserialize_any! {
        i128 u128 char str string bytes byte_buf unit unit_struct tuple tuple_struct map struct identifier ignored_any
    }
}

/// Returns the elements of `["a","b"]`, `[a b]`, `[a, b]`, `a,b` and `a b`.
pub(super) fn elements(text: &str) -> Vec<Value> {
    if let Ok(Value::Array(elements)) = Value::deserialize(&mut serde_json::Deserializer::from_str(text)) {
        return elements;
    }
    let inner = text.strip_prefix('[').and_then(|text| text.strip_suffix(']')).unwrap_or(text);
    let commas = inner.contains(',');
    let elements = inner.split(|c: char| if commas { c == ',' } else { c.is_whitespace() });
    elements.map(str::trim).filter(|element| !element.is_empty()).map(Value::from).collect()
}

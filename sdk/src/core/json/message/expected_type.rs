//! The type that a struct expects for a key.

use std::fmt;

use serde::de::value::{MapDeserializer, SeqDeserializer};
use serde::de::{self, DeserializeOwned, Deserializer, IntoDeserializer, Visitor};
use serde::forward_to_deserialize_any;

/// Returns the type of the value that `T` reads for this key, if it is a plain type.
pub(super) fn expected_type<T: DeserializeOwned>(key: &str) -> Option<&'static str> {
    let values = MapDeserializer::new(std::iter::once((key, Probe)));
    T::deserialize(values).err().and_then(|found: Found| found.0)
}

/// Ends the deserialization as soon as the type of the value is known.
#[derive(Debug)]
struct Found(Option<&'static str>);

impl fmt::Display for Found {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.0.unwrap_or("another type"))
    }
}

impl std::error::Error for Found {}

impl de::Error for Found {
    fn custom<M: fmt::Display>(_: M) -> Self {
        Self(None)
    }
}

/// A value that reports the type that it is deserialized as.
#[derive(Clone, Copy)]
struct Probe;

impl<'de> IntoDeserializer<'de, Found> for Probe {
    type Deserializer = Self;
    fn into_deserializer(self) -> Self {
        self
    }
}

macro_rules! report {
    ($($method:ident => $type:literal;)*) => {$(
        fn $method<V: Visitor<'de>>(self, _: V) -> Result<V::Value, Found> {
            Err(Found(Some($type)))
        }
    )*};
}

impl<'de> Deserializer<'de> for Probe {
    type Error = Found;

    report! {
        deserialize_bool => "bool";
        deserialize_i8 => "i8";
        deserialize_i16 => "i16";
        deserialize_i32 => "i32";
        deserialize_i64 => "i64";
        deserialize_i128 => "i128";
        deserialize_u8 => "u8";
        deserialize_u16 => "u16";
        deserialize_u32 => "u32";
        deserialize_u64 => "u64";
        deserialize_u128 => "u128";
        deserialize_f32 => "f32";
        deserialize_f64 => "f64";
        deserialize_char => "char";
    }

    fn deserialize_any<V: Visitor<'de>>(self, _: V) -> Result<V::Value, Found> {
        Err(Found(None))
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Found> {
        visitor.visit_some(self)
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(self, _: &'static str, visitor: V) -> Result<V::Value, Found> {
        visitor.visit_newtype_struct(self)
    }

    fn deserialize_seq<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Found> {
        visitor.visit_seq(SeqDeserializer::new(std::iter::once(self)))
    }

    forward_to_deserialize_any! {
        str string bytes byte_buf unit unit_struct tuple tuple_struct map struct enum identifier ignored_any
    }
}
